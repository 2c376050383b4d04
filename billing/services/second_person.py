"""Acts of this floor that may need a second person: of tariffs, runs, credit notes, write-offs, hosts, reminders.

The services themselves refuse without an approval (`approved.claim`); here stands how to ask for one, and what
approving it does.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Exists, OuterRef

from billing.models import Invoice, InvoiceRun, Rerating, Settlement, TariffVersion
from billing.selectors import approval_facts, invoices
from billing.selectors.credits import EVERYTHING, Asked
from billing.selectors.reratings import facts as facts_of_rerating
from billing.selectors.settlements import facts as facts_of_settlement
from billing.services import credit_notes, reminders, runs, settlements, tariffs, write_offs
from billing.services import rerating as reratings
from billing.services.approved import CREDIT, ISSUE, PUBLISH, REMIND, RERATE, SETTLE, WRITE_OFF
from tenants.models import Approval, User
from tenants.permissions import Permission
from tenants.services import four_eyes


def ask_to_publish(version: TariffVersion, *, valid_from: datetime, by: User, at: datetime) -> Approval:
    """Ask for leave to publish this draft from then on. Raises `Refused` as `four_eyes.ask` does."""
    facts = approval_facts.publishing(version, valid_from)
    return four_eyes.ask(PUBLISH, subject=version.public_id, facts=facts, by=by, at=at)


def ask_to_issue(run: InvoiceRun, *, by: User, at: datetime) -> Approval:
    """Ask for leave to issue these drafts.

    Raises:
        RunRefused: the run is not ready.
        Refused: as `four_eyes.ask` does.
    """
    runs.check_ready(run)
    return four_eyes.ask(ISSUE, subject=run.public_id, facts=approval_facts.issuing(run), by=by, at=at)


def ask_to_credit(
    invoice: Invoice,
    *,
    reason: str,
    by: User,
    at: datetime,
    asked: Asked = EVERYTHING,
    then: str = credit_notes.DECIDED_LATER,
) -> Approval:
    """Ask for leave to credit the invoice, or a part of it.

    Raises:
        CreditRefused: it cannot be credited, or not with this reason.
        Refused: as `four_eyes.ask` does.
    """
    facts = approval_facts.crediting(invoice, reason, asked, credit_notes.check(invoice, reason, asked, then), then)
    return four_eyes.ask(CREDIT, subject=invoice.public_id, facts=facts, by=by, at=at)


def ask_to_write_off(invoice: Invoice, amount: Decimal, *, why: str, reason: str, by: User, at: datetime) -> Approval:
    """Ask for leave to give up so much of the invoice.

    Raises:
        WriteOffRefused: it cannot be given up.
        Refused: as `four_eyes.ask` does.
    """
    parts = write_offs.check(invoice, amount, why=why, reason=reason)
    facts = write_offs.facts(invoice, amount, why=why, reason=reason, parts=parts)
    return four_eyes.ask(WRITE_OFF, subject=invoice.public_id, facts=facts, by=by, at=at)


def ask_to_rerate(rerating: Rerating, *, by: User, at: datetime) -> Approval:
    """Ask for leave to carry out this re-rating.

    Raises:
        ReratingRefused: it is not worked out yet, or nothing would change.
        Refused: as `four_eyes.ask` does.
    """
    reratings.check_ready(rerating)
    return four_eyes.ask(RERATE, subject=rerating.public_id, facts=facts_of_rerating(rerating), by=by, at=at)


def ask_to_settle(settlement: Settlement, *, by: User, at: datetime) -> Approval:
    """Ask for leave to close this settlement.

    Raises:
        SettlementRefused: it is not worked out, or outdated.
        Refused: as `four_eyes.ask` does.
    """
    settlements.check_ready(settlement)
    return four_eyes.ask(SETTLE, subject=settlement.public_id, facts=facts_of_settlement(settlement), by=by, at=at)


def ask_to_remind(chosen: Sequence[Invoice], *, by: User, at: datetime, today: date) -> Approval:
    """Ask for leave to take the next step of these invoices.

    Raises:
        RemindersRefused: nothing of them is due.
        Refused: as `four_eyes.ask` does.
    """
    proposed = reminders.chosen(chosen, as_of=today)
    facts = reminders.facts(proposed, as_of=today)
    return four_eyes.ask(REMIND, subject=reminders.subject(proposed), facts=facts, by=by, at=at)


def register() -> None:
    """Say what approving each act means."""
    four_eyes.register(four_eyes.Act(PUBLISH, Permission.MANAGE_TARIFFS, _publishing_now, _publish, is_chosen=True))
    four_eyes.register(four_eyes.Act(ISSUE, Permission.ISSUE_INVOICES, _issuing_now, _issue, is_chosen=True))
    for action, (facts_now, carry_out) in _WITH_ISSUING.items():
        four_eyes.register(four_eyes.Act(action, Permission.ISSUE_INVOICES, facts_now, carry_out, chosen_with=ISSUE))


def _publishing_now(approval: Approval) -> dict[str, Any]:
    return approval_facts.publishing(_draft(approval), datetime.fromisoformat(approval.facts["valid_from"]))


def _publish(approval: Approval, at: datetime) -> None:
    valid_from = datetime.fromisoformat(approval.facts["valid_from"])
    tariffs.publish(_draft(approval), valid_from=valid_from, by=approval.requested_by, at=at)


def _issuing_now(approval: Approval) -> dict[str, Any]:
    return approval_facts.issuing(_run(approval))


def _issue(approval: Approval, at: datetime) -> None:
    runs.issue(_run(approval), by=approval.requested_by, at=at)


def _crediting_now(approval: Approval) -> dict[str, Any]:
    invoice, (reason, asked, then) = _invoice(approval), _credit_asked(approval)
    try:
        comes = credit_notes.check(invoice, reason, asked, then)
    except credit_notes.CreditRefused as refusal:  # less is left than when it was asked
        raise four_eyes.Outdated from refusal
    return approval_facts.crediting(invoice, reason, asked, comes, then)


def _credit(approval: Approval, at: datetime) -> None:
    reason, asked, then = _credit_asked(approval)
    credit_notes.credit(_invoice(approval), reason=reason, by=approval.requested_by, at=at, asked=asked, then=then)


def _credit_asked(approval: Approval) -> tuple[str, Asked, str]:
    facts = approval.facts
    return facts["reason"], Asked.of_facts(facts.get("lines", [])), facts.get("then", credit_notes.DECIDED_LATER)


def _writing_off_now(approval: Approval) -> dict[str, Any]:
    invoice, asked = _invoice(approval), _write_off_asked(approval)
    try:
        parts = write_offs.check(invoice, **asked)
    except write_offs.WriteOffRefused as refusal:  # less is open than when it was asked
        raise four_eyes.Outdated from refusal
    return write_offs.facts(invoice, **asked, parts=parts)


def _write_off(approval: Approval, at: datetime) -> None:
    write_offs.write_off(_invoice(approval), **_write_off_asked(approval), by=approval.requested_by, at=at)


def _write_off_asked(approval: Approval) -> dict[str, Any]:
    facts = approval.facts
    return {"amount": Decimal(facts["amount"]), "why": facts["why"], "reason": facts["reason"]}


def _rerating_now(approval: Approval) -> dict[str, Any]:
    return facts_of_rerating(_rerating(approval))


def _rerate(approval: Approval, at: datetime) -> None:
    reratings.decide(_rerating(approval), by=approval.requested_by, at=at)


def _settling_now(approval: Approval) -> dict[str, Any]:
    return facts_of_settlement(_settlement(approval))


def _settle(approval: Approval, at: datetime) -> None:
    settlements.close(_settlement(approval), by=approval.requested_by, at=at)


def _settlement(approval: Approval) -> Settlement:
    found = Settlement.objects.filter(public_id=approval.subject, stage=Settlement.Stage.READY).first()
    if found is None:
        raise four_eyes.Outdated
    return found


def _reminding_now(approval: Approval) -> dict[str, Any]:
    as_of = date.fromisoformat(approval.facts["as_of"])
    try:
        return reminders.facts(reminders.chosen(_reminded(approval), as_of=as_of), as_of=as_of)
    except reminders.RemindersRefused as refusal:  # all of it was paid, credited or disputed
        raise four_eyes.Outdated from refusal


def _remind(approval: Approval, at: datetime) -> None:
    as_of = date.fromisoformat(approval.facts["as_of"])
    reminders.send(_reminded(approval), by=approval.requested_by, at=at, as_of=as_of)


def _reminded(approval: Approval) -> list[Invoice]:
    numbers = [int(number.lstrip(invoices.SERIES)) for number in approval.facts["invoices"]]
    return list(Invoice.objects.filter(series=invoices.SERIES, number__in=numbers))


def _rerating(approval: Approval) -> Rerating:
    found = Rerating.objects.filter(public_id=approval.subject, stage=Rerating.Stage.READY).first()
    if found is None:
        raise four_eyes.Outdated
    return found


def _invoice(approval: Approval) -> Invoice:
    undone = Invoice.objects.filter(credits=OuterRef("pk"), leaves_rest=False)
    found = Invoice.objects.filter(~Exists(undone), public_id=approval.subject).first()
    if found is None:
        raise four_eyes.Outdated
    return found


def _draft(approval: Approval) -> TariffVersion:
    found = TariffVersion.objects.select_related("tariff").filter(public_id=approval.subject, published_at=None).first()
    if found is None:
        raise four_eyes.Outdated
    return found


def _run(approval: Approval) -> InvoiceRun:
    found = InvoiceRun.objects.filter(public_id=approval.subject).exclude(state=InvoiceRun.State.ISSUED).first()
    if found is None:
        raise four_eyes.Outdated
    return found


# A credit note takes back what an invoice asks for, a re-rating issues both, closing a settlement writes invoices that
# the operator pays, reminders issue what being late costs, and a write-off gives up what is owed: who wants two people
# for issuing wants them here.
_WITH_ISSUING: Final[dict[str, tuple[Callable[[Approval], dict[str, Any]], Callable[[Approval, datetime], None]]]] = {
    RERATE: (_rerating_now, _rerate),
    SETTLE: (_settling_now, _settle),
    REMIND: (_reminding_now, _remind),
    WRITE_OFF: (_writing_off_now, _write_off),
    CREDIT: (_crediting_now, _credit),
}
