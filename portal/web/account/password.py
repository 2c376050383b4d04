"""The person's password, changed by its owner."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import password_validation, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from portal.gate import throttle
from portal.gate.access import SignedInRequest, account_view
from portal.gate.throttle import TooMany
from portal.web.account.waiting import too_many
from portal.words.letters import Letter
from tenants.log import sign_ins
from tenants.models import User
from tenants.services import mail
from tenants.services.proof import browser_sessions, profiles


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=128,
        strip=False,
        help_text=gettext_lazy("At least ten characters. A sentence you remember is better than symbols you forget."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Repeat the password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Refuse what is short, common, only digits, or like the person's own name."""
        password = str(self.cleaned_data["password"])
        password_validation.validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        """Catch a slip of the finger."""
        if "password" in self.cleaned_data and self.cleaned_data["password"] != self.cleaned_data.get("again"):
            self.add_error("again", _("The two passwords are not the same."))
        return self.cleaned_data


class ChangePasswordForm(NewPasswordForm):
    """The present password, and a new one twice."""

    present = forms.CharField(
        label=gettext_lazy("Current password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ["present", "password", "again"]


@account_view
@sensitive_post_parameters()
def change(request: SignedInRequest) -> HttpResponse:
    """Change the password; sign-ins elsewhere end, this one goes on under a new key."""
    form = ChangePasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            throttle.admit(throttle.PASSWORD_WITHIN, request.user.pk)
        except TooMany as limit:
            return too_many(request, limit)
        if request.user.check_password(form.cleaned_data["present"]):
            throttle.forget(throttle.PASSWORD_WITHIN, request.user.pk)
            profiles.change_password(request.user, password=form.cleaned_data["password"])
            mail.send(request.user, Letter.PASSWORD_CHANGED)
            browser_sessions.end_all(request.user, but=request.session.session_key)
            update_session_auth_hash(request, request.user)
            messages.success(request, _("Your password is changed. You are signed out on other devices."))
            return redirect("account:profile")
        sign_ins.record(request.user, sign_ins.WRONG_PASSWORD)
        form.add_error("present", _("This is not your current password."))
    return render(request, "account/password.html", {"form": form}, status=400 if form.errors else 200)
