"""The time zones a person can choose: those of Europe first, as that is where the operators are."""

from zoneinfo import available_timezones

AREAS = ("Europe/", "Atlantic/", "America/", "Africa/", "Asia/", "Australia/", "Pacific/", "Indian/")


def choices(*likely: str) -> list[tuple[str, str]]:
    """Return the zones as (name, words): the likely ones first, then the others area by area."""
    names = [name for name in available_timezones() if name.startswith(AREAS)] + ["UTC"]
    names.sort(key=lambda name: (next((at for at, area in enumerate(AREAS) if name.startswith(area)), 99), name))
    return [(name, name.replace("_", " ")) for name in dict.fromkeys([*likely, *names])]
