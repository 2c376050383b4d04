"""Re-ratings: the list, and what one comes to for everybody it concerns."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Abs

from billing.models import Invoice, RerateItem, Rerating
from billing.sql.rerating import BY_SESSION, OF_SESSIONS
from charging.models import ChargingSession, Site
from tenants.models import Account

State = RerateItem.State
#: What is decided on, before and after it has been done.
COUNTED = (State.CHANGES, State.DONE)


@dataclass(frozen=True, slots=True)
class OfAccount:
    """What a payer is credited and billed anew, with VAT. `difference`: what they pay more."""

    account: Account
    currency: str
    invoices: int
    sessions: int
    credited: Decimal
    billed: Decimal

    @property
    def difference(self) -> Decimal:
        """What the payer pays more than before; less than nothing is what they get back."""
        return self.billed - self.credited


@dataclass(frozen=True, slots=True)
class Sums:
    """What it comes to in one currency.

    dearer, cheaper: how many sessions, and by how much together, with VAT and before what is taken off.
    """

    currency: str
    accounts: int
    invoices: int
    credited: Decimal
    billed: Decimal
    dearer: int = 0
    dearer_by: Decimal = Decimal(0)
    cheaper: int = 0
    cheaper_by: Decimal = Decimal(0)

    @property
    def difference(self) -> Decimal:
        """What all pay more than before."""
        return self.billed - self.credited


@dataclass(frozen=True, slots=True)
class OfSession:
    """What one session comes to more, with VAT and before what is taken off."""

    session: ChargingSession
    account: Account
    invoice: Invoice
    currency: str
    difference: Decimal


def listing(
    *, why: str = "", stage: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Rerating]:
    """Re-ratings that meet all criteria, in no order. since, until: when they were asked for, the end excluded."""
    rows = Rerating.objects.select_related("requested_by")
    rows = rows.filter(why=why) if why else rows
    rows = rows.filter(stage=stage) if stage else rows
    rows = rows.filter(requested_at__gte=since) if since else rows
    return rows.filter(requested_at__lt=until) if until else rows


def one(public_id: UUID) -> Rerating | None:
    """A re-rating with who asked for it; None when there is none."""
    return Rerating.objects.select_related("requested_by").filter(public_id=public_id).first()


def sums(rerating: Rerating) -> list[Sums]:
    """What it comes to, one row a currency."""
    rows = rerating.items.filter(state__in=COUNTED).order_by("currency").values_list("currency")
    found: Any = rows.annotate(Count("account", distinct=True), Count("pk"), Sum("credited"), Sum("billed"))
    payers, sessions = by_account(rerating), _of_sessions(rerating)
    if isinstance(payers, list):  # others than those who are credited are billed anew
        count = Counter(row["currency"] for row in payers)
        found = [(currency, count[currency], *sums) for currency, _, *sums in found]
    return [Sums(*row, *sessions.get(row[0], ())) for row in found]


def by_session(rerating: Rerating, *, limit: int) -> list[OfSession]:
    """What so many sessions come to more, the greatest difference first; those that come to the same are left out."""
    with connection.cursor() as cursor:
        cursor.execute(BY_SESSION, {**_counted(rerating), "limit": limit})
        found = cursor.fetchall()
    sessions = ChargingSession.objects.select_related("site").in_bulk([row[0] for row in found])
    invoices = Invoice.objects.select_related("account__identity").in_bulk([row[1] for row in found])
    return [
        OfSession(sessions[session], invoices[invoice].account, invoices[invoice], currency, difference)
        for session, invoice, currency, difference in found
        if session in sessions
    ]


def _of_sessions(rerating: Rerating) -> dict[str, tuple[Any, ...]]:
    """By currency how many sessions come to more, by how much, how many to less, and by how much."""
    with connection.cursor() as cursor:
        cursor.execute(OF_SESSIONS, _counted(rerating))
        return {currency: tuple(sums) for currency, *sums in cursor.fetchall()}


def _counted(rerating: Rerating) -> dict[str, Any]:
    return {"operator": rerating.operator_id, "rerating": rerating.pk, "counted": list(COUNTED)}


def by_account(rerating: Rerating) -> QuerySet[Any, Any] | list[dict[str, Any]]:
    """What each payer gains or loses, the greatest difference first: rows for `of_account`."""
    summed = _by_account(rerating)
    moved = rerating.items.filter(state__in=COUNTED, facts__has_key="payers")
    found = {(row["account"], row["currency"]): dict(row) for row in summed} if moved.exists() else {}
    for item in moved:
        own = found[item.account_id, item.currency]
        own["billed"] -= item.billed
        for account, share in item.facts["payers"].items():
            nothing = {"account": int(account), "currency": item.currency, "invoices": 0, "sessions": 0}
            row = found.setdefault((int(account), item.currency), {**nothing, "credited": _NONE, "billed": _NONE})
            row["billed"] += Decimal(share["billed"])
            if row is not own:
                row["invoices"] += 1
                row["sessions"] += share["sessions"]
    if not found:
        return summed
    return sorted(found.values(), key=lambda row: (-abs(row["billed"] - row["credited"]), row["account"]))


_NONE: Final = Decimal(0)


def _by_account(rerating: Rerating) -> QuerySet[Any, Any]:
    """What is credited of each payer's invoices, and billed anew in their place."""
    rows = rerating.items.filter(state__in=COUNTED).order_by().values("account", "currency")
    sums = rows.annotate(
        invoices=Count("pk"), sessions=Sum("sessions__len"), credited=Sum("credited"), billed=Sum("billed")
    )
    return sums.order_by(Abs(F("billed") - F("credited")).desc(), "account", "currency")


def of_account(rows: Iterable[Mapping[str, Any]]) -> list[OfAccount]:
    """These rows of `by_account` with their payers."""
    found = list(rows)
    accounts = Account.objects.select_related("identity").in_bulk([row["account"] for row in found])
    return [OfAccount(**{**row, "account": accounts[row["account"]]}) for row in found]


def refused(rerating: Rerating, *, limit: int) -> list[RerateItem]:
    """The invoices that cannot be re-rated, with why."""
    rows = rerating.items.filter(state=State.REFUSED).select_related("invoice", "account__identity")
    return list(rows.order_by("pk")[:limit])


def documents(rerating: Rerating, *, limit: int) -> list[Invoice]:
    """The credit notes and invoices it made, in the order of their numbers."""
    made = rerating.items.filter(state=State.DONE).values_list("documents", flat=True)[:limit]
    ids = [document for one_item in made for document in one_item]
    return list(Invoice.objects.select_related("buyer", "account", "credits").filter(pk__in=ids).order_by("number"))


def sites(rerating: Rerating) -> list[Site]:
    """The sites it is about; none is all of them."""
    return list(Site.objects.filter(pk__in=rerating.sites).order_by("name"))


def accounts(rerating: Rerating) -> list[Account]:
    """The payers it is about; none is all of them."""
    return list(Account.objects.select_related("identity").filter(pk__in=rerating.accounts).order_by("pk"))


def facts(rerating: Rerating) -> dict[str, Any]:
    """What exactly a second person approves: why, how much, and a hash over every invoice's part."""
    found = sums(rerating)
    digest = hashlib.sha256()
    items = rerating.items.filter(state__in=COUNTED).order_by("pk")
    rows = items.values_list("invoice_id", "sessions", "credited", "billed", "said", "facts")
    for *row, told in rows.iterator(chunk_size=10_000):
        payers = [sorted(told["payers"].items())] if told else []
        digest.update(" ".join(map(str, [*row, *payers])).encode() + b"\n")
    return {
        "reason": rerating.reason,
        "since": rerating.since.isoformat(),
        "until": rerating.until.isoformat(),
        "invoices": sum(row.invoices for row in found),
        "amounts": {row.currency: str(row.difference) for row in found},
        "items_sha256": digest.hexdigest(),
    }
