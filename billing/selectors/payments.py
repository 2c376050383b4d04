"""Payments as a list, what waits and what it may be for, and what was paid of an invoice. Amounts in whole coins."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from billing.domain import money
from billing.models import Invoice, Payment, PaymentFile, PaymentMatch, Receivable
from billing.models.invoice import number_meant
from billing.selectors import invoices, numbers
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
    return rows.filter(pk__in=_matching(search)) if search.strip() else rows


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


def paid_too_much() -> QuerySet[Receivable]:
    """Invoices of which more was paid than is owed since they were credited, the oldest first."""
    rows = Receivable.objects.filter(rest__lt=0).annotate(too_much=-F("rest"))
    return rows.select_related("invoice__buyer", "account__identity").order_by("due_on", "pk")


def receivable(invoice: Invoice) -> Receivable | None:
    """What is open of an issued invoice; None of a draft and of a credit note."""
    return Receivable.objects.filter(invoice=invoice).first()


def files(
    *, search: str = "", state: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[PaymentFile]:
    """The files of payments that meet all criteria, in no order. search: part of the name.

    since, until: when they were sent, the end excluded.
    """
    rows = PaymentFile.objects.select_related("uploaded_by")
    rows = rows.filter(file_name__icontains=search) if search else rows
    rows = rows.filter(state=state) if state else rows
    rows = rows.filter(created_at__gte=since) if since else rows
    return rows.filter(created_at__lt=until) if until else rows


def file(public_id: UUID) -> PaymentFile | None:
    """One of them; None when there is no such file."""
    return files().filter(public_id=public_id).first()


def _live() -> QuerySet[PaymentMatch]:
    return PaymentMatch.objects.filter(undoes__isnull=True, undone_by__isnull=True)


def hits(text: str, *, most: int) -> QuerySet[Payment]:
    """The newest payments of this amount, or of an invoice with this number or reference, found within a bound."""
    return Payment.objects.filter(pk__in=_matching(text, most=most)).order_by("-paid_on", "-pk")[:most]


def _matching(text: str, *, most: int = names.MOST) -> set[int]:
    documents = numbers.numbered(text)
    paid = PaymentMatch.objects.filter(invoice__in=documents).values_list("payment", flat=True)
    amount = invoices.amount_meant(text)
    coins = [] if amount is None else [money.to_units(amount, 2), -money.to_units(amount, 2)]
    same = Payment.objects.filter(amount__in=coins).order_by("-pk").values_list("pk", flat=True)
    return {*paid[:most], *same[:most]}


# --- what a payment that waits may be for ---


@dataclass(frozen=True, slots=True)
class Proposal:
    """An invoice that a payment may be for, and by what: `text`, `payer`, `name`.

    is_whole: it is just what is open, or just what is asked for of it.
    """

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


def waiting(payments: Iterable[Payment], *, by_name: bool = False) -> list[Waiting]:
    """Say of some payments why they wait and what they may be for, in as many queries for many as for one.

    by_name: propose also what people with the payer's name owe, which takes a search each.
    """
    rows = list(payments)
    clues = _Clues(rows, by_name=by_name)
    return [_waiting(payment, clues) for payment in rows]


def _waiting(payment: Payment, clues: "_Clues") -> Waiting:
    found = Waiting(payment)
    meant = clues.given(payment)
    if payment.rest != payment.amount:
        found.why = "left"
    elif any(invoice.currency != payment.currency for invoice in meant):
        found.why = "currency"
        found.invoice = next(invoice for invoice in meant if invoice.currency != payment.currency)
    elif payment.given:
        found.why = "several" if len(meant) > 1 else "unknown"
    if payment.rest > 0:
        found.proposals = clues.proposals(payment)
    return found


class _Clues:
    """What some payments may be for, looked up for all of them at once."""

    def __init__(self, payments: Sequence[Payment], *, by_name: bool) -> None:
        numbers = [number for payment in payments for number in (*_given(payment), *_in_words(payment))]
        self._numbered = _numbered(numbers)
        self._before = _paid_before(payments)
        self._called = {
            payment.pk: _called(payment.payer_name) for payment in payments if by_name and payment.payer_name
        }
        accounts_ = {account for found in (*self._before.values(), *self._called.values()) for account in found}
        self._open = _open_of(accounts_, {payment.rest for payment in payments})
        theirs = {row.invoice_id for rows in self._open.values() for row in rows}
        self._invoices = Invoice.objects.select_related("account__identity", "buyer").in_bulk(theirs)
        self._invoices |= {invoice.pk: invoice for invoice in self._numbered.values()}
        self._rests = {row.invoice_id: row for row in Receivable.objects.filter(invoice__in=self._invoices)}

    def given(self, payment: Payment) -> list[Invoice]:
        """The invoices that the payment's references name."""
        return [self._numbered[number] for number in _given(payment) if number in self._numbered]

    def proposals(self, payment: Payment) -> list[Proposal]:
        """Open invoices that it may be for: those of just its amount first."""
        in_words = [self._numbered[number] for number in _in_words(payment) if number in self._numbered]
        ways = [
            ("text", [*self.given(payment), *in_words]),
            ("payer", self._owed(self._before.get(payment.pk, []), payment)),
            ("name", self._owed(self._called.get(payment.pk, []), payment)),
        ]
        found: dict[int, Proposal] = {}
        for by, invoices_ in ways:
            for invoice in invoices_:
                row = self._rests.get(invoice.pk)
                if row and row.rest > 0 and invoice.currency == payment.currency and invoice.pk not in found:
                    found[invoice.pk] = Proposal(invoice, row.rest, by, payment.rest in (row.rest, row.asked))
        return sorted(found.values(), key=lambda each: (not each.is_whole, each.by != "text"))[:PROPOSED]

    def _owed(self, account_ids: Iterable[int], payment: Payment) -> list[Invoice]:
        """What is open of these accounts: the invoices of which just the payment is asked for, else the oldest ones."""
        rows = [row for key in account_ids for row in self._open.get(key, []) if row.currency == payment.currency]
        exact = [row for row in rows if payment.rest in (row.rest, row.asked)]
        ordered = sorted(exact or rows, key=lambda row: (row.due_on or date.max, row.pk))
        return [self._invoices[row.invoice_id] for row in ordered[:PROPOSED]]


def _given(payment: Payment) -> list[int]:
    return [number for number in map(number_meant, payment.given) if number is not None][:LOOKED_AT]


def _in_words(payment: Payment) -> list[int]:
    return _numbers_in(f"{payment.text} {' '.join(payment.given)}")[:LOOKED_AT]


def _numbered(numbers: Iterable[int]) -> dict[int, Invoice]:
    """The invoices with these numbers; a credit note stands for what it credits."""
    documents = Invoice.objects.filter(series=invoices.SERIES, number__in=set(numbers))
    rows = documents.select_related("account__identity", "buyer", "credits__account__identity", "credits__buyer")
    return {row.number: row.credits or row for row in rows if row.number is not None}


def _paid_before(payments: Sequence[Payment]) -> dict[int, list[int]]:
    """Of each payment, the accounts that earlier ones from the same bank account were for; the newest of them count."""
    senders = {
        payment.pk: Payment.marks(payment.payer_account, payment.operator_id)
        for payment in payments
        if payment.payer_account
    }
    marks = {mark for found in senders.values() for mark in found}
    rows = _live().filter(payment__payer_account_mark__in=marks, account__isnull=False).order_by("-payment")
    facts = rows.values_list("payment__payer_account_mark", "payment", "account")
    known = list(facts[: LOOKED_AT * max(1, len(marks))])
    return {
        pk: list(dict.fromkeys(account for mark, other, account in known if mark in found and other != pk))[:PROPOSED]
        for pk, found in senders.items()
    }


def _open_of(account_ids: Iterable[int], rests: Iterable[int]) -> dict[int, list[Receivable]]:
    """What is open of each of these accounts: what comes to one of the amounts, and the oldest ones besides."""
    rows = Receivable.objects.filter(account__in=set(account_ids), rest__gt=0)
    rank = Window(RowNumber(), partition_by=[F("account"), F("currency")], order_by=[F("due_on"), F("pk")])
    oldest = rows.annotate(rank=rank).filter(rank__lte=PROPOSED)
    found: dict[int, dict[int, Receivable]] = {}
    part = rows.exclude(disputed=0).alias(now=F("rest") - F("disputed")).filter(now__in=set(rests))
    exact = [
        each.order_by("due_on", "pk")[: LOOKED_AT * LOOKED_AT] for each in (rows.filter(rest__in=set(rests)), part)
    ]
    for row in chain(*exact, oldest):
        found.setdefault(row.account_id, {})[row.pk] = row
    return {account: list(each.values()) for account, each in found.items()}


def _numbers_in(text: str) -> list[int]:
    """Numbers and references of invoices among somebody's words: `F1017`, `invoice 1017`, an OCR reference."""
    found: list[int] = []
    for written in re.findall(r"\b[Ff]?(\d{1,18})\b", text):
        found += [int(written), *([meant] if (meant := number_meant(written)) is not None else [])]
    return found


def _called(name: str) -> list[int]:
    return list(accounts.of_identities(names.like(name)[:LOOKED_AT], current=True))[:LOOKED_AT]
