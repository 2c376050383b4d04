"""The demonstration's site hosts: a share by self-billing and energy at cost; two months closed, the last one open."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.services import host_contracts, settlements
from charging.models import Site
from tenants import work
from tenants.models import Account, Operator
from tenants.scoping import tenant_scope

CLOSED = 2


def tell(operator: Operator, *, at: datetime) -> None:
    """Agree with two of north's payers about a site each, three complete months back, and settle two of them."""
    if operator.slug != "north":
        return
    months = _months(at.astimezone(operator.zone).date())
    began = datetime.combine(months[0], datetime.min.time(), operator.zone)
    with tenant_scope(operator.pk):
        share: dict[str, Any] = {"name": "Avtal 2025-3", "share": Decimal(30), "floor": Decimal(500)}
        share |= {"is_self_billed": True, "agreed_on": months[0], "objection_days": 14}
        cost: dict[str, Any] = {"name": "Avtal 2025-7", "kwh_price": Decimal("0.95"), "least_payout": Decimal(200)}
        sites = Site.objects.order_by("pk")
        for kind, terms, site in zip(
            (Account.Kind.COMPANY, Account.Kind.HOUSING),
            (share, cost | {"has_standard_rate": False}),
            sites,
            strict=False,
        ):
            account = Account.objects.get(kind=kind)
            agreed = host_contracts.Agreed(sites=[site], since=months[0], **terms)
            host_contracts.add(account, agreed, at=began)
    for month in months[:CLOSED]:
        _settle(operator, month)


def _months(today: date) -> list[date]:
    """The first days of the last complete months, the oldest first."""
    found, first = [], today.replace(day=1)
    for _ in range(CLOSED + 1):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found[::-1]


def _settle(operator: Operator, month: date) -> None:
    after = datetime.combine(month + timedelta(days=40), datetime.min.time(), operator.zone)
    with tenant_scope(operator.pk):
        row = settlements.ask(month, by=None, at=after)
    work.do_next(work.kind_named(row.work_kind), operator.pk, clock=lambda: after)
    with tenant_scope(operator.pk):
        settlements.close(row, by=None, at=after)
