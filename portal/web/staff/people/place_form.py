"""The fields of a place at the operator: the role, and the sites it holds at."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charging.models import Site
from portal.words.say import why
from tenants import roles
from tenants.errors import Refused
from tenants.models import Membership
from tenants.services.people import invitations

STAFF_ROLES = [(role.value, role.label) for role in Membership.Role if role in roles.STAFF]


class PlaceForm(forms.Form):
    """A role, everywhere or at some sites only."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=STAFF_ROLES)
    limited = forms.BooleanField(
        label=gettext_lazy("Only at some sites"),
        required=False,
    )
    sites = forms.ModelMultipleChoiceField(
        Site.objects.none(),
        label=gettext_lazy("Sites"),
        required=False,
        to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sites"].queryset = Site.objects.order_by("name", "pk")  # type: ignore[attr-defined]
        limitable = [str(role.label) for role in Membership.Role if role in roles.LIMITABLE]
        self.fields["limited"].help_text = _(
            "Possible for %(roles)s. They then see only these sites and what happens there."
        ) % {"roles": get_text_list(limitable, _("or"))}

    def clean(self) -> dict[str, Any]:
        """Refuse a limit that the role cannot have, or one to nothing."""
        facts = self.cleaned_data
        if facts.get("limited") and "role" in facts:
            try:
                invitations.check_limit(facts["role"], is_limited=True)
            except Refused as refusal:
                self.add_error("limited", why(refusal))
            if "sites" in facts and not facts["sites"]:
                self.add_error("sites", _("Choose at least one site, or no limit."))
        return facts

    @property
    def site_public_ids(self) -> list[UUID] | None:
        """The chosen sites; None for all of them."""
        facts = self.cleaned_data
        return [site.public_id for site in facts["sites"]] if facts["limited"] else None
