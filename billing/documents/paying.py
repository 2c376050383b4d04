"""Where an invoice is paid to, and the code that a bank's app reads it from."""

import json
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from stdnum import iban

from billing.documents.writer import Seller
from billing.models import Invoice
from tenants import qr
from tenants.company_numbers import compact, written

#: What the European code may ask for at most (EPC069-12).
_MOST: Final = Decimal("999999999.99")


class Account(NamedTuple):
    """An account of the seller, as it is written for people."""

    kind: str
    number: str


BANKGIRO, IBAN = "bankgiro", "iban"


def accounts(seller: Seller) -> list[Account]:
    """Those the seller has."""
    return [
        Account(kind, iban.format(number) if kind == IBAN else number)
        for kind in (BANKGIRO, IBAN)
        if (number := str(seller.get(kind) or ""))
    ]


def account(seller: Seller, currency: str) -> Account | None:
    """Where to pay: kronor to the bankgiro, everything else by IBAN; to the other where there is but one."""
    first = BANKGIRO if currency == "SEK" else IBAN
    return min(accounts(seller), key=lambda found: found.kind != first, default=None)


def pays_to(seller: Seller, currency: str) -> str:
    """Where to pay, in a sentence of a letter: `bankgiro 991-2346`; empty where the seller has no account."""
    found = account(seller, currency)
    return f"{found.kind if found.kind == BANKGIRO else found.kind.upper()} {found.number}" if found else ""


def code(invoice: Invoice, seller: Seller) -> str:
    """What a bank's app reads: UsingQR for kronor to a bankgiro, the European code for euro to an IBAN.

    Empty where nothing is to be paid, or no app would read it.
    """
    found = account(seller, invoice.currency)
    is_asked = invoice.kind == Invoice.Kind.INVOICE and invoice.number and invoice.amount_due > 0
    if found is None or not is_asked or invoice.issued_at is None:
        return ""
    match invoice.currency, found.kind:
        case "SEK", "bankgiro":
            return _using_qr(invoice, seller, found)
        case "EUR", "iban" if invoice.amount_due <= _MOST:
            return _european(invoice, seller, found)
    return ""


def picture(text: str) -> str:
    """The code as SVG, with the margin that readers need; empty for none."""
    return qr.svg(text) if text else ""


def _using_qr(invoice: Invoice, seller: Seller, into: Account) -> str:
    """The code of Swedish banks (usingqr.com, revision 2): one line of JSON in ASCII."""
    zone = ZoneInfo(str(seller.get("time_zone") or "UTC"))
    told = {
        "uqr": 1,
        "tp": 1,
        "nme": _name(seller),
        "cid": written(str(seller.get("organisation_number") or ""), str(seller.get("country") or "")),
        "iref": invoice.payment_reference,
        "idt": f"{invoice.issued_at.astimezone(zone):%Y%m%d}" if invoice.issued_at else "",
        "ddt": f"{invoice.due_on:%Y%m%d}" if invoice.due_on else "",
        "due": _number(invoice.amount_due),
        "pt": "BG",
        "acc": into.number,
    }
    return json.dumps({name: value for name, value in told.items() if value != ""}, separators=(",", ":"))


def _european(invoice: Invoice, seller: Seller, into: Account) -> str:
    """The code for a SEPA credit transfer (EPC069-12): the reference goes as text, as it is no ISO 11649 one."""
    lines = [
        *("BCD", "002", "1", "SCT", ""),
        _name(seller)[:70],
        compact(into.number),
        f"EUR{invoice.amount_due:.2f}",
        *("", ""),
        invoice.payment_reference,
    ]
    return "\n".join(lines)


def _name(seller: Seller) -> str:
    return " ".join(str(seller.get("legal_name") or seller.get("name", "")).split())


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)
