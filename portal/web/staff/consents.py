"""Consents as staff see them: what is asked, how drivers answered, and the proof of each answer."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.documents import pdf
from portal.files import tables as file_tables
from portal.files import uploads
from portal.files.pdf import pdf_file
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted
from portal.web.periods import PeriodForm
from portal.web.sensible_days import SENSIBLE
from portal.web.tables import Column, Table
from portal.words import consents as consent_words
from portal.words import regions
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import ConsentEvent, ConsentNotice, ConsentPaper, ConsentPurpose, Driver, Operator
from tenants.permissions import Permission
from tenants.selectors import consents, people
from tenants.selectors.consents import GIVEN
from tenants.services.people import consent_papers

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
        back=reverse("staff:consent_purpose", args=[operator.slug, purpose.public_id]),
    )


@operator_view(Permission.VIEW_CONSENTS)
def proof(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show every decision of one driver with the exact words it was given to. Looking is recorded."""
    driver = get_object_or_404(Driver, public_id=public_id)
    proofs = consents.proofs(driver)
    audit.record(Event.CONSENTS_VIEWED, about=driver)
    names = people.named(each.event.recorded_by_id for each in proofs if each.event.recorded_by_id)
    papers = {paper.event_id: paper for paper in ConsentPaper.objects.filter(event__driver=driver)}
    context = {
        "nav": "consents",
        "driver": driver,
        "proofs": [(each, names.get(each.event.recorded_by_id or 0), papers.get(each.event.pk)) for each in proofs],
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


class PaperForm(forms.Form):
    """What stands on the paper, and the paper itself."""

    words = forms.ModelChoiceField(
        label=gettext_lazy("Words on the paper"), queryset=ConsentNotice.objects.none(), to_field_name="pk"
    )
    decision = forms.ChoiceField(
        label=gettext_lazy("Answer"), choices=ConsentEvent.Decision.choices, widget=forms.RadioSelect, initial=GIVEN
    )
    signed_on = forms.DateField(
        label=gettext_lazy("Signed"), widget=forms.DateInput(attrs={"type": "date"}), validators=SENSIBLE
    )
    scan = forms.FileField(label=gettext_lazy("The paper, scanned"), help_text=gettext_lazy("A PDF, a JPEG or a PNG."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["words"]
        field.queryset = ConsentNotice.objects.select_related("purpose").order_by("purpose", "-version", "language")
        titles = {notice.purpose_id: notice.title for notice in field.queryset.reverse()}
        read = field.queryset.filter(language=get_language()).reverse()
        titles |= {notice.purpose_id: notice.title for notice in read}
        field.label_from_instance = lambda notice: (
            f"{titles[notice.purpose_id]} ({regions.language(notice.language)}, v{notice.version})"
        )

    def clean_scan(self) -> Any:
        """Refuse a file that is larger than what is taken."""
        file = self.cleaned_data["scan"]
        if uploads.is_too_large(file.size):
            raise forms.ValidationError(uploads.too_large(file.size))
        return file


@operator_view(Permission.MANAGE_PRIVACY)
@uploads.takes_files
def paper_new(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Record what a driver decided on paper."""
    driver = get_object_or_404(Driver, public_id=public_id)
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        facts = {"signed_on": given["signed_on"], "scan": given["scan"], "by": request.user, "at": timezone.now()}
        if attempted(form, consent_papers.record, driver, given["words"], given["decision"], **facts) is not None:
            messages.success(request, _("Recorded, with the paper."))
            return redirect("staff:consent_proof", operator.slug, driver.public_id)
    context = {"nav": "consents", "crumbs": _crumbs_of(operator, driver), "driver": driver, "form": form}
    return render(request, "staff/consents/paper.html", context, status=400 if form.errors else 200)


@operator_view(Permission.VIEW_CONSENTS, step_up=True, takes_out=True)
def paper_file(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send a paper as it was scanned."""
    paper = get_object_or_404(ConsentPaper.objects.select_related("event__driver"), public_id=public_id)
    audit.record(Event.CONSENTS_DOWNLOADED, about=paper.event.driver)
    try:
        file = default_storage.open(str(paper.file.name), "rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(file, as_attachment=True, filename=f"consent-{paper.public_id}.{paper.kind}")


def _crumbs_of(operator: Operator, driver: Driver) -> list[tuple[str, str]]:
    proof_page = reverse("staff:consent_proof", args=[operator.slug, driver.public_id])
    return [*crumbs(operator), (driver.customer_number, proof_page)]


@operator_view(Permission.VIEW_CONSENTS, takes_out=True)
def proof_pdf(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show the driver's decisions as a document, with the signature of the record that `bin/verify-receipt` checks."""
    driver = get_object_or_404(Driver, public_id=public_id)
    audit.record(Event.CONSENTS_DOWNLOADED, about=driver)
    receipt = consents.receipt(operator, driver)
    language = get_language() or operator.language
    page = consent_words.document(operator, driver, receipt, language=language)
    content = pdf.render(page, at=timezone.now(), template="receipt.typ")
    return pdf_file("-".join((_("consents"), driver.customer_number)), content)


@operator_view(Permission.VIEW_CONSENTS, step_up=True, takes_out=True)
def agreed_export(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send who may be written to, or counted, for this purpose today: name and e-mail address."""
    purpose = get_object_or_404(ConsentPurpose, public_id=public_id)
    rows = consents.agreed(purpose.code).select_related("identity").order_by("pk")
    audit.record(Event.CONSENTS_AGREED_TAKEN, about=purpose, count=rows.count())
    columns = [
        FileColumn(_("Driver"), lambda row: row.customer_number),
        FileColumn(_("Name"), lambda row: row.identity.name if row.identity else ""),
        FileColumn(_("E-mail"), lambda row: row.identity.email if row.identity else ""),
    ]
    name = f"{purpose.code}-{operator.slug}"
    return file_tables.table_file(
        name, kind=file_tables.kind(""), columns=columns, rows=lambda: rows.iterator(2000), operator=operator
    )


def crumbs(operator: Operator) -> list[tuple[str, str]]:
    """The way to a page about one purpose or driver."""
    return [(_("Consents"), reverse("staff:consent_list", args=[operator.slug]))]
