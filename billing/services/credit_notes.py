"""Credit notes: an invoice is undone, wholly or in part, never edited.

A credit note takes back lines of an invoice with the opposite sign, refers to it unambiguously (ML 2023:200, 17 kap.
22–23 §) and takes the next number of the same series. All notes of an invoice together never take more than it asks
for, also when two are made at once: each holds the invoice, and the database judges their sum when it commits.

A session of which nothing is left on the invoice is released and flagged `credited`: a person decides whether it is
billed again or written off, now or later. Its price is dropped, as a price is kept only while it is billed: what is
billed anew is priced by the terms of that moment, so that a tariff corrected because of the mistake takes effect.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from billing.domain.calendar import day_of
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import Invoice, Receivable
from billing.models.billing_status import AFTER_CREDIT, CREDITED
from billing.selectors import approval_facts, credits
from billing.selectors.credits import EVERYTHING, Asked, Comes
from billing.services import approved, issuing, rules
from billing.sql import credit_notes as sql
from charging.models import ChargingSession
from tenants.log import audit
from tenants.models import Operator, User
from tenants.scoping import current_operator_id

DECIDED_LATER = ChargingSession.Review.PENDING.value


class CreditRefused(BillingError):
    """The document cannot be credited, or not like this."""


@transaction.atomic
def credit(
    invoice: Invoice,
    *,
    reason: str,
    by: User | None,
    at: datetime,
    asked: Asked = EVERYTHING,
    then: str = DECIDED_LATER,
) -> Invoice:
    """Issue a credit note of what is asked for and return it. Asking again for everything returns the last one.

    reason: stands on the credit note; at most 300 characters. asked: all that is left of the invoice, or of some lines.
    then: what becomes of the sessions that are released, one of `AFTER_CREDIT`. Where the operator wants a second
    person for issuing, this uses up the approval of exactly this.

    Raises:
        NotApproved: a second person has not approved it.
        CreditRefused: it is a draft or itself a credit note, the reason is missing or too long, or more is asked for
            than is left.
    """
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("account").get(pk=invoice.pk)
    last = Invoice.objects.filter(credits=invoice, leaves_rest=False).first()
    if last is not None and asked == EVERYTHING:
        return last
    comes = check(invoice, reason, asked, then)
    facts = approval_facts.crediting(invoice, reason, asked, comes, then)
    approved.claim(approved.CREDIT, subject=invoice.public_id, facts=lambda: facts, at=at)
    return issue(invoice, comes, reason=reason, by=by, at=at, asked=asked, then=then)


def issue(
    invoice: Invoice, comes: Comes, *, reason: str, by: User | None, at: datetime, asked: Asked, then: str
) -> Invoice:
    """Issue the note that was checked and approved. The invoice is held by whoever calls, in the same transaction."""
    operator = Operator.objects.get(pk=current_operator_id())
    note = _draft(invoice, comes, reason=reason.strip(), at=at)
    values = {**credits.given(invoice, asked), "note": note.pk, "flag": CREDITED, "then": then}
    _run((sql.LINES, sql.VAT), values)
    rules.check([note.pk])
    today = day_of(at, operator.time_zone)
    issuing.issue(Invoice.objects.filter(pk=note.pk), operator=operator, at=at, issued_on=today)
    note.refresh_from_db()
    _run((sql.RELEASE,), values)
    _run((sql.REVIEW, sql.PRICES), {**values, **_noted(values, note.reason)})
    audit.record(
        Event.INVOICE_CREDITED,
        about=invoice,
        credit_note=str(note),
        sessions=note.session_count,
        amount_due=str(note.amount_due),
        credited_by=by.pk if by else None,
    )
    return note


def _noted(values: dict[str, Any], reason: str) -> dict[str, Any]:
    """The sessions that were released, and the reason as a note for each, sealed."""
    field: Any = ChargingSession._meta.get_field("review_note")
    with connection.cursor() as cursor:
        cursor.execute(sql.RELEASED, values)
        released = [ChargingSession(pk=pk, public_id=public_id) for pk, public_id in cursor.fetchall()]
    notes = [field.sealed(reason, session.sealed_for).box for session in released]
    return {"released": [session.pk for session in released], "notes": notes}


def check(invoice: Invoice, reason: str, asked: Asked = EVERYTHING, then: str = DECIDED_LATER) -> Comes:
    """Return what the note would come to; refuse what cannot be credited.

    Raises:
        CreditRefused: it is a draft or itself a credit note, some of it is written off, the reason is missing or too
            long, a line is not on the invoice, or more is asked for than is left.
    """
    if invoice.kind != Invoice.Kind.INVOICE:
        raise CreditRefused(Code.CREDIT_NOTE_STAYS, field="invoice", value=str(invoice))
    if invoice.state != Invoice.State.ISSUED:
        raise CreditRefused(Code.DRAFT_NOT_CREDITED, field="invoice", value=str(invoice))
    if not 0 < len(reason.strip()) <= 300:
        raise CreditRefused(Code.CREDIT_NEEDS_REASON, field="reason", value=reason[:40])
    if then not in AFTER_CREDIT:
        raise CreditRefused(Code.CREDIT_THEN_WHAT, field="then", value=then)
    if not asked.is_sound(invoice.currency):
        raise CreditRefused(Code.CREDIT_NO_AMOUNT, field="lines")
    if Receivable.objects.filter(invoice=invoice).exclude(written_off=0).exists():
        raise CreditRefused(Code.CREDIT_AFTER_WRITE_OFF, field="invoice", value=str(invoice))
    comes = credits.comes_to(invoice, asked)
    _check_within(invoice, comes)
    return comes


def _check_within(invoice: Invoice, comes: Comes) -> None:
    if comes.missing is not None:
        raise CreditRefused(Code.NOT_ON_INVOICE, field="lines", value=comes.missing)
    if comes.too_much is not None:
        raise CreditRefused(Code.CREDIT_ABOVE_REST, field="lines", value=comes.too_much)
    if not comes.lines:
        raise CreditRefused(Code.NOTHING_LEFT, field="invoice", value=str(invoice))
    left = credits.left(invoice)
    if comes.amount_due < 0 or comes.amount_due > left.amount_due or comes.amount_excl_vat > left.amount_excl_vat:
        raise CreditRefused(Code.CREDIT_ABOVE_INVOICE, field="lines", value=comes.amount_due)


def _draft(invoice: Invoice, comes: Comes, *, reason: str, at: datetime) -> Invoice:
    return Invoice.objects.create(
        kind=Invoice.Kind.CREDIT_NOTE,
        credits=invoice,
        leaves_rest=comes.leaves_rest,
        reason=reason,
        account=invoice.account,
        buyer_id=invoice.buyer_id,
        series=invoice.series,
        month=invoice.month,
        currency=invoice.currency,
        vat_country=invoice.vat_country,
        amount_excl_vat=-comes.amount_excl_vat,
        vat=-comes.vat,
        rounding=-comes.rounding,
        amount_due=-comes.amount_due,
        session_count=comes.sessions,
        energy_wh=-comes.energy_wh,
        drafted_at=at,
    )


def _run(statements: Iterable[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
