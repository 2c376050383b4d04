"""Limits on attempts, exact for all processes together, counted in Redis.

The generic cell rate algorithm: a bucket admits `burst` attempts at once and gives one back every
`every_s` seconds. Reading, deciding and writing are one script, so a hundred attempts at the same
moment admit exactly the allowed number. Counting is outside any database transaction: a failure
that rolls back is counted all the same. Redis keeps no e-mail or address, only a mark of it (`tenants.marks`).

Without Redis nothing can be counted, so nothing is admitted (`LimiterUnavailable`): a guesser must not gain from an
outage.
"""

import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants.marks import mark

NAMESPACE = "wattledger:limit"

_ADMIT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + every
if full_at - now > every * burst then return math.ceil(full_at - now - every * burst) end
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1000)
return 0
"""


class TooMany(Exception):
    """The limit is reached; `retry_after_s` says when the next attempt is admitted."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many attempts; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class LimiterUnavailable(Exception):
    """Attempts cannot be counted now, so none is admitted."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many attempts at once, and one more every so many seconds."""

    name: str
    burst: int
    every_s: float


# Passwords and links of one person from one network; and, so that guessing stays bounded, from all of them together.
PASSWORD_OF_PERSON = Limit("password-person", burst=10, every_s=60)
PASSWORD_OF_PERSON_ANYWHERE = Limit("password-person-anywhere", burst=100, every_s=60)
# Of a person who is signed in: by the person, so that no stranger uses it up.
PASSWORD_WITHIN = Limit("password-within", burst=10, every_s=60)
PASSWORD_FROM_ADDRESS = Limit("password-address", burst=60, every_s=5)
CODE_OF_PERSON = Limit("code-person", burst=5, every_s=60)
CODE_FROM_ADDRESS = Limit("code-address", burst=60, every_s=5)
RESET_OF_PERSON = Limit("reset-person", burst=3, every_s=20 * 60)
RESET_OF_PERSON_ANYWHERE = Limit("reset-person-anywhere", burst=15, every_s=10 * 60)
RESET_FROM_ADDRESS = Limit("reset-address", burst=20, every_s=60)
LINK_FROM_ADDRESS = Limit("link-address", burst=30, every_s=10)
# Letters with invitations: no operator's people flood a mailbox, or many. About a hundred a day for an operator.
INVITATION_TO_ADDRESS = Limit("invitation-address", burst=5, every_s=60 * 60)
INVITATION_OF_OPERATOR = Limit("invitation-operator", burst=100, every_s=24 * 60 * 60 / 100)
# Calls of the API by one key or person; and keys that were refused, by address.
API_CALLS = Limit("api-calls", burst=100, every_s=0.1)
KEYS_REFUSED = Limit("api-keys-refused", burst=20, every_s=10)
# Charges of guests, who are nobody: of one network, and at one outlet.
GUEST_FROM_NETWORK = Limit("guest-network", burst=5, every_s=2 * 60)
GUEST_AT_OUTLET = Limit("guest-outlet", burst=3, every_s=2 * 60)


def admit(limit: Limit, who: object) -> None:
    """Count an attempt of this person or address.

    Raises:
        TooMany: it is not admitted, and not counted either.
        LimiterUnavailable: Redis does not answer.
    """
    try:
        wait_ms = int(_script()(keys=[_key(limit, who)], args=[limit.every_s * 1000, limit.burst]))
    except redis.RedisError as error:
        raise LimiterUnavailable from error
    if wait_ms:
        raise TooMany(-(-wait_ms // 1000))


def forget(limit: Limit, who: object) -> None:
    """Give all attempts back: the person has proved who they are. Raises `LimiterUnavailable` without Redis."""
    try:
        _server().delete(_key(limit, who))
    except redis.RedisError as error:
        raise LimiterUnavailable from error


def remember(text: str, *, for_s: int) -> str:
    """Keep something that may be taken once, and return the word to take it with. Raises `LimiterUnavailable`."""
    word = secrets.token_urlsafe(24)
    try:
        _server().set(f"{NAMESPACE}:once:{word}", text, ex=for_s)
    except redis.RedisError as error:
        raise LimiterUnavailable from error
    return word


def take(word: str) -> str | None:
    """Return what was kept under the word, once: of two at the same moment one gets it. Raises `LimiterUnavailable`."""
    try:
        found = _server().getdel(f"{NAMESPACE}:once:{word}")
    except redis.RedisError as error:
        raise LimiterUnavailable from error
    return None if found is None else str(found, "utf-8")


def _key(limit: Limit, who: object) -> str:
    return f"{NAMESPACE}:{limit.name}:{mark(who, purpose='limit')}"


@cache
def _server() -> Any:
    # One more try at once: a connection that was idle may have ended. The person waits for the answer.
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1)
    )


@cache
def _script() -> Any:
    return _server().register_script(_ADMIT)
