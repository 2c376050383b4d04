"""What this floor hands to the registers: audited models, and where personal data stands."""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django_otp_webauthn.models import WebAuthnAttestation, WebAuthnCredential, WebAuthnUserHandle

from tenants.log.audit import audited
from tenants.models import (
    Account,
    AccountPerson,
    ApiKey,
    Approval,
    AuditCheck,
    AuditEntry,
    AuditSeal,
    BooksKey,
    BrowserSession,
    ConsentEvent,
    ConsentNotice,
    ConsentPaper,
    ConsentPurpose,
    Driver,
    DriverGroup,
    DriverIdentity,
    EarlierGroup,
    Erasure,
    FactorReset,
    IncidentAffected,
    IncidentBundle,
    IncidentLetter,
    IncidentLetters,
    IncidentList,
    IncidentNote,
    IncidentReport,
    Invitation,
    KeptKey,
    LegalHold,
    ListChoice,
    Membership,
    NoticeLetters,
    Operator,
    OperatorGrant,
    OperatorKey,
    PasswordLetter,
    PersonKey,
    PersonPackage,
    PersonRequest,
    PlatformEvent,
    PlatformMember,
    PlatformVisit,
    PrivacyNotice,
    ProcessingLimit,
    ProcessingPurpose,
    RecoveryCode,
    RetentionNight,
    RetentionRule,
    SavedView,
    SearchIndex,
    TotpDevice,
    TrainingDone,
    TrainingText,
    Turn,
    User,
)
from tenants.privacy import endings, recipients, sources
from tenants.privacy.sources import Retention
from tenants.rls import rights

PERSONAL = [
    *("name", "organisation_number", "vat_number", "gln", "email", "phone", "street", "postal_code", "city"),
    *("delivery_street", "delivery_postal_code", "delivery_city", "buyer_reference", "order_number"),
]


def register() -> None:
    """Register the models of this floor."""
    audited(Operator)
    audited(Membership, exclude=["held_since"])  # the time of the entry says it
    audited(Driver)
    audited(DriverGroup)
    audited(Account)
    audited(AccountPerson)
    audited(DriverIdentity, mask=PERSONAL)
    audited(ConsentPurpose)
    audited(ProcessingPurpose)
    audited(RetentionRule)
    audited(ApiKey, mask=["secret_sha256"], exclude=["last_used_at", "last_used_address"])
    _register_people()
    _register_drivers()
    _register_recipients()
    endings.register()
    _register_rights()


def _register_people() -> None:
    sources.register(
        User,
        person="self",
        kept=Retention.ACCOUNT,
        serves="access",
        identity="email name language",
        trace="last_login created_at email_proved_at",
        secret="password email_mark",  # noqa: S106  # the names of fields
        technical="id public_id is_active is_superuser",
    )
    sources.register(
        Membership,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access",
        conduct="operator role limited_to_sites created_at held_since",
        technical="id public_id user",
    )
    sources.register(
        ListChoice,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access",
        technical="id operator user list_name columns is_dense",
    )
    sources.register(
        SavedView,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access",
        conduct="is_shared",
        quoted="name query",
        technical="id operator user list_name",
    )
    sources.register(
        TrainingDone,
        person="user",
        kept=Retention.ACCOUNT,
        serves="security",
        conduct="version language text_sha256 confirmed_at",
        technical="id operator user",
    )
    sources.register(
        Invitation,
        person="self",
        kept=Retention.ACCOUNT,
        serves="access",
        find=lambda driver: Invitation.objects.filter(
            Q(driver_public_id=driver.public_id) | Q(accepted_by_id=driver.user_id, accepted_by_id__isnull=False),
            operator_id=driver.operator_id,
        ),
        identity="email name",
        conduct="operator role limited_to_sites site_public_ids created_at expires_at accepted_at withdrawn_at",
        trace="invited_by_id accepted_by_id is_mailed",
        secret="secret_sha256 email_mark",  # noqa: S106
        technical="id public_id driver_public_id account_public_id",
    )
    sources.register(
        OperatorGrant,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access",
        technical="id permission user content_object",
    )
    sources.register(
        BrowserSession,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access security",
        secret="session_key session_data",  # noqa: S106
        trace="created_at last_seen_at address user_agent",
        technical="public_id user expire_date",
    )
    sources.register(
        PasswordLetter,
        person="self",
        kept=Retention.SENT,
        find=lambda driver: PasswordLetter.objects.none(),  # sealed to nobody who could be found by it
        serves="access",
        identity="sealed_to",
        technical="id link state queued_at attempts claimed_at leased_until error error_facts done total",
    )
    sources.register(
        RecoveryCode,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access security",
        secret="code_hash",  # noqa: S106
        trace="used_at created_at",
        technical="id user",
    )
    sources.register(
        TotpDevice,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access security",
        secret="sealed_seed",  # noqa: S106
        trace="name created_at last_used_at throttling_failure_timestamp throttling_failure_count",
        technical="id public_id user confirmed last_step",
    )
    sources.register(
        WebAuthnCredential,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access security",
        secret="credential_id credential_id_sha256 public_key",  # noqa: S106
        trace="name created_at last_used_at sign_count aaguid transports backup_eligible backup_state",
        technical="id user confirmed credential_type discoverable",
    )
    sources.register(
        WebAuthnUserHandle,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access security",
        secret="handle_hex",  # noqa: S106
        technical="user",
    )
    sources.register(
        FactorReset,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access security",
        conduct="operator reason requested_by_id requested_at due_at stopped_at stopped_by_id done_at",
        technical="id public_id user",
    )
    sources.register(
        PlatformMember,
        person="user",
        find=lambda driver: PlatformMember.objects.none(),  # the platform's own people are not an operator's
        kept=Retention.ACCOUNT,
        serves="security",
        conduct="is_active created_at",
        technical="id user",
    )
    sources.register(
        PlatformEvent,
        person="user",
        find=lambda driver: PlatformEvent.objects.none(),
        kept=Retention.LOG,
        serves="security",
        trace="event at actor task address user_agent facts",
        technical="id user",
    )
    sources.register(
        PlatformVisit,
        person="user",
        kept=Retention.LOG,
        serves="security",
        trace="operator reason may_change began_at ends_at ended_at",
        technical="id public_id user",
    )
    sources.register(
        Approval,
        person="requested_by",
        kept=Retention.LOG,
        serves="security bookkeeping",
        trace="requested_by decided_by requested_at decided_at note",
        ledger="action subject facts",
        technical="id operator public_id expires_at state",
    )
    sources.register(
        AuditEntry,
        person="actor",
        kept=Retention.LOG,
        serves="security bookkeeping",
        trace="remote_addr remote_port user_agent actor_email actor timestamp action event act task cid on_behalf_of"
        " api_key_id is_platform viewing_as",
        ledger="content_type object_pk object_id object_repr changes changes_text serialized_data additional_data",
        technical="id public_id operator xid",
    )


def _register_drivers() -> None:
    sources.register(
        Driver,
        person="self",
        kept=Retention.CONTRACT,
        serves="charging billing claims marketing-email usage-analytics",
        identity="customer_number group group_since is_active mails_late created_at",
        technical="id operator public_id user identity",
    )
    sources.register(
        EarlierGroup,
        person="driver",
        kept=Retention.CONTRACT,
        serves="charging billing",
        conduct="group until",
        technical="id operator driver",
    )
    sources.register(
        DriverIdentity,
        person="driver",
        kept=Retention.BOOKS,
        serves="charging billing bookkeeping claims marketing-email",
        identity=f"{' '.join(PERSONAL)} country",
        trace="created_at",
        technical="id operator driver account",
    )
    sources.register(
        PersonKey,
        person="driver",
        kept=Retention.CONTRACT,
        serves="security",
        secret="wrapped",  # noqa: S106  # the name of a field
        technical="id operator driver account operator_key made_at",
    )
    sources.register(
        KeptKey,
        person="identity__driver",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        secret="wrapped",  # noqa: S106
        technical="id operator identity of salt books_key operator_key",
    )
    sources.register(
        Account,
        person="driver",
        kept=Retention.CONTRACT,
        serves="billing claims",
        identity="customer_number language payment_terms_days delivery least_amount shows is_active created_at",
        conduct="dealer_since dealer_until dealer_evidence dealer_in dealer_changed_at",
        technical="id operator public_id kind driver identity",
    )
    sources.register(
        AccountPerson,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access billing",
        conduct="account created_at",
        technical="id operator public_id user",
    )
    sources.register(
        ConsentEvent,
        person="driver",
        kept=Retention.PROOF,
        serves="consents",
        conduct="purpose notice decision text_sha256 channel happened_at",
        trace="recorded_by_id address",
        technical="id operator public_id driver",
    )
    sources.register(
        ConsentPaper,
        person="event__driver",
        kept=Retention.PROOF,
        serves="consents",
        conduct="kind sha256",
        technical="id operator public_id event file",
    )
    sources.register(
        PersonRequest,
        person="driver",
        kept=Retention.REQUESTS,
        serves="requests",
        conduct="kind channel state text identity_checked received_on due_on extended_at extension_reason closed_at"
        " answer",
        trace="entered_by_id closed_by_id",
        technical="id operator public_id driver",
    )
    sources.register(
        PersonPackage,
        person="driver",
        kept=Retention.COPY,
        serves="requests",
        trace="made_at expires_at fetched_at requested_by_id language size",
        technical="id operator public_id driver request file sha256 state queued_at attempts claimed_at leased_until"
        " error error_facts done total",
    )
    sources.register(
        ProcessingLimit,
        person="driver",
        kept=Retention.REQUESTS,
        serves="requests",
        conduct="kind since until",
        technical="id operator driver request",
    )
    sources.register(
        Erasure,
        person="driver",
        kept=Retention.PROOF,
        serves="requests",
        trace="requested_by_id",
        technical="id operator public_id driver request answer erased_at went stays state queued_at attempts claimed_at"
        " leased_until error error_facts done total",
    )
    sources.register(
        IncidentAffected,
        person="driver",
        kept=Retention.BREACH,
        serves="security",
        conduct="times first_at last_at",
        technical="id operator list driver",
    )
    sources.register(
        IncidentLetter,
        person="driver",
        kept=Retention.BREACH,
        serves="security",
        conduct="written_at has_address",
        technical="id operator incident driver",
    )
    sources.register(
        LegalHold,
        person="driver",
        kept=Retention.REQUESTS,
        serves="claims",
        conduct="reason since until",
        trace="made_by_id",
        technical="id operator public_id driver",
    )


def _register_recipients() -> None:
    recipients.register(
        "mail", serves="access billing consents requests", by="module:tenants.services.mail", is_processor=True
    )
    recipients.register(
        "platform", serves="access security", by="module:tenants.services.platform.visits", is_processor=True
    )
    recipients.register("payers", serves="billing", by="module:tenants.services.people.accounts")
    recipients.register("programs", serves="billing security", by="scope:view_audit scope:view_drivers")


def _register_rights() -> None:
    """Say what the database roles may do with this floor's tables, where it is not what they may in general.

    The platform's own process runs operators, signs its staff in, invites a first owner and leaves traces in an
    operator's log. No drivers, no consents of drivers.
    """
    everything = rights.EVERYTHING
    rights.platform_may(Operator, "SELECT, INSERT, UPDATE")
    rights.platform_may(PlatformMember, "SELECT, INSERT, UPDATE")
    rights.platform_may(PlatformVisit, "SELECT, INSERT, UPDATE")
    rights.platform_may(PlatformEvent, "SELECT, INSERT")
    rights.platform_may(User, "SELECT, INSERT, UPDATE")
    rights.platform_may(Membership, "SELECT")
    rights.platform_may(OperatorGrant, "SELECT")
    rights.platform_may(Invitation, "SELECT, INSERT, UPDATE")
    rights.platform_may(Permission, "SELECT")
    rights.platform_may(ContentType, "SELECT")
    # Added to, not read; an insertion returns the columns that the database fills in.
    rights.platform_may(AuditEntry, "SELECT, INSERT", columns=["id", "operator_id", "act", "xid"])
    # What drivers of a new operator are asked; never what they answered.
    rights.platform_may(ConsentPurpose, "SELECT, INSERT, UPDATE")
    rights.platform_may(ConsentNotice, "SELECT, INSERT")
    # Signing its staff in.
    rights.platform_may(FactorReset, "SELECT, UPDATE")
    for model in (BrowserSession, RecoveryCode, TotpDevice, WebAuthnCredential, WebAuthnAttestation):
        rights.platform_may(model, everything)
    rights.platform_may(WebAuthnUserHandle, everything)
    # Its people ask for a new password like others; the portal's worker sends the letter when it looks.
    rights.platform_may(PasswordLetter, "SELECT, INSERT", columns=["id"])
    rights.platform_may(Turn, "SELECT, INSERT, UPDATE")
    # Which operator a station names, and whose card is held to it.
    rights.gateway_may(Operator, "SELECT (id, slug, state)")
    rights.gateway_may(Driver, "SELECT (id, operator_id, is_active)")
    of_incidents = (IncidentList, IncidentLetters, IncidentBundle)
    for work in (AuditCheck, SearchIndex, NoticeLetters, PersonPackage, RetentionNight, Erasure, *of_incidents):
        rights.platform_counts(work)
    rights.opens_doors(User, RecoveryCode, TotpDevice, BrowserSession, Invitation, ApiKey, WebAuthnCredential)
    rights.opens_doors(PlatformEvent, PasswordLetter, OperatorKey, PersonKey, BooksKey, KeptKey)
    # Both processes add to the platform's log, as both sign its people in; the portal's does not read it.
    rights.app_only_adds(PlatformEvent)
    rights.app_changes_only(PlatformMember)
    rights.app_changes_only(PlatformVisit, "ended_at")
    _register_append_only()


def _register_append_only() -> None:
    """Say which rows are proof, and so never changed."""
    rights.only_added_to(AuditEntry, AuditSeal, ConsentEvent, ConsentNotice, PrivacyNotice, TrainingText)
    rights.only_added_to(IncidentNote, IncidentReport, IncidentAffected, IncidentLetter)
