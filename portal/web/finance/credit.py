"""Crediting an invoice: all that is left of it, some of its sessions, or an amount on a line."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain import money
from billing.domain.errors import BillingError
from billing.models import Invoice, InvoiceLine
from billing.selectors import credit_reasons, credits, invoices
from billing.selectors.credits import EVERYTHING, Asked, Comes
from billing.services import approved, credit_notes
from billing.services import second_person as services_of_two
from charging.models import ChargingSession
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists, second_person
from portal.web.finance.invoices import SESSIONS_SHOWN, invoice_or_404
from portal.web.finance.tariffs.fields import PriceField
from portal.words import invoices as invoice_words
from portal.words import measures
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes

ALL, SOME = "all", "some"
#: More than any line may come to (`docs/rounding.md`).
MOST = 100_000_000


class CreditForm(forms.Form):
    """What is taken back of an invoice, why, and what becomes of its sessions; the customer reads why on the note.

    For each line shown there is a field of its own, for an amount, and for each session a tick.
    """

    scope = forms.ChoiceField(
        label=_("What"),
        choices=[(ALL, _("All that is left of the invoice")), (SOME, _("What is ticked or filled in below"))],
        widget=forms.RadioSelect,
        initial=ALL,
        required=False,
    )
    reason = forms.ChoiceField(label=_("Reason"), help_text=_("Stands on the credit note."))
    words = forms.CharField(label=_("In your own words"), max_length=190, required=False)
    then = forms.ChoiceField(
        label=_("Sessions of which nothing is left"),
        choices=list(invoice_words.AFTER_CREDIT.items()),
        initial=ChargingSession.Review.PENDING.value,
        required=False,
    )

    def __init__(self, data: Any, *, invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
        super().__init__(data)
        self.invoice = invoice
        language = invoice.account.language or str(invoice.seller.get("language", ""))
        said = [reason.in_language(language) for reason in credit_reasons.reasons()]
        chosen: Any = self.fields["reason"]
        chosen.choices = [("", _("Choose…")), *((words, words) for words in said)]
        firsts = {line.session_id or -line.position: line.position for line in reversed(lines)}
        self.fields["whole"] = forms.MultipleChoiceField(
            choices=[(str(first), str(first)) for first in firsts.values()], required=False
        )
        self.positions = [line.position for line in lines]
        for position in self.positions:
            self.fields[f"amount_{position}"] = PriceField(
                most=MOST,
                decimal_places=money.minor_digits(invoice.currency),
                label=gettext("Amount to credit of line %(line)s") % {"line": position},
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["why"] = ": ".join(filter(None, (data.get("reason"), data.get("words"))))
        data["then"] = data.get("then") or ChargingSession.Review.PENDING.value
        ticked = [int(first) for first in data.get("whole", [])]
        amounts = {position: data.get(f"amount_{position}") for position in self.positions}
        chosen: dict[int, Decimal | None] = dict.fromkeys(credits.positions_of(self.invoice, ticked)) if ticked else {}
        for position, amount in amounts.items():
            if amount and position in chosen:
                self.add_error(f"amount_{position}", gettext("The whole session is ticked already."))
            elif amount:
                chosen[position] = amount
        if data.get("scope") == SOME and not chosen and not self.errors:
            self.add_error("scope", gettext("Tick a session, or fill in an amount."))
        if data.get("scope") != SOME and chosen:
            self.add_error("scope", gettext("Something is ticked or filled in below. Choose one or the other."))
        data["asked"] = Asked(chosen) if chosen else EVERYTHING
        return data


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
def invoice_credit(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Ask what and why, show what it comes to; then issue the credit note and show it.

    Where the operator wants two people for issuing, a second one is asked instead.
    """
    invoice = invoice_or_404(invoice_id)
    shown = lists.numbered(invoices.sessions(invoice), request, size=SESSIONS_SHOWN)
    lines = invoices.lines(invoice, of=shown)
    form = CreditForm(request.POST or None, invoice=invoice, lines=lines)
    needs_second = four_eyes.is_needed(approved.CREDIT)
    page: dict[str, Any] = {"nav": "invoices", "invoice": invoice, "form": form, "needs_second": needs_second}
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            page["preview"] = _preview(invoice, form)
        else:
            answer = (_asked if needs_second else _credited)(request, operator, invoice, form)
            if answer is not None:
                return answer
    page["approval"] = approvals.open_about(approved.CREDIT, invoice.public_id, at=timezone.now())
    page |= {"shown": shown, "rows": _rows(invoice, lines, form), "left": credits.left(invoice)}
    return render(request, "finance/invoices/credit.html", page, status=400 if form.errors else 200)


def _rows(invoice: Invoice, lines: Sequence[InvoiceLine], form: CreditForm) -> list[dict[str, Any]]:
    """The sessions with what is left of each line, its field, and whether the session is ticked."""
    groups = invoice_words.by_session(invoice, lines, credits.by_position(invoice, lines))
    ticked = form["whole"].value() or []
    return [
        {
            "group": group,
            "first": group.lines[0].position,
            "is_ticked": str(group.lines[0].position) in ticked,
            "lines": [(line, form[f"amount_{line.position}"]) for line in group.lines],
        }
        for group in groups
    ]


def _preview(invoice: Invoice, form: CreditForm) -> dict[str, Any] | None:
    """What the note would say and leave; None when it would be refused, with the reason in the form."""
    data = form.cleaned_data
    try:
        comes = credit_notes.check(invoice, data["why"], data["asked"], data["then"])
    except BillingError as problem:
        form.add_error(None, ValidationError(why(problem)))
        return None
    left = credits.left(invoice).amount_due - comes.amount_due
    rates = credits.vat_of(invoice, data["asked"])
    return {"comes": comes, "left": left, "vat_rows": _vat_rows(invoice, rates), "lead": _lead(comes)}


def _vat_rows(invoice: Invoice, rates: Sequence[tuple[Decimal | None, Decimal, Decimal]]) -> list[invoice_words.Vat]:
    return [invoice_words.vat(rate, base, vat, invoice.currency) for rate, base, vat in rates]


def _lead(comes: Comes) -> str:
    if not comes.released:
        return gettext("No session is undone wholly; all stay billed, for less.")
    return gettext("Sessions of which nothing is left: %(count)s.") % {"count": measures.number(comes.released)}


def _credited(request: SignedInRequest, operator: Operator, invoice: Invoice, form: CreditForm) -> HttpResponse | None:
    """Credit the invoice, or put the reason why not into the form."""
    data = form.cleaned_data
    try:
        note = credit_notes.credit(
            invoice,
            reason=data["why"],
            by=request.user,
            at=timezone.now(),
            asked=data["asked"],
            then=data["then"],
        )
    except BillingError as problem:
        form.add_error(None, ValidationError(why(problem)))
        return None
    said = (
        gettext("%(note)s credits a part of %(invoice)s.")
        if note.leaves_rest
        else gettext("%(note)s credits %(invoice)s in full.")
    )
    messages.success(request, said % {"note": note, "invoice": invoice})
    return redirect("finance:invoice_detail", operator.slug, note.public_id)


def _asked(request: SignedInRequest, operator: Operator, invoice: Invoice, form: CreditForm) -> HttpResponse | None:
    """Ask a second person to let exactly this be credited, for exactly this reason."""
    data = form.cleaned_data
    return second_person.ask(
        request,
        operator,
        lambda: services_of_two.ask_to_credit(
            invoice,
            reason=data["why"],
            by=request.user,
            at=timezone.now(),
            asked=data["asked"],
            then=data["then"],
        ),
    )
