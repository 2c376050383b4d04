"""E-invoices on their way: which way it is, which documents take it, and one step of one of them.

What is issued to somebody who gets e-invoices is sent by itself, once there is a way. A document is handed over once:
see `billing.e_invoices.ways`. Where nobody is there it is tried again, more and more seldom; what has been taken is
asked after until it is answered or nobody asks any more.
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from billing.domain.errors import BillingError, Code
from billing.e_invoices.ways import Answer, Became, Parcel
from billing.models import Sending, SendingWay
from billing.selectors import sendings
from billing.selectors.e_invoices import Document, of
from billing.services import e_invoices
from billing.services.e_invoices import CannotLeave
from tenants import bookkeeping, outside, sealed_content, work
from tenants.bookkeeping import Why
from tenants.outside import NotReached
from tenants.scoping import tenant_scope

#: How long nobody is tried after the first failure, and at most; after so long somebody has to look.
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=3)
MOST_FAILURES: Final = 30
#: How often what was sent is asked after, and for how long.
ASKED_EVERY: Final = timedelta(minutes=30)
ASKED_FOR: Final = timedelta(days=14)

_QUEUE = """
INSERT INTO billing_sending (operator_id, invoice_id, key, stage, reason, failures, state, queued_at, attempts, error,
    error_facts, done, total)
SELECT i.operator_id, i.id, gen_random_uuid(), 'waiting', '', 0, 'queued', now(), 0, '', '{}', 0, 0
FROM billing_invoice i JOIN tenants_account a ON a.operator_id = i.operator_id AND a.id = i.account_id
WHERE i.operator_id = %(operator)s AND i.id = ANY(%(ids)s) AND i.state = 'issued' AND a.delivery = 'e_invoice'
  AND EXISTS (SELECT FROM billing_sendingway w WHERE w.operator_id = i.operator_id)
ON CONFLICT (operator_id, invoice_id) DO NOTHING
"""


# A statement with a number is the host's invoice.
_QUEUE_STATEMENTS = """
INSERT INTO billing_sending (operator_id, statement_id, key, stage, reason, failures, state, queued_at, attempts, error,
    error_facts, done, total)
SELECT h.operator_id, h.id, gen_random_uuid(), 'waiting', '', 0, 'queued', now(), 0, '', '{}', 0, 0
FROM billing_hoststatement h JOIN tenants_account a ON a.operator_id = h.operator_id AND a.id = h.account_id
WHERE h.operator_id = %(operator)s AND h.id = ANY(%(ids)s) AND h.state = 'closed' AND h.number IS NOT NULL
  AND a.delivery = 'e_invoice'
  AND EXISTS (SELECT FROM billing_sendingway w WHERE w.operator_id = h.operator_id)
ON CONFLICT (operator_id, statement_id) DO NOTHING
"""


def queue(operator_id: int, ids: list[int]) -> None:
    """Have those of these issued documents sent that are to leave as e-invoices, if there is a way."""
    _queue(_QUEUE, operator_id, ids)


def queue_statements(operator_id: int, ids: list[int]) -> None:
    """Have those of these statements sent that are invoices of hosts who get e-invoices, if there is a way."""
    _queue(_QUEUE_STATEMENTS, operator_id, ids)


def _queue(statement: str, operator_id: int, ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"operator": operator_id, "ids": ids})
        if cursor.rowcount:
            work.enqueue(Sending(), rows=cursor.rowcount)


@transaction.atomic
def send(document: Document, *, at: datetime) -> Sending:
    """Have one document sent that has not been: made before there was a way, or held back.

    Raises:
        BillingError: there is no way, or it has left already.
    """
    if sendings.chosen() is None:
        raise BillingError(Code.NO_WAY_TO_SEND, field="invoice", value=str(document))
    row, is_new = Sending.objects.select_for_update(of=("self",)).get_or_create(**of(document))
    if not is_new:
        if row.begun_at or row.stage != Sending.Stage.HELD:
            raise BillingError(Code.SENT_ALREADY, field="invoice", value=str(document))
        row.stage, row.state, row.reason, row.queued_at = Sending.Stage.WAITING, Sending.State.WAITING, "", at
        row.leased_until, row.attempts = None, 0
        row.save()
    work.enqueue(row)
    return row


@transaction.atomic
def choose(kind: str, *, address: str = "", renew: bool = False, at: datetime) -> str:
    """Choose the way; return the secret of an address, which is shown once, if it has got a new one.

    renew: whether an address that stays gets a new one too.

    Raises:
        Refused: the address is none.
    """
    now, address = sendings.chosen(), address.strip() if kind == SendingWay.Kind.HTTPS else ""
    if address:
        outside.target(address)
    if now and (now.kind, now.address) == (kind, address) and not renew:
        return ""
    secret = secrets.token_hex(32) if address else ""
    row = now or SendingWay()
    row.kind, row.address, row.changed_at = kind, address, at
    row.secret = sealed_content.seal(secret.encode(), about=sendings.SECRET)
    row.save()
    return secret


def stop() -> None:
    """Let nothing more leave by itself. What is on its way stands still until there is a way again."""
    row = sendings.chosen()
    if row is not None:
        row.delete()


def step(operator_id: int, row: Sending, *, clock: Callable[[], datetime]) -> None:
    """Bring one document a step further."""
    with tenant_scope(operator_id):
        way = sendings.way()
        if way is None:
            work.put_back(row, until=clock() + LONGEST_PAUSE)
            return
        parcel = _parcel(row, at=clock())
    if parcel is None:
        return
    try:
        # Nothing of ours is locked while somebody else is waited for.
        answer = way.ask(parcel) if row.begun_at else None
        if answer is None and row.stage == Sending.Stage.WAITING:
            way.prepare(parcel)
            _begin(operator_id, row, at=clock())
            answer = way.send(parcel)
    except NotReached as problem:
        _later(operator_id, row, problem, at=clock())
        return
    with tenant_scope(operator_id):
        _note(row, answer or Answer(Became.SENT), at=clock())


def _parcel(row: Sending, *, at: datetime) -> Parcel | None:
    """The document as a file; None where it may not leave, which is noted."""
    document = row.document
    try:
        with bookkeeping.opened(Why.DOCUMENT, about=document):
            content = e_invoices.xml(document, at=at)
    except CannotLeave as problem:
        rule = problem.faults[0].rule.value
        work.fail(row, Code.NO_E_INVOICE, stage=Sending.Stage.HELD, reason=rule, answered_at=at)
        return None
    # A host's number is what the operator made it; a file's name leads nowhere.
    name = re.sub(r"[^A-Za-z0-9-]+", "_", str(document))
    return Parcel(str(row.key), f"{name}-{row.key}.xml", content, at)


def _begin(operator_id: int, row: Sending, *, at: datetime) -> None:
    """Note that it may have been handed over from now on."""
    with tenant_scope(operator_id):
        work.keep(row, at=at, begun_at=row.begun_at or at)


def _later(operator_id: int, row: Sending, problem: NotReached, *, at: datetime) -> None:
    """Nobody is there: try again after a while. After many failures somebody has to look."""
    with tenant_scope(operator_id):
        if row.failures >= MOST_FAILURES:
            raise BillingError(Code.NOBODY_TAKES_IT, field="reason", value=problem.code)
        pause = min(FIRST_PAUSE * 2 ** min(row.failures, 10), LONGEST_PAUSE)
        work.keep(row, at=at, failures=row.failures + 1, reason=problem.code)
        work.put_back(row, until=at + pause)


def _note(row: Sending, answer: Answer, *, at: datetime) -> None:
    """Write down what is known, and go on asking where that is not the end."""
    sent_at = row.sent_at or at
    told: dict[str, Any] = {"stage": answer.became.value, "reason": answer.code, "failures": 0, "sent_at": sent_at}
    if answer.became is not Became.SENT:
        work.finish(row, answered_at=at, **told)
    elif at - sent_at > ASKED_FOR:
        work.finish(row, **told)
    else:
        work.keep(row, at=at, **told)
        work.put_back(row, until=at + ASKED_EVERY)
