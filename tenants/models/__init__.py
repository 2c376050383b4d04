"""Tables about who: import them from here."""

from tenants.models.audit_entry import AuditEntry
from tenants.models.consent import ConsentEvent, ConsentNotice, ConsentPurpose
from tenants.models.driver import Driver, DriverGroup, DriverIdentity
from tenants.models.membership import Membership, OperatorGrant
from tenants.models.operator import Operator
from tenants.models.recovery_code import RecoveryCode
from tenants.models.user import User

__all__ = [
    "AuditEntry",
    "ConsentEvent",
    "ConsentNotice",
    "ConsentPurpose",
    "Driver",
    "DriverGroup",
    "DriverIdentity",
    "Membership",
    "Operator",
    "OperatorGrant",
    "RecoveryCode",
    "User",
]
