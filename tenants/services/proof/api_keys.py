"""API keys: made, rotated, revoked. How one is proved stands in `api_key_authentication`.

A key belongs to the operator, not to the person who made it. It never opens more than its maker may: it ends when
they leave, and when another role takes one of its scopes from them (`revoke_of`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from tenants import api_secret, permissions, roles
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import ApiKey, Operator, User
from tenants.permissions import Permission
from tenants.scoping import current_operator_id

LONGEST = timedelta(days=366)
# How long the old key may go on working beside its successor.
OVERLAPS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key and its text, which exists nowhere else."""

    key: ApiKey
    text: str = field(repr=False)


@transaction.atomic
def make(*, name: str, scopes: Iterable[str], expires_at: datetime, by: User, at: datetime) -> Issued:
    """Make a key for these scopes.

    Raises:
        Refused: a scope is none, or more than its maker may; or the key would live for over a year.
    """
    issued = _issue(name=name, scopes=scopes, expires_at=expires_at, by=by, at=at)
    key = issued.key
    audit.record(Event.KEY_MADE, about=key, key_id=key.key_id, scopes=key.scopes, until=expires_at.isoformat())
    return issued


@transaction.atomic
def rotate(key: ApiKey, *, overlap: timedelta, by: User, at: datetime) -> Issued:
    """Make a successor with the same name, scopes and lifetime; the old key ends after the overlap.

    Raises:
        Refused: the key has ended or has a successor, or its scopes are more than this person may.
    """
    key = ApiKey.objects.select_for_update().get(pk=key.pk)
    _refuse_ended(key, at)
    if key.replaced_by_id is not None:
        raise Refused(Code.KEY_HAS_SUCCESSOR)
    if overlap not in OVERLAPS:
        raise Refused(Code.KEY_OVERLAP)
    lifetime = min(key.expires_at - key.created_at, LONGEST)
    issued = _issue(name=key.name, scopes=key.scopes, expires_at=at + lifetime, by=by, at=at)
    key.replaced_by = issued.key
    key.expires_at = min(key.expires_at, at + overlap)
    key.save(update_fields=["replaced_by", "expires_at"])
    audit.record(Event.KEY_ROTATED, about=key, key_id=issued.key.key_id, until=key.expires_at.isoformat())
    return issued


@transaction.atomic
def revoke(key: ApiKey, *, by: User | None, at: datetime) -> None:
    """End the key at once. Revoking it again changes nothing."""
    key = ApiKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by_id = at, by.pk if by else None
        key.save(update_fields=["revoked_at", "revoked_by_id"])
        audit.record(Event.KEY_REVOKED, about=key, key_id=key.key_id)


def revoke_of(
    user: User, *, beyond: Iterable[str] | None = None, by: User | None = None, at: datetime | None = None
) -> int:
    """End every key the person made at the current operator; return how many there were.

    beyond: only the keys with a scope that is none of these.
    """
    at = at or timezone.now()
    keys: Iterable[ApiKey] = ApiKey.objects.filter(created_by_id=user.pk, revoked_at=None, expires_at__gt=at).order_by(
        "pk"
    )
    if beyond is not None:
        keys = exceeding(keys, beyond)
    keys = list(keys)
    for key in keys:
        revoke(key, by=by, at=at)
    return len(keys)


def exceeding(keys: Iterable[ApiKey], allowed: Iterable[str]) -> list[ApiKey]:
    """The keys with a scope that is none of the allowed."""
    held = {str(permission) for permission in allowed}
    return [key for key in keys if not set(key.scopes) <= held]


def _issue(*, name: str, scopes: Iterable[str], expires_at: datetime, by: User, at: datetime) -> Issued:
    scopes = sorted(set(scopes))
    _refuse_scopes(scopes, by)
    if not at < expires_at <= at + LONGEST:
        raise Refused(Code.KEY_LIFETIME)
    secret = api_secret.new_secret()
    key = ApiKey.objects.create(
        name=name,
        scopes=scopes,
        key_id=api_secret.new_key_id(),
        secret_sha256=api_secret.digest(secret),
        created_by_id=by.pk,
        expires_at=expires_at,
    )
    return Issued(key, api_secret.written(key.key_id, secret))


def _refuse_scopes(scopes: list[str], by: User) -> None:
    if not scopes:
        raise Refused(Code.KEY_WITHOUT_SCOPES)
    access = permissions.access(by, slug=Operator.objects.get(pk=current_operator_id()).slug)
    for scope in scopes:
        if scope not in roles.API_SCOPES:
            raise Refused(Code.NO_KEY_SCOPE, scope=scope)
        if access is None or not access.may(Permission(scope)):
            raise Refused(Code.SCOPE_BEYOND_MAKER, permission=scope)


def _refuse_ended(key: ApiKey, at: datetime) -> None:
    if not key.works_at(at):
        raise Refused(Code.KEY_ENDED)
