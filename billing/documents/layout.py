"""An invoice as the page shows it: plain text, formatted and in the document's language.

`page` turns rows into a JSON-ready tree; the typst template only places it. So the wording can be tested
without a PDF, and the template holds no logic.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from billing.documents import looks, words
from billing.documents.rules import Rules
from billing.documents.words import Words
from billing.domain import money
from billing.models import BilledFee, Invoice, InvoiceLine, InvoiceVat, Letterhead
from charging.models import Token
from tenants.figures import figures
from tenants.models import Account, Driver, DriverIdentity

Seller = dict[str, Any]


class Writer:
    """The words and figures of a document's language."""

    def __init__(self, language: str) -> None:
        self.figures = figures(language)
        self.language = self.figures.language
        self.words: Words = words.of(self.language)
        self.rules = Rules(self.words)

    def amount(self, value: Decimal) -> str:
        """An amount in the currency of the document, which stands beside the sum."""
        return self.figures.number(value, 2)

    def price(self, value: Decimal) -> str:
        """A price: two decimals, more where it has more."""
        return self.figures.all_decimals(value, at_least=2)

    def money(self, value: Decimal, currency: str) -> str:
        """A sum with the currency's code, as both languages have it on an invoice: `1 190,00 SEK`."""
        return self.figures.quantity(value, currency, 2)

    def quantity(self, value: Decimal, unit: str) -> str:
        """What was delivered; what is counted in pieces has no decimals."""
        return self.figures.quantity(value, self.words.get(unit, unit), 0 if unit == "1" else 3)

    def what(self, line: InvoiceLine) -> str:
        """What a line prices: of a fee its text and days; else when the price holds, or that it is part of a line."""
        if line.fee is not None:
            return f"{line.fee.text}, {self.days(line.fee)}"
        name = self.words.get(line.component, line.component)
        rule = self.words["part"] if line.is_part else self.rules.of(line)
        return f"{name}, {rule}" if rule else name

    def days(self, fee: BilledFee) -> str:
        """The days a fee is charged for."""
        first, last = fee.first_day.isoformat(), fee.last_day.isoformat()
        return first if first == last else f"{first}\u2013{last}"

    def rate(self, vat: Decimal | None) -> str:
        """A VAT rate, or that there is none."""
        return self.words["no_vat"] if vat is None else self.figures.rate(vat)


def page(
    invoice: Invoice,
    *,
    seller: Seller,
    lines: Sequence[InvoiceLine],
    vat: Iterable[InvoiceVat],
    left: Decimal = Decimal(0),
    look: Letterhead | None = None,
) -> dict[str, Any]:
    """Everything on the document, in order of appearance.

    lines: in order of position, each with its session, and named as `billing.selectors.invoices.lines` does.
    left: of a credit note: what is left to pay of its invoice after it.
    look: the operator's logo and colour; none: ours.
    """
    writer = Writer(str(seller.get("language", "")))
    is_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
    of_sessions, of_fees = ([line for line in lines if (line.fee is None) is told] for told in (True, False))
    summary, sessions = _summary(lines, writer), _by_whom(invoice, of_sessions, writer)
    fees = [_fee(line, writer) for line in of_fees]
    return {
        "lang": writer.language,
        **looks.look(look),
        "words": writer.words,
        "title": writer.words["credit_note" if is_note else "invoice"],
        "is_draft": invoice.state == Invoice.State.DRAFT,
        "is_note": is_note,
        "name": str(invoice) if invoice.number else writer.words["draft"],
        "seller": _seller(seller),
        "footer": _footer(seller, writer),
        "facts": [list(fact) for fact in _facts(invoice, seller, writer)],
        "buyer": _address(invoice.buyer, seller, writer),
        "due": writer.money(invoice.amount_due, invoice.currency),
        "refund": _refund(invoice, seller, writer, left),
        "payment": [list(fact) for fact in _payment(invoice, seller, writer)],
        "summary": summary,
        "sessions_note": writer.words[_basis(of_sessions)],
        "vat": [_vat_row(row, writer) for row in _by_rate(vat)],
        "totals": [list(total) for total in _totals(invoice, writer)],
        "fees": fees,
        "fees_note": writer.words[_basis(of_fees, "amounts_note")],
        "sessions": sessions,
        "is_dense": _is_dense(len(summary) + len(fees) + sum(len(session["lines"]) + 1 for session in sessions)),
        "energy": writer.quantity(Decimal(invoice.energy_wh) / 1000, "kWh"),
        "session_count": f"{invoice.session_count} {writer.words['session_count']}",
    }


#: So many rows fit on a page, and so many when they are set closer. Both are a little less than what does.
FIT, FIT_CLOSER = 17, 28


def _is_dense(rows: int) -> bool:
    """Whether the document is set closer, so that no page holds a row or two alone."""
    return FIT < rows <= FIT_CLOSER


def _seller(seller: Seller) -> dict[str, Any]:
    name, legal_name = seller.get("name", ""), seller.get("legal_name", "")
    return {"name": name, "lines": [legal_name, *_place(seller)] if legal_name not in ("", name) else _place(seller)}


def _place(seller: Seller) -> list[str]:
    town = " ".join(part for part in (seller.get("postal_code"), seller.get("city")) if part)
    return [line for line in (seller.get("street"), town) if line]


def _footer(seller: Seller, writer: Writer) -> list[list[str]]:
    """Three columns: who, how to reach, and the particulars the law asks for."""
    w = writer.words
    named = [(w["organisation_number"], "organisation_number"), (w["vat_number"], "vat_number")]
    particulars = [f"{label} {seller[field]}" for label, field in named if seller.get(field)]
    if seller.get("approved_for_f_tax"):
        particulars.append(w["f_tax"])
    contact = [value for value in (seller.get("email"), seller.get("phone")) if value]
    if seller.get("bankgiro"):
        contact.append(f"{w['pay_to']} {seller['bankgiro']}")
    return [[seller.get("legal_name") or seller.get("name", ""), *_place(seller)], contact, particulars]


def _facts(invoice: Invoice, seller: Seller, writer: Writer) -> Iterable[tuple[str, str]]:
    w, zone = writer.words, ZoneInfo(str(seller.get("time_zone") or "UTC"))
    is_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
    if invoice.number:
        yield w["credit_number" if is_note else "number"], str(invoice)
    if invoice.issued_at:
        yield w["issued"], _day(invoice.issued_at, zone)
    if invoice.credits is not None:
        original = invoice.credits
        issued = f" ({_day(original.issued_at, zone)})" if original.issued_at else ""
        yield w["credits"], f"{original}{issued}"
        yield w["reason"], invoice.reason
    elif invoice.due_on:
        yield w["due"], invoice.due_on.isoformat()
    if invoice.replaces is not None:
        yield w["replaces"], str(invoice.replaces)
    yield w["customer"], invoice.customer
    if invoice.buyer.buyer_reference:
        yield w["your_reference"], invoice.buyer.buyer_reference
    if invoice.buyer.order_number:
        yield w["order_number"], invoice.buyer.order_number
    yield w["period"], writer.figures.month(invoice.month)


def _payment(invoice: Invoice, seller: Seller, writer: Writer) -> Iterable[tuple[str, str]]:
    if invoice.kind == Invoice.Kind.CREDIT_NOTE or not invoice.number:
        return
    w = writer.words
    yield w["due"], invoice.due_on.isoformat() if invoice.due_on else ""
    if seller.get("bankgiro"):
        yield w["pay_to"], str(seller["bankgiro"])
    yield w["reference"], invoice.payment_reference


def _refund(invoice: Invoice, seller: Seller, writer: Writer, left: Decimal) -> str:
    """What is left to pay after a credit note, and how money comes back; empty for an invoice."""
    if invoice.credits is None:
        return ""
    pattern = "credit_rest" if invoice.leaves_rest else "credit_open"
    facts = {
        "number": str(invoice.credits),
        "left": writer.money(left, invoice.currency),
        "seller": seller.get("legal_name") or seller.get("name", ""),
        "email": seller.get("email", ""),
    }
    return writer.words[pattern if facts["email"] else f"{pattern}_bare"].format(**facts)


def _address(buyer: DriverIdentity, seller: Seller, writer: Writer) -> list[str]:
    place = " ".join(part for part in (buyer.postal_code, buyer.city) if part)
    abroad = buyer.country if buyer.country != seller.get("country") else ""
    named = [(writer.words[field], getattr(buyer, field)) for field in ("organisation_number", "vat_number")]
    numbers = [f"{label} {number}" for label, number in named if number]
    return [line for line in (buyer.name, buyer.street, place, abroad, *numbers) if line]


def _summary(lines: Sequence[InvoiceLine], writer: Writer) -> list[list[str]]:
    """One row for each price: what and by which tariff, quantity, price without and with VAT, VAT, amount."""
    sums: dict[tuple[str, str, str, Decimal, Decimal | None, bool], list[Decimal]] = {}
    for line in lines:
        # The difference to a least or greatest price is another amount each time: one row for all of them.
        price = line.unit_price if line.component not in _LIMITS else Decimal(0)
        what = writer.what(line) if line.fee else f"{writer.what(line)} · {line.named.tariff}"
        key = (line.component, what, line.unit, price, line.vat_rate, line.tax_included)
        total = sums.setdefault(key, [Decimal(0), Decimal(0)])
        total[0] += line.quantity
        total[1] += line.amount
    ordered = sorted(sums.items(), key=lambda item: (_ORDER.get(item[0][0], 99), -item[0][3]))
    return [
        [
            f"{what} ({writer.words['incl_vat']})" if tax_included else what,
            writer.quantity(total[0], unit),
            *(("", "") if component in _LIMITS else _prices(price, rate, writer, tax_included=tax_included)),
            writer.rate(rate),
            writer.amount(total[1]),
        ]
        for (component, what, unit, price, rate, tax_included), total in ordered
    ]


def _prices(price: Decimal, rate: Decimal | None, writer: Writer, *, tax_included: bool) -> tuple[str, str]:
    """A unit price without and with VAT: the one the tariff says, the other to four decimals at most.

    The law wants the one without (ML 2023:200, 17 kap. 24 §); the one with is what the driver was shown.
    """
    factor = 1 + Fraction(rate or 0) / 100
    if tax_included:
        return writer.price(money.round_half_up(Fraction(price) / factor, 4)), writer.price(price)
    return writer.price(price), writer.price(money.round_half_up(Fraction(price) * factor, 4))


def _basis(lines: Sequence[InvoiceLine], note: str = "sessions_note") -> str:
    """Which of the notes says whether prices and amounts include VAT."""
    kinds = {line.tax_included for line in lines}
    if kinds == {True}:
        return f"{note}_incl_vat"
    return f"{note}_mixed" if True in kinds else note


_LIMITS = ("MINIMUM", "MAXIMUM")
_ORDER = {
    name: place
    for place, name in enumerate(
        (
            *("ENERGY", "FLAT", "TIME", "PARKING_TIME", "RESERVATION_FLAT", "RESERVATION_TIME", "MINIMUM", "MAXIMUM"),
            *("MONTH_FEE", "YEAR_FEE", "ONCE", "CREDIT"),
        )
    )
}


def _by_whom(invoice: Invoice, lines: Sequence[InvoiceLine], writer: Writer) -> list[dict[str, Any]]:
    """The sessions in the order of their lines. Who pays for others reads whose each is, with a sum for everybody."""
    found = list(_sessions(lines))
    if invoice.account.kind == Account.Kind.PRIVATE:
        return [{**_session(one, writer), "who": []} for one in found]
    sessions = []
    for who, group in groupby(found, key=lambda one: _who(one[0], writer)):
        theirs = list(group)
        amount = sum((line.amount_excl_vat for one in theirs for line in one), Decimal(0))
        headings: list[list[str]] = [[who, writer.amount(amount)], *([] for _ in theirs[1:])]
        sessions += [{**_session(one, writer), "who": who} for one, who in zip(theirs, headings, strict=True)]
    return sessions


def _fee(line: InvoiceLine, writer: Writer) -> list[str]:
    """What is charged of a fee, for whom, and what it comes to."""
    what, *figures = _line(line, writer)
    who = _named(line.fee.driver, line.fee.token, writer) if line.fee else ""
    return [f"{what} · {who}" if who else what, *figures]


def _who(line: InvoiceLine, writer: Writer) -> str:
    """The driver of a session, and the card."""
    return _named(line.session.driver, line.session.token, writer)


def _named(driver: Driver | None, card: Token | None, writer: Writer) -> str:
    name = driver.identity.name if driver and driver.identity else ""
    named = [f"{name} ({driver})" if name else str(driver)] if driver else []
    return " · ".join([*named, *([f"{writer.words['card']} {card}"] if card else [])])


def _sessions(lines: Iterable[InvoiceLine]) -> Iterable[list[InvoiceLine]]:
    for _, found in groupby(lines, key=lambda line: line.session_id):
        yield list(found)


def _session(lines: list[InvoiceLine], writer: Writer) -> dict[str, Any]:
    """A session: when and where, then its prices."""
    session, named = lines[0].session, lines[0].named
    zone = named.zone
    start = session.started_at.astimezone(zone)
    end = (session.ended_at or session.started_at).astimezone(zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return {
        "day": f"{start:%Y-%m-%d}",
        "time": f"{start:%H:%M}\u2013{until}",
        "place": f"{named.site} · {named.station}",
        "lines": [_line(line, writer) for line in sorted(lines, key=lambda one: _ORDER.get(one.component, 99))],
        "amount": writer.amount(sum((line.amount for line in lines), Decimal(0))),
    }


def _line(line: InvoiceLine, writer: Writer) -> list[str]:
    return [
        writer.what(line),
        writer.quantity(line.quantity, line.unit),
        "" if line.component in _LIMITS else writer.price(line.unit_price),
        writer.rate(line.vat_rate),
        writer.amount(line.amount),
    ]


def _by_rate(vat: Iterable[InvoiceVat]) -> list[InvoiceVat]:
    """Highest rate first, "no VAT" last."""
    return sorted(vat, key=lambda row: (row.vat_rate is None, -(row.vat_rate or 0)))


def _vat_row(row: InvoiceVat, writer: Writer) -> list[str]:
    return [writer.rate(row.vat_rate), writer.amount(row.taxable), writer.amount(row.vat)]


def _totals(invoice: Invoice, writer: Writer) -> Iterable[tuple[str, str]]:
    w = writer.words
    yield w["sum_excl_vat"], writer.amount(invoice.amount_excl_vat)
    yield w["sum_vat"], writer.amount(invoice.vat)
    if invoice.rounding:
        yield w["rounding"], writer.amount(invoice.rounding)
    label = "to_receive" if invoice.kind == Invoice.Kind.CREDIT_NOTE else "to_pay"
    yield w[label], writer.money(invoice.amount_due, invoice.currency)


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}"
