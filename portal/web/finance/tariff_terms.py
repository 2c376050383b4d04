"""A tariff in everyday terms, and its way to OCPI elements and back.

Most tariffs are a price per kWh, some hours at another price, and a few fees. `Terms` holds exactly
that, as a person entered it (with or without VAT); `Terms.tariff` writes it as an OCPI tariff, and
`Terms.of` reads one back. A tariff that says more than the terms can (steps, seasons, power limits)
gives None there and is edited as JSON: reading must never lose what a document says.

OCPI prices exclude VAT. A price entered with VAT is divided and kept with six decimals, which brings
the entered price back exactly for every price of at most four decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from fractions import Fraction

from billing.domain import money
from billing.domain.tariff.model import Dimension, Element, Price, PriceComponent, Restrictions, Tariff

ENTERED_DECIMALS = 4
KEPT_DECIMALS = 6
MINUTES_OF_HOUR = 60


@dataclass(frozen=True, slots=True)
class Window:
    """Hours with an energy price of their own. No times: the whole day; no days: every day."""

    price: Decimal
    start: time | None = None
    end: time | None = None
    days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person enters. Prices per kWh, per hour or per session, with VAT when `with_vat`.

    `parking_free_minutes` counts from the plug-in, as OCPI restrictions do: the parking price
    applies at the earliest when the session is that old, and only after charging has ended.
    """

    currency: str
    energy: Decimal | None = None
    windows: tuple[Window, ...] = ()
    start_fee: Decimal | None = None
    charging_hour: Decimal | None = None
    parking_hour: Decimal | None = None
    parking_free_minutes: int = 0
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    vat: Decimal | None = None
    with_vat: bool = True

    @classmethod
    def of(cls, tariff: Tariff) -> Terms | None:
        """Read a tariff back; None when it says something that these terms cannot say."""
        readings = [_read(tariff, with_vat=with_vat) for with_vat in (True, False)]
        faithful = [terms for terms in readings if terms is not None and terms.says_the_same_as(tariff)]
        return min(faithful, key=_decimals_of, default=None)

    def says_the_same_as(self, tariff: Tariff) -> bool:
        """Tell whether the tariff is exactly what these terms would be written as."""
        mine = self.tariff(tariff.id)
        return (mine.currency, mine.elements, mine.min_price, mine.max_price) == (
            tariff.currency,
            tariff.elements,
            tariff.min_price,
            tariff.max_price,
        ) and (tariff.type, tariff.start_date_time, tariff.end_date_time) == (None, None, None)

    def tariff(self, identifier: str) -> Tariff:
        """Write the terms as an OCPI tariff: windows first, then late parking, then what always applies."""
        elements = [self._window(window) for window in self.windows]
        if self.parking_hour is not None and self.parking_free_minutes:
            late = Restrictions(min_duration=self.parking_free_minutes * 60)
            elements.append(Element((self._component(Dimension.PARKING_TIME, self.parking_hour),), late))
        always = self._always()
        if always:
            elements.append(Element(always))
        return Tariff(
            id=identifier,
            currency=self.currency,
            elements=tuple(elements),
            min_price=self._bound(self.minimum),
            max_price=self._bound(self.maximum),
        )

    def _window(self, window: Window) -> Element:
        hours = Restrictions(start_time=window.start, end_time=window.end, day_of_week=window.days)
        return Element((self._component(Dimension.ENERGY, window.price),), hours)

    def _always(self) -> tuple[PriceComponent, ...]:
        parking = None if self.parking_free_minutes else self.parking_hour
        prices = (
            (Dimension.FLAT, self.start_fee),
            (Dimension.ENERGY, self.energy),
            (Dimension.TIME, self.charging_hour),
            (Dimension.PARKING_TIME, parking),
        )
        return tuple(self._component(dimension, price) for dimension, price in prices if price is not None)

    def _component(self, dimension: Dimension, price: Decimal) -> PriceComponent:
        return PriceComponent(dimension, self._excl_vat(price), self.vat)

    def _bound(self, price: Decimal | None) -> Price | None:
        if price is None:
            return None
        return Price(self._excl_vat(price), _plain(price) if self.with_vat else self._incl_vat(price))

    def _excl_vat(self, price: Decimal) -> Decimal:
        if not self.with_vat:
            return _plain(price)
        return _plain(money.round_half_up(Fraction(price) / _factor(self.vat), KEPT_DECIMALS))

    def _incl_vat(self, price: Decimal) -> Decimal:
        return _plain(money.round_half_up(Fraction(price) * _factor(self.vat), KEPT_DECIMALS))


def _factor(vat: Decimal | None) -> Fraction:
    return 1 + Fraction(vat or 0) / 100


def _plain(price: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 60, not 6E+1."""
    return money.round_half_up(price, money.decimals_of(price))


def _read(tariff: Tariff, *, with_vat: bool) -> Terms | None:
    """A guess at the terms behind a tariff; `says_the_same_as` is the judge of it."""
    windows = [element for element in tariff.elements if _is_window(element)]
    late = [element for element in tariff.elements if element.restrictions.min_duration is not None]
    always = {
        component.type: component.price
        for element in tariff.elements
        if element.restrictions == Restrictions()
        for component in element.price_components
    }
    rates = {component.vat for element in tariff.elements for component in element.price_components}
    if len(rates) != 1 or len(late) > 1:
        return None
    vat = rates.pop()

    def entered(price: Decimal | None) -> Decimal | None:
        if price is None or not with_vat:
            return price
        return _plain(money.round_half_up(Fraction(price) * _factor(vat), ENTERED_DECIMALS))

    parking = late[0].price_components[0].price if late else always.get(Dimension.PARKING_TIME)
    return Terms(
        currency=tariff.currency,
        energy=entered(always.get(Dimension.ENERGY)),
        windows=tuple(_window_of(element, entered(element.price_components[0].price)) for element in windows),
        start_fee=entered(always.get(Dimension.FLAT)),
        charging_hour=entered(always.get(Dimension.TIME)),
        parking_hour=entered(parking),
        parking_free_minutes=(late[0].restrictions.min_duration or 0) // 60 if late else 0,
        minimum=_entered_bound(tariff.min_price, with_vat=with_vat),
        maximum=_entered_bound(tariff.max_price, with_vat=with_vat),
        vat=vat,
        with_vat=with_vat,
    )


def _is_window(element: Element) -> bool:
    hours = element.restrictions
    return bool(hours.start_time or hours.end_time or hours.day_of_week)


def _window_of(element: Element, price: Decimal | None) -> Window:
    hours = element.restrictions
    return Window(price or Decimal(0), hours.start_time, hours.end_time, hours.day_of_week)


def _entered_bound(bound: Price | None, *, with_vat: bool) -> Decimal | None:
    if bound is None:
        return None
    return bound.incl_vat if with_vat else bound.excl_vat


def _decimals_of(terms: Terms) -> tuple[int, bool]:
    """How long the prices are to write; a tie goes to prices with VAT, which is how people are told them."""
    window_prices = [window.price for window in terms.windows]
    others = [
        terms.energy,
        terms.start_fee,
        terms.charging_hour,
        terms.parking_hour,
        terms.minimum,
        terms.maximum,
    ]
    written = [price for price in (*window_prices, *others) if price is not None]
    return sum(money.decimals_of(price) for price in written), not terms.with_vat
