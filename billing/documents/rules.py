"""Which of a tariff's prices a line is: `22:00–06:00`, `Sat–Sun`, `other times`, as the tariff says it.

A line holds what it prices and at how much; the tariff's wording says when that price holds. Where a tariff has one
price for a thing, or the same price at several times, nothing needs to be told apart.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

import orjson

from billing.documents.words import Words
from billing.domain.errors import BillingError
from billing.domain.tariff.model import WEEKDAYS, Restrictions, Tariff, parse_tariff
from billing.models import InvoiceLine


class Rules:
    """The wordings of the tariffs on a document: each is read once, and each price said once."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._prices: dict[tuple[object, ...], str] = {}

    def of(self, line: InvoiceLine) -> str:
        """When the line's price holds; empty where there is nothing to tell apart."""
        price = (line.tariff_version_id, line.component, line.unit_price)
        if price not in self._prices:
            self._prices[price] = self._when(line)
        return self._prices[price]

    def _when(self, line: InvoiceLine) -> str:
        version = line.tariff_version
        tariff = _read(orjson.dumps(version.document)) if version else None
        prices = list(_prices(tariff, line.component)) if tariff else []
        if len({price for price, _when in prices}) < 2:
            return ""
        when = {self._said(restrictions) for price, restrictions in prices if price == line.unit_price}
        return " / ".join(sorted(when)) if len(when) <= 2 else ""

    def _said(self, rule: Restrictions) -> str:
        parts = [self._days(rule.day_of_week), _clock(rule), _season(rule)]
        said = ", ".join(part for part in parts if part)
        if said:
            return said
        return self._words["other_times" if rule == Restrictions() else "special_rate"]

    def _days(self, names: Iterable[str]) -> str:
        days = sorted(WEEKDAYS.index(name) for name in names)
        called = self._words["days"].split()
        if not days or len(days) == len(WEEKDAYS):
            return ""
        if len(days) > 1 and days == list(range(days[0], days[-1] + 1)):
            return f"{called[days[0]]}\u2013{called[days[-1]]}"
        return ", ".join(called[day] for day in days)


@lru_cache(maxsize=256)
def _read(wording: bytes) -> Tariff | None:
    """What the wording says: very many documents have the same one. None: it cannot be read."""
    try:
        return parse_tariff(orjson.loads(wording))
    except BillingError:
        return None


def _prices(tariff: Tariff, component: str) -> Iterable[tuple[Decimal, Restrictions]]:
    for element in tariff.elements:
        for price in element.price_components:
            if price.type.value == component:
                yield price.price, element.restrictions


def _clock(rule: Restrictions) -> str:
    if rule.start_time is None and rule.end_time is None:
        return ""
    start = f"{rule.start_time:%H:%M}" if rule.start_time else "00:00"
    return f"{start}\u2013{rule.end_time:%H:%M}" if rule.end_time else f"{start}\u201324:00"


def _season(rule: Restrictions) -> str:
    if rule.start_date is None and rule.end_date is None:
        return ""
    return f"{rule.start_date or ''}\u2013{rule.end_date or ''}"
