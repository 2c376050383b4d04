"""A statement to a site host as its page shows it: where self-billing was agreed, the host's invoice to the operator.

Plain text, formatted and in the document's language; the typst template only places it. The host is the seller and the
operator the buyer; the word that the law asks for (ML 2023:200, 17 kap. 24 §) stands with the facts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.documents.layout import numbered
from billing.documents.writer import Seller, Writer
from billing.models import HostContract, HostMonth, HostStatement
from tenants.models import DriverIdentity


@dataclass(frozen=True, slots=True)
class Part:
    """What a statement comes to is made of: its words, the month that it is of, and how much, without VAT."""

    what: str
    month: date
    amount: Decimal


def parts(statement: HostStatement, months: Iterable[HostMonth], writer: Writer) -> list[Part]:
    """The months, then what was carried over, set off, and is carried on; together the payout.

    They are the lines of the e-invoice.
    """
    text = writer.words["host_part"]
    of_months = (Part(text.format(month=writer.figures.month(row.month)), row.month, row.amount) for row in months)
    return [*of_months, *_carried(statement, writer)]


def _carried(statement: HostStatement, writer: Writer) -> Iterable[Part]:
    amounts = (
        ("carried_in", statement.carried_in),
        ("set_off", statement.set_off),
        ("carried_out", -statement.carried_out),
    )
    return (Part(writer.words[name], statement.month, amount) for name, amount in amounts if amount)


def page(statement: HostStatement, months: Iterable[HostMonth]) -> dict[str, Any]:
    """Everything on the document of a closed statement, in order of appearance. months: in order of time."""
    buyer: Seller = statement.buyer
    writer = Writer(str(buyer.get("language", "")))
    w, is_invoice = writer.words, statement.number is not None
    return {
        "lang": writer.language,
        "words": w,
        "title": w["self_billed"] if is_invoice else w["statement"],
        "name": str(statement),
        "note": "" if is_invoice else w["statement_note"],
        # Who sells to whom is said of an invoice only; the plain statement asks for one.
        "roles": [w["from_host"], w["to_operator"]] if is_invoice else [w["statement_host"], w["statement_operator"]],
        "host": _host(statement.host, writer) if statement.host else [statement.customer_number],
        "buyer": _buyer(buyer, writer),
        "facts": [list(fact) for fact in _facts(statement, buyer, writer)],
        "terms": [list(term) for term in _terms(statement.contract, writer)],
        "months": [_month(row, writer) for row in months],
        "totals": [list(total) for total in _totals(statement, writer)],
    }


def _host(host: DriverIdentity, writer: Writer) -> list[str]:
    town = " ".join(part for part in (host.postal_code, host.city) if part)
    numbers = numbered(str(host.organisation_number), str(host.vat_number), host.country, writer)
    return [line for line in (host.name, host.street, town, *numbers) if line]


def _buyer(buyer: Seller, writer: Writer) -> list[str]:
    town = " ".join(part for part in (buyer.get("postal_code"), buyer.get("city")) if part)
    number, vat, country = (str(buyer.get(field) or "") for field in ("organisation_number", "vat_number", "country"))
    numbers = numbered(number, vat, country, writer)
    name = buyer.get("legal_name") or buyer.get("name", "")
    return [str(line) for line in (name, buyer.get("street"), town, *numbers) if line]


def _facts(statement: HostStatement, buyer: Seller, writer: Writer) -> Iterable[tuple[str, str]]:
    w, zone = writer.words, ZoneInfo(str(buyer.get("time_zone") or "UTC"))
    if statement.number is not None:
        yield w["number"], str(statement)
    if statement.closed_at is not None:
        dated = "dated" if statement.number is None else "issued"  # what is no invoice has no date of one
        yield w[dated], f"{statement.closed_at.astimezone(zone):%Y-%m-%d}"
    if statement.due_on is not None and statement.payout:
        yield w["due"], statement.due_on.isoformat()
    yield w["settled_month"], writer.figures.month(statement.month)
    yield w["contract"], statement.contract.name
    if statement.number is not None and statement.contract.agreed_on:
        yield w["self_billing"], w["agreed_on"].format(day=statement.contract.agreed_on.isoformat())


def _terms(contract: HostContract, writer: Writer) -> Iterable[tuple[str, str]]:
    w = writer.words
    if contract.share:
        yield w["host_share"], writer.rate(contract.share)
    if contract.kwh_price:
        yield w["host_kwh"], f"{writer.price(contract.kwh_price)} {contract.currency}/kWh"
    amounts = (("host_rent", contract.rent), ("host_fee", -contract.fee), ("host_floor", contract.floor))
    for name, amount in amounts:
        if amount:
            yield w[name], writer.money(amount, contract.currency)


def _month(row: HostMonth, writer: Writer) -> list[str]:
    return [
        writer.figures.month(row.month),
        writer.figures.number(row.sessions),
        writer.quantity(Decimal(row.energy_wh) / 1000, "kWh"),
        writer.amount(row.net),
        writer.amount(row.amount),
    ]


def _totals(statement: HostStatement, writer: Writer) -> Iterable[tuple[str, str]]:
    w = writer.words
    yield w["statement_amount"], writer.amount(statement.amount)
    yield from ((part.what, writer.amount(part.amount)) for part in _carried(statement, writer))
    yield w["sum_excl_vat"], writer.amount(statement.payout)
    rate = "" if statement.vat_rate is None else f" {writer.rate(statement.vat_rate)}"
    yield f"{w['sum_vat']}{rate}", writer.amount(statement.vat)
    yield w["to_host"], writer.money(statement.total, statement.currency)
