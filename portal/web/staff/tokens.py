"""Cards and app tokens: the list with those nobody has first, one card, giving it to a driver, blocking it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.selectors import session_ledger
from charging.models import Token
from charging.selectors import sessions, tokens
from charging.selectors.sessions import Criteria
from charging.services import tokens as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted, told
from portal.web.staff.sessions.columns import SESSIONS
from tenants.models import Driver, Operator
from tenants.permissions import Permission

SESSIONS_SHOWN = 10
CONDITIONS = [
    ("", gettext_lazy("All cards")),
    (tokens.UNASSIGNED, gettext_lazy("without a driver")),
    (tokens.ASSIGNED, gettext_lazy("with a driver")),
    (tokens.BLOCKED, gettext_lazy("blocked")),
]


class TokenFilter(forms.Form):
    """What the list of cards is narrowed to."""

    q = forms.CharField(
        label=gettext_lazy("UID, printed number or customer number"),
        required=False,
        max_length=64,
        widget=forms.SearchInput,
    )
    condition = forms.ChoiceField(label=gettext_lazy("Condition"), required=False, choices=CONDITIONS)


class AssignForm(forms.Form):
    """Whose card it is."""

    customer_number = forms.CharField(label=gettext_lazy("Customer number"), max_length=30)

    def clean_customer_number(self) -> Driver:
        number = self.cleaned_data["customer_number"]
        driver = Driver.objects.filter(customer_number=number).first()
        if driver is None:
            raise forms.ValidationError(_("There is no driver %(number)s.") % {"number": number})
        return driver


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new card. Whether its UID is free is the service's to say."""

    customer_number = forms.CharField(
        label=gettext_lazy("Customer number"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("Whose card it is; it can be given to a driver later too."),
    )

    class Meta:
        model = Token
        fields = ("kind", "uid", "visual_number")
        help_texts = {
            "uid": gettext_lazy("As the reader reports it, such as 04A2B9C1D2E380."),
            "visual_number": gettext_lazy("What is printed on the card, if anything."),
        }

    def clean_uid(self) -> str:
        return "".join(str(self.cleaned_data["uid"]).split()).upper()

    def clean_customer_number(self) -> Driver | None:
        number = self.cleaned_data["customer_number"]
        driver = Driver.objects.filter(customer_number=number).first() if number else None
        if number and driver is None:
            raise forms.ValidationError(_("There is no driver %(number)s.") % {"number": number})
        return driver


@operator_view(Permission.VIEW_DRIVERS)
def token_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the cards, those without a driver first."""
    filters = TokenFilter(request.GET)
    search = filters.cleaned_data if filters.is_valid() else {}
    rows = tokens.listing(search.get("q", ""), condition=search.get("condition", ""))
    context = {"nav": "tokens", "filters": filters, "page": lists.numbered(rows, request)}
    return render(request, "staff/tokens/list.html", context)


@operator_view(Permission.VIEW_DRIVERS)
def token_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a card, whose it is, and what was charged with it."""
    return _page(request, operator, _token(public_id), AssignForm())


@operator_view(Permission.MANAGE_DRIVERS)
def token_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a card."""
    form = TokenForm(request.POST or None)
    if form.is_valid() and (token := attempted(form, services.create, **_facts(form))):
        messages.success(request, _("Card %(card)s was added.") % {"card": token})
        return redirect("staff:token_detail", operator.slug, token.public_id)
    return render(request, "staff/tokens/form.html", {"nav": "tokens", "form": form, "crumbs": _crumbs(operator)})


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_assign(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Give a card to a driver; sessions with it that wait for a payer become the driver's."""
    token, form = _token(public_id), AssignForm(request.POST)
    if not form.is_valid():
        return _page(request, operator, token, form)
    driver = form.cleaned_data["customer_number"]
    done = _("The card belongs to driver %(number)s now.") % {"number": driver}
    told(request, done, services.assign, token, driver=driver)
    return redirect("staff:token_detail", operator.slug, token.public_id)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_block(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Block a card: a lost one, for example."""
    told(request, _("The card is blocked."), services.block, _token(public_id), at=_now())
    return redirect("staff:token_detail", operator.slug, public_id)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_unblock(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let a blocked card be used again."""
    told(request, _("The card can be used again."), services.unblock, _token(public_id))
    return redirect("staff:token_detail", operator.slug, public_id)


def _page(request: SignedInRequest, operator: Operator, token: Token, form: AssignForm) -> HttpResponse:
    used = sessions.listing(Criteria(token=token))
    latest = sessions.shown(used).order_by("-started_at", "-pk")[:SESSIONS_SHOWN]
    context = {
        "nav": "tokens",
        "token": token,
        "form": form,
        "shown": SESSIONS.part("started", "station", "duration", "energy", "amount", "billing"),
        "entries": session_ledger.entries(latest) if request.access.may(Permission.VIEW_SESSIONS) else [],
        "without_payer": used.filter(driver__isnull=True).count(),
        "now": _now(),
        "crumbs": _crumbs(operator),
    }
    return render(request, "staff/tokens/detail.html", context)


def _token(public_id: UUID) -> Token:
    return get_object_or_404(Token.objects.select_related("driver__identity"), public_id=public_id)


def _facts(form: TokenForm) -> dict[str, Any]:
    facts = dict(form.cleaned_data)
    facts["driver"] = facts.pop("customer_number")
    return facts


def _crumbs(operator: Operator) -> list[tuple[str, str]]:
    return [(_("Cards"), reverse("staff:token_list", args=[operator.slug]))]


def _now() -> datetime:
    return timezone.now()
