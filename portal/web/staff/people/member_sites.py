"""Where a member works: everywhere, or at some sites only.

The list of sites may be searched, as there can be hundreds. What is saved concerns the sites shown alone, so
that a search neither takes nor gives what it does not show.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from charging.models import Site
from charging.selectors import sites
from charging.services import site_memberships
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.words import permissions as permission_words
from tenants import roles
from tenants.models import Membership, Operator, User
from tenants.permissions import Permission
from tenants.selectors import people

EVERYWHERE, AT_SITES = "everywhere", "sites"
MOST_SHOWN = 300


class SearchForm(forms.Form):
    """Which sites are shown to choose from."""

    q = forms.CharField(
        label=gettext_lazy("Name, street or city"), required=False, max_length=100, widget=forms.SearchInput
    )


class WhereForm(forms.Form):
    """Everywhere or at some sites, and of the sites that were shown those that are chosen."""

    where = forms.ChoiceField(
        label=gettext_lazy("They work"),
        choices=[(EVERYWHERE, gettext_lazy("everywhere")), (AT_SITES, gettext_lazy("only at the sites chosen below"))],
        widget=forms.RadioSelect,
    )
    shown = forms.ModelMultipleChoiceField(Site.objects.none(), required=False, to_field_name="public_id")
    chosen = forms.ModelMultipleChoiceField(
        Site.objects.none(), label=gettext_lazy("Sites"), required=False, to_field_name="public_id"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("shown", "chosen"):
            self.fields[name].queryset = Site.objects.all()  # type: ignore[attr-defined]

    def sites_after(self, held: set[UUID]) -> set[UUID] | None:
        """The sites the person is to work for; None for all of them."""
        if self.cleaned_data["where"] == EVERYWHERE:
            return None
        shown = {site.public_id for site in self.cleaned_data["shown"]}
        return (held - shown) | {site.public_id for site in self.cleaned_data["chosen"]}


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
def member_sites(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say at which sites a member's role holds."""
    place = get_object_or_404(people.staff(operator), public_id=public_id)
    if place.role not in roles.LIMITABLE:
        messages.info(request, _("%(role)s always holds everywhere.") % {"role": place.get_role_display()})
        return redirect("staff:people", operator.slug)
    held = _held(place)
    form = WhereForm(request.POST or None, initial={"where": AT_SITES if place.limited_to_sites else EVERYWHERE})
    if form.is_valid():
        wanted = form.sites_after({site.public_id for site in held})
        if attempted(form, site_memberships.change, place, role=place.role, site_public_ids=wanted) is not None:
            _tell(request, place.user, wanted)
            return redirect(request.get_full_path())
    context = {"nav": "people", "place": place, "form": form, "held": held, "crumbs": _crumbs(operator, place)}
    return render(request, "staff/people/sites.html", {**context, **_choices(request, form, held), **_words(place)})


def _held(place: Membership) -> list[Site]:
    return list(sites.of(place.user)) if place.limited_to_sites else []


def _choices(request: SignedInRequest, form: WhereForm, held: list[Site]) -> dict[str, Any]:
    search = SearchForm(request.GET)
    found = list(sites.matching(search.cleaned_data["q"] if search.is_valid() else "")[: MOST_SHOWN + 1])
    ticked = {str(site.public_id) for site in held}
    if form.is_bound:  # refused: show what was chosen, not what holds
        ticked = ticked - set(form["shown"].value() or []) | set(form["chosen"].value() or [])
    return {
        "search": search,
        "choices": [(site, str(site.public_id) in ticked) for site in found[:MOST_SHOWN]],
        "has_more": len(found) > MOST_SHOWN,
    }


def _words(place: Membership) -> dict[str, Any]:
    """What the limit takes and leaves, and another role of theirs that holds everywhere."""
    of_role = roles.PERMISSIONS[roles.Role(place.role)]
    others = people.staff(place.operator).filter(user=place.user, limited_to_sites=False).exclude(pk=place.pk)
    return {
        "left": permission_words.in_words(of_role & roles.AT_SITES),
        "taken": permission_words.in_words(of_role - roles.AT_SITES),
        "idle_because_of": others.first(),
    }


def _tell(request: SignedInRequest, person: User, wanted: set[UUID] | None) -> None:
    if wanted is None:
        messages.success(request, _("%(person)s works everywhere.") % {"person": person})
    elif not wanted:
        messages.warning(request, _("%(person)s sees nothing until you choose a site.") % {"person": person})
    else:
        words = ngettext("%(person)s works at %(count)d site.", "%(person)s works at %(count)d sites.", len(wanted))
        messages.success(request, words % {"person": person, "count": len(wanted)})


def _crumbs(operator: Operator, place: Membership) -> list[tuple[str, str]]:
    return [
        (_("People"), reverse("staff:people", args=[operator.slug])),
        (str(place.user), reverse("staff:member_edit", args=[operator.slug, place.public_id])),
    ]
