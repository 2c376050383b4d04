"""Re-rating: choose what was billed wrongly and why, see what it comes to for everybody, then let it be carried out."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from billing.models import Rerating
from billing.selectors import credit_reasons, reratings
from billing.services import approved
from billing.services import rerating as services
from billing.services import second_person as services_of_two
from charging.models import Site
from portal.files.tables import FileColumn, local
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, second_person, tables
from portal.web.acts import attempted, told
from portal.web.periods import PeriodForm
from portal.web.sensible_days import SENSIBLE
from portal.web.tables import Column, Table
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes

RERATINGS = Table(
    "reratings",
    (
        Column("asked", _("Asked for"), by="requested_at", is_indexed=True, is_fixed=True),
        Column("days", _("Sessions that ended"), by="since"),
        Column("why", _("Why"), by="why"),
        Column("state", _("State"), by="stage"),
        Column("by", _("Asked for by"), is_optional=True),
        Column("finished", _("Finished"), is_optional=True),
    ),
    order="-asked",
)
#: So many of each are shown; all are carried out.
ACCOUNTS_SHOWN, SESSIONS_SHOWN, DOCUMENTS_SHOWN, REFUSED_SHOWN = 50, 50, 100, 50


class ReratingFilter(PeriodForm):
    """Which re-ratings are listed. Days are those on which they were asked for."""

    why = forms.ChoiceField(label=_("Why"), choices=[("", _("All")), *Rerating.Why.choices], required=False)
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *Rerating.Stage.choices], required=False)

    @cached_property
    def rows(self) -> QuerySet[Rerating]:
        """The re-ratings that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return Rerating.objects.none()
        return reratings.listing(why=self.cleaned_data["why"], stage=self.cleaned_data["state"], **self.span())


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, validators=list(SENSIBLE), widget=forms.DateInput(attrs={"type": "date"}))


class ReratingForm(forms.Form):
    """Which billed sessions are priced again, and why."""

    why = forms.ChoiceField(label=_("Why"), choices=Rerating.Why.choices)
    reason = forms.ChoiceField(label=_("Reason"), help_text=_("Stands on the credit notes."))
    since = _day(_("Sessions that ended from"))
    until = _day(_("To"))
    sites: Any = forms.ModelMultipleChoiceField(
        Site.objects.none(), label=_("Sites"), required=False, help_text=_("None: all of them.")
    )
    payers = forms.CharField(
        label=_("Payers"),
        required=False,
        max_length=1000,
        help_text=_("Customer numbers, with commas between. None: all of them."),
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sites"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]
        said = [reason.in_language(operator.language) for reason in credit_reasons.reasons()]
        chosen: Any = self.fields["reason"]
        chosen.choices = [(words, words) for words in said]

    def clean_payers(self) -> list[Account]:
        """The payers with these numbers; an error names those that nobody has."""
        numbers = {part.strip() for part in self.cleaned_data["payers"].split(",") if part.strip()}
        found = list(Account.objects.filter(customer_number__in=numbers))
        if unknown := numbers - {account.customer_number for account in found}:
            raise ValidationError(
                gettext("No payer has the customer number %(numbers)s.") % {"numbers": ", ".join(sorted(unknown))}
            )
        return found


@operator_view(Permission.VIEW_INVOICES)
def rerating_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the re-ratings, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = ReratingFilter(request.GET, operator=operator)
    shown = tables.shown(RERATINGS, request).within(filters.rows)
    page = {"nav": "runs", "filters": filters, "shown": shown, "page": shown.page(filters.rows, request)}
    return render(request, "finance/reratings/list.html", page)


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def rerating_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed re-ratings as a file."""
    filters = ReratingFilter(request.GET, operator=operator)
    back = reverse("finance:rerating_list", args=[operator.slug])
    if not filters.is_valid():
        return redirect(f"{back}?{filters.query()}")

    return list_files.answer(
        request,
        tables.shown(RERATINGS, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(gettext("Asked for"), lambda row: local(row.requested_at, operator)),
            FileColumn(gettext("Asked for by"), lambda row: str(row.requested_by) if row.requested_by else None),
            FileColumn(gettext("Sessions that ended from"), lambda row: row.since),
            FileColumn(gettext("To"), lambda row: row.until),
            FileColumn(gettext("Why"), lambda row: str(row.get_why_display())),
            FileColumn(gettext("Reason"), lambda row: row.reason),
            FileColumn(gettext("State"), lambda row: str(row.get_stage_display())),
            FileColumn(gettext("Decided"), lambda row: local(row.decided_at, operator)),
            FileColumn(gettext("Finished"), lambda row: local(row.finished_at, operator)),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
        ],
        back=back,
        days=filters.days_in_words(),
    )


@operator_view(Permission.ISSUE_INVOICES)
def rerating_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask which sessions and why; what it comes to is worked out in the background."""
    form = ReratingForm(request.POST or None, operator=operator)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        row = attempted(
            form,
            services.ask,
            why=data["why"],
            reason=data["reason"],
            since=data["since"],
            until=data["until"],
            sites=[site.pk for site in data["sites"]],
            accounts=[account.pk for account in data["payers"]],
            by=request.user,
            at=timezone.now(),
        )
        if row is not None:
            return redirect("finance:rerating_detail", operator.slug, row.public_id)
    page = {"nav": "runs", "form": form}
    return render(request, "finance/reratings/new.html", page, status=400 if form.errors else 200)


@operator_view(Permission.VIEW_INVOICES)
def rerating_detail(request: SignedInRequest, operator: Operator, rerating_id: UUID) -> HttpResponse:
    """Show how far it is, what each payer gains or loses, and what was made."""
    rerating = _rerating_or_404(rerating_id)
    if "X-Poll" in request.headers and not rerating.is_open:
        return HttpResponseClientRefresh()
    shown = lists.numbered(reratings.by_account(rerating), request, size=ACCOUNTS_SHOWN)
    page = {
        "nav": "runs",
        "rerating": rerating,
        "sums": reratings.sums(rerating),
        "page": shown,
        "rows": reratings.of_account(shown.object_list),
        "sessions": reratings.by_session(rerating, limit=SESSIONS_SHOWN),
        "refused": reratings.refused(rerating, limit=REFUSED_SHOWN),
        "documents": reratings.documents(rerating, limit=DOCUMENTS_SHOWN),
        "sites": reratings.sites(rerating),
        "payers": reratings.accounts(rerating),
        "needs_second": four_eyes.is_needed(approved.RERATE),
        "approval": approvals.open_about(approved.RERATE, rerating.public_id, at=timezone.now()),
    }
    return render(request, "finance/reratings/detail.html", page)


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
def rerating_carry_out(request: SignedInRequest, operator: Operator, rerating_id: UUID) -> HttpResponse:
    """Ask once more; then let it be carried out, or ask a second person."""
    rerating = _rerating_or_404(rerating_id)
    if request.method != "POST":
        page = {"nav": "runs", "rerating": rerating, "sums": reratings.sums(rerating)}
        page["needs_second"] = four_eyes.is_needed(approved.RERATE)
        return render(request, "finance/reratings/carry_out.html", page)
    back = redirect("finance:rerating_detail", operator.slug, rerating_id)
    if four_eyes.is_needed(approved.RERATE):
        asked = second_person.ask(
            request, operator, lambda: services_of_two.ask_to_rerate(rerating, by=request.user, at=timezone.now())
        )
        return asked or back
    done = gettext("The credit notes and the new invoices are being made.")
    told(request, done, services.decide, rerating, by=request.user, at=timezone.now())
    return back


def _rerating_or_404(rerating_id: UUID) -> Rerating:
    rerating = reratings.one(rerating_id)
    if rerating is None:
        raise Http404
    return rerating
