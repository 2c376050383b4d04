"""Settling with site hosts: have a month worked out, look its statements over, close it."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from billing.domain.errors import BillingError
from billing.models import Settlement
from billing.selectors import settlements as selector
from billing.services import approved
from billing.services import second_person as services_of_two
from billing.services import settlements as services
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, second_person, tables
from portal.web.acts import told
from portal.web.finance.runs import MonthForm
from portal.web.tables import Column, Table
from portal.words.say import why
from portal.words.states import told as state_of
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes

#: Statements to be paid that are told one by one.
UNPAID_SHOWN = 50
#: Those left out stand first, then the largest, until somebody sorts.
STATEMENTS = Table(
    "statements",
    (
        Column("host", _("Host"), opened="account__identity__name", is_fixed=True),
        Column("state", _("State")),
        Column("sessions", _("Sessions"), by="sessions", css="num rest"),
        Column("revenue", _("Revenue"), by="net", css="num rest"),
        Column("earned", _("Earned"), by="amount", css="num rest"),
        Column("payout", _("Paid out"), by="payout", css="num rest"),
        Column("total", _("Incl. VAT"), by="total", css="num"),
    ),
    order="",
)


@operator_view(Permission.VIEW_INVOICES)
def settlement_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the settled months, the newest first, offer the next one, and say what is to be paid to hosts."""
    months = selector.months_to_settle(_today(operator))
    page = {
        "nav": "hosts",
        "page": lists.numbered(selector.listing(), request),
        "form": MonthForm(months=months) if months else None,
        "owed": selector.owed(),
        "unpaid": selector.unpaid()[:UNPAID_SHOWN],
    }
    return render(request, "finance/settlements/list.html", page)


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def settlement_ask(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Have a month's statements worked out in the background, or worked out anew."""
    form = MonthForm(request.POST, months=selector.months_to_settle(_today(operator)))
    if not form.is_valid():
        messages.error(request, gettext("Choose a month."))
        return redirect("finance:settlement_list", operator.slug)
    try:
        row = services.ask(form.chosen(), by=request.user, at=timezone.now())
    except BillingError as refusal:
        messages.error(request, why(refusal))
        return redirect("finance:settlement_list", operator.slug)
    return redirect("finance:settlement_detail", operator.slug, row.public_id)


@operator_view(Permission.VIEW_INVOICES)
def settlement_detail(request: SignedInRequest, operator: Operator, settlement_id: UUID) -> HttpResponse:
    """Show how far it is, what it comes to, and every statement."""
    settlement = _settlement_or_404(settlement_id)
    if "X-Poll" in request.headers and not settlement.is_open:
        return HttpResponseClientRefresh()
    rows = selector.statements(settlement)
    shown = tables.shown(STATEMENTS, request).within(rows)
    page = {
        "nav": "hosts",
        "settlement": settlement,
        "sums": selector.sums(settlement),
        "shown": shown,
        "page": shown.page(rows, request),
        "approval": approvals.open_about(approved.SETTLE, settlement.public_id, at=timezone.now()),
    }
    return render(request, "finance/settlements/detail.html", page)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def settlement_export(request: SignedInRequest, operator: Operator, settlement_id: UUID) -> HttpResponseBase:
    """Send the statements of a month as a file: what is to be paid to whom."""
    settlement = _settlement_or_404(settlement_id)
    return list_files.answer(
        request,
        tables.shown(STATEMENTS, request),
        selector.statements(settlement),
        columns=[
            FileColumn(gettext("Customer number"), lambda row: row.account.customer_number),
            FileColumn(gettext("Host"), lambda row: row.account.name),
            FileColumn(gettext("Contract"), lambda row: row.contract.name),
            FileColumn(gettext("State"), lambda row: str(state_of(row).label)),
            FileColumn(gettext("Sessions"), lambda row: row.sessions),
            FileColumn(gettext("Currency"), lambda row: row.currency),
            FileColumn(gettext("Revenue"), lambda row: row.net, is_amount=True),
            FileColumn(gettext("Earned"), lambda row: row.amount, is_amount=True),
            FileColumn(gettext("Carried over from before"), lambda row: row.carried_in, is_amount=True),
            FileColumn(gettext("Set off between contracts"), lambda row: row.set_off, is_amount=True),
            FileColumn(gettext("Carried over to the next month"), lambda row: row.carried_out, is_amount=True),
            FileColumn(gettext("Paid out"), lambda row: row.payout, is_amount=True),
            FileColumn(gettext("VAT"), lambda row: row.vat, is_amount=True),
            FileColumn(gettext("Incl. VAT"), lambda row: row.total, is_amount=True),
            FileColumn(gettext("Due"), lambda row: row.due_on),
        ],
        back=reverse("finance:settlement_detail", args=[operator.slug, settlement_id]),
        days=f"{settlement.month:%Y-%m}",
    )


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
def settlement_close(request: SignedInRequest, operator: Operator, settlement_id: UUID) -> HttpResponse:
    """Ask whether to freeze the month's statements, and do it, or ask for the second person."""
    settlement = _settlement_or_404(settlement_id)
    needs_second = four_eyes.is_needed(approved.SETTLE)
    if request.method != "POST":
        page = {"nav": "hosts", "settlement": settlement, "sums": selector.sums(settlement)}
        return render(request, "finance/settlements/close.html", page | {"needs_second": needs_second})
    back = redirect("finance:settlement_detail", operator.slug, settlement_id)
    if needs_second:
        asked = second_person.ask(
            request, operator, lambda: services_of_two.ask_to_settle(settlement, by=request.user, at=timezone.now())
        )
        return asked or back
    told(request, gettext("The month is closed."), services.close, settlement, by=request.user, at=timezone.now())
    return back


def _settlement_or_404(settlement_id: UUID) -> Settlement:
    settlement = selector.one(settlement_id)
    if settlement is None:
        raise Http404
    return settlement


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()
