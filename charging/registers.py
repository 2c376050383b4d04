"""What this floor hands to the registers below: audited models, and where personal data stands."""

from charging.models import (
    AccountMember,
    CardNotice,
    CardRule,
    ChargingSession,
    Connector,
    EarlierHolder,
    Favourite,
    FileImport,
    ImportLook,
    ImportProfile,
    ImportUndo,
    MeterKey,
    MeterRule,
    PartnerLink,
    RejectedRow,
    SettingTemplate,
    SignedRecord,
    Site,
    SiteAccess,
    SiteLimit,
    Station,
    StationCharge,
    StationCommand,
    StationKnock,
    StationLink,
    StationMessage,
    Token,
)
from charging.selectors import station_words
from charging.services import endings, erasing
from tenants.log.audit import audited
from tenants.models import Account
from tenants.privacy import recipients, sources
from tenants.privacy.sources import Retention
from tenants.rls import rights


def register() -> None:
    """Register the models of this floor with the audit log.

    Sessions arrive in bulk: an import records one event with counts, sums and a hash instead.
    """
    audited(Site)
    audited(Station, exclude=["merge"])
    audited(Connector)
    audited(CardRule)
    audited(PartnerLink, mask=["token"], exclude=["answered_at", "failed_at", "failure", "failures"])
    audited(MeterKey)
    audited(MeterRule)
    audited(SettingTemplate, mask=["wanted"])  # a value may be the number of a card
    audited(SiteLimit)
    audited(Token, mask=["uid", "visual_number"], exclude=["merge", "uid_mark", "uid_exact", "number_mark"])
    audited(ImportProfile)
    audited(
        FileImport,
        exclude=[
            "rows_read",
            "accepted",
            "known",
            "rejected",
            "flagged",
            "accepted_wh",
            "rejected_wh",
            "updated_at",
            "attempts",
            "claimed_at",
            "leased_until",
            "queued_at",
            "done",
            "total",
        ],
    )
    _register_personal_data()
    # A partner that is asked about its card learns its UID, and where somebody charges with it.
    recipients.register("partners", serves="charging", by="module:portal.gateway.partners")
    _register_gateway()
    endings.register()
    erasing.register()
    # Whether background work stands still: counted, not read.
    for model in (FileImport, ImportLook, ImportUndo):
        rights.platform_counts(model)


def _register_gateway() -> None:
    """What the process that stations connect to may do: keep what they say, and look whose card it is."""
    may = rights.gateway_may
    may(Station, "SELECT (id, operator_id, public_id, site_id, identifier, is_active, merged_into_id)")
    may(Site, "SELECT (id, operator_id, public_id)")
    may(Connector, "SELECT (operator_id, station_id, number)")
    may(
        Token,
        "SELECT (id, operator_id, uid_mark, kind, driver_id, is_blocked, lost_at, merged_into_id, issuer_id, "
        "whitelist, is_valid, is_set_aside)",
    )
    may(Account, "SELECT (id, operator_id, is_active)")
    may(AccountMember, "SELECT (operator_id, token_id, since, until, pays)")
    seen = "epoch, seal_key, protocol, address, connected_at, seen_at, disconnected_at, earlier_kept, certified_at"
    proof = "password_kept, certificate, certificate_until, boot"
    may(StationLink, f"SELECT (id, operator_id, station_id, {proof}, {seen}), UPDATE ({seen})")
    may(StationKnock, "SELECT, INSERT, UPDATE (reason, protocols, address, last_at, times)")
    may(StationMessage, "SELECT (id, station_id, epoch), INSERT")
    charge = "id, operator_id, station_id, number, said, received_at, id_tag, verdict, basis, is_stopped"
    may(
        StationCharge,
        f"SELECT ({charge}, unasked, unasked_cost, asked_number, outlet, began_at), INSERT, "
        "UPDATE (is_stopped, id_tag, verdict, basis, unasked, asked_number, outlet)",
    )
    may(CardRule, "SELECT")
    how = "answered_at, failed_at, failure, failures"
    may(
        PartnerLink,
        f"SELECT (id, operator_id, account_id, address, token, answered_at, failed_at, failures), UPDATE ({how})",
    )
    asked = "id, operator_id, public_id, station_id, kind, wanted, value, id_tag, not_after"
    noted = "hidden, state, epoch, claimed_at, sent_at, done_at, status, answer"
    may(StationCommand, f"SELECT ({asked}, {noted}), UPDATE ({noted})")
    rights.opens_doors(StationLink)


def _register_personal_data() -> None:
    sources.register(
        StationMessage,
        person=sources.BY_CARD,
        find=station_words.messages_of,
        kept=Retention.MESSAGES,
        serves="charging",
        conduct="raw answer received_at",
        secret="card_mark",  # noqa: S106
        technical="id operator station epoch action message_id number is_read remark",
    )
    sources.register(
        StationCharge,
        person=sources.BY_CARD,
        find=station_words.charges_of,
        kept=Retention.BOOKS,
        serves="charging billing bookkeeping",
        identity="id_tag",
        conduct="received_at verdict basis read_at readings outlet began_at",
        secret="said",  # noqa: S106
        technical="id operator station number is_stopped unasked unasked_cost asked_number late_at late_told_at "
        "late_seen_at",
    )
    sources.register(
        SignedRecord,
        person=sources.BY_CARD,
        find=station_words.records_of,
        kept=Retention.BOOKS,
        serves="charging billing bookkeeping",
        ledger="raw received_at",
        technical="id operator station number context digest is_due",
    )
    sources.register(
        StationCommand,
        person=sources.BY_CARD,
        kept=Retention.MESSAGES,
        serves="charging",
        find=station_words.commands_of,
        conduct="kind wanted value id_tag asked_at sent_at done_at status answer progress progress_at",
        trace="asked_by",
        secret="card_mark",  # noqa: S106
        technical="id operator public_id station hidden not_after state epoch claimed_at",
    )
    sources.register(
        CardNotice,
        person="driver",
        kept=Retention.MESSAGES,
        serves="charging",
        conduct="kind station token other_site cards minutes km since at times",
        trace="seen_by seen_at",
        technical="id operator public_id driver",
    )
    sources.register(
        Token,
        person="driver",
        kept=Retention.CONTRACT,
        serves="charging",
        identity="uid visual_number kind",
        conduct="driver_since is_blocked blocked_at blocked_before lost_at created_at",
        secret="uid_mark uid_exact number_mark",  # noqa: S106
        technical="id operator public_id driver merged_into merge file_import issuer whitelist is_valid is_set_aside",
    )
    sources.register(
        EarlierHolder,
        person="driver",
        kept=Retention.CONTRACT,
        serves="charging billing",
        conduct="token since until",
        technical="id operator driver",
    )
    sources.register(
        Favourite,
        person="driver",
        kept=Retention.ACCOUNT,
        serves="charging",
        conduct="site created_at",
        technical="id operator driver",
    )
    sources.register(
        AccountMember,
        person="driver",
        kept=Retention.CONTRACT,
        serves="charging billing",
        conduct="account token since until pays",
        technical="id operator driver",
    )
    sources.register(
        ChargingSession,
        person="driver",
        kept=Retention.BOOKS,
        serves="charging billing bookkeeping claims usage-analytics",
        conduct="site station connector token started_at ended_at charging_ended_at energy_wh meter_start_wh "
        "series_start series_interval_s series_wh stop_reason flags review review_note",
        technical="id operator public_id driver source external_id file_import state created_at",
    )
    sources.register(
        SiteAccess,
        person="user",
        kept=Retention.ACCOUNT,
        serves="access",
        conduct="site",
        technical="id operator user",
    )
    sources.register(
        FileImport,
        person="uploaded_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="uploaded_by created_at started_at finished_at updated_at",
        technical="id operator public_id file file_name file_sha256 file_size source mapping options profile state "
        "error error_facts rows_total rows_read accepted known rejected flagged accepted_wh rejected_wh created "
        "blank_lines committed_chunks attempts claimed_at leased_until queued_at done total",
    )
    sources.register(
        RejectedRow,
        person="settled_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="settled_by settled_at",
        quoted="cells mended facts",
        technical="id operator file_import line_number marks reason reasons energy_wh settled",
    )
    sources.register(
        ImportLook,
        person="file_import__uploaded_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="requested_by_id",
        quoted="found",
        technical="id operator file_import profile said options starts state queued_at attempts claimed_at leased_until"
        " error error_facts done total",
    )
