"""What a host answers to a statement: that it approves it, or what is wrong with it. Answers are only added to.

A statement that is contested stays as it is: what is wrong is put right where it was made (a correction, a credit note,
a re-rating), and stands in the next statement as a difference.
"""

from datetime import datetime

from django.db import transaction

from billing.domain.errors import Code
from billing.events import Event
from billing.models import HostAnswer, HostStatement
from billing.services.host_contracts import HostRefused
from tenants.log import audit
from tenants.models import User

Kind = HostAnswer.Kind
_EVENTS = {Kind.APPROVED: Event.STATEMENT_APPROVED, Kind.CONTESTED: Event.STATEMENT_CONTESTED}


def approve(statement: HostStatement, *, by: User, at: datetime) -> HostAnswer:
    """Say that the host approves it. Saying so again changes nothing.

    Raises:
        HostRefused: it is not closed.
    """
    return _answer(statement, Kind.APPROVED, "", by=by, at=at)


def contest(statement: HostStatement, text: str, *, by: User, at: datetime) -> HostAnswer:
    """Say what the host finds wrong with it.

    Raises:
        HostRefused: it is not closed, or nothing is said.
    """
    if not text.strip():
        raise HostRefused(Code.STATEMENT_WITHOUT_WORDS, field="text")
    return _answer(statement, Kind.CONTESTED, text.strip(), by=by, at=at)


@transaction.atomic
def _answer(statement: HostStatement, kind: HostAnswer.Kind, text: str, *, by: User, at: datetime) -> HostAnswer:
    # The row is held: of two answers at once the second one sees the first.
    row = HostStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if row.state != HostStatement.State.CLOSED:
        raise HostRefused(Code.STATEMENT_NOT_ANSWERED, field="state", value=row.state)
    newest = row.answers.order_by("-pk").first()
    if newest is not None and (newest.kind, newest.text) == (kind, text):
        return newest
    answer = HostAnswer.objects.create(statement=row, kind=kind, text=text, given_by=by, given_at=at)
    audit.record(_EVENTS[kind], about=row)
    return answer
