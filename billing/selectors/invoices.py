"""Invoices and credit notes as lists, and what stands on one."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    DateField,
    Exists,
    F,
    Func,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    prefetch_related_objects,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from billing.documents.overview import Month
from billing.domain.calendar import day_of
from billing.models import (
    BilledFee,
    BilledSession,
    Export,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    IssuedStation,
    IssuedTariff,
    LedgerEntry,
    LineNames,
    Receivable,
    TariffVersion,
    WriteOff,
)
from billing.models.invoice import IN_FORCE
from billing.selectors import amounts, disputes, numbers, reminders
from billing.sql import documents
from charging.models import ChargingSession
from charging.selectors.hits import MANY, Meant
from tenants.models import Account, Driver
from tenants.selectors import accounts, names
from tenants.selectors.search import among

#: What becomes of an issued invoice, as people ask for it.
OPEN, OVERDUE, PART_PAID, PAID, DISPUTED, CREDITED = "open", "overdue", "part_paid", "paid", "disputed", "credited"
WRITTEN_OFF = "written_off"
STANDINGS = (OPEN, OVERDUE, PART_PAID, PAID, DISPUTED, CREDITED, WRITTEN_OFF)
#: The series that invoices and their references are numbered in.
SERIES: str = Invoice._meta.get_field("series").default


def listing(
    *,
    state: str = "",
    month: date | None = None,
    dated: date | None = None,
    kind: str = "",
    search: str = "",
    run: InvoiceRun | None = None,
    today: date | None = None,
) -> QuerySet[Invoice]:
    """Invoices and credit notes that meet all criteria, with buyer, account and what was credited, in no order.

    Credited: `is_credited` of wholly, `is_credited_in_part` of anything. Of an issued invoice `paid`, `written_off`,
    `rest` and `disputed`, in whole coins (`Receivable`).
    state: draft or issued, or of an issued invoice one of `STANDINGS`: `OPEN` is not due yet, `PART_PAID` either; what
        is `DISPUTED` is `OPEN` or `OVERDUE` too if more is unpaid than that.
    today: by the operator's clock; `OPEN` and `OVERDUE` need it.
    month: of charging. dated: any day of the month that the document is dated in.

    search: an invoice number (`F17` or `17`), an OCR reference, an amount, words of the buyer's name, or the beginning
        of a customer number.
    """
    rows = _told(Invoice.objects.select_related("buyer", "account", "credits"))
    plain = state if state in Invoice.State else ""
    equal = {"state": plain, "kind": kind, "run": run, "month": month.replace(day=1) if month else None}
    rows = rows.filter(**{field: value for field, value in equal.items() if value})
    rows = rows.filter(replaces__isnull=True) if run else rows
    rows = rows.filter(_standing(state, today)) if state in STANDINGS else rows
    rows = rows.filter(dated_in(dated)) if dated else rows
    return rows.filter(_matches(search.strip())) if search.strip() else rows


def dated_in(month: date) -> Q:
    """The condition that a document is dated in the month, as `billing.sql.documents` has it."""
    return dated_between(*documents.month(month))


def dated_between(first_day: date, last_day: date) -> Q:
    """The same for the days from the first to the last."""
    given = documents.bounds(first_day, last_day)
    there = Func(KeyTextTransform("time_zone", "seller"), F("issued_at"), function="timezone")
    day = Cast(there, DateField())
    near = {"issued_at__gte": given["since"], "issued_at__lt": given["until"], "kind__in": Invoice.Kind.values}
    exact = Q(GreaterThanOrEqual(day, first_day)) & Q(LessThanOrEqual(day, last_day))
    return Q(state=Invoice.State.ISSUED, **near) & exact


def within(by: str, first_day: date, last_day: date) -> Q:
    """The condition that a document belongs to the days (`Export.DatedBy`), as `billing.sql.documents` has it."""
    if by == Export.DatedBy.ISSUED:
        return dated_between(first_day, last_day)
    there = Q(state=Invoice.State.ISSUED, kind__in=Invoice.Kind.values)
    if by == Export.DatedBy.CHARGED:
        return there & Q(month__range=(first_day, last_day))
    booked = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.DOCUMENT, booked_on__range=(first_day, last_day))
    return there & Q(pk__in=booked.values("source"))


def last_issued() -> datetime | None:
    """When the newest document of all was issued."""
    kinds = (Invoice.objects.filter(state=Invoice.State.ISSUED, kind=kind) for kind in Invoice.Kind)
    found = (rows.order_by("-issued_at").values_list("issued_at", flat=True).first() for rows in kinds)
    return max((at for at in found if at), default=None)


def newest_dated() -> date | None:
    """The month in which the newest invoice is dated; None while there is none."""
    row = Invoice.objects.filter(state=Invoice.State.ISSUED, kind=Invoice.Kind.INVOICE).order_by("-issued_at").first()
    return day_of(row.issued_at, row.seller["time_zone"]).replace(day=1) if row and row.issued_at else None


def _told(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    notes = Invoice.objects.filter(credits=OuterRef("pk"))
    open_ = Receivable.objects.filter(invoice=OuterRef("pk"))
    return rows.annotate(
        is_credited=Exists(notes.filter(leaves_rest=False)),
        is_credited_in_part=Exists(notes),
        paid=Subquery(open_.values("paid")),
        written_off=Subquery(open_.values("written_off")),
        rest=Subquery(open_.values("rest")),
        disputed=Subquery(open_.values("disputed")),
    )


def _standing(state: str, today: date | None) -> Q:
    """What is issued and stands so on the day. Credit notes stand for themselves; what is disputed is not asked for."""
    invoices = Q(state=Invoice.State.ISSUED, kind=Invoice.Kind.INVOICE)
    if state == CREDITED:
        wholly = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE, leaves_rest=False)
        return invoices & Q(pk__in=wholly.values("credits"))
    if state == WRITTEN_OFF:
        return invoices & Q(pk__in=WriteOff.objects.filter(undoes=None, undone_by=None).values("invoice"))
    if state == PAID:
        settled = Receivable.objects.filter(invoice=OuterRef("pk"), rest__lte=0, written_off=0)
        return invoices & Q(Exists(settled)) & Q(is_credited=False)
    if state == DISPUTED:
        disputed = Receivable.objects.exclude(disputed=0)
        return invoices & Q(pk__in=disputed.values("invoice"), is_credited=False)
    open_ = Receivable.objects.filter(rest__gt=0)
    if state == PART_PAID:
        return invoices & Q(pk__in=open_.exclude(paid=0).values("invoice"))
    when = {"due_on__lt": today} if state == OVERDUE else {"due_on__gte": today}
    return invoices & Q(**when) & Q(pk__in=open_.filter(disputes.IS_ASKED, **when).values("invoice"))


def of_driver(driver: Driver, *, drafts: bool = False) -> QuerySet[Invoice]:
    """The issued invoices and credit notes of the driver's own account, newest first; with drafts if asked for."""
    return _of(Invoice.objects.filter(account__driver=driver), drafts=drafts)


def of_account(account: Account, *, drafts: bool = False) -> QuerySet[Invoice]:
    """The account's issued invoices and credit notes, newest first; with drafts if asked for."""
    return _of(Invoice.objects.filter(account=account), drafts=drafts)


def _of(rows: QuerySet[Invoice], *, drafts: bool) -> QuerySet[Invoice]:
    rows = rows if drafts else rows.filter(state=Invoice.State.ISSUED)
    rows = rows.annotate(reminded_on=reminders.reminded_on())
    return _told(rows.select_related("credits")).order_by("-month", "-pk")


def one(public_id: UUID) -> Invoice | None:
    """An invoice with all that its page names; None when there is no such invoice."""
    return _told(referring().select_related("account__driver", "run")).filter(public_id=public_id).first()


def referring() -> QuerySet[Invoice]:
    """Documents with whom they are for and which other document they name."""
    return Invoice.objects.select_related("buyer", "account", "credits", "replaces")


def month_before(invoice: Invoice) -> Month | None:
    """What its payer was invoiced for the month before, in its currency and of its country's VAT.

    None where nothing was, or some was credited.
    """
    if invoice.kind == Invoice.Kind.CREDIT_NOTE or not invoice.session_count:
        return None
    month = (invoice.month - timedelta(days=1)).replace(day=1)
    rows = Invoice.objects.filter(account=invoice.account_id, month=month, state=Invoice.State.ISSUED)
    rows = rows.filter(currency=invoice.currency, vat_country__in=["", invoice.vat_country])
    found = list(rows.order_by())
    if not found or any(row.kind == Invoice.Kind.CREDIT_NOTE for row in found):
        return None
    sessions, energy_wh = (sum(getattr(row, name) for row in found) for name in ("session_count", "energy_wh"))
    return Month(month, sessions, energy_wh, sum((row.amount_due for row in found), Decimal(0)))


def lines(invoice: Invoice, *, of: Iterable[int] | None = None, with_terms: bool = False) -> list[InvoiceLine]:
    """The invoice's lines in order: of sessions with site and station, `named` as they were when issued; and of fees.

    of: the numbers of the sessions whose lines alone are wanted. with_terms: with the wording of the tariffs.
    """
    rows = InvoiceLine.objects.filter(invoice=invoice)
    # A session has several lines: asked for by themselves, it and its version are read and made once.
    sessions = ChargingSession.objects.select_related("site", "station", "token", "driver__identity")
    versions = TariffVersion.objects.select_related("tariff").defer(*(() if with_terms else ("document",)))
    found = list(
        (rows if of is None else rows.filter(session__in=list(of)))
        .prefetch_related(Prefetch("session", sessions.defer("series_wh")), Prefetch("tariff_version", versions))
        .order_by("position")
    )
    if of_fees := [line for line in found if line.fee_id]:  # most documents have none
        whose = BilledFee.objects.select_related("driver__identity", "token")
        prefetch_related_objects(of_fees, Prefetch("fee", whose))
    run = invoice.credits.run_id if invoice.credits else invoice.run_id
    is_issued = invoice.state == Invoice.State.ISSUED
    of_sessions = [(line, line.session, line.tariff_version) for line in found if line.session and line.tariff_version]
    stations = {session.station_id for _, session, _ in of_sessions} if is_issued else set()
    issued_names = {
        (row.site_id, row.station_id): row for row in IssuedStation.objects.filter(run=run, station__in=stations)
    }
    tariffs = dict(IssuedTariff.objects.filter(run=run).values_list("tariff_version", "name")) if is_issued else {}
    for line, session, version in of_sessions:
        line.named = _named(session, version, issued_names.get((session.site_id, session.station_id)), tariffs)
    return found


def _named(
    session: ChargingSession, version: TariffVersion, issued: IssuedStation | None, tariffs: dict[int, str]
) -> LineNames:
    tariff = tariffs.get(version.pk, version.tariff.name)
    if issued is not None:
        return LineNames(issued.site_name, issued.station_name, issued.time_zone, tariff)
    site, station = session.site, session.station
    return LineNames(site.name, str(station), site.time_zone, tariff)


def sessions(invoice: Invoice) -> QuerySet[Any]:
    """The numbers of the sessions on the invoice, in the order of its lines."""
    lines = InvoiceLine.objects.filter(invoice=invoice, session__isnull=False)
    rows = lines.values("session").annotate(first=Min("position"))
    return rows.order_by("first").values_list("session", flat=True)


def of_session(session: ChargingSession) -> Invoice | None:
    """The invoice the session stands on now; None when on none, or when it was credited."""
    row = BilledSession.objects.filter(IN_FORCE, session=session).select_related("invoice").first()
    return row.invoice if row else None


def _matches(text: str) -> Q:
    """Conditions that an index answers: the people first, then their invoices. Under row security none serves LIKE."""
    identities = names.like(text)
    owners = accounts.of_identities(identities)
    named = among("account", owners) & among("buyer", identities)
    return named | among("account", accounts.numbered(text)) | among("pk", [*numbers.numbered(text), *_of_amount(text)])


def hits(meant: Meant, *, most: int) -> QuerySet[Invoice]:
    """The newest documents with this number, reference, amount or customer, found with work that has a bound."""
    named = accounts.of_identities(meant.identities)
    by_number = accounts.numbered(meant.text, most=MANY)
    theirs = Invoice.objects.filter(among("account", {*named, *by_number}))
    theirs = theirs.filter(among("buyer", meant.identities) | among("account", by_number))
    # Sorted here: with a limit the database would walk all documents by month, and for some people nearly all.
    newest = sorted(theirs.values_list("month", "pk"), reverse=True)[:most]
    ids = {*(pk for _, pk in newest), *numbers.numbered(meant.text), *_of_amount(meant.text, most=most)}
    rows = Invoice.objects.select_related("buyer", "account", "credits").filter(pk__in=ids)
    return rows.order_by("-month", "-pk")[:most]


def _of_amount(text: str, *, most: int = names.MOST) -> list[int]:
    """The newest documents over this amount."""
    amount = amount_meant(text)
    return [] if amount is None else amounts.documents(amount, most=most)


def amount_meant(text: str) -> Decimal | None:
    """The amount in somebody's words: 1 190,50 kr, SEK 75.49; None if they are none."""
    written = re.fullmatch(r"(?:[A-Z]{3}\s*)?([\d\s.,'’]+?)\s*(?:kr|:-|[A-Z]{3}|€)?", text.strip(), re.IGNORECASE)
    plain = re.sub(r"[\s'’]", "", written[1]) if written else ""
    parts = re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+|\d{1,11})(?:[.,](\d{1,2}))?", plain)
    return None if parts is None else Decimal(f"{re.sub('[.,]', '', parts[1])}.{parts[2] or 0}")
