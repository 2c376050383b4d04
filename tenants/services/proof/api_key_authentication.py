"""Proving an API key, for the door of the API.

Runs in a short scope of its own, outside the request's: that the key was used, or refused, must survive whatever
the request comes to. A wrong key, another operator's, an ended one and a text that is no key at all cost the same
work and are told apart by nobody but the operator, in its log.
"""

import hmac
from datetime import datetime, timedelta

from django.db.models import Q

from tenants import api_secret
from tenants.log import audit, refused_access
from tenants.log.events import Event
from tenants.models import ApiKey, Operator
from tenants.scoping import tenant_scope

REFUSED = Event.KEY_REFUSED
_NOBODYS = api_secret.digest(api_secret.new_secret())


def proved(text: str, *, operator_id: int | None, at: datetime, address: str | None) -> ApiKey | None:
    """Return the operator's key that this text proves; None for a wrong or ended one, or no such operator."""
    key_id, secret = api_secret.parsed(text) or ("", "")
    with tenant_scope(operator_id or refused_access.NOBODYS):
        key = ApiKey.objects.filter(key_id=key_id).first()
        kept = key.secret_sha256 if key else _NOBODYS
        is_right = hmac.compare_digest(kept, api_secret.digest(secret))
        if key is None or not is_right or not key.works_at(at):
            return None
        _note_use(key, at=at, address=address)
        return key


def refused(text: str, *, operator_id: int | None, at: datetime) -> None:
    """Record a refusal in the operator's log, with the key it pretended to be, if that is one of its own.

    Strangers cannot fill the log with keys of their invention: for each key of the operator's, and for all others
    together, few refusals of a minute get an entry, wherever they come from (`refused_access`). The others are written
    and taken back, also where there is no such operator: whether a key or an operator exists must not show in the time.
    """
    key_id, _secret = api_secret.parsed(text) or ("", "")
    with tenant_scope(operator_id or refused_access.NOBODYS):
        key = ApiKey.objects.filter(key_id=key_id).first()
        # Asked for also when it is not needed: the same work for all.
        operator = Operator.objects.filter(pk=operator_id or refused_access.NOBODYS).first() or refused_access.nobody()
        attempts = refused_access.counted(f"{REFUSED}:{operator_id}:{key.pk if key else ''}")
        with refused_access.taken_back_for_nobody(operator, keep=refused_access.is_worth_an_entry(attempts)):
            audit.record(REFUSED, about=key or operator, reason=_reason(key, at), **refused_access.facts_of(attempts))


def _reason(key: ApiKey | None, at: datetime) -> str:
    if key is None:
        return "unknown"
    if key.revoked_at is not None:
        return "revoked"
    return "wrong secret" if key.works_at(at) else "expired"


def _note_use(key: ApiKey, *, at: datetime, address: str | None) -> None:
    """Keep when and from where the key was last used, at most once a minute."""
    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - timedelta(minutes=1))
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at, last_used_address=address)
