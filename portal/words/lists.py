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
    "differences": _("differences"),
    "disputes": _("disputes"),
    "downloads": _("downloads"),
    "downloads-taken": _("who downloaded what"),
    "drivers": _("drivers"),
    "e-invoices": _("e-invoices"),
    "fees": _("fees"),
    "groups": _("groups"),
    "hosts": _("site hosts"),
    "imports": _("imports"),
    "incidents": _("incidents"),
    "invoices": _("invoices"),
    "keys": _("API keys"),
    "letters": _("letters"),
    "members": _("members"),
    "payment-files": _("files of payments"),
    "payments": _("payments"),
    "privacy-requests": _("requests about personal data"),
    "reminders": _("reminders"),
    "reratings": _("re-ratings"),
    "review": _("review"),
    "runs": _("invoices of a run"),
    "sessions": _("sessions"),
    "sites": _("sites"),
    "statements": _("statements"),
    "stations": _("stations"),
    "tariffs": _("tariffs"),
}
