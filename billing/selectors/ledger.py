"""The ledger read: trial balance, VAT, the rows of an account, and whether it says what the documents say.

Sums come from `LedgerSum`, which the database keeps, so that a month costs the same however much stands in it. Only the
`checks`, which a month must pass before it is closed, add up documents and payments again. Amounts are whole coins,
debit positive.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from billing.domain import money
from billing.domain.calendar import month_after
from billing.models import (
    BookingAccount,
    ClosedMonth,
    HostPayout,
    HostStatement,
    Invoice,
    LedgerEntry,
    LedgerRow,
    LedgerSum,
    LedgerWork,
    Payment,
    PaymentMatch,
    WriteOff,
)
from billing.selectors import booking_accounts
from billing.selectors.booking_accounts import OF_FEES, Account, Chart
from billing.sql import ledger as sql
from billing.sql import ledger_checks
from billing.sql.documents import bounds
from billing.sql.documents import month as days_of
from tenants.scoping import current_operator_id

#: What counts with sales in a report of VAT.
_WITH_SALES: Final = frozenset({"late_costs", "interest", "loss"})
#: Accounts from here on are of income and costs: their balance begins anew with each year.
_FIRST_OF_RESULT: Final = "3"


@dataclass(frozen=True, slots=True)
class Line:
    """An account in a month: what stood there before (of income: this year), what came, what stands there after."""

    currency: str
    number: str
    name: str
    before: int
    debit: int
    credit: int

    @property
    def after(self) -> int:
        """What stands on it when the month ends."""
        return self.before + self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Tax:
    """What was sold and owed in VAT at a rate in a month, as the books have it: a sale is above zero.

    country: the other one whose VAT it is; empty for the operator's own.
    """

    currency: str
    country: str
    rate: Decimal | None
    sales: int
    vat: int

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Sales and VAT as amounts."""
        return amount(self.sales, self.currency), amount(self.vat, self.currency)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the ledger and what it is made from must say alike, in one currency."""

    part: str
    currency: str
    booked: int
    told: int

    @property
    def holds(self) -> bool:
        """Whether both say the same."""
        return self.booked == self.told


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the ledger: what was booked in it in each currency (debit = credit), and when it was closed."""

    month: date
    turnover: dict[str, int]
    closed: ClosedMonth | None


def months() -> list[Month]:
    """The months in which something is booked, the newest first."""
    found: dict[date, dict[str, int]] = defaultdict(dict)
    sums = LedgerSum.objects.values("month", "currency").annotate(all=Sum("debit")).order_by("currency")
    for row in sums:
        found[row["month"]][row["currency"]] = row["all"]
    closed = {row.month: row for row in ClosedMonth.objects.select_related("closed_by")}
    return [Month(month, found[month], closed.get(month)) for month in sorted({*found, *closed}, reverse=True)]


def first_open() -> date | None:
    """The month that is closed next; None as long as nothing is booked."""
    last = ClosedMonth.objects.order_by("-month").values_list("month", flat=True).first()
    if last is not None:
        return month_after(last)
    return LedgerSum.objects.order_by("month").values_list("month", flat=True).first()


def closed(month: date) -> ClosedMonth | None:
    """When and by whom a month was closed; None while it is open."""
    return ClosedMonth.objects.select_related("closed_by").filter(month=month).first()


def is_behind() -> bool:
    """Whether something that happened is not booked yet, because it is older than the ledger."""
    row = LedgerWork.objects.first()
    if row is not None and row.state != LedgerWork.State.DONE:
        return True
    return bool(behind(row))


def behind(row: LedgerWork | None) -> set[str]:
    """The kinds of which the first event is not booked. row: what is known of it, so that it is not looked for again.

    To look takes longer the more the operator has, and the timetable asks every minute.
    """
    known = row.reached if row else {}
    asked = (kind for kind in sql.SOURCES if known.get(kind) != LedgerWork.ALL)
    return {kind for kind in asked if not _is_first_booked(sql.SOURCES[kind])}


def _is_first_booked(source: sql.Source) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql.is_first_booked(source), {"operator": current_operator_id(), "after": 0})
        found = cursor.fetchone()
    return found is None or bool(found[0])


def trial_balance(month: date) -> list[Line]:
    """All accounts in a month, by currency and number: as it was closed, or as it stands."""
    kept = closed(month)
    if kept is not None:
        return [Line(**row) for row in kept.figures]
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    chart, names = booking_accounts.chart(), dict[str, str]()
    for row in LedgerSum.objects.filter(month__lte=month):
        account = _account(chart, row.use, row.account, row.country)
        if account.number >= _FIRST_OF_RESULT and row.month.year < month.year:
            continue
        names.setdefault(account.number, account.name)
        found = sums[row.currency, account.number]
        if row.month < month:
            found[0] += row.debit - row.credit
        else:
            found[1] += row.debit
            found[2] += row.credit
    lines = (Line(currency, number, names[number], *found) for (currency, number), found in sorted(sums.items()))
    return [line for line in lines if line.before or line.debit or line.credit]


def _account(chart: Chart, use: str, own: str, country: str) -> Account:
    if not own:
        return chart.account(use, country)
    return next((account for account in chart if account.number == own), Account(own, OF_FEES))


def taxes(month: date) -> list[Tax]:
    """Sales and VAT of a month by country and rate: the operator's own first, the highest first, outside VAT last.

    What paying late costs is outside it; a receivable lost for certain lowers sales and VAT of its rate.
    """
    found: dict[tuple[str, str, Decimal | None], list[int]] = defaultdict(lambda: [0, 0])
    for row in LedgerSum.objects.filter(month=month):
        if row.use.startswith(("sales_", "vat_")) or row.use in _WITH_SALES:
            found[row.currency, row.country, row.vat_rate][row.use.startswith("vat_")] -= row.debit - row.credit
    order = sorted(found.items(), key=lambda pair: (*pair[0][:2], pair[0][2] is None, -(pair[0][2] or 0)))
    return [Tax(*key, *sums) for key, sums in order]


def lost(days: tuple[date, date], *, as_of: datetime) -> list[Tax]:
    """What receivables lost for certain took back by country and rate, of what was booked on the days: below zero.

    as_of: what was written down later does not count.
    """
    rows = LedgerRow.objects.filter(Q(use="loss") | Q(use__startswith="vat_"), booked_on__range=days)
    rows = rows.filter(entry__kind=LedgerEntry.Kind.WRITE_OFF, entry__created_at__lte=as_of)
    found: dict[tuple[str, str, Decimal | None], list[int]] = defaultdict(lambda: [0, 0])
    sums = rows.values_list("entry__currency", "country", "vat_rate", "use").annotate(Sum("amount")).order_by()
    for currency, country, rate, use, coins in sums:
        found[currency, country, rate][use != "loss"] -= coins
    return [Tax(*key, *sums) for key, sums in found.items()]


def deducted(month: date) -> list[tuple[str, int]]:
    """The VAT of a month's own invoices of hosts, which is the operator's to deduct, by currency."""
    sums = LedgerSum.objects.filter(month=month, use=BookingAccount.Use.INPUT_VAT).values_list("currency").order_by()
    found = sums.annotate(coins=Sum("debit") - Sum("credit")).order_by("currency")
    return [(currency, int(coins)) for currency, coins in found if coins]


def input_vat(days: tuple[date, date], *, as_of: datetime) -> dict[str, Decimal]:
    """The VAT to deduct of statements that are the host's own invoice, booked on the days, by currency.

    as_of: what was written down later does not count.
    """
    rows = LedgerRow.objects.filter(use=BookingAccount.Use.INPUT_VAT, booked_on__range=days)
    rows = rows.filter(entry__kind=LedgerEntry.Kind.STATEMENT, entry__created_at__lte=as_of)
    sums = rows.values_list("entry__currency").annotate(Sum("amount")).order_by()
    return {currency: amount(coins, currency) for currency, coins in sums if coins}


def rows(number: str, month: date) -> QuerySet[LedgerRow]:
    """The rows of an account in a month, the newest first, with their entry."""
    chart = booking_accounts.chart()
    kept = LedgerSum.objects.filter(month=month).values_list("use", "account", "country").distinct()
    pairs = Q()
    for use, own, country in kept:
        if _account(chart, use, own, country).number == number:
            pairs |= Q(use=use, account=own, country=country)
    found = LedgerRow.objects.filter(pairs, booked_on__range=days_of(month)) if pairs else LedgerRow.objects.none()
    return found.select_related("entry", "site").order_by("-booked_on", "-pk")


def bookings_of(kind: str, source: int) -> list[tuple[Account, LedgerRow]]:
    """How one event is booked: its rows, each with its account."""
    chart = booking_accounts.chart()
    found = LedgerRow.objects.filter(entry__kind=kind, entry__source=source)
    return [
        (_account(chart, row.use, row.account, row.country), row)
        for row in found.select_related("entry", "site").order_by("position")
    ]


def sources(entries: Iterable[LedgerEntry]) -> dict[int, Any]:
    """What was booked, by entry, each with what it is about: its payment, invoice or statement."""
    wanted: dict[str, dict[int, int]] = defaultdict(dict)
    for entry in entries:
        wanted[entry.kind][entry.source] = entry.pk
    return {
        wanted[kind][key]: row
        for kind, rows in _SOURCES.items()
        if kind in wanted
        for key, row in rows().in_bulk(list(wanted[kind])).items()
    }


_SOURCES: Final[dict[str, Callable[[], QuerySet[Any]]]] = {
    LedgerEntry.Kind.DOCUMENT: Invoice.objects.all,
    LedgerEntry.Kind.PAYMENT: Payment.objects.all,
    LedgerEntry.Kind.MATCH: lambda: PaymentMatch.objects.select_related("payment", "invoice"),
    LedgerEntry.Kind.WRITE_OFF: lambda: WriteOff.objects.select_related("invoice"),
    LedgerEntry.Kind.STATEMENT: lambda: HostStatement.objects.select_related("account__identity"),
    LedgerEntry.Kind.PAYOUT: lambda: HostPayout.objects.select_related("statement__account__identity"),
}


def checks(month: date) -> list[Check]:
    """What must be equal before the month is closed, by part and currency."""
    given = {"operator": current_operator_id(), "month": month, **bounds(*days_of(month))}
    return [check for part, statement in ledger_checks.CHECKS.items() for check in _checked(part, statement, given)]


def _checked(part: str, statement: str, given: dict[str, Any]) -> Iterator[Check]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        for currency, booked, told in cursor.fetchall():
            yield Check(part, currency, int(booked), int(told))


def totals(lines: Iterable[Line]) -> dict[str, tuple[int, int]]:
    """Debit and credit of a month together, by currency: each is as much as the other."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        found[line.currency][0] += line.debit
        found[line.currency][1] += line.credit
    return {currency: (debit, credit) for currency, (debit, credit) in found.items()}


def amount(coins: int, currency: str) -> Decimal:
    """Whole coins as an amount."""
    return Decimal(coins).scaleb(-money.minor_digits(currency))
