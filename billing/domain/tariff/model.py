"""The OCPI 2.2.1 tariff as frozen values: `Tariff`, `Element`, `PriceComponent`, `Restrictions`.

A tariff is a list of elements tried in order; for each dimension the first element that names it and whose
restrictions hold gives the price (mod_tariffs, "Tariff elements"). These classes hold what was said and nothing else:
no prices are computed here. `parse_tariff` is the only way in and refuses what cannot be priced, naming the field;
`Tariff.to_ocpi` is the way out, and the two are each other's inverse.

Prices are in `currency`, per kWh, per hour, or per session (FLAT). They exclude VAT, unless the tariff says
`tax_included` (a field of OCPI 2.3.0, read and written here beside those of 2.2.1). `vat` is a percentage; None means
that no VAT applies, which is not the same statement as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final, Self

from billing.domain import documents, money
from billing.domain.documents import Document, Wanted, bad
from billing.domain.errors import Code, TariffError, UnknownComponent


class Dimension(Enum):
    """What a price component prices."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    FLAT = "FLAT"


class ReservationKind(Enum):
    """When an element prices reserved time: when the reservation is used, or when it expires unused."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """One price: `price` per unit of `type`, sold in steps of `step_size` (Wh or s; 0 and FLAT: no steps)."""

    type: Dimension
    price: Decimal
    vat: Decimal | None = None
    step_size: int = 1

    @classmethod
    def parse(cls, document: object, path: str) -> Self:
        fields = documents.mapping(document, path)
        name = fields.get("type")
        if not isinstance(name, str) or name not in Dimension.__members__:
            wanted = ", ".join(Dimension.__members__)
            raise bad(f"{path}.type", name, Wanted.ONE_OF, UnknownComponent, names=wanted)
        vat = documents.optional_decimal(fields, "vat", path)
        if vat is not None and not 0 <= vat <= 100:
            raise bad(f"{path}.vat", fields["vat"], Wanted.PERCENTAGE)
        return cls(
            type=Dimension[name],
            price=documents.decimal(fields.get("price"), f"{path}.price"),
            vat=vat,
            step_size=documents.whole(fields.get("step_size", 1), f"{path}.step_size"),
        )

    def to_ocpi(self) -> dict[str, Any]:
        document: dict[str, Any] = {"type": self.type.value, "price": self.price}
        if self.vat is not None:
            document["vat"] = self.vat
        return document | {"step_size": self.step_size}


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies: all that are given must hold. Times and dates are local to the site."""

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: tuple[str, ...] = ()
    reservation: ReservationKind | None = None

    @classmethod
    def parse(cls, document: object, path: str) -> Self:
        if document is None or document == []:  # an empty object, as PHP writes it
            return cls()
        fields = documents.mapping(document, path)
        unknown = sorted(set(fields) - set(cls.__slots__))
        if unknown:
            raise bad(f"{path}.{unknown[0]}", fields[unknown[0]], Wanted.RESTRICTION)
        given = {key: fields[key] for key in cls.__slots__ if fields.get(key) is not None}
        return cls(**{key: _RESTRICTIONS[key](value, f"{path}.{key}") for key, value in given.items()})

    def to_ocpi(self) -> dict[str, Any]:
        given = ((key, getattr(self, key)) for key in self.__slots__)
        return {key: _plain(value) for key, value in given if value is not None and value != ()}


def _amount(value: object, path: str) -> Decimal:
    number = documents.decimal(value, path)
    if number < 0:
        raise bad(path, value, Wanted.AT_LEAST_0)
    return number


def _weekdays(value: object, path: str) -> tuple[str, ...]:
    names = documents.sequence(value, path)
    for position, name in enumerate(names):
        if name not in WEEKDAYS:
            raise bad(f"{path}[{position}]", name, Wanted.WEEKDAY)
    return tuple(name for name in WEEKDAYS if name in names)


def _reservation(value: object, path: str) -> ReservationKind:
    if isinstance(value, str) and value in ReservationKind.__members__:
        return ReservationKind(value)
    raise bad(path, value, Wanted.RESERVATION)


_RESTRICTIONS: dict[str, Any] = {
    "start_time": documents.clock,
    "end_time": documents.clock,
    "start_date": documents.day,
    "end_date": documents.day,
    **dict.fromkeys(("min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power"), _amount),
    "min_duration": documents.whole,
    "max_duration": documents.whole,
    "day_of_week": _weekdays,
    "reservation": _reservation,
}


def _plain(value: object) -> object:
    """A field as JSON has it; numbers stay `Decimal`."""
    match value:
        case time():
            return value.strftime("%H:%M")
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case tuple():
            return list(value)
    return value


@dataclass(frozen=True, slots=True)
class Element:
    """Prices that apply together, while the restrictions hold."""

    price_components: tuple[PriceComponent, ...]
    restrictions: Restrictions = field(default_factory=Restrictions)

    @classmethod
    def parse(cls, document: object, path: str) -> Self:
        fields = documents.mapping(document, path)
        listed = documents.sequence(fields.get("price_components"), f"{path}.price_components")
        if not listed:
            raise bad(f"{path}.price_components", listed, Wanted.COMPONENTS)
        components = tuple(
            PriceComponent.parse(one, f"{path}.price_components[{position}]") for position, one in enumerate(listed)
        )
        restrictions = Restrictions.parse(fields.get("restrictions"), f"{path}.restrictions")
        if restrictions.reservation is not None:
            _check_reservation(components, path)
        return cls(components, restrictions)

    def to_ocpi(self) -> dict[str, Any]:
        document: dict[str, Any] = {"price_components": [one.to_ocpi() for one in self.price_components]}
        restrictions = self.restrictions.to_ocpi()
        return document | ({"restrictions": restrictions} if restrictions else {})


def _check_reservation(components: tuple[PriceComponent, ...], path: str) -> None:
    """Reservation elements may hold only FLAT and TIME (mod_tariffs, "ReservationRestrictionType")."""
    for position, component in enumerate(components):
        if component.type not in (Dimension.FLAT, Dimension.TIME):
            field_path = f"{path}.price_components[{position}].type"
            raise bad(field_path, component.type.value, Wanted.RESERVED_DIMENSION)


#: Decimals of a price that VAT was taken out of, as lines of invoices have them.
_PRICE_DIGITS: Final = 6
#: What OCPI calls the amounts of a bound without and with VAT.
_PRICE_221: Final = ("excl_vat", "incl_vat")
_PRICE_230: Final = ("before_taxes", "after_taxes")
#: What OCPI 2.3.0 may say of the prices of a tariff. `N/A`: no tax applies to any of them.
_TAX_INCLUDED: Final = {"YES": True, "NO": False, "N/A": False}


@dataclass(frozen=True, slots=True)
class Price:
    """A bound on the whole session. `incl_vat` None: the bound says nothing about VAT and is scaled with the price."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None

    @classmethod
    def parse(cls, document: object, path: str) -> Self | None:
        if document is None:
            return None
        fields = documents.mapping(document, path)
        excl_vat, incl_vat = _PRICE_230 if _PRICE_230[0] in fields and "excl_vat" not in fields else _PRICE_221
        incl = documents.optional_decimal(fields, incl_vat, path)
        return cls(_amount(fields.get(excl_vat), f"{path}.{excl_vat}"), incl)

    def to_ocpi(self) -> dict[str, Any]:
        document: dict[str, Any] = {"excl_vat": self.excl_vat}
        return document if self.incl_vat is None else document | {"incl_vat": self.incl_vat}


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff as published. `version` is ours: which text of it this is; it travels to every priced slice.

    `has_vat` is False for OCPI 2.1.1, which knows no VAT at all: totals including VAT are then unknown, not equal.
    `tax_included`: the prices of its components include VAT.
    """

    id: str
    currency: str
    elements: tuple[Element, ...]
    type: str | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
    country_code: str = ""
    party_id: str = ""
    last_updated: datetime | None = None
    version: str = ""
    has_vat: bool = True
    tax_included: bool = False

    def valid_at(self, at: datetime) -> bool:
        """Whether a session that starts `at` may be priced by it: from start (included) to end (excluded)."""
        begun = self.start_date_time is None or at >= self.start_date_time
        return begun and (self.end_date_time is None or at < self.end_date_time)

    def of_energy_only(self) -> Self:
        """The same prices for energy and none for anything else; the least price goes, the greatest stays."""
        priced = (replace(element, price_components=_of_energy(element.price_components)) for element in self.elements)
        kept = tuple(element for element in priced if element.price_components)
        nothing = Element((PriceComponent(Dimension.ENERGY, Decimal(0)),))
        return replace(self, elements=kept or (nothing,), min_price=None)

    def taxed(self, vat: Decimal | None) -> Self:
        """The same prices without the VAT they have, and with this one instead; limits are those without VAT.

        A price that includes VAT has it taken out, and is rounded to as many decimals as an invoice says.
        """
        elements = tuple(
            replace(element, price_components=tuple(self._taxed(one, vat) for one in element.price_components))
            for element in self.elements
        )
        low, high = (limit and replace(limit, incl_vat=None) for limit in (self.min_price, self.max_price))
        return replace(self, elements=elements, min_price=low, max_price=high, tax_included=False)

    def _taxed(self, one: PriceComponent, vat: Decimal | None) -> PriceComponent:
        price = one.price
        if self.tax_included and one.vat:
            price = money.round_half_up(Fraction(price) / (1 + Fraction(one.vat) / 100), _PRICE_DIGITS)
        return replace(one, price=price, vat=vat)

    def at_rate(self, vat: Decimal, was: Decimal) -> Self:
        """The same prices, what has this rate of VAT having another one than it was: those that include it, too."""
        elements = tuple(
            replace(
                element,
                price_components=tuple(
                    replace(one, vat=vat) if one.vat == was else one for one in element.price_components
                ),
            )
            for element in self.elements
        )
        return replace(self, elements=elements)

    def to_ocpi(self) -> dict[str, Any]:
        """The OCPI 2.2.1 object; `tax_included` is said where it is true. Numbers are `Decimal`."""
        named: dict[str, Any] = {
            "country_code": self.country_code or None,
            "party_id": self.party_id or None,
            "id": self.id,
            "currency": self.currency,
            "type": self.type,
            "tax_included": "YES" if self.tax_included else None,
            "min_price": self.min_price and self.min_price.to_ocpi(),
            "max_price": self.max_price and self.max_price.to_ocpi(),
            "elements": [element.to_ocpi() for element in self.elements],
            "start_date_time": _plain(self.start_date_time),
            "end_date_time": _plain(self.end_date_time),
            "last_updated": _plain(self.last_updated),
        }
        return {key: value for key, value in named.items() if value is not None}


def _of_energy(components: tuple[PriceComponent, ...]) -> tuple[PriceComponent, ...]:
    return tuple(one for one in components if one.type is Dimension.ENERGY)


def parse_tariff(document: Mapping[str, Any], *, version: str = "", has_vat: bool = True) -> Tariff:
    """Read an OCPI 2.2.1 tariff object (a 2.3.0 one too, and one of 2.1.1 with `has_vat=False`).

    Raises:
        TariffError: a field is missing or cannot be priced; the error names it.
    """
    fields: Document = documents.mapping(document, "tariff")
    listed = documents.sequence(fields.get("elements"), "elements")
    if not listed:
        raise bad("elements", listed, Wanted.ELEMENTS)
    tariff = Tariff(
        id=documents.text(fields.get("id"), "id"),
        currency=money.check_currency(documents.text(fields.get("currency"), "currency")),
        elements=tuple(Element.parse(one, f"elements[{position}]") for position, one in enumerate(listed)),
        type=documents.optional_text(fields, "type") or None,
        min_price=Price.parse(fields.get("min_price"), "min_price"),
        max_price=Price.parse(fields.get("max_price"), "max_price"),
        start_date_time=_optional_instant(fields, "start_date_time"),
        end_date_time=_optional_instant(fields, "end_date_time"),
        country_code=documents.optional_text(fields, "country_code"),
        party_id=documents.optional_text(fields, "party_id"),
        last_updated=_optional_instant(fields, "last_updated"),
        version=version,
        has_vat=has_vat,
        tax_included=has_vat and _tax_included(fields),
    )
    _check_bounds(tariff)
    return tariff


def _tax_included(fields: Document) -> bool:
    said = fields.get("tax_included")
    if said is None:
        return False
    if not isinstance(said, str) or said not in _TAX_INCLUDED:
        raise bad("tax_included", said, Wanted.ONE_OF, names=", ".join(_TAX_INCLUDED))
    return _TAX_INCLUDED[said]


def _optional_instant(fields: Document, key: str) -> datetime | None:
    value = fields.get(key)
    return None if value is None else documents.instant(value, key)


def _check_bounds(tariff: Tariff) -> None:
    low, high = tariff.min_price, tariff.max_price
    if low and high and low.excl_vat > high.excl_vat:
        raise TariffError(
            Code.TARIFF_BOUNDS_CROSSED,
            field="min_price.excl_vat",
            value=low.excl_vat,
            least=low.excl_vat,
            most=high.excl_vat,
        )
