"""Re-rating: what was billed wrongly is credited and billed anew, for everybody it concerns, in one go.

Asked for, worked out, decided, carried out. Working out does for each invoice exactly what carrying out would do, and
rolls it back: the figures that people decide on are those of the documents themselves. Carried out, each invoice is one
transaction that leaves its credit note, the new invoice and the mark that it is done, or nothing; so whoever is killed
or comes twice does everything once. What would come out otherwise than was decided is not done, and says so; and no
session is credited that could not be billed anew.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Sum

from billing.domain.calendar import day_of
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import BilledSession, Invoice, InvoiceLine, RerateItem, Rerating, SessionPrice
from billing.models.billing_status import BILLED_ANEW
from billing.selectors import reratings
from billing.selectors.credits import Asked
from billing.selectors.day_sums import midnight
from billing.services import approved, corrections, credit_notes, drafting, issued_names, issuing, rating
from billing.sql import rerating as sql
from charging.models import ChargingSession, Correction
from charging.site_scope import limited_to
from tenants import work
from tenants.log import audit
from tenants.models import Operator, User
from tenants.scoping import current_operator_id

Stage, State, Why = Rerating.Stage, RerateItem.State, Rerating.Why


class ReratingRefused(BillingError):
    """The re-rating cannot take this step."""


@dataclass(frozen=True, slots=True)
class Redone:
    """What an invoice's part came to, with VAT: credited, and billed anew; and of which sessions something changes.

    differences, said: as `RerateItem` has them.
    payers: who is billed anew where that is not the invoice's payer alone, as `RerateItem.facts` has it.
    """

    credited: Decimal
    billed: Decimal
    payers: Mapping[str, Any]
    changed: Sequence[int]
    differences: Sequence[Decimal]
    said: str
    documents: Sequence[int]


@transaction.atomic
def ask(
    *,
    why: str,
    reason: str,
    since: date,
    until: date,
    sites: Sequence[int],
    accounts: Sequence[int],
    by: User | None,
    at: datetime,
) -> Rerating:
    """Have it worked out what a re-rating of these sessions would come to. Nothing is decided.

    reason: stands on the credit notes. since, until: days on which sessions ended. sites, accounts: none is all.

    Raises:
        ReratingRefused: the days are the wrong way round, or there is no reason.
    """
    if since > until:
        raise ReratingRefused(Code.FEE_ENDS_FIRST, field="until", value=f"{until}")
    if not 0 < len(reason.strip()) <= 300:
        raise ReratingRefused(Code.CREDIT_NEEDS_REASON, field="reason", value=reason[:40])
    row = Rerating.objects.create(
        why=why,
        reason=reason.strip(),
        since=since,
        until=until,
        sites=list(sites),
        accounts=list(accounts),
        requested_by=by,
        requested_at=at,
        queued_at=at,
    )
    audit.record(Event.RERATING_ASKED, about=row, reason=row.reason)
    work.enqueue(row)
    return row


@transaction.atomic
def decide(rerating: Rerating, *, by: User | None, at: datetime) -> Rerating:
    """Let it be carried out, in the background. Repeating it changes nothing.

    Where the operator wants a second person for issuing, this uses up the approval of exactly these figures.

    Raises:
        ReratingRefused: it is not worked out yet, or nothing would change.
        NotApproved: a second person has not approved it.
    """
    row = Rerating.objects.select_for_update(of=("self",)).get(pk=rerating.pk)
    if row.stage in (Stage.CARRIED_OUT, Stage.FINISHED):
        return row
    check_ready(row)
    approved.claim(approved.RERATE, subject=row.public_id, facts=lambda: reratings.facts(row), at=at)
    row.stage, row.decided_at = Stage.CARRIED_OUT, at
    row.state, row.attempts, row.leased_until, row.queued_at = Rerating.State.WAITING, 0, None, at
    row.error, row.error_facts = "", {}
    row.done, row.total = 0, row.items.filter(state=State.CHANGES).count()
    row.save()
    audit.record(Event.RERATING_DECIDED, about=row, reason=row.reason, decided_by=by.pk if by else None)
    work.enqueue(row)
    return row


def check_ready(rerating: Rerating) -> None:
    """Refuse to decide on what is not worked out, or changes nothing.

    Raises:
        ReratingRefused: it is so.
    """
    if rerating.stage != Stage.READY:
        raise ReratingRefused(Code.RERATING_NOT_READY, field="stage", value=rerating.stage)
    if not rerating.items.filter(state=State.CHANGES).exists():
        raise ReratingRefused(Code.RERATING_CHANGES_NOTHING, field="stage", value=rerating.stage)


def plan(rerating: Rerating) -> int:
    """Write down which invoices it reaches; return how many they are. Repeating it adds none."""
    operator = Operator.objects.get(pk=rerating.operator_id)
    values: dict[str, Any] = {
        "operator": operator.pk,
        "rerating": rerating.pk,
        "begin": midnight(rerating.since, operator.zone),
        "end": midnight(date.fromordinal(rerating.until.toordinal() + 1), operator.zone),
        "sites": rerating.sites,
        "accounts": rerating.accounts,
        "corrected": rerating.why == Why.METER,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.PLAN, values)
    return rerating.items.count()


@limited_to(None)  # a re-rating bills every session it was asked for, whoever works it out
@transaction.atomic
def work_out(item_id: int, *, at: datetime) -> None:
    """Find out what one invoice's part comes to: do it, note the figures, and undo it.

    Sessions that would be billed as before are left out of it, so that no document says what nobody needs.
    """
    item = _held(item_id, State.PLANNED)
    if item is None:
        return
    try:
        found = _tried(item, item.sessions, at=at)
        if 0 < len(found.changed) < len(item.sessions):
            item.sessions = list(found.changed)
            found = _tried(item, item.sessions, at=at)
    except BillingError as refusal:
        _refuse(item, refusal)
    else:
        item.credited, item.billed = found.credited, found.billed
        item.differences, item.said = list(found.differences), found.said
        item.state = State.CHANGES if found.changed else State.SAME
        item.facts = {"payers": found.payers} if found.payers else {}
    item.save()


@limited_to(None)
@transaction.atomic
def carry_out(item_id: int, *, at: datetime) -> None:
    """Credit one invoice's part and bill it anew, whole or not at all. Safe to call twice and by two at once."""
    item = _held(item_id, State.CHANGES)
    if item is None:
        return
    try:
        with transaction.atomic():
            found = _redone(item, item.sessions, at=at)
            said = item.said or found.said  # empty: worked out before that was noted
            seen = item.credited, item.billed, said, item.facts.get("payers", {})
            if (found.credited, found.billed, found.said, found.payers) != seen:
                raise ReratingRefused(Code.RERATING_OUTDATED, field="amount_due", value=found.billed)
    except BillingError as refusal:
        _refuse(item, refusal)
    else:
        item.state, item.documents = State.DONE, list(found.documents)
    item.save()


@transaction.atomic
def leave_out(item_id: int) -> None:
    """Note that one invoice cannot be re-rated for a reason that nobody foresaw; the others are."""
    undone = RerateItem.objects.filter(pk=item_id, state__in=[State.PLANNED, State.CHANGES])
    undone.update(state=State.REFUSED, code=Code.RERATING_FAILED, facts={})


@transaction.atomic
def finish(rerating: Rerating, *, at: datetime) -> None:
    """Say what it came to once everything is done."""
    row = Rerating.objects.select_for_update(of=("self",)).get(pk=rerating.pk)
    if row.stage == Stage.FINISHED:
        return
    row.stage, row.finished_at = Stage.FINISHED, at
    row.save(update_fields=["stage", "finished_at"])
    sums = row.items.filter(state=State.DONE).aggregate(
        credited=Sum("credited", default=0), due=Sum("billed", default=0)
    )
    audit.record(
        Event.RERATING_FINISHED,
        about=row,
        invoices=row.items.filter(state=State.DONE).count(),
        amount_due=str(sums["due"] - sums["credited"]),
        problems=row.items.filter(state=State.REFUSED).count(),
    )


def _held(item_id: int, state: str) -> RerateItem | None:
    """The item, if it is still to be done; whoever comes second waits here until the first is through."""
    rows = RerateItem.objects.select_for_update(of=("self",)).select_related("rerating")
    return rows.filter(pk=item_id, state=state).first()


def _refuse(item: RerateItem, refusal: BillingError) -> None:
    item.state, item.code, item.facts = State.REFUSED, refusal.code, refusal.facts


def _tried(item: RerateItem, sessions: Sequence[int], *, at: datetime) -> Redone:
    """What doing it would come to; nothing of it stays."""
    with transaction.atomic():
        found = _redone(item, sessions, at=at)
        transaction.set_rollback(True)
    return found


def _redone(item: RerateItem, sessions: Sequence[int], *, at: datetime) -> Redone:
    """Credit the sessions, price them by what is right now, and bill them anew."""
    rerating = item.rerating
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("account").get(pk=item.invoice_id)
    positions = InvoiceLine.objects.filter(invoice=invoice, session__in=sessions).values_list("position", flat=True)
    asked = Asked(dict.fromkeys(positions))
    comes = credit_notes.check(invoice, rerating.reason, asked, BILLED_ANEW)
    note = credit_notes.issue(
        invoice, comes, reason=rerating.reason, by=rerating.requested_by, at=at, asked=asked, then=BILLED_ANEW
    )
    anew = _corrected(sessions, rerating, at=at) if rerating.why == Why.METER else list(sessions)
    rating.rate(anew)
    drafts = drafting.draft_anew(invoice, sessions=anew, at=at)
    _check_whole(anew, drafts)
    billed = _issue(invoice, drafts, at=at)
    payers = _payers(invoice, drafts)
    before, (after, replaced) = _lines(note, [note.pk]), _in_their_place(_lines(note, drafts), sessions)
    otherwise = replaced | (_moved(invoice, drafts) if payers else set())
    otherwise |= {each for each in sessions if before.get(each, NOTHING).told != after.get(each, NOTHING).told}
    return Redone(
        -note.amount_due,
        billed,
        payers,
        changed=[each for each in sessions if each in otherwise],
        differences=[after.get(each, NOTHING).amount + before.get(each, NOTHING).amount for each in sessions],
        said=hashlib.sha256(str(sorted(after.items())).encode()).hexdigest(),
        documents=[note.pk, *drafts],
    )


def _issue(original: Invoice, drafts: Sequence[int], *, at: datetime) -> Decimal:
    """Number the new invoices; return what they come to. They keep the names of what they say with the original's."""
    operator = Operator.objects.get(pk=current_operator_id())
    if original.run is not None:
        issued_names.keep(original.run, of=drafts)
    rows = Invoice.objects.filter(pk__in=drafts)
    return issuing.issue(rows, operator=operator, at=at, issued_on=day_of(at, operator.time_zone)).amount_due


def _check_whole(sessions: Sequence[int], drafts: Sequence[int]) -> None:
    """Refuse to leave a credited session unbilled that is not free: without a price or payer, or under review."""
    billed = BilledSession.objects.filter(session__in=sessions, invoice__in=drafts).values("session")
    free = SessionPrice.objects.filter(session__in=sessions, state=SessionPrice.State.FREE).values("session")
    left = ChargingSession.objects.filter(pk__in=sessions).exclude(pk__in=billed).exclude(pk__in=free).count()
    if left:
        raise ReratingRefused(Code.RERATING_LEAVES_OUT, field="session", value=left)


def _corrected(sessions: Sequence[int], rerating: Rerating, *, at: datetime) -> list[int]:
    """Take over what is said of the sessions otherwise; return those that are billed now."""
    rows = list(Correction.objects.filter(session__in=sessions, state=Correction.State.OPEN).select_related("session"))
    outcome = corrections.take_over(rows, reason=rerating.reason, at=at)
    if outcome.refused:
        raise ReratingRefused(Code.RERATING_CORRECTION_REFUSED, field="session", value=len(outcome.refused))
    replaced = Correction.objects.filter(session__in=sessions, replaced_by__isnull=False)
    others = ChargingSession.objects.filter(pk__in=sessions).exclude(review=ChargingSession.Review.WRITTEN_OFF)
    return sorted({*replaced.values_list("replaced_by", flat=True), *others.values_list("pk", flat=True)})


def _moved(invoice: Invoice, drafts: Sequence[int]) -> set[int]:
    """The sessions that others than the invoice's payer are billed anew."""
    rows = BilledSession.objects.filter(invoice__in=drafts).exclude(invoice__account=invoice.account_id)
    return set(rows.values_list("session", flat=True))


def _payers(invoice: Invoice, drafts: Sequence[int]) -> dict[str, Any]:
    """Who is billed anew, how much and for how many sessions; nothing where that is the invoice's payer alone.

    Since it was billed, a driver or card may have been moved to another account for the time.
    """
    rows = Invoice.objects.filter(pk__in=drafts).order_by("account").values_list("account")
    found = list(rows.annotate(Sum("amount_due"), Sum("session_count")))
    if all(account == invoice.account_id for account, _, _ in found):
        return {}
    return {str(account): {"billed": str(due), "sessions": count} for account, due, count in found}


class Said(NamedTuple):
    """What a document says of a session, and what that comes to with VAT."""

    told: list[str]
    amount: Decimal


NOTHING: Final = Said([], Decimal("0.00"))


def _lines(note: Invoice, documents: Sequence[int]) -> dict[int, Said]:
    zone = Operator.objects.values_list("time_zone", flat=True).get(pk=note.operator_id)
    with connection.cursor() as cursor:
        cursor.execute(sql.LINES, {"operator": note.operator_id, "documents": list(documents), "zone": zone})
        return {session: Said(told, amount) for session, told, amount in cursor.fetchall()}


def _in_their_place(lines: Mapping[int, Said], sessions: Sequence[int]) -> tuple[dict[int, Said], set[int]]:
    """What is said now of each of these sessions, and which of them a correction replaced: of those, of the new one."""
    replaced = Correction.objects.filter(session__in=sessions, replaced_by__in=list(lines))
    before = dict(replaced.values_list("replaced_by", "session"))
    return {before.get(session, session): said for session, said in lines.items()}, set(before.values())
