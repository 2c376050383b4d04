"""A driver's own charging: month by month, and one session with its price explained."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.domain.calendar import day_of, month_after, parse_month
from billing.domain.errors import BillingError
from billing.domain.tariff.model import parse_tariff
from billing.models import SessionPrice
from billing.models.billing_status import BillingStatus
from billing.selectors import discounts, disputes, driver_months, fees, invoices, prices, session_ledger, stakes
from billing.selectors.session_ledger import Entry
from billing.selectors.stakes import Stake
from charging.models import ChargingSession
from charging.selectors import late_charges, sessions
from portal.gate.access import SignedInRequest, driver_view
from portal.web import session_course, signed_values
from portal.web.charts import Chart, Series
from portal.words import invoices as invoice_words
from portal.words import measures
from portal.words import prices as price_words
from portal.words import tariffs as tariff_words
from tenants.models import Driver, Operator
from tenants.selectors import consents


@driver_view
def history(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show one month: what it came to, day by day, every session, and the fees on its invoices."""
    months = driver_months.months(request.driver, operator=operator)
    first = _month(request.GET.get("month", ""), months, operator)
    entries = driver_months.month(request.driver, first, operator=operator)
    sums = _sums(entries, operator)
    usual = driver_months.usual_price(request.driver, first, currency=sums["currency"], operator=operator)
    documents = list(invoices.of_driver(request.driver).filter(month=first))
    page = {
        "nav": "history",
        "month": first,
        "entries": [(entry, _other_month(entry, operator)) for entry in entries],
        "usual": usual,
        "is_asked_again": consents.is_asked_again(request.driver),
        "late": late_charges.unseen(request.driver, at=timezone.now()),
        "documents": invoice_words.with_fees(documents, fees.lines(*documents)),
        **_neighbours(first, months),
    }
    return render(request, "driver/history/month.html", page | sums | _charts(entries, first, operator))


def _other_month(entry: Entry, operator: Operator) -> date | None:
    """The day on which a session ended that began in another month: it belongs where it ended, as on the invoice."""
    if entry.session.ended_at is None:
        return None
    began, ended = (day_of(at, operator.time_zone) for at in (entry.session.started_at, entry.session.ended_at))
    return ended if (began.year, began.month) != (ended.year, ended.month) else None


@driver_view
def session_detail(request: SignedInRequest, operator: Operator, session_id: UUID) -> HttpResponse:
    """Show one of the driver's own sessions: where, when, how much, and why it costs what it costs."""
    entry = _own_entry(request, session_id)
    page = {
        "nav": "history",
        "crumbs": _way_back(entry, operator),
        "entry": entry,
        "session": entry.session,
        "documents": invoices.of_driver(request.driver).filter(pk=entry.invoice.pk) if entry.invoice else [],
        "mail": _mail(entry, operator),
        "signed": signed_values.told(entry.session),
        **_disputes(entry, request.driver),
    }
    return render(request, "driver/history/session.html", page | _price(entry, request.driver, operator))


def _session_signed(request: SignedInRequest, operator: Operator, session_id: UUID) -> HttpResponse:
    """Send what the meter signed about one of the driver's own sessions."""
    return signed_values.answer(_own_entry(request, session_id).session)


session_signed = driver_view(_session_signed, takes_out=True)


def _disputes(entry: Entry, driver: Driver) -> dict[str, Any]:
    """Their newest dispute of the session, and whether there may be another: once it has ended, and none is open."""
    newest = disputes.of_session(entry.session, driver)
    return {
        "disputes": [newest] if newest else [],
        "may_dispute": entry.session.ended_at is not None and not disputes.is_disputed(entry.session),
    }


def _month(asked: str, months: Sequence[date], operator: Operator) -> date:
    """The month asked for, else the newest one with a session, else the present one."""
    try:
        return parse_month(asked)
    except BillingError:
        return months[0] if months else day_of(timezone.now(), operator.time_zone).replace(day=1)


def _neighbours(first: date, months: Sequence[date]) -> dict[str, date | None]:
    """The months with sessions before and after this one."""
    return {
        "earlier": max((month for month in months if month < first), default=None),
        "later": min((month for month in months if month > first), default=None),
    }


def _sums(entries: Sequence[Entry], operator: Operator) -> dict[str, Any]:
    """What the month comes to; sessions without a price yet are counted apart."""
    amounts = [entry.amount for entry in entries if entry.amount is not None]
    currencies = [entry.price.currency for entry in entries if entry.price and entry.price.currency]
    amount = sum(amounts, Decimal(0))
    priced_wh = sum(entry.session.energy_wh or 0 for entry in entries if entry.amount)
    return {
        "energy_wh": sum(entry.session.energy_wh or 0 for entry in entries),
        "amount": amount,
        "per_kwh": driver_months.per_kwh(amount, priced_wh),
        "currency": currencies[0] if currencies else operator.currency,
        "unpriced": len(entries) - len(amounts),
    }


def _charts(entries: Sequence[Entry], first: date, operator: Operator) -> dict[str, Any]:
    """Energy and cost of each day of the month, as two small drawings over the same days."""
    if not entries:
        return {}
    days = [date.fromordinal(day) for day in range(first.toordinal(), month_after(first).toordinal())]
    energy, cost = dict.fromkeys(days, 0), dict.fromkeys(days, Decimal(0))
    for entry in entries:
        day = day_of(entry.session.ended_at or entry.session.started_at, operator.time_zone)
        energy[day] = energy.get(day, 0) + (entry.session.energy_wh or 0)
        cost[day] = cost.get(day, Decimal(0)) + (entry.amount or 0)
    kwh = [Decimal(energy[day]).scaleb(-3) for day in days]
    spent = Series(_("Cost"), [cost[day] for day in days], operator.currency, 2, tone=2)
    return {
        "energy_chart": Chart(_("Energy by day"), _("Day"), days, [Series(_("Energy"), kwh, "kWh")], size="short"),
        "cost_chart": Chart(_("Cost by day"), _("Day"), days, [spent], size="short"),
    }


def _own_entry(request: SignedInRequest, session_id: UUID) -> Entry:
    """The session, if it is the driver's own; anybody else's does not exist here."""
    rows = ChargingSession.objects.filter(driver=request.driver, public_id=session_id)
    session = sessions.whole(rows).first()
    if session is None:
        raise Http404
    return session_ledger.entries([session])[0]


def _way_back(entry: Entry, operator: Operator) -> list[tuple[str, str]]:
    """To the month in whose history the session stands."""
    ended = entry.session.ended_at or entry.session.started_at
    month = day_of(ended, operator.time_zone)
    url = f"{reverse('driver:history', args=[operator.slug])}?month={month:%Y-%m}"
    return [(capfirst(measures.month(month)), url)]


def _price(entry: Entry, driver: Driver, operator: Operator) -> dict[str, Any]:
    """The price in rows and sentences, what is taken off, and the tariff in words. Nothing while there is no price."""
    price = prices.of_session(entry.session)
    explained = prices.explained(entry.session)
    page = {
        "price": None,
        "stake": _stake(entry) if price is None else None,
        "course": session_course.told(entry.session, explained),
        "chart": session_course.power_table(entry.session),
    }
    if price is None or explained is None or price.tariff_version is None:
        return page
    tariff = parse_tariff(price.tariff_version.document)
    charged_until = session_course.course(entry.session).charged_until
    story = price_words.story(explained, entry.session.site.zone, charged_until=charged_until)
    taken_off = discounts.of_session(entry.session, zone=operator.time_zone, invoice=entry.invoice, only_of=driver)
    return page | {
        "price": price,
        "story": story,
        "taken_off": invoice_words.taken_off(taken_off, is_cut=story.is_cut),
        "tariff": _tariff_name(price),
        "tariff_rows": tariff_words.rows(tariff),
        "tariff_bounds": tariff_words.bounds(tariff),
    }


def _stake(entry: Entry) -> Stake | None:
    """What a charge that has just ended comes to, as it is about to be priced."""
    return stakes.of([entry.session])[0] if entry.status == BillingStatus.UNRATED else None


def _tariff_name(price: SessionPrice) -> str:
    version = price.tariff_version
    if version is None:
        return ""
    return _("%(tariff)s, version %(number)d") % {"tariff": version.tariff, "number": version.number}


def _mail(entry: Entry, operator: Operator) -> str:
    """An address for "something is wrong", with the session named in the subject."""
    if not operator.email:
        return ""
    subject = _("Charging session %(id)s") % {"id": entry.session.external_id}
    return f"mailto:{operator.email}?subject={quote(subject)}"
