"""A tariff as rows of prices that a person can read and move, and its way to OCPI elements and back.

OCPI groups prices into elements; for each dimension the first element that has it and whose restrictions hold gives
the price. So one row a price, in their order, says the same: `PriceSheet.of` reads any document into rows, and
`PriceSheet.tariff` writes them, neighbours with the same restrictions as one element. What a row cannot say (an
element with fields of its own, a limit whose two amounts do not go together, when the document is valid) stays as the
document has it, in its place.

OCPI prices exclude VAT. A price entered with VAT is divided and kept with six decimals, which brings the entered price
back exactly for every price of at most four decimals.
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

#: Decimals of a price entered with VAT, and of one without, which is kept as it is.
ENTERED_DECIMALS = 4
KEPT_DECIMALS = 6
MINUTES_OF_HOUR = 60
MIDNIGHT = time(0)

_OF_ELEMENT = {"price_components", "restrictions"}
_OF_COMPONENT = {"type", "price", "vat", "step_size"}
_WRITTEN = ("currency", "elements", "min_price", "max_price")


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
        """Read a stored document, with VAT or without: the way in which its prices are shorter to write."""
        elements = document.get("elements")
        read = [_element(one) for one in (elements if isinstance(elements, list) else [])]
        net = cls(
            currency,
            tuple(row for element in read for row in element),
            vat=_usual_vat([row.vat for element in read for row in element if isinstance(row, Row)]),
            with_vat=False,
            rest={key: value for key, value in document.items() if key not in _WRITTEN},
        )
        sheets = (net._gross()._bounded(document), net._bounded(document))
        faithful = [sheet for sheet in sheets if sheet is sheets[1] or sheet._elements() == net._elements()]
        return min(faithful, key=lambda sheet: (len(sheet.rest), sheet._length(), not sheet.with_vat))

    def document(self) -> dict[str, Any]:
        """The OCPI document; numbers are `Decimal`."""
        bounds = {"min_price": self._bound(self.minimum), "max_price": self._bound(self.maximum)}
        written = {name: bound.to_ocpi() for name, bound in bounds.items() if bound is not None}
        return {**self.rest, "currency": self.currency, **written, "elements": self._elements()}

    def places(self) -> list[tuple[int, Dimension | None]]:
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
        return PriceComponent(row.dimension, self._excl_vat(row.price, row.vat), row.vat, row.step)

    def _gross(self) -> PriceSheet:
        """The same with prices that include VAT, to as many decimals as are entered."""
        rows = tuple(
            replace(row, price=_rounded(Fraction(row.price) * _factor(row.vat))) if isinstance(row, Row) else row
            for row in self.rows
        )
        return replace(self, rows=rows, with_vat=True)

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
        incl = _plain(amount) if self.with_vat else _kept(Fraction(amount) * _factor(self._vat_of_limits()))
        return Price(self._excl_vat(amount, self._vat_of_limits()), incl)

    def _vat_of_limits(self) -> Decimal | None:
        """The tariff's own rate; where its prices have different ones, the highest."""
        return max((row.vat for row in self.rows if isinstance(row, Row) and row.vat is not None), default=self.vat)

    def _excl_vat(self, price: Decimal, vat: Decimal | None) -> Decimal:
        return _kept(Fraction(price) / _factor(vat)) if self.with_vat else _plain(price)

    def _length(self) -> int:
        """How long the prices are to write."""
        prices = [row.price for row in self.rows if isinstance(row, Row)]
        return sum(money.decimals_of(one) for one in (*prices, self.minimum, self.maximum) if one is not None)


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


def _factor(vat: Decimal | None) -> Fraction:
    return 1 + Fraction(vat or 0) / 100


def _rounded(price: Fraction) -> Decimal:
    return _plain(money.round_half_up(price, ENTERED_DECIMALS))


def _kept(price: Fraction) -> Decimal:
    return _plain(money.round_half_up(price, KEPT_DECIMALS))


def _plain(price: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 60, not 6E+1."""
    return money.round_half_up(price, money.decimals_of(price))
