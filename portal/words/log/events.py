"""The words of the audit log: a sentence for each event, a name for each kind of row and each task.

`lines` makes of them what a reader sees.
"""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from billing import events as billing_events
from charging import events as charging_events
from portal.gate import events as portal_events
from tenants.log import events as tenants_events
from tenants.models import AuditEntry

EVENTS: dict[str, str | Promise] = {
    tenants_events.Event.SIGN_IN_SUCCEEDED: gettext_lazy("Signed in"),
    tenants_events.Event.SIGN_IN_WRONG_PASSWORD: gettext_lazy("Sign-in refused: wrong password"),
    tenants_events.Event.SIGN_IN_WRONG_CODE: gettext_lazy("Sign-in refused: wrong code"),
    tenants_events.Event.SIGN_IN_WRONG_PASSKEY: gettext_lazy("Sign-in refused: wrong passkey"),
    tenants_events.Event.SIGN_IN_PROVED_AGAIN: gettext_lazy("Confirmed their identity"),
    tenants_events.Event.SIGN_IN_RECOVERY_CODE_USED: gettext_lazy("Used a recovery code"),
    tenants_events.Event.SIGN_IN_ENDED: gettext_lazy("Signed out"),
    tenants_events.Event.APPROVAL_ASKED: gettext_lazy("Asked for the approval of a second person"),
    tenants_events.Event.APPROVAL_APPROVED: gettext_lazy("Approved what another person asked for"),
    tenants_events.Event.APPROVAL_USED: gettext_lazy("Carried out with the approval of a second person"),
    tenants_events.Event.APPROVAL_REFUSED: gettext_lazy("Refused what another person asked for"),
    tenants_events.Event.APPROVAL_WITHDRAWN: gettext_lazy("Withdrew a request for approval"),
    tenants_events.Event.APPROVAL_OUTDATED: gettext_lazy("An approval was no longer valid: nothing happened"),
    tenants_events.Event.APPROVAL_EXPIRED: gettext_lazy("A request for approval expired"),
    tenants_events.Event.SECURITY_FOUR_EYES_OFF: gettext_lazy("Let one person act alone again"),
    tenants_events.Event.DRIVERS_EXPORTED: gettext_lazy("Downloaded the personal data of all drivers"),
    tenants_events.Event.SIGN_IN_ENDED_ELSEWHERE: gettext_lazy("Signed out other browsers"),
    tenants_events.Event.SECOND_FACTOR_ENROLLED: gettext_lazy("Set up a second factor"),
    tenants_events.Event.SECOND_FACTOR_REPLACED: gettext_lazy("Replaced the device of the second factor"),
    tenants_events.Event.SECOND_FACTOR_ADDED: gettext_lazy("Added another second factor"),
    tenants_events.Event.SECOND_FACTOR_REMOVED: gettext_lazy("Removed the second factor"),
    tenants_events.Event.SECOND_FACTOR_RECOVERY_CODES_MADE: gettext_lazy("Made new recovery codes"),
    tenants_events.Event.SECOND_FACTOR_RESET_ASKED: gettext_lazy("Asked for the reset of a lost second factor"),
    tenants_events.Event.SECOND_FACTOR_RESET_STOPPED: gettext_lazy("Stopped the reset of a second factor"),
    tenants_events.Event.SECOND_FACTOR_RESET_DONE: gettext_lazy("Reset a lost second factor"),
    tenants_events.Event.PASSWORD_RESET_ASKED: gettext_lazy("Asked for a link to set a new password"),
    tenants_events.Event.PASSWORD_RESET: gettext_lazy("Set a new password by a link"),
    tenants_events.Event.PASSWORD_RESET_LINK_PRINTED: gettext_lazy(
        "Printed a link for a new password, on the machine itself"
    ),
    tenants_events.Event.PROFILE_CHANGED: gettext_lazy("Changed their own name or language"),
    tenants_events.Event.PASSWORD_CHANGED: gettext_lazy("Changed the password"),
    tenants_events.Event.PASSWORD_SET: gettext_lazy("Set the first password"),
    tenants_events.Event.PASSWORD_LINK_MADE: gettext_lazy("Made a link for a first password"),
    tenants_events.Event.KEY_MADE: gettext_lazy("Made an API key"),
    tenants_events.Event.KEY_ROTATED: gettext_lazy("Rotated an API key"),
    tenants_events.Event.KEY_REVOKED: gettext_lazy("Revoked an API key"),
    tenants_events.Event.KEY_REFUSED: gettext_lazy("An API key was refused"),
    tenants_events.Event.ACCESS_STRANGER: gettext_lazy("Tried to get in without being a member"),
    tenants_events.Event.ACCESS_REFUSED: gettext_lazy("Access refused: no permission"),
    portal_events.Event.AUDIT_EXPORTED: gettext_lazy("Downloaded the audit log"),
    portal_events.Event.AUDIT_EXPORT_SENT: gettext_lazy("The download of the audit log was sent"),
    tenants_events.Event.OPERATOR_CREATED: gettext_lazy("Created the operator"),
    tenants_events.Event.OPERATOR_SUSPENDED: gettext_lazy("Suspended the operator"),
    tenants_events.Event.OPERATOR_RESUMED: gettext_lazy("Reopened the operator"),
    tenants_events.Event.WORK_SET_ASIDE: gettext_lazy("Set background work aside after too many tries"),
    tenants_events.Event.WORK_TRIED_AGAIN: gettext_lazy("Ran background work again"),
    tenants_events.Event.OPERATOR_CLOSED: gettext_lazy("Closed the operator for good"),
    tenants_events.Event.PLATFORM_VISIT_BEGAN: gettext_lazy("Began a visit of the platform"),
    tenants_events.Event.PLATFORM_VISIT_ENDED: gettext_lazy("Ended a visit of the platform"),
    tenants_events.Event.PLATFORM_PAGE_OPENED: gettext_lazy("Opened a page on a visit of the platform"),
    tenants_events.Event.PLATFORM_CHANGES_ALLOWED: gettext_lazy("Allowed changes by visitors of the platform"),
    tenants_events.Event.PLATFORM_CHANGES_FORBIDDEN: gettext_lazy(
        "Allowed no more changes by visitors of the platform"
    ),
    tenants_events.Event.CONSENT_GIVEN: gettext_lazy("Consent given"),
    tenants_events.Event.CONSENT_WITHDRAWN: gettext_lazy("Consent withdrawn"),
    tenants_events.Event.CONSENT_NOTICE_PUBLISHED: gettext_lazy("Published a new wording of a consent"),
    charging_events.Event.STATION_ASKED: gettext_lazy("Asked something of a station"),
    charging_events.Event.STATION_PASSWORD_MADE: gettext_lazy("Made a new password for a station"),
    charging_events.Event.MEMBER_SITES_CHANGED: gettext_lazy("Changed the sites a member works for"),
    tenants_events.Event.DRIVER_FORM_VIEWED: gettext_lazy("Opened the form with a driver's details"),
    tenants_events.Event.DRIVER_VIEWED: gettext_lazy("Looked at a driver's page"),
    tenants_events.Event.DRIVER_INVITED: gettext_lazy("Invited a driver to the portal"),
    tenants_events.Event.INVITATION_MADE: gettext_lazy("Made the link of an invitation"),
    tenants_events.Event.INVITATION_ACCEPTED: gettext_lazy("Accepted an invitation"),
    tenants_events.Event.INVITATION_WITHDRAWN: gettext_lazy("Withdrew an invitation"),
    tenants_events.Event.MEMBERSHIP_LEFT: gettext_lazy("Left the operator"),
    portal_events.Event.VIEW_AS_BEGAN: gettext_lazy("Started viewing the portal as a role"),
    portal_events.Event.VIEW_AS_ENDED: gettext_lazy("Stopped viewing the portal as a role"),
    charging_events.Event.SESSIONS_IMPORTED: gettext_lazy("Imported a file of sessions"),
    charging_events.Event.IMPORT_DISCARDED: gettext_lazy("Discarded a file before it was imported"),
    charging_events.Event.IMPORT_UNDONE: gettext_lazy("Undid an import"),
    charging_events.Event.ROWS_MENDED: gettext_lazy("Corrected rejected rows of an import"),
    charging_events.Event.ROWS_LEFT_OUT: gettext_lazy("Left rejected rows of an import out"),
    portal_events.Event.IMPORT_REJECTED_DOWNLOADED: gettext_lazy("Downloaded the rejected rows of an import"),
    charging_events.Event.TOKEN_MERGED: gettext_lazy("Merged a card into another one"),
    charging_events.Event.TOKEN_PARTED: gettext_lazy("Took a merged card apart again"),
    charging_events.Event.STATION_MERGED: gettext_lazy("Merged a station into another one"),
    charging_events.Event.STATION_PARTED: gettext_lazy("Took a merged station apart again"),
    charging_events.Event.TOKEN_SESSIONS_GIVEN: gettext_lazy("Changed whose card it is, and who pays for its sessions"),
    charging_events.Event.SESSION_APPROVED: gettext_lazy("Approved a session under review"),
    charging_events.Event.SESSION_ENERGY_ONLY: gettext_lazy("Approved a session under review, for its energy alone"),
    charging_events.Event.SESSION_CORRECTED: gettext_lazy("Corrected what a session was"),
    charging_events.Event.SESSION_CORRECTION_KEPT: gettext_lazy("Left a session as it is stored, not as a file says"),
    charging_events.Event.SESSION_GIVEN: gettext_lazy("Said who pays for a session"),
    charging_events.Event.SESSION_WRITTEN_OFF: gettext_lazy("Wrote a session off"),
    portal_events.Event.SESSIONS_EXPORTED: gettext_lazy("Downloaded a list of sessions"),
    portal_events.Event.ACCOUNT_VIEWED: gettext_lazy("Looked at a payer's page"),
    portal_events.Event.ACCOUNTS_EXPORTED: gettext_lazy("Downloaded a list of payers"),
    portal_events.Event.INVOICES_EXPORTED: gettext_lazy("Downloaded a list of invoices"),
    portal_events.Event.LIST_EXPORTED: gettext_lazy("Downloaded a list"),
    billing_events.Event.ACCOUNT_MEMBER_MOVED: gettext_lazy("Changed which payer a driver or card belongs to"),
    billing_events.Event.RUN_DRAFTED: gettext_lazy("Drafted the invoices of a run"),
    billing_events.Event.RUN_ISSUED: gettext_lazy("Issued the invoices of a run"),
    billing_events.Event.RUN_DISCARDED: gettext_lazy("Discarded the drafts of a run"),
    billing_events.Event.CREDIT_REASONS_CHANGED: gettext_lazy("Changed the reasons for crediting"),
    billing_events.Event.INVOICE_CREDITED: gettext_lazy("Credited an invoice"),
    portal_events.Event.INVOICE_DOWNLOADED: gettext_lazy("Downloaded an invoice"),
    billing_events.Event.EXPORT_REQUESTED: gettext_lazy("Asked for a download"),
    billing_events.Event.EXPORT_MADE: gettext_lazy("Made a download"),
    billing_events.Event.EXPORT_DOWNLOADED: gettext_lazy("Fetched a download"),
    portal_events.Event.AUDIT_CHECK_ASKED: gettext_lazy("Had the seals of the audit log checked"),
    tenants_events.Event.AUDIT_RESTORE_ACCEPTED: gettext_lazy(
        "Accepted that the database was restored: the newest seals are gone"
    ),
    portal_events.Event.AUDIT_SEALS_EXPORTED: gettext_lazy("Downloaded the sealed audit log"),
    tenants_events.Event.CONSENTS_VIEWED: gettext_lazy("Looked at a driver's consents"),
    tenants_events.Event.CONSENTS_DOWNLOADED: gettext_lazy("Downloaded the proof of a driver's consents"),
}
# What a filter calls what was done: a change of a row, or the first word of the events' codes.
ACTS: dict[str, str | Promise] = {
    "created": gettext_lazy("added"),
    "changed": gettext_lazy("changed"),
    "deleted": gettext_lazy("removed"),
    "access": gettext_lazy("refusals"),
    "approval": gettext_lazy("approvals by a second person"),
    "audit": gettext_lazy("audit log"),
    "consent": gettext_lazy("consent decisions"),
    "account": gettext_lazy("payers"),
    "consents": gettext_lazy("consents looked at"),
    "driver": gettext_lazy("drivers"),
    "drivers": gettext_lazy("many drivers at once"),
    "export": gettext_lazy("downloads"),
    "import": gettext_lazy("imports"),
    "invitation": gettext_lazy("invitations"),
    "invoice": gettext_lazy("invoices"),
    "key": gettext_lazy("API keys"),
    "list": gettext_lazy("lists taken out"),
    "member": gettext_lazy("members"),
    "membership": gettext_lazy("memberships"),
    "operator": gettext_lazy("the operator itself"),
    "password": gettext_lazy("passwords"),
    "profile": gettext_lazy("people's own details"),
    "platform": gettext_lazy("visits of the platform"),
    "run": gettext_lazy("invoice runs"),
    "second_factor": gettext_lazy("second factors"),
    "security": gettext_lazy("security settings"),
    "session": gettext_lazy("decisions on sessions"),
    "sessions": gettext_lazy("sessions"),
    "sign_in": gettext_lazy("sign-ins"),
    "station": gettext_lazy("stations"),
    "token": gettext_lazy("cards"),
    "view_as": gettext_lazy("viewing as a role"),
    "work": gettext_lazy("work in the background"),
}
ROW_WORDS: dict[int, str | Promise] = {
    AuditEntry.Action.CREATE: gettext_lazy("%(kind)s added"),
    AuditEntry.Action.UPDATE: gettext_lazy("%(kind)s changed"),
    AuditEntry.Action.DELETE: gettext_lazy("%(kind)s removed"),
}
#: The same with the thing's name, as what somebody did.
ROW_ACTS: dict[int, str | Promise] = {
    AuditEntry.Action.CREATE: gettext_lazy("Added %(kind)s %(about)s"),
    AuditEntry.Action.UPDATE: gettext_lazy("Changed %(kind)s %(about)s"),
    AuditEntry.Action.DELETE: gettext_lazy("Removed %(kind)s %(about)s"),
}
#: Changes of one field that people have a verb for, by kind and field: when it is set, and when it is emptied.
VERBS: dict[tuple[str, str], tuple[str | Promise, str | Promise]] = {
    ("billing.tariffversion", "published_at"): (gettext_lazy("Published %(about)s"), ""),
    ("billing.tariff", "is_archived"): (
        gettext_lazy("Archived tariff %(about)s"),
        gettext_lazy("Took tariff %(about)s out of the archive"),
    ),
    ("billing.tariffassignment", "valid_until"): (gettext_lazy("Ended the assignment %(about)s"), ""),
    ("billing.invoice", "issued_at"): (gettext_lazy("Issued %(about)s"), ""),
    ("charging.token", "blocked_at"): (
        gettext_lazy("Blocked card %(about)s"),
        gettext_lazy("Unblocked card %(about)s"),
    ),
    ("charging.site", "is_active"): (
        gettext_lazy("Put site %(about)s back in use"),
        gettext_lazy("Took site %(about)s out of use"),
    ),
    ("charging.station", "is_active"): (
        gettext_lazy("Put station %(about)s back in use"),
        gettext_lazy("Took station %(about)s out of use"),
    ),
    ("tenants.account", "is_active"): (
        gettext_lazy("Made payer %(about)s active again"),
        gettext_lazy("Closed payer %(about)s"),
    ),
    ("tenants.driver", "is_active"): (
        gettext_lazy("Made driver %(about)s active again"),
        gettext_lazy("Closed driver %(about)s"),
    ),
}
KINDS: dict[str, str | Promise] = {
    "billing.fee": gettext_lazy("fee"),
    "tenants.operator": gettext_lazy("operator"),
    "tenants.apikey": gettext_lazy("API key"),
    "tenants.user": gettext_lazy("person"),
    "tenants.membership": gettext_lazy("membership"),
    "tenants.driver": gettext_lazy("driver"),
    "tenants.account": gettext_lazy("payer"),
    "tenants.accountperson": gettext_lazy("person of a payer"),
    "tenants.drivergroup": gettext_lazy("driver group"),
    "tenants.driveridentity": gettext_lazy("personal data"),
    "tenants.consentpurpose": gettext_lazy("consent purpose"),
    "charging.site": gettext_lazy("site"),
    "charging.station": gettext_lazy("station"),
    "charging.connector": gettext_lazy("connector"),
    "charging.token": gettext_lazy("card"),
    "charging.importprofile": gettext_lazy("import profile"),
    "charging.fileimport": gettext_lazy("import"),
    "billing.tariff": gettext_lazy("tariff"),
    "billing.tariffversion": gettext_lazy("tariff version"),
    "billing.tariffassignment": gettext_lazy("tariff assignment"),
    "billing.invoicerun": gettext_lazy("invoice run"),
    "billing.invoice": gettext_lazy("invoice"),
    "billing.export": gettext_lazy("download"),
    "billing.letterhead": gettext_lazy("look of invoices"),
}
#: Kinds of rows that only events are about: none of their changes is logged.
OF_EVENTS: dict[str, str | Promise] = {
    "tenants.approval": gettext_lazy("approval"),
    "tenants.invitation": gettext_lazy("invitation"),
    "tenants.auditcheck": gettext_lazy("check of the audit log"),
    "charging.chargingsession": gettext_lazy("session"),
    "charging.importlook": gettext_lazy("look at a file"),
    "billing.pricing": gettext_lazy("pricing of sessions"),
    "billing.runchunk": gettext_lazy("part of an invoice run"),
    "billing.rendering": gettext_lazy("document as a PDF"),
}
# Who acted when no person did. A task that is not named here is shown by its code.
TASKS: dict[str, str | Promise] = {
    "create_operator": gettext_lazy("setting up the operator"),
    "charging.stations": gettext_lazy("what stations say"),
    "charging.tasks.run_import": gettext_lazy("import in the background"),
    "charging.tasks.resume_imports": gettext_lazy("import in the background"),
    "billing.tasks.rate_operator": gettext_lazy("pricing in the background"),
    "billing.tasks.bill_run": gettext_lazy("invoice run in the background"),
    "billing.tasks.bill_chunk": gettext_lazy("invoice run in the background"),
    "billing.tasks.make_export": gettext_lazy("download in the background"),
    "billing.tasks.render_documents": gettext_lazy("documents in the background"),
    "tenants.tasks.check_audit_log": gettext_lazy("check of the audit log in the background"),
    "audit_check": gettext_lazy("check of the audit log in the background"),
    "import": gettext_lazy("import in the background"),
    "run_part": gettext_lazy("invoice run in the background"),
    "pricing": gettext_lazy("pricing in the background"),
    "document": gettext_lazy("documents in the background"),
    "export_xlsx": gettext_lazy("download in the background"),
    "export_pdf_zip": gettext_lazy("download in the background"),
    "import_look": gettext_lazy("look at a file in the background"),
    "import_undo": gettext_lazy("undoing of an import"),
    "demo": gettext_lazy("the demonstration"),
}


def kind(model: type[models.Model]) -> str:
    """What a row of the model is called."""
    return str({**KINDS, **OF_EVENTS}.get(model._meta.label_lower, model._meta.verbose_name))
