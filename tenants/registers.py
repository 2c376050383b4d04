"""What this floor hands to the registers: audited models, and where personal data stands."""

from django_otp.plugins.otp_totp.models import TOTPDevice

from tenants.audit import audited
from tenants.models import (
    ApiKey,
    AuditEntry,
    ConsentEvent,
    ConsentPurpose,
    Driver,
    DriverGroup,
    DriverIdentity,
    Membership,
    Operator,
    OperatorGrant,
    RecoveryCode,
    User,
)
from tenants.privacy import sources
from tenants.privacy.sources import Retention

PERSONAL = ["name", "email", "phone", "street", "postal_code", "city"]


def register() -> None:
    """Register the models of this floor."""
    audited(Operator)
    audited(Membership)
    audited(Driver)
    audited(DriverGroup)
    audited(DriverIdentity, mask=PERSONAL)
    audited(ConsentPurpose)
    audited(ApiKey, mask=["secret_sha256"], exclude=["last_used_at", "last_used_address"])
    _register_people()
    _register_drivers()


def _register_people() -> None:
    sources.register(
        User,
        person="self",
        kept=Retention.ACCOUNT,
        identity="email name language",
        trace="last_login created_at",
        secret="password",  # noqa: S106  # the name of a field
        technical="id public_id is_active is_superuser",
    )
    sources.register(
        Membership,
        person="user",
        kept=Retention.ACCOUNT,
        conduct="operator role created_at",
        technical="id public_id user",
    )
    sources.register(
        OperatorGrant, person="user", kept=Retention.ACCOUNT, technical="id permission user content_object"
    )
    sources.register(
        RecoveryCode,
        person="user",
        kept=Retention.ACCOUNT,
        secret="code_hash",  # noqa: S106
        trace="used_at created_at",
        technical="id user",
    )
    sources.register(
        TOTPDevice,
        person="user",
        kept=Retention.ACCOUNT,
        secret="key",  # noqa: S106
        trace="name created_at last_used_at throttling_failure_timestamp throttling_failure_count",
        technical="id user confirmed step t0 digits tolerance drift last_t",
    )
    sources.register(
        AuditEntry,
        person="actor",
        kept=Retention.LOG,
        trace="remote_addr remote_port user_agent actor_email actor timestamp action event task cid",
        ledger="content_type object_pk object_id object_repr changes changes_text serialized_data additional_data",
        technical="id operator",
    )


def _register_drivers() -> None:
    sources.register(
        Driver,
        person="self",
        kept=Retention.CONTRACT,
        identity="customer_number group is_active created_at",
        technical="id operator public_id user identity",
    )
    sources.register(
        DriverIdentity,
        person="driver",
        kept=Retention.BOOKS,
        identity="name email phone street postal_code city country",
        trace="created_at",
        technical="id operator driver",
    )
    sources.register(
        ConsentEvent,
        person="driver",
        kept=Retention.PROOF,
        conduct="purpose notice decision text_sha256 channel happened_at",
        trace="recorded_by_id address",
        technical="id operator public_id driver",
    )
