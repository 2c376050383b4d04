"""What was found before a run is issued, with whom it is about and the way to what can be done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.domain.errors import Code
from billing.models import Invoice, InvoiceRun, Tariff
from billing.selectors.run_checks import Finding
from portal.words import e_invoices as e_invoice_words
from tenants.models import Account, Operator
from tenants.permissions import Access, Permission


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding with the names it is about, each with its page or none, and the page where it is put right.

    reasons: what is lacking, in sentences.
    """

    finding: Finding
    names: list[tuple[str, str]]
    url: str
    label: str | Promise
    reasons: list[str]

    @property
    def tone(self) -> str:
        """Its colour."""
        return "bad" if self.finding.blocks else "info"

    @property
    def has_more(self) -> bool:
        """Whether it is about more than are named."""
        return 0 < len(self.names) < self.finding.count


Page = Callable[[Operator, InvoiceRun], str]


def _page(name: str) -> Page:
    return lambda operator, run: reverse(name, args=[operator.slug])


def _late(operator: Operator, run: InvoiceRun) -> str:
    last = run.month - timedelta(days=1)
    return f"{reverse('staff:session_list', args=[operator.slug])}?billing=drafted&until={last.isoformat()}"


#: Where it is put right, who may, and what the link says.
_WAYS: Final[dict[Code, tuple[Permission, Page, str | Promise]]] = {
    Code.RUN_UNDER_REVIEW: (Permission.REVIEW_SESSIONS, _page("staff:review_list"), _("Review them")),
    Code.SELLER_WITHOUT_VAT_NUMBER: (Permission.MANAGE_OPERATOR, _page("staff:settings"), _("Add it")),
    Code.SELLER_WITHOUT_NUMBER_ABROAD: (Permission.MANAGE_OPERATOR, _page("staff:seller_numbers"), _("Add it")),
    Code.SELLER_WITHOUT_ADDRESS: (Permission.MANAGE_OPERATOR, _page("staff:settings"), _("Add it")),
    Code.SELLER_LACKS_FOR_E_INVOICE: (Permission.MANAGE_OPERATOR, _page("staff:settings"), _("Add it")),
    Code.RUN_DIFFERENCES: (Permission.REVIEW_SESSIONS, _page("staff:difference_list"), _("Decide about them")),
    Code.RUN_DISPUTED: (Permission.VIEW_INVOICES, _page("staff:dispute_list"), _("See them")),
    Code.RUN_OTHER_RATES: (Permission.VIEW_TARIFFS, _page("finance:tariff_list"), _("See the tariffs")),
    Code.RUN_LATE_SESSIONS: (Permission.VIEW_SESSIONS, _late, _("See them")),
}
#: What a finding may be about: what it is called, its page, and who may open that.
_NAMED: Final[dict[type, tuple[Permission, str, Callable[[Any], str]]]] = {
    Account: (Permission.VIEW_DRIVERS, "staff:account_detail", lambda account: account.name),
    Tariff: (Permission.VIEW_TARIFFS, "finance:tariff_detail", lambda tariff: tariff.name),
    Invoice: (Permission.VIEW_INVOICES, "finance:invoice_detail", lambda draft: draft.buyer.name or draft.customer),
}


def shown(findings: Iterable[Finding], run: InvoiceRun, operator: Operator, access: Access) -> list[Shown]:
    """The findings as the page tells them to who may open what."""
    return [_shown(finding, run, operator, access) for finding in findings]


def _shown(finding: Finding, run: InvoiceRun, operator: Operator, access: Access) -> Shown:
    names = []
    for thing in finding.about:
        permission, page, called = _NAMED[type(thing)]
        url = reverse(page, args=[operator.slug, thing.public_id]) if access.may(permission) else ""
        names.append((called(thing), url))
    reasons = e_invoice_words.lacks(finding.faults).seller
    way = _WAYS.get(finding.code)
    if way is None or not access.may(way[0]):
        return Shown(finding, names, "", "", reasons)
    return Shown(finding, names, way[1](operator, run), way[2], reasons)
