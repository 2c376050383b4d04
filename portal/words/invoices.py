"""What stands on an invoice, written out: lines by session, VAT by rate."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import BilledFee, Fee, Invoice, InvoiceLine, LineNames
from billing.selectors.discounts import TakenOff
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
    "MONTH_FEE": _("Monthly fee"),
    "YEAR_FEE": _("Yearly fee"),
    "ONCE": _("Single charge"),
    "CREDIT": _("Credit given"),
    "DISCOUNT": _("Discount"),
}
#: What becomes of a session of which a credit note leaves nothing.
AFTER_CREDIT: dict[str, str | Promise] = {
    ChargingSession.Review.PENDING.value: _("go under review, and you decide later"),
    ChargingSession.Review.APPROVED.value: _("are billed anew, at the prices that apply then"),
    ChargingSession.Review.WRITTEN_OFF.value: _("are written off"),
}
#: Decimals in which a quantity is shown; what is counted in pieces has none.
PLACES = {"kWh": 3, "h": 4}
PERIODS: dict[str, str | Promise] = {"month": _("month"), "year": _("year")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as a person reads it."""

    what: str
    tariff: str
    quantity: str
    unit_price: str
    vat: str
    amount: str
    position: int
    left: str


@dataclass(frozen=True, slots=True)
class SessionLines:
    """The lines of one session on an invoice, with where it was, what they come to and what was credited."""

    session: ChargingSession
    named: LineNames
    lines: list[Line]
    amount: str
    credited: str
    is_undone: bool


@dataclass(frozen=True, slots=True)
class FeeLine:
    """What is charged of a fee: its text, its days, for whom, and the rest as of any line."""

    text: str
    first_day: date
    last_day: date
    who: str
    tax_included: bool
    line: Line


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT of one rate."""

    label: str
    base: str
    amount: str


def by_session(
    invoice: Invoice, lines: Iterable[InvoiceLine], credited: Mapping[int, Decimal] | None = None
) -> list[SessionLines]:
    """The lines in their order, those of one session together. credited: of each line, by its position."""
    groups, taken = [], credited or {}
    for _session, found in groupby(lines, key=lambda line: line.session_id):
        own = list(found)
        amount = sum((line.amount for line in own), Decimal(0))
        gone = sum((taken.get(line.position, Decimal(0)) for line in own), Decimal(0))
        groups.append(
            SessionLines(
                own[0].session,
                own[0].named,
                [_line(line, invoice.currency, taken.get(line.position, Decimal(0))) for line in own],
                measures.money(amount, invoice.currency),
                measures.money(gone, invoice.currency) if gone else "",
                all(line.position in taken and line.amount == taken[line.position] for line in own),
            )
        )
    return groups


def of_fees(lines: Iterable[InvoiceLine]) -> list[FeeLine]:
    """The lines that are of fees, in their order."""
    found = [(line, line.fee) for line in lines]
    return [
        FeeLine(
            text=fee.text if fee.percent is None else f"{fee.text} {measures.vat_rate(fee.percent)}",
            first_day=fee.first_day,
            last_day=fee.last_day,
            who=_who(fee),
            tax_included=line.tax_included,
            line=_line(line, line.invoice.currency, Decimal(0)),
        )
        for line, fee in found
        if fee is not None
    ]


def taken_off(rows: Iterable[TakenOff]) -> list[str]:
    """What percentages are taken off a session, a sentence each."""
    words = {
        Fee.TakenOff.ENERGY.value: gettext("%(text)s: %(percent)s is taken off the energy on the invoice."),
        Fee.TakenOff.ALL.value: gettext("%(text)s: %(percent)s is taken off all of it on the invoice."),
    }
    return [words[row.of] % {"text": row.text, "percent": measures.vat_rate(row.percent)} for row in rows]


def with_fees(documents: Sequence[Invoice], lines: Iterable[InvoiceLine]) -> list[tuple[Invoice, list[FeeLine]]]:
    """Each of the documents with those of the lines of fees that stand on it."""
    theirs: defaultdict[int, list[InvoiceLine]] = defaultdict(list)
    for line in lines:
        theirs[line.invoice_id].append(line)
    return [(document, of_fees(theirs[document.pk])) for document in documents]


def _who(fee: BilledFee) -> str:
    """The driver or card that a fee is charged for; empty for the payer alone."""
    if fee.token is not None:
        return gettext("Card %(card)s") % {"card": fee.token}
    if fee.driver is None:
        return ""
    return (fee.driver.identity.name if fee.driver.identity else "") or str(fee.driver)


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
    rows = invoice.vat_rows.order_by("-vat_rate")
    return [vat(row.vat_rate, row.taxable, row.vat, invoice.currency) for row in rows]


def rate(vat: Decimal | None) -> str:
    """A VAT rate with the decimals it has; a dash where no VAT applies."""
    return measures.vat_rate(vat)


def _line(line: InvoiceLine, currency: str, credited: Decimal) -> Line:
    version = line.tariff_version
    priced = [f"{line.named.tariff} v{version.number}"] if version else []
    unit = line.unit if line.unit in PLACES else PERIODS.get(line.unit, "")
    return Line(
        what=_what(line),
        tariff=" · ".join([*priced, *([gettext("incl. VAT")] if line.tax_included else [])]),
        quantity=_quantity(line),
        unit_price=measures.unit_price(line.unit_price, currency) + (f"/{unit}" if unit else ""),
        vat=rate(line.vat_rate),
        amount=measures.money(line.amount, currency),
        position=line.position,
        left="" if line.amount == credited else measures.money(line.amount - credited, currency),
    )


def _what(line: InvoiceLine) -> str:
    name = str(COMPONENTS.get(line.component, line.component))
    return gettext("%(what)s, part of the amount") % {"what": name} if line.is_part else name


def _quantity(line: InvoiceLine) -> str:
    if line.unit in PERIODS:
        return measures.all_decimals(line.quantity.normalize())
    if line.unit not in PLACES:
        return measures.number(line.quantity)
    return measures.quantity(line.quantity, line.unit, PLACES[line.unit])


def vat(rate_: Decimal | None, taxable: Decimal, amount: Decimal, currency: str) -> Vat:
    """The VAT of one rate, written out."""
    label = gettext("No VAT") if rate_ is None else gettext("VAT %(rate)s") % {"rate": rate(rate_)}
    return Vat(label, measures.money(taxable, currency), measures.money(amount, currency))
