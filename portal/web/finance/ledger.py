"""The ledger: the trial balance of a month, its VAT, the rows of each account, and closing it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.domain.calendar import month_after
from billing.domain.errors import BillingError
from billing.models import LedgerEntry
from billing.selectors import ledger
from billing.services import ledger as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.months import MonthField
from portal.words import ledger as words
from portal.words import measures
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission


class MonthForm(forms.Form):
    """Which month is shown."""

    month = MonthField(label=gettext_lazy("Month"))


@operator_view(Permission.VIEW_INVOICES)
def ledger_month(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the trial balance of a month and its VAT; and, once it is asked for, that it says what documents say."""
    months = ledger.months()
    usual = ledger.first_open() or _today(operator).replace(day=1)
    form, month = _asked(request, usual)
    found: dict[str, Any] = {"month": month, "month_query": _query(month), "asked": f"{_query(month)}&proof=now"}
    if "proof" in request.GET:
        found["checks"] = [(words.PARTS[check.part], check) for check in ledger.checks(month)]
        found["holds"] = all(check.holds for _name, check in found["checks"])
        if request.htmx:
            return render(request, "finance/ledger/_proof.html", found)
    lines, taxes = ledger.trial_balance(month), ledger.taxes(month)
    page = {
        "nav": "ledger",
        "month_form": form,
        "months": months,
        "lines": lines,
        "totals": ledger.totals(lines),
        "taxes": taxes,
        "has_abroad": any(tax.country for tax in taxes),
        "deducted": ledger.deducted(month),
        "closed": ledger.closed(month),
        "is_next": month == ledger.first_open() and month_after(month) <= _today(operator),
        "is_behind": ledger.is_behind(),
    }
    return render(request, "finance/ledger/month.html", page | found)


@operator_view(Permission.VIEW_INVOICES)
def ledger_account(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the rows of an account in a month, each with the way to what happened."""
    number = request.GET.get("account", "")
    _form, month = _asked(request, ledger.first_open() or _today(operator).replace(day=1))
    lines = [line for line in ledger.trial_balance(month) if line.number == number]
    page = lists.page(ledger.rows(number, month), request, by="booked_on")
    found = ledger.sources(row.entry for row in page)
    shown = {
        "nav": "ledger",
        "month": month,
        "month_query": _query(month),
        "account": " ".join((lines[0].number, lines[0].name)) if lines else _("Account"),
        "lines": lines,
        "page": page,
        "rows": [(row, *_what(operator, row.entry, found[row.entry_id])) for row in page],
    }
    return render(request, "finance/ledger/account.html", shown)


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def ledger_close(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Close a month, or say what keeps it open."""
    form = MonthForm(request.GET)
    if not form.is_valid():
        return redirect("finance:ledger_month", operator.slug)
    month: date = form.cleaned_data["month"]
    try:
        services.close(month, by=request.user, at=timezone.now())
    except BillingError as problem:
        messages.error(request, why(problem))
    else:
        messages.success(request, _("%(month)s is closed.") % {"month": measures.month(month)})
    return redirect(f"{reverse('finance:ledger_month', args=[operator.slug])}?{_query(month)}")


def _asked(request: SignedInRequest, usual: date) -> tuple[MonthForm, date]:
    """The month that is asked for, or the usual one."""
    form = MonthForm({"month": request.GET.get("month") or f"{usual:%Y-%m}"})
    return form, form.cleaned_data["month"] if form.is_valid() else usual


def _query(month: date) -> str:
    return f"month={month:%Y-%m}"


def _what(operator: Operator, entry: LedgerEntry, source: Any) -> tuple[str, str]:
    """What an entry is of, in words, and the way to it."""
    name, page, about = _ABOUT[entry.kind](source)
    text = " ".join(filter(None, ("" if entry.kind == Kind.DOCUMENT else entry.get_kind_display(), name)))
    return text, reverse(f"finance:{page}", args=[operator.slug, about.public_id])


Kind = LedgerEntry.Kind
#: Of what happened: its name beside that of its kind, the page it is on, and whose page that is.
_ABOUT: dict[str, Callable[[Any], tuple[str, str, Any]]] = {
    Kind.DOCUMENT: lambda row: (str(row), "invoice_detail", row),
    Kind.PAYMENT: lambda row: ("", "payment_detail", row),
    Kind.MATCH: lambda row: (str(row.invoice or ""), "payment_detail", row.payment),
    Kind.WRITE_OFF: lambda row: (str(row.invoice), "invoice_detail", row.invoice),
    Kind.STATEMENT: lambda row: (row.account.name, "statement_detail", row),
    Kind.PAYOUT: lambda row: (row.statement.account.name, "statement_detail", row.statement),
}


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()
