"""A tariff as rows of prices that a person can read and move, and its way to OCPI elements and back.

OCPI groups prices into elements; for each dimension the first element that has it and whose restrictions hold gives
the price. So one row a price, in their order, says the same: `PriceSheet.of` reads any document into rows, and
`PriceSheet.document` writes them, neighbours with the same restrictions as one element. What a row cannot say (an
element with fields of its own, a limit whose two amounts do not go together, when the document is valid) stays as the
document has it, in its place.

Prices are kept as they are entered: with VAT, if the sheet says so (`tax_included` of OCPI 2.3.0), or without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.domain import money
from billing.domain.errors import BillingError
from billing.domain.tariff.kept import VAT_DECIMALS
from billing.domain.tariff.model import WEEKDAYS, Dimension, Element, Price, PriceComponent, Restrictions

#: Decimals of a price that is easy to enter, and of any that is kept.
EASY_DECIMALS = 4
KEPT_DECIMALS = 6
MINUTES_OF_HOUR = 60
MIDNIGHT = time(0)

_OF_ELEMENT = {"price_components", "restrictions"}
_OF_COMPONENT = {"type", "price", "vat", "step_size"}
_WRITTEN = ("currency", "elements", "min_price", "max_price")
_WITH_VAT = {"tax_included": "YES"}


@dataclass(frozen=True, slots=True)
class Row:
    """One price as it is entered: per kWh, hour or session, with VAT if the sheet says so."""

    dimension: Dimension
    price: Decimal
    vat: Decimal | None = None
    restrictions: Restrictions = field(default_factory=Restrictions)
    step: int = 1


@dataclass(frozen=True, slots=True, eq=True)
class Kept:
    """An element that stays as its document has it."""

    element: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """A tariff as it is entered. `rest`: what the document says besides, untouched."""

    currency: str
    rows: tuple[Row | Kept, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    vat: Decimal | None = None
    with_vat: bool = True
    rest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any], *, currency: str) -> PriceSheet:
        """Read a stored document."""
        elements = document.get("elements")
        read = [_element(one) for one in (elements if isinstance(elements, list) else [])]
        with_vat = _WITH_VAT.items() <= document.items()
        sheet = cls(
            currency,
            tuple(row for element in read for row in element),
            vat=_usual_vat([row.vat for element in read for row in element if isinstance(row, Row)]),
            with_vat=with_vat,
            rest={k: v for k, v in document.items() if k not in _WRITTEN and not (with_vat and k in _WITH_VAT)},
        )
        return sheet._bounded(document)

    def document(self) -> dict[str, Any]:
        """The OCPI document; numbers are `Decimal`."""
        bounds = {"min_price": self._bound(self.minimum), "max_price": self._bound(self.maximum)}
        written = {name: bound.to_ocpi() for name, bound in bounds.items() if bound is not None}
        said = _WITH_VAT if self.with_vat else {}
        return {**self.rest, "currency": self.currency, **said, **written, "elements": self._elements()}

    def positions(self) -> list[tuple[int, Dimension | None]]:
        """For each row the number of its element in the document, from 0, and its dimension; None for a kept one."""
        found: list[tuple[int, Dimension | None]] = []
        for number, group in enumerate(self._groups()):
            found += [(number, row.dimension if isinstance(row, Row) else None) for row in group]
        return found

    def _groups(self) -> list[list[Row | Kept]]:
        """Rows that stand together in an element: neighbours with the same restrictions, each dimension once."""
        groups: list[list[Row | Kept]] = []
        for row in self.rows:
            if groups and isinstance(row, Row) and _joins(groups[-1], row):
                groups[-1].append(row)
            else:
                groups.append([row])
        return groups

    def _elements(self) -> list[dict[str, Any]]:
        return [self._element(group) for group in self._groups()]

    def _element(self, group: Sequence[Row | Kept]) -> dict[str, Any]:
        first = group[0]
        if isinstance(first, Kept):
            return dict(first.element)
        components = tuple(self._component(row) for row in group if isinstance(row, Row))
        return Element(components, first.restrictions).to_ocpi()

    def _component(self, row: Row) -> PriceComponent:
        return PriceComponent(row.dimension, _plain(row.price), row.vat, row.step)

    def _bounded(self, document: Mapping[str, Any]) -> PriceSheet:
        """With the limits of the document as amounts to enter, where one amount says them; else they stay."""
        sheet = self
        for name, side in (("min_price", "minimum"), ("max_price", "maximum")):
            if document.get(name) is None:
                continue
            amount = _limit(document[name], with_vat=self.with_vat)
            if amount is not None and self._bound(amount) == _price(document[name]):
                sheet = replace(sheet, **{side: amount})  # type: ignore[arg-type]
            else:
                sheet = replace(sheet, rest={**sheet.rest, name: document[name]})
        return sheet

    def _bound(self, amount: Decimal | None) -> Price | None:
        if amount is None:
            return None
        factor = 1 + Fraction(self._vat_of_limits() or 0) / 100
        if self.with_vat:
            return Price(_kept(Fraction(amount) / factor), _plain(amount))
        return Price(_plain(amount), _kept(Fraction(amount) * factor))

    def _vat_of_limits(self) -> Decimal | None:
        """The tariff's own rate; where its prices have different ones, the highest."""
        return max((row.vat for row in self.rows if isinstance(row, Row) and row.vat is not None), default=self.vat)


def whole_day(restrictions: Restrictions) -> Restrictions:
    """The same times in one way of writing: both ends or none, and all seven days as none."""
    start, end = restrictions.start_time, restrictions.end_time
    start, end = start or MIDNIGHT, end or MIDNIGHT
    days = () if len(restrictions.day_of_week) == len(WEEKDAYS) else restrictions.day_of_week
    times = (None, None) if start == end else (start, end)
    return replace(restrictions, start_time=times[0], end_time=times[1], day_of_week=days)


def _element(written: Any) -> list[Row | Kept]:
    """The rows of an element, or the element itself where rows would lose something of it."""
    try:
        element = Element.parse(written, "elements")
    except BillingError:
        return [Kept(written if isinstance(written, dict) else {"price_components": written})]
    names = set(written) - _OF_ELEMENT | {name for one in written["price_components"] for name in one} - _OF_COMPONENT
    if names or not all(map(_is_enterable, element.price_components)):
        return [Kept(written)]
    times = whole_day(element.restrictions)
    return [
        Row(one.type, one.price, one.vat, times, 1 if one.type is Dimension.FLAT else one.step_size)
        for one in element.price_components
    ]


def _is_enterable(one: PriceComponent) -> bool:
    """Whether it can be kept at all: a document that came in before the limits did may say more."""
    fine = money.decimals_of(one.price) <= KEPT_DECIMALS and money.decimals_of(one.vat or Decimal(0)) <= VAT_DECIMALS
    return one.price >= 0 and fine


def _joins(group: Sequence[Row | Kept], row: Row) -> bool:
    return all(
        isinstance(one, Row) and one.restrictions == row.restrictions and one.dimension is not row.dimension
        for one in group
    )


def _usual_vat(rates: Sequence[Decimal | None]) -> Decimal | None:
    """The rate that most prices have. None if one has none: that cannot be said of a single row."""
    return None if not rates or None in rates else Counter(rates).most_common(1)[0][0]


def _price(written: Any) -> Price | None:
    try:
        return Price.parse(written, "limit")
    except BillingError:
        return None


def _limit(written: Any, *, with_vat: bool) -> Decimal | None:
    """The amount that a person would enter for this limit."""
    limit = _price(written)
    if limit is None:
        return None
    return limit.incl_vat if with_vat else limit.excl_vat


def _kept(price: Fraction) -> Decimal:
    return _plain(money.round_half_up(price, KEPT_DECIMALS))


def _plain(price: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 60, not 6E+1."""
    return money.round_half_up(price, money.decimals_of(price))
