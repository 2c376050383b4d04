"""Settlements with site hosts: contracts, months, statements, and what a statement says of each session."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Sum

from billing.domain.hosting import Terms
from billing.models import HostAnswer, HostContract, HostLine, HostPayout, HostSite, HostStatement, Settlement
from tenants.models import Account
from tenants.selectors import accounts
from tenants.selectors.search import among

State = HostStatement.State
#: So many months back may be settled first.
LONGEST_BACK = 12


@dataclass(frozen=True, slots=True)
class Sums:
    """What the statements of a month come to in one currency. net: the hosts' revenue base; total: with VAT."""

    currency: str
    statements: int
    sessions: int
    energy_wh: int
    net: Decimal
    amount: Decimal
    payout: Decimal
    vat: Decimal
    total: Decimal


def contracts(search: str = "", *, in_force: date | None = None) -> QuerySet[HostContract]:
    """Contracts with host and sites, in no order.

    search: a part of the contract's name, or what is known of its host. in_force: without those that ended before it.
    """
    sites = Prefetch("sites", HostSite.objects.select_related("site").order_by("site__name"))
    rows = HostContract.objects.select_related("account__identity").prefetch_related(sites)
    rows = rows.filter(Q(until__isnull=True) | Q(until__gte=in_force)) if in_force else rows
    if not search.strip():
        return rows
    return rows.filter(Q(name__icontains=search.strip()) | among("account", accounts.meant(search)))


def contract(public_id: UUID) -> HostContract | None:
    """A contract with host and sites; None when there is none."""
    return contracts().filter(public_id=public_id).first()


def statements_of(contract: HostContract) -> QuerySet[HostStatement]:
    """The contract's statements, the newest first."""
    return _told(contract.statements.all()).order_by("-month", "-pk")


def listing() -> QuerySet[Settlement]:
    """All settlements, the newest month first."""
    counted = Count("statements")
    return Settlement.objects.select_related("closed_by").annotate(statement_count=counted).order_by("-month")


def one(public_id: UUID) -> Settlement | None:
    """A settlement; None when there is none."""
    rows = Settlement.objects.select_related("requested_by", "closed_by")
    return rows.filter(public_id=public_id).first()


def months_to_settle(today: date) -> list[date]:
    """The complete months that may be settled now, the newest first: the open one, or those after the last closed."""
    opened = Settlement.objects.exclude(stage=Settlement.Stage.CLOSED).first()
    if opened is not None:
        return [opened.month]
    closed = Settlement.objects.aggregate(last=Max("month"))["last"]
    found: list[date] = []
    month = _before(today.replace(day=1))
    while len(found) < LONGEST_BACK and (closed is None or month > closed):
        found.append(month)
        month = _before(month)
    return found


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def statements(settlement: Settlement) -> QuerySet[HostStatement]:
    """Its statements with host and contract, those left out first, then the largest."""
    return _told(settlement.statements.all()).order_by("-state", "-total", "pk")


def sums(settlement: Settlement) -> list[Sums]:
    """What they come to, one row a currency; what is left out is not in it."""
    rows = settlement.statements.exclude(state=State.LEFT_OUT).order_by("currency").values_list("currency")
    names = ("sessions", "energy_wh", "net", "amount", "payout", "vat", "total")
    return [Sums(*row) for row in rows.annotate(Count("pk"), *(Sum(name) for name in names))]


def statement(public_id: UUID) -> HostStatement | None:
    """A statement with all that its page says; None when there is none."""
    return _told(HostStatement.objects.all()).filter(public_id=public_id).first()


def of_account(account: Account) -> QuerySet[HostStatement]:
    """What was closed for a host, the newest first, as its own people see it."""
    return _told(HostStatement.objects.filter(account=account, state=State.CLOSED)).order_by("-month", "-pk")


def is_host(account: Account) -> bool:
    """Whether the account has, or had, a contract for a site."""
    return HostContract.objects.filter(account=account).exists()


def lines(statement: HostStatement) -> QuerySet[HostLine]:
    """Its sessions with their sites; their keys are in order of time, and nothing in them says who charged."""
    return statement.lines.select_related("session__site", "session__station")


def terms_of(contract: HostContract) -> Terms:
    """What was agreed, as the formula takes it."""
    return Terms(
        since=contract.since,
        until=contract.until,
        share=contract.share,
        kwh_price=contract.kwh_price,
        rent=contract.rent,
        fee=contract.fee,
        floor=contract.floor,
        currency=contract.currency,
    )


def payout(statement: HostStatement) -> HostPayout | None:
    """That the statement was paid, if it was and nobody took that back."""
    rows = HostPayout.objects.filter(statement=statement, undoes__isnull=True, undone_by__isnull=True)
    return rows.select_related("recorded_by").first()


def unpaid() -> QuerySet[HostStatement]:
    """The closed statements that are to be paid, those due first."""
    paid = HostPayout.objects.filter(statement=OuterRef("pk"), undoes__isnull=True, undone_by__isnull=True)
    rows = HostStatement.objects.filter(~Exists(paid), state=State.CLOSED, total__gt=0)
    return rows.select_related("account__identity").order_by("due_on", "pk")


def owed() -> list[tuple[str, int, Decimal]]:
    """What is to be paid to hosts now: currency, how many statements, how much with VAT."""
    rows = unpaid().order_by("currency").values_list("currency")
    return list(rows.annotate(Count("pk"), Sum("total")))


def answers(statement: HostStatement) -> QuerySet[HostAnswer]:
    """What the host answered, the newest first."""
    return statement.answers.select_related("given_by").order_by("-pk")


def closed(since: datetime, until: datetime) -> QuerySet[HostStatement]:
    """The statements closed from `since` (inclusive) to `until` (exclusive), in that order, with the host's account.

    What is owed since then: `payout` without VAT, `vat`, and `total`; only of those with a `number` is this
    document the invoice, and its VAT the operator's to deduct.
    """
    rows = HostStatement.objects.select_related("account__identity", "contract").filter(state=State.CLOSED)
    return rows.filter(closed_at__gte=since, closed_at__lt=until).order_by("closed_at", "pk")


def facts(settlement: Settlement) -> dict[str, Any]:
    """What a second person approves: how many statements over how much, and a hash over what each of them says."""
    rows = sums(settlement)
    return {
        "month": f"{settlement.month:%Y-%m}",
        "statements": sum(row.statements for row in rows),
        "amounts": {row.currency: str(row.total) for row in rows},
        "statements_sha256": _digest(settlement),
    }


def _digest(settlement: Settlement) -> str:
    digest = hashlib.sha256()
    names = (
        *("pk", "contract_id", "state", "sessions", "energy_wh", "net", "carried_in", "set_off", "payout"),
        *("vat_rate", "total"),
    )
    for fact in settlement.statements.order_by("pk").values_list(*names):
        digest.update(" ".join(map(str, fact)).encode() + b"\n")
    return digest.hexdigest()


def _told(rows: QuerySet[HostStatement]) -> QuerySet[HostStatement]:
    newest = Prefetch("answers", HostAnswer.objects.select_related("given_by").order_by("-pk"))
    return rows.select_related("account__identity", "contract", "host", "settlement").prefetch_related(newest)
