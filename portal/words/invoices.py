"""What stands on an invoice, written out: lines by session, VAT by rate."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from billing.models import BilledFee, Fee, Invoice, InvoiceLine, LineNames
from billing.selectors.discounts import TakenOff
from billing.selectors.invoice_people import Card, People, Person
from charging.models import ChargingSession, Token
from portal.words import measures
from tenants.figures import figures

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
class Whose:
    """Somebody's sessions on a document as a heading, or a row that opens them: who, how many, and what they come to.

    place: of the person among all, from 1. is_card: one of several cards of the person above.
    """

    who: str
    place: int
    sessions: int
    energy_wh: int
    amount: str
    is_card: bool = False


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


def headed(groups: Iterable[SessionLines], people: People, currency: str) -> list[tuple[list[Whose], SessionLines]]:
    """Each session with what stands above it: whose it is where that changes, with the sum of all that is theirs.

    The cards of somebody who charged with several stand below their name.
    """
    places = {
        session: (place, person, card)
        for place, person in enumerate(people.everybody, 1)
        for card in person.cards
        for session in card.sessions
    }
    found: list[tuple[list[Whose], SessionLines]] = []
    above: tuple[int, int | None] = 0, None
    for group in groups:
        place, person, card = places[group.session.pk]
        headings = []
        if above[0] != place:
            headings.append(_whose(group.session, place, person, currency))
        if len(person.cards) > 1 and above != (place, card.token_id):
            headings.append(_of_card(group.session, place, card, currency))
        above = place, card.token_id
        found.append((headings, group))
    return found


def everybody(
    some: Iterable[tuple[int, Person]], sessions: Mapping[int, ChargingSession], currency: str
) -> list[Whose]:
    """People with their places as rows. sessions: by number, one of each, as `invoice_people.named` finds them."""
    return [_whose(sessions[person.cards[0].sessions[0]], place, person, currency) for place, person in some]


def _whose(session: ChargingSession, place: int, person: Person, currency: str) -> Whose:
    driver, card = session.driver, session.token
    name = driver.identity.name if driver and driver.identity else ""
    named = [f"{name} ({driver})" if name else str(driver)] if driver else []
    if len(person.cards) == 1:
        named.append(_card(card))
    return Whose(
        " · ".join(filter(None, named)) or gettext("Without a card"),
        place,
        len(person.sessions),
        person.energy_wh,
        measures.money(person.amount, currency),
    )


def _of_card(session: ChargingSession, place: int, card: Card, currency: str) -> Whose:
    return Whose(
        _card(session.token) or gettext("Without a card"),
        place,
        len(card.sessions),
        card.energy_wh,
        measures.money(card.amount, currency),
        is_card=True,
    )


def _card(card: Token | None) -> str:
    return gettext("Card %(card)s") % {"card": card} if card else ""


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


def taken_off(rows: Iterable[TakenOff], *, is_cut: bool) -> list[str]:
    """What percentages are taken off a session, a sentence each. is_cut: a greatest price cut what it costs."""
    of_energy = gettext("%(text)s: %(percent)s is taken off the energy on the invoice.")
    if is_cut:
        of_energy = gettext(
            "%(text)s: %(percent)s is taken off the energy on the invoice, counted as at most what the session costs."
        )
    words = {
        Fee.TakenOff.ENERGY.value: of_energy,
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
        return _card(fee.token)
    if fee.driver is None:
        return ""
    return (fee.driver.identity.name if fee.driver.identity else "") or str(fee.driver)


def fee_named(fee: BilledFee) -> str:
    """A fee among others of its invoice: its text, its days and for whom it is charged."""
    said = figures(get_language() or "en")
    days = [said.day(day) for day in dict.fromkeys((fee.first_day, fee.last_day))]
    return " · ".join(filter(None, (fee.text, " – ".join(days), _who(fee))))


def basis(lines: Sequence[InvoiceLine]) -> str:
    """Whether the amounts of these lines include VAT. Those of one session are of one kind."""
    kinds = {line.tax_included for line in lines}
    if kinds == {True}:
        return gettext("amounts including VAT")
    if True in kinds:
        return gettext("amounts excluding VAT unless it says otherwise")
    return gettext("amounts excluding VAT")


def basis_of(people: People) -> str:
    """Whether what people come to includes VAT."""
    return gettext("amounts including VAT") if people.includes_vat else gettext("amounts excluding VAT")


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
