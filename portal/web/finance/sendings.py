"""E-invoices on their way: what was sent, taken, accepted or refused; and sending one that was not."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.models import Sending
from billing.selectors import sendings, settlements
from billing.services import sendings as services
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import told
from portal.web.finance.invoices import invoice_or_404
from portal.web.tables import Column, Table
from portal.words import measures
from portal.words import sendings as words
from tenants.models import Operator
from tenants.permissions import Permission

SENDINGS = Table(
    "e-invoices",
    (
        Column("invoice", _("Invoice"), by="id", is_indexed=True, is_fixed=True),
        Column("to", pgettext_lazy("receiver", "To")),
        Column("state", _("State")),
        Column("why", _("Why")),
        Column("sent", _("Sent"), css="rest"),
        Column("answered", _("Answered"), css="rest"),
    ),
    order="-invoice",
)


class SendingFilter(forms.Form):
    """Which e-invoices are listed; each state says how many there are."""

    search = forms.CharField(label=_("Invoice or payer"), required=False, max_length=100, widget=forms.SearchInput)
    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counts, state = sendings.counts(), self.fields["state"]
        told = [(value, f"{label} ({measures.number(counts.get(value, 0))})") for value, label in Sending.Stage.choices]
        state.choices = [("", gettext("All")), *told]  # type: ignore[attr-defined]

    @cached_property
    def rows(self) -> QuerySet[Sending]:
        """The e-invoices that the filter means; what cannot be read narrows nothing."""
        self.full_clean()
        return sendings.listing(self.cleaned_data.get("state", ""), self.cleaned_data.get("search", ""))


@operator_view(Permission.VIEW_INVOICES)
def sending_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List them, the newest first."""
    if tidy := lists.untidy(request):
        return tidy
    filters = SendingFilter(request.GET)
    shown = tables.shown(SENDINGS, request).within(filters.rows)
    page = {
        "nav": "sendings",
        "filters": filters,
        "shown": shown,
        "page": shown.page(filters.rows, request),
        "way": sendings.chosen(),
    }
    return render(request, "finance/sendings/list.html", page)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def sending_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed ones as a file."""
    filters = SendingFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(SENDINGS, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(gettext("Invoice"), lambda row: str(row.invoice or row.statement)),
            FileColumn(gettext("Customer number"), lambda row: words.receiver(row).number),
            FileColumn(pgettext("receiver", "To"), lambda row: words.receiver(row).name),
            FileColumn(gettext("State"), lambda row: str(row.get_stage_display())),
            FileColumn(gettext("Why"), words.reason),
            FileColumn(gettext("Sent"), lambda row: row.sent_at),
            FileColumn(gettext("Answered"), lambda row: row.answered_at),
        ],
        back=reverse("finance:sending_list", args=[operator.slug]),
    )


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def invoice_send(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Send one document that was issued before there was a way, or that was held back."""
    told(request, gettext("The e-invoice is on its way."), services.send, invoice_or_404(invoice_id), at=timezone.now())
    return redirect("finance:invoice_detail", operator.slug, invoice_id)


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def statement_send(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Send one statement that is a host's invoice, and was closed before there was a way, or held back."""
    statement = settlements.statement(statement_id)
    if statement is None or statement.number is None:
        raise Http404
    told(request, gettext("The e-invoice is on its way."), services.send, statement, at=timezone.now())
    return redirect("finance:statement_detail", operator.slug, statement_id)
