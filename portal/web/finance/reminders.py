"""Reminders: what is due for its next step, sending it, what was sent, and what one payer agreed to."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain import money
from billing.domain.calendar import day_of
from billing.models import Invoice, Reminder, ReminderStep
from billing.selectors import reminders as selector
from billing.services import approved
from billing.services import reminders as services
from billing.services import second_person as services_of_two
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, second_person, tables
from portal.web.acts import REFUSALS
from portal.web.periods import DayField
from portal.web.tables import Column, Table
from portal.words import reminders as words
from portal.words.say import why
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts
from tenants.services import four_eyes

REMINDERS = Table(
    "reminders",
    (
        Column("sent", _("Sent"), by="sent_on", is_indexed=True, is_fixed=True),
        Column("invoice", _("Invoice")),
        Column("payer", _("Payer")),
        Column("what", _("What was done"), by="what"),
        Column("charge", _("Added costs")),
        Column("by", _("By"), is_optional=True),
        Column("rest", _("Unpaid then"), by="rest", css="num"),
        Column("open", _("Unpaid now"), css="num"),
    ),
    order="-sent",
)


class SentFilter(forms.Form):
    """What of that was sent is listed."""

    what = forms.ChoiceField(
        label=_("What was done"), choices=[("", _("All")), *ReminderStep.What.choices], required=False
    )
    only_open = forms.BooleanField(label=_("Unpaid still"), required=False)

    @cached_property
    def rows(self) -> QuerySet[Reminder]:
        """The reminders that the filter means."""
        self.full_clean()
        data = self.cleaned_data
        return selector.listing(what=data.get("what", ""), only_open=data.get("only_open", False))


class ChosenForm(forms.Form):
    """Which invoices a person let stand."""

    invoice = forms.MultipleChoiceField(required=False)

    def clean_invoice(self) -> list[Invoice]:
        """The invoices that were ticked."""
        return list(Invoice.objects.filter(public_id__in=self.cleaned_data["invoice"]).order_by("pk"))


class TermsForm(forms.Form):
    """What one payer agreed to about paying late."""

    is_own = forms.BooleanField(
        label=_("This payer has terms of its own"),
        required=False,
        help_text=_("Otherwise those of everybody count (Settings, Reminders)."),
    )
    fee_since = DayField(
        label=_("Reminder fee agreed since"),
        required=False,
        help_text=_("Empty: no fee was agreed with this payer, and none is asked."),
    )
    due_day_agreed = forms.BooleanField(label=_("The last day to pay was agreed"), required=False)


@operator_view(Permission.VIEW_INVOICES)
def reminder_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what is due for its next step, the longest overdue first, with what each would ask."""
    today = day_of(timezone.now(), operator.time_zone)
    rows = selector.due(today).select_related("invoice__buyer", "invoice__account__identity")
    page = lists.counted(rows, request, size=services.MOST)
    proposed = selector.proposals(page.rows, today=today)
    context = {
        "nav": "payments",
        "page": page,
        "today": today,
        "rows": words.proposed(proposed),
        "sums": selector.sums(proposed),
        "has_steps": bool(selector.steps()),
        "needs_second": four_eyes.is_needed(approved.REMIND),
    }
    return render(request, "finance/reminders/list.html", context)


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
@require_POST
def reminder_send(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Take the next step of the ticked invoices, or ask a second person to let it be."""
    form = ChosenForm(request.POST)
    form.fields["invoice"].choices = [(value, value) for value in request.POST.getlist("invoice") if _is_id(value)]  # type: ignore[attr-defined]
    back = redirect("finance:reminder_list", operator.slug)
    if not form.is_valid():
        return back
    ticked, now = form.cleaned_data["invoice"], timezone.now()
    if four_eyes.is_needed(approved.REMIND):
        today = day_of(now, operator.time_zone)
        asked = second_person.ask(
            request, operator, lambda: services_of_two.ask_to_remind(ticked, by=request.user, at=now, today=today)
        )
        return asked or back
    try:
        sent = services.send(ticked, by=request.user, at=now)
    except REFUSALS as refusal:
        messages.error(request, why(refusal))
        return back
    said = ngettext("%(count)s reminder is sent.", "%(count)s reminders are sent.", len(sent)) % {"count": len(sent)}
    messages.success(request, said)
    if len(sent) < len(ticked):
        messages.info(request, gettext("What was paid, credited or disputed meanwhile was left out."))
    return back


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@operator_view(Permission.VIEW_INVOICES)
def reminder_sent(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what was sent or handed over, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = SentFilter(request.GET)
    shown = tables.shown(REMINDERS, request).within(filters.rows)
    page = {"nav": "payments", "filters": filters, "shown": shown, "page": shown.page(filters.rows, request)}
    return render(request, "finance/reminders/sent.html", page)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def reminder_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed reminders as a file: narrowed to what was handed over, it is the agency's."""
    filters = SentFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(REMINDERS, request),
        filters.rows,
        filters=filters,
        columns=_file_columns(),
        back=reverse("finance:reminder_sent", args=[operator.slug]),
    )


def _file_columns() -> list[FileColumn]:
    return [
        FileColumn(gettext("Sent"), lambda row: row.sent_on),
        FileColumn(gettext("What was done"), lambda row: str(row.get_what_display())),
        FileColumn(gettext("Number of the reminder"), lambda row: row.nth),
        FileColumn(gettext("Customer number"), lambda row: row.account.customer_number),
        FileColumn(gettext("Payer"), lambda row: row.invoice.buyer.name),
        FileColumn(gettext("Organisation number"), lambda row: row.invoice.buyer.organisation_number),
        FileColumn(gettext("Street"), lambda row: row.invoice.buyer.street),
        FileColumn(gettext("Postal code"), lambda row: row.invoice.buyer.postal_code),
        FileColumn(gettext("City"), lambda row: row.invoice.buyer.city),
        FileColumn(gettext("Country"), lambda row: row.invoice.buyer.country),
        FileColumn(gettext("E-mail"), lambda row: row.invoice.buyer.email),
        FileColumn(gettext("Invoice"), lambda row: str(row.invoice)),
        FileColumn(gettext("OCR reference"), lambda row: row.invoice.payment_reference),
        FileColumn(gettext("Issued"), lambda row: row.invoice.issued_at),
        FileColumn(gettext("Due"), lambda row: row.invoice.due_on),
        FileColumn(gettext("Currency"), lambda row: row.currency),
        FileColumn(gettext("Amount due"), lambda row: row.invoice.amount_due, is_amount=True),
        FileColumn(gettext("Unpaid then"), lambda row: _coins(row, row.rest), is_amount=True),
        FileColumn(gettext("Disputed then"), lambda row: _coins(row, row.disputed), is_amount=True),
        FileColumn(gettext("Unpaid now"), lambda row: _coins(row, row.open_now), is_amount=True),
        FileColumn(gettext("Costs"), lambda row: _coins(row, row.costs), is_amount=True),
        FileColumn(gettext("Late interest"), lambda row: _coins(row, row.interest), is_amount=True),
        FileColumn(gettext("Document of costs and interest"), lambda row: str(row.charge) if row.charge else ""),
    ]


def _coins(row: Reminder, coins: int) -> Any:
    return money.from_minor(coins, row.currency)


@operator_view(Permission.MANAGE_ACCOUNTS)
def account_terms(request: SignedInRequest, operator: Operator, account_id: UUID) -> HttpResponse:
    """Show and change what one payer agreed to about paying late."""
    account = _account(account_id)
    own = selector.terms(account)
    known = {"is_own": True, "fee_since": own.fee_since, "due_day_agreed": own.due_day_agreed} if own else {}
    form = TermsForm(request.POST if request.method == "POST" else None, initial=known)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if data["is_own"]:
            services.keep_terms(account, fee_since=data["fee_since"], due_day_agreed=data["due_day_agreed"])
        else:
            services.drop_terms(account)
        messages.success(request, gettext("Saved."))
        return redirect("finance:account_balance", operator.slug, account_id)
    context = {"nav": "payments", "account": account, "form": form}
    return render(request, "finance/reminders/terms.html", context, status=400 if form.errors else 200)


def _account(account_id: UUID) -> Account:
    account = accounts.one(account_id)
    if account is None:
        raise Http404
    return account
