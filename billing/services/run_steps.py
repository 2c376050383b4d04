"""Working off a run in the background: one part, then the next, each in transactions of its own.

Stepped services: they open their own scopes, so that what one step did is kept whatever becomes of the next.
"""

from collections.abc import Callable
from datetime import date, datetime

from billing.domain.errors import Code
from billing.models import InvoiceRun, RunChunk, SessionPrice
from billing.services import rating, runs
from billing.services.rules import DocumentRefused
from charging.models import ChargingSession
from tenants import analyze, work
from tenants.models import User
from tenants.scoping import tenant_scope


def draft_part(operator_id: int, chunk: RunChunk, *, clock: Callable[[], datetime]) -> None:
    """Draft the invoices of one claimed part of a run, and close the run if it was the last.

    A part that cannot be drafted is cut in two, until the account at fault stands alone and is left out with a
    problem: the others get their invoices.
    """
    try:
        with tenant_scope(operator_id):
            runs.bill_chunk(chunk.pk, at=clock())
    except Exception as error:
        if work.is_of_the_machine(error):
            raise
        work.report(f"Part {chunk.pk} of run {chunk.run_id} cannot be drafted", error)
        with tenant_scope(operator_id):
            if runs.divide(chunk, at=clock()):
                work.put_back(chunk)
                return
            refused = error if isinstance(error, DocumentRefused) else None
            runs.leave_out(
                chunk,
                code=refused.code if refused else Code.NOT_DRAFTED,
                facts={"rules": refused.facts["rules"]} if refused else {},
            )
    with tenant_scope(operator_id):
        now = RunChunk.objects.filter(pk=chunk.pk).first()
        if now is None or now.is_open:
            raise work.LostClaim("another worker is at it, or the run was discarded")
        chunk.state = now.state
        runs.close_if_done(InvoiceRun.objects.get(pk=chunk.run_id), at=clock())


def draft_all(operator_id: int, run: InvoiceRun, *, clock: Callable[[], datetime]) -> InvoiceRun:
    """Draft every part of a run here and now, as a command does; return the run as it is then."""
    kind = work.kind_named(RunChunk.work_kind)
    while work.do_next(kind, operator_id, clock=clock):
        pass
    with tenant_scope(operator_id):
        return InvoiceRun.objects.get(pk=run.pk)


def draft_month(operator_id: int, month: date, *, by: User | None, clock: Callable[[], datetime]) -> InvoiceRun:
    """Price what waits, start the month's run and draft it here and now; return the run as it is then.

    Raises:
        RunRefused: the month has not ended by the operator's clock.
    """
    done, reached = rating.BATCH, 0
    while done >= rating.BATCH:
        with tenant_scope(operator_id):
            analyze.refresh(ChargingSession, SessionPrice)
            done, reached = rating.rate_beyond(reached)
    with tenant_scope(operator_id):
        run = runs.start(month=month, by=by, at=clock())
    return draft_all(operator_id, run, clock=clock)
