"""Reminders: the operator's steps and terms are kept, and what a person looked at is sent, each once.

Nothing is sent by itself. What is due for its next step is worked out anew whenever it is looked at
(`billing.selectors.reminders`), so what was paid, credited or disputed meanwhile drops out; sending works it out once
more while payments and disputes wait, and writes down what was sent. The database keeps each step of an invoice from
being taken twice.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.db import transaction

from billing.documents import paying, words
from billing.domain import money, own_words
from billing.domain.calendar import day_of
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import BilledFee, Invoice, Receivable, Reminder, ReminderStep, ReminderTerms
from billing.selectors import reminders as selector
from billing.selectors.reminders import Proposal
from billing.services import approved, late_charges, letters, payments
from billing.services.late_charges import Charge, Part
from tenants.figures import figures
from tenants.log import audit
from tenants.models import Account, Operator, User
from tenants.scoping import current_operator_id

#: So many invoices are reminded of in one act.
MOST: Final = 50
#: What was looked at so long ago may still be sent as it was: as long as a second person has to decide.
LOOKED_AT_WITHIN: Final = timedelta(days=4)
Late = BilledFee.Late
_COSTS_TEXT: Final = {Reminder.Costs.FEE: "late_fee", Reminder.Costs.COMPENSATION: "late_compensation"}


class RemindersRefused(BillingError):
    """Steps contradict each other, or there is nothing to send."""

    usual = Code.REMINDER_NOTHING


@transaction.atomic
def keep_steps(steps: Sequence[ReminderStep]) -> None:
    """Put these steps in the place of those there are. What was sent stays, and counts on by its number.

    Raises:
        RemindersRefused: two are on one day, handing over is not the last one, or a text names what is not known.
    """
    Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())  # one list after the other
    ordered = sorted(steps, key=lambda step: step.days)
    _check_steps(ordered)
    ReminderStep.objects.all().delete()
    ReminderStep.objects.bulk_create(ordered)
    audit.record(Event.REMINDER_STEPS_CHANGED, steps=[f"{step.days} {step.what}" for step in ordered])


def _check_steps(ordered: Sequence[ReminderStep]) -> None:
    for step, after in pairwise(ordered):
        if step.days == after.days:
            raise RemindersRefused(Code.REMINDER_STEP_TWICE, field="days", value=step.days)
        if step.what == ReminderStep.What.COLLECTION:
            raise RemindersRefused(Code.REMINDER_STEPS_ORDER, field="what", value=step.days)
    for step in ordered:
        for text in step.texts.values():
            if names := own_words.unknown(text, own_words.OF_REMINDERS):
                raise RemindersRefused(Code.REMINDER_PLACEHOLDER, field="text", value=names[0])


@transaction.atomic
def keep(steps: Sequence[ReminderStep], *, fee_since: date | None, due_day_agreed: bool, least: Decimal) -> None:
    """Keep the steps, and what was agreed with everybody.

    Raises:
        RemindersRefused: as `keep_steps`.
    """
    keep_steps(steps)
    keep_terms(None, fee_since=fee_since, due_day_agreed=due_day_agreed, least=least)


def keep_terms(
    account: Account | None, *, fee_since: date | None, due_day_agreed: bool, least: Decimal = Decimal(0)
) -> ReminderTerms:
    """Keep what was agreed with everybody, or with one account."""
    given = {"fee_since": fee_since, "due_day_agreed": due_day_agreed, "least": least}
    return ReminderTerms.objects.update_or_create(account=account, defaults=given)[0]


@transaction.atomic
def drop_terms(account: Account) -> None:
    """Let what was agreed with everybody count for the account."""
    for row in ReminderTerms.objects.filter(account=account):
        row.delete()


def chosen(invoices: Iterable[Invoice], *, as_of: date) -> list[Proposal]:
    """What of these invoices is due for its next step on the day, worked out now.

    Raises:
        RemindersRefused: nothing of them is, or the day is not one on which somebody just looked.
    """
    keys = [invoice.pk for invoice in invoices][:MOST]
    rows = selector.due(as_of).filter(invoice__in=keys).select_related("invoice__account__identity", "invoice__buyer")
    found = selector.proposals(rows, today=as_of)
    if not found:
        raise RemindersRefused(Code.REMINDER_NOTHING, field="invoices")
    return found


def facts(proposed: Sequence[Proposal], *, as_of: date) -> dict[str, Any]:
    """What a second person approves: which invoices, how many of what, what is asked beside them, and a hash of all."""
    told = [
        (
            str(each.receivable.invoice),
            each.nth,
            each.step.what,
            each.receivable.rest,
            each.receivable.waits,
            each.costs,
            each.interest,
        )
        for each in proposed
    ]
    return {
        "as_of": as_of.isoformat(),
        "invoices": [number for number, *_ in told],
        "reminders": sum(each.step.what == ReminderStep.What.REMINDER for each in proposed),
        "handed_over": sum(each.step.what == ReminderStep.What.COLLECTION for each in proposed),
        "amounts": {currency: str(amount) for currency, amount in selector.sums(proposed).items()},
        "items_sha256": hashlib.sha256(repr(told).encode()).hexdigest(),
    }


def subject(proposed: Sequence[Proposal]) -> uuid.UUID:
    """What an approval of these is about: the same invoices are the same subject."""
    keys = sorted(str(each.receivable.invoice.public_id) for each in proposed)
    return uuid.uuid5(uuid.UUID(keys[0]), " ".join(keys))


@transaction.atomic
def send(invoices: Iterable[Invoice], *, by: User | None, at: datetime, as_of: date | None = None) -> list[Reminder]:
    """Take the next step of these invoices: issue what is asked beside them, and write down what was sent.

    as_of: the day by which a person looked at it and by which interest is counted; today if it is not given.

    Raises:
        NotApproved: the operator wants a second person, and none has approved exactly this.
        RemindersRefused: nothing of it is due any more.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    today = day_of(at, operator.time_zone)
    as_of = as_of or today
    if not timedelta(0) <= today - as_of <= LOOKED_AT_WITHIN:
        raise RemindersRefused(Code.REMINDER_DAY, field="as_of", value=as_of.isoformat())
    invoices = list(invoices)[:MOST]
    payments.hold_turn()
    _hold(invoices)
    proposed = chosen(invoices, as_of=as_of)
    told = facts(proposed, as_of=as_of)
    approved.claim(approved.REMIND, subject=subject(proposed), facts=lambda: told, at=at)
    asking = [each for each in proposed if each.asked]
    charges = [_charge(each, operator, as_of) for each in asking]
    documents, issued = late_charges.issue(charges, operator=operator, at=at, today=today)
    on = {each.receivable.invoice_id: document for each, document in zip(asking, documents, strict=True)}
    sent = Reminder.objects.bulk_create(
        [_reminder(each, on.get(each.receivable.invoice_id), operator, today=today, by=by) for each in proposed]
    )
    letters.mail_reminders(sent, by=by, at=at)
    counted = {name: told[name] for name in ("reminders", "handed_over", "amounts", "items_sha256")}
    audit.record(Event.REMINDERS_SENT, **counted, first_number=issued.first, last_number=issued.last)
    return sent


def _hold(invoices: Sequence[Invoice]) -> None:
    """Wait for whoever disputes or credits one of them, or let them wait until this transaction is over.

    They hold the invoice before what is open of it, and the database holds what is open in order of invoice: in another
    order, two wait for each other. What is sent only refers to an invoice, which `no_key` leaves free for others.
    """
    keys = [invoice.pk for invoice in invoices]
    found = Invoice.objects.filter(pk__in=keys).order_by("pk")
    open_ = Receivable.objects.filter(invoice__in=keys).order_by("invoice_id")
    for rows in (found, open_):
        list(rows.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _charge(proposal: Proposal, operator: Operator, as_of: date) -> Charge:
    invoice = proposal.receivable.invoice
    language = invoice.account.language or operator.language
    said = words.of(language)
    parts = []
    if proposal.costs:
        text = said[_COSTS_TEXT[Reminder.Costs(proposal.costs_kind)]].format(number=invoice)
        parts.append(Part(text, proposal.costs, Late.COSTS))
    if proposal.interest:
        text = said["late_interest"].format(day=figures(language).day(as_of), number=invoice)
        parts.append(Part(text, proposal.interest, Late.INTEREST))
    return Charge(invoice, parts)


def _reminder(
    proposal: Proposal, charge: Invoice | None, operator: Operator, *, today: date, by: User | None
) -> Reminder:
    row = proposal.receivable
    return Reminder(
        account_id=row.account_id,
        invoice=row.invoice,
        nth=proposal.nth,
        what=proposal.step.what,
        sent_on=today,
        currency=row.currency,
        rest=row.rest,
        disputed=row.waits,
        costs_kind=proposal.costs_kind,
        costs=proposal.costs,
        interest=proposal.interest,
        charge=charge,
        text=written(proposal, operator, today=today),
        sent_by=by,
    )


def written(proposal: Proposal, operator: Operator, *, today: date) -> str:
    """The operator's own words of the step in the payer's language, with their facts; empty where it has none."""
    row, invoice = proposal.receivable, proposal.receivable.invoice
    language = "sv" if (invoice.account.language or operator.language).startswith("sv") else "en"
    said = figures(language)
    text = proposal.step.texts.get(language, "")
    due = row.due_on or today
    return own_words.filled(
        text,
        {
            "invoice": str(invoice),
            "due": said.day(due),
            "unpaid": said.money(
                money.from_minor(row.asked, row.currency), row.currency, money.minor_digits(row.currency)
            ),
            "days": str((today - due).days),
            "reference": invoice.payment_reference,
            "bankgiro": invoice.seller.get("bankgiro", ""),
            "account": paying.pays_to(invoice.seller, row.currency),
        },
    )
