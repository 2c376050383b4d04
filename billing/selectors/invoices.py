"""Invoices and credit notes as lists, and what stands on one."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Min, Q, QuerySet

from billing.models import (
    BilledSession,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    IssuedPlace,
    IssuedTariff,
    LineNames,
    NumberSeries,
)
from billing.models.invoice import IN_FORCE
from charging.models import ChargingSession
from charging.selectors.sessions import after_all
from tenants.models import Driver, DriverIdentity


def listing(
    *, state: str = "", month: date | None = None, kind: str = "", search: str = "", run: InvoiceRun | None = None
) -> QuerySet[Invoice]:
    """Invoices and credit notes that meet all criteria, with buyer and driver, in no order.

    search: an invoice number (`F17` or `17`), or the beginning of a customer number or of the buyer's name.
    """
    rows = Invoice.objects.select_related("buyer", "driver", "credits")
    equal = {"state": state, "kind": kind, "run": run, "month": month.replace(day=1) if month else None}
    rows = rows.filter(**{field: value for field, value in equal.items() if value})
    return rows.filter(_matches(search.strip())) if search.strip() else rows


def of_driver(driver: Driver) -> QuerySet[Invoice]:
    """The driver's issued invoices and credit notes, newest first."""
    issued = Invoice.objects.filter(driver=driver, state=Invoice.State.ISSUED).select_related("credits")
    return issued.order_by("-month", "-pk")


def one(public_id: UUID) -> Invoice | None:
    """An invoice with all that its page names; None when there is no such invoice."""
    return Invoice.objects.select_related("buyer", "driver", "credits", "run").filter(public_id=public_id).first()


def credit_note_of(invoice: Invoice) -> Invoice | None:
    """The credit note that undid the invoice, if there is one."""
    return Invoice.objects.filter(credits=invoice).first()


def lines(invoice: Invoice, *, of: Iterable[int] | None = None) -> list[InvoiceLine]:
    """The invoice's lines in order, each with its session, site and station, and `named` as it was when issued.

    of: the numbers of the sessions whose lines are wanted, if not of all.
    """
    rows = InvoiceLine.objects.filter(invoice=invoice)
    found = list(
        (rows if of is None else rows.filter(session__in=list(of)))
        .select_related("session__site", "session__station", "tariff_version__tariff")
        .defer("session__series_wh", "tariff_version__document")
        .order_by("position")
    )
    run = invoice.credits.run_id if invoice.credits else invoice.run_id
    is_issued = invoice.state == Invoice.State.ISSUED
    stations = {line.session.station_id for line in found} if is_issued else set()
    places = {(row.site_id, row.station_id): row for row in IssuedPlace.objects.filter(run=run, station__in=stations)}
    tariffs = dict(IssuedTariff.objects.filter(run=run).values_list("tariff_version", "name")) if is_issued else {}
    for line in found:
        line.named = _named(line, places.get((line.session.site_id, line.session.station_id)), tariffs)
    return found


def _named(line: InvoiceLine, place: IssuedPlace | None, tariffs: dict[int, str]) -> LineNames:
    tariff = tariffs.get(line.tariff_version_id, line.tariff_version.tariff.name)
    if place is not None:
        return LineNames(place.site_name, place.station_name, place.time_zone, tariff)
    site, station = line.session.site, line.session.station
    return LineNames(site.name, str(station), site.time_zone, tariff)


def sessions(invoice: Invoice) -> QuerySet[Any]:
    """The numbers of the sessions on the invoice, in the order of its lines."""
    rows = InvoiceLine.objects.filter(invoice=invoice).values("session").annotate(first=Min("position"))
    return rows.order_by("first").values_list("session", flat=True)


def of_session(session: ChargingSession) -> Invoice | None:
    """The invoice the session stands on now; None when on none, or when it was credited."""
    row = BilledSession.objects.filter(IN_FORCE, session=session).select_related("invoice").first()
    return row.invoice if row else None


#: Who is looked up first. Where more match, the list is walked instead: among so many it is full at once.
_FEW = 500


def _matches(text: str) -> Q:
    """Conditions that an index answers: the people first, then their invoices. Under row security none serves LIKE."""
    end = after_all(text)
    by_number = Driver.objects.filter(customer_number__gte=text, customer_number__lt=end)
    by_name = DriverIdentity.objects.filter(name__gte=text, name__lt=end)
    drivers = list(by_number.values_list("pk", flat=True)[: _FEW + 1])
    people = list(by_name.values_list("driver_id", "pk")[: _FEW + 1])
    if len(drivers) > _FEW or len(people) > _FEW:
        found = Q(driver__customer_number__gte=text, driver__customer_number__lt=end)
        found |= Q(buyer__name__gte=text, buyer__name__lt=end)
    else:
        named = {"driver__in": [driver for driver, _ in people], "buyer__in": [pk for _, pk in people]}
        found = Q(driver__in=drivers) | Q(**named)
    return found | Q(pk__in=_numbered(text.lstrip("Ff")))


def _numbered(digits: str) -> list[int]:
    if not digits.isdecimal() or len(digits) >= 18:
        return []
    series = list(NumberSeries.objects.values_list("code", flat=True))
    return list(Invoice.objects.filter(series__in=series, number=int(digits)).values_list("pk", flat=True))
