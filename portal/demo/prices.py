"""The demonstration's tariffs, as OCPI objects: prices excluding 25 % VAT, times in the site's zone."""

from typing import Any

VAT = 25


def tariff(code: str, *elements: dict[str, Any]) -> dict[str, Any]:
    """Return an OCPI 2.2.1 Tariff object."""
    return {
        "country_code": "SE",
        "party_id": "WLD",
        "id": code,
        "currency": "SEK",
        "elements": list(elements),
        "last_updated": "2025-01-01T00:00:00Z",
    }


def energy(price: float, *, start: str = "", end: str = "", days: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an element with a price per kWh, perhaps in a window of the day and on some weekdays."""
    element: dict[str, Any] = {"price_components": [_component("ENERGY", price)]}
    restrictions: dict[str, Any] = {}
    if start:
        restrictions |= {"start_time": start, "end_time": end}
    if days:
        restrictions["day_of_week"] = list(days)
    if restrictions:
        element["restrictions"] = restrictions
    return element


def fee(kind: str, price: float, *, step_size: int = 1) -> dict[str, Any]:
    """Return an element with a start fee (FLAT) or a price per hour (TIME, PARKING_TIME)."""
    return {"price_components": [_component(kind, price, step_size=step_size)]}


def _component(kind: str, price: float, *, step_size: int = 1) -> dict[str, Any]:
    return {"type": kind, "price": price, "vat": VAT, "step_size": step_size}


WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")

# Per operator: name of the tariff, where it applies (a kind of site, or everywhere), what it says.
TARIFFS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "north": [
        ("Publik dag/natt", "", tariff("PUBLIK", energy(3.20, start="06:00", end="22:00"), energy(2.40),
                                       fee("PARKING_TIME", 12.0, step_size=60))),
        ("Boende dag/natt", "home", tariff("BOENDE", energy(2.08, start="06:00", end="22:00"), energy(1.36))),
        ("Arbetsplats fri", "work", tariff("FRI", energy(0.0))),
        ("Snabbladdning", "fast", tariff("SNABB", fee("FLAT", 8.0), energy(5.20, start="07:00", end="20:00"),
                                         energy(4.40), fee("PARKING_TIME", 48.0, step_size=60))),
    ],
    "south": [
        ("Standard", "", tariff("STANDARD", energy(3.60), fee("PARKING_TIME", 18.0, step_size=60))),
        ("Boende dag/natt", "home", tariff("BOENDE", energy(2.40, start="07:00", end="21:00", days=WEEKDAYS),
                                           energy(1.60))),
        ("Snabbladdning", "fast", tariff("SNABB", energy(5.60, start="06:00", end="22:00"), energy(4.64),
                                         fee("PARKING_TIME", 60.0, step_size=60))),
    ],
}  # fmt: skip

# A fleet with a price of its own, at whatever site.
FLEET_TARIFF = ("Flotta fast pris", tariff("FLOTTA", energy(2.72)))
