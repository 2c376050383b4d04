"""A driver's charging by month: which months there are, and what stands in one.

A session belongs to the month in which it ended by the operator's clock, as on the invoice; one in
progress to the month in which it began.
"""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce, TruncMonth

from billing.domain.calendar import month_bounds
from billing.models import SessionPrice
from billing.selectors import session_ledger
from billing.selectors.session_ledger import Entry
from charging.models import ChargingSession
from charging.selectors import sessions
from tenants.models import Driver, Operator

#: No session lasts longer, so older starts need not be read.
LONGEST = timedelta(days=366)


def months(driver: Driver, *, operator: Operator) -> list[date]:
    """The months in which the driver charged, newest first. One query over the driver's own sessions."""
    own = ChargingSession.objects.filter(driver=driver)
    month = TruncMonth(Coalesce("ended_at", "started_at"), tzinfo=operator.zone)
    found = own.annotate(month=month).order_by().values_list("month", flat=True).distinct()
    return sorted((moment.date() for moment in found), reverse=True)


def usual_price(driver: Driver, first: date, *, currency: str, operator: Operator) -> Decimal | None:
    """What a kWh cost the driver in the year before this month, fees and VAT included; None without any."""
    begin, _end = month_bounds(first, operator.time_zone)
    within = Q(session__started_at__gte=begin - LONGEST, session__started_at__lt=begin)
    mine = SessionPrice.objects.filter(within, session__driver=driver, currency=currency)
    sums = mine.filter(state=SessionPrice.State.PRICED).aggregate(
        amount=Sum("amount_incl_vat"), energy_wh=Sum("session__energy_wh")
    )
    return per_kwh(sums["amount"], sums["energy_wh"])


def per_kwh(amount: Decimal | None, energy_wh: int | Decimal | None) -> Decimal | None:
    """The price of a kWh on average, to the hundredth; None where nothing was charged or paid."""
    if not amount or not energy_wh:
        return None
    return (amount * 1000 / energy_wh).quantize(Decimal("0.01"))


def month(driver: Driver, first: date, *, operator: Operator) -> list[Entry]:
    """The driver's sessions of the month with price and invoice, newest first. Three queries."""
    begin, end = month_bounds(first, operator.time_zone)
    own = ChargingSession.objects.filter(driver=driver, started_at__gte=begin - LONGEST, started_at__lt=end)
    within = Q(ended_at__gte=begin, ended_at__lt=end) | Q(ended_at__isnull=True, started_at__gte=begin)
    rows = sessions.shown(own.filter(within)).order_by("-started_at", "-pk")
    return session_ledger.entries(list(rows))
