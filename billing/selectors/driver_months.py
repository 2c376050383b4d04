"""A driver's charging by month: which months there are, and what stands in one.

A session belongs to the month in which it ended by the operator's clock, as on the invoice; one in
progress to the month in which it began.
"""

from datetime import date, timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce, TruncMonth

from billing.domain.calendar import month_bounds
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


def month(driver: Driver, first: date, *, operator: Operator) -> list[Entry]:
    """The driver's sessions of the month with price and invoice, newest first. Three queries."""
    begin, end = month_bounds(first, operator.time_zone)
    own = ChargingSession.objects.filter(driver=driver, started_at__gte=begin - LONGEST, started_at__lt=end)
    within = Q(ended_at__gte=begin, ended_at__lt=end) | Q(ended_at__isnull=True, started_at__gte=begin)
    rows = sessions.shown(own.filter(within)).order_by("-started_at", "-pk")
    return session_ledger.entries(list(rows))
