"""Where roaming partners are asked about their cards, and whether they answer."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.domain.errors import Code
from charging.models import PartnerLink
from charging.models.partner_link import LONGEST_ADDRESS, LONGEST_TOKEN
from charging.selectors import partner_links as selectors
from charging.services import partner_links as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import REFUSALS
from portal.words.say import why
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts


class LinkForm(forms.Form):
    """The address, and the token once it is given."""

    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=LONGEST_ADDRESS,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=gettext_lazy("The partner's Tokens module of OCPI. It begins with https and is a public address."),
    )
    token = forms.CharField(
        label=gettext_lazy("Token"),
        max_length=LONGEST_TOKEN,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("What the partner gave you. It is not shown again."),
    )

    def __init__(self, data: Any, link: PartnerLink | None) -> None:
        super().__init__(data, initial={"address": link.address if link else ""})
        self.fields["token"].required = link is None
        if link is not None:
            self.fields["token"].help_text = _(
                "What the partner gave you. It is not shown again. Empty: the one that is kept."
            )


@operator_view(Permission.MANAGE_OPERATOR)
def partner_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the partners, where each is asked, and whether it answered."""
    page = {"nav": "settings", "partners": selectors.listing()}
    return render(request, "staff/settings/partners.html", page)


@operator_view(Permission.MANAGE_OPERATOR, step_up=True)
def partner_link(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say where a partner is asked."""
    account = _partner(public_id)
    link = selectors.of(account)
    form = LinkForm(request.POST or None, link)
    if form.is_valid():
        try:
            services.keep(account, **form.cleaned_data)
        except REFUSALS as refusal:
            form.add_error("token" if refusal.code == Code.PARTNER_NEEDS_TOKEN else "address", why(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("staff:partner_list", operator.slug)
    crumbs = [(_("Partners"), reverse("staff:partner_list", args=[operator.slug]))]
    page = {"nav": "settings", "form": form, "account": account, "link": link, "crumbs": crumbs}
    return render(request, "staff/settings/partner.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_OPERATOR, step_up=True)
@require_POST
def partner_link_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask the partner no more."""
    services.remove(_partner(public_id))
    messages.success(request, _("The partner is asked no more."))
    return redirect("staff:partner_list", operator.slug)


def _partner(public_id: UUID) -> Account:
    return get_object_or_404(accounts.partners(), public_id=public_id)
