"""A password that is chosen by a single-use link, which is taken out of the address at once."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from portal.gate import links
from portal.web.account.password import NewPasswordForm
from tenants.services.proof.password_links import PasswordLinks


@dataclass(frozen=True, slots=True)
class ByLink:
    """Links of one kind, the name of the page that they lead to, and the templates of it and of one that has ended."""

    kind: PasswordLinks
    page: str
    template: str
    ended: str

    def opened(self, request: HttpRequest, *, person: str, token: str) -> HttpResponse:
        """Take the token out of the address, and go on to the page."""
        if self.kind.person_of(person, token=token) is None:
            return self._ended(request)
        return links.take_out(request, self.page, person=person, token=token)

    def chosen(self, request: HttpRequest) -> HttpResponse:
        """Let the person choose a password, once. Whoever was signed in here no longer is."""
        held = links.taken_out(request, self.page)
        user = self.kind.person_of(**held) if held else None
        if user is None:
            return self._ended(request)
        form = NewPasswordForm(request.POST or None, user=user)
        if request.method == "POST" and form.is_valid():
            if self.kind.use(**held, password=form.cleaned_data["password"]) is None:
                return self._ended(request)
            logout(request)
            messages.success(request, _("Your password is set. Sign in with it."))
            return redirect("account:sign_in")
        context = {"form": form, "person": user}
        return render(request, self.template, context, status=400 if form.errors else 200)

    def _ended(self, request: HttpRequest) -> HttpResponse:
        return render(request, self.ended, status=410)
