"""What the lists are called: in the names of their files, and in the log when somebody took one out."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: By the name of the list in addresses. A list that is not here keeps no views and no columns.
LISTS: dict[str, str | Promise] = {
    "accounts": _("payers"),
    "approvals": _("approvals"),
    "audit": _("audit log"),
    "billing-runs": _("invoice runs"),
    "cards": _("cards"),
    "consents": _("consents"),
    "downloads": _("downloads"),
    "downloads-taken": _("who downloaded what"),
    "drivers": _("drivers"),
    "fees": _("fees"),
    "groups": _("groups"),
    "imports": _("imports"),
    "invoices": _("invoices"),
    "keys": _("API keys"),
    "letters": _("letters"),
    "members": _("members"),
    "payments": _("payments"),
    "reminders": _("reminders"),
    "review": _("review"),
    "runs": _("invoices of a run"),
    "sessions": _("sessions"),
    "sites": _("sites"),
    "stations": _("stations"),
    "tariffs": _("tariffs"),
}
