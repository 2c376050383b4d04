"""The desk for what people ask about their data: what waits, by days left; one request; entering one for somebody."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.files.tables import FileColumn, local
from portal.files.zip import zip_file
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted, told
from portal.web.tables import Column, Table
from portal.words.log import lines as audit_lines
from tenants.log import audit, reading
from tenants.log.events import Event
from tenants.models import Driver, Operator, PersonRequest, ProcessingLimit
from tenants.permissions import Permission
from tenants.privacy import erasure, packages
from tenants.selectors import people
from tenants.selectors import person_requests as selector
from tenants.services.people import person_requests as services

Kind, State = PersonRequest.Kind, PersonRequest.State
COPIES = (Kind.ACCESS, Kind.PORTABILITY)
#: What waits has the order of its days, and what is closed that of its answers, until somebody sorts.
REQUESTS = Table(
    "privacy-requests",
    (
        Column("request", pgettext_lazy("of a person", "Request"), by="kind", is_fixed=True),
        Column("driver", gettext_lazy("Driver"), by="driver__customer_number"),
        Column("came", gettext_lazy("How it came"), by="channel", is_optional=True),
        Column("received", gettext_lazy("Received"), by="received_on"),
        Column("due", gettext_lazy("Answer by"), by="due_on"),
        Column("state", gettext_lazy("State")),
    ),
    order="",
)


class RequestFilter(forms.Form):
    """Which requests are listed: what waits, unless what is closed is asked for."""

    q = forms.CharField(label=gettext_lazy("Customer number"), required=False, max_length=100, widget=forms.SearchInput)
    kind = forms.ChoiceField(
        label=pgettext_lazy("of a person", "Request"),
        choices=[("", gettext_lazy("All")), *Kind.choices],
        required=False,
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[("", gettext_lazy("Open")), ("closed", gettext_lazy("Closed"))],
        required=False,
    )

    @cached_property
    def rows(self) -> QuerySet[PersonRequest]:
        """The requests that the filter means; what cannot be read narrows nothing."""
        self.full_clean()
        asked = self.cleaned_data
        is_closed = asked.get("state") == "closed"
        return selector.listing(is_closed=is_closed, kind=asked.get("kind", ""), search=asked.get("q", ""))


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]
    """A request that came by another way than the portal."""

    class Meta:
        model = PersonRequest
        fields = ("kind", "channel", "received_on", "identity_checked", "text")
        widgets = {
            "received_on": forms.DateInput(attrs={"type": "date"}),
            "text": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts = {
            "identity_checked": gettext_lazy("Such as: called back on the number we have; showed an identity card."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = [choice for choice in PersonRequest.Channel.choices if choice[0] != PersonRequest.Channel.PORTAL]
        self.fields["channel"] = forms.ChoiceField(label=_("How it came"), choices=ways)
        self.fields["identity_checked"].required = True


class ExtendForm(forms.Form):
    """Why it takes longer."""

    reason = forms.CharField(
        label=gettext_lazy("Why it takes longer"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The person reads it in a letter."),
    )


class AnswerForm(forms.Form):
    """What the person is told."""

    state = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=[(State.ANSWERED.value, gettext_lazy("granted")), (State.REFUSED.value, gettext_lazy("refused"))],
        widget=forms.RadioSelect,
        initial=State.ANSWERED.value,
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("The person reads it in a letter. If you refuse, say by which rule."),
    )


@operator_view(Permission.VIEW_PRIVACY)
def person_request_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what waits, the least days left first; or what has been closed, the newest first."""
    if tidy := lists.untidy(request):
        return tidy
    filters, today = RequestFilter(request.GET), _today(operator)
    shown = tables.shown(REQUESTS, request).within(filters.rows)
    context = {
        "nav": "privacy",
        "filters": filters,
        "shown": shown,
        "page": shown.page(filters.rows, request),
        "today": today,
        "late": selector.late(today),
    }
    return render(request, "staff/privacy/requests.html", context)


@operator_view(Permission.VIEW_PRIVACY, step_up=True, takes_out=True)
def person_request_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed requests as a file, without what people wrote."""
    filters = RequestFilter(request.GET)

    return list_files.answer(
        request,
        tables.shown(REQUESTS, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(pgettext("of a person", "Request"), lambda row: str(row.get_kind_display())),
            FileColumn(_("Customer number"), lambda row: row.driver.customer_number),
            FileColumn(_("How it came"), lambda row: str(row.get_channel_display())),
            FileColumn(_("Received"), lambda row: row.received_on),
            FileColumn(_("Answer by"), lambda row: row.due_on),
            FileColumn(_("Extended"), lambda row: local(row.extended_at, operator)),
            FileColumn(_("State"), lambda row: str(row.get_state_display())),
            FileColumn(_("Answered"), lambda row: local(row.closed_at, operator)),
            FileColumn(_("Time zone"), lambda row: operator.time_zone),
        ],
        back=reverse("staff:person_request_list", args=[operator.slug]),
    )


@operator_view(Permission.VIEW_PRIVACY)
def person_request(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show one request with all that happened to it. Looking is recorded."""
    row = _row(public_id)
    audit.record(Event.REQUEST_VIEWED, about=row.driver)
    return _page(request, operator, row, extend=ExtendForm(), answer=AnswerForm())


@operator_view(Permission.MANAGE_PRIVACY)
def person_request_new(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Enter what a driver asked by letter, phone or in person."""
    driver = get_object_or_404(Driver.objects.select_related("identity"), public_id=public_id)
    form = EntryForm(request.POST or None, initial={"received_on": _today(operator)})
    if request.method == "POST" and form.is_valid():
        made = attempted(form, services.receive, driver, by=request.user, at=timezone.now(), **form.cleaned_data)
        if made is not None:
            messages.success(request, _("Entered. The clock runs from the day it came."))
            return redirect("staff:person_request", operator.slug, made.public_id)
    context = {"nav": "privacy", "crumbs": _crumbs(operator), "driver": driver, "form": form}
    return render(request, "staff/privacy/request_new.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def person_request_extend(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take two further months."""
    row, form = _row(public_id), ExtendForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    if reason and attempted(form, services.extend, row, reason=reason, at=timezone.now()) is not None:
        messages.success(request, _("Extended. The person has been told why, if we have their e-mail address."))
        return redirect("staff:person_request", operator.slug, row.public_id)
    return _page(request, operator, row, extend=form, answer=AnswerForm(), status=400)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def person_request_answer(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Answer or refuse."""
    row, form = _row(public_id), AnswerForm(request.POST)
    if form.is_valid():
        facts = {"state": form.cleaned_data["state"], "answer": form.cleaned_data["answer"]}
        if attempted(form, services.close, row, by=request.user, at=timezone.now(), **facts):
            messages.success(request, _("Answered. The letter has been sent, if we have their e-mail address."))
            return redirect("staff:person_request", operator.slug, row.public_id)
    return _page(request, operator, row, extend=ExtendForm(), answer=form, status=400)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def person_request_copy(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Have the copy made that a request asks for."""
    row = _row(public_id)
    if row.kind in COPIES:
        packages.ask(row, language=language_of(row.driver, operator), by=request.user, at=timezone.now())
        messages.success(request, _("The copy is being made."))
    return redirect("staff:person_request", operator.slug, row.public_id)


@operator_view(Permission.MANAGE_PRIVACY, step_up=True, takes_out=True)
def person_copy_file(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Send the copy of somebody who has no account to fetch it with; who has one fetches it alone."""
    package = selector.package(public_id)
    if package is None:
        raise Http404
    back = redirect("staff:person_request", operator.slug, package.request.public_id)
    if package.driver.user_id is not None:
        messages.error(request, _("The driver fetches it on their own pages; nobody else opens it."))
        return back
    try:
        content = packages.opened(package, at=timezone.now())
    except FileNotFoundError:
        messages.error(request, _("This copy no longer exists. Have another one made."))
        return back
    return zip_file(f"{operator.slug}-{package.driver.customer_number}", content)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def person_limit_lift(request: SignedInRequest, operator: Operator, public_id: UUID, limit: str) -> HttpResponse:
    """Lift a limit; the person is told."""
    driver = get_object_or_404(Driver, public_id=public_id)
    row = ProcessingLimit.objects.filter(driver=driver, kind=limit, until=None).first()
    if row is not None:
        done = _("Lifted. The person has been told, if we have their e-mail address.")
        told(request, done, services.lift, row, at=timezone.now())
    return redirect("staff:driver_detail", operator.slug, public_id)


def _row(public_id: UUID) -> PersonRequest:
    rows = PersonRequest.objects.select_related("driver", "driver__identity", "driver__user")
    return get_object_or_404(rows, public_id=public_id)


def _page(
    request: SignedInRequest,
    operator: Operator,
    row: PersonRequest,
    *,
    extend: ExtendForm,
    answer: AnswerForm,
    status: int = 200,
) -> HttpResponse:
    entries = list(reading.of_object(row).order_by("timestamp", "pk"))
    made = [each for each in selector.packages_of(row.driver) if each.request_id == row.pk]
    names = people.named(number for number in (row.entered_by_id, row.closed_by_id) if number)
    context = {
        "nav": "privacy",
        "crumbs": _crumbs(operator),
        "row": row,
        "days_left": row.days_left(_today(operator)),
        "entered_by": names.get(row.entered_by_id or 0),
        "steps": audit_lines.lines(entries, zone=operator.zone),
        "limits": selector.limits_of(row.driver),
        "packages": made,
        "is_working": any(each.is_open for each in made),
        "is_copy": row.kind in COPIES,
        "is_erasure": row.kind == Kind.ERASURE,
        "erasure": erasure.of_driver(row.driver) if row.kind == Kind.ERASURE else None,
        "is_open": row.state == State.OPEN,
        "extend": extend,
        "answer": answer,
    }
    return render(request, "staff/privacy/request.html", context, status=status)


def language_of(driver: Driver, operator: Operator) -> str:
    """The language in which the driver is written to."""
    chosen = driver.user.language if driver.user else ""
    return chosen or operator.language or get_language() or ""


def _today(operator: Operator) -> Any:
    return timezone.now().astimezone(operator.zone).date()


def _crumbs(operator: Operator) -> list[tuple[str, str]]:
    return [(_("Requests"), reverse("staff:person_request_list", args=[operator.slug]))]
