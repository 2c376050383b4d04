"""Documents of what paying late costs: reminder fees, compensation, late interest; each invoice's on one of its own.

Such a document is an invoice like any other, with fees that are outside the scope of VAT (EN 16931: code O may not be
mixed with another), so it is numbered, paid, credited and booked as one. It is no part of a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.domain import money
from billing.models import BilledFee, Fee, Invoice, InvoiceLine, InvoiceVat
from billing.services import issuing, rules
from billing.services.issuing import Issued
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Part:
    """A line: its words, how many whole coins, and what it is (`BilledFee.Late`)."""

    text: str
    coins: int
    late: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What is asked because one invoice was not paid in time."""

    invoice: Invoice
    parts: Sequence[Part]


def issue(charges: Sequence[Charge], *, operator: Operator, at: datetime, today: date) -> tuple[list[Invoice], Issued]:
    """Issue a document for each; return them in the same order. Must run in one transaction.

    Raises:
        DocumentRefused: one would break a rule of EN 16931.
    """
    drafts = [_draft(charge, operator, at=at, today=today) for charge in charges]
    ids = [draft.pk for draft in drafts]
    rules.check(ids)
    issued = issuing.issue(Invoice.objects.filter(pk__in=ids), operator=operator, at=at, issued_on=today)
    found = Invoice.objects.select_related("account").in_bulk(ids)
    return [found[pk] for pk in ids], issued


def _draft(charge: Charge, operator: Operator, *, at: datetime, today: date) -> Invoice:
    late, currency = charge.invoice, charge.invoice.currency
    total = money.from_minor(sum(part.coins for part in charge.parts), currency)
    due = money.round_half_up(total, 0) if operator.rounds_to_crowns and currency == "SEK" else total
    draft = Invoice.objects.create(
        kind=Invoice.Kind.INVOICE,
        account=late.account,
        buyer_id=late.account.identity_id or late.buyer_id,
        series=late.series,
        month=today.replace(day=1),
        currency=currency,
        vat_country=operator.country,
        amount_excl_vat=total,
        vat=Decimal(0),
        rounding=due - total,
        amount_due=due,
        drafted_at=at,
    )
    for position, part in enumerate(charge.parts, start=1):
        _line(draft, position, part, today)
    InvoiceVat.objects.create(invoice=draft, vat_rate=None, taxable=total, vat=Decimal(0))
    return draft


def _line(draft: Invoice, position: int, part: Part, today: date) -> None:
    """A fee that is charged once, at once: no run meets it."""
    amount = money.from_minor(part.coins, draft.currency)
    fee = Fee.objects.create(
        account=draft.account,
        kind=Fee.Kind.ONCE,
        text=part.text,
        reason=part.text,
        price=amount,
        currency=draft.currency,
        since=today,
    )
    billed = BilledFee.objects.create(
        fee=fee,
        invoice=draft,
        first_day=today,
        last_day=today,
        text=part.text,
        late=part.late,
    )
    InvoiceLine.objects.create(
        invoice=draft,
        position=position,
        fee=billed,
        component="ONCE",
        quantity=Decimal(1),
        unit="1",
        unit_price=amount,
        amount_excl_vat=amount,
    )
