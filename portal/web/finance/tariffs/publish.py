"""Publishing a draft: what changes, what that would have made of last month, from when it counts."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from billing.models import PriceEffect, TariffVersion
from billing.selectors import vat_rates
from billing.services import approved, effects
from billing.services import second_person as services_of_two
from billing.services import tariffs as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.web.finance.tariffs.effect import Effect, effect_of
from portal.web.finance.tariffs.pages import changes_of, reading_of, tariff_or_404, terms_of
from portal.web.sensible_days import sensible_moment
from portal.words import tariff_reach
from portal.words import tariffs as tariff_words
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes


class PublishForm(forms.Form):
    """From when a version counts, by the operator's clock."""

    valid_from = forms.DateTimeField(
        label=_("Valid from"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Sessions that start at or after this time are priced by the new version."),
        validators=[sensible_moment],
    )
    # Which draft the page showed.
    draft = forms.CharField(required=False, widget=forms.HiddenInput)

    def moment(self, zone: ZoneInfo) -> datetime:
        """The chosen time as an instant."""
        chosen: datetime = self.cleaned_data["valid_from"]
        return chosen.replace(tzinfo=zone)

    def is_about(self, shown: TariffVersion) -> bool:
        """Whether the draft is, until the end of the transaction, the one that was read; if not, say so."""
        draft = TariffVersion.objects.select_for_update(of=("self",)).get(pk=shown.pk)
        if self.cleaned_data["draft"] in ("", draft.document_sha256):
            return True
        self.add_error(None, gettext("The draft was changed meanwhile. Read it again before you publish it."))
        sent: Any = self.data
        self.data = {**sent.dict(), "draft": shown.document_sha256}
        return False


@operator_view(Permission.MANAGE_TARIFFS, step_up=True)
def tariff_publish(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Ask from when the draft shall count, showing what a person should know before; then publish it.

    Where the operator wants two people for it, a second one is asked instead.
    """
    shelved = tariff_or_404(tariff_id)
    if shelved.draft is None:
        raise Http404
    initial = {"valid_from": _tomorrow(operator.zone), "draft": shelved.draft.document_sha256}
    form = PublishForm(request.POST or None, initial=initial)
    needs_second = four_eyes.is_needed(approved.PUBLISH)
    if request.method == "POST" and form.is_valid() and form.is_about(shelved.draft):
        answer = (_asked if needs_second else _published)(request, shelved.draft, form, operator)
        if answer is not None:
            return answer
    page = {"nav": "tariffs", "shelved": shelved, "form": form, "changes": changes_of(shelved.draft, shelved.current)}
    page["needs_second"] = needs_second
    page["approval"] = approvals.open_about(approved.PUBLISH, shelved.draft.public_id, at=timezone.now())
    page |= {
        "effect": _effect(shelved.draft, last_month(operator)),
        "warnings": _warnings(shelved.current, shelved.draft, operator),
    }
    page["month"] = last_month(operator)
    return render(request, "finance/tariffs/publish.html", page | reading_of(shelved.draft))


@operator_view(Permission.MANAGE_TARIFFS)
@require_POST
def tariff_effect(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Have the effect of the draft on last month worked out anew."""
    shelved = tariff_or_404(tariff_id)
    if shelved.draft is None:
        raise Http404
    effects.ask(shelved.draft, month=last_month(operator), at=timezone.now())
    return redirect("finance:tariff_publish", operator.slug, tariff_id)


def last_month(operator: Operator) -> date:
    """The last complete month by the operator's clock."""
    first = timezone.now().astimezone(operator.zone).date().replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def _effect(draft: TariffVersion, month: date) -> Effect | None:
    """The effect of exactly this draft on exactly this month, as far as it is known; None if nobody asked for it."""
    rows = PriceEffect.objects.filter(tariff=draft.tariff, purpose=PriceEffect.Purpose.PUBLISHING)
    row = rows.filter(document_sha256=draft.document_sha256, month=month).first()
    return effect_of(row, draft.tariff.currency) if row else None


def _warnings(current: TariffVersion | None, draft: TariffVersion, operator: Operator) -> list[str]:
    """What of the change may be a slip: hours in another order, or a rate of VAT of another country or day."""
    old, new = terms_of(current), terms_of(draft)
    if new is None:
        return []
    rates = vat_rates.others(draft.tariff, new, _tomorrow(operator.zone).date())
    return [*tariff_reach.turned_words(old, new), *map(tariff_words.other_rate, rates)]


def _tomorrow(zone: ZoneInfo) -> datetime:
    """The coming midnight as the form writes it: by the operator's clock, without a zone."""
    today = timezone.now().astimezone(zone).date()
    return datetime.combine(today + timedelta(days=1), time())


def _asked(
    request: SignedInRequest, draft: TariffVersion, form: PublishForm, operator: Operator
) -> HttpResponse | None:
    """Ask a second person to let exactly this draft begin then."""
    valid_from = form.moment(operator.zone)
    return second_person.ask(
        request,
        operator,
        lambda: services_of_two.ask_to_publish(draft, valid_from=valid_from, by=request.user, at=timezone.now()),
    )


def _published(
    request: SignedInRequest, draft: TariffVersion, form: PublishForm, operator: Operator
) -> HttpResponse | None:
    """Publish, or put the reason why not into the form."""
    try:
        services.publish(draft, valid_from=form.moment(operator.zone), by=request.user, at=timezone.now())
    except BillingError as problem:
        form.add_error(None, ValidationError(why(problem)))
        return None
    messages.success(request, gettext("Version %(number)s is published.") % {"number": draft.number})
    return redirect("finance:tariff_detail", operator.slug, draft.tariff.public_id)
