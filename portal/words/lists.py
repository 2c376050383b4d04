"""What the lists are called: in the names of their files, and in the log when somebody took one out."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: By the name of the list in addresses. A list that is not here keeps no views and no columns.
LISTS: dict[str, str | Promise] = {
    "accounts": _("payers"),
    "ageing": _("ageing list"),
    "approvals": _("approvals"),
    "audit": _("audit log"),
    "billing-runs": _("invoice runs"),
    "cards": _("cards"),
    "consents": _("consents"),
    "disputes": _("disputes"),
    "downloads": _("downloads"),
    "downloads-taken": _("who downloaded what"),
    "drivers": _("drivers"),
    "e-invoices": _("e-invoices"),
    "fees": _("fees"),
    "groups": _("groups"),
    "hosts": _("site hosts"),
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
    "statements": _("statements"),
    "stations": _("stations"),
    "tariffs": _("tariffs"),
}
