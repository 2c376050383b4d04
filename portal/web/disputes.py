"""What drivers and payers share about disputes: the form, raising one, taking it back."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Dispute
from billing.services import disputes as services
from portal.gate.access import SignedInRequest
from portal.web.acts import attempted, told
from tenants.models import Account


def _about() -> list[tuple[str, str]]:
    return [(value, capfirst(str(label))) for value, label in Dispute.About.choices]


class DisputeForm(forms.Form):
    """What is wrong."""

    about = forms.ChoiceField(label=gettext_lazy("What is wrong?"), choices=_about, widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Say what you expected, and what you see instead."),
    )


def raised(
    request: SignedInRequest, account: Account, *, template: str, page: dict[str, Any], back: str, **what: Any
) -> HttpResponse:
    """Ask what is wrong and enter it; then go to `back`, where it stands."""
    form = DisputeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = {**form.cleaned_data, **what}
        made = attempted(form, services.raise_, account, by=request.user, at=timezone.now(), **facts)
        if made is not None:
            messages.success(request, _("Received. You get an answer by letter, and it stands here."))
            return redirect(back)
    context = {**page, "form": form, "back": back, "days": services.ANSWERED_WITHIN.days}
    return render(request, template, context, status=400 if form.errors else 200)


def withdrawn(request: SignedInRequest, rows: Any, public_id: UUID, *, back: str) -> HttpResponse:
    """Take one of these back."""
    row = get_object_or_404(rows, public_id=public_id)
    told(request, _("You have withdrawn it."), services.withdraw, row, by=request.user, at=timezone.now())
    return redirect(back)
