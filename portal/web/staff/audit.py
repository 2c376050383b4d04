"""The audit log: what happened at the operator, newest first, in sentences."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web import audit_lines, audit_words, lists
from portal.web.access import SignedInRequest, operator_view
from portal.web.sensible_days import SENSIBLE
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import audit_log, people
from tenants.selectors.audit_log import Who

SYSTEM = "system"
ACTS = [
    ("", gettext_lazy("everything")),
    (gettext_lazy("Rows"), [
        ("created", gettext_lazy("added")),
        ("changed", gettext_lazy("changed")),
        ("deleted", gettext_lazy("removed")),
    ]),
    (gettext_lazy("Events"), [
        ("sign_in", gettext_lazy("sign-ins")),
        ("second_factor", gettext_lazy("second factors")),
        ("password", gettext_lazy("passwords")),
        ("consent", gettext_lazy("consent decisions")),
        ("consents", gettext_lazy("consents looked at")),
        ("import", gettext_lazy("imports")),
        ("sessions", gettext_lazy("sessions")),
        ("run", gettext_lazy("invoice runs")),
        ("invoice", gettext_lazy("invoices")),
        ("export", gettext_lazy("downloads")),
    ]),
]  # fmt: skip


class AuditFilter(forms.Form):
    """Who did what to what, and when. The days are the operator's."""

    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    act = forms.ChoiceField(label=gettext_lazy("What"), required=False, choices=ACTS)
    kind = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    first = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=SENSIBLE,
    )
    last = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=SENSIBLE,
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operator = operator
        self.people = {str(place.user.public_id): place.user for place in people.staff(operator)}
        named = [(key, str(user)) for key, user in self.people.items()]
        choices: dict[str, Any] = {
            "who": [("", _("everybody")), *named, (SYSTEM, _("tasks and commands"))],
            "kind": [("", _("anything")), *sorted(_kinds(), key=lambda choice: choice[1])],
        }
        for name, of_field in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = of_field

    def criteria(self) -> dict[str, Any]:
        """What the selector takes; a field with a senseless value narrows nothing."""
        self.is_valid()
        given = self.cleaned_data
        return {
            "who": self._who(given.get("who", "")),
            "act": given.get("act", ""),
            "kind": given.get("kind", ""),
            "since": self._midnight(given.get("first"), days=0),
            "until": self._midnight(given.get("last"), days=1),
        }

    def _who(self, given: str) -> Who | None:
        if given == SYSTEM:
            return Who(is_task=True)
        person = self.people.get(given)
        return Who(person=person.pk) if person else None

    def _midnight(self, day: Any, *, days: int) -> datetime | None:
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=self.operator.zone) if day else None


def _kinds() -> list[tuple[str, str]]:
    return [(model._meta.label_lower, audit_words.kind(model)) for model in audit_log.kinds()]


@operator_view(Permission.VIEW_AUDIT)
def audit_log_page(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what happened, newest first."""
    filters = AuditFilter(request.GET, operator=operator)
    page = lists.page(audit_log.entries(**filters.criteria()), request, by="timestamp")
    lines = audit_lines.lines(page.rows)
    return render(request, "staff/audit/list.html", {"nav": "audit", "filters": filters, "page": page, "lines": lines})
