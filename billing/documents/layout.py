"""An invoice as the page shows it: plain text, formatted and in the document's language.

`page` turns rows into a JSON-ready tree; the typst template only places it. So the wording can be tested
without a PDF, and the template holds no logic.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from billing.documents import categories, looks, overview, paying, summary
from billing.documents.overview import Month
from billing.documents.summary import Row
from billing.documents.writer import Seller, Writer
from billing.domain import money
from billing.models import Invoice, InvoiceLine, InvoiceVat, Letterhead
from charging.domain.signed.proof import Verdict
from charging.models import Token
from tenants import company_numbers
from tenants.company_numbers import compact
from tenants.models import Account, Driver, DriverIdentity


def page(
    invoice: Invoice,
    *,
    seller: Seller,
    lines: Sequence[InvoiceLine],
    vat: Iterable[InvoiceVat],
    left: Decimal = Decimal(0),
    look: Letterhead | None = None,
    before: Month | None = None,
    verdicts: Mapping[int, Verdict] = MappingProxyType({}),
) -> dict[str, Any]:
    """Everything on the document, in order of appearance.

    lines: in order of position, each with its session, and named as `billing.selectors.invoices.lines` does.
    left: of a credit note: what is left to pay of its invoice after it.
    look: the operator's logo and colour; none: ours.
    before: what the month before came to, if it is to be compared.
    verdicts: by session what its meter's signatures prove now; of those that have any.
    """
    writer = Writer(str(seller.get("language", "")))
    is_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
    of_sessions, of_fees = ([line for line in lines if (line.fee is None) is told] for told in (True, False))
    sums, sessions = _summary(summary.rows(lines, writer), writer), _by_whom(invoice, of_sessions, writer, verdicts)
    fees, by_vat = [_fee(line, writer) for line in of_fees], by_rate(vat)
    sites, people = _parts(invoice, of_sessions, writer)
    compared = overview.compared(invoice, before, writer)
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
        "refund": refund(invoice, seller, writer, left),
        "payment": [list(fact) for fact in _payment(invoice, seller, writer)],
        "code": paying.picture(paying.code(invoice, seller)),
        "summary": sums,
        "compared": compared,
        "by_site": overview.largest(sites, writer),
        "by_whom": overview.largest(people, writer),
        "everybody": [overview.row(part, writer) for part in people] if len(people) > overview.MOST + 1 else [],
        "sessions_note": writer.words[_basis(of_sessions)],
        "vat": [_vat_row(row, writer) for row in by_vat],
        "vat_notes": _vat_notes(by_vat, invoice, seller, writer),
        "totals": [list(total) for total in _totals(invoice, writer)],
        "fees": fees,
        "fees_note": writer.words[_basis(of_fees, "amounts_note")],
        "sessions": sessions,
        "is_dense": _is_dense(
            len(sums) + len(fees) + len(compared) + sum(len(session["lines"]) + 1 for session in sessions)
        ),
        "energy": writer.quantity(Decimal(invoice.energy_wh) / 1000, "kWh"),
        "session_count": writer.sessions(invoice.session_count),
    }


#: So many rows fit on a page, and so many when they are set closer. Both are a little less than what does.
FIT, FIT_CLOSER = 17, 28


def _is_dense(rows: int) -> bool:
    """Whether the document is set closer, so that no page holds a row or two alone."""
    return FIT < rows <= FIT_CLOSER


def _seller(seller: Seller) -> dict[str, Any]:
    name, legal_name = seller.get("name", ""), seller.get("legal_name", "")
    lines = _lines_of_address(seller)
    return {"name": name, "lines": [legal_name, *lines] if legal_name not in ("", name) else lines}


def _lines_of_address(seller: Seller) -> list[str]:
    town = " ".join(part for part in (seller.get("postal_code"), seller.get("city")) if part)
    return [line for line in (seller.get("street"), town) if line]


def _footer(seller: Seller, writer: Writer) -> list[list[str]]:
    """Three columns: who, how to reach, and the particulars the law asks for."""
    w = writer.words
    numbers = (seller.get("organisation_number") or "", seller.get("vat_number") or "")
    particulars = numbered(*numbers, str(seller.get("country") or ""), writer)
    abroad = [number for number in seller.get("vat_numbers", {}).values() if number != seller.get("vat_number")]
    particulars += [f"{w['vat_number']} {number}" for number in abroad]
    if seller.get("approved_for_f_tax"):
        particulars.append(w["f_tax"])
    contact = [value for value in (seller.get("email"), seller.get("phone")) if value]
    contact += [f"{w[account.kind]} {account.number}" for account in paying.accounts(seller)]
    return [[seller.get("legal_name") or seller.get("name", ""), *_lines_of_address(seller)], contact, particulars]


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
    if pays_to := paying.account(seller, invoice.currency):
        yield w[pays_to.kind], pays_to.number
    yield w["reference"], invoice.payment_reference


def refund(invoice: Invoice, seller: Seller, writer: Writer, left: Decimal) -> str:
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
    town = " ".join(part for part in (buyer.postal_code, buyer.city) if part)
    abroad = buyer.country if buyer.country != seller.get("country") else ""
    numbers = numbered(str(buyer.organisation_number), str(buyer.vat_number), buyer.country, writer)
    return [line for line in (buyer.name, buyer.street, town, abroad, *numbers) if line]


def numbered(organisation: str, vat: str, country: str, writer: Writer) -> list[str]:
    """The numbers of a company with what they are; those it has not are left out."""
    named = (("organisation_number", company_numbers.written(organisation, country)), ("vat_number", vat))
    return [f"{writer.words[name]} {number}" for name, number in named if number]


def _summary(rows: Iterable[Row], writer: Writer) -> list[list[str]]:
    """One row for each price: what and by which tariff, quantity, price without and with VAT, VAT, amount."""
    return [
        [
            f"{row.what} ({writer.words['incl_vat']})" if row.tax_included else row.what,
            writer.quantity(row.quantity, row.unit),
            *(("", "") if row.is_limit else _prices(row, writer)),
            writer.rate(row.rate),
            writer.amount(row.amount),
        ]
        for row in rows
    ]


def _prices(row: Row, writer: Writer) -> tuple[str, str]:
    """A unit price without and with VAT: the one the tariff says, the other to four decimals at most.

    The law wants the one without (ML 2023:200, 17 kap. 24 §); the one with is what the driver was shown.
    """
    factor = 1 + Fraction(row.rate or 0) / 100
    if row.tax_included:
        return writer.price(money.round_half_up(Fraction(row.price) / factor, 4)), writer.price(row.price)
    return writer.price(row.price), writer.price(money.round_half_up(Fraction(row.price) * factor, 4))


def _basis(lines: Sequence[InvoiceLine], note: str = "sessions_note") -> str:
    """Which of the notes says whether prices and amounts include VAT."""
    kinds = {line.tax_included for line in lines}
    if kinds == {True}:
        return f"{note}_incl_vat"
    return f"{note}_mixed" if True in kinds else note


def _by_whom(
    invoice: Invoice, lines: Sequence[InvoiceLine], writer: Writer, verdicts: Mapping[int, Verdict]
) -> list[dict[str, Any]]:
    """The sessions in the order of their lines. Who pays for others reads whose each is, with a sum for everybody.

    A sum includes VAT where all of the document's sessions do, as the note above them then says of every amount.
    """
    found = list(_sessions(lines))
    includes_vat = all(line.tax_included for one in found for line in one)
    if invoice.account.kind == Account.Kind.PRIVATE:
        return [{**_session(one, writer, verdicts), "who": []} for one in found]
    sessions = []
    for who, group in groupby(found, key=lambda one: _who(one[0], writer)):
        theirs = list(group)
        each = (line.amount if includes_vat else line.amount_excl_vat for one in theirs for line in one)
        amount = sum(each, Decimal(0))
        headings: list[list[str]] = [[who, writer.amount(amount)], *([] for _ in theirs[1:])]
        sessions += [{**_session(one, writer, verdicts), "who": who} for one, who in zip(theirs, headings, strict=True)]
    return sessions


def _parts(
    invoice: Invoice, lines: Sequence[InvoiceLine], writer: Writer
) -> tuple[list[overview.Part], list[overview.Part]]:
    """Sites and people, for who pays for others; a person knows where they were."""
    if invoice.account.kind == Account.Kind.PRIVATE or invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return [], []
    return overview.parts(lines, lambda line: line.named.site), overview.parts(lines, lambda line: _who(line, writer))


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


def _session(lines: list[InvoiceLine], writer: Writer, verdicts: Mapping[int, Verdict]) -> dict[str, Any]:
    """A session: when, where and what its meter's signature proves, then its prices."""
    session, named = lines[0].session, lines[0].named
    zone = named.zone
    start = session.started_at.astimezone(zone)
    end = (session.ended_at or session.started_at).astimezone(zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return {
        "day": f"{start:%Y-%m-%d}",
        "time": f"{start:%H:%M}\u2013{until}",
        "place": " · ".join([str(named.site), str(named.station), *_proof(verdicts.get(session.pk), writer)]),
        "lines": [_line(line, writer) for line in sorted(lines, key=lambda one: summary.rank(one.component))],
        "amount": writer.amount(sum((line.amount for line in lines), Decimal(0))),
    }


def _proof(verdict: Verdict | None, writer: Writer) -> list[str]:
    return [writer.words[f"signed_{verdict}"]] if verdict not in {None, Verdict.ABSENT, Verdict.KEPT} else []


def _line(line: InvoiceLine, writer: Writer) -> list[str]:
    return [
        writer.what(line),
        writer.quantity(line.quantity, line.unit),
        "" if line.component in summary.LIMITS else writer.price(line.unit_price),
        writer.rate(line.vat_rate),
        writer.amount(line.amount),
    ]


def by_rate(vat: Iterable[InvoiceVat]) -> list[InvoiceVat]:
    """Highest rate first, "no VAT" last."""
    return sorted(vat, key=lambda row: (row.vat_rate is None, -(row.vat_rate or 0)))


def _vat_row(row: InvoiceVat, writer: Writer) -> list[str]:
    return [writer.rate(row.vat_rate), writer.amount(row.taxable), writer.amount(row.vat)]


def _vat_notes(rows: Iterable[InvoiceVat], invoice: Invoice, seller: Seller, writer: Writer) -> list[str]:
    """Why no VAT is charged, in the words of the law, each once."""
    numbers = {"seller": compact(str(seller.get("vat_number") or "")), "buyer": compact(invoice.buyer.vat_number)}
    found = dict.fromkeys(categories.category(row.vat_rate, **numbers) for row in rows)
    return [writer.words[f"vat_note_{category}"] for category in found if category in categories.REASONED]


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
