"""A month as steps, from priced sessions to paid invoices: where each stands, what keeps it, and what to do next.

A step is a function of the `Month`; another one is one more in `STEPS`. What takes as long as there are invoices is
counted when the page asks for it (`COUNTED`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from billing.domain.calendar import month_after
from billing.models import InvoiceRun
from billing.models.billing_status import BillingStatus
from billing.selectors import desk, invoices, ledger, letters, reconciliation, run_checks, runs, sendings
from billing.selectors.compartments import Compartment
from billing.selectors.reconciliation import Row
from billing.services import approved, export_packages, exports
from portal.gate.access import SignedInRequest, operator_view
from portal.web.months import MonthField
from portal.words import exports as exports_words
from portal.words import measures
from portal.words.say import say
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes


class State(StrEnum):
    """Where a step stands."""

    DONE = "done"
    TO_DO = "to_do"
    BLOCKED = "blocked"
    WORKING = "working"
    LATER = "later"


STATES: Final[dict[State, tuple[str | Promise, str]]] = {
    State.DONE: (pgettext_lazy("step", "done"), "good"),
    State.TO_DO: (gettext_lazy("to do"), "warn"),
    State.BLOCKED: (pgettext_lazy("step", "blocked"), "bad"),
    State.WORKING: (gettext_lazy("in progress"), "info"),
    State.LATER: (gettext_lazy("later"), ""),
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to rows or to an act, for who holds the permission; `posts`: what a button sends instead of a link."""

    label: str
    url: str
    permission: Permission
    posts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its figure with the rows it opens, what keeps it, and the button."""

    name: str | Promise
    state: State
    figure: str = ""
    rows: Way | None = None
    kept_by: tuple[str, ...] = ()
    act: Way | None = None

    @property
    def told(self) -> tuple[str, str]:
        """The state in words, and its colour."""
        words, tone = STATES[self.state]
        return str(words), tone


class Month:
    """What the steps of a month ask for, each thing once."""

    def __init__(self, operator: Operator, month: date) -> None:
        self.operator, self.month = operator, month
        today = timezone.now().astimezone(operator.zone).date()
        self.is_over = month_after(month) <= today

    @cached_property
    def compartments(self) -> list[Row]:
        """Where its sessions stand."""
        return reconciliation.by_reason(self.month)

    @cached_property
    def run(self) -> InvoiceRun | None:
        """The run of the month."""
        return InvoiceRun.objects.filter(month=self.month).first()

    @cached_property
    def issued_on(self) -> date | None:
        """The day its run was issued on."""
        at = self.run.issued_at if self.run else None
        return at.astimezone(self.operator.zone).date() if at else None

    @cached_property
    def paid(self) -> list[desk.Paid]:
        """What became of its invoices."""
        return desk.paid(self.run) if self.run and self.issued_on else []

    def sessions(self, *, where: Callable[[Row], bool] = lambda row: True) -> int:
        """How many sessions stand in some of the compartments."""
        return sum(row.sessions for row in self.compartments if where(row))

    def url(self, name: str, *args: Any, **query: str) -> str:
        """The address of a page of the operator."""
        found = reverse(name, args=[self.operator.slug, *args])
        return f"{found}?{urlencode(query)}" if query else found

    def listed(self, **narrow: str) -> Way:
        """The way to the month's sessions that are meant."""
        query = {"period": "all", "month": f"{self.month:%Y-%m}", **narrow}
        return Way(_("Sessions"), self.url("staff:session_list", **query), Permission.VIEW_SESSIONS)

    def of_run(self, label: str, permission: Permission = Permission.VIEW_INVOICES) -> Way | None:
        """The way to the run."""
        return Way(label, self.url("finance:run_detail", self.run.public_id), permission) if self.run else None


def _priced(month: Month) -> Step:
    name = _("Priced")
    total = month.sessions()
    problems = month.sessions(where=lambda row: row.compartment == Compartment.UNDER_REVIEW and row.reason != "pending")
    waiting = month.sessions(where=lambda row: row.reason == "unrated")
    figure = _sessions(total)
    if problems:
        kept = ngettext("%(count)s session has no price.", "%(count)s sessions have no price.", problems)
        way = month.listed(billing=BillingStatus.PROBLEM.value)
        return Step(name, State.BLOCKED, figure, month.listed(), (_counted(kept, problems),), _named(way, _("See why")))
    if waiting:
        return Step(name, State.WORKING, figure, month.listed(), (_sessions(waiting),))
    return Step(name, State.DONE if total else State.LATER, figure, month.listed() if total else None)


def _reviewed(month: Month) -> Step:
    name = _("Reviewed")
    left = month.sessions(where=lambda row: row.compartment == Compartment.UNDER_REVIEW and row.reason == "pending")
    if left:
        kept = ngettext("%(count)s session waits for a decision.", "%(count)s sessions wait for a decision.", left)
        way = Way(_("Review them"), month.url("staff:review_list"), Permission.REVIEW_SESSIONS)
        return Step(
            name,
            State.TO_DO,
            _sessions(left),
            month.listed(billing=BillingStatus.PENDING.value),
            (_counted(kept, left),),
            way,
        )
    return Step(name, State.DONE if month.compartments else State.LATER)


def _drafted(month: Month) -> Step:
    name, run = _("Drafted"), month.run
    if run is None:
        if not month.is_over:
            return Step(name, State.LATER, kept_by=(_("The month has not ended yet."),))
        start = {"month": f"{month.month:%Y-%m}"}
        way = Way(_("Make the drafts"), month.url("finance:run_start"), Permission.RUN_BILLING, start)
        return Step(name, State.TO_DO, act=way)
    progress = runs.progress(run)
    if progress.is_running:
        kept = (_("Some parts have stopped and wait for a person."),) if progress.set_aside else ()
        state = State.BLOCKED if kept else State.WORKING
        return Step(name, state, f"{progress.percent} %", month.of_run(_("Run")), kept, month.of_run(_("See the run")))
    made = runs.sums(run)
    return Step(name, State.DONE, _invoices(sum(row.invoices for row in made)), month.of_run(_("Run")))


def _checked(month: Month) -> Step:
    name, run = _("Checked"), month.run
    if run is None or run.state == InvoiceRun.State.RUNNING:
        return Step(name, State.LATER)
    if run.state == InvoiceRun.State.ISSUED:
        return Step(name, State.DONE)
    found = [finding for finding in run_checks.findings(run) if finding.blocks]
    kept = tuple(say(finding.code, finding.facts) for finding in found)
    if kept:
        return Step(name, State.BLOCKED, rows=month.of_run(_("Run")), kept_by=kept, act=month.of_run(_("See the run")))
    return Step(name, State.DONE, rows=month.of_run(_("Run")))


def _approved(month: Month) -> Step:
    name, run = _("Approved"), month.run
    if run is None or run.state == InvoiceRun.State.RUNNING:
        return Step(name, State.LATER)
    if run.state == InvoiceRun.State.ISSUED:
        return Step(name, State.DONE)
    if not four_eyes.is_needed(approved.ISSUE):
        return Step(name, State.DONE, _("one person is enough"))
    asked = approvals.open_about(approved.ISSUE, run.public_id, at=timezone.now())
    if asked is None:
        return Step(name, State.TO_DO, kept_by=(_("A second person has to approve."),), act=_issue(month))
    way = Way(_("See the approval"), month.url("staff:approval_detail", asked.public_id), Permission.VIEW_APPROVALS)
    return Step(name, State.TO_DO, kept_by=(_("It waits for a second person."),), act=way)


def _issued(month: Month) -> Step:
    name, run = pgettext("step", "Issued"), month.run
    if run is None or run.state == InvoiceRun.State.RUNNING:
        return Step(name, State.LATER)
    if run.state != InvoiceRun.State.ISSUED:
        return Step(name, State.TO_DO, act=_issue(month))
    made = runs.sums(run)
    figure = ", ".join(measures.money(row.amount_due, row.currency) for row in made)
    listed = month.url("finance:invoice_list", month=f"{month.month:%Y-%m}")
    return Step(name, State.DONE, figure, Way(_("Invoices"), listed, Permission.VIEW_INVOICES))


def _sent(month: Month) -> Step:
    name = pgettext("step", "Sent")
    if month.run is None or month.issued_on is None:
        return Step(name, State.LATER)
    ways = desk.delivered(month.run)
    figure = ", ".join(f"{Account.Delivery(row.delivery).label}: {measures.number(row.documents)}" for row in ways)
    listed = Way(
        _("Invoices"), month.url("finance:invoice_list", month=f"{month.month:%Y-%m}"), Permission.VIEW_INVOICES
    )
    left = desk.documents_left(month.run)
    being_made = ngettext("%(count)s PDF is being made.", "%(count)s PDFs are being made.", left)
    making = (_counted(being_made, left),) if left else ()
    found = [found for row in ways if (found := _on_its_way(month, row))]
    kept = (*(words for _state, words, _act in found), *making)
    state = _worst([State.WORKING if making else State.DONE, *(state for state, _words, _act in found)])
    act = next((act for is_so, _words, act in found if is_so is state), None) or _files(month, _("Download"))
    return Step(name, state, figure, listed, kept, act)


def _worst(states: list[State]) -> State:
    """What the step as a whole is in: what needs a person comes before what goes on by itself."""
    return min(states, key=(State.BLOCKED, State.TO_DO, State.WORKING, State.DONE).index)


def _on_its_way(month: Month, row: desk.Delivered) -> tuple[State, str, Way | None] | None:
    """What keeps the documents on one way, and the button; None where nothing does."""
    if row.delivery == Account.Delivery.E_INVOICE:
        return _as_e_invoices(month, row)
    if row.delivery == Account.Delivery.EMAIL:
        return _by_mail(month, row)
    if row.delivery == Account.Delivery.LETTER:
        told = ngettext("%(count)s goes by letter: print it.", "%(count)s go by letter: print them.", row.documents)
        return State.DONE, _counted(told, row.documents), _files(month, _("Download"))
    return None


def _as_e_invoices(month: Month, row: desk.Delivered) -> tuple[State, str, Way | None] | None:
    listed = month.url("finance:sending_list", **({"state": "held"} if row.stuck else {}))
    see = Way(_("See the e-invoices"), listed, Permission.VIEW_INVOICES)
    if row.stuck:
        told = ngettext(
            "%(count)s e-invoice was held back or refused.",
            "%(count)s e-invoices were held back or refused.",
            row.stuck,
        )
        return State.BLOCKED, _counted(told, row.stuck), see
    if row.unasked:
        told = ngettext("%(count)s e-invoice has not left.", "%(count)s e-invoices have not left.", row.unasked)
        settings = Way(_("Choose how they leave"), month.url("staff:sending_way"), Permission.MANAGE_OPERATOR)
        return State.TO_DO, _counted(told, row.unasked), see if sendings.chosen() else settings
    if row.waiting:
        told = ngettext("%(count)s e-invoice is on its way.", "%(count)s e-invoices are on their way.", row.waiting)
        return State.WORKING, _counted(told, row.waiting), see
    return None


def _by_mail(month: Month, row: desk.Delivered) -> tuple[State, str, Way | None] | None:
    listed = month.url("finance:letter_list", **({"state": letters.NOT_SENT} if row.stuck else {}))
    see = Way(_("See the letters"), listed, Permission.VIEW_INVOICES)
    if row.stuck:
        told = ngettext("%(count)s e-mail did not arrive.", "%(count)s e-mails did not arrive.", row.stuck)
        return State.BLOCKED, _counted(told, row.stuck), see
    if row.unasked:
        assert month.run is not None
        told = ngettext("%(count)s is to go by e-mail.", "%(count)s are to go by e-mail.", row.unasked)
        mail = month.url("finance:run_mail", month.run.public_id)
        return (
            State.TO_DO,
            _counted(told, row.unasked),
            Way(_("Send them by e-mail"), mail, Permission.ISSUE_INVOICES, {"run": str(month.run.public_id)}),
        )
    if row.waiting:
        told = ngettext("%(count)s e-mail waits in the queue.", "%(count)s e-mails wait in the queue.", row.waiting)
        return State.WORKING, _counted(told, row.waiting), see
    return None


def _files(month: Month, label: str) -> Way:
    """The way to the files of the days on which the run was issued."""
    assert month.issued_on is not None
    url = month.url("finance:export_list", month=f"{month.issued_on:%Y-%m}")
    return Way(label, url, Permission.EXPORT_FINANCE)


def _booked(month: Month) -> Step:
    name = _("In the accounting program")
    if month.issued_on is None:
        return Step(name, State.LATER)
    left = sum(row.to_book for row in month.paid)
    if left:
        way = _files(month, _("Make the vouchers"))
        return Step(name, State.TO_DO, _invoices(left), kept_by=(_("No file of vouchers has them."),), act=way)
    return Step(name, State.DONE)


def _closed(month: Month) -> Step:
    name = _("Ledger closed")
    if month.issued_on is None:
        return Step(name, State.LATER)
    booked = month.issued_on.replace(day=1)
    page = month.url("finance:ledger_month", month=f"{booked:%Y-%m}")
    rows = Way(measures.month(booked), page, Permission.VIEW_INVOICES)
    if ledger.closed(booked):
        return Step(name, State.DONE, rows=rows)
    if month_after(booked) > timezone.now().astimezone(month.operator.zone).date():
        return Step(name, State.LATER, rows=rows, kept_by=(_("The month has not ended yet."),))
    return Step(name, State.TO_DO, rows=rows, act=Way(_("Close the month"), page, Permission.EXPORT_FINANCE))


def _paid(month: Month) -> Step:
    name = pgettext("step", "Paid")
    if month.issued_on is None:
        return Step(name, State.LATER)
    left = sum(row.unpaid for row in month.paid)
    if not left:
        return Step(name, State.DONE)
    unpaid = month.url("finance:invoice_list", month=f"{month.month:%Y-%m}", state=invoices.OPEN)
    rows = Way(_("Invoices"), unpaid, Permission.VIEW_INVOICES)
    amounts = ", ".join(measures.coins(row.rest, row.currency) for row in month.paid if row.rest)
    way = Way(_("Match payments"), month.url("finance:payment_waiting"), Permission.VIEW_INVOICES)
    return Step(name, State.TO_DO, f"{amounts} ({_invoices(left)})", rows, act=way)


STEPS: Final = (_priced, _reviewed, _drafted, _checked, _approved, _issued)
#: Steps that take as long as there are invoices.
COUNTED: Final = (_sent, _booked, _closed, _paid)


class MonthForm(forms.Form):
    """Which month is shown."""

    month = MonthField(label=gettext_lazy("Month"))


@operator_view(Permission.VIEW_INVOICES)
def month_steps(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the month as steps; what takes long is counted once the page asks for it."""
    usual = _usual(operator)
    form = MonthForm({"month": request.GET.get("month") or f"{usual:%Y-%m}"})
    chosen: date = form.cleaned_data["month"] if form.is_valid() else usual
    month = Month(operator, chosen)
    is_counted = "counted" in request.GET
    parts = [*STEPS, *COUNTED] if is_counted else STEPS
    steps = [part(month) for part in parts]
    page: dict[str, Any] = {
        "nav": "month",
        "month": chosen,
        "month_form": form,
        "steps": [(step, bool(step.act and request.access.may(step.act.permission))) for step in steps],
        "is_counted": is_counted,
        "asked": urlencode({"month": f"{chosen:%Y-%m}", "counted": "now"}),
    }
    if month.is_over and request.access.may(Permission.EXPORT_FINANCE):
        page["package"], page["kept_days"] = export_packages.of(chosen), exports.kept_days()
        page["parts"] = [(exports_words.written(part.kind, part.form), part.export) for part in page["package"].parts]
    return render(request, "finance/desk/month.html", page)


def _usual(operator: Operator) -> date:
    """The month that was over last."""
    today = timezone.now().astimezone(operator.zone).date()
    return date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)


def _issue(month: Month) -> Way:
    assert month.run is not None
    return Way(_("Issue the invoices"), month.url("finance:run_issue", month.run.public_id), Permission.ISSUE_INVOICES)


def _named(way: Way, label: str) -> Way:
    return Way(label, way.url, way.permission)


def _counted(pattern: str, count: int) -> str:
    return pattern % {"count": measures.number(count)}


def _sessions(count: int) -> str:
    return _counted(ngettext("%(count)s session", "%(count)s sessions", count), count)


def _invoices(count: int) -> str:
    return _counted(ngettext("%(count)s invoice", "%(count)s invoices", count), count)
