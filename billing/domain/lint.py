"""What a person should know about a tariff before publishing it."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark: a stable code, the place in the tariff, and a sentence."""

    code: str
    place: str
    sentence: str


def lint_tariff(tariff: Tariff) -> list[Finding]:
    """Every remark about a tariff, in the order of its elements."""
    return [
        Finding(
            "SAME_START_AND_END",
            f"elements[{place}].restrictions",
            "start_time equals end_time: the whole day.",
        )
        for place, element in enumerate(tariff.elements)
        if element.restrictions.start_time is not None
        and element.restrictions.start_time == element.restrictions.end_time
    ]
