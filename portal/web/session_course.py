"""The course of a session on one line: what the car did, its power, and the prices that counted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain.explained.price import ExplainedPrice
from billing.domain.tariff.model import Dimension
from charging.domain.course import Course, Phase, course_of
from charging.models import ChargingSession
from portal.web.charts import Chart, Series
from portal.words import measures
from portal.words import prices as price_words
from portal.words.tariffs import BANDS

#: A session that fits into a day is told by the clock alone.
A_DAY: Final = timedelta(hours=20)
DOING: Final[dict[Phase, str | Promise]] = {
    Phase.WAITING: _("waits for power"),
    Phase.CHARGING: _("charges"),
    Phase.PARKED: _("parked"),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the line: what it is called, when, and its position from 0 to 1. `look`: the class of its colour."""

    look: str
    label: str
    at: str
    begin: Decimal
    end: Decimal


@dataclass(frozen=True, slots=True)
class SessionCourse:
    """What the page draws and says. `power`: (position, height) of each slot, both from 0 to 1."""

    events: list[tuple[str, str]]
    phases: list[Stretch]
    prices: list[Stretch]
    power: list[tuple[Decimal, Decimal, Decimal]]
    peak: str
    table: Chart | None

    @property
    def label(self) -> str:
        """The drawing in words."""
        return "; ".join(f"{clock} {what}" for clock, what in self.events)

    def kinds_of_price(self) -> list[Stretch]:
        """Each price once, for the legend."""
        return list({one.label: one for one in self.prices}.values())


def course(session: ChargingSession) -> Course:
    """The course of a stored session."""
    return course_of(
        started=session.started_at,
        ended=session.ended_at,
        charging_ended=session.charging_ended_at,
        series_start=session.series_start,
        interval_s=session.series_interval_s,
        series_wh=session.series_wh,
    )


def told(session: ChargingSession, price: ExplainedPrice | None) -> SessionCourse | None:
    """The course as it is shown; None while the session lasts."""
    known = course(session)
    if session.ended_at is None or session.ended_at <= session.started_at:
        return None
    line = _Line(session.started_at, session.ended_at, session.site.zone)
    power = list(_power(session, line))
    peak = max((height for _b, _e, height in power), default=Decimal(0))
    return SessionCourse(
        events=_events(known, line),
        phases=[
            line.stretch(f"phase-{phase}", f"{DOING[phase]} {measures.duration(_seconds(begin, end))}", begin, end)
            for phase, begin, end in known.phases()
        ],
        prices=list(_prices(price, known, line)) if price else [],
        power=[(begin, end, height / peak if peak else Decimal(0)) for begin, end, height in power],
        peak=measures.kw(peak * 1000) if peak else "",
        table=power_table(session),
    )


class _Line:
    """The line from plugging in to unplugging, and the clock that is written on it."""

    def __init__(self, begin: datetime, end: datetime, zone: ZoneInfo) -> None:
        self.begin, self.end, self.zone = begin, end, zone

    def clock(self, moment: datetime) -> str:
        """The clock of the site, with the weekday when it is not the day of plugging in."""
        return price_words.clock(moment.astimezone(self.zone), self.begin.astimezone(self.zone).date())

    def at(self, moment: datetime) -> Decimal:
        """The position of a moment, from 0 to 1."""
        inside = min(max(moment, self.begin), self.end)
        return Decimal(_seconds(self.begin, inside)) / max(_seconds(self.begin, self.end), 1)

    def stretch(self, look: str, label: str, begin: datetime, end: datetime) -> Stretch:
        at = f"{self.clock(begin)}–{self.clock(end)}"
        return Stretch(look, label, at, self.at(begin), self.at(end))


def _seconds(begin: datetime, end: datetime) -> int:
    return int((end - begin).total_seconds())


def _events(known: Course, line: _Line) -> list[tuple[str, str]]:
    found = [(known.started, gettext("plugged in"))]
    if known.charging_from > known.started:
        found.append((known.charging_from, gettext("charging began")))
    if known.charged_until is not None and known.ended is not None and known.charged_until < known.ended:
        found.append((known.charged_until, gettext("charging ended")))
    if known.ended is not None:
        found.append((known.ended, gettext("unplugged")))
    return [(line.clock(moment), what) for moment, what in found]


def _power(session: ChargingSession, line: _Line) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    """From where to where on the line each slot lies, and its power in kW."""
    for begin, end, kw in _slots(session):
        if kw and begin < line.end:
            yield line.at(begin), line.at(end), kw


def _slots(session: ChargingSession) -> Iterator[tuple[datetime, datetime, Decimal | None]]:
    """Each slot of the meter and its average power in kW while the car was plugged in; None where it was silent.

    A slot that reaches beyond the session gave its energy in the part within it.
    """
    if not session.series_wh or session.series_start is None or not session.series_interval_s:
        return
    slot = timedelta(seconds=session.series_interval_s)
    for index, wh in enumerate(session.series_wh):
        begin = session.series_start + index * slot
        inside = min(begin + slot, session.ended_at or begin + slot) - max(begin, session.started_at)
        seconds = Decimal((inside if inside > timedelta(0) else slot) / timedelta(seconds=1))
        yield begin, begin + slot, None if wh is None else wh * 3600 / seconds / 1000


def _prices(price: ExplainedPrice, known: Course, line: _Line) -> Iterator[Stretch]:
    """Prices of energy, and of time where there are any, as long as they counted."""
    turned = price.turned()
    shown = [part for part in price.slices if part.dimension is not Dimension.FLAT and not part.is_step]
    energy = sorted({part.unit_price for part in shown if part.dimension is Dimension.ENERGY})
    bands = BANDS.get(len(energy), (5,) * len(energy))
    band_of = dict(zip(energy, bands, strict=False))
    for part in shown:
        end = price_words.counted_until(part, known.charged_until)
        look = f"band-{band_of.get(part.unit_price, 0) if part.dimension is Dimension.ENERGY else 0}"
        if part.start < end:
            what = price_words.what(part, with_rate=part.place in turned)
            label = f"{what} {price_words.unit_price(part, price.currency)}"
            yield line.stretch(look, label, part.start, end)


def power_table(session: ChargingSession) -> Chart | None:
    """The average power of each slot, a gap where the meter was silent; None for a session without readings."""
    if not session.series_wh or session.series_start is None or not session.series_interval_s:
        return None
    slots = list(_slots(session))
    starts = [begin for begin, _end, _kw in slots]
    return Chart(
        title=_("Power"),
        x_label=_("From"),
        xs=starts,
        series=[Series(_("Average power"), [kw for _begin, _end, kw in slots], "kW")],
        shape="steps",
        zone=session.site.zone,
        clock_only=starts[-1] - starts[0] < A_DAY,
    )
