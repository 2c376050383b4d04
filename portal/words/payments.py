"""Payments in words: why one waits and what it may be for, and what a file left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.bank_files.told import Reason
from billing.selectors.payments import Proposal, Waiting
from portal.words import measures

LEFT_OUT: dict[str, str | Promise] = {
    Reason.OUTGOING: gettext_lazy("outgoing"),
    Reason.PENDING: gettext_lazy("not booked by the bank yet"),
    Reason.REVERSAL: gettext_lazy("reversals: look at them at the bank"),
    Reason.BUNDLE: gettext_lazy("bundles without their payments: import the camt.054 that tells them"),
    Reason.NOTHING: gettext_lazy("payments of nothing"),
}
WHY: dict[str, str | Promise] = {
    "none": gettext_lazy("It names no invoice."),
    "unknown": gettext_lazy("No invoice has the reference it gives."),
    "several": gettext_lazy("It names several invoices without saying how much is for each."),
    "left": gettext_lazy("A part of it is matched; this is what is left."),
}
BY: dict[str, str | Promise] = {
    "text": gettext_lazy("the payment names it"),
    "payer": gettext_lazy("the same account has paid for this payer before"),
    "name": gettext_lazy("the payer has this name"),
}


@dataclass(frozen=True, slots=True)
class Proposed:
    """An invoice that is proposed, with by what and whether it fits, in words."""

    proposal: Proposal
    words: str


@dataclass(frozen=True, slots=True)
class Waits:
    """A payment that waits, with why and what is proposed, in words."""

    waiting: Waiting
    why: str
    proposals: list[Proposed]


def waiting(found: Iterable[Waiting]) -> list[Waits]:
    """What waits, in words."""
    return [Waits(each, _why(each), [_proposed(proposal) for proposal in each.proposals]) for each in found]


def _why(each: Waiting) -> str:
    if each.invoice is not None:
        return _("%(invoice)s is in %(invoice_currency)s, but the payment is in %(currency)s.") % {
            "invoice": each.invoice,
            "invoice_currency": each.invoice.currency,
            "currency": each.payment.currency,
        }
    return str(WHY[each.why])


def _proposed(proposal: Proposal) -> Proposed:
    fits = _("just what is open") if proposal.is_whole else _("another amount")
    return Proposed(proposal, f"{BY[proposal.by]}, {fits}")


def sums(by_currency: Mapping[str, int]) -> list[str]:
    """What payments come to, a currency each."""
    return [measures.coins(amount, currency) for currency, amount in sorted(by_currency.items())]


def left_out(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What a file tells that is no incoming payment, and why."""
    told = []
    for reason, counts in found.items():
        amounts = sums({name: amount for name, amount in counts.items() if name != "count" and amount})
        count = counts.get("count", 0)
        head = ngettext("%(count)s booking", "%(count)s bookings", count) % {"count": measures.number(count)}
        told.append(f"{', '.join([head, *amounts])}: {LEFT_OUT.get(reason, reason)}")
    return told
