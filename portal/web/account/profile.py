"""The person's own page: name, language, and how they sign in."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.gate.access import SignedInRequest, account_view
from portal.web.language import keep_language
from tenants.selectors import people
from tenants.services.proof import profiles, two_factor

# So few recovery codes are left that the person is told to make new ones.
FEW_CODES = 3


class ProfileForm(forms.Form):
    """What a person says about themselves."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)


@account_view
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and change the person's name and language; the way to password and second factor."""
    user = request.user
    form = ProfileForm(
        request.POST or None, initial={"name": user.name, "language": user.language or request.LANGUAGE_CODE}
    )
    if request.method == "POST" and form.is_valid():
        profiles.change(user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        response = redirect("account:profile")
        keep_language(response, user.language)
        return response
    places = list(people.memberships(user))
    codes_left = people.unused_recovery_codes(user)
    context = {
        "form": form,
        "authenticator": two_factor.authenticator(user),
        "passkeys": list(two_factor.passkeys(user)),
        "codes_left": codes_left,
        "few_codes": codes_left <= FEW_CODES,
        "required_at": people.factor_required_at(user),
        "may_remove_one": two_factor.count(user) > 1 or not people.is_factor_required(user),
        "memberships": places,
        "zone": places[0].operator.time_zone if places else "UTC",
    }
    return render(request, "account/profile.html", context, status=400 if form.errors else 200)
