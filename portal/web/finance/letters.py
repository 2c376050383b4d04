"""Letters: what was mailed to whom, what did not arrive and why, and sending it again."""

from functools import cached_property
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.models import DocumentLetter
from billing.selectors import letters as selector
from billing.selectors import runs
from billing.services import letters as services
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import REFUSALS, told
from portal.web.finance.invoices import invoice_or_404
from portal.web.periods import PeriodForm
from portal.web.tables import Column, Table
from portal.words import document_letters as words
from portal.words.say import why
from portal.words.states import told as state_of
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.services import mail

LETTERS = Table(
    "letters",
    (
        Column("queued", _("Queued"), by="queued_at", is_indexed=True, is_fixed=True),
        Column("what", _("Letter")),
        Column("payer", _("Payer")),
        Column("to", _("To")),
        Column("state", _("State")),
        Column("sent", _("Sent")),
        Column("by", _("By"), is_optional=True),
    ),
    order="-queued",
)
STATES = [
    ("", _("All")),
    (selector.WAITING, _("waiting")),
    (selector.SENT, _("sent")),
    (selector.NOT_SENT, _("not sent")),
    (selector.BOUNCED, _("came back")),
]


class LetterFilter(PeriodForm):
    """Which letters are listed. Days are those on which they were queued."""

    search = forms.CharField(label=_("Invoice or payer"), required=False, max_length=100, widget=forms.SearchInput)
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)

    @cached_property
    def rows(self) -> QuerySet[DocumentLetter]:
        """The letters that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return DocumentLetter.objects.none()
        data = self.cleaned_data
        return selector.listing(state=data["state"], search=data["search"], **self.span())


@operator_view(Permission.VIEW_INVOICES)
def letter_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what was mailed to whom, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = LetterFilter(request.GET, operator=operator)
    shown = tables.shown(LETTERS, request).within(filters.rows)
    page = {
        "nav": "letters",
        "filters": filters,
        "shown": shown,
        "page": shown.page(filters.rows, request),
        "can_send": mail.can_send(),
    }
    return render(request, "finance/letters/list.html", page)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def letter_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed letters as a file, in their order."""
    filters = LetterFilter(request.GET, operator=operator)
    return list_files.answer(
        request,
        tables.shown(LETTERS, request),
        filters.rows,
        filters=filters,
        columns=_file_columns(),
        back=reverse("finance:letter_list", args=[operator.slug]),
    )


def _file_columns() -> list[FileColumn]:
    return [
        FileColumn(gettext("Queued"), lambda row: row.queued_at),
        FileColumn(gettext("Letter"), words.what),
        FileColumn(gettext("Invoice"), lambda row: str(row.invoice or "")),
        FileColumn(gettext("Customer number"), lambda row: row.account.customer_number),
        FileColumn(gettext("Payer"), lambda row: row.account.name),
        FileColumn(gettext("To"), lambda row: row.address),
        FileColumn(gettext("State"), lambda row: str(state_of(row).label)),
        FileColumn(gettext("Why"), words.why_not),
        FileColumn(gettext("Sent"), lambda row: row.sent_at),
        FileColumn(gettext("Came back"), lambda row: row.bounced_at),
    ]


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def letter_again(request: SignedInRequest, operator: Operator, letter_id: UUID) -> HttpResponse:
    """Have a letter sent anew that did not arrive, or of which nobody knows."""
    letter = DocumentLetter.objects.filter(public_id=letter_id).first()
    if letter is None:
        raise Http404
    told(request, gettext("It is queued again."), services.send_again, letter, by=request.user, at=timezone.now())
    return redirect("finance:letter_list", operator.slug)


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def run_mail(request: SignedInRequest, operator: Operator, run_id: UUID) -> HttpResponse:
    """Queue the invoices of a run whose payers get them by e-mail."""
    run = runs.one(run_id)
    if run is None:
        raise Http404
    try:
        count = services.mail_run(run, by=request.user, at=timezone.now())
    except REFUSALS as refusal:
        messages.error(request, why(refusal))
        return redirect("finance:run_detail", operator.slug, run_id)
    said = ngettext("%(count)s invoice is queued.", "%(count)s invoices are queued.", count)
    messages.success(request, said % {"count": count})
    return redirect("finance:letter_list", operator.slug)


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def invoice_mail(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Queue one document, also one that was mailed before."""
    invoice = invoice_or_404(invoice_id)
    told(request, gettext("It is queued."), services.mail_invoice, invoice, by=request.user, at=timezone.now())
    return redirect("finance:invoice_detail", operator.slug, invoice_id)
