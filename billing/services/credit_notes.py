"""Credit notes: an invoice is undone whole, never edited.

The credit note has the invoice's lines with the opposite sign, refers to it unambiguously (ML 2023:200,
17 kap. 22–23 §), takes the next number of the same series, and releases the sessions. Released sessions go
under review, flagged `credited`: a person decides whether they are billed again or written off. Their prices are
dropped, as a price is kept only while it is billed: an approved session is priced by the terms of that moment, so
that a tariff corrected because of the mistake takes effect.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from billing.domain.calendar import day_of
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import Invoice
from billing.selectors import approval_facts
from billing.services import approved, issuing, rules
from billing.sql import invoices
from tenants.log import audit
from tenants.models import Operator, User
from tenants.scoping import current_operator_id

CREDITED = "credited"


class CreditRefused(BillingError):
    """The document cannot be credited."""


@transaction.atomic
def credit(invoice: Invoice, *, reason: str, by: User | None, at: datetime) -> Invoice:
    """Issue the credit note of a whole invoice and return it. Repeating it returns the same one.

    reason: stands on the credit note; at most 300 characters. Where the operator wants a second person for issuing,
    this uses up the approval of exactly this invoice and reason.

    Raises:
        NotApproved: a second person has not approved it.
        CreditRefused: it is a draft or itself a credit note, or the reason is missing or too long.
    """
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("account").get(pk=invoice.pk)
    existing = Invoice.objects.filter(credits=invoice).first()
    if existing is not None:
        return existing
    check(invoice, reason)
    facts = approval_facts.crediting(invoice, reason)
    approved.claim(approved.CREDIT, subject=invoice.public_id, facts=lambda: facts, at=at)
    operator = Operator.objects.get(pk=current_operator_id())
    note = _draft(invoice, reason=reason.strip(), at=at)
    _run((invoices.MIRRORED_LINES, invoices.MIRRORED_VAT), invoice, note)
    rules.check([note.pk])
    today = day_of(at, operator.time_zone)
    issuing.issue(Invoice.objects.filter(pk=note.pk), operator=operator, at=at, issued_on=today)
    note.refresh_from_db()
    _run((invoices.RELEASE, invoices.UNDER_REVIEW, invoices.PRICES_OF_RELEASED), invoice, note)
    audit.record(
        Event.INVOICE_CREDITED,
        about=invoice,
        credit_note=str(note),
        sessions=invoice.session_count,
        amount_due=str(note.amount_due),
        credited_by=by.pk if by else None,
    )
    return note


def check(invoice: Invoice, reason: str) -> None:
    """Refuse what cannot be credited.

    Raises:
        CreditRefused: it is a draft or itself a credit note, or the reason is missing or too long.
    """
    if invoice.kind != Invoice.Kind.INVOICE:
        raise CreditRefused(Code.CREDIT_NOTE_STAYS, field="invoice", value=str(invoice))
    if invoice.state != Invoice.State.ISSUED:
        raise CreditRefused(Code.DRAFT_NOT_CREDITED, field="invoice", value=str(invoice))
    if not 0 < len(reason.strip()) <= 300:
        raise CreditRefused(Code.CREDIT_NEEDS_REASON, field="reason", value=reason[:40])


def _draft(invoice: Invoice, *, reason: str, at: datetime) -> Invoice:
    return Invoice.objects.create(
        kind=Invoice.Kind.CREDIT_NOTE,
        credits=invoice,
        reason=reason,
        account=invoice.account,
        buyer_id=invoice.buyer_id,
        series=invoice.series,
        month=invoice.month,
        currency=invoice.currency,
        amount_excl_vat=-invoice.amount_excl_vat,
        vat=-invoice.vat,
        rounding=-invoice.rounding,
        amount_due=-invoice.amount_due,
        session_count=invoice.session_count,
        energy_wh=-invoice.energy_wh,
        drafted_at=at,
    )


def _run(statements: Iterable[str], invoice: Invoice, note: Invoice) -> None:
    values: dict[str, Any] = {
        "operator": note.operator_id,
        "invoice": invoice.pk,
        "note": note.pk,
        "flag": CREDITED,
        "why": note.reason,
    }
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
