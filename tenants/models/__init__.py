"""Tables about who: import them from here."""

from tenants.models.account import Account, AccountPerson
from tenants.models.api_key import ApiKey
from tenants.models.approval import Approval
from tenants.models.audit_entry import AuditEntry
from tenants.models.audit_seal import AuditCheck, AuditSeal
from tenants.models.browser_session import BrowserSession
from tenants.models.consent import ConsentEvent, ConsentNotice, ConsentPaper, ConsentPurpose
from tenants.models.driver import Driver, DriverGroup, DriverIdentity, EarlierGroup
from tenants.models.erasure import Erasure
from tenants.models.factor import FactorReset, TotpDevice
from tenants.models.incident import (
    Incident,
    IncidentAffected,
    IncidentBundle,
    IncidentLetter,
    IncidentLetters,
    IncidentList,
    IncidentNote,
    IncidentReport,
)
from tenants.models.invitation import Invitation
from tenants.models.list_view import ListChoice, SavedView
from tenants.models.membership import Membership, OperatorGrant
from tenants.models.notice import NoticeDraft, NoticeLetters, PrivacyNotice
from tenants.models.operator import Operator
from tenants.models.operator_key import OperatorKey
from tenants.models.password_letter import PasswordLetter
from tenants.models.person_key import BooksKey, KeptKey, PersonKey
from tenants.models.person_request import PersonPackage, PersonRequest, ProcessingLimit
from tenants.models.platform import PlatformEvent, PlatformMember, PlatformVisit
from tenants.models.processing import ProcessingPurpose
from tenants.models.recovery_code import RecoveryCode
from tenants.models.retention import LegalHold, RetentionNight, RetentionRule
from tenants.models.search import SearchIndex, SearchSegment, SearchTerm
from tenants.models.training import TrainingDone, TrainingText
from tenants.models.user import User
from tenants.models.work import Turn

__all__ = [
    "Account",
    "AccountPerson",
    "ApiKey",
    "Approval",
    "AuditCheck",
    "AuditEntry",
    "AuditSeal",
    "BooksKey",
    "BrowserSession",
    "ConsentEvent",
    "ConsentNotice",
    "ConsentPaper",
    "ConsentPurpose",
    "Driver",
    "DriverGroup",
    "DriverIdentity",
    "EarlierGroup",
    "Erasure",
    "FactorReset",
    "Incident",
    "IncidentAffected",
    "IncidentBundle",
    "IncidentLetter",
    "IncidentLetters",
    "IncidentList",
    "IncidentNote",
    "IncidentReport",
    "Invitation",
    "KeptKey",
    "LegalHold",
    "ListChoice",
    "Membership",
    "NoticeDraft",
    "NoticeLetters",
    "Operator",
    "OperatorGrant",
    "OperatorKey",
    "PasswordLetter",
    "PersonKey",
    "PersonPackage",
    "PersonRequest",
    "PlatformEvent",
    "PlatformMember",
    "PlatformVisit",
    "PrivacyNotice",
    "ProcessingLimit",
    "ProcessingPurpose",
    "RecoveryCode",
    "RetentionNight",
    "RetentionRule",
    "SavedView",
    "SearchIndex",
    "SearchSegment",
    "SearchTerm",
    "TotpDevice",
    "TrainingDone",
    "TrainingText",
    "Turn",
    "User",
]
