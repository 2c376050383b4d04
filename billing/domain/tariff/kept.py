"""Tariffs that are kept and billed by, held to what their prices reach: every column of an invoice takes them whole.

The kernel prices more than that, as what others send is priced too. The limits stand in `docs/rounding.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from billing.domain import money
from billing.domain.documents import Wanted, bad
from billing.domain.tariff.model import Price, PriceComponent, Tariff

#: Per kWh, hour or session, and of a least or greatest price.
MAX_PRICE: Final = Decimal(10_000_000)
#: An invoice line shows its unit price with so many decimals, and a rate of VAT with so many.
PRICE_DECIMALS: Final = 6
VAT_DECIMALS: Final = 2
#: Wh or seconds: 10 MWh, 115 days.
MAX_STEP: Final = 10_000_000
#: What one session may cost, below this, with or without VAT; and what a month's invoice may ask for.
SESSION_LIMIT: Final = 10**8
INVOICE_LIMIT: Final = 10**12


def check_kept(tariff: Tariff) -> None:
    """Refuse a tariff that could not be billed as it says.

    Raises:
        TariffError: a price is negative, too large or too fine; the error names it.
    """
    for path, price in _prices(tariff):
        if not 0 <= price <= MAX_PRICE:
            raise bad(path, price, Wanted.AT_MOST, most=MAX_PRICE)
        _check_decimals(path, price, PRICE_DECIMALS)
    for path, component in _components(tariff):
        if component.vat is not None:
            _check_decimals(f"{path}.vat", component.vat, VAT_DECIMALS)
        if component.step_size > MAX_STEP:
            raise bad(f"{path}.step_size", component.step_size, Wanted.AT_MOST, most=MAX_STEP)


def _check_decimals(path: str, value: Decimal, most: int) -> None:
    if money.decimals_of(value) > most:
        raise bad(path, value, Wanted.DECIMALS, places=most)


def _components(tariff: Tariff) -> Iterator[tuple[str, PriceComponent]]:
    for index, element in enumerate(tariff.elements):
        for position, component in enumerate(element.price_components):
            yield f"elements[{index}].price_components[{position}]", component


def _prices(tariff: Tariff) -> Iterator[tuple[str, Decimal]]:
    for path, component in _components(tariff):
        yield f"{path}.price", component.price
    for path, bound in (("min_price", tariff.min_price), ("max_price", tariff.max_price)):
        yield from _bounds(path, bound)


def _bounds(path: str, bound: Price | None) -> Iterator[tuple[str, Decimal]]:
    if bound is not None:
        yield f"{path}.excl_vat", bound.excl_vat
        if bound.incl_vat is not None:
            yield f"{path}.incl_vat", bound.incl_vat
