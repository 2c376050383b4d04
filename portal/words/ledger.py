"""What the ledger and its sources must say alike, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: By part of `billing.sql.ledger_checks.CHECKS`.
PARTS: dict[str, str | Promise] = {
    "sales": _("sales, and costs and interest of paying late, of the documents dated in the month"),
    "vat": _("VAT of the documents dated in the month"),
    "receivables": _("what is open of all invoices now"),
    "unidentified": _("payments that wait to be matched now"),
    "on_account": _("what stands on payers' accounts now"),
    "written_off": _("receivables given up in the month"),
    "host_share": _("what hosts earned by the statements closed in the month"),
    "host_debt": _("what is to be paid to hosts now"),
    "host_carried": _("what hosts carry over now"),
    "bank": _("payments of the month"),
    "both_sides": _("debit and credit of the month"),
}
