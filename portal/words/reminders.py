"""Reminders in words: the usual text where the operator has none of its own, and what a step would ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from billing.domain import money
from billing.domain.own_words import filled
from billing.models import Reminder
from billing.selectors import reference_rates
from billing.selectors.reminders import Proposal
from portal.words import disputes, measures

USUAL = gettext_noop(
    "We have not yet received your payment of invoice {invoice}, which was due on {due}. Please pay {unpaid} now to"
    " {account}, with the reference {reference}. If you have paid during the last few days, you need not do anything."
    " Late payments bear interest under the Swedish Interest Act (räntelagen)."
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the next step of an invoice would be, in words. remark: what it cannot ask, and why."""

    proposal: Proposal
    step: str
    asked: list[tuple[str, str]]
    remark: str


def the_account() -> str:
    """Where to pay an operator that has told of no account of its own."""
    return _("the account on the invoice")


def usual(language: str) -> str:
    """The usual text of a reminder in a language, its names in braces."""
    with override(language):
        return _(USUAL)


def proposed(found: Iterable[Proposal]) -> list[Proposed]:
    """What would be sent, in words."""
    return [Proposed(each, _step(each), _asked(each), _remark(each)) for each in found]


def asked(reminder: Reminder) -> list[tuple[str, str]]:
    """What a reminder asked beside its invoice: (what, amount)."""
    parts = ((reminder.get_costs_kind_display(), reminder.costs), (_("late interest"), reminder.interest))
    return [(str(what), _money(coins, reminder.currency)) for what, coins in parts if coins]


def letter(reminder: Reminder, said: Mapping[str, str]) -> str:
    """The text of a reminder's letter: the operator's words as they were filled, or the usual ones; what is asked."""
    currency = reminder.currency
    unpaid = _money(reminder.rest - reminder.disputed, currency)
    text = reminder.text or filled(_(USUAL), {**said, "unpaid": unpaid, "account": said["account"] or the_account()})
    if reminder.disputed:
        text = f"{text}\n\n{disputes.waits(money.from_minor(reminder.disputed, currency), currency)}"
    parts = [f"{what} {amount}" for what, amount in asked(reminder)]
    if not parts:
        return text
    beside = _(
        "In addition to the invoice you owe: %(parts)s. This is charged on %(charge)s; please pay it with the reference"
        " %(ocr)s."
    )
    charge = reminder.charge
    named = {"parts": ", ".join(parts), "charge": charge, "ocr": charge.payment_reference if charge else ""}
    return f"{text}\n\n{beside % named}"


def _step(each: Proposal) -> str:
    if each.step.what == each.step.What.COLLECTION:
        return str(each.step.What.COLLECTION.label)
    return _("reminder %(number)s") % {"number": each.nth}


def _asked(each: Proposal) -> list[tuple[str, str]]:
    kind = Reminder.Costs(each.costs_kind).label
    parts = ((kind, each.costs), (_("late interest"), each.interest))
    return [(str(what), _money(coins, each.receivable.currency)) for what, coins in parts if coins]


def _remark(each: Proposal) -> str:
    if not each.is_rate_missing:
        return ""
    day = measures.local_date(reference_rates.known_until())
    return _("No interest is asked: the reference rate is known until %(day)s only.") % {"day": day}


def _money(coins: int, currency: str) -> str:
    return measures.money(money.from_minor(coins, currency), currency)
