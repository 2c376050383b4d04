"""The reset of a lost second factor: asked for by an owner, done a day later unless somebody stops it.

The delay is for the person: an owner who is not honest, or whose account was taken, must not get another's account by
mail and haste. The person hears of it at once, sees it on every page, and can stop it; so can any owner. It is
refused where the person works for another operator too, as an owner here would then open a door there.

Each step is an event in the operator's log. Every function may run twice.
"""

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction

from tenants import roles
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import FactorReset, Membership, Operator, PlatformMember, User
from tenants.permissions import Permission
from tenants.scoping import tenant_scope
from tenants.selectors import people
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.proof import browser_sessions, two_factor

_SALT = "tenants.factor_reset"
_MANAGERS = [role for role in roles.STAFF if Permission.MANAGE_PEOPLE in roles.PERMISSIONS[role]]


def why_not(user: User, *, operator: Operator, by: User) -> Code | None:
    """Return why this owner cannot ask for the person's reset; None when they can."""
    if user.pk == by.pk:
        return Code.OWN_FACTOR
    if _runs_the_instance(user):
        return Code.FACTOR_OF_THE_PLATFORM
    if _works_elsewhere(user, operator):
        return Code.FACTOR_ELSEWHERE
    if two_factor.device(user) is None:
        return Code.NO_FACTOR
    return None


def ask(user: User, *, operator: Operator, by: User, reason: str, at: datetime) -> FactorReset:
    """Begin the reset. The caller sends the letter, as it knows the pages' addresses.

    Raises:
        Refused: see `why_not`; or one is under way already.
    """
    with tenant_scope(operator.pk):
        if why := why_not(user, operator=operator, by=by):
            raise Refused(why)
        try:
            with transaction.atomic():
                reset = FactorReset.objects.create(
                    operator=operator,
                    user=user,
                    requested_by_id=by.pk,
                    reason=reason,
                    requested_at=at,
                    due_at=at + settings.FACTOR_RESET_DELAY,
                )
        except IntegrityError as error:
            raise Refused(Code.RESET_UNDER_WAY) from error
        audit.record(Event.SECOND_FACTOR_RESET_ASKED, about=user, due_at=reset.due_at.isoformat())
    return reset


def stop(reset: FactorReset, *, by: User | None, at: datetime, why: str = "") -> bool:
    """Stop the reset; False when it is done or stopped already. `by` is None for the system itself."""
    with tenant_scope(reset.operator_id):
        stopped = FactorReset.objects.filter(pk=reset.pk, stopped_at=None, done_at=None).update(
            stopped_at=at, stopped_by_id=by.pk if by else None
        )
        if stopped:
            audit.record(Event.SECOND_FACTOR_RESET_STOPPED, about=reset.user, reason=why)
            mail.send(reset.user, Letter.FACTOR_RESET_STOPPED)
    return bool(stopped)


def due(at: datetime) -> list[int]:
    """Return the numbers of the resets whose time has come. Those of a suspended operator wait."""
    ripe = FactorReset.objects.filter(due_at__lte=at, stopped_at=None, done_at=None)
    return list(ripe.exclude(operator__state=Operator.State.SUSPENDED).order_by("pk").values_list("pk", flat=True))


def carry_out(reset_id: int, *, at: datetime) -> bool:
    """Remove the person's factors and end their sessions; False when it is not due, done, or stopped.

    What was allowed a day ago is asked again: if the person works elsewhere or runs the instance now, or who asked is
    no longer an owner here, the reset stops instead.
    """
    operator_id = FactorReset.objects.filter(pk=reset_id).values_list("operator_id", flat=True).first()
    if operator_id is None:
        return False
    with tenant_scope(operator_id):
        reset = (
            FactorReset.objects.select_for_update(of=["self"])
            .select_related("user", "operator")
            .filter(pk=reset_id, due_at__lte=at, stopped_at=None, done_at=None)
            .first()
        )
        if reset is None:
            return False
        if why := _no_longer(reset):
            stop(reset, by=None, at=at, why=why)
            return False
        two_factor.remove_all(reset.user)
        browser_sessions.end_all(reset.user)
        reset.done_at = at
        reset.save(update_fields=["done_at"])
        audit.record(Event.SECOND_FACTOR_RESET_DONE, about=reset.user)
        mail.send(reset.user, Letter.FACTOR_RESET_DONE)
    return True


def stop_word(reset: FactorReset) -> str:
    """Return the word in the letter's link, by which the person can stop it without signing in."""
    return signing.dumps(str(reset.public_id), salt=_SALT)


def by_stop_word(word: str) -> FactorReset | None:
    """Return the reset that the word stops, in whatever state it is; None when the word is not ours."""
    try:
        public_id = signing.loads(word, salt=_SALT)
    except signing.BadSignature:
        return None
    return FactorReset.objects.select_related("operator", "user").filter(public_id=public_id).first()


def _works_elsewhere(user: User, operator: Operator) -> bool:
    elsewhere = Membership.objects.filter(user=user).exclude(role__in=Membership.CUSTOMERS).exclude(operator=operator)
    return elsewhere.exists()


def _runs_the_instance(user: User) -> bool:
    return PlatformMember.objects.filter(user=user, is_active=True).exists()


def _no_longer(reset: FactorReset) -> str:
    """Return what has changed since it was asked for, so that it must not be done; a code for the log."""
    managers = Membership.objects.filter(operator=reset.operator, role__in=_MANAGERS, user__is_active=True)
    if not managers.filter(user_id=reset.requested_by_id).exists():
        return "requester is no owner any more"
    if _works_elsewhere(reset.user, reset.operator):
        return "person works elsewhere"
    if _runs_the_instance(reset.user):
        return "person runs the instance"
    if people.memberships(reset.user).filter(operator=reset.operator).exists():
        return ""
    return "person has left"
