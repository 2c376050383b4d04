"""What accounts owe: the balance of one, what is open of it, and all of them by how long it is overdue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Least

from billing.models import PaymentMatch, Receivable
from billing.selectors import reminders
from tenants.models import Account

#: The last days of the parts of the ageing list, counted from the day an invoice was due; the last part has none.
STEPS: Final = (0, 30, 60, 90)
PARTS: Final = ("not_due", "to_30", "to_60", "to_90", "older")
#: What of an open rest is disputed, and what is to be paid of it.
_WAITS: Final = Least("rest", "disputed")
_ASKED: Final = F("rest") - _WAITS


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account owes in one currency, in whole coins: open invoices, less what is to be given back or kept.

    overdue: without what is disputed, which is `waiting`. owed: below zero, the operator owes the account.
    """

    currency: str
    open: int
    overdue: int
    waiting: int
    too_much: int
    on_account: int

    @property
    def to_use(self) -> int:
        """What the operator holds of the account's money."""
        return self.too_much + self.on_account

    @property
    def owed(self) -> int:
        """Open invoices, less what was paid too much for others, less what stands on the account."""
        return self.open - self.to_use


def of_account(account: Account, *, today: date) -> list[Balance]:
    """The account's balance in each currency in which there ever was one, by currency."""
    rows: QuerySet[Any] = Receivable.objects.filter(account=account).order_by()
    names = ("open", "overdue", "waiting", "too_much")
    nothing = dict.fromkeys(names, 0)
    summed = rows.values("currency").annotate(**_sums(today)).values_list("currency", *names)
    sums = {each: dict(zip(names, found, strict=True)) for each, *found in summed}
    matches = PaymentMatch.objects.filter(account=account, purpose=PaymentMatch.Purpose.ACCOUNT)
    kept = dict(matches.values_list("payment__currency").annotate(Sum("amount")).order_by())
    currencies = sorted({*sums, *kept})
    return [Balance(each, **sums.get(each, nothing), on_account=kept.get(each, 0)) for each in currencies]


def _sums(today: date) -> dict[str, Any]:
    positive = Q(rest__gt=0)
    return {
        "open": Sum("rest", filter=positive, default=0),
        "overdue": Sum(_ASKED, filter=positive & Q(due_on__lt=today), default=0),
        "waiting": Sum(_WAITS, filter=positive, default=0),
        "too_much": -Sum("rest", filter=Q(rest__lt=0), default=0),
    }


def open_invoices(account: Account) -> QuerySet[Receivable]:
    """What is open of the account's invoices (`reminded_on`), or paid too much, the oldest first."""
    rows = Receivable.objects.filter(account=account).exclude(rest=0).select_related("invoice")
    return rows.annotate(reminded_on=reminders.reminded_on("invoice")).order_by("due_on", "pk")


def kept(account: Account) -> QuerySet[PaymentMatch]:
    """What stands on the account of payments, the newest first."""
    rows = PaymentMatch.objects.filter(account=account, purpose=PaymentMatch.Purpose.ACCOUNT)
    return rows.filter(undoes__isnull=True, undone_by__isnull=True).select_related("payment").order_by("-pk")


def ageing(*, today: date) -> QuerySet[Any]:
    """What is open by account and currency, and together (`total`).

    It is told apart by how long it is overdue (`PARTS`); what of it is disputed (`waiting`) is in none of these.
    """
    rows = Receivable.objects.filter(rest__gt=0).values("account", "currency").order_by()
    return rows.annotate(**_parts(today), waiting=Sum(_WAITS), total=Sum("rest"))


def owners(keys: Iterable[int]) -> dict[int, Account]:
    """The accounts with these numbers, with their names."""
    return Account.objects.select_related("identity").in_bulk(list(keys))


def ageing_sums(*, today: date) -> list[dict[str, Any]]:
    """The same of all accounts together, a currency a row."""
    rows: QuerySet[Any] = Receivable.objects.filter(rest__gt=0).values("currency").order_by("currency")
    return list(rows.annotate(**_parts(today), waiting=Sum(_WAITS), total=Sum("rest")))


def _parts(today: date) -> dict[str, Any]:
    return {name: Coalesce(Sum(_ASKED, filter=condition), 0) for name, condition in _conditions(today)}


def _conditions(today: date) -> Iterator[tuple[str, Q]]:
    for name, after, until in zip(PARTS, (None, *STEPS), (*STEPS, None), strict=True):
        condition = Q()
        if after is not None:  # overdue by more days than the part before
            condition &= Q(due_on__lt=today - timedelta(days=after))
        if until is not None:
            condition &= Q(due_on__gte=today - timedelta(days=until))
        yield name, condition if after is not None else condition | Q(due_on__isnull=True)
