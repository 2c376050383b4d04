"""Payments as a list, what waits and what it may be for, and what was paid of an invoice. Amounts in whole coins."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from billing.domain import money
from billing.models import Invoice, Payment, PaymentFile, PaymentMatch, Receivable
from billing.models.invoice import number_meant
from billing.selectors import invoices
from tenants.selectors import accounts, names

#: How a payment stands: something of it waits, all is matched, or some of it stands on an account.
WAITING, MATCHED, ON_ACCOUNT = "waiting", "matched", "on_account"
#: Invoices that are proposed for a payment, and the longest list of them that is looked through.
PROPOSED, LOOKED_AT = 5, 50


def listing(
    *,
    state: str = "",
    search: str = "",
    since: date | None = None,
    until: date | None = None,
    file: PaymentFile | None = None,
) -> QuerySet[Payment]:
    """Payments that meet all criteria, in no order. since, until: days on which they were paid, both included.

    search: the number or OCR reference of an invoice that was paid, or an amount.
    """
    rows = Payment.objects.all()
    rows = rows.filter(file=file) if file else rows
    rows = rows.filter(paid_on__gte=since) if since else rows
    rows = rows.filter(paid_on__lte=until) if until else rows
    if state == WAITING:
        rows = rows.exclude(rest=0)
    elif state == MATCHED:
        rows = rows.filter(rest=0)
    elif state == ON_ACCOUNT:
        rows = rows.filter(pk__in=_live().filter(purpose=PaymentMatch.Purpose.ACCOUNT).values("payment"))
    return rows.filter(pk__in=_found(search)) if search.strip() else rows


def one(public_id: UUID) -> Payment | None:
    """A payment with its file; None when there is no such payment."""
    return Payment.objects.select_related("file", "recorded_by").filter(public_id=public_id).first()


def matches(payment: Payment) -> QuerySet[PaymentMatch]:
    """What the payment was for, in order, also what was undone (`is_undone`)."""
    undoing = PaymentMatch.objects.filter(undoes=OuterRef("pk"))
    rows = PaymentMatch.objects.filter(payment=payment).annotate(is_undone=Exists(undoing))
    return rows.select_related("invoice", "account__identity", "made_by", "undoes").order_by("pk")


def of_invoice(invoice: Invoice) -> QuerySet[PaymentMatch]:
    """What was paid of an invoice, in order of booking, without what was undone."""
    return _live().filter(invoice=invoice).select_related("payment").order_by("payment__paid_on", "pk")


def receivable(invoice: Invoice) -> Receivable | None:
    """What is open of an issued invoice; None of a draft and of a credit note."""
    return Receivable.objects.filter(invoice=invoice).first()


def files() -> QuerySet[PaymentFile]:
    """The files of payments, in no order."""
    return PaymentFile.objects.select_related("uploaded_by")


def file(public_id: UUID) -> PaymentFile | None:
    """One of them; None when there is no such file."""
    return files().filter(public_id=public_id).first()


def _live() -> QuerySet[PaymentMatch]:
    return PaymentMatch.objects.filter(undoes__isnull=True, undone_by__isnull=True)


def _found(text: str) -> set[int]:
    numbered = invoices.numbered(text)
    paid = PaymentMatch.objects.filter(invoice__in=numbered).values_list("payment", flat=True)
    amount = invoices.amount_meant(text)
    coins = [] if amount is None else [money.to_units(amount, 2), -money.to_units(amount, 2)]
    same = Payment.objects.filter(amount__in=coins).order_by("-pk").values_list("pk", flat=True)
    return {*paid[: names.MOST], *same[: names.MOST]}


# --- what a payment that waits may be for ---


@dataclass(frozen=True, slots=True)
class Proposal:
    """An invoice that a payment may be for, and by what: `text`, `payer`, `name`. is_whole: it is just what is open."""

    invoice: Invoice
    rest: int
    by: str
    is_whole: bool


@dataclass(slots=True)
class Waiting:
    """A payment that waits: why, and what it may be for.

    why: `currency` (then `invoice`), `unknown` reference, `several` references, `none` given, `left` of one matched in
    part.
    """

    payment: Payment
    why: str = "none"
    invoice: Invoice | None = None
    proposals: list[Proposal] = field(default_factory=list)


def waiting(payments: Iterable[Payment]) -> list[Waiting]:
    """Say of some payments why they wait and what they may be for. A few queries each: for a page of them."""
    return [_waiting(payment) for payment in payments]


def _waiting(payment: Payment) -> Waiting:
    found = Waiting(payment)
    numbers = [number for number in map(number_meant, payment.given) if number is not None]
    meant = _numbered(numbers)
    if payment.rest != payment.amount:
        found.why = "left"
    elif any(invoice.currency != payment.currency for invoice in meant):
        found.why = "currency"
        found.invoice = next(invoice for invoice in meant if invoice.currency != payment.currency)
    elif payment.given:
        found.why = "several" if len(meant) > 1 else "unknown"
    if payment.rest > 0:
        found.proposals = _proposals(payment, meant)
    return found


def _proposals(payment: Payment, meant: list[Invoice]) -> list[Proposal]:
    in_words = _numbered(_numbers_in(f"{payment.text} {' '.join(payment.given)}"))
    ways = [("text", [*meant, *in_words])]
    if payment.payer_account:
        theirs = Payment.objects.filter(payer_account=payment.payer_account).exclude(pk=payment.pk)
        before = _live().filter(payment__in=list(theirs.order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT]))
        ways.append(("payer", _open_of(before.values_list("account", flat=True).distinct()[:PROPOSED], payment)))
    if payment.payer_name:
        ways.append(("name", _open_of(_called(payment.payer_name), payment)))
    proposals: dict[int, Proposal] = {}
    for by, invoices_ in ways:
        rests = dict(Receivable.objects.filter(invoice__in=invoices_).values_list("invoice", "rest"))
        for invoice in invoices_:
            rest = rests.get(invoice.pk, 0)
            if rest > 0 and invoice.currency == payment.currency and invoice.pk not in proposals:
                proposals[invoice.pk] = Proposal(invoice, rest, by, rest == payment.rest)
    return sorted(proposals.values(), key=lambda each: (not each.is_whole, each.by != "text"))[:PROPOSED]


def _numbered(numbers: Iterable[int]) -> list[Invoice]:
    """The invoices with these numbers; a credit note stands for what it credits."""
    documents = Invoice.objects.filter(series=invoices.SERIES, number__in=list(numbers)[:LOOKED_AT])
    rows = documents.select_related("account__identity", "buyer", "credits__account__identity", "credits__buyer")
    return [row.credits or row for row in rows]


def _numbers_in(text: str) -> list[int]:
    """Numbers and references of invoices among somebody's words: `F1017`, `invoice 1017`, an OCR reference."""
    found: list[int] = []
    for written in re.findall(r"\b[Ff]?(\d{1,18})\b", text):
        found += [int(written), *([meant] if (meant := number_meant(written)) is not None else [])]
    return found


def _open_of(account_ids: Iterable[int | None], payment: Payment) -> list[Invoice]:
    """Open invoices of these accounts: those over just what is left of the payment, else the oldest ones."""
    rows = Receivable.objects.filter(account__in=[key for key in account_ids if key], currency=payment.currency)
    exact = list(rows.filter(rest=payment.rest).order_by("due_on", "pk")[:PROPOSED])
    chosen = exact or list(rows.filter(rest__gt=0).order_by("due_on", "pk")[:PROPOSED])
    found = Invoice.objects.select_related("account__identity", "buyer").in_bulk([row.invoice_id for row in chosen])
    return [found[row.invoice_id] for row in chosen]


def _called(name: str) -> list[int]:
    return list(accounts.of_identities(names.like(name)[:LOOKED_AT], current=True))[:LOOKED_AT]
