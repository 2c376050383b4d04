"""The form in which a person gives a session other facts, with a reason; the first values stay on its page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.services import corrections as services
from charging.models import ChargingSession
from charging.selectors import sessions
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.web.number_fields import TypedNumberField
from portal.web.sensible_days import sensible_moment
from tenants.models import Operator
from tenants.permissions import Permission

_TIMES = ("started_at", "ended_at", "charging_ended_at")


class _MomentField(forms.DateTimeField):
    """A moment by the clock of the site. Left as it is shown it is the one that stands: an hour may come twice."""

    stands: datetime | None = None

    def to_python(self, value: Any) -> datetime | None:
        shown = "" if self.stands is None else f"{timezone.localtime(self.stands):%Y-%m-%dT%H:%M:%S}"
        if shown and value in {shown, shown.removesuffix(":00")}:  # browsers leave seconds out that are none
            return self.stands
        return super().to_python(value)


def _moment(label: Any, **more: Any) -> _MomentField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S")
    return _MomentField(label=label, widget=widget, validators=[sensible_moment], **more)


class CorrectForm(forms.Form):
    """What the session was, by the clock of its site. What is left as it stands is not touched."""

    started_at = _moment(gettext_lazy("Started"))
    ended_at = _moment(gettext_lazy("Ended"))
    charging_ended_at = _moment(gettext_lazy("Charging ended"), required=False)
    energy = TypedNumberField(label=gettext_lazy("Energy, kWh"), min_value=0, max_digits=10, decimal_places=3)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Such as “read off the meter” or “the station restarted at 14:05”."),
    )

    def __init__(self, data: Any = None, *, session: ChargingSession) -> None:
        self.session = session
        initial: dict[str, Any] = {name: _second(session, name) for name in _TIMES}
        if session.energy_wh is not None:
            initial["energy"] = f"{session.energy_wh / 1000:.3f}"
        super().__init__(data, initial=initial)
        for name in _TIMES:
            field: Any = self.fields[name]
            field.stands = initial[name]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        charged = found.get("charging_ended_at")
        if not self.errors and charged and not found["started_at"] <= charged <= found["ended_at"]:
            self.add_error("charging_ended_at", _("This must lie between the start and the end of the session."))
        if not self.errors and not self.facts(found):
            raise forms.ValidationError(_("Nothing is different from what is stored."))
        return found

    def facts(self, found: dict[str, Any]) -> dict[str, Any]:
        """The facts that were typed otherwise than they stand there, by the names of columns."""
        facts = {name: found[name] for name in _TIMES if found[name] not in (None, _second(self.session, name))}
        if (energy_wh := int(found["energy"] * 1000)) != self.session.energy_wh:
            facts["energy_wh"] = energy_wh
        return facts


@operator_view(Permission.REVIEW_SESSIONS)
def session_correct(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask what the session was instead, and why; then give it those facts."""
    rows = sessions.whole(ChargingSession.objects.filter(state=ChargingSession.State.COMPLETED))
    session = get_object_or_404(rows, public_id=public_id)
    with timezone.override(session.site.zone):
        form = CorrectForm(request.POST or None, session=session)
        if form.is_valid():
            facts, reason = form.facts(form.cleaned_data), form.cleaned_data["reason"]
            corrected = attempted(form, services.correct, session, facts, reason=reason, at=timezone.now())
            if corrected is not None:
                return redirect("staff:session_detail", operator.slug, corrected.public_id)
    url = reverse("staff:session_detail", args=[operator.slug, public_id])
    crumbs = [(_("Sessions"), reverse("staff:session_list", args=[operator.slug])), (str(session), url)]
    context = {"nav": "sessions", "session": session, "form": form, "back": url, "crumbs": crumbs}
    with timezone.override(session.site.zone):
        return render(request, "staff/sessions/correct.html", context)


def _second(session: ChargingSession, name: str) -> datetime | None:
    """A moment of the session, to the second: what the form shows and gets back."""
    moment: datetime | None = getattr(session, name)
    return moment and moment.replace(microsecond=0)
