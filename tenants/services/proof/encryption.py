"""Encrypting again, with the newest key, what an older one encrypted: so that the older one can be let go.

Works in batches, each its own transaction, and may be stopped and run again: what is current is left alone. A row
that changes meanwhile keeps its change, as the new text is written only in place of the one that was read.
"""

import logging
from dataclasses import dataclass

from django.db import transaction

from tenants import crypto
from tenants.models import TotpDevice

log = logging.getLogger(__name__)
BATCH = 500


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: rows encrypted again, rows that were current, and those no listed key opens."""

    again: int = 0
    current: int = 0
    unreadable: int = 0

    def __add__(self, other: "Rotation") -> "Rotation":
        return Rotation(self.again + other.again, self.current + other.current, self.unreadable + other.unreadable)


def rotate() -> Rotation:
    """Go through every encrypted seed once."""
    done, last = Rotation(), 0
    while batch := list(TotpDevice.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        with transaction.atomic():
            for device in batch:
                done += _rotate(device)
        last = batch[-1].pk
    return done


def _rotate(device: TotpDevice) -> Rotation:
    sealed = bytes(device.sealed_seed)
    if crypto.is_current(sealed):
        return Rotation(current=1)
    try:
        seed = crypto.decrypt(sealed, about=device.about)
    except crypto.Unreadable:
        log.exception("The seed of authenticator %s opens with no listed key.", device.pk)
        return Rotation(unreadable=1)
    TotpDevice.objects.filter(pk=device.pk, sealed_seed=sealed).update(
        sealed_seed=crypto.encrypt(seed, about=device.about)
    )
    return Rotation(again=1)
