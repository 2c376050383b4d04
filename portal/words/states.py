"""The state of a thing: its word, and the colour that goes with it.

What a state is called stands with the model; which colour goes with it stands here and nowhere else. A thing
without an entry has no state to show, and asking for it is a fault. Templates write `{% state invoice %}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.models import (
    Dispute,
    DocumentLetter,
    Export,
    HostStatement,
    Invoice,
    InvoiceRun,
    Payment,
    PaymentFile,
    Rerating,
    Sending,
    Settlement,
    Standing,
)
from billing.models.billing_status import BillingStatus
from charging.models import Connector, ConnectorState, FileImport, StationCommand
from tenants.models import Approval, AuditCheck, ConsentEvent, Operator, PersonRequest
from tenants.models.work import Work

GOOD, INFO, WARN, BAD, NONE = "good", "info", "warn", "bad", ""

CONNECTORS: Mapping[str, str] = {
    Connector.Status.AVAILABLE: GOOD,
    Connector.Status.CHARGING: INFO,
    Connector.Status.BLOCKED: WARN,
    Connector.Status.RESERVED: WARN,
    Connector.Status.INOPERATIVE: BAD,
    Connector.Status.OUTOFORDER: BAD,
}
#: What an outlet is called that a cable occupies and nobody charges by.
PLUGGED_IN = gettext_lazy("plugged in")
#: What a driver reads of an outlet at which somebody else's charge goes on.
TAKEN = pgettext_lazy("outlet", "taken")
COMMANDS: Mapping[str, str] = {
    StationCommand.State.QUEUED: INFO,
    StationCommand.State.CLAIMED: INFO,
    StationCommand.State.SENT: INFO,
    StationCommand.State.ANSWERED: GOOD,
    StationCommand.State.REFUSED: BAD,
    StationCommand.State.TIMED_OUT: WARN,
    StationCommand.State.UNKNOWN: WARN,
    StationCommand.State.EXPIRED: WARN,
}
IMPORTS: Mapping[str, str] = {
    FileImport.State.UPLOADED: WARN,
    FileImport.State.QUEUED: INFO,
    FileImport.State.RUNNING: INFO,
    FileImport.State.DONE: GOOD,
    FileImport.State.FAILED: BAD,
    FileImport.State.UNDONE: "",
    Work.State.SET_ASIDE: BAD,
}
RUNS: Mapping[str, str] = {
    InvoiceRun.State.RUNNING: INFO,
    InvoiceRun.State.READY: WARN,
    InvoiceRun.State.ISSUED: GOOD,
}
EXPORTS: Mapping[str, str] = {
    Export.State.WAITING: INFO,
    Export.State.RUNNING: INFO,
    Export.State.DONE: GOOD,
    Export.State.FAILED: BAD,
    Work.State.SET_ASIDE: BAD,
}
BILLING: Mapping[str, str] = {
    BillingStatus.INVOICED: GOOD,
    BillingStatus.ACTIVE: INFO,
    BillingStatus.PENDING: WARN,
    BillingStatus.PROBLEM: BAD,
}
APPROVALS: Mapping[str, str] = {
    Approval.State.WAITING: WARN,
    Approval.State.APPROVED: GOOD,
    Approval.State.USED: GOOD,
    Approval.State.REFUSED: BAD,
}
CHECKS: Mapping[str, str] = {
    AuditCheck.State.WAITING: INFO,
    AuditCheck.State.RUNNING: INFO,
    AuditCheck.State.INTACT: GOOD,
    AuditCheck.State.BROKEN: BAD,
    AuditCheck.State.SET_ASIDE: BAD,
}
OPERATORS: Mapping[str, str] = {
    Operator.State.ACTIVE: GOOD,
    Operator.State.SUSPENDED: WARN,
    Operator.State.CLOSED: NONE,
}
REQUESTS: Mapping[str, str] = {
    PersonRequest.State.OPEN: WARN,
    PersonRequest.State.ANSWERED: GOOD,
    PersonRequest.State.REFUSED: BAD,
    PersonRequest.State.WITHDRAWN: NONE,
}
DECISIONS: Mapping[str, str] = {ConsentEvent.Decision.GIVEN: GOOD, ConsentEvent.Decision.WITHDRAWN: NONE}


DISPUTES: Mapping[str, str] = {
    Dispute.State.OPEN: WARN,
    Dispute.State.GRANTED: GOOD,
    Dispute.State.REFUSED: BAD,
    Dispute.State.WITHDRAWN: NONE,
}
RERATINGS: Mapping[str, str] = {
    Rerating.Stage.PREVIEW: INFO,
    Rerating.Stage.READY: WARN,
    Rerating.Stage.CARRIED_OUT: INFO,
    Rerating.Stage.FINISHED: GOOD,
}
SETTLEMENTS: Mapping[str, str] = {
    Settlement.Stage.DRAFTING: INFO,
    Settlement.Stage.READY: WARN,
    Settlement.Stage.CLOSED: GOOD,
}
STATEMENTS: Mapping[str, str] = {
    Standing.DRAFT: INFO,
    Standing.LEFT_OUT: BAD,
    Standing.CLOSED: GOOD,
    Standing.WAITING: WARN,
    Standing.APPROVED: GOOD,
    Standing.SILENT: GOOD,
    Standing.CONTESTED: BAD,
}
SENDINGS: Mapping[str, str] = {
    Sending.Stage.WAITING: INFO,
    Sending.Stage.HELD: WARN,
    Sending.Stage.SENT: GOOD,
    Sending.Stage.ACCEPTED: GOOD,
    Sending.Stage.REFUSED: BAD,
}


@dataclass(frozen=True)
class Told:
    """A state: its word, its colour (nothing for one that needs none), and whether it is under way."""

    label: object
    tone: str = ""
    live: bool = False


@singledispatch
def told(thing: object) -> Told:
    """Return the state of a thing."""
    raise TypeError(f"{type(thing).__name__} has no state to show; name it in {__name__}.")


@told.register
def _(connector: Connector) -> Told:
    if getattr(connector, "is_plugged_in", False):  # where `charging.selectors.plugged_in` was asked
        return Told(PLUGGED_IN)
    is_charging = connector.status == Connector.Status.CHARGING
    return Told(connector.get_status_display(), CONNECTORS.get(connector.status, ""), live=is_charging)


def told_drivers(connector: Connector, *, is_free: bool | None = None) -> Told:
    """The state of an outlet as whoever wants to charge there needs it. is_free: a charge can begin, if it is known."""
    if connector.status == Connector.Status.CHARGING and is_free:
        return Told(PLUGGED_IN)
    is_taken = connector.status == Connector.Status.AVAILABLE and is_free is False
    said = told(connector)
    return Told(TAKEN, INFO, live=True) if said.live or is_taken else said


@told.register
def _(state: ConnectorState) -> Told:
    return Told(state.get_status_display(), CONNECTORS.get(state.status, ""))


@told.register
def _(command: StationCommand) -> Told:
    state = command.state_at(timezone.now())
    return Told(state.label, COMMANDS[state], live=COMMANDS[state] == INFO)


@told.register
def _(row: FileImport) -> Told:
    is_partial = row.state == FileImport.State.DONE and bool(row.rejected)
    tone = WARN if is_partial else IMPORTS[row.state]
    return Told(row.get_state_display(), tone, live=row.state in {FileImport.State.QUEUED, FileImport.State.RUNNING})


@told.register
def _(run: InvoiceRun) -> Told:
    return Told(run.get_state_display(), RUNS[run.state], live=run.state == InvoiceRun.State.RUNNING)


@told.register
def _(rerating: Rerating) -> Told:
    return Told(rerating.get_stage_display(), RERATINGS[rerating.stage], live=rerating.is_open)


@told.register
def _(settlement: Settlement) -> Told:
    return Told(settlement.get_stage_display(), SETTLEMENTS[settlement.stage], live=settlement.is_open)


@told.register
def _(statement: HostStatement) -> Told:
    standing = statement.standing(timezone.now().astimezone(statement.zone).date())
    return Told(standing.label, STATEMENTS[standing])


@told.register
def _(export: Export) -> Told:
    return Told(export.get_state_display(), EXPORTS[export.state], live=EXPORTS[export.state] == INFO)


@told.register
def _(invoice: Invoice) -> Told:
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return Told(invoice.get_kind_display(), INFO)
    if invoice.state == Invoice.State.DRAFT:
        return Told(invoice.get_state_display(), WARN)
    if getattr(invoice, "is_credited", False):
        return Told(gettext_lazy("credited"), NONE)
    rest, disputed = getattr(invoice, "rest", None), getattr(invoice, "disputed", None)
    if disputed:
        return _disputed(invoice, is_asked=(rest or 0) > disputed)
    if getattr(invoice, "written_off", None) and rest == 0:
        return Told(gettext_lazy("written off"), NONE)
    return _standing(invoice, rest=rest, paid=getattr(invoice, "paid", None))


def _disputed(invoice: Invoice, *, is_asked: bool) -> Told:
    """How an issued invoice stands of which something is disputed. is_asked: more than that is unpaid."""
    if not is_asked:
        return Told(gettext_lazy("disputed"), WARN)
    if invoice.is_overdue(timezone.now()):
        return Told(gettext_lazy("overdue, part disputed"), BAD)
    return Told(gettext_lazy("part disputed"), WARN)


def _standing(invoice: Invoice, *, rest: int | None, paid: int | None) -> Told:
    """How an issued invoice stands that is neither credited wholly nor disputed. rest, paid: None if not asked for."""
    if rest is not None and rest <= 0:
        return Told(gettext_lazy("paid"), GOOD)
    if invoice.is_overdue(timezone.now()):
        return Told(gettext_lazy("overdue, part paid") if paid else gettext_lazy("overdue"), BAD)
    if paid:
        return Told(gettext_lazy("part paid"), INFO)
    if getattr(invoice, "is_credited_in_part", False):
        return Told(gettext_lazy("credited in part"), GOOD)
    return Told(gettext_lazy("open"), GOOD)


@told.register
def _(payment: Payment) -> Told:
    if payment.rest == 0:
        return Told(gettext_lazy("matched"), GOOD)
    is_part = payment.rest != payment.amount
    return Told(gettext_lazy("matched in part") if is_part else gettext_lazy("waits for a person"), WARN)


@told.register
def _(file: PaymentFile) -> Told:
    return Told(file.get_state_display(), EXPORTS[file.state], live=EXPORTS[file.state] == INFO)


@told.register
def _(letter: DocumentLetter) -> Told:
    if letter.bounced_at is not None:
        return Told(gettext_lazy("came back"), BAD)
    if letter.sent_at is not None:
        return Told(gettext_lazy("sent"), GOOD)
    return Told(gettext_lazy("waiting"), INFO) if letter.is_open else Told(gettext_lazy("not sent"), BAD)


@told.register
def _(sending: Sending) -> Told:
    return Told(sending.get_stage_display(), SENDINGS[sending.stage], live=sending.is_open)


@told.register
def _(status: BillingStatus) -> Told:
    return Told(status.label, BILLING.get(status, ""))


@told.register
def _(request: PersonRequest) -> Told:
    return Told(request.get_state_display(), REQUESTS[request.state])


@told.register
def _(dispute: Dispute) -> Told:
    return Told(dispute.get_state_display(), DISPUTES[dispute.state])


@told.register
def _(approval: Approval) -> Told:
    return Told(approval.get_state_display(), APPROVALS.get(approval.state, ""))


@told.register
def _(check: AuditCheck) -> Told:
    return Told(check.get_state_display(), CHECKS[check.state], live=CHECKS[check.state] == INFO)


@told.register
def _(operator: Operator) -> Told:
    return Told(operator.get_state_display(), OPERATORS[operator.state])


@told.register
def _(event: ConsentEvent) -> Told:
    return Told(event.get_decision_display(), DECISIONS[event.decision])
