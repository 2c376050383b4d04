"""A site host's own statements: the list, one with its sessions, and what the host answers to it."""

from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.models import HostStatement
from billing.selectors import settlements as selector
from billing.services import host_answers as services
from portal.gate.access import SignedInRequest, payer_view
from portal.web import lists, statements
from portal.web.acts import attempted, told
from tenants.models import Operator


class ContestForm(forms.Form):
    """What the host finds wrong."""

    text = forms.CharField(label=_("What is wrong?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


@payer_view()
def statement_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what was closed for the host, the newest first."""
    page = lists.page(selector.of_account(request.account), request, by="month")
    return render(
        request, "payer/statements/list.html", {"nav": "statements", "account": request.account, "page": page}
    )


@payer_view()
def statement_detail(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Show one of the host's statements."""
    return _detail(request, operator, _statement_or_404(request, statement_id), ContestForm())


def _detail(
    request: SignedInRequest, operator: Operator, statement: HostStatement, form: ContestForm, *, status: int = 200
) -> HttpResponse:
    page = {"nav": "statements", "account": request.account, "form": form}
    page |= statements.told(request, statement, operator)
    return render(request, "payer/statements/detail.html", page, status=status)


@payer_view()
def statement_sessions(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponseBase:
    """Send the statement's sessions as a file."""
    return statements.sessions_file(request, _statement_or_404(request, statement_id), operator)


@payer_view()
def statement_pdf(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Send the document."""
    return statements.document(_statement_or_404(request, statement_id))


@payer_view()
@require_POST
def statement_approve(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Approve a statement."""
    statement = _statement_or_404(request, statement_id)
    told(
        request, gettext("The statement is approved."), services.approve, statement, by=request.user, at=timezone.now()
    )
    return redirect("payer:statement_detail", operator.slug, statement.public_id)


@payer_view()
@require_POST
def statement_contest(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Say what is wrong with a statement."""
    statement, form = _statement_or_404(request, statement_id), ContestForm(request.POST)
    if form.is_valid():
        text = form.cleaned_data["text"]
        if attempted(form, services.contest, statement, text, by=request.user, at=timezone.now()) is not None:
            return redirect("payer:statement_detail", operator.slug, statement.public_id)
    return _detail(request, operator, statement, form, status=400)


def _statement_or_404(request: SignedInRequest, statement_id: UUID) -> HostStatement:
    statement = selector.of_account(request.account).filter(public_id=statement_id).first()
    if statement is None:
        raise Http404
    return statement
