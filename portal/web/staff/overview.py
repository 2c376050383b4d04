"""The overview: what happens now, how today goes, what waits for somebody, and the last weeks day by day.

The live part refreshes itself, so it reads only what is small whatever the operator's size; the charts are
a page of their own that the overview takes in once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import InvoiceRun
from billing.models.billing_status import BillingStatus
from billing.selectors import attention as billing_attention
from billing.selectors import differences, revenue, session_ledger
from charging.models import Connector, FileImport
from charging.selectors import card_notices, plugged_in
from charging.selectors import overview as network
from charging.selectors.sessions import DayTotals
from portal.gate import training as training_gate
from portal.gate.access import SignedInRequest, operator_view
from portal.web.charts import Chart, Series
from portal.web.periods import midnight
from portal.web.staff import first_steps
from portal.web.staff.work import count_set_aside
from portal.words import measures
from portal.words.incidents import CLOCKS
from portal.words.states import CONNECTORS, PLUGGED_IN
from tenants.models import Incident, Operator
from tenants.permissions import Access, Permission
from tenants.selectors import incidents, training
from tenants.training import State

ROWS_SHOWN = 8
RANGES = (30, 90)
WEEK = timedelta(days=7)
Status = Connector.Status
#: In this order they are told.
STATUSES = (
    Status.CHARGING,
    Status.AVAILABLE,
    Status.RESERVED,
    Status.BLOCKED,
    Status.OUTOFORDER,
    Status.INOPERATIVE,
    Status.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for a person, and where to do it."""

    words: str
    url: str
    icon: str = "warning"
    note: str = ""


@operator_view(Permission.VIEW_OVERVIEW, without_people=True, sends_customers_home=True)
def overview(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the live part; the charts are asked for by the page."""
    now = timezone.now()
    context = {"nav": "overview", "now": now, **_live(), **_today(operator, now), "days_shown": RANGES[0]}
    context["shows_people"] = training_gate.opens_data(request.access, request.user)
    context |= {"tasks": _tasks(request, operator, now), "steps": first_steps.of(operator, request.access)}
    return render(request, "staff/overview/overview.html", context)


@operator_view(Permission.VIEW_OVERVIEW, without_people=True)
def overview_days(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show energy and revenue of each of the last days, and their sums."""
    asked = request.GET.get("days", "")
    count = int(asked) if asked in map(str, RANGES) else RANGES[0]
    context = {"nav": "overview", "count": count, "ranges": RANGES, "now": timezone.now(), **_days(operator, count)}
    return render(request, "staff/overview/days.html", context)


def _live() -> dict[str, Any]:
    statuses = network.statuses()
    in_progress = list(network.in_progress()[: ROWS_SHOWN + 1])
    trouble = list(network.trouble()[: ROWS_SHOWN + 1])
    return {
        "in_progress": session_ledger.entries(in_progress[:ROWS_SHOWN]),
        "only_cables": plugged_in.only_cables(in_progress),
        "more_in_progress": len(in_progress) > ROWS_SHOWN,
        "in_progress_count": network.in_progress().count(),
        "statuses": _told(statuses, occupied=network.plugged_in_count() if statuses.get(Status.CHARGING) else 0),
        "connector_count": sum(statuses.values()),
        "trouble": trouble[:ROWS_SHOWN],
        "more_trouble": len(trouble) > ROWS_SHOWN,
        "is_empty": not in_progress and not statuses and not network.has_sessions(),
    }


def _told(statuses: dict[str, int], *, occupied: int) -> list[tuple[object, str, int]]:
    """The states that there are, each with its colour and how many connectors are in it.

    occupied: how many of those that charge are only plugged in.
    """
    counts = {**statuses, Status.CHARGING: statuses.get(Status.CHARGING, 0) - occupied}
    rows: list[tuple[object, str, int]] = [
        (code.label, CONNECTORS.get(code, ""), counts[code]) for code in STATUSES if counts.get(code)
    ]
    return [*rows, (PLUGGED_IN, "", occupied)] if occupied else rows


def _today(operator: Operator, now: datetime) -> dict[str, Any]:
    """Compare today so far with the same weekday a week ago, until the same time of day."""
    since = midnight(now.astimezone(operator.zone).date(), operator.zone)
    today, money = _started(since, now, operator.currency)
    before, money_before = _started(since - WEEK, now - WEEK, operator.currency)
    return {
        "today": today,
        "money": money,
        "sessions_delta": _delta(today.sessions, before.sessions),
        "energy_delta": _delta(today.energy_wh, before.energy_wh),
        "money_delta": _delta(money, money_before),
    }


def _started(since: datetime, until: datetime, currency: str) -> tuple[DayTotals, Decimal]:
    rows = network.started_between(since, until)
    return network.day_totals(rows), dict(session_ledger.amounts(rows)).get(currency, Decimal(0))


def _delta(now: int | Decimal, before: int | Decimal) -> str:
    """Write the change in percent; nothing where there is nothing to compare with."""
    if not before:
        return ""
    change = (Decimal(now) - Decimal(before)) / Decimal(before)
    return f"{'+' if change > 0 else ''}{measures.percent(change)}"


def _days(operator: Operator, count: int) -> dict[str, Any]:
    today = timezone.now().astimezone(operator.zone).date()
    rows = revenue.by_day(first=today - timedelta(days=count - 1), last=today)
    days: list[date] = [row.day for row in rows]
    energy = Series(_("Energy"), [Decimal(row.energy_wh) / 1000 for row in rows], "kWh", 0)
    earned = Series(_("Revenue including VAT"), [row.amount_incl_vat for row in rows], operator.currency, 2, tone=2)
    return {
        "first": days[0],
        "last": days[-1],
        "energy_chart": Chart(_("Energy by day"), _("Day"), days, [energy]),
        "revenue_chart": Chart(_("Revenue by day"), _("Day"), days, [earned]),
        "sessions": sum(row.sessions for row in rows),
        "energy_wh": sum(row.energy_wh for row in rows),
        "amount": sum((row.amount_incl_vat for row in rows), Decimal(0)),
    }


def _tasks(request: SignedInRequest, operator: Operator, now: datetime) -> list[Task]:
    """Collect what waits, as far as this person can do something about it."""
    access = request.access
    return [
        *_incident_tasks(operator, access, now),
        *_training_tasks(request, operator, now),
        *_charging_tasks(operator, access, now),
        *_billing_tasks(operator, access, now),
        *_work(operator, access),
    ]


def _incident_tasks(operator: Operator, access: Access, now: datetime) -> list[Task]:
    """Who still has to be told of an incident, and until when."""
    if not access.may(Permission.MANAGE_PRIVACY):
        return []
    return [_to_be_told(operator, incident, hand, now) for incident, hand in incidents.waiting(operator)]


def _to_be_told(operator: Operator, incident: Incident, hand: incidents.Hand, now: datetime) -> Task:
    who, when = CLOCKS[hand.clock]
    due = strip_tags(measures.local_time(hand.due_at, operator.zone)) if hand.due_at else when
    url, icon = _url("staff:incident", operator, incident.public_id), "fault" if hand.is_late(now) else "warning"
    words = (
        _("Must be told of an incident by %(due)s: %(who)s")
        if hand.due_at
        else _("Must be told of an incident: %(who)s")
    )
    return Task(words % {"due": due, "who": who}, url, icon, note=incident.title)


def _training_tasks(request: SignedInRequest, operator: Operator, now: datetime) -> list[Task]:
    """One's own training when it is due, and for who sees the members, how many of them are late."""
    own, found = training.of_member(request.user, operator, at=now), []
    if own is not None and own.state != State.DONE:
        words = _("Confirm the training in security and privacy by %(day)s")
        if own.state == State.OVERDUE:
            words = _("The training in security and privacy was due on %(day)s")
        day = strip_tags(measures.local_date(own.due_on))
        found.append(Task(words % {"day": day}, _url("staff:training", operator), "review"))
    if request.access.may(Permission.VIEW_PEOPLE) and (count := training.count_overdue(operator, at=now)):
        words = ngettext(
            "%(count)s person is late with the training", "%(count)s people are late with the training", count
        )
        found.append(_counted(words, count, _url("staff:training_people", operator), "people"))
    return found


def _work(operator: Operator, access: Access) -> list[Task]:
    count = count_set_aside(access)
    if not count:
        return []
    words = ngettext("%(count)s piece of work was set aside", "%(count)s pieces of work were set aside", count)
    return [_counted(words, count, _url("staff:work_list", operator), "fault")]


def _charging_tasks(operator: Operator, access: Access, now: datetime) -> list[Task]:
    waiting, found = network.attention(at=now), []
    if access.may(Permission.REVIEW_SESSIONS) and (count := waiting.under_review):
        words = ngettext("%(count)s session waits for review", "%(count)s sessions wait for review", count)
        found.append(_counted(words, count, _url("staff:review_list", operator), "review"))
    if access.may(Permission.REVIEW_SESSIONS) and (count := differences.open_ones().count()):
        words = ngettext(
            "%(count)s row of a later file says something else about a known session",
            "%(count)s rows of later files say something else about known sessions",
            count,
        )
        found.append(_counted(words, count, _url("staff:difference_list", operator), "review"))
    if access.may(Permission.MANAGE_DRIVERS) and (count := waiting.cards_without_driver):
        words = ngettext("%(count)s card has no driver", "%(count)s cards have no driver", count)
        found.append(_counted(words, count, _url("staff:token_list", operator) + "?condition=unassigned", "cards"))
    if access.may(Permission.MANAGE_DRIVERS) and (count := card_notices.count_open()):
        words = ngettext("%(count)s odd use of cards", "%(count)s odd uses of cards", count)
        found.append(_counted(words, count, _url("staff:card_notices", operator), "warning"))
    if access.may(Permission.IMPORT_SESSIONS):
        found += [_rejects(operator, row) for row in waiting.imports_with_rejects]
    return found


def _rejects(operator: Operator, row: FileImport) -> Task:
    words = ngettext("%(count)s row was rejected", "%(count)s rows were rejected", row.rejected)
    url = _url("staff:import_detail", operator, row.public_id)
    return _counted(words, row.rejected, url, "imports", note=row.file_name)


def _billing_tasks(operator: Operator, access: Access, now: datetime) -> list[Task]:
    today = now.astimezone(operator.zone).date()
    waiting, found = billing_attention.attention(today=today, zone=operator.time_zone), []
    if access.may(Permission.VIEW_SESSIONS) and (count := waiting.without_price):
        words = ngettext("%(count)s session cannot be priced", "%(count)s sessions cannot be priced", count)
        url = f"{_url('staff:session_list', operator)}?billing={BillingStatus.PROBLEM}&period=all"
        found.append(_counted(words, count, url, "fault"))
    if access.may(Permission.ISSUE_INVOICES):
        found += [_ready(operator, run) for run in waiting.runs_to_issue]
    if access.may(Permission.RUN_BILLING) and waiting.month_without_run:
        words = _("%(month)s has not been billed yet") % {"month": measures.month(waiting.month_without_run)}
        found.append(Task(capfirst(words), _url("finance:run_list", operator), "runs"))
    return found


def _ready(operator: Operator, run: InvoiceRun) -> Task:
    words = _("The run of %(month)s is ready to issue") % {"month": measures.month(run.month)}
    return Task(words, _url("finance:run_detail", operator, run.public_id), "runs")


def _counted(words: str, count: int, url: str, icon: str, *, note: str = "") -> Task:
    return Task(words % {"count": measures.number(count)}, url, icon, note)


def _url(name: str, operator: Operator, *args: object) -> str:
    return reverse(name, args=[operator.slug, *args])
