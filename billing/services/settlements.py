"""Settling a month with the site hosts: asked for, worked out contract by contract, closed at once.

Why nothing is settled twice and nothing is lost, whatever is killed, repeated or comes late:

- a statement says of each session what is billed of it now, less what closed statements said (`billing.sql.hosting`),
  and of each month what it comes to now, less what they said; so the closed ones always add up to the truth;
- it is one transaction, and worked out anew it replaces itself;
- what a host owes of an ended contract is set off once all statements are there, in one transaction;
- months are settled in order, one at a time, and closed in one transaction with their numbers.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, Sum

from billing.domain import hosting, money
from billing.domain.calendar import month_after, month_bounds
from billing.domain.errors import Code
from billing.events import Event
from billing.models import HostContract, HostLine, HostMonth, HostStatement, Settlement
from billing.selectors import settlements as selector
from billing.selectors.day_sums import midnight
from billing.selectors.sellers import seller
from billing.selectors.vat_rates import standard_rate
from billing.services import approved, ledger, letters, sendings
from billing.services.host_contracts import HostRefused
from billing.sql import hosting as sql
from tenants import work
from tenants.log import audit
from tenants.models import Operator, User
from tenants.scoping import current_operator_id
from tenants.selectors import accounts

Stage, State = Settlement.Stage, HostStatement.State


class SettlementRefused(HostRefused):
    """The settlement cannot take this step."""


@transaction.atomic
def ask(month: date, *, by: User | None, at: datetime) -> Settlement:
    """Have the statements of a month worked out, or worked out anew while they are not closed.

    Raises:
        SettlementRefused: the month has not ended, is closed, or is not the next one while another is open.
    """
    # Locking the operator puts whoever asks in a line: the second one finds what the first one made.
    operator = Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())
    month = month.replace(day=1)
    if month_bounds(month, operator.time_zone)[1] > at:
        raise SettlementRefused(Code.MONTH_NOT_ENDED, month=f"{month:%Y-%m}", field="month", value=f"{month:%Y-%m}")
    last = Settlement.objects.filter(stage=Stage.CLOSED).aggregate(last=Max("month"))["last"]
    if last is not None and month <= last:
        raise SettlementRefused(Code.SETTLEMENT_CLOSED, field="month", month=f"{last:%Y-%m}")
    row = Settlement.objects.exclude(stage=Stage.CLOSED).select_for_update(of=("self",)).first()
    if row is not None and row.month != month:
        raise SettlementRefused(Code.SETTLEMENT_OPEN, field="month", month=f"{row.month:%Y-%m}")
    row = row or Settlement(month=month)
    row.stage, row.requested_by, row.requested_at, row.queued_at = Stage.DRAFTING, by, at, at
    row.state, row.attempts, row.leased_until, row.claimed_at = Settlement.State.WAITING, 0, None, None
    row.error, row.error_facts, row.done, row.total = "", {}, 0, 0
    row.save()
    audit.record(Event.SETTLEMENT_ASKED, about=row)
    work.enqueue(row)
    return row


@transaction.atomic
def draft(settlement_id: int, contract_id: int, *, at: datetime) -> None:
    """Work out one contract's statement, whole or not at all. Safe to call twice and by two at once.

    What cannot be worked out is left out, and says why.
    """
    settlement = Settlement.objects.select_for_update(of=("self",)).get(pk=settlement_id)
    if settlement.stage != Stage.DRAFTING:
        return
    rows = HostContract.objects.select_for_update(of=("self",)).select_related("account__identity")
    contract = rows.get(pk=contract_id)
    _remove(settlement, contract)
    try:
        with transaction.atomic():
            _work_out(settlement, contract, at=at)
    except HostRefused as refusal:
        leave_out(settlement_id, contract_id, code=refusal.code, facts=refusal.facts, at=at)


@transaction.atomic
def leave_out(settlement_id: int, contract_id: int, *, code: str, facts: dict[str, Any], at: datetime) -> None:
    """Note why a contract has no statement this month; its sessions are in the next one."""
    contract = HostContract.objects.get(pk=contract_id)
    settlement = Settlement.objects.select_for_update(of=("self",)).get(pk=settlement_id)
    if settlement.stage != Stage.DRAFTING:
        return
    _remove(settlement, contract)
    statement = _begun(settlement, contract, at=at)
    statement.state, statement.problem, statement.problem_facts = State.LEFT_OUT, code, facts
    statement.save()


@transaction.atomic
def finish(settlement: Settlement) -> None:
    """Let hosts pay what they owe of ended contracts by their other ones, and say that every statement is there."""
    Settlement.objects.select_for_update(of=("self",)).get(pk=settlement.pk)
    drafts = list(settlement.statements.filter(state=State.DRAFT).select_related("contract").order_by("pk"))
    last = _last_day(settlement.month)
    for owing in drafts:
        if owing.carried_out < 0 and owing.contract.has_ended(last):
            _set_off(owing, drafts)
            if not (owing.set_off or owing.months.exists()):
                owing.delete()
    work.finish(settlement, stage=Stage.READY)


def _set_off(owing: HostStatement, drafts: Sequence[HostStatement]) -> None:
    """Take what is owed of one contract off what others pay out: of the same host, currency and VAT."""
    for paying in drafts:
        taken = min(-owing.carried_out, paying.payout)
        if taken > 0 and _terms_of_payment(paying) == _terms_of_payment(owing):
            paying.set_off -= taken
            paying.payout -= taken
            _tax(paying)
            paying.save()
            owing.set_off += taken
            owing.carried_out += taken
            owing.save()


def _terms_of_payment(statement: HostStatement) -> tuple[Any, ...]:
    return statement.account_id, statement.currency, statement.vat_rate, statement.contract.is_self_billed


@transaction.atomic
def close(settlement: Settlement, *, by: User | None, at: datetime) -> Settlement:
    """Freeze all statements of the month, number, book and send them. Repeating it changes nothing.

    Where the operator wants a second person for issuing, this uses up the approval of exactly these statements.

    Raises:
        SettlementRefused: they are not worked out, a contract was changed since, or one would be its host's invoice
            with VAT by now, without the host's VAT number.
        NotApproved: a second person has not approved it.
    """
    row = Settlement.objects.select_for_update(of=("self",)).get(pk=settlement.pk)
    if row.stage == Stage.CLOSED:
        return row
    check_ready(row)
    operator = Operator.objects.get(pk=row.operator_id)
    particulars, today = seller(operator), at.astimezone(operator.zone).date()
    drafts = row.statements.filter(state=State.DRAFT).select_related("contract__account__identity", "account__identity")
    ordered = list(drafts.order_by("account__customer_number", "pk"))
    for statement in ordered:
        if _lacks_vat_number(statement, statement.contract, today):
            name = statement.contract.name
            raise SettlementRefused(Code.SETTLEMENT_WITHOUT_VAT_NUMBER, field="contract", name=name)
    approved.claim(approved.SETTLE, subject=row.public_id, facts=lambda: selector.facts(row), at=at)
    for statement in ordered:
        account = statement.account
        said_in = {"language": account.language} if account.language else {}
        statement.state, statement.closed_at, statement.buyer = State.CLOSED, at, particulars | said_in
        statement.host, statement.customer_number = account.identity, account.customer_number
        statement.due_on = date.fromordinal(today.toordinal() + accounts.days_to_pay(account, operator))
        if statement.contract.is_self_billed_on(today) and statement.payout > 0:
            statement.number = _next_number(account.pk)
            statement.object_until = statement.contract.silent_after(today)
        statement.save()
    row.stage, row.closed_by, row.closed_at = Stage.CLOSED, by, at
    row.save(update_fields=["stage", "closed_by", "closed_at"])
    closed = row.statements.filter(state=State.CLOSED)
    ids = list(closed.order_by("pk").values_list("pk", flat=True))
    ledger.post(ledger.Kind.STATEMENT, ids, at=at)
    sendings.queue_statements(row.operator_id, ids)
    letters.mail_statements(closed.select_related("account__identity").order_by("pk"), by=by, at=at)
    audit.record(
        Event.SETTLEMENT_CLOSED,
        about=row,
        statements=closed.count(),
        problems=row.statements.filter(state=State.LEFT_OUT).count(),
        amount_due=str(closed.aggregate(sum=Sum("total", default=0))["sum"]),
    )
    return row


def check_ready(settlement: Settlement) -> None:
    """Refuse to close what is not worked out, or was agreed otherwise since.

    Raises:
        SettlementRefused: it is so.
    """
    if settlement.stage != Stage.READY:
        raise SettlementRefused(Code.SETTLEMENT_NOT_READY, field="stage", value=settlement.stage)
    changed = settlement.statements.filter(contract__changed_at__gt=F("drafted_at")).select_related("contract").first()
    if changed is not None:
        raise SettlementRefused(Code.SETTLEMENT_OUTDATED, field="contract", name=changed.contract.name)


def contracts(month: date) -> list[int]:
    """The contracts that may have something to settle up to a month."""
    rows = HostContract.objects.filter(since__lt=month_after(month)).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _next_number(account_id: int) -> int:
    """The next number of the host's own series; the row of the settlement keeps others out."""
    last = HostStatement.objects.filter(account=account_id).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _remove(settlement: Settlement, contract: HostContract) -> None:
    rows = HostStatement.objects.filter(settlement=settlement, contract=contract)
    for model in (HostLine, HostMonth):
        model.objects.filter(statement__in=rows)._raw_delete(using="default")
    rows._raw_delete(using="default")  # drafts are not audited one by one


def _begun(settlement: Settlement, contract: HostContract, *, at: datetime) -> HostStatement:
    return HostStatement(
        settlement=settlement,
        contract=contract,
        account_id=contract.account_id,
        month=settlement.month,
        currency=contract.currency,
        drafted_at=at,
    )


def _work_out(settlement: Settlement, contract: HostContract, *, at: datetime) -> None:
    """Write the statement with its lines and months; none where there is nothing to say."""
    statement = _begun(settlement, contract, at=at)
    statement.save()
    values = _values(statement, contract)
    with connection.cursor() as cursor:
        cursor.execute(sql.LINES, values)
        cursor.execute(sql.MONTHS, values)
        found = {month: rest for month, *rest in cursor.fetchall()}
    rows = _months(statement, contract, found)
    before = contract.statements.filter(state=State.CLOSED).order_by("-month").first()
    statement.carried_in = before.carried_out if before else Decimal(0)
    is_over = contract.until is not None and contract.until < settlement.month
    if is_over and not rows and not statement.carried_in:
        statement.delete()
        return
    HostMonth.objects.bulk_create(rows)
    for name in ("sessions", "energy_wh", "net", "amount"):
        setattr(statement, name, sum(getattr(row, name) for row in rows))
    _settle(statement, contract)
    statement.save()


def _values(statement: HostStatement, contract: HostContract) -> dict[str, Any]:
    operator = Operator.objects.get(pk=statement.operator_id)
    end = month_after(statement.month)
    if contract.until is not None:
        end = min(end, date.fromordinal(contract.until.toordinal() + 1))
    return {
        "operator": operator.pk,
        "statement": statement.pk,
        "contract": contract.pk,
        "currency": contract.currency,
        "zone": operator.time_zone,
        "begin": midnight(contract.since, operator.zone),
        "end": midnight(end, operator.zone),
    }


def _months(statement: HostStatement, contract: HostContract, found: dict[date, list[Any]]) -> list[HostMonth]:
    """What each month comes to now, less what was said of it; months of which nothing is new are left out."""
    terms = selector.terms_of(contract)
    told = HostMonth.objects.filter(statement__contract=contract, statement__state=State.CLOSED)
    said = dict(told.values("month").annotate(sum=Sum("amount")).values_list("month", "sum"))
    rows = []
    for month in hosting.months(terms, statement.month):
        sessions, energy_wh, net, all_energy, all_net = found.get(month, [0, 0, Decimal(0), 0, Decimal(0)])
        amount = hosting.earned(terms, month, net=all_net, energy_wh=int(all_energy)) - said.get(month, Decimal(0))
        if sessions or amount or month == statement.month:
            rows.append(
                HostMonth(
                    statement=statement, month=month, sessions=sessions, energy_wh=energy_wh, net=net, amount=amount
                )
            )
    return rows


def _settle(statement: HostStatement, contract: HostContract) -> None:
    """Say what is paid, what is carried over, and the VAT on it."""
    balance = statement.carried_in + statement.amount
    is_last = contract.has_ended(_last_day(statement.month))
    statement.payout = hosting.paid_out(balance, least=contract.least_payout, is_last=is_last)
    statement.carried_out = balance - statement.payout
    statement.vat_rate = _vat_rate(contract, statement.month)
    _tax(statement)
    zone = Operator.objects.get(pk=statement.operator_id).zone
    if _lacks_vat_number(statement, contract, statement.drafted_at.astimezone(zone).date()):
        raise HostRefused(Code.HOST_WITHOUT_VAT_NUMBER, field="vat_number")


def _tax(statement: HostStatement) -> None:
    vat = statement.payout * (statement.vat_rate or Decimal(0)) / 100
    statement.vat = money.round_half_up(vat, money.minor_digits(statement.currency))
    statement.total = statement.payout + statement.vat


def _last_day(month: date) -> date:
    return date.fromordinal(month_after(month).toordinal() - 1)


def _lacks_vat_number(statement: HostStatement, contract: HostContract, day: date) -> bool:
    """Whether on that day the statement would be its host's invoice with VAT, and the host has no VAT number."""
    identity = contract.account.identity
    has_number = bool(identity and identity.vat_number)
    return bool(statement.vat) and not has_number and contract.is_self_billed_on(day)


def _vat_rate(contract: HostContract, month: date) -> Decimal | None:
    if not contract.vat_country:
        return contract.vat_rate
    rate = standard_rate(contract.vat_country, month)
    return rate.percent if rate else None
