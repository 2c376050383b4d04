"""Files of payments from a bank: sent, their progress, and what came of each."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain.errors import Code
from billing.models import PaymentFile
from billing.selectors import payments as selector
from billing.services import payment_files as services
from portal.files import uploads
from portal.files.tables import FileColumn, local
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted, told
from portal.web.periods import PeriodForm
from portal.web.tables import Column, Table
from portal.words import payments as words
from tenants.models import Operator
from tenants.permissions import Permission

PAYMENT_FILES = Table(
    "payment-files",
    (
        Column("file", _("File"), by="file_name", is_fixed=True),
        Column("sent", _("Sent"), by="created_at", is_indexed=True),
        Column("state", _("State"), by="state"),
        Column("payments", _("Payments"), by="payments", css="num"),
        Column("known", _("Known before"), by="known", css="num rest"),
        Column("matched", _("Matched"), by="matched", css="num"),
    ),
    order="-sent",
)


class PaymentFileFilter(PeriodForm):
    """Which files are listed. Days are those on which they were sent."""

    q = forms.CharField(label=_("File"), required=False, max_length=100, widget=forms.SearchInput)
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *PaymentFile.State.choices], required=False)

    @cached_property
    def rows(self) -> QuerySet[PaymentFile]:
        """The files that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return PaymentFile.objects.none()
        data = self.cleaned_data
        return selector.files(search=data["q"], state=data["state"], **self.span())


class FileForm(forms.Form):
    """A file of the bank."""

    file = forms.FileField(label=_("File"), max_length=200)

    def clean_file(self) -> Any:
        """Refuse a file that is larger than what is taken."""
        file = self.cleaned_data["file"]
        if uploads.is_too_large(file.size):
            raise forms.ValidationError(uploads.too_large(file.size))
        return file


@operator_view(Permission.MANAGE_PAYMENTS)
@uploads.takes_files
def payment_files(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Take a file; below, those that came before and how far they are, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    form = FileForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        row = attempted(form, services.take_in, file, name=file.name, by=request.user, at=timezone.now())
        if row is not None:
            return redirect("finance:payment_file", operator.slug, row.public_id)
    filters = PaymentFileFilter(request.GET, operator=operator)
    shown = tables.shown(PAYMENT_FILES, request).within(filters.rows)
    page = shown.page(filters.rows, request)
    found = {"nav": "payments", "form": form, "filters": filters, "shown": shown, "page": page}
    found["is_working"] = any(row.is_open for row in page)
    return render(request, "finance/payments/files.html", found, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PAYMENTS, takes_out=True)
def payment_file_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed files, not what is in them, as a file."""
    filters = PaymentFileFilter(request.GET, operator=operator)
    back = reverse("finance:payment_files", args=[operator.slug])
    if not filters.is_valid():
        return redirect(f"{back}?{filters.query()}")

    return list_files.answer(
        request,
        tables.shown(PAYMENT_FILES, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(gettext("File"), lambda row: row.file_name),
            FileColumn("SHA-256", lambda row: row.file_sha256),
            FileColumn(gettext("Sent"), lambda row: local(row.created_at, operator)),
            FileColumn(gettext("Sent by"), lambda row: str(row.uploaded_by) if row.uploaded_by else None),
            FileColumn(gettext("State"), lambda row: str(row.get_state_display())),
            FileColumn(gettext("Finished"), lambda row: local(row.finished_at, operator)),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
            FileColumn(gettext("Payments"), lambda row: row.payments),
            FileColumn(gettext("Known before"), lambda row: row.known),
            FileColumn(gettext("Matched"), lambda row: row.matched),
        ],
        back=back,
        days=filters.days_in_words(),
    )


@operator_view(Permission.MANAGE_PAYMENTS)
def payment_file(request: SignedInRequest, operator: Operator, file_id: UUID) -> HttpResponse:
    """Show how far a file is, or what came of it."""
    row = selector.file(file_id)
    if row is None:
        raise Http404
    found = {"nav": "payments", "file": row, "sums": words.sums(row.sums), "left_out": words.left_out(row.left_out)}
    found["is_asked"] = row.error == Code.PAYMENT_FILE_ACCOUNTS
    return render(request, "finance/payments/file.html", found)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def payment_file_ours(request: SignedInRequest, operator: Operator, file_id: UUID) -> HttpResponse:
    """Have a file booked whose accounts a person knows as the operator's."""
    row = selector.file(file_id)
    if row is None:
        raise Http404
    told(request, gettext("The file is being booked."), services.confirm_accounts, row, at=timezone.now())
    return redirect("finance:payment_file", operator.slug, file_id)
