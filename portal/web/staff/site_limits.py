"""The power of a site: at most so much, shared over its stations; what each of them has said to that."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.models import Site, SiteLimit
from charging.selectors import site_limits as selectors
from charging.services import site_limits as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.staff import sites
from tenants.models import Operator
from tenants.permissions import Permission


class SiteLimitForm(forms.Form):
    """At most so much for all stations together."""

    limit = forms.DecimalField(
        label=gettext_lazy("All stations together at most"),
        min_value=1,
        max_value=1_000_000,
        max_digits=8,
        decimal_places=1,
        help_text=gettext_lazy("What the fuse, or the contract with the grid, leaves for charging."),
    )
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=SiteLimit.Unit.choices)


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def site_limit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show how the power of a site is shared now."""
    site = get_object_or_404(Site, public_id=public_id)
    return _page(request, operator, site, selectors.of_site(site))


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def site_limit_set(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let the site draw at most so much, or with `lift` as much as its stations can."""
    site = get_object_or_404(Site, public_id=public_id)
    limit, now = selectors.of_site(site), timezone.now()
    if "lift" in request.POST:
        if limit is not None:
            services.lift(limit, by=request.user, at=now)
        messages.success(request, _("The limit was lifted. The stations are told."))
        return redirect("staff:site_limit", operator.slug, site.public_id)
    form = SiteLimitForm(request.POST)
    if not form.is_valid():
        return _page(request, operator, site, limit, form)
    services.keep(site, **form.cleaned_data, at=now)
    messages.success(request, _("Saved. The stations are told their shares."))
    return redirect("staff:site_limit", operator.slug, site.public_id)


def _page(
    request: SignedInRequest, operator: Operator, site: Site, limit: SiteLimit | None, wrong: Any = None
) -> HttpResponse:
    shares = selectors.shares(limit) if limit else []
    now = timezone.now()
    context = {
        "nav": "sites",
        "site": site,
        "limit": limit,
        "shares": shares,
        "is_waiting": any(share.asked is not None and share.asked.is_open_at(now) for share in shares),
        "form": wrong or SiteLimitForm(initial={"limit": limit.limit, "unit": limit.unit} if limit else None),
        "crumbs": sites.crumbs(operator, site),
    }
    return render(request, "staff/sites/limit.html", context, status=400 if wrong else 200)
