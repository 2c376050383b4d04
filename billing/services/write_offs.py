"""Giving up a receivable that will not be paid, and taking that back.

The invoice stays as it was, and a write-off is a fact beside it: what is left open falls, the loss is booked, and its
VAT is taken back where the reason makes the loss certain. It is no credit note: the payer still owes it, and what is
paid after all is matched once the write-off is undone.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Sum

from billing.domain import money
from billing.domain.calendar import day_of
from billing.domain.errors import BillingError, Code
from billing.domain.losses import Rate, shares
from billing.models import Invoice, InvoiceVat, Receivable, WriteOff
from billing.models.write_off import LOWERS_VAT
from billing.services import approved, ledger, payments
from tenants.models import Operator, User
from tenants.scoping import current_operator_id

Why = WriteOff.Why
#: A difference is less than this.
SMALL: Final = Decimal(1)


class WriteOffRefused(BillingError):
    """Something cannot be given up, or that cannot be taken back."""

    usual = Code.WRITE_OFF_ABOVE_REST


@transaction.atomic
def write_off(invoice: Invoice, amount: Decimal, *, why: str, reason: str, by: User | None, at: datetime) -> WriteOff:
    """Give up so much of what is open of an invoice.

    Where the operator wants a second person for issuing, this uses up the approval of exactly this.

    Raises:
        NotApproved: a second person has not approved it.
        WriteOffRefused: there is no reason, the amount is no whole coins above zero or more than is open, or it is
            called a small difference and is not small.
    """
    payments.hold_turn()
    # Whoever credits the invoice meanwhile waits, and then finds it given up.
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("account").get(pk=invoice.pk)
    parts = check(invoice, amount, why=why, reason=reason)
    told = facts(invoice, amount, why=why, reason=reason, parts=parts)
    approved.claim(approved.WRITE_OFF, subject=invoice.public_id, facts=lambda: told, at=at)
    row = WriteOff(
        invoice=invoice,
        account=invoice.account,
        amount=sum(part["net"] + part["vat"] for part in parts),
        parts=parts,
        why=why,
        lowers_vat=why in LOWERS_VAT,
        reason=reason.strip(),
    )
    return _kept(row, by=by, at=at)


@transaction.atomic
def undo(row: WriteOff, *, reason: str, by: User | None, at: datetime) -> WriteOff:
    """Take a write-off back: its amount is open again.

    Raises:
        WriteOffRefused: it is undone already, or undoes another; or there is no reason.
    """
    payments.hold_turn()
    Invoice.objects.select_for_update(of=("self",)).get(pk=row.invoice_id)
    if row.undoes_id is not None or WriteOff.objects.filter(undoes=row).exists():
        raise WriteOffRefused(Code.WRITE_OFF_UNDONE, field="write_off", value=str(row))
    _check_reason(reason)
    parts = [{**part, "net": -part["net"], "vat": -part["vat"]} for part in row.parts]
    back = WriteOff(
        invoice=row.invoice,
        account=row.account,
        amount=-row.amount,
        parts=parts,
        why=row.why,
        lowers_vat=row.lowers_vat,
        reason=reason.strip(),
        undoes=row,
    )
    return _kept(back, by=by, at=at)


def check(invoice: Invoice, amount: Decimal, *, why: str, reason: str) -> list[dict[str, Any]]:
    """What the write-off would come to by rate of VAT, as `WriteOff.parts` has it.

    Raises:
        WriteOffRefused: as `write_off` says.
    """
    receivable = Receivable.objects.filter(invoice=invoice).first()
    if receivable is None or receivable.rest <= 0:
        raise WriteOffRefused(Code.WRITE_OFF_NOTHING_OPEN, field="invoice", value=str(invoice))
    digits = money.minor_digits(invoice.currency)
    if amount <= 0 or money.decimals_of(amount) > digits:
        raise WriteOffRefused(Code.PAYMENT_NO_AMOUNT_GIVEN, field="amount", value=str(amount))
    coins = money.to_units(amount, digits)
    if coins > receivable.rest:
        raise WriteOffRefused(Code.WRITE_OFF_ABOVE_REST, field="amount", value=str(amount))
    if why not in Why:
        raise WriteOffRefused(Code.WRITE_OFF_NEEDS_REASON, field="why", value=why)
    if why == Why.DIFFERENCE and (amount >= SMALL or coins != receivable.rest):
        raise WriteOffRefused(Code.WRITE_OFF_NO_DIFFERENCE, field="amount", value=str(amount))
    _check_reason(reason)
    if why not in LOWERS_VAT:
        return [{"rate": None, "net": coins, "vat": 0}]
    standing = receivable.due - receivable.credited
    parts = shares(coins, of=standing, rates=_rates(invoice, digits), before=_before(invoice))
    return [
        {"rate": None if rate.percent is None else str(rate.percent), "net": rate.net, "vat": rate.vat}
        for rate in parts
    ]


def facts(
    invoice: Invoice, amount: Decimal, *, why: str, reason: str, parts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """What a second person approves."""
    return {
        "invoice": str(invoice),
        "amount": str(amount),
        "currency": invoice.currency,
        "why": why,
        "reason": reason.strip(),
        "vat": str(money.from_minor(sum(part["vat"] for part in parts), invoice.currency)),
    }


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= 300:
        raise WriteOffRefused(Code.WRITE_OFF_NEEDS_REASON, field="reason", value=reason[:40])


def _rates(invoice: Invoice, digits: int) -> list[Rate]:
    """What stands of the invoice by rate, after its credit notes."""
    rows = InvoiceVat.objects.filter(invoice__in=[invoice.pk, *_notes(invoice)]).values("vat_rate").order_by()
    sums = rows.annotate(net=Sum("taxable"), tax=Sum("vat")).order_by("-vat_rate")
    return [
        Rate(row["vat_rate"], money.to_units(row["net"], digits), money.to_units(row["tax"], digits)) for row in sums
    ]


def _notes(invoice: Invoice) -> list[int]:
    notes = Invoice.objects.filter(credits=invoice, state=Invoice.State.ISSUED)
    return list(notes.values_list("pk", flat=True))


def _before(invoice: Invoice) -> list[Rate]:
    """What was given up of the invoice before, with its VAT, and not taken back."""
    rows = WriteOff.objects.filter(invoice=invoice, lowers_vat=True)
    return [
        Rate(None if part["rate"] is None else Decimal(part["rate"]), part["net"], part["vat"])
        for row in rows
        for part in row.parts
    ]


def _kept(row: WriteOff, *, by: User | None, at: datetime) -> WriteOff:
    operator = Operator.objects.get(pk=current_operator_id())
    row.made_by, row.happened_on = by, day_of(at, operator.time_zone)
    row.save()
    ledger.post(ledger.Kind.WRITE_OFF, [row.pk], at=at)
    return row
