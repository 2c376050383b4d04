"""What this floor hands to the registers: audited models."""

from tenants.audit import audited
from tenants.models import (
    ConsentPurpose,
    Driver,
    DriverGroup,
    DriverIdentity,
    Membership,
    Operator,
)

PERSONAL = ["name", "email", "phone", "street", "postal_code", "city"]


def register() -> None:
    """Register the models of this floor with the audit log."""
    audited(Operator)
    audited(Membership)
    audited(Driver)
    audited(DriverGroup)
    audited(DriverIdentity, mask=PERSONAL)
    audited(ConsentPurpose)
