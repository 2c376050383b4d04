"""The logo and the colour of a document: how large the one stands, and whether the other can be read on paper."""

import re
from decimal import Decimal
from typing import Any, Final

from billing.models import Letterhead

#: The colour of documents of an operator that has chosen none.
OURS: Final = "#0b6b53"
#: What text needs against its ground (WCAG 2.2, 1.4.3).
READABLE: Final = Decimal("4.5")
#: How much of the colour the ground of the sum to pay has.
_TINT: Final = Decimal("0.07")
_LARGEST_MM: Final = (Decimal(55), Decimal(18))
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


def look(letterhead: Letterhead | None) -> dict[str, Any]:
    """Of the page model: the colour, the ground made of it, and the width of the logo in mm, 0 without one."""
    colour = letterhead.colour if letterhead else OURS
    return {"colour": colour, "ground": ground(colour), "logo_mm": _width(letterhead)}


def is_colour(text: str) -> bool:
    """Whether it is a colour as a document has it: `#0b6b53`."""
    return _COLOUR.fullmatch(text) is not None


def ground(colour: str) -> str:
    """The tint of the colour on which the sum to pay stands."""
    mixed = (255 - (255 - part) * _TINT for part in _parts(colour))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def contrast(colour: str) -> Decimal:
    """How well text of the colour is read on its own tint, the darkest ground it has: from 1 to 21."""
    low, high = sorted((_luminance(colour), _luminance(ground(colour))))
    return (high + Decimal("0.05")) / (low + Decimal("0.05"))


def _width(letterhead: Letterhead | None) -> float:
    if not letterhead or not letterhead.logo:
        return 0
    widest, highest = _LARGEST_MM
    return float(min(widest, highest * letterhead.width / letterhead.height))


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _luminance(colour: str) -> Decimal:
    linear = [
        part / Decimal("12.92")
        if part <= Decimal("0.04045")
        else ((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
        for part in (Decimal(part) / 255 for part in _parts(colour))
    ]
    return Decimal("0.2126") * linear[0] + Decimal("0.7152") * linear[1] + Decimal("0.0722") * linear[2]
