"""The breach desk: incidents with their clocks, what is known when, whom they concern, letters and evidence."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST

from portal.files.tables import FileColumn, local
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted
from portal.web.periods import PeriodForm
from portal.web.staff.privacy import incident_forms as forms
from portal.web.tables import Column, Table
from portal.words import incidents as words
from portal.words.log import events as audit_words
from tenants.breach import Clock
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Incident, IncidentBundle, IncidentLetter, IncidentLetters, IncidentList, Operator
from tenants.models.work import OPEN
from tenants.permissions import Permission
from tenants.privacy import affected, evidence
from tenants.selectors import api_keys, people
from tenants.selectors import incidents as selector
from tenants.services import incidents as services
from tenants.services import mail

Forms = dict[str, Any]
INCIDENTS = Table(
    "incidents",
    (
        Column("incident", gettext_lazy("Incident"), by="title", is_fixed=True),
        Column("known", gettext_lazy("Known since"), by="known_at", is_indexed=True),
        Column("risk", gettext_lazy("Risk to people"), by="risk", is_optional=True),
        Column("closed", pgettext_lazy("when", "Closed"), is_optional=True),
        Column("state", gettext_lazy("State")),
    ),
    order="-known",
)


class IncidentFilter(PeriodForm):
    """Which incidents are listed. Days are those on which they were first known."""

    q = django_forms.CharField(
        label=gettext_lazy("Incident"), required=False, max_length=100, widget=django_forms.SearchInput
    )
    state = django_forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[("", gettext_lazy("All")), ("open", gettext_lazy("Open")), ("closed", gettext_lazy("Closed"))],
        required=False,
    )

    @cached_property
    def rows(self) -> QuerySet[Incident]:
        """The incidents that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return Incident.objects.none()
        data = self.cleaned_data
        is_closed = {"open": False, "closed": True}.get(data["state"])
        return selector.listing(is_closed=is_closed, search=data["q"], **self.span())


@operator_view(Permission.VIEW_PRIVACY)
def incident_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the incidents, the newest first unless sorted otherwise, with what still has to be told."""
    if tidy := lists.untidy(request):
        return tidy
    filters = IncidentFilter(request.GET, operator=operator)
    shown = tables.shown(INCIDENTS, request).within(filters.rows)
    page = shown.page(filters.rows, request)
    waits: dict[int, list[selector.Hand]] = {}
    for incident, hand in selector.waiting(operator):
        waits.setdefault(incident.pk, []).append(hand)
    now = timezone.now()
    rows = [(row, len(hands := waits.get(row.pk, [])), any(hand.is_late(now) for hand in hands)) for row in page]
    context = {"nav": "privacy", "filters": filters, "shown": shown, "page": page, "rows": rows}
    return render(request, "staff/privacy/incidents.html", context)


@operator_view(Permission.VIEW_PRIVACY, step_up=True, takes_out=True)
def incident_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed incidents as a file, without their notes and whom they concern."""
    filters = IncidentFilter(request.GET, operator=operator)
    back = reverse("staff:incident_list", args=[operator.slug])
    if not filters.is_valid():
        return redirect(f"{back}?{filters.query()}")

    return list_files.answer(
        request,
        tables.shown(INCIDENTS, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(_("Incident"), lambda row: row.title),
            FileColumn(_("What was harmed"), lambda row: ", ".join(str(words.KINDS[kind]) for kind in row.kinds)),
            FileColumn(_("Risk to people"), lambda row: str(row.get_risk_display())),
            FileColumn(_("Significant under NIS2"), lambda row: row.is_significant),
            FileColumn(_("Known since"), lambda row: local(row.known_at, operator)),
            FileColumn(_("It began"), lambda row: local(row.began_at, operator)),
            FileColumn(_("It ended"), lambda row: local(row.ended_at, operator)),
            FileColumn(pgettext("when", "Closed"), lambda row: local(row.closed_at, operator)),
            FileColumn(_("Time zone"), lambda row: operator.time_zone),
        ],
        back=back,
        days=filters.days_in_words(),
    )


@operator_view(Permission.MANAGE_PRIVACY)
def incident_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Open an incident."""
    with timezone.override(operator.zone):
        form = forms.OpenForm(request.POST or None, initial={"known_at": forms.now_typed()})
        if request.method == "POST" and form.is_valid():
            facts, now = form.facts(), timezone.now()
            made = attempted(form, services.open_one, facts, text=form.cleaned_data["text"], by=request.user, at=now)
            if made is not None:
                messages.success(request, _("Opened. The clocks count from when it was known."))
                return _back(operator, made)
        context = {"nav": "privacy", "crumbs": _crumbs(operator), "form": form}
        return render(request, "staff/privacy/incident_new.html", context, status=400 if form.errors else 200)


@operator_view(Permission.VIEW_PRIVACY)
def incident(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show an incident: its clocks, notes, whom it concerns, letters and evidence."""
    return _page(request, operator, _row(public_id), {})


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def incident_note(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Add what became known, or was done."""
    row = _row(public_id)
    with timezone.override(operator.zone):
        form = forms.NoteForm(request.POST)
        facts = form.cleaned_data if form.is_valid() else {}
    if facts and attempted(form, services.note, row, **facts, by=request.user, at=timezone.now()) is not None:
        messages.success(request, _("Noted."))
        return _back(operator, row)
    return _page(request, operator, row, {"note": form})


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def incident_report(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Enter that somebody was told."""
    row = _row(public_id)
    with timezone.override(operator.zone):
        form = forms.ReportForm(request.POST, waiting=_waiting(row, operator))
        facts = dict(form.cleaned_data) if form.is_valid() else {}
    if facts:
        clock = Clock(facts.pop("clock"))
        if attempted(form, services.report, row, clock, **facts, by=request.user, at=timezone.now()) is not None:
            messages.success(request, _("Entered."))
            return _back(operator, row)
    return _page(request, operator, row, {"report": form})


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def incident_judge(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say anew how great the risk is."""
    row, form = _row(public_id), forms.JudgeForm(request.POST)
    if form.is_valid():
        facts = {**form.cleaned_data, "by": request.user, "at": timezone.now()}
        if attempted(form, services.judge, row, **facts) is not None:
            messages.success(request, _("Saved. The clocks follow."))
            return _back(operator, row)
    return _page(request, operator, row, {"judge": form})


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def incident_find(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask the audit log whom it concerns, and freeze the answer."""
    row = _row(public_id)
    with timezone.override(operator.zone):
        form = forms.FindForm(request.POST, operator=operator)
        question = form.question() if form.is_valid() else {}
    if question and attempted(form, affected.ask, row, by=request.user, at=timezone.now(), **question) is not None:
        messages.success(request, _("The log is being searched."))
        return _back(operator, row)
    return _page(request, operator, row, {"find": form})


@operator_view(Permission.MANAGE_PRIVACY, step_up=True)
@require_POST
def incident_write(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Write to everybody affected who has not been written to."""
    row, form = _row(public_id), forms.LetterForm(request.POST)
    if form.is_valid():
        asked = attempted(form, affected.write_to, row, form.texts(), by=request.user, at=timezone.now())
        if asked is not None:
            messages.success(request, _("The letters are being written."))
            return _back(operator, row)
    return _page(request, operator, row, {"letter": form})


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def incident_close(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Close it, with what was learnt."""
    row, form = _row(public_id), forms.CloseForm(request.POST)
    if form.is_valid():
        text, now = form.cleaned_data["text"], timezone.now()
        if attempted(form, services.close, row, text=text, by=request.user, at=now) is not None:
            messages.success(request, _("Closed."))
            return _back(operator, row)
    return _page(request, operator, row, {"close": form})


@operator_view(Permission.VIEW_PRIVACY)
def incident_affected(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """List whom it concerns. Looking is recorded."""
    row = _row(public_id)
    audit.record(Event.INCIDENT_AFFECTED_VIEWED, about=row)
    page = lists.page(selector.affected(row), request, by="id", rising=True)
    letters = IncidentLetter.objects.filter(incident=row, driver__in=[each.driver_id for each in page])
    written = {letter.driver_id: letter for letter in letters}
    context = {
        "nav": "privacy",
        "crumbs": [*_crumbs(operator), (row.title, reverse("staff:incident", args=[operator.slug, row.public_id]))],
        "page": page,
        "rows": [(each, written.get(each.driver_id)) for each in page],
    }
    return render(request, "staff/privacy/incident_affected.html", context)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def incident_bundle(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Have the evidence put together."""
    row = _row(public_id)
    evidence.ask(row, by=request.user, at=timezone.now())
    messages.success(request, _("The evidence is being put together."))
    return _back(operator, row)


@operator_view(Permission.MANAGE_PRIVACY, step_up=True, takes_out=True)
def incident_file(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send the evidence."""
    bundle = get_object_or_404(IncidentBundle.objects.select_related("incident"), public_id=public_id)
    try:
        file = evidence.opened(bundle, at=timezone.now())
    except FileNotFoundError:
        messages.error(request, _("This file no longer exists. Have another one made."))
        return _back(operator, bundle.incident)
    name = f"{operator.slug}-incident-{bundle.incident_id}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def _row(public_id: UUID) -> Incident:
    row = Incident.objects.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row


def _back(operator: Operator, row: Incident) -> HttpResponse:
    return redirect("staff:incident", operator.slug, row.public_id)


def _waiting(row: Incident, operator: Operator) -> list[Clock]:
    return [hand.clock for hand in selector.clocks(row, operator) if hand.is_waiting]


def _page(request: SignedInRequest, operator: Operator, row: Incident, sent: Forms) -> HttpResponse:
    now = timezone.now()
    with timezone.override(operator.zone):
        hands = selector.clocks(row, operator)
        notes = list(row.notes.order_by("-happened_at", "-pk"))
        lists_ = selector.lists_of(row)
        bundles = selector.bundles_of(row)
        mailings = IncidentLetters.objects.filter(incident=row)
        context = {
            "nav": "privacy",
            "crumbs": _crumbs(operator),
            "row": row,
            "kinds": [words.KINDS[kind] for kind in row.kinds],
            "hands": [(hand, *words.CLOCKS[hand.clock], hand.is_late(now)) for hand in hands],
            "notes": _by_whom(notes),
            "lists": [(each, *_asked(each), _others(each)) for each in lists_],
            "affected": selector.count_affected(row),
            "to_be_written": selector.to_be_written(row).count(),
            "written": IncidentLetter.objects.filter(incident=row).count(),
            "mailing": mailings.filter(OPEN).first(),
            "bundles": bundles,
            "is_working": any(each.is_open for each in lists_)
            or any(each.is_open for each in bundles)
            or mailings.filter(OPEN).exists(),
            "can_send": mail.can_send(),
            "now": now,
            **_forms(row, operator, hands, sent),
        }
        status = 400 if any(form.errors for form in sent.values()) else 200
        return render(request, "staff/privacy/incident.html", context, status=status)


def _forms(row: Incident, operator: Operator, hands: list[selector.Hand], sent: Forms) -> Forms:
    """The forms of the page, as they were sent or as they begin."""
    typed, waiting = forms.now_typed(), [hand.clock for hand in hands if hand.is_waiting]
    span = {"since": row.began_at or row.known_at - forms.KNOWN_DAYS, "until": row.ended_at or typed}
    return {
        "note_form": sent.get("note") or forms.NoteForm(initial={"happened_at": typed}),
        "report_form": (sent.get("report") or forms.ReportForm(waiting=waiting, initial={"told_at": typed}))
        if waiting
        else None,
        "judge_form": sent.get("judge")
        or forms.JudgeForm(initial={"risk": row.risk, "is_significant": row.is_significant}),
        "find_form": sent.get("find") or forms.FindForm(operator=operator, initial=span),
        "letter_form": sent.get("letter") or forms.LetterForm(),
        "close_form": sent.get("close") or forms.CloseForm(),
    }


def _by_whom(rows: list[Any]) -> list[tuple[Any, Any]]:
    names = people.named(row.recorded_by_id for row in rows if row.recorded_by_id)
    return [(row, names.get(row.recorded_by_id or 0)) for row in rows]


def _asked(row: IncidentList) -> tuple[str, str]:
    """Whom and from where the question is about, in words."""
    if row.is_everybody:
        return _("everybody"), ""
    who = _("anybody")
    if row.person_id is not None:
        who = str(people.named([row.person_id]).get(row.person_id, row.person_id))
    if row.key_id is not None:
        who = str(api_keys.named([row.key_id]).get(row.key_id, row.key_id))
    return who, row.address or ""


def _others(row: IncidentList) -> list[tuple[str, int]]:
    """What else was done in that time that was about nobody alone, in words."""
    return [(str(audit_words.EVENTS.get(event, event)), times) for event, times in sorted(row.others.items())]


def _crumbs(operator: Operator) -> list[tuple[str, str]]:
    return [(_("Incidents"), reverse("staff:incident_list", args=[operator.slug]))]
