"""What drivers and payers share about disputes: the form, raising one, taking it back."""

from collections.abc import Iterable
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

from billing.models import BilledFee, Dispute, Invoice
from billing.selectors import disputes as selector
from billing.services import disputes as services
from charging.models import ChargingSession
from portal.gate.access import SignedInRequest
from portal.web.acts import attempted, told
from portal.words import invoices as invoice_words
from tenants.models import Account, Driver


def _about() -> list[tuple[str, str]]:
    return [(value, capfirst(str(label))) for value, label in Dispute.About.choices]


class DisputeForm(forms.Form):
    """What is wrong; of an invoice with fees, with all of it or with one of these."""

    of = forms.ChoiceField(label=gettext_lazy("What is it about?"), required=False, widget=forms.RadioSelect)
    about = forms.ChoiceField(label=gettext_lazy("What is wrong?"), choices=_about, widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Say what you expected, and what you see instead."),
    )

    def __init__(self, data: Any = None, *, fees: Iterable[BilledFee] = ()) -> None:
        super().__init__(data)
        self._fees = {str(fee.pk): fee for fee in fees}
        if self._fees:
            rows = [(key, invoice_words.fee_named(fee)) for key, fee in self._fees.items()]
            self.fields["of"].choices = [("", _("the whole invoice")), *rows]  # type: ignore[attr-defined]
        else:
            del self.fields["of"]

    def chosen(self) -> BilledFee | None:
        """The fee that it is about instead of its invoice."""
        return self._fees.get(self.cleaned_data.pop("of", ""))


def raised(
    request: SignedInRequest,
    account: Account,
    of: ChargingSession | Invoice,
    *,
    template: str,
    page: dict[str, Any],
    back: str,
    driver: Driver | None = None,
) -> HttpResponse:
    """Ask what is wrong with a session, or with an invoice or a fee on it, and enter it; then go to `back`."""
    fees = selector.disputable_fees(of) if isinstance(of, Invoice) else ()
    form = DisputeForm(request.POST or None, fees=fees)
    if request.method == "POST" and form.is_valid():
        said: dict[str, Any] = {"driver": driver, "by": request.user, "at": timezone.now()}
        made = attempted(form, services.raise_, account, form.chosen() or of, **said, **form.cleaned_data)
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
