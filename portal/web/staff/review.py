"""What waits for a person: sessions that are possible but unusual, or that nobody pays for, decided many at once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.selectors import differences, findings, stakes
from billing.services import review as services
from charging.models import ChargingSession, Token
from charging.selectors import sessions
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.next_page import next_page
from portal.web import list_files, lists, tables
from portal.web.acts import told
from portal.web.periods import PeriodForm
from portal.web.staff.driver_choice import PayerField
from portal.web.tables import Column, Table
from portal.words.sessions import FLAGS, finding_word, flag_word
from tenants.bounds import whole_of
from tenants.models import Operator
from tenants.permissions import Permission

REVIEW = Table(
    "review",
    (
        Column("started", _("Started"), by="started_at", is_indexed=True, is_fixed=True),
        Column("remark", _("Remark")),
        Column("station", _("Station")),
        Column("driver", _("Driver")),
        Column("energy", _("Energy"), by=Coalesce("energy_wh", 0), css="num"),
        Column("stake", _("Billed as it is"), css="num"),
    ),
    order="-started",
)
#: The kind of what files say otherwise, among the kinds of findings.
DIFFERENCES = "differences"
APPROVE, ENERGY, GIVE, WRITE_OFF = "approve", "energy", "give", "write_off"
MOST_AT_ONCE = 2_000
WITHOUT_FLAG = [(kind, kind) for kind in findings.UNFLAGGED]
_ACTS: dict[str, Callable[..., int]] = {
    APPROVE: services.approve,
    ENERGY: services.approve_energy,
    WRITE_OFF: services.write_off,
}


class ReviewFilter(PeriodForm):
    """What was found about the sessions, which the tabs choose, and the days on which they started."""

    flag = forms.ChoiceField(
        label=_("Remark"),
        required=False,
        choices=[("", _("Any")), *FLAGS, *WITHOUT_FLAG],
        widget=forms.HiddenInput,
    )

    @property
    def kind(self) -> str:
        """The kind of finding; empty for all under review, and when it cannot be read."""
        return self.cleaned_data.get("flag", "") if self.is_valid() else ""

    @property
    def has_days(self) -> bool:
        """Whether days narrow the list."""
        return self.is_valid() and any(self.span().values())

    def is_narrowed(self) -> bool:
        """Nothing but the days narrows it: a kind is left by its tab."""
        return False

    def rows(self, kind: str) -> "QuerySet[ChargingSession]":
        """The sessions of the kind that the days mean, in no order; none when they cannot be read."""
        if not self.is_valid():
            return ChargingSession.objects.none()
        since, until = (self.span()[name] for name in ("since", "until"))
        rows = findings.waiting(kind)
        rows = rows.filter(started_at__gte=since) if since else rows
        return rows.filter(started_at__lt=until) if until else rows


class DecisionForm(forms.Form):
    """What becomes of sessions, and why. The reason stands in the audit log for good.

    everything: the kind of which all are meant, whatever is ticked; None when what is ticked is meant.
    """

    sessions = forms.ModelMultipleChoiceField(
        ChargingSession.objects.none(), to_field_name="public_id", widget=forms.MultipleHiddenInput, required=False
    )
    everything = forms.BooleanField(required=False)
    decision = forms.ChoiceField(
        choices=[
            (APPROVE, _("Bill as they are")),
            (ENERGY, _("Bill the energy alone")),
            (GIVE, _("Give them to the driver")),
            (WRITE_OFF, _("Write off")),
        ]
    )
    payer = PayerField(required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Such as “the driver confirmed it” or “the meter was replaced”."),
    )

    def __init__(self, *args: Any, sees_drivers: bool = True, **kwargs: Any) -> None:
        """Who may not see drivers names none: already the refusal of a word tells which names there are."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["sessions"]
        field.queryset = ChargingSession.objects.all()
        if not sees_drivers:
            del self.fields["payer"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("everything") and not found.get("sessions") and "sessions" not in self.errors:
            self.add_error("sessions", gettext("Choose at least one session."))
        asks_payer = found.get("decision") == GIVE and "payer" in self.fields
        if asks_payer and not found.get("payer") and "payer" not in self.errors:
            self.add_error("payer", gettext("Say whose the sessions are."))
        return found


@operator_view(Permission.REVIEW_SESSIONS)
def review_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the sessions that wait for a decision, newest first unless sorted otherwise, with what is at stake."""
    if tidy := lists.untidy(request):
        return tidy
    filters = ReviewFilter(request.GET, operator=operator)
    counts, under_review = findings.counts(), sessions.under_review().count()
    kind = filters.kind or ("" if under_review else next(iter(counts), ""))
    rows = _whole(filters.rows(kind))
    shown = tables.shown(REVIEW, request).within(rows)
    page = shown.page(rows, request)
    found = findings.told(page.rows)
    context = {
        "nav": "review",
        "tabs": tabs(operator, counts, current=kind),
        "kind": kind,
        "filters": filters,
        "total": rows.count() if filters.has_days else counts.get(kind, 0) if kind else under_review,
        "most": MOST_AT_ONCE,
        "shown": shown,
        "page": page,
        "findings": found,
        "at_stake": stakes.total(finding.stake for finding in found),
        "form": DecisionForm(),
        "unpriced": kind in findings.UNFLAGGED,
        "now": timezone.now(),
    }
    return render(request, "staff/review/list.html", context)


@operator_view(Permission.REVIEW_SESSIONS, step_up=True, takes_out=True)
def review_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed sessions as a file, with what billing them as they are would come to."""
    named = request.access.may(Permission.VIEW_DRIVERS)
    filters, zone = ReviewFilter(request.GET, operator=operator), operator.zone
    kind = filters.kind

    def local(moment: datetime | None) -> datetime | None:
        return moment and moment.astimezone(zone).replace(tzinfo=None, microsecond=0)

    def driver(session: ChargingSession) -> str | None:
        if session.driver is None:
            return None
        return (named and session.driver.identity.name) or str(session.driver)

    def remarks(session: ChargingSession) -> str:
        words = [flag_word(code) for code in session.flags]
        return ", ".join([*words, *([] if session.review == ChargingSession.Review.PENDING else [finding_word(kind)])])

    return list_files.answer(
        request,
        tables.shown(REVIEW, request),
        _whole(filters.rows(kind)),
        filters=filters,
        columns=[
            FileColumn(gettext("Session"), lambda row: row.entry.session.external_id),
            FileColumn(gettext("Started"), lambda row: local(row.entry.session.started_at)),
            FileColumn(gettext("Ended"), lambda row: local(row.entry.session.ended_at)),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
            FileColumn(gettext("Remark"), lambda row: remarks(row.entry.session)),
            FileColumn(gettext("Station"), lambda row: str(row.entry.session.station)),
            FileColumn(gettext("Site"), lambda row: str(row.entry.session.site)),
            FileColumn(gettext("Driver"), lambda row: driver(row.entry.session)),
            FileColumn(gettext("Energy (kWh)"), lambda row: Decimal(row.entry.session.energy_wh or 0).scaleb(-3)),
            FileColumn(gettext("Billed as it is"), lambda row: row.stake and row.stake.amount, is_amount=True),
            FileColumn(gettext("Currency"), lambda row: row.stake and row.stake.currency),
        ],
        back=reverse("staff:review_list", args=[operator.slug]),
        read=_told,
    )


def _told(rows: "QuerySet[ChargingSession]") -> Iterator[findings.Finding]:
    every = rows.iterator(chunk_size=MOST_AT_ONCE)
    while some := list(islice(every, MOST_AT_ONCE)):
        yield from findings.told(some)


@operator_view(Permission.REVIEW_SESSIONS)
@require_POST
def review_decide(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Decide about the chosen sessions, all alike and with the same reason."""
    form = DecisionForm(request.POST, sees_drivers=request.access.may(Permission.VIEW_DRIVERS))
    back = next_page(request, reverse("staff:review_list", args=[operator.slug]))
    if not form.is_valid():
        say_errors(request, form)
        return redirect(back)
    data = form.cleaned_data
    meant = _listed(request, operator) if data["everything"] else data["sessions"]
    if not data["everything"] or are_as_shown(request, meant):
        _act(request, data, list(meant[:MOST_AT_ONCE]))
    return redirect(back)


def are_as_shown(request: SignedInRequest, rows: "QuerySet[Any]") -> bool:
    """Whether all the rows are no more than the page counted; if they are, say that nothing was decided."""
    counted = whole_of(request.POST.get("total", ""))
    if counted is None or rows.count() <= counted:
        return True
    messages.error(request, gettext("There are more now than when the page was shown. Look at them first."))
    return False


def _act(request: SignedInRequest, data: dict[str, Any], chosen: Sequence[ChargingSession]) -> None:
    done, reason = _done(data["decision"], len(chosen)), data["reason"]
    if data["decision"] != GIVE:
        told(request, done, _ACTS[data["decision"]], chosen, reason=reason)
        return
    if not request.access.may(Permission.VIEW_DRIVERS):
        raise PermissionDenied
    payer = data["payer"]
    if isinstance(payer, Token):
        told(request, done, services.give_to_card, chosen, token=payer, reason=reason)
    else:
        told(request, done, services.give_to_driver, chosen, driver=payer, reason=reason)


def _listed(request: SignedInRequest, operator: Operator) -> "QuerySet[ChargingSession]":
    """All that the list from which the decision comes was narrowed to, the newest first."""
    filters = ReviewFilter(request.POST, operator=operator)
    return filters.rows(filters.kind).order_by("-started_at", "-pk")


def _whole(rows: "QuerySet[ChargingSession]") -> Any:
    return sessions.shown(rows).defer(None)


def tabs(operator: Operator, counts: dict[str, int] | None = None, *, current: str) -> list[dict[str, Any]]:
    """Return what waits for a decision, by kind; `DIFFERENCES` is the kind of what files say otherwise."""
    url = reverse("staff:review_list", args=[operator.slug])
    found: list[tuple[Any, str, str, int]] = [(_("With a remark"), url, "", sessions.under_review().count())]
    counted = findings.counts() if counts is None else counts
    found += [(finding_word(code), f"{url}?flag={code}", code, count) for code, count in counted.items()]
    said = differences.open_ones().count()
    if said or current == DIFFERENCES:
        found.append(
            (_("a file says otherwise"), reverse("staff:difference_list", args=[operator.slug]), DIFFERENCES, said)
        )
    return [
        {"label": label, "url": address, "current": kind == current, "count": count}
        for label, address, kind, count in found
    ]


def _done(decision: str, count: int) -> str:
    words = {
        APPROVE: ngettext("%(count)d session is billed as it is.", "%(count)d sessions are billed as they are.", count),
        ENERGY: ngettext(
            "%(count)d session is billed for its energy alone.",
            "%(count)d sessions are billed for their energy alone.",
            count,
        ),
        GIVE: ngettext("%(count)d session has its payer.", "%(count)d sessions have their payer.", count),
        WRITE_OFF: ngettext("%(count)d session was written off.", "%(count)d sessions were written off.", count),
    }
    return words[decision] % {"count": count}


def say_errors(request: SignedInRequest, form: forms.Form) -> None:
    """Say what is wrong with a decision as messages: its form stands around a list."""
    for name, errors in form.errors.items():
        label = form[name].label if name in form.fields else ""
        messages.error(request, f"{label}: {' '.join(str(error) for error in errors)}".lstrip(": "))
