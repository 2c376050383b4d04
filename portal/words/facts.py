"""The facts of a sentence, written for its reader: the fact's name says how.

A fact that is a code of its own (a role, a state, a permission) gets its word; lengths of time, days and amounts get
their form. What has no writer is shown as it is, a list with commas.
"""

from collections.abc import Callable
from typing import Any

from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain.tariff.model import WEEKDAYS
from portal.words import measures, regions

_DIMENSIONS: dict[str, str | Promise] = {
    "ENERGY": _("energy"),
    "TIME": _("charging time"),
    "PARKING_TIME": _("parking"),
    "FLAT": _("start fee"),
}


# The models are asked for when they are needed: the price engine's command says sentences without a database.
def _roles(codes: list[str]) -> str:
    from tenants.roles import Role  # noqa: PLC0415

    return ", ".join(str(dict(Role.choices).get(code, code)) for code in codes)


def _operator_state(code: str) -> str:
    from tenants.models import Operator  # noqa: PLC0415

    return str(dict(Operator.State.choices).get(code, code))


def _approval_state(code: str) -> str:
    from tenants.models import Approval  # noqa: PLC0415

    return str(dict(Approval.State.choices).get(code, code))


def _import_state(code: str) -> str:
    from charging.models import FileImport  # noqa: PLC0415

    return str(dict(FileImport.State.choices).get(code, code))


def _basis(code: str) -> str:
    from portal.words.station_commands import BASES  # noqa: PLC0415

    return str(BASES.get(code, code))


def _booked_part(code: str) -> str:
    from portal.words.ledger import PARTS  # noqa: PLC0415

    return str(PARTS.get(code, code))


def _fact(code: str) -> str:
    from portal.words.imports import FACTS  # noqa: PLC0415

    return str(dict(FACTS).get(code, code))  # type: ignore[call-overload]


def _lacking(facts: dict[str, list[str]]) -> str:
    """Facts with the columns they were looked for in."""
    nowhere = gettext("no column named")
    return ", ".join(f"{_fact(fact)} ({' / '.join(columns) or nowhere})" for fact, columns in facts.items())


def _permission(code: str) -> str:
    from portal.words import permissions  # noqa: PLC0415

    return next((str(words) for each, words in permissions.WORDS.items() if each == code), code)


def _hours(days: dict[str, list[str]]) -> str:
    """Hours of the week: `Monday 08:00–17:00; Sunday 00:00–24:00`, `daily 22:00–24:00`."""
    if not days:
        return gettext("at any time")
    return "; ".join(f"{_day(name)} {', '.join(windows)}" for name, windows in days.items())


def _day(name: str) -> str:
    return str(DAY_NAMES[WEEKDAYS.index(name)]) if name in WEEKDAYS else gettext("daily")


WRITERS: dict[str, Callable[[Any], str]] = {
    "country": regions.country,
    "roles": _roles,
    "operator_state": _operator_state,
    "approval_state": _approval_state,
    "permission": _permission,
    "import_state": _import_state,
    "basis": _basis,
    "fact": _fact,
    "booked_part": _booked_part,
    "booked_sum": lambda pair: measures.coins(*pair),
    "told_sum": lambda pair: measures.coins(*pair),
    "lacking": _lacking,
    "wait_s": measures.duration,
    "dimension": lambda code: str(_DIMENSIONS[code]) if code in _DIMENSIONS else code,
    "hours": _hours,
}


def written(name: str, fact: Any) -> Any:
    """One fact as its sentence shows it."""
    if fact is None:
        return measures.DASH
    if name in WRITERS:
        return WRITERS[name](fact)
    return ", ".join(str(part) for part in fact) if isinstance(fact, list) else fact
