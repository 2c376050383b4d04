"""What stands on an invoice, written out: lines by session, VAT by rate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceLine, InvoiceVat, LineNames
from charging.models import ChargingSession
from portal.words import measures

COMPONENTS: dict[str, str | Promise] = {
    "ENERGY": _("Energy"),
    "TIME": _("Charging time"),
    "PARKING_TIME": _("Parking after charging"),
    "FLAT": _("Start fee"),
    "RESERVATION_TIME": _("Reservation"),
    "RESERVATION_FLAT": _("Reservation fee"),
    "MINIMUM": _("Up to the minimum price"),
    "MAXIMUM": _("Down to the maximum price"),
}
#: Decimals in which a quantity is shown; what is counted in pieces has none.
PLACES = {"kWh": 3, "h": 4}


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as a person reads it."""

    what: str
    tariff: str
    quantity: str
    unit_price: str
    vat: str
    amount: str


@dataclass(frozen=True, slots=True)
class SessionLines:
    """The lines of one session on an invoice, with where it was and what they come to."""

    session: ChargingSession
    named: LineNames
    lines: list[Line]
    amount: str


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT of one rate."""

    label: str
    base: str
    amount: str


def by_session(invoice: Invoice, lines: Iterable[InvoiceLine]) -> list[SessionLines]:
    """The lines in their order, those of one session together."""
    groups = []
    for _session, found in groupby(lines, key=lambda line: line.session_id):
        own = list(found)
        amount = sum((line.amount for line in own), Decimal(0))
        written = [_line(line, invoice.currency) for line in own]
        groups.append(SessionLines(own[0].session, own[0].named, written, measures.money(amount, invoice.currency)))
    return groups


def basis(lines: Sequence[InvoiceLine]) -> str:
    """Whether the amounts of these lines include VAT. Those of one session are of one kind."""
    kinds = {line.tax_included for line in lines}
    if kinds == {True}:
        return gettext("amounts including VAT")
    if True in kinds:
        return gettext("amounts excluding VAT unless it says otherwise")
    return gettext("amounts excluding VAT")


def vat_rows(invoice: Invoice) -> list[Vat]:
    """VAT by rate, the highest first, "no VAT" last."""
    return [_vat(row, invoice.currency) for row in invoice.vat_rows.order_by("-vat_rate")]


def rate(vat: Decimal | None) -> str:
    """A VAT rate with the decimals it has; a dash where no VAT applies."""
    return measures.vat_rate(vat)


def _line(line: InvoiceLine, currency: str) -> Line:
    version = line.tariff_version
    with_vat = " · " + gettext("incl. VAT") if line.tax_included else ""
    return Line(
        what=str(COMPONENTS.get(line.component, line.component)),
        tariff=f"{line.named.tariff} v{version.number}{with_vat}",
        quantity=_quantity(line),
        unit_price=measures.unit_price(line.unit_price, currency) + (f"/{line.unit}" if line.unit in PLACES else ""),
        vat=rate(line.vat_rate),
        amount=measures.money(line.amount, currency),
    )


def _quantity(line: InvoiceLine) -> str:
    if line.unit not in PLACES:
        return measures.number(line.quantity)
    return measures.quantity(line.quantity, line.unit, PLACES[line.unit])


def _vat(row: InvoiceVat, currency: str) -> Vat:
    label = gettext("No VAT") if row.vat_rate is None else gettext("VAT %(rate)s") % {"rate": rate(row.vat_rate)}
    return Vat(label, measures.money(row.taxable, currency), measures.money(row.vat, currency))
