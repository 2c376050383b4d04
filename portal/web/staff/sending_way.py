"""On which way e-invoices leave: none, a folder of this server, or an address of an access point."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import SendingWay
from billing.selectors import sendings
from billing.services import sendings as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from tenants.models import Operator
from tenants.permissions import Permission

Kind = SendingWay.Kind


class WayForm(forms.Form):
    """The way, and of an address where it is and whether it gets another secret."""

    kind = forms.ChoiceField(label=gettext_lazy("Way"), required=False, widget=forms.RadioSelect)
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=gettext_lazy("Where each e-invoice is posted, signed. It begins with https and is a public address."),
    )
    renew = forms.BooleanField(label=gettext_lazy("Make a new secret for the address"), required=False)

    def __init__(self, *args: Any, now: SendingWay | None, **kwargs: Any) -> None:
        initial = {"kind": now.kind, "address": now.address} if now else {"kind": ""}
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.now = now
        offered = [choice for choice in Kind.choices if choice[0] != Kind.FOLDER or sendings.has_folder()]
        field: Any = self.fields["kind"]
        field.choices = [("", _("none: they are downloaded by hand")), *offered]

    def clean(self) -> dict[str, Any]:
        """An address is needed where one is sent to."""
        told = super().clean() or {}
        if told.get("kind") == Kind.HTTPS and not told.get("address"):
            self.add_error("address", _("Write where e-invoices are posted."))
        return told


@operator_view(Permission.MANAGE_OPERATOR, step_up=True, without_people=True)
def sending_way(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the way. A new secret is shown once, on the answer to the form."""
    now = sendings.chosen()
    form = WayForm(request.POST or None, now=now)
    secret = ""
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        if not told["kind"]:
            services.stop()
            messages.success(request, _("Saved. Nothing is sent automatically."))
            return redirect("staff:sending_way", operator.slug)
        made = attempted(
            form, services.choose, told["kind"], address=told["address"], renew=told["renew"], at=timezone.now()
        )
        if made == "":
            messages.success(request, _("Saved. From now on e-invoices are sent when they are issued."))
            return redirect("staff:sending_way", operator.slug)
        secret = made or ""
    page = {"nav": "settings", "form": form, "way": now, "secret": secret}
    response = render(request, "staff/settings/sending_way.html", page, status=400 if form.errors else 200)
    if secret:
        response["Cache-Control"] = "no-store"
    return response
