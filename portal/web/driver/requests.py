"""What a driver can ask about their data: a copy, a correction, erasure, a limit (GDPR art. 15–18, 20, 21)."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.files.zip import zip_file
from portal.gate.access import SignedInRequest, driver_view
from portal.web.acts import attempted, told
from tenants.models import Operator, PersonRequest, ProcessingLimit
from tenants.privacy import packages
from tenants.selectors import person_requests as selector
from tenants.services.people import drivers
from tenants.services.people import person_requests as services

Kind = PersonRequest.Kind
OWN_FIELDS = ("phone", "street", "postal_code", "city")


class AskForm(forms.Form):
    """What the driver asks that a person has to look at, or that holds at once."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What you ask"),
        choices=[
            (Kind.RECTIFICATION.value, gettext_lazy("Correct something that is wrong")),
            (Kind.ERASURE.value, gettext_lazy("Erase my data")),
            (Kind.RESTRICTION.value, gettext_lazy("Keep my data, but do not use it")),
            (Kind.OBJECTION.value, gettext_lazy("I object to how my data is used")),
        ],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What is wrong, what should be erased, or why you object."),
    )


class DetailsForm(forms.Form):
    """What a driver corrects alone. Name and e-mail are asked for: an invoice and a sign-in hang on them."""

    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    street = forms.CharField(label=gettext_lazy("Street"), max_length=200, required=False)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), max_length=20, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=100, required=False)


@driver_view
def request_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what the driver can ask, what they have asked, and copies that can be fetched."""
    return _page(request, operator, AskForm())


@driver_view
@require_POST
def request_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask. A restriction or an objection holds from now on."""
    form = AskForm(request.POST)
    if form.is_valid():
        facts = {"kind": form.cleaned_data["kind"], "text": form.cleaned_data["text"]}
        made = attempted(form, services.receive, request.driver, by=request.user, at=timezone.now(), **facts)
        if made is not None:
            done = _("It holds from now on.") if made.kind in services.AT_ONCE else _("Your request has been received.")
            messages.success(request, done)
            return redirect("driver:request_list", operator.slug)
    return _page(request, operator, form)


@driver_view
@require_POST
def copy_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Have a copy of everything made."""
    if not any(package.is_open for package in selector.packages_of(request.driver)):
        now = timezone.now()
        asked = services.receive(request.driver, Kind.ACCESS, by=request.user, at=now)
        packages.ask(asked, language=get_language() or operator.language, by=request.user, at=now)
    messages.success(request, _("Your copy is being made. It will be here in a moment."))
    return redirect("driver:request_list", operator.slug)


def _copy_file(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Send a copy to whoever it is about."""
    package = selector.package(public_id)
    if package is None or package.driver_id != request.driver.pk:
        raise Http404
    try:
        content = packages.opened(package, at=timezone.now())
    except FileNotFoundError:
        messages.error(request, _("This copy no longer exists. Have another one made."))
        return redirect("driver:request_list", operator.slug)
    return zip_file(f"{operator.slug}-{request.driver.customer_number}", content)


copy_file = driver_view(_copy_file, step_up=True, takes_out=True)


@driver_view
@require_POST
def request_withdraw(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take a request back."""
    row = get_object_or_404(PersonRequest, public_id=public_id, driver=request.driver)
    told(request, _("You have withdrawn it."), services.withdraw, row, by=request.user, at=timezone.now())
    return redirect("driver:request_list", operator.slug)


@driver_view
@require_POST
def limit_lift(request: SignedInRequest, operator: Operator, limit: str) -> HttpResponse:
    """Let the data be used again."""
    row = get_object_or_404(ProcessingLimit, driver=request.driver, kind=limit, until=None)
    told(request, _("Your data may be used again."), services.lift, row, at=timezone.now())
    return redirect("driver:request_list", operator.slug)


@driver_view
def details(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Correct what is the driver's own to say (art. 16). Issued invoices keep the details of their day."""
    identity = request.driver.identity
    initial = {name: getattr(identity, name) for name in OWN_FIELDS} if identity else {}
    form = DetailsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if any(initial.get(name) != value for name, value in form.cleaned_data.items()):
            drivers.change_identity(request.driver, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("driver:request_list", operator.slug)
    context = {
        "nav": "privacy",
        "crumbs": [(_("My requests"), reverse("driver:request_list", args=[operator.slug]))],
        "identity": identity,
        "form": form,
    }
    return render(request, "driver/requests/details.html", context, status=400 if form.errors else 200)


def _page(request: SignedInRequest, operator: Operator, form: AskForm) -> HttpResponse:
    made = selector.packages_of(request.driver)
    context = {
        "nav": "privacy",
        "crumbs": [(_("Privacy"), reverse("driver:privacy", args=[operator.slug]))],
        "form": form,
        "requests": selector.of_driver(request.driver),
        "packages": made,
        "is_working": any(package.is_open for package in made),
        "limits": selector.limits_of(request.driver),
        "kept_days": packages.KEPT.days,
    }
    return render(request, "driver/requests/list.html", context, status=400 if form.errors else 200)
