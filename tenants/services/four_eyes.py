"""Four eyes: an act that one person asks for and another one lets happen.

An operator chooses which acts need it (`Operator.four_eyes`). The rule is kept where the act is done, not where
its button is: the service calls `claim` with what it is about to do, and is refused without an approval of
exactly that, where one is needed. So no page, resource of the API or command can forget it.

What an act is, each floor says itself (`register`): the permission that both people hold, what must still be true,
and how it is carried out. Approving carries it out at once, in the transaction of the decision. An act whose result
goes to the person who asked (a download) is carried out by them, within `valid_for`.

Nobody makes their own second person: who asks has held their place for `SETTLED`, who decides has so too and held it
when it was asked for. Of an operator's first days that is not asked, as everybody is new then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants.actor import acting_more
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Approval, Operator, User
from tenants.permissions import Permission
from tenants.scoping import current_operator_id
from tenants.selectors import approvals
from tenants.selectors.people import in_order

WAITS = timedelta(hours=72)
# How long a place is held before it makes a second person; and how long an operator counts as founded just now.
SETTLED = timedelta(hours=72)
State = Approval.State
# Why an approval is no longer valid, as its note says it.
CHANGED, REQUESTER_GONE = "changed", "requester gone"


class SecondPersonNeeded(Refused):
    """The act needs a second person's approval, and there is none."""

    def __init__(self) -> None:
        super().__init__(Code.SECOND_PERSON_NEEDED)


class TooNew(Refused):
    """Somebody just let in, or given the role, is not yet a second person."""

    def __init__(self) -> None:
        super().__init__(Code.ROLE_TOO_NEW)


class Outdated(Refused):
    """What was approved is not what would happen now."""

    def __init__(self) -> None:
        super().__init__(Code.APPROVAL_OUTDATED)


@dataclass(frozen=True, slots=True)
class Act:
    """A kind of act.

    facts_now: what would happen now, in the shape of `Approval.facts`. Raises `Outdated` when the subject is gone.
    carry_out: does it, for the person who asked; None when that person does it, within `valid_for`.
    bound: the facts that must not change between asking and doing; all of them if none are named.
    is_chosen: an operator chooses whether it needs a second person.
    chosen_with: the act with which this one needs a second person, too.
    """

    action: str
    permission: Permission
    facts_now: Callable[[Approval], dict[str, Any]]
    carry_out: Callable[[Approval, datetime], object] | None
    bound: tuple[str, ...] = ()
    valid_for: timedelta | None = None
    is_chosen: bool = False
    chosen_with: str = ""

    def is_same(self, then: dict[str, Any], now: dict[str, Any]) -> bool:
        """Tell whether what was asked for is what would happen."""
        names = self.bound or tuple({*then, *now})
        return all(then.get(name) == now.get(name) for name in names)


_acts: dict[str, Act] = {}


def register(act: Act) -> None:
    """Enter a kind of act. The last one named for an action counts."""
    _acts[act.action] = act


def act_of(approval: Approval) -> Act:
    """The kind of act that an approval is about."""
    return _acts[approval.action]


def actions() -> list[str]:
    """Every act there is, in registered order."""
    return list(_acts)


def choices() -> list[str]:
    """The acts an operator may choose, in registered order."""
    return [action for action, act in _acts.items() if act.is_chosen]


def permission_of(action: str) -> Permission:
    """What both people must hold."""
    return _acts[action].permission


def is_needed(action: str) -> bool:
    """Tell whether the current operator wants a second person for it."""
    chosen = _acts[action].chosen_with or action
    return Operator.objects.filter(pk=current_operator_id(), four_eyes__contains=[chosen]).exists()


def ask(action: str, *, subject: UUID, facts: dict[str, Any], by: User, at: datetime) -> Approval:
    """Ask for a second person. Asking for the same again returns what waits already.

    facts: what exactly would happen; plain JSON values, no personal data.

    Raises:
        Refused: the person does not hold the permission, or not for long enough, or something else is asked for
            about the same subject.
    """
    act = _acts[action]
    if not approvals.holds(by, act.permission):
        raise Refused(Code.MAY_NOT_ASK)
    if not _has_held(by, action, since=at, at=at):
        raise TooNew
    try:
        with transaction.atomic():
            return _ask(act, subject=subject, facts=facts, by=by, at=at)
    except IntegrityError as error:  # two at the same moment
        raise _already_asked() from error


def approve(approval: Approval, *, by: User, at: datetime) -> Approval:
    """Let the act happen, and carry it out at once. Returns the approval as it stands afterwards.

    Its state is OUTDATED when what was asked for has changed meanwhile, or the person who asked may not do it any
    more, and EXPIRED when it waited too long: nothing has happened then.

    Raises:
        Refused: it does not wait any more, it is the person's own, or they do not hold the permission or have
            not held it for long enough.
        Exception: whatever the act itself is refused with; then it goes on waiting.
    """
    with transaction.atomic():
        row = _waiting(approval)
        act = act_of(row)
        _check_decider(row, act, by, at)
        if row.expires_at <= at:
            return _end(row, State.EXPIRED, Event.APPROVAL_EXPIRED)
        if not approvals.holds(row.requested_by, act.permission):
            return _end(row, State.OUTDATED, Event.APPROVAL_OUTDATED, note=REQUESTER_GONE)
        try:
            with transaction.atomic():
                return _carry_out(row, act, by=by, at=at)
        except Outdated:
            row.refresh_from_db()
            return _end(row, State.OUTDATED, Event.APPROVAL_OUTDATED, note=CHANGED)


@transaction.atomic
def refuse(approval: Approval, *, by: User, at: datetime, note: str) -> Approval:
    """Say no, and why.

    Raises:
        Refused: they say nothing, or as `approve`.
    """
    row = _waiting(approval)
    _check_decider(row, act_of(row), by, at)
    if not note.strip():
        raise Refused(Code.REFUSAL_NEEDS_REASON)
    row.decided_by, row.decided_at = by, at
    return _end(row, State.REFUSED, Event.APPROVAL_REFUSED, note=note.strip()[:300])


def is_settled(approval: Approval, person: User, *, at: datetime) -> bool:
    """Tell whether the person holds the permission for long enough to be the second one."""
    return _has_held(person, approval.action, since=approval.requested_at, at=at)


def deciders(approval: Approval, *, at: datetime) -> list[User]:
    """The people who can decide about it, by name."""
    people = approvals.holders(permission_of(approval.action), but=approval.requested_by)
    return sorted((person for person in people if is_settled(approval, person, at=at)), key=in_order)


@transaction.atomic
def withdraw(approval: Approval, *, by: User) -> Approval:
    """Take back what one asked for and nobody has carried out.

    Raises:
        Refused: it is somebody else's, or over.
    """
    row = Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)
    if row.requested_by_id != by.pk:
        raise Refused(Code.NOT_THE_REQUESTER)
    if row.state not in {State.WAITING, State.APPROVED}:
        raise _is_over(row)
    return _end(row, State.WITHDRAWN, Event.APPROVAL_WITHDRAWN)


def claim(action: str, *, subject: UUID, facts: Callable[[], dict[str, Any]], at: datetime) -> None:
    """Use up the approval of exactly this, where the operator wants one; otherwise no facts are worked out.

    Called by the act's service; the act follows in the same transaction.

    Raises:
        SecondPersonNeeded, Outdated: as `use_up` does.
    """
    if is_needed(action):
        use_up(action, subject=subject, facts=facts(), at=at)


def use_up(action: str, *, subject: UUID, facts: dict[str, Any], at: datetime) -> Approval:
    """Use up the approval of exactly this, whatever the operator has chosen.

    Raises:
        SecondPersonNeeded: nobody has approved it, or the approval has expired.
        Outdated: something else was approved.
    """
    row = (
        Approval.objects.select_for_update(of=("self",))
        .filter(action=action, subject=subject, state=State.APPROVED, expires_at__gt=at)
        .first()
    )
    if row is None:
        raise SecondPersonNeeded
    if not _acts[action].is_same(row.facts, facts):
        raise Outdated
    return _end(row, State.USED, Event.APPROVAL_USED)


def expire(*, at: datetime) -> int:
    """End what has waited too long; return how many there were."""
    due = Approval.objects.filter(state__in=approvals.OPEN, expires_at__lte=at)
    with transaction.atomic():
        rows = list(due.select_for_update(of=("self",), skip_locked=True))
        for row in rows:
            _end(row, State.EXPIRED, Event.APPROVAL_EXPIRED)
    return len(rows)


def _ask(act: Act, *, subject: UUID, facts: dict[str, Any], by: User, at: datetime) -> Approval:
    found = Approval.objects.select_for_update(of=("self",)).filter(
        action=act.action, subject=subject, state__in=approvals.OPEN
    )
    for row in found:
        if row.expires_at <= at:
            _end(row, State.EXPIRED, Event.APPROVAL_EXPIRED)
        elif row.requested_by_id == by.pk and act.is_same(row.facts, facts):
            return row
        else:
            raise _already_asked()
    row = Approval.objects.create(
        action=act.action, subject=subject, facts=facts, requested_by=by, requested_at=at, expires_at=at + WAITS
    )
    _record(row, Event.APPROVAL_ASKED)
    return row


def _carry_out(row: Approval, act: Act, *, by: User, at: datetime) -> Approval:
    """Approve it, and do it unless that is left to the person who asked."""
    if not act.is_same(row.facts, act.facts_now(row)):
        raise Outdated
    row.state, row.decided_by, row.decided_at = State.APPROVED, by, at
    if act.valid_for is not None:
        row.expires_at = at + act.valid_for
    row.save(update_fields=["state", "decided_by", "decided_at", "expires_at"])
    _record(row, Event.APPROVAL_APPROVED)
    if act.carry_out is not None:
        with acting_more(on_behalf_of=row.requested_by_id):
            act.carry_out(row, at)
        row.refresh_from_db()
    return row


def _waiting(approval: Approval) -> Approval:
    """Lock it: of two people who decide at the same moment, one finds it decided."""
    row = Approval.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=approval.pk)
    if row.state != State.WAITING:
        raise _is_over(row)
    return row


def _has_held(person: User, action: str, *, since: datetime, at: datetime) -> bool:
    places = approvals.places(person, permission_of(action)).select_related("operator")
    return any(
        place.held_since <= since
        and (place.held_since <= at - SETTLED or place.held_since <= place.operator.created_at + SETTLED)
        for place in places
    )


def _check_decider(row: Approval, act: Act, by: User, at: datetime) -> None:
    if row.requested_by_id == by.pk:
        raise Refused(Code.OWN_REQUEST)
    if not approvals.holds(by, act.permission):
        raise Refused(Code.MAY_NOT_APPROVE)
    if not is_settled(row, by, at=at):
        raise TooNew


def _end(row: Approval, state: str, event: str, *, note: str = "") -> Approval:
    row.state, row.note = state, note
    row.save(update_fields=["state", "note", "decided_by", "decided_at"])
    _record(row, event)
    return row


def _record(row: Approval, event: str) -> None:
    facts = {"act": row.action, "requested_by": row.requested_by_id, "decided_by": row.decided_by_id, **row.facts}
    audit.record(event, about=row, **{name: value for name, value in facts.items() if value is not None})


def _already_asked() -> Refused:
    return Refused(Code.ALREADY_ASKED)


def _is_over(row: Approval) -> Refused:
    return Refused(Code.APPROVAL_OVER, approval_state=row.state)
