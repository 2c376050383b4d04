"""Traces of signing in: an event at each operator where the person has a place, and in the platform's log.

A sign-in concerns every operator the person works for, and is written before any scope can be
opened by a door; so each operator gets its own entry, in its own scope. Who runs the instance may open
every operator, so the platform has a log of theirs.
"""

from typing import Any

from tenants.log import audit, denials
from tenants.models import Operator, PlatformEvent, User
from tenants.scoping import tenant_scope
from tenants.selectors import people, platform

SUCCEEDED = "sign_in.succeeded"
WRONG_PASSWORD = "sign_in.wrong_password"  # noqa: S105  # the name of an event
WRONG_CODE = "sign_in.wrong_code"
WRONG_PASSKEY = "sign_in.wrong_passkey"
RECOVERY_CODE_USED = "sign_in.recovery_code_used"
SIGNED_OUT = "sign_in.ended"
ENDED_ELSEWHERE = "sign_in.ended_elsewhere"
PROVED = "sign_in.proved_again"
PROFILE_CHANGED = "profile.changed"
FACTOR_ENROLLED = "second_factor.enrolled"
FACTOR_REPLACED = "second_factor.replaced"
FACTOR_ADDED = "second_factor.added"
FACTOR_REMOVED = "second_factor.removed"
RECOVERY_CODES_MADE = "second_factor.recovery_codes_made"
PASSWORD_CHANGED = "password.changed"  # noqa: S105
PASSWORD_SET = "password.set"  # noqa: S105
PASSWORD_RESET_ASKED = "password.reset_asked"  # noqa: S105
PASSWORD_RESET = "password.reset"  # noqa: S105
PASSWORD_LINK_PRINTED = "password.reset_link_printed"  # noqa: S105


def record(user: User, event: str, **facts: Any) -> None:
    """Record the event about the person in the log of each of their operators, and of the platform if they run it."""
    if platform.is_member(user):
        PlatformEvent.objects.create(user=user, event=event, facts=facts or None)
    for operator_id in people.operator_ids(user):
        with tenant_scope(operator_id):
            audit.record(event, about=user, **facts)


def wrong_password(user: User | None) -> None:
    """Record a wrong password in the logs of the person's operators; for nobody do the same and keep nothing.

    Whether an address has an account must not show in the work: the same questions, and at least one entry.
    """
    who = user or User(pk=0)
    if platform.is_member(who):
        PlatformEvent.objects.create(user=who, event=WRONG_PASSWORD)
    for operator in [Operator(pk=number) for number in people.operator_ids(who)] or [denials.nobody()]:
        with denials.taken_back_for_nobody(operator):
            audit.record(WRONG_PASSWORD, about=who)
