"""Charts by day or month: figures for every one of a range, also for those in which nothing happened."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.selectors.revenue import Day
from charging.selectors.drivers import MonthTotals
from portal.web.charts import Chart, Series
from portal.words import measures


def energy_chart(days: Sequence[Day]) -> Chart:
    """Draw the energy of each day."""
    return Chart(
        title=_("Energy by day"),
        x_label=_("Day"),
        xs=[row.day for row in days],
        series=[Series(_("Energy"), [Decimal(row.energy_wh) / 1000 for row in days], "kWh", 0)],
        size="short",
    )


def last_months(count: int, *, today: date) -> list[date]:
    """Return the first days of the last `count` months in order, today's being the last."""
    numbers = range(today.year * 12 + today.month - count, today.year * 12 + today.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def month_chart(months: list[date], totals: Sequence[MonthTotals]) -> Chart:
    """Draw the energy of each month."""
    known = {one.month: one.energy_wh for one in totals}
    return Chart(
        title=_("Energy by month, the last twelve"),
        x_label=_("Month"),
        xs=[measures.month_short(month) for month in months],
        series=[Series(_("Energy"), [Decimal(known.get(month, 0)) / 1000 for month in months], "kWh", 0)],
        size="short",
    )
