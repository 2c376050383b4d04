"""The keys by which the gateway finds cards, whose numbers lie sealed, and with which it seals what stations say."""

from functools import cache

from portal import env


@cache
def card_keys() -> list[bytes]:
    """Return them, newest first (`bin/manage card_keys` tells them).

    Raises:
        SystemExit: there are none, so that every card would be unknown.
    """
    keys = env.keys("CARD_KEYS")
    if not keys:
        raise SystemExit("CARD_KEYS holds no key: bin/manage card_keys tells what belongs there.")
    return keys
