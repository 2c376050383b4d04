"""Invoice runs: one month of all accounts, drafted in chunks, reviewed, issued.

Why every session is billed once, whatever is killed, lost, doubled or started twice:

- a chunk is one transaction: it leaves its invoices and the mark that it is done, or nothing;
- the lock on the chunk's row keeps a second worker out until the first has ended, however it ended;
- prices are locked while an invoice takes them, so they cannot change underneath;
- behind it all the unique index of `BilledSession` refuses a session's second invoice, and the constraint of
  `BilledFee` a second charge of a fee's day.

`services.run_steps` draws the steps of this together for whoever works a chunk off.
"""

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from billing.domain.calendar import day_of, month_bounds
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import (
    BilledFee,
    BilledSession,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    InvoiceVat,
    RunChunk,
    RunProblem,
    RunRemark,
    SessionPrice,
)
from billing.selectors import approval_facts, run_checks, unbilled
from billing.selectors import runs as run_rows
from billing.services import approved, drafted_prices, drafting, issued_names, issuing, letters, rating
from billing.sql.remarks import NOTHING, REMARK
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants import analyze, work
from tenants.actor import acting_for
from tenants.log import audit
from tenants.models import Account, Operator, User
from tenants.models.work import OPEN
from tenants.scoping import current_operator_id
from tenants.services import mail

CHUNK_SESSIONS = 20_000
#: A run that has written more rows than this is read by fresh statistics.
NEW_ROWS = 1_000


class RunRefused(BillingError):
    """A run cannot take the step that was asked for."""


@transaction.atomic
def start(*, month: date, by: User | None, at: datetime) -> InvoiceRun:
    """Start the run of a month, or return the one there is: two starts at once make one run.

    month: any day of it. Plans the chunks; a task drafts each.

    Raises:
        RunRefused: the month has not ended by the operator's clock.
    """
    # Locking the operator puts starts in a line: the second one finds what the first one made.
    operator = Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())
    month = month.replace(day=1)
    existing = InvoiceRun.objects.filter(month=month).first()
    if existing is not None:
        return existing
    until = month_bounds(month, operator.time_zone)[1]
    if until > at:
        raise RunRefused(Code.MONTH_NOT_ENDED, month=f"{month:%Y-%m}", field="month", value=month)
    analyze.refresh(ChargingSession, SessionPrice, BilledSession, Invoice, InvoiceLine, most=NEW_ROWS)
    run = InvoiceRun.objects.create(month=month, until=until, started_by=by, started_at=at)
    chunks = _plan(run)
    if chunks:
        work.enqueue(chunks[0], rows=len(chunks))
    close_if_done(run, at=at)
    return run


@limited_to(None)  # a run bills every session, whoever asked for it
def bill_chunk(chunk_id: int, *, at: datetime) -> int:
    """Draft the invoices of one chunk's accounts, whole or not at all; return how many sessions they bill.

    Safe to call twice and by two workers at once: who comes second finds the chunk locked or done and does nothing.
    """
    with transaction.atomic():
        chunk = (
            RunChunk.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("run")
            .filter(OPEN, pk=chunk_id, run__state=InvoiceRun.State.RUNNING)
            .first()
        )
        if chunk is None:
            return 0
        rating.rate(unbilled.unrated_ids(chunk.run, chunk.first_account_id, chunk.last_account_id))
        drafted = drafting.draft(chunk.run, first=chunk.first_account_id, last=chunk.last_account_id, at=at)
        chunk.sites, chunk.stations, chunk.versions = drafted.sites, drafted.stations, drafted.versions
        chunk.state, chunk.error, chunk.error_facts = RunChunk.State.DONE, "", {}
        chunk.save(update_fields=["state", "error", "error_facts", "sites", "stations", "versions"])
        # Last, as it keeps other chunks' ends waiting until this one has committed.
        InvoiceRun.objects.filter(pk=chunk.run_id).update(sessions_done=F("sessions_done") + chunk.sessions)
    return drafted.sessions


@transaction.atomic
def divide(chunk: RunChunk, *, at: datetime) -> bool:
    """Cut a chunk that cannot be drafted in two, so that only a part stays stuck; False when it is one account's."""
    if chunk.first_account_id == chunk.last_account_id:
        return False
    middle = (chunk.first_account_id + chunk.last_account_id) // 2
    later = RunChunk.objects.create(
        run_id=chunk.run_id,
        first_account_id=middle + 1,
        last_account_id=chunk.last_account_id,
        sessions=chunk.sessions // 2,
        queued_at=at,
    )
    RunChunk.objects.filter(pk=chunk.pk).update(last_account_id=middle, sessions=chunk.sessions - later.sessions)
    return True


@transaction.atomic
def leave_out(chunk: RunChunk, *, code: str, facts: dict[str, Any]) -> None:
    """End the chunk of a single account that cannot be billed, with a problem that a person sees on the run's page."""
    if Account.objects.filter(pk=chunk.first_account_id).exists():
        RunProblem.objects.update_or_create(
            run_id=chunk.run_id, account_id=chunk.first_account_id, defaults={"code": code, "facts": facts}
        )
    work.finish(chunk)
    InvoiceRun.objects.filter(pk=chunk.run_id).update(sessions_done=F("sessions_done") + chunk.sessions)


@transaction.atomic
def close_if_done(run: InvoiceRun, *, at: datetime) -> bool:
    """Make the run ready to be issued once every chunk is done. Returns whether it is."""
    run = InvoiceRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state != InvoiceRun.State.RUNNING:
        return True
    if run.chunks.exclude(state=RunChunk.State.DONE).exists():
        return False
    run.state, run.drafted_at = InvoiceRun.State.READY, at
    run.sessions_done = run.sessions_total
    sums = run.invoices.aggregate(sessions=Sum("session_count"), due=Sum("amount_due"))
    analyze.refresh(BilledSession, Invoice, InvoiceLine, InvoiceVat, SessionPrice, most=NEW_ROWS)
    _remark(run)
    with acting_for(run.started_by_id):
        run.save(update_fields=["state", "drafted_at", "sessions_done", "updated_at"])
        audit.record(
            Event.RUN_DRAFTED,
            about=run,
            invoices=run.invoices.count(),
            sessions=sums["sessions"] or 0,
            amount_due=str(sums["due"] or 0),
            problems=run.problems.count(),
        )
    return True


def _remark(run: InvoiceRun) -> None:
    """Note what is odd about the drafts, and who got none although there was one in both runs before."""
    with connection.cursor() as cursor:
        cursor.execute(REMARK, {"operator": run.operator_id, "run": run.pk})
        before = run_rows.before(run)
        earlier = run_rows.before(before) if before else None
        if before and earlier:
            since, until = month_bounds(run.month, Operator.objects.get(pk=run.operator_id).time_zone)
            known: dict[str, Any] = {"before": before.pk, "earlier": earlier.pk, "since": since, "until": until}
            cursor.execute(NOTHING, {"operator": run.operator_id, "run": run.pk, **known})


def stalled(*, at: datetime) -> list[InvoiceRun]:
    """Runs whose chunks are all done and which nobody closed; closing them is all that is left."""
    undone = RunChunk.objects.exclude(state=RunChunk.State.DONE).values("run_id")
    running = InvoiceRun.objects.filter(state=InvoiceRun.State.RUNNING)
    return [run for run in running.exclude(pk__in=undone) if not close_if_done(run, at=at)]


@transaction.atomic
def issue(run: InvoiceRun, *, by: User | None, at: datetime) -> InvoiceRun:
    """Number and freeze all of the run's drafts, in order of customer number. Repeating it changes nothing.

    The seller's particulars, the buyers' identities and every name on the documents are those of this moment. Where
    the operator wants a second person, this uses up the approval of exactly these drafts.

    Raises:
        RunRefused: it is still being drafted, or something stands that would make an invoice wrong.
        NotApproved: a second person has not approved it.
    """
    run = InvoiceRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state == InvoiceRun.State.ISSUED:
        return run
    check_ready(run)
    approved.claim(approved.ISSUE, subject=run.public_id, facts=lambda: approval_facts.issuing(run), at=at)
    operator = Operator.objects.get(pk=current_operator_id())
    issued_names.keep(run)
    issued = issuing.issue(
        Invoice.objects.filter(run=run), operator=operator, at=at, issued_on=day_of(at, operator.time_zone)
    )
    run.state, run.issued_by, run.issued_at = InvoiceRun.State.ISSUED, by, at
    run.save(update_fields=["state", "issued_by", "issued_at", "updated_at"])
    audit.record(Event.RUN_ISSUED, about=run, **issued.facts())
    if letters.rules().on_issue and mail.can_send():
        letters.mail_run(run, by=by, at=at)
    return run


def check_ready(run: InvoiceRun) -> None:
    """Refuse to issue what is not ready.

    Raises:
        RunRefused: it is not drafted yet or issued already, or something stands that would make an invoice wrong; the
            first of it (`billing.selectors.run_checks`).
    """
    if run.state == InvoiceRun.State.ISSUED:
        raise RunRefused(Code.RUN_ISSUED, field="state", value=run.state)
    if run.state != InvoiceRun.State.READY:
        raise RunRefused(Code.RUN_IN_DRAFTING, field="state", value=run.state)
    for finding in run_checks.blocking(run):
        raise RunRefused(finding.code, field="state", **finding.facts)


@transaction.atomic
def discard(run: InvoiceRun, *, by: User | None) -> None:
    """Throw away the drafts of a run that is not issued, and the run: its sessions wait again.

    What would be priced otherwise by now is priced anew.

    Raises:
        RunRefused: it is issued; then only credit notes correct it.
    """
    # A chunk at work ends first: it holds its own row and then wants the terms and the run's row, so the order is the
    # same here. Whoever changes terms meanwhile and notes it on the drafts does so before, or finds none any more.
    list(RunChunk.objects.filter(run=run.pk).order_by("pk").select_for_update())
    rating.hold_terms()
    found = InvoiceRun.objects.select_for_update(of=("self",)).filter(pk=run.pk).first()
    if found is None:
        return  # somebody else has thrown it away meanwhile
    run = found
    if run.state == InvoiceRun.State.ISSUED:
        raise RunRefused(Code.ISSUED_RUN_STAYS, field="state")
    drafts = Invoice.objects.filter(run=run)
    outdated = drafted_prices.outdated(run)
    audit.record(Event.RUN_DISCARDED, about=run, invoices=drafts.count(), discarded_by=by.pk if by else None)
    for model in (BilledSession, InvoiceLine, BilledFee, InvoiceVat):
        _delete(model.objects.filter(invoice__run=run))
    _delete(RunRemark.objects.filter(run=run))
    _delete(drafts)
    _delete(RunProblem.objects.filter(run=run))
    _delete(RunChunk.objects.filter(run=run))
    run.delete()
    if outdated:
        drafted_prices.price_anew(outdated)


def _delete(rows: object) -> None:
    """Delete in one statement; nothing but the rows named here refers to them."""
    rows._raw_delete(using="default")  # type: ignore[attr-defined]  # no signals: drafts are not audited one by one


def _plan(run: InvoiceRun) -> list[RunChunk]:
    """Write and return the chunks: ranges of accounts with about as many waiting sessions each, fees alone for one."""
    found = unbilled.by_account(run)
    run.since = min((row.oldest for row in found if row.oldest), default=None)
    run.sessions_total = sum(row.sessions for row in found)
    run.save(update_fields=["since", "sessions_total", "updated_at"])
    chunks: list[RunChunk] = []
    work_of_last = 0
    for row in found:
        work_of_last += max(row.sessions, 1)
        if not chunks or work_of_last > CHUNK_SESSIONS:
            chunks.append(RunChunk(run=run, first_account_id=row.account_id, last_account_id=row.account_id))
            work_of_last = max(row.sessions, 1)
        chunks[-1].last_account_id = row.account_id
        chunks[-1].sessions += row.sessions
    return RunChunk.objects.bulk_create(chunks)
