"""What is to be reminded of: the steps, what is due for its next one, what each would ask, and what was sent.

What a reminder may ask beside the invoice is Swedish law, and asked by Swedish operators in kronor alone:

- **Costs, once an invoice.** Of a private person the reminder fee, where it was agreed before the debt arose (lag
  1981:739, §§ 2–4): before the first charging or fee on the invoice. Of everybody else the compensation for late
  payment instead (§ 4 a), as soon as interest runs.
- **Interest** by räntelagen (`billing.domain.late_interest`) on what is unpaid with VAT: from the day after the last
  day to pay where that is agreed (§ 3), else from the thirtieth day after the first reminder (§ 4). What was credited
  was never owed; a payment counts from the day after it. What earlier reminders asked is taken off.

What is disputed waits, and the rest is reminded of without it; so does what is too small. Interest is asked on what is
not disputed now, from its first day: once a dispute is refused, the next reminder asks what ran meanwhile, and what was
credited bears none. Nothing is handed over while something of it is disputed, or sooner after an answer that refused
than after a reminder, as the agency takes the whole invoice. A document of such charges is never reminded of itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.domain import money
from billing.domain.late_interest import NoReferenceRate, Owed, interest
from billing.models import (
    BilledFee,
    BilledSession,
    Invoice,
    PaymentMatch,
    Receivable,
    Reminder,
    ReminderStep,
    ReminderTerms,
)
from billing.selectors import disputes, reference_rates
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id

#: In öre: what a reminder may cost a private person, and what a business owes for paying late.
FEE: Final = 60_00
COMPENSATION: Final = 450_00
#: Without an agreed last day to pay, interest runs from so long after the first reminder.
DEMANDED: Final = timedelta(days=30)
_COSTS: Final[dict[str, int]] = {Reminder.Costs.FEE: FEE, Reminder.Costs.COMPENSATION: COMPENSATION}
_LAW: Final = ("SE", "SEK")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the next step of an invoice would ask, in whole coins beside what is to be paid of it (`Receivable.asked`).

    is_rate_missing: interest would be asked, and the reference rate of its days is not known.
    """

    receivable: Receivable
    step: ReminderStep
    nth: int
    costs_kind: str
    costs: int
    interest: int
    is_rate_missing: bool

    @property
    def asked(self) -> int:
        """What goes on a document of its own."""
        return self.costs + self.interest


def steps() -> list[ReminderStep]:
    """The operator's steps, in order."""
    return list(ReminderStep.objects.order_by("days"))


def terms(account: Account | None = None) -> ReminderTerms | None:
    """What was agreed with everybody, or with one account; None if nothing is kept."""
    return ReminderTerms.objects.filter(account=account).first()


def due(today: date) -> QuerySet[Receivable]:
    """What is due for its next step, with `sent` (how many it had) and `last_on`, the longest overdue first.

    A step comes no sooner after the one before than their days lie apart, however late the first one was.
    """
    planned = steps()
    if not planned:
        return Receivable.objects.none()
    last = Reminder.objects.filter(invoice=OuterRef("invoice")).order_by("-nth")
    over = Reminder.objects.filter(invoice=OuterRef("invoice"), what=ReminderStep.What.COLLECTION)
    charges = Reminder.objects.filter(charge=OuterRef("invoice"))
    rows = Receivable.objects.filter(
        disputes.IS_ASKED,
        rest__gt=0,
        rest__gte=F("disputed") + _least(),
        due_on__lte=today - _days(planned[0].days),
    )
    rows = rows.annotate(
        sent=Coalesce(Subquery(last.values("nth")[:1]), 0), last_on=Subquery(last.values("sent_on")[:1])
    )
    rows = rows.filter(reduce(or_, _reached(planned, today)), ~Exists(over), ~Exists(charges))
    return rows.order_by("due_on", "pk")


def _reached(planned: Sequence[ReminderStep], today: date) -> Iterable[Q]:
    before = 0
    for index, step in enumerate(planned):
        reached, apart = Q(sent=index, due_on__lte=today - _days(step.days)), _days(step.days - before)
        if index:
            reached &= Q(last_on__lte=today - apart)
        if step.what == ReminderStep.What.COLLECTION:
            answered = disputes.answered_since(today - apart + _days(1), zone=_operator().time_zone, invoice="invoice")
            reached &= Q(disputed=0) & ~answered
        yield reached
        before = step.days


def _days(days: int) -> timedelta:
    return timedelta(days=days)


def _least() -> int:
    """The smallest amount that is reminded of, in coins of the operator's currency."""
    usual, operator = terms(), _operator()
    digits = money.minor_digits(operator.currency)
    return money.to_units(round(usual.least, digits), digits) if usual else 0


def _operator() -> Operator:
    return Operator.objects.get(pk=current_operator_id())


def proposals(rows: Iterable[Receivable], *, today: date) -> list[Proposal]:
    """What the next step of each of these (of `due`) would ask, in as many queries for many as for one."""
    found = list(rows)
    planned, facts = steps(), _Facts(found)
    is_swedish = _operator().country == _LAW[0]
    return [_proposal(row, planned, facts, today, is_swedish=is_swedish) for row in found]


def _proposal(row: Any, planned: Sequence[ReminderStep], facts: "_Facts", today: date, *, is_swedish: bool) -> Proposal:
    step, may_ask = planned[row.sent], is_swedish and row.currency == _LAW[1]
    first = facts.runs_from(row)
    runs = first is not None and first <= today
    kind = facts.costs_kind(row, runs=runs) if may_ask and step.asks_costs else Reminder.Costs.NONE
    more, is_missing = 0, False
    if may_ask and step.asks_interest and first is not None:
        try:
            more = max(0, facts.interest(row, first, today) - facts.interest_asked(row))
        except NoReferenceRate:
            is_missing = True
    costs = _COSTS.get(kind, 0)
    return Proposal(row, step, row.sent + 1, kind, costs, more, is_missing)


class _Facts:
    """What the proposals of some invoices rest on, looked up for all of them at once."""

    def __init__(self, rows: Sequence[Receivable]) -> None:
        ids = [row.invoice_id for row in rows]
        accounts = {row.account_id for row in rows}
        agreed = ReminderTerms.objects.filter(Q(account=None) | Q(account__in=accounts))
        self._terms = {row.account_id: row for row in agreed}
        self._kinds = dict(Account.objects.filter(pk__in=accounts).values_list("pk", "kind"))
        self._begun = _begun(ids)
        sent = Reminder.objects.filter(invoice__in=ids).values("invoice").order_by()
        told = sent.annotate(first=Min("sent_on"), asked=Sum("interest"), costs=Max("costs"))
        self._sent = {row["invoice"]: row for row in told}
        self._paid: dict[int, list[tuple[date, int]]] = defaultdict(list)
        matches = PaymentMatch.objects.filter(invoice__in=ids, purpose=PaymentMatch.Purpose.INVOICE)
        summed = matches.values("invoice", "payment__paid_on").annotate(amount=Sum("amount"))
        for invoice, day, amount in summed.order_by("payment__paid_on").values_list(
            "invoice", "payment__paid_on", "amount"
        ):
            self._paid[invoice].append((day, amount))

    def _agreed(self, row: Receivable) -> ReminderTerms:
        return self._terms.get(row.account_id) or self._terms.get(None) or ReminderTerms()

    def runs_from(self, row: Receivable) -> date | None:
        """The first day with interest; None while it is not known."""
        if row.due_on is None:
            return None
        if self._agreed(row).due_day_agreed:
            return row.due_on + timedelta(days=1)
        sent = self._sent.get(row.invoice_id)
        return sent["first"] + DEMANDED + timedelta(days=1) if sent else None

    def costs_kind(self, row: Receivable, *, runs: bool) -> str:
        """Which costs may be asked now."""
        sent = self._sent.get(row.invoice_id)
        if sent and sent["costs"]:
            return Reminder.Costs.NONE
        if self._kinds[row.account_id] != Account.Kind.PRIVATE:
            return Reminder.Costs.COMPENSATION if runs else Reminder.Costs.NONE
        since, begun = self._agreed(row).fee_since, self._begun.get(row.invoice_id)
        is_agreed = since is not None and begun is not None and since <= begun
        return Reminder.Costs.FEE if is_agreed else Reminder.Costs.NONE

    def interest(self, row: Receivable, first: date, last: date) -> int:
        """All interest from the first day on. What is credited or given up bears none, nor what is disputed now.

        Raises:
            NoReferenceRate: the rate of one of the days is not known.
        """
        left = row.due - row.credited - row.written_off - row.disputed
        owed = [Owed(date.min, left)]
        for day, amount in self._paid.get(row.invoice_id, ()):
            left -= amount
            owed.append(Owed(day + timedelta(days=1), left))
        return interest(owed, first=first, last=last, rates=reference_rates.rates())

    def interest_asked(self, row: Receivable) -> int:
        """What earlier reminders asked of it."""
        sent = self._sent.get(row.invoice_id)
        return sent["asked"] if sent else 0


def _begun(ids: Sequence[int]) -> dict[int, date]:
    """The day on which each of these debts began to arise: of its first charging (by UTC) or fee."""
    sessions = BilledSession.objects.filter(invoice__in=ids).values("invoice").order_by()
    fees = BilledFee.objects.filter(invoice__in=ids).values("invoice").order_by()
    days = [
        *sessions.annotate(first=Min("session__started_at__date")).values_list("invoice", "first"),
        *fees.annotate(first=Min("first_day")).values_list("invoice", "first"),
    ]
    found: dict[int, date] = {}
    for invoice, day in days:
        found[invoice] = min(day, found.get(invoice, day))
    return found


def sums(proposed: Iterable[Proposal]) -> dict[str, Decimal]:
    """What all of them ask beside their invoices, by currency."""
    found: dict[str, int] = defaultdict(int)
    for each in proposed:
        found[each.receivable.currency] += each.asked
    return {currency: money.from_minor(coins, currency) for currency, coins in found.items()}


def listing(*, what: str = "", only_open: bool = False) -> QuerySet[Reminder]:
    """What was sent or handed over, with invoice and payer and what is `open_now` of it in whole coins, in no order."""
    rest = Receivable.objects.filter(invoice=OuterRef("invoice")).values("rest")[:1]
    rows = Reminder.objects.select_related("invoice__buyer", "account__identity", "charge", "sent_by")
    rows = rows.annotate(open_now=Coalesce(Subquery(rest), 0))
    rows = rows.filter(what=what) if what else rows
    return rows.filter(open_now__gt=0) if only_open else rows


def reminded_on(invoice: str = "pk") -> Subquery:
    """The day of the last reminder of an invoice, for a list of them. invoice: whose field."""
    return Subquery(Reminder.objects.filter(invoice=OuterRef(invoice)).order_by("-nth").values("sent_on")[:1])


def of_invoice(invoice: Invoice) -> list[Reminder]:
    """The reminders of an invoice, or those whose charges stand on it, in order."""
    rows = Reminder.objects.filter(Q(invoice=invoice) | Q(charge=invoice)).select_related(
        "invoice", "charge", "sent_by"
    )
    return list(rows.order_by("nth"))
