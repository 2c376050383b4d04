"""Files of payments from a bank: sent, their progress, and what came of each."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.selectors import payments as selector
from billing.services import payment_files as services
from portal.files import uploads
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted
from portal.words import payments as words
from tenants.models import Operator
from tenants.permissions import Permission


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
    """Take a file; below, those that came before and how far they are."""
    form = FileForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        row = attempted(form, services.take_in, file, name=file.name, by=request.user, at=timezone.now())
        if row is not None:
            return redirect("finance:payment_file", operator.slug, row.public_id)
    page = lists.page(selector.files(), request, by="created_at")
    found = {"nav": "payments", "form": form, "page": page, "is_working": any(row.is_open for row in page)}
    return render(request, "finance/payments/files.html", found, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PAYMENTS)
def payment_file(request: SignedInRequest, operator: Operator, file_id: UUID) -> HttpResponse:
    """Show how far a file is, or what came of it."""
    row = selector.file(file_id)
    if row is None:
        raise Http404
    found = {"nav": "payments", "file": row, "sums": words.sums(row.sums), "left_out": words.left_out(row.left_out)}
    return render(request, "finance/payments/file.html", found)
