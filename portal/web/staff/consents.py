"""Consents as staff see them: what is asked, how drivers answered, and the proof of each answer."""

import json
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from portal.files.tables import Column as FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.periods import PeriodForm
from portal.web.tables import Column, Table
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import ConsentEvent, ConsentPurpose, Driver, Operator
from tenants.permissions import Permission
from tenants.selectors import consents, people

ANSWERS = Table(
    "consents",
    (
        Column("driver", gettext_lazy("Driver"), is_fixed=True),
        Column("answer", gettext_lazy("Answer"), by="decision"),
        Column("at", gettext_lazy("When"), by="happened_at", is_indexed=True),
        Column("words", gettext_lazy("Words"), css="rest"),
        Column("channel", gettext_lazy("Channel"), by="channel", css="rest"),
    ),
    order="-at",
)


class AnswerFilter(PeriodForm):
    """Which answers are listed. Days are those on which they were given."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Answer"),
        required=False,
        choices=[("", gettext_lazy("all")), *ConsentEvent.Decision.choices],
    )

    def rows(self, purpose: ConsentPurpose) -> QuerySet[ConsentEvent]:
        """The answers in force that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return ConsentEvent.objects.none()
        since, until = (self.span()[name] for name in ("since", "until"))
        rows = consents.newest_events().filter(purpose=purpose).select_related("driver", "notice")
        rows = rows.filter(happened_at__gte=since) if since else rows
        rows = rows.filter(happened_at__lt=until) if until else rows
        decision = self.cleaned_data["decision"]
        return rows.filter(decision=decision) if decision else rows


@operator_view(Permission.VIEW_CONSENTS)
def purpose_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what drivers are asked, with how they answered."""
    tallies = consents.tallies(language=get_language() or operator.language)
    return render(request, "staff/consents/list.html", {"nav": "consents", "tallies": tallies})


@operator_view(Permission.VIEW_CONSENTS)
def purpose_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show the words of a purpose in every version and the answers in force."""
    if tidy := lists.untidy(request):
        return tidy
    purpose = get_object_or_404(ConsentPurpose, public_id=public_id)
    filters = AnswerFilter(request.GET, operator=operator)
    answers = filters.rows(purpose)
    shown = tables.shown(ANSWERS, request).within(answers)
    context = {
        "nav": "consents",
        "purpose": purpose,
        "current": consents.notice_in(purpose, get_language() or operator.language),
        "notices": purpose.notices.order_by("-version", "language"),
        "filters": filters,
        "shown": shown,
        "page": shown.page(answers, request),
        "total": answers.count(),
        "crumbs": crumbs(operator),
    }
    return render(request, "staff/consents/purpose.html", context)


@operator_view(Permission.VIEW_CONSENTS, step_up=True, takes_out=True)
def answer_export(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send exactly the listed answers as a file."""
    purpose = get_object_or_404(ConsentPurpose, public_id=public_id)
    filters = AnswerFilter(request.GET, operator=operator)
    back = reverse("staff:consent_purpose", args=[operator.slug, purpose.public_id])
    if not filters.is_valid():
        return redirect(f"{back}?{filters.query()}")
    return list_files.answer(
        request,
        tables.shown(ANSWERS, request),
        filters.rows(purpose),
        filters=filters,
        columns=[
            FileColumn(_("Purpose"), lambda row: purpose.code),
            FileColumn(_("Driver"), lambda row: row.driver.customer_number),
            FileColumn(_("Answer"), lambda row: str(row.get_decision_display())),
            FileColumn(
                _("When"), lambda row: row.happened_at.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)
            ),
            FileColumn(_("Time zone"), lambda row: operator.time_zone),
            FileColumn(_("Version"), lambda row: row.notice.version),
            FileColumn(_("Language"), lambda row: row.notice.language),
            FileColumn(_("Channel"), lambda row: str(row.get_channel_display())),
        ],
        back=back,
        days=filters.days_in_words(),
    )


@operator_view(Permission.VIEW_CONSENTS)
def proof(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show every decision of one driver with the exact words it was given to. Looking is recorded."""
    driver = get_object_or_404(Driver, public_id=public_id)
    proofs = consents.proofs(driver)
    audit.record(Event.CONSENTS_VIEWED, about=driver)
    names = people.named(each.event.recorded_by_id for each in proofs if each.event.recorded_by_id)
    context = {
        "nav": "consents",
        "driver": driver,
        "proofs": [(each, names.get(each.event.recorded_by_id or 0)) for each in proofs],
        "crumbs": crumbs(operator),
    }
    return render(request, "staff/consents/proof.html", context)


@operator_view(Permission.VIEW_CONSENTS, takes_out=True)
def proof_file(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Download the driver's decisions as a consent record (ISO/IEC TS 27560)."""
    driver = get_object_or_404(Driver, public_id=public_id)
    audit.record(Event.CONSENTS_DOWNLOADED, about=driver)
    body = json.dumps(consents.receipt(operator, driver), ensure_ascii=False, indent=2)
    name = f'attachment; filename="consents-{driver.public_id}.json"'
    return HttpResponse(body, content_type="application/json", headers={"Content-Disposition": name})


def crumbs(operator: Operator) -> list[tuple[str, str]]:
    """The way to a page about one purpose or driver."""
    return [(_("Consents"), reverse("staff:consent_list", args=[operator.slug]))]
