"""Contracts with site hosts: agreed, corrected while nothing of them is closed, ended.

What statements said stays: once one is closed only the end may change, and not to a day that is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from billing.domain import money
from billing.domain.calendar import month_after
from billing.domain.errors import BillingError, Code
from billing.models import HostContract, HostSite, HostStatement
from billing.selectors.vat_rates import standard_rate
from charging.models import Site
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id

#: So many days back a contract may begin; further back it is a slip of the pen.
LONGEST_BACK = 366
AMOUNTS = ("rent", "fee", "floor", "least_payout")


class HostRefused(BillingError):
    """A contract cannot be agreed or ended like that, or its month cannot be settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What a host is to get, in the operator's currency; see `HostContract`.

    has_standard_rate: VAT is the standard one of the operator's country; else it is `vat_rate`, or none.
    """

    name: str
    sites: Sequence[Site]
    since: date
    until: date | None = None
    share: Decimal = Decimal(0)
    kwh_price: Decimal = Decimal(0)
    rent: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    floor: Decimal | None = None
    least_payout: Decimal = Decimal(0)
    has_standard_rate: bool = True
    vat_rate: Decimal | None = None
    is_self_billed: bool = False
    agreed_on: date | None = None
    objection_days: int | None = None


@transaction.atomic
def add(account: Account, agreed: Agreed, *, at: datetime) -> HostContract:
    """Agree with an account on what it gets for its sites.

    Raises:
        HostRefused: it gives nothing, ends before it begins, begins too long ago, is about no site or one that another
            contract is about on one of its days, or is self-billed without the day on which that was agreed.
    """
    return _written(HostContract(account=account), agreed, at=at)


@transaction.atomic
def change(contract: HostContract, agreed: Agreed, *, at: datetime) -> HostContract:
    """Correct a contract of which nothing is closed.

    Raises:
        HostRefused: as `add` does, or a statement of it is closed.
    """
    contract = _held(contract)
    if settled_until(contract) is not None:
        raise HostRefused(Code.HOST_CONTRACT_STAYS, field="contract", value=contract.name)
    return _written(contract, agreed, at=at)


@transaction.atomic
def end(contract: HostContract, *, until: date | None, at: datetime) -> HostContract:
    """Let the contract end with the day `until`, or go on (None).

    Raises:
        HostRefused: it begins, or is settled, after that day; or another contract is about one of its sites then.
    """
    contract = _held(contract)
    settled = settled_until(contract)
    if until is not None and until < contract.since:
        raise HostRefused(Code.FEE_ENDS_FIRST, field="until", value=f"{until}")
    if until is not None and settled is not None and until < settled:
        raise HostRefused(Code.HOST_SETTLED_UNTIL, field="until", value=f"{until}", day=settled)
    sites = Site.objects.filter(host_contracts__contract=contract)
    _check_sites(list(sites), contract.since, until, but=contract.pk)
    contract.until, contract.changed_at = until, at
    contract.save(update_fields=["until", "changed_at"])
    for row in HostSite.objects.filter(contract=contract):
        row.until = until
        row.save(update_fields=["until"])
    return contract


def settled_until(contract: HostContract) -> date | None:
    """The last day that a closed statement of the contract is about; None while none is closed."""
    closed = contract.statements.filter(state=HostStatement.State.CLOSED).aggregate(last=Max("month"))["last"]
    if closed is None:
        return None
    last = date.fromordinal(month_after(closed).toordinal() - 1)
    return min(last, contract.until) if contract.until else last


def _held(contract: HostContract) -> HostContract:
    return HostContract.objects.select_for_update(of=("self",)).get(pk=contract.pk)


def _written(contract: HostContract, agreed: Agreed, *, at: datetime) -> HostContract:
    # Locking the operator puts contracts in a line: the second one is told which site the first one took.
    operator = Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())
    _check(agreed, operator, at.astimezone(operator.zone).date())
    _check_sites(agreed.sites, agreed.since, agreed.until, but=contract.pk)
    for name in ("since", "until", "share", "kwh_price", *AMOUNTS):
        setattr(contract, name, getattr(agreed, name))
    contract.name = agreed.name.strip()
    contract.currency = operator.currency
    contract.vat_country = operator.country if agreed.has_standard_rate else ""
    contract.vat_rate = None if agreed.has_standard_rate else agreed.vat_rate
    contract.is_self_billed = agreed.is_self_billed
    contract.agreed_on = agreed.agreed_on if agreed.is_self_billed else None
    contract.objection_days = agreed.objection_days if agreed.is_self_billed else None
    contract.changed_at = at
    contract.save()
    HostSite.objects.filter(contract=contract).delete()
    for site in agreed.sites:
        HostSite.objects.create(contract=contract, site=site, since=agreed.since, until=agreed.until)
    return contract


def _check(agreed: Agreed, operator: Operator, today: date) -> None:
    if agreed.until is not None and agreed.until < agreed.since:
        raise HostRefused(Code.FEE_ENDS_FIRST, field="until", value=f"{agreed.until}")
    if (today - agreed.since).days > LONGEST_BACK:
        raise HostRefused(Code.FEE_TOO_LONG_AGO, field="since", value=f"{agreed.since}", days=LONGEST_BACK)
    if not agreed.sites:
        raise HostRefused(Code.HOST_WITHOUT_SITE, field="sites")
    if not (agreed.share or agreed.kwh_price or agreed.rent or agreed.floor):
        raise HostRefused(Code.HOST_GETS_NOTHING, field="share")
    if agreed.is_self_billed and agreed.agreed_on is None:
        raise HostRefused(Code.SELF_BILLING_NOT_AGREED, field="agreed_on")
    _check_amounts(agreed, operator)


def _check_amounts(agreed: Agreed, operator: Operator) -> None:
    digits = money.minor_digits(operator.currency)
    for name in AMOUNTS:
        amount = getattr(agreed, name)
        if amount is not None and (amount < 0 or amount != round(amount, digits)):
            raise HostRefused(Code.HOST_AMOUNT, field=name, value=f"{amount}", digits=digits)
    if agreed.has_standard_rate and standard_rate(operator.country, agreed.since) is None:
        raise HostRefused(Code.NO_STANDARD_RATE, field="vat_rate", value=operator.country, country=operator.country)


def _check_sites(sites: Sequence[Site], since: date, until: date | None, *, but: int | None) -> None:
    """Refuse a site that another contract is about on one of the days."""
    rows = HostSite.objects.filter(site__in=sites).exclude(contract=but).exclude(until__lt=since)
    rows = rows.filter(since__lte=until) if until else rows
    taken = rows.select_related("contract", "site").order_by("since", "pk").first()
    if taken is not None:
        raise HostRefused(
            Code.HOST_SITE_TAKEN, field="sites", value=taken.site.name, site=taken.site.name, name=taken.contract.name
        )
