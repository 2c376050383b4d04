"""The words of the audit log: a sentence for each event, a name for each kind of row and each task.

`audit_lines` makes of them what a reader sees.
"""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from tenants.models import AuditEntry

EVENTS: dict[str, str | Promise] = {
    "sign_in.succeeded": gettext_lazy("Signed in"),
    "sign_in.wrong_password": gettext_lazy("Sign-in refused: wrong password"),
    "sign_in.wrong_code": gettext_lazy("Sign-in refused: wrong code"),
    "sign_in.wrong_passkey": gettext_lazy("Sign-in refused: wrong passkey"),
    "sign_in.proved_again": gettext_lazy("Proved again who they are"),
    "sign_in.recovery_code_used": gettext_lazy("Used a recovery code"),
    "sign_in.ended": gettext_lazy("Signed out"),
    "sign_in.ended_elsewhere": gettext_lazy("Signed out other browsers"),
    "second_factor.enrolled": gettext_lazy("Set up a second factor"),
    "second_factor.replaced": gettext_lazy("Replaced the device of the second factor"),
    "second_factor.added": gettext_lazy("Added another second factor"),
    "second_factor.removed": gettext_lazy("Removed the second factor"),
    "second_factor.recovery_codes_made": gettext_lazy("Made new recovery codes"),
    "second_factor.reset_asked": gettext_lazy("Asked for the reset of a lost second factor"),
    "second_factor.reset_stopped": gettext_lazy("Stopped the reset of a second factor"),
    "second_factor.reset_done": gettext_lazy("Reset a lost second factor"),
    "password.reset_asked": gettext_lazy("Asked for a link to set a new password"),
    "password.reset": gettext_lazy("Set a new password by a link"),
    "password.reset_link_printed": gettext_lazy("Printed a link for a new password, on the machine itself"),
    "password.changed": gettext_lazy("Changed the password"),
    "password.set": gettext_lazy("Set the first password"),
    "password.link_made": gettext_lazy("Made a link for a first password"),
    "key.made": gettext_lazy("Made an API key"),
    "key.rotated": gettext_lazy("Rotated an API key"),
    "key.revoked": gettext_lazy("Revoked an API key"),
    "key.refused": gettext_lazy("An API key was refused"),
    "operator.created": gettext_lazy("Created the operator"),
    "consent.given": gettext_lazy("Consent given"),
    "consent.withdrawn": gettext_lazy("Consent withdrawn"),
    "consent.notice_published": gettext_lazy("Published a new wording of a consent"),
    "member.sites_changed": gettext_lazy("Changed the sites a member works for"),
    "driver.viewed": gettext_lazy("Looked at a driver's page"),
    "driver.invited": gettext_lazy("Invited a driver to the portal"),
    "invitation.made": gettext_lazy("Made the link of an invitation"),
    "invitation.accepted": gettext_lazy("Accepted an invitation"),
    "invitation.withdrawn": gettext_lazy("Withdrew an invitation"),
    "membership.left": gettext_lazy("Left the operator"),
    "view_as.began": gettext_lazy("Began to look at the portal as a role would"),
    "view_as.ended": gettext_lazy("Stopped looking at the portal as a role would"),
    "sessions.imported": gettext_lazy("Imported a file of sessions"),
    "import.rejected_downloaded": gettext_lazy("Downloaded the rejected rows of an import"),
    "token.sessions_given": gettext_lazy("Gave a card's sessions to a driver"),
    "session.approved": gettext_lazy("Approved a session under review"),
    "session.written_off": gettext_lazy("Wrote a session off"),
    "sessions.exported": gettext_lazy("Downloaded a list of sessions"),
    "run.drafted": gettext_lazy("Drafted the invoices of a run"),
    "run.issued": gettext_lazy("Issued the invoices of a run"),
    "run.discarded": gettext_lazy("Discarded the drafts of a run"),
    "invoice.credited": gettext_lazy("Credited an invoice"),
    "invoice.downloaded": gettext_lazy("Downloaded an invoice"),
    "export.requested": gettext_lazy("Asked for a download"),
    "export.made": gettext_lazy("Made a download"),
    "export.downloaded": gettext_lazy("Fetched a download"),
    "audit.check_asked": gettext_lazy("Had the seals of the audit log checked"),
    "audit.seals_exported": gettext_lazy("Downloaded the sealed audit log"),
    "consents.viewed": gettext_lazy("Looked at a driver's consents"),
    "consents.downloaded": gettext_lazy("Downloaded the proof of a driver's consents"),
}
ROW_WORDS: dict[int, str | Promise] = {
    AuditEntry.Action.CREATE: gettext_lazy("%(kind)s added"),
    AuditEntry.Action.UPDATE: gettext_lazy("%(kind)s changed"),
    AuditEntry.Action.DELETE: gettext_lazy("%(kind)s removed"),
}
KINDS: dict[str, str | Promise] = {
    "tenants.operator": gettext_lazy("operator"),
    "tenants.apikey": gettext_lazy("API key"),
    "tenants.user": gettext_lazy("person"),
    "tenants.membership": gettext_lazy("membership"),
    "tenants.driver": gettext_lazy("driver"),
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
}
# Who acted when no person did. A task that is not named here is shown by its code.
TASKS: dict[str, str | Promise] = {
    "charging.tasks.run_import": gettext_lazy("import in the background"),
    "charging.tasks.resume_imports": gettext_lazy("import in the background"),
    "billing.tasks.rate_operator": gettext_lazy("pricing in the background"),
    "billing.tasks.bill_run": gettext_lazy("invoice run in the background"),
    "billing.tasks.bill_chunk": gettext_lazy("invoice run in the background"),
    "billing.tasks.make_export": gettext_lazy("download in the background"),
    "billing.tasks.render_documents": gettext_lazy("documents in the background"),
    "tenants.tasks.check_audit_log": gettext_lazy("check of the audit log in the background"),
    "demo": gettext_lazy("the demonstration"),
}


def kind(model: type[models.Model]) -> str:
    """What a row of the model is called."""
    return str(KINDS.get(model._meta.label_lower, model._meta.verbose_name))
