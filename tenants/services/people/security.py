"""How an operator's people prove who they are, and which acts need a second person.

More safety is one owner's decision. Less of it, where acts needed four eyes, needs them too: otherwise one person
could switch the rule off, act, and switch it on again. An owner who is alone decides alone, unless another one has
lost their place in the last days: it could be this one who took it. The other owners get a letter.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Approval, Membership, Operator, User
from tenants.permissions import Permission
from tenants.scoping import current_operator_id
from tenants.selectors import approvals
from tenants.selectors.people import in_order
from tenants.services import four_eyes, mail
from tenants.services.mail import Letter
from tenants.services.people import operators

# Needs another owner wherever the operator has chosen any act, so it is no choice itself.
SWITCH_OFF = "switch_off"


@transaction.atomic
def require_factor(operator: Operator, *, of: Collection[str]) -> None:
    """Say of which roles a second factor is required. Of owners it always is.

    Raises:
        Refused: there is no such role.
    """
    unknown = set(of) - set(Membership.Role.values)
    if unknown:
        raise Refused(Code.UNKNOWN_ROLE, named=sorted(unknown))
    wanted = [role for role in Membership.Role.values if role in of or role == Membership.Role.OWNER]
    if set(wanted) != set(operator.factor_required_of):
        operators.change(operator, factor_required_of=wanted)


@transaction.atomic
def choose_four_eyes(operator: Operator, *, acts: Collection[str], by: User, at: datetime) -> Approval | None:
    """Say which acts need a second person. Returns what waits for another owner, if any of them shall no longer.

    Raises:
        Refused: there is no such act, switching off is asked for already, or the only owner has not been that for
            long enough.
    """
    unknown = set(acts) - set(four_eyes.choices())
    if unknown:
        raise Refused(Code.UNKNOWN_ACT, named=sorted(unknown))
    row = Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)
    on = set(row.four_eyes)
    if set(acts) - on:
        _keep(row, on | set(acts))
    off = sorted(on - set(acts))
    if not off:
        return None
    if others(by):
        return four_eyes.ask(SWITCH_OFF, subject=subject(), facts={"acts": off}, by=by, at=at)
    if approvals.owner_left(since=at - four_eyes.SETTLED):
        raise Refused(Code.OWNER_LEFT_LATELY)
    _switch_off(off, by=by)
    return None


def others(by: User) -> list[User]:
    """The other people who can decide about the operator's security, by name."""
    return sorted(approvals.holders(Permission.MANAGE_SECURITY, but=by), key=in_order)


def register() -> None:
    """Say what approving it means."""
    four_eyes.register(
        four_eyes.Act(SWITCH_OFF, Permission.MANAGE_SECURITY, facts_now=_facts_now, carry_out=_carry_out)
    )


def _facts_now(approval: Approval) -> dict[str, Any]:
    on = set(Operator.objects.get(pk=current_operator_id()).four_eyes)
    return {"acts": [act for act in approval.facts["acts"] if act in on]}


def _carry_out(approval: Approval, at: datetime) -> None:
    four_eyes.use_up(SWITCH_OFF, subject=approval.subject, facts=_facts_now(approval), at=at)
    _switch_off(approval.facts["acts"], by=approval.requested_by)


def _switch_off(acts: Collection[str], *, by: User) -> None:
    row = Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())
    _keep(row, set(row.four_eyes) - set(acts))
    audit.record(Event.SECURITY_FOUR_EYES_OFF, acts=sorted(acts))
    _tell_owners(row, acts, by=by)


def _tell_owners(operator: Operator, acts: Collection[str], *, by: User) -> None:
    """Write to everybody who could switch it on again."""
    for person in others(by):
        mail.send(person, Letter.FOUR_EYES_OFF, operator=operator, person=by, acts=sorted(acts))


def _keep(row: Operator, acts: Collection[str]) -> None:
    operators.change(row, four_eyes=[act for act in four_eyes.choices() if act in acts])


def subject() -> UUID:
    """The operator itself, which has no public id: its number in the shape of one."""
    return UUID(int=current_operator_id())
