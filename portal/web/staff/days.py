"""Charts by day: figures for every day of a range, also for the days on which nothing happened."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from charging.selectors.drivers import MonthTotals
from charging.selectors.sessions import DayTotals
from portal.web.charts import Chart, Series
from portal.words import measures

NOTHING = DayTotals(0, 0)


def last_days(count: int, *, today: date) -> list[date]:
    """Return the last `count` days in order, today being the last."""
    return [today - timedelta(days=ago) for ago in reversed(range(count))]


def energy_chart(days: list[date], totals: Mapping[date, DayTotals]) -> Chart:
    """Draw the energy of each day."""
    energy = [Decimal(totals.get(day, NOTHING).energy_wh) / 1000 for day in days]
    return Chart(
        title=_("Energy by day"),
        x_label=_("Day"),
        xs=days,
        series=[Series(_("Energy"), energy, "kWh", 0)],
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
