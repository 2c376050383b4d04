"""Sessions that wait for a person: possible but unusual ones, to be approved for billing or written off."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.selectors import session_ledger
from charging.models import ChargingSession
from charging.selectors import sessions
from charging.services import review as services
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.next_page import next_page
from portal.web import lists
from portal.web.acts import told
from portal.words.sessions import FLAGS, flag_word
from tenants.models import Operator
from tenants.permissions import Permission

APPROVE, WRITE_OFF = "approve", "write_off"
MOST_AT_ONCE = 500


class ReviewFilter(forms.Form):
    """Which remark the sessions carry."""

    flag = forms.ChoiceField(label=_("Remark"), required=False, choices=[("", _("Any")), *FLAGS])


class DecisionForm(forms.Form):
    """What becomes of sessions, and why. The reason stands in the audit log for good."""

    sessions = forms.ModelMultipleChoiceField(
        ChargingSession.objects.none(), to_field_name="public_id", widget=forms.MultipleHiddenInput
    )
    decision = forms.ChoiceField(choices=[(APPROVE, _("Approve")), (WRITE_OFF, _("Write off"))])
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Such as “the driver confirmed it” or “the meter was replaced”."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["sessions"]
        field.queryset = ChargingSession.objects.all()
        field.error_messages["required"] = _("Choose at least one session.")


@operator_view(Permission.REVIEW_SESSIONS)
def review_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the sessions that wait for a decision, newest first."""
    filters = ReviewFilter(request.GET)
    flag = filters.cleaned_data["flag"] if filters.is_valid() else ""
    page = lists.page(sessions.shown(sessions.under_review(flag)), request, by="started_at")
    context = {
        "nav": "review",
        "tabs": _tabs(flag, operator),
        "page": page,
        "entries": session_ledger.entries(page.rows),
        "form": DecisionForm(),
        "now": timezone.now(),
    }
    return render(request, "staff/review/list.html", context)


@operator_view(Permission.REVIEW_SESSIONS)
@require_POST
def review_decide(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Approve or write off the chosen sessions, all with the same reason."""
    form = DecisionForm(request.POST)
    back = next_page(request, reverse("staff:review_list", args=[operator.slug]))
    if not form.is_valid():
        _say_errors(request, form)
        return redirect(back)
    chosen, decision = list(form.cleaned_data["sessions"][:MOST_AT_ONCE]), form.cleaned_data["decision"]
    act = services.approve if decision == APPROVE else services.write_off
    told(request, _done(decision, len(chosen)), act, chosen, reason=form.cleaned_data["reason"])
    return redirect(back)


def _tabs(flag: str, operator: Operator) -> list[dict[str, Any]]:
    counts = sessions.review_counts()
    url = reverse("staff:review_list", args=[operator.slug])
    first = {"label": gettext("All"), "url": url, "current": not flag, "count": sessions.under_review().count()}
    return [first] + [
        {"label": flag_word(code), "url": f"{url}?flag={code}", "current": code == flag, "count": counts[code]}
        for code in sorted(counts, key=lambda code: -counts[code])
    ]


def _done(decision: str, count: int) -> str:
    if decision == APPROVE:
        words = ngettext("%(count)d session was approved.", "%(count)d sessions were approved.", count)
    else:
        words = ngettext("%(count)d session was written off.", "%(count)d sessions were written off.", count)
    return words % {"count": count}


def _say_errors(request: SignedInRequest, form: DecisionForm) -> None:
    for name, errors in form.errors.items():
        label = form[name].label if name in form.fields else ""
        messages.error(request, f"{label}: {' '.join(str(error) for error in errors)}".lstrip(": "))
