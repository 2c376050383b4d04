"""Documents of the erased are sealed for bookkeeping alone, until their own day (BFL 7 kap. 2 §).

The PDF of an invoice, the file of an e-invoice and the statement to a host name whom they are about. When that person
is erased they are sealed again with the key of what is kept until the document's last day
(`tenants.services.books_keys`): the database lets that happen once, and nothing else. What is rendered of the erased
later is sealed so at once. What meters signed about their charges names the card, and stands behind the invoice as a
voucher does (BFL 5 kap. 7 §): it is sealed so too, until the last day of the newest document that the charge is on.
So is what a bank told of who paid (BFL 5 kap. 6 §), until the last day of its payment; their account is found no more.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.db.models import Max, Q, QuerySet

from billing.models import (
    BilledSession,
    EInvoice,
    HostDocument,
    HostStatement,
    Invoice,
    InvoiceDocument,
    Payment,
    PaymentMatch,
)
from charging.domain.ocpp import SOURCE
from charging.services import signed_values
from tenants import sealed_content
from tenants.crypto import Unreadable
from tenants.models import Driver, Erasure, Operator
from tenants.privacy import erasure
from tenants.sealed_fields import Sealed
from tenants.services import person_keys

YEARS_KEPT = 7
#: What a bank tells of who paid.
_PAYERS = ("given", "text", "payer_name", "payer_account")


class NotAsItWas(Exception):
    """A document does not open as what was stored; it is left as it is."""


def until(issued_at: datetime, operator: Operator) -> date:
    """The last day on which bookkeeping keeps a document: of the seventh year after that of its issue."""
    return last_day(issued_at.astimezone(operator.zone).date())


def last_day(of: date) -> date:
    """The last day on which bookkeeping keeps a voucher: of the seventh year after that of its own day."""
    return date(of.year + YEARS_KEPT, 12, 31)


def seal(document: Invoice | HostStatement, content: bytes, *, about: str) -> bytes:
    """Seal a document that was just made: for bookkeeping alone where its payer or host has been erased."""
    driver_id = document.account.driver_id
    if not erasure.is_erased(driver_id):
        return sealed_content.seal(content, about=about)
    erasure.keep(Driver.objects.get(pk=driver_id))  # what it names is kept as long as it
    return sealed_content.seal_for_books(content, until=_until(document), about=about)


def seal_again(driver: Driver) -> int:
    """Seal every stored document that names the driver for bookkeeping alone; return how many were.

    Raises:
        NotAsItWas: one does not open as what was stored.
    """
    own = Q(account__driver=driver)
    invoices = Invoice.objects.filter(own | Q(lines__session__driver=driver), state=Invoice.State.ISSUED)
    statements = HostStatement.objects.filter(own, state=HostStatement.State.CLOSED)
    count = 0
    stored: tuple[tuple[str, str, QuerySet[Any]], ...] = (
        ("invoice", "pdf", InvoiceDocument.objects.filter(invoice__in=invoices.values("pk")).select_related("invoice")),
        ("e_invoice", "xml", EInvoice.objects.filter(invoice__in=invoices.values("pk")).select_related("invoice")),
        ("host_statement", "pdf", HostDocument.objects.filter(statement__in=statements).select_related("statement")),
        ("e_statement", "xml", EInvoice.objects.filter(statement__in=statements).select_related("statement")),
    )
    for about, field, rows in stored:
        for row in rows.iterator(chunk_size=100):
            document = row.statement if "statement" in about else row.invoice
            count += _again(row, field, document, f"{about}:{document.pk}")
    return count


def seal_signed(driver: Driver) -> int:
    """Seal what meters signed about the driver's billed charges for bookkeeping alone; return how many records."""
    operator = Operator.objects.get(pk=driver.operator_id)
    billed = BilledSession.objects.filter(session__driver=driver, session__source=SOURCE)
    newest = billed.filter(invoice__issued_at__isnull=False).values_list("session__external_id")
    days: dict[date, list[int]] = defaultdict(list)
    for number, at in newest.annotate(at=Max("invoice__issued_at")).order_by():
        if number.isdecimal():
            days[until(at, operator)].append(int(number))
    return sum(signed_values.keep_for_books(numbers, until=day) for day, numbers in days.items())


def seal_payers(payments: QuerySet[Payment]) -> int:
    """Seal what a bank told of who made these payments for bookkeeping alone; return how many payments.

    What is kept so already stays so; what opens with no listed key is left as it is.
    """
    count = 0
    for row in payments.only("public_id", "paid_on", *_PAYERS).order_by("pk").iterator(chunk_size=500):
        held = {name: row.__dict__[name] for name in _PAYERS}
        texts = {name: text for name, text in held.items() if isinstance(text, Sealed)}
        with suppress(Unreadable):
            again = {
                name: person_keys.for_books(text, of=row.sealed_for, until=last_day(row.paid_on))
                for name, text in texts.items()
                if not person_keys.is_for_books(text)
            }
            if again:
                count += Payment.objects.filter(pk=row.pk).update(**again, payer_account_mark="")
    return count


def seal_late_payers(matches: Sequence[int]) -> None:
    """Seal so what was paid by people who were erased before, of these matches that were just made."""
    erased = list(Erasure.objects.filter(erased_at__isnull=False).values_list("driver", flat=True))
    if erased:
        theirs = PaymentMatch.objects.filter(pk__in=matches, account__driver__in=erased, undoes__isnull=True)
        seal_payers(Payment.objects.filter(pk__in=theirs.values("payment")))


def _again(row: Any, field: str, document: Invoice | HostStatement, about: str) -> int:
    sealed = bytes(getattr(row, field))
    if sealed_content.is_for_books(sealed):
        return 0
    content = sealed_content.unseal(sealed, about=about)
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise NotAsItWas(about)
    again = sealed_content.seal_for_books(content, until=_until(document), about=about)
    type(row)._default_manager.filter(pk=row.pk).update(**{field: again})
    return 1


def _until(document: Invoice | HostStatement) -> date:
    operator = Operator.objects.get(pk=document.operator_id)
    at = document.closed_at if isinstance(document, HostStatement) else document.issued_at
    return until(at or document.drafted_at, operator)
