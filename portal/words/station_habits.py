"""What a station is made of and how it goes about things, in words."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from charging.domain.ocpp.habits import UNSAID, Habits, Made
from portal.words import measures

#: A clock that is off by less is right: the network takes as long.
RIGHT_S, NOT_SET_S = 10, 86_400


def made(told: Made) -> list[tuple[str, str]]:
    """Return what a station said it is made of, by name; what it did not say is left out."""
    rows = [
        (_("Firmware"), told.firmware),
        (_("Serial number"), told.serial),
        (_("Type of meter"), told.meter),
        (_("Serial number of the meter"), told.meter_serial),
    ]
    return [(name, value) for name, value in rows if value]


def told(found: Habits) -> list[tuple[str, str]]:
    """Return the habits that are known, by name."""
    return list(_told(found))


def _told(found: Habits) -> Iterator[tuple[str, str]]:
    if found.units:
        words = [_("names no unit: Wh is meant") if unit == UNSAID else unit for unit in found.units]
        yield _("Energy in"), ", ".join(words)
    if found.exports:
        yield _("Energy register"), _("exported energy only")
    if found.counts_on is not None:
        yield _("Its meter"), _("goes on counting") if found.counts_on else _("begins at zero with each session")
    if found.every_s:
        yield _("Readings"), _("every %(time)s") % {"time": measures.duration(found.every_s)}
    if found.clock_s is not None:
        yield _("Its clock"), _clock(found.clock_s)


def _clock(ahead_s: int) -> str:
    if abs(ahead_s) < RIGHT_S:
        return _("is right")
    if abs(ahead_s) > NOT_SET_S:
        return _("is not set")
    words = _("is %(time)s ahead") if ahead_s > 0 else _("is %(time)s behind")
    return words % {"time": measures.duration(abs(ahead_s))}
