"""The clocks of an incident: whom the law wants told by when, counted from when it was known here.

NIS2 (Directive (EU) 2022/2555) art. 23(4): an early warning within 24 hours, a notice within 72, a final report within
a month; the law counts that month from the notice, so counted from when it was known it is never too late. GDPR
art. 33(1): the authority within 72 hours, unless a risk to people is unlikely; art. 34(1): the people themselves
without undue delay, where the risk is high. Hours are counted as they pass, over nights and weekends.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tenants.months import months_after


class Clock(StrEnum):
    """Who has to be told. Stored, so the codes never change."""

    WARNING = "nis2_warning"
    AUTHORITY = "gdpr_authority"
    NOTICE = "nis2_notice"
    PEOPLE = "gdpr_people"
    REPORT = "nis2_report"


LAW: dict[Clock, str] = {
    Clock.WARNING: "NIS2 art. 23(4)(a)",
    Clock.AUTHORITY: "GDPR art. 33(1)",
    Clock.NOTICE: "NIS2 art. 23(4)(b)",
    Clock.PEOPLE: "GDPR art. 34(1)",
    Clock.REPORT: "NIS2 art. 23(4)(d)",
}
_HOURS = {Clock.WARNING: 24, Clock.NOTICE: 72, Clock.AUTHORITY: 72}
NIS2 = frozenset({Clock.WARNING, Clock.NOTICE, Clock.REPORT})


def due_at(clock: Clock, known_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Until when somebody has to be told; None where the law names no time but "without undue delay"."""
    if clock in _HOURS:
        return known_at + timedelta(hours=_HOURS[clock])
    if clock is Clock.PEOPLE:
        return None
    local = known_at.astimezone(zone)
    return datetime.combine(months_after(local.date(), 1), local.time(), tzinfo=zone)


def runs(clock: Clock, *, is_significant: bool, risk: str) -> bool:
    """Whether the clock runs: NIS2's for a significant incident, the others by the risk to people."""
    if clock in NIS2:
        return is_significant
    return risk == "high" if clock is Clock.PEOPLE else risk != "none"
