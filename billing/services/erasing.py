"""What the erasure of a driver means on this floor: what must be billed first, what bookkeeping keeps, what is let go.

Invoices, and the sessions they rest on, are accounting records: kept through the seventh year after the calendar year
in which the financial year ended (BFL 7 kap. 2 §), here taken to be the calendar year of issue. Sessions that nobody
pays for are no records of anybody's debt: they lose their driver and card.
"""

from contextlib import suppress
from datetime import date, datetime

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from billing.models import BilledSession, Export, HostStatement, Invoice, InvoiceDocument, SessionPrice
from billing.models.invoice import IN_FORCE
from billing.selectors import own_data
from billing.services import documents, for_books
from charging.domain.ocpp import SOURCE
from charging.models import ChargingSession, SignedRecord
from tenants.crypto import Unreadable
from tenants.models import Driver, DriverIdentity, Operator
from tenants.privacy import erasure, retention
from tenants.privacy.erasure import Stays

Review = ChargingSession.Review


def register() -> None:
    """Enter this floor's part."""
    erasure.register_bar("unbilled", _unbilled)
    erasure.register_bar("drafts", _drafts)
    erasure.register_part(_let_go)
    erasure.register_keeper(DriverIdentity, _named, _kept_until, _staying)


def _unbilled(driver: Driver) -> int:
    """Sessions that somebody still has to be billed for, or to decide about."""
    return _not_invoiced(driver).exclude(review=Review.WRITTEN_OFF).exclude(Exists(_free())).count()


def _drafts(driver: Driver) -> int:
    return Invoice.objects.filter(account__driver=driver, state=Invoice.State.DRAFT).count()


def _let_go(driver: Driver, at: datetime) -> dict[str, int]:
    """Part the driver from sessions nobody pays for, and remove files that were made to be downloaded.

    What meters signed about those sessions goes, as it names the card; about others it is kept for bookkeeping alone.
    An invoice that was not rendered yet is, while it can still say who charged; then bookkeeping alone opens it.
    """
    unread = InvoiceDocument.objects.filter(invoice=OuterRef("pk"))
    named = Q(lines__session__driver=driver) | Q(account__driver=driver)
    for invoice in Invoice.objects.filter(named, ~Exists(unread), state=Invoice.State.ISSUED).distinct():
        with suppress(Unreadable):  # after a restore with a later part of keys nobody can say any more who it was
            documents.pdf(invoice)
    never = ChargingSession.objects.filter(driver=driver).exclude(Exists(_on_ledger()))
    ids = list(never.filter(Q(Exists(_free())) | Q(review=Review.WRITTEN_OFF)).values_list("pk", flat=True))
    told = ChargingSession.objects.filter(pk__in=ids, source=SOURCE).values_list("external_id", flat=True)
    signed, _by_model = SignedRecord.objects.filter(
        number__in=[int(number) for number in told if number.isdecimal()]
    ).delete()
    ChargingSession.objects.filter(pk__in=ids).update(driver=None, token=None, review=Review.WRITTEN_OFF)
    return {
        "sessions": len(ids),
        "signed": signed,
        "documents": for_books.seal_again(driver) + for_books.seal_signed(driver),
        "payments": for_books.seal_payers(own_data.payments_of(driver)),
        "downloads": retention.forget_files(list(Export.objects.filter(state=Export.State.DONE).exclude(file=""))),
    }


def _named(driver: Driver) -> QuerySet[DriverIdentity]:
    """The versions of the driver's particulars that an invoice bears, or a statement about their site."""
    borne = Q(pk__in=_invoices(driver).values("buyer")) | Q(pk__in=_statements(driver).values("host"))
    return DriverIdentity.objects.filter(borne)


def _staying(driver: Driver) -> list[Stays]:
    invoices, until = _invoices(driver).count(), _kept_until(driver)
    billed = ChargingSession.objects.filter(Exists(_on_ledger()), driver=driver).count()
    names = _named(driver).count()
    found = [Stays("invoices", invoices, until), Stays("names", names, until), Stays("sessions", billed, until)]
    paid = own_data.payments_of(driver).aggregate(count=Count("pk"), newest=Max("paid_on"))
    found.append(Stays("payments", paid["count"], paid["newest"] and for_books.last_day(paid["newest"])))
    return [each for each in found if each.count]


def _kept_until(driver: Driver) -> date | None:
    of_company = Invoice.objects.filter(state=Invoice.State.ISSUED, lines__session__driver=driver)
    newest = [rows.aggregate(at=Max("issued_at"))["at"] for rows in (_invoices(driver), of_company)]
    newest.append(_statements(driver).aggregate(at=Max("closed_at"))["at"])
    operator = Operator.objects.get(pk=driver.operator_id)
    return max((for_books.until(at, operator) for at in newest if at), default=None)


def _invoices(driver: Driver) -> QuerySet[Invoice]:
    return Invoice.objects.filter(account__driver=driver, state=Invoice.State.ISSUED)


def _statements(driver: Driver) -> QuerySet[HostStatement]:
    return HostStatement.objects.filter(account__driver=driver, state=HostStatement.State.CLOSED)


def _not_invoiced(driver: Driver) -> QuerySet[ChargingSession]:
    return ChargingSession.objects.filter(driver=driver).exclude(Exists(_on_ledger().filter(IN_FORCE)))


def _on_ledger() -> QuerySet[BilledSession]:
    """That the session is on an invoice, or was before a credit note: what a document rests on never changes."""
    return BilledSession.objects.filter(session=OuterRef("pk"))


def _free() -> QuerySet[SessionPrice]:
    return SessionPrice.objects.filter(session=OuterRef("pk"), state=SessionPrice.State.FREE)
