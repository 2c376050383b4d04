"""Closing one's own account: the sign-in and all that belongs to it ends; what operators hold is theirs to answer for.

What somebody charged and was billed stays with each operator for as long as its purposes ask (GDPR art. 6(1)(b), (c));
whoever wants that erased asks each operator for it (art. 17), which ends the sign-in as well.
"""

from collections.abc import Callable

from tenants.errors import Code, Refused
from tenants.log import sign_ins
from tenants.models import Membership, Operator, TrainingDone, User
from tenants.privacy import erasure
from tenants.scoping import tenant_scope
from tenants.selectors import people, platform

#: Ends the person's places at one operator, with what the floor above hangs on them.
Leave = Callable[[User, Operator], None]


def close(user: User, *, leave: Leave) -> None:
    """Give up every place, and end the sign-in.

    Raises:
        Refused: an operator would be without an owner, or the person runs the instance.
    """
    if platform.is_member(user):
        raise Refused(Code.CLOSED_BY_OTHERS)
    operators = {place.operator for place in Membership.objects.filter(user=user).select_related("operator")}
    if people.alone_as_owner(user):
        raise Refused(Code.LAST_OWNER)
    sign_ins.record(user, sign_ins.ACCOUNT_CLOSED)
    for operator in sorted(operators, key=lambda each: each.pk):
        with tenant_scope(operator.pk):
            TrainingDone.objects.filter(user=user).delete()
        leave(user, operator)
    erasure.forget(user)
