"""Traces of signing in: an event at each operator where the person has a place, and in the platform's log.

A sign-in concerns every operator the person works for, and is written before any scope can be
opened by a door; so each operator gets its own entry, in its own scope. Who runs the instance may open
every operator, so the platform has a log of theirs.
"""

from typing import Any

from tenants.log import audit, refused_access
from tenants.log.events import Event
from tenants.models import Operator, PlatformEvent, User
from tenants.selectors import people, platform

SUCCEEDED = Event.SIGN_IN_SUCCEEDED
WRONG_PASSWORD = Event.SIGN_IN_WRONG_PASSWORD  # the name of an event
WRONG_CODE = Event.SIGN_IN_WRONG_CODE
WRONG_PASSKEY = Event.SIGN_IN_WRONG_PASSKEY
RECOVERY_CODE_USED = Event.SIGN_IN_RECOVERY_CODE_USED
SIGNED_OUT = Event.SIGN_IN_ENDED
ENDED_ELSEWHERE = Event.SIGN_IN_ENDED_ELSEWHERE
PROVED = Event.SIGN_IN_PROVED_AGAIN
PROFILE_CHANGED = Event.PROFILE_CHANGED
EMAIL_CHANGED = Event.EMAIL_CHANGED
ACCOUNT_CLOSED = Event.ACCOUNT_CLOSED
FACTOR_ENROLLED = Event.SECOND_FACTOR_ENROLLED
FACTOR_REPLACED = Event.SECOND_FACTOR_REPLACED
FACTOR_ADDED = Event.SECOND_FACTOR_ADDED
FACTOR_REMOVED = Event.SECOND_FACTOR_REMOVED
RECOVERY_CODES_MADE = Event.SECOND_FACTOR_RECOVERY_CODES_MADE
PASSWORD_CHANGED = Event.PASSWORD_CHANGED
PASSWORD_SET = Event.PASSWORD_SET
PASSWORD_RESET_ASKED = Event.PASSWORD_RESET_ASKED
PASSWORD_RESET = Event.PASSWORD_RESET
PASSWORD_LINK_PRINTED = Event.PASSWORD_RESET_LINK_PRINTED


def record(user: User, event: str, **facts: Any) -> None:
    """Record the event about the person in the log of each of their operators, and of the platform if they run it."""
    if platform.is_member(user):
        PlatformEvent.objects.create(user=user, event=event, facts=facts or None)
    for operator_id in people.operator_ids(user):
        audit.record_at(operator_id, event, about=user, **facts)


def wrong_password(user: User | None) -> None:
    """Record a wrong password in the logs of the person's operators; for nobody do the same and keep nothing.

    Whether an address has an account must not show in the work: the same questions, and at least one entry.
    """
    who = user or User(pk=0)
    if platform.is_member(who):
        PlatformEvent.objects.create(user=who, event=WRONG_PASSWORD)
    for operator in [Operator(pk=number) for number in people.operator_ids(who)] or [refused_access.nobody()]:
        with refused_access.taken_back_for_nobody(operator):
            audit.record(WRONG_PASSWORD, about=who)
