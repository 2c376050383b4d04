"""Public identifiers: random, sortable by time, and never the row's integer key."""

from uuid import UUID

import uuid6


def new_public_id() -> UUID:
    """Return a UUID version 7 (RFC 9562): its first 48 bits are the time, so indexes stay compact."""
    return UUID(bytes=uuid6.uuid7().bytes)
