"""What somebody pays somewhere at an instant, and why: the same choice as for a session that starts then."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from billing import batches
from billing.models import TariffAssignment, TariffVersion
from billing.selectors import terms
from charging.domain import holders
from charging.models import Station, Token
from charging.selectors import tokens
from tenants.models import Account, Driver


@dataclass(frozen=True, slots=True)
class Paid:
    """The version that prices, if there is one, the assignments that reach, the one that counts first, and who pays.

    payer: None for anybody without an account here. is_resold: it has the VAT `rate` whatever the version says, as the
    payer buys to resell.
    """

    version: TariffVersion | None
    assignments: list[TariffAssignment]
    payer: Account | None
    is_resold: bool = False
    rate: Decimal | None = None


def paid(driver: Driver | None, station: Station, *, at: datetime, card: Token | None = None) -> Paid:
    """What a session of the driver, or of anybody without terms of their own, is priced by when it starts then.

    card: with which the car would be charged; whoever had it at that instant is its driver then, whoever is named.
    """
    if card is not None:
        holder = holders.holder(tokens.histories([card.pk])[card.pk], at)
        driver = Driver.objects.filter(pk=holder).first() if holder else None
    car = batches.plugged_in(at, station=station, driver=driver, card=card)
    book = terms.price_book()
    versions, chosen = book.choose(car)
    version = versions[int(chosen[0])] if chosen[0] >= 0 else None
    rates, resold = book.taxed(car)
    whose = Q(site=station.site_id, station=None) | Q(station=station)
    whose |= Q(driver=None, account=None, group=None, site=None)
    if driver is not None:
        whose |= Q(driver=driver)
    if group := int(car.group[0]):
        whose |= Q(group=group)
    if account := int(car.account[0]):
        whose |= Q(account=account)
    rows = TariffAssignment.objects.filter(whose, valid_from__lte=at).exclude(valid_until__lte=at)
    listed = sorted(
        rows.select_related("tariff", "driver", "account__identity", "group", "station", "site"),
        key=_strength,
        reverse=True,
    )
    payer = Account.objects.select_related("identity").filter(pk=int(car.payer[0])).first()
    at_rate = int(resold[0])
    return Paid(version, listed, payer, is_resold=at_rate >= 0, rate=rates[at_rate] if at_rate >= 0 else None)


def _strength(row: TariffAssignment) -> tuple[int, datetime, int]:
    """The more particular one counts, and among those for the same the one that began last."""
    rank = row.LEVELS.index(row.level) if row.level in row.LEVELS else -1
    return rank, row.valid_from, row.pk
