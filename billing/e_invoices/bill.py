"""A document in the terms of EN 16931: the same rows and sums as its PDF, as values and not as text.

Amounts and quantities of a credit note stand here with the opposite sign: the standard says by the kind of document
that money goes back. Names in brackets are the standard's (BT-1, BG-4 …).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from billing.documents import categories, layout, paying, signs, summary
from billing.documents.paying import Account
from billing.documents.statement import Part, parts
from billing.documents.summary import Row
from billing.documents.writer import Seller, Writer
from billing.domain import money
from billing.domain.calendar import month_after
from billing.e_invoices.addresses import Address, address
from billing.models import HostMonth, HostStatement, Invoice, InvoiceLine, InvoiceVat
from tenants.company_numbers import compact
from tenants.models import DriverIdentity

#: Above so many prices, those of one component and tariff become one line, with their mean price.
MOST_LINES: Final = 300
#: Decimals of a price that had to be computed.
PRICE_PLACES: Final = 6
#: A line is its quantity times its price within this, or says the difference to an öre (PEPPOL-EN16931-R120).
SLACK: Final = Decimal("0.02")
UNITS: Final = {"kWh": "KWH", "h": "HUR", "month": "MON", "year": "ANN", "1": "C62"}
#: Why there is no VAT: the code of the reason, by category (BT-121); an exemption has words alone.
REASONS: Final = {categories.REVERSE: "VATEX-EU-AE", categories.OUTSIDE: "VATEX-EU-O"}
#: Commercial invoice, credit note, and each self-billed (UNTDID 1001); credit transfer (UNTDID 4461).
INVOICE_TYPE, CREDIT_NOTE_TYPE, CREDIT_TRANSFER = "380", "381", "30"
SELF_BILLED_TYPE, SELF_BILLED_NOTE_TYPE = "389", "261"
#: Why something is taken off: a discount (UNTDID 5189).
DISCOUNT: Final = "95"
#: In place of a bank's code, where the account is a bankgiro (SE-R-008, 009).
BANKGIRO_BRANCH: Final = "SE:BANKGIRO"
#: How Swedish law words the approval for F-tax.
F_TAX: Final = "Godkänd för F-skatt"


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys (BG-4, BG-7). `number`: the customer's, of the buyer alone."""

    address: Address | None
    number: str
    name: str
    legal_name: str
    organisation_number: str
    vat_number: str
    street: str
    city: str
    postal_code: str
    country: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Line:
    """What is charged at one price (BG-25). rounding: what its sessions, rounded one by one, come to beside it."""

    name: str
    quantity: Decimal
    unit: str
    price: Decimal
    net: Decimal
    rounding: Decimal
    category: str
    rate: Decimal | None
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is taken off the lines of one rate together (BG-20)."""

    reason: str
    amount: Decimal
    category: str
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT of one rate (BG-23)."""

    category: str
    rate: Decimal | None
    taxable: Decimal
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Bill:
    """The document. refers_to: number and day of the invoice that it credits or replaces (BG-3).

    is_self_billed: the buyer writes it in the seller's name, as they agreed.
    """

    is_note: bool
    number: str
    issued_on: date
    due_on: date | None
    currency: str
    text: str
    buyer_reference: str
    order_number: str
    first_day: date
    last_day: date
    refers_to: tuple[str, date | None] | None
    seller: Party
    buyer: Party
    f_tax: bool
    account: Account | None
    payment_reference: str
    terms: str
    rounding_reason: str
    lines: Sequence[Line]
    allowances: Sequence[Allowance]
    vat: Sequence[Vat]
    net: Decimal
    vat_amount: Decimal
    rounding: Decimal
    due: Decimal
    is_self_billed: bool = False

    @property
    def type_code(self) -> str:
        """What kind of document it is (BT-3)."""
        if self.is_self_billed:
            return SELF_BILLED_NOTE_TYPE if self.is_note else SELF_BILLED_TYPE
        return CREDIT_NOTE_TYPE if self.is_note else INVOICE_TYPE

    @property
    def allowed(self) -> Decimal:
        """The sum of the allowances (BT-107)."""
        return sum((one.amount for one in self.allowances), Decimal(0))


def of(
    invoice: Invoice,
    *,
    seller: Seller,
    lines: Sequence[InvoiceLine],
    vat: Iterable[InvoiceVat],
    left: Decimal = Decimal(0),
) -> Bill:
    """The document in those terms. Arguments as of `billing.documents.layout.page`."""
    writer = Writer(str(seller.get("language", "")))
    is_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
    sign = -1 if is_note else 1
    sells, buys = _seller(seller), _identified(invoice.buyer, invoice.customer)
    rows = summary.rows(lines, writer)
    first, last = _period(invoice, rows)
    charged, taken_off = ([row for row in rows if row.is_discount is told] for told in (False, True))
    return Bill(
        is_note=is_note,
        number=str(invoice) if invoice.number else writer.words["draft"],
        issued_on=(invoice.issued_at or invoice.drafted_at).astimezone(_zone(seller)).date(),
        due_on=None if is_note else invoice.due_on,
        currency=invoice.currency,
        text=_clean(_text(invoice, writer)),
        buyer_reference=_clean(invoice.buyer.buyer_reference),
        order_number=_clean(invoice.buyer.order_number),
        first_day=first,
        last_day=last,
        refers_to=_refers_to(invoice, seller),
        seller=sells,
        buyer=buys,
        f_tax=bool(seller.get("approved_for_f_tax")) and sells.country == "SE",
        account=_account(seller, invoice.currency),
        payment_reference=invoice.payment_reference,
        terms=_clean(layout.refund(invoice, seller, writer, left)),
        rounding_reason=writer.words["rounding_of_each"],
        lines=[_line(row, sign, _category(row.rate, sells, buys)) for row in _few(charged)],
        allowances=[
            Allowance(_clean(row.what), _turned(row.net, -sign), _category(row.rate, sells, buys), row.rate)
            for row in taken_off
        ],
        vat=[_vat(row, sign, _category(row.vat_rate, sells, buys), writer) for row in layout.by_rate(vat)],
        net=_turned(invoice.amount_excl_vat, sign),
        vat_amount=_turned(invoice.vat, sign),
        rounding=_turned(invoice.rounding, sign),
        due=_turned(invoice.amount_due, sign),
    )


def of_statement(statement: HostStatement, months: Iterable[HostMonth]) -> Bill:
    """A self-billed statement: the host sells, the operator buys and writes it. months: in order of time.

    Its lines are what the PDF's sums are made of. How the host is paid is between the two, and does not stand in it.
    """
    buyer: Seller = statement.buyer
    writer = Writer(str(buyer.get("language", "")))
    host = statement.host or DriverIdentity()
    sells, buys = _identified(host, statement.customer_number), _seller(buyer)
    category = _category(statement.vat_rate, sells, buys)
    lines = [_part(part, category, statement.vat_rate) for part in parts(statement, months, writer)]
    vat = InvoiceVat(vat_rate=statement.vat_rate, taxable=statement.payout, vat=statement.vat)
    return Bill(
        is_note=False,
        number=str(statement),
        issued_on=(statement.closed_at or statement.drafted_at).astimezone(_zone(buyer)).date(),
        due_on=statement.due_on,
        currency=statement.currency,
        text=_clean(_self_billing(statement, writer)),
        buyer_reference=_clean(statement.contract.name),
        order_number="",
        first_day=min(line.first_day for line in lines),
        last_day=max(line.last_day for line in lines),
        refers_to=None,
        seller=sells,
        buyer=buys,
        f_tax=False,
        account=None,
        payment_reference="",
        terms="",
        rounding_reason="",
        lines=lines,
        allowances=[],
        vat=[_vat(vat, 1, category, writer)],
        net=statement.payout,
        vat_amount=statement.vat,
        rounding=Decimal(0),
        due=statement.total,
        is_self_billed=True,
    )


def _self_billing(statement: HostStatement, writer: Writer) -> str:
    """The word that the law asks for (ML 2023:200, 17 kap. 24 §), and since when it is agreed."""
    w, agreed_on = writer.words, statement.contract.agreed_on
    agreed = f" {w['agreed_on'].format(day=agreed_on.isoformat())}" if agreed_on else ""
    return f"{w['self_billing']}{agreed}. {w['settled_month']}: {writer.figures.month(statement.month)}"


def _part(part: Part, category: str, rate: Decimal | None) -> Line:
    """A part as a line of one piece. A price is never negative (BR-27): the quantity is, instead."""
    return Line(
        name=_clean(part.what),
        quantity=Decimal(-1 if part.amount < 0 else 1),
        unit=UNITS["1"],
        price=abs(part.amount),
        net=part.amount,
        rounding=Decimal(0),
        category=category,
        rate=rate,
        first_day=part.month,
        last_day=month_after(part.month) - timedelta(days=1),
    )


def _turned(value: Decimal, sign: int) -> Decimal:
    """The value, or its opposite; nothing has no sign."""
    return value if sign > 0 else Decimal(0) - value


def plain(value: Decimal) -> str:
    """A quantity, a price or a rate as files have it: a point, no zeros at the end."""
    return f"{value.normalize():f}"


def _seller(seller: Seller) -> Party:
    told = {name: _clean(str(seller.get(name) or "")) for name in ("name", "legal_name", "street", "city", "phone")}
    abroad = seller.get("vat_numbers")
    if abroad and seller.get("vat_number") not in abroad.values():
        # An earlier document with VAT of several countries: there is room for one number (BT-31), so it has none.
        seller = {**seller, "vat_number": ""}
    return _party(seller, number="", **{**told, "legal_name": told["legal_name"] or told["name"]})


def _identified(who: DriverIdentity, number: str) -> Party:
    names = ("organisation_number", "vat_number", "gln", "postal_code", "country", "email")
    name = _clean(who.name)
    return _party(
        {field: getattr(who, field) for field in names},
        number=_clean(number),
        name=name,
        legal_name=name,
        street=_clean(who.street),
        city=_clean(who.city),
        phone=_clean(who.phone),
    )


def _party(facts: Seller, **told: str) -> Party:
    country, organisation, vat, gln = (
        compact(str(facts.get(name) or "")) for name in ("country", "organisation_number", "vat_number", "gln")
    )
    if country == "SE":
        organisation = organisation[-10:]  # a personal number may have its century
    return Party(
        address=address(country, organisation, vat, gln),
        organisation_number=organisation,
        vat_number=vat,
        country=country,
        postal_code=_clean(str(facts.get("postal_code") or "")),
        email=str(facts.get("email") or ""),
        **told,
    )


def _zone(seller: Seller) -> ZoneInfo:
    return ZoneInfo(str(seller.get("time_zone") or "UTC"))


def _period(invoice: Invoice, rows: Sequence[Row]) -> tuple[date, date]:
    """From the first day of what is charged to the last; a month where nothing is."""
    if not rows:
        return invoice.month, month_after(invoice.month) - timedelta(days=1)
    return min(row.first_day for row in rows), max(row.last_day for row in rows)


def _text(invoice: Invoice, writer: Writer) -> str:
    month = f"{writer.words['period']} {writer.figures.month(invoice.month)}"
    return f"{month}. {writer.words['reason']}: {invoice.reason}" if invoice.reason else month


def _refers_to(invoice: Invoice, seller: Seller) -> tuple[str, date | None] | None:
    """What a credit note credits, or an invoice bills anew a part of (ML 2023:200, 17 kap. 22 §)."""
    other = invoice.credits or invoice.replaces
    if other is None:
        return None
    return str(other), other.issued_at.astimezone(_zone(seller)).date() if other.issued_at else None


def _category(rate: Decimal | None, seller: Party, buyer: Party) -> str:
    return categories.category(rate, seller=seller.vat_number, buyer=buyer.vat_number)


def _account(seller: Seller, currency: str) -> Account | None:
    found = paying.account(seller, currency)
    return found._replace(number=compact(found.number)) if found else None


def _few(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, or where they are too many one for each component and tariff, without its prices."""
    if len(rows) <= MOST_LINES:
        return rows
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = (row.component, row.what, row.unit, row.rate)
        kept = found.get(key)
        if kept is None:
            found[key] = row
            continue
        kept.tax_included, kept.price = False, _mean(kept.net + row.net, kept.quantity + row.quantity)
        kept.quantity, kept.net = kept.quantity + row.quantity, kept.net + row.net
        kept.first_day, kept.last_day = min(kept.first_day, row.first_day), max(kept.last_day, row.last_day)
    return list(found.values())


def _mean(net: Decimal, quantity: Decimal) -> Decimal:
    return money.round_half_up(Fraction(net) / Fraction(quantity), PRICE_PLACES) if quantity else Decimal(0)


def _line(row: Row, sign: int, category: str) -> Line:
    """A row as a line. A price is never negative (BR-27): the quantity is, instead."""
    net, quantity, price = _turned(row.net, sign), _turned(row.quantity, sign), _net_price(row)
    if row.is_limit:
        quantity, price = Decimal(1), net
    if price < 0:
        quantity, price = _turned(quantity, -1), -price
    comes = Fraction(quantity) * Fraction(price)
    rounding = Decimal(0)
    if abs(Fraction(net) - comes) > Fraction(SLACK):
        rounding = net - money.round_half_up(comes, 2)
    return Line(
        name=_clean(row.what),
        quantity=quantity,
        unit=UNITS.get(row.unit, "C62"),
        price=price,
        net=net,
        rounding=rounding,
        category=category,
        rate=row.rate,
        first_day=row.first_day,
        last_day=row.last_day,
    )


def _net_price(row: Row) -> Decimal:
    if not row.tax_included:
        return row.price
    return money.round_half_up(Fraction(row.price) / (1 + Fraction(row.rate or 0) / 100), PRICE_PLACES)


def _vat(row: InvoiceVat, sign: int, category: str, writer: Writer) -> Vat:
    reason = writer.words[f"vat_{category}"] if category in categories.REASONED else ""
    return Vat(category, row.vat_rate, _turned(row.taxable, sign), _turned(row.vat, sign), reason)


def _clean(text: str) -> str:
    return " ".join(str(signs.tidied(text)).split())
