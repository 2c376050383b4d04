"""Marks: what stands in caches and counters instead of a person's number, address or network.

The same text gives the same mark, and without the instance's key nobody can try which text it was: a plain hash of an
address or of a short number is found by trying them all.
"""

from django.utils.crypto import salted_hmac


def mark(text: object, *, purpose: str) -> str:
    """Return the mark of a text, for one purpose: marks of different purposes cannot be compared. 128 bits."""
    return salted_hmac(f"wattledger.{purpose}", str(text), algorithm="sha256").hexdigest()[:32]
