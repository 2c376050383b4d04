"""The power of a session over time, from the energy of its meter's slots."""

from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from charging.models import ChargingSession
from portal.web.charts import Chart, Series, Size

#: A session that fits into a day is drawn by the clock alone.
A_DAY = timedelta(hours=20)


def power(session: ChargingSession, *, size: Size = "") -> Chart | None:
    """The average power of each slot, a gap where the meter was silent; None for a session without readings."""
    if not session.series_wh or session.series_start is None or not session.series_interval_s:
        return None
    slot = timedelta(seconds=session.series_interval_s)
    starts = [session.series_start + place * slot for place in range(len(session.series_wh))]
    per_hour = Decimal(3600) / session.series_interval_s / 1000
    return Chart(
        title=_("Power"),
        x_label=_("From"),
        xs=starts,
        series=[Series(_("Average power"), [None if wh is None else wh * per_hour for wh in session.series_wh], "kW")],
        shape="steps",
        zone=session.site.zone,
        clock_only=starts[-1] - starts[0] < A_DAY,
        summary=_("average of each %(minutes)d minutes") % {"minutes": session.series_interval_s // 60},
        size=size,
    )
