"""Payments by hand, and what a person says a payment was for: matched, kept on the account, paid back, undone.

Each act holds the operator's turn for payments, as booking a file does, so that what is open of an invoice is not given
away twice. Nothing is changed: what was wrong is undone by a match that takes it back.
"""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from billing.domain import money
from billing.domain.errors import BillingError, Code
from billing.models import Invoice, Payment, PaymentMatch, Receivable
from billing.selectors import credits
from billing.services import for_books, ledger
from billing.sql import payments as sql
from tenants.models import Account, User
from tenants.scoping import current_operator_id

Purpose, How = PaymentMatch.Purpose, PaymentMatch.How
#: A payment that a person tells of is no older than this, in days.
LONGEST_BACK: Final = 3_660


class PaymentRefused(BillingError):
    """Something cannot be done with a payment."""

    usual = Code.PAYMENT_NOTHING_OPEN


@transaction.atomic
def record(invoice: Invoice, amount: Decimal, *, paid_on: date, text: str, by: User | None, today: date) -> Payment:
    """Keep that an invoice, or more than it, was paid; what is more than open stands on the account.

    Raises:
        PaymentRefused: the amount is no whole coins above zero, the day lies ahead or very long ago, or the invoice is
            none that can be paid.
    """
    coins = _coins(amount, invoice.currency)
    if not 0 <= (today - paid_on).days <= LONGEST_BACK:
        raise PaymentRefused(Code.PAYMENT_IN_FUTURE, field="paid_on", value=paid_on.isoformat())
    hold_turn()
    payment = Payment.objects.create(
        booking=uuid.uuid4().hex,
        amount=coins,
        rest=coins,
        currency=invoice.currency,
        paid_on=paid_on,
        text=text.strip(),
        recorded_by=by,
    )
    ledger.post(ledger.Kind.PAYMENT, [payment.pk], at=payment.created_at)
    _settle(payment, invoice, how=How.HAND, by=by)
    return _now(payment)


@transaction.atomic
def settle(payment: Payment, invoice: Invoice, *, how: str, by: User | None) -> Payment:
    """Let what is left of a payment be for an invoice; what is more than open stands on its account.

    Raises:
        PaymentRefused: nothing is left of the payment, or open of the invoice, or they are of two currencies.
    """
    hold_turn()
    payment = _now(payment)
    if invoice.currency != payment.currency:
        raise PaymentRefused(
            Code.PAYMENT_CURRENCY,
            field="currency",
            value=payment.currency,
            invoice=str(invoice),
            invoice_currency=invoice.currency,
            currency=payment.currency,
        )
    _settle(payment, invoice, how=how, by=by)
    return _now(payment)


@transaction.atomic
def keep(payment: Payment, account: Account, *, by: User | None) -> Payment:
    """Let what is left of a payment stand on an account.

    Raises:
        PaymentRefused: nothing is left of it.
    """
    hold_turn()
    payment = _with_rest(payment)
    _match(payment, payment.rest, purpose=Purpose.ACCOUNT, how=How.HAND, account=account, made_by=by)
    return _now(payment)


@transaction.atomic
def pay_back(payment: Payment, *, reason: str, by: User | None) -> Payment:
    """Keep that what is left of a payment was paid back.

    Raises:
        PaymentRefused: nothing is left of it, or there is no reason.
    """
    hold_turn()
    payment = _with_rest(payment)
    purpose = {"purpose": Purpose.REFUND, "how": How.HAND, "reason": _reason(reason)}
    _match(payment, payment.rest, **purpose, made_by=by)
    return _now(payment)


@transaction.atomic
def undo(match: PaymentMatch, *, reason: str, by: User | None) -> PaymentMatch:
    """Take a match back by one of the opposite sign; its amount waits again.

    Raises:
        PaymentRefused: it is undone already, or undoes another; or there is no reason.
    """
    hold_turn()
    if match.undoes_id is not None or PaymentMatch.objects.filter(undoes=match).exists():
        raise PaymentRefused(Code.MATCH_UNDONE, field="match", value=str(match))
    return _match(
        match.payment,
        -match.amount,
        account=match.account,
        invoice=match.invoice,
        purpose=match.purpose,
        how=How.HAND,
        undoes=match,
        reason=_reason(reason),
        made_by=by,
    )


@transaction.atomic
def free(invoice: Invoice, *, by: User | None) -> list[Payment]:
    """Let wait again what was paid of an invoice and is no longer owed, as it was credited since.

    Returns:
        The payments that it is left of: what each is for now is said by a person, as of any other that waits.

    Raises:
        PaymentRefused: no more was paid than is owed.
    """
    hold_turn()
    receivable = Receivable.objects.filter(invoice=invoice).first()
    if receivable is None or receivable.rest >= 0:
        raise PaymentRefused(Code.PAYMENT_NOT_TOO_MUCH, field="invoice", value=str(invoice), invoice=str(invoice))
    left, freed = -receivable.rest, []
    reason = ", ".join(map(str, credits.notes(invoice)))[:300] or str(invoice)
    live_ = PaymentMatch.objects.filter(invoice=invoice, amount__gt=0, undoes__isnull=True, undone_by__isnull=True)
    for match in live_.select_related("payment", "account").order_by("-pk"):
        if not left:
            break
        undo(match, reason=reason, by=by)
        taken = min(left, match.amount)
        if match.amount > taken:
            of = {"invoice": invoice, "account": match.account, "purpose": Purpose.INVOICE, "how": How.HAND}
            _match(match.payment, match.amount - taken, **of, made_by=by)
        left -= taken
        freed.append(_now(match.payment))
    return freed


def live(payment: Payment) -> "QuerySet[PaymentMatch]":
    """The matches of a payment that nobody undid."""
    return PaymentMatch.objects.filter(payment=payment, undoes__isnull=True, undone_by__isnull=True)


def _settle(payment: Payment, invoice: Invoice, *, how: str, by: User | None) -> None:
    payment = _with_rest(payment)
    receivable = Receivable.objects.filter(invoice=invoice).first()
    taken = max(0, min(payment.rest, receivable.rest)) if receivable else 0
    if receivable is None or (not taken and how == How.NOD):
        raise PaymentRefused(Code.PAYMENT_NOTHING_OPEN, field="invoice", value=str(invoice), invoice=str(invoice))
    of = {"how": how, "account": invoice.account, "made_by": by}
    if taken:
        _match(payment, taken, purpose=Purpose.INVOICE, invoice=invoice, **of)
    if payment.rest != taken:
        _match(payment, payment.rest - taken, purpose=Purpose.ACCOUNT, **of)


def _match(payment: Payment, amount: int, **of: Any) -> PaymentMatch:
    match = PaymentMatch.objects.create(payment=payment, amount=amount, **of)
    ledger.post(ledger.Kind.MATCH, [match.pk], at=match.created_at)
    for_books.seal_late_payers([match.pk])
    return match


def _with_rest(payment: Payment) -> Payment:
    payment = _now(payment)
    if payment.rest == 0:
        raise PaymentRefused(Code.PAYMENT_ABOVE_REST, field="payment", value=str(payment))
    return payment


def _now(payment: Payment) -> Payment:
    return Payment.objects.get(pk=payment.pk)


def _coins(amount: Decimal, currency: str) -> int:
    if amount <= 0 or money.decimals_of(amount) > money.minor_digits(currency):
        raise PaymentRefused(Code.PAYMENT_NO_AMOUNT_GIVEN, field="amount", value=str(amount))
    return money.to_units(amount, money.minor_digits(currency))


def _reason(text: str) -> str:
    if not text.strip():
        raise PaymentRefused(Code.MATCH_NEEDS_REASON, field="reason", value="")
    return text.strip()[:300]


def hold_turn() -> None:
    """Let nobody else book or match payments of the operator until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, {"operator": current_operator_id()})
