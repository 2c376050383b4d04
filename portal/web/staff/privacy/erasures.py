"""Erasing a driver who asks for it: what would go and stay, carrying it out, and the certificate."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.documents import pdf
from portal.files.pdf import pdf_file
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.web.acts import attempted
from portal.web.staff.privacy.requests import language_of
from portal.words import erasures as words
from tenants.models import Approval, Erasure, Operator, PersonRequest
from tenants.permissions import Permission
from tenants.privacy import erasure, erasure_ledger
from tenants.selectors import approvals
from tenants.services import four_eyes


class EraseForm(forms.Form):
    """What the person is told."""

    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("The person reads it in a letter, sent before the address is erased."),
    )


@operator_view(Permission.MANAGE_PRIVACY, step_up=True)
def person_erase(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say what would go and what would stay; have it done, or ask a second person first."""
    rows = PersonRequest.objects.select_related("driver", "driver__user", "driver__identity")
    row = get_object_or_404(rows, public_id=public_id)
    back = redirect("staff:person_request", operator.slug, row.public_id)
    if row.kind != PersonRequest.Kind.ERASURE:
        return back
    approval = approvals.open_about(erasure.ACTION, row.public_id, at=timezone.now())
    is_approved = approval is not None and approval.state == Approval.State.APPROVED
    needs_second = four_eyes.is_needed(erasure.ACTION) and not is_approved
    stays = erasure.staying(row.driver)
    initial = {"answer": words.answer(operator, language_of(row.driver, operator), stays)}
    form = EraseForm(request.POST if request.method == "POST" and not needs_second else None, initial=initial)
    if request.method == "POST" and needs_second:
        now = timezone.now()
        return second_person.ask(request, operator, lambda: erasure.ask_second(row, by=request.user, at=now)) or back
    if form.is_bound and form.is_valid() and _is_asked(request, form, row):
        return back
    context = {
        "nav": "privacy",
        "crumbs": [
            (_("Requests"), reverse("staff:person_request_list", args=[operator.slug])),
            (_("erasure, art. 17"), reverse("staff:person_request", args=[operator.slug, row.public_id])),
        ],
        "row": row,
        "bars": [(words.BARS[code], count) for code, count in erasure.bars(row.driver).items()],
        "is_open": row.state == PersonRequest.State.OPEN and erasure.of_driver(row.driver) is None,
        "stays": words.stays(stays),
        "approval": approval,
        "is_approved": is_approved,
        "needs_second": needs_second,
        "form": form,
    }
    return render(request, "staff/privacy/erase.html", context, status=400 if form.errors else 200)


@operator_view(Permission.VIEW_PRIVACY)
def erasure_certificate(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show what went and what stays, why and until when; made to be printed."""
    row = _done(public_id)
    context = {
        "nav": "privacy",
        "crumbs": [(_("Requests"), reverse("staff:person_request_list", args=[operator.slug]))],
        "row": row,
        "went": words.went(row.went),
        "stays": words.stays(row.stays),
        "mark": erasure_ledger.mark(row.driver.public_id),
    }
    return render(request, "staff/privacy/certificate.html", context)


@operator_view(Permission.VIEW_PRIVACY, takes_out=True)
def erasure_certificate_pdf(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show the certificate as a document, to be sent or kept."""
    row = _done(public_id)
    content = pdf.render(_page(row, operator), at=timezone.now(), template="certificate.typ")
    name = _("certificate-of-erasure")  # by itself: no text inside another one is found to be translated
    return pdf_file(f"{name}-{row.driver.customer_number}", content)


def _done(public_id: UUID) -> Erasure:
    row = get_object_or_404(Erasure.objects.select_related("driver", "request"), public_id=public_id)
    if row.erased_at is None:
        raise Http404
    return row


def _page(row: Erasure, operator: Operator) -> dict[str, Any]:
    """The document as the template places it: plain text in the reader's language."""
    erased_at = row.erased_at or timezone.now()
    facts = [
        (_("Controller"), operator.legal_name or operator.name),
        (_("Driver"), row.driver.customer_number),
        (_("Received"), date_format(row.request.received_on, "DATE_FORMAT") if row.request else ""),
        (_("In the ledger"), erasure_ledger.mark(row.driver.public_id)),
    ]
    return {
        "lang": get_language() or operator.language,
        "title": _("Certificate of erasure"),
        "law": _("GDPR art. 17"),
        "name": operator.legal_name or operator.name,
        "made": date_format(erased_at.astimezone(operator.zone), "DATE_FORMAT"),
        "facts": [list(fact) for fact in facts if fact[1]],
        "went_title": _("What went"),
        "went": [[capfirst(what), count] for what, count in words.went(row.went)],
        "stays_title": _("What stays, and why"),
        "heads": [_("What"), _("How many"), _("Until")],
        "stays": [[capfirst(what), *rest] for what, *rest in words.stays(row.stays)],
        "page": _("Page"),
    }


def _is_asked(request: SignedInRequest, form: EraseForm, row: PersonRequest) -> bool:
    answer = form.cleaned_data["answer"]
    if attempted(form, erasure.ask, row, answer=answer, by=request.user, at=timezone.now()) is None:
        return False
    messages.success(request, _("The erasure is being carried out."))
    return True
