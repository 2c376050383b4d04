"""The download of all drivers' personal data: recorded, and if the operator wants it with a second person's leave."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Approval, User
from tenants.permissions import Permission
from tenants.selectors import driver_rows
from tenants.services import four_eyes

ACTION = "export_personal_data"
VALID_FOR = timedelta(hours=24)


@transaction.atomic
def begin(*, former: bool, by: User, at: datetime) -> list[int]:
    """Note that the person takes the data, and return which drivers' it is, in their order.

    The record comes before the file: one that breaks off has been taken all the same.

    Raises:
        SecondPersonNeeded: the operator wants a second person for it, and none has approved.
    """
    four_eyes.claim(ACTION, subject=by.public_id, facts=lambda: facts(former=former), at=at)
    found = driver_rows.ids(former=former)
    digest = hashlib.sha256("\n".join(str(public_id) for _number, public_id in found).encode()).hexdigest()
    audit.record(Event.DRIVERS_EXPORTED, count=len(found), former=former, sha256=digest)
    return [number for number, _public_id in found]


def ask(*, former: bool, by: User, at: datetime) -> Approval:
    """Ask a second person for leave. Raises `Refused` as `four_eyes.ask` does."""
    return four_eyes.ask(ACTION, subject=by.public_id, facts=facts(former=former), by=by, at=at)


def facts(*, former: bool) -> dict[str, Any]:
    """What the download holds now."""
    return {"former": former, "count": driver_rows.count(former=former)}


def register() -> None:
    """Say what approving it means: one download by who asked, within a day. New drivers may come meanwhile."""
    four_eyes.register(
        four_eyes.Act(
            ACTION,
            Permission.EXPORT_DRIVERS,
            facts_now=lambda approval: facts(former=approval.facts["former"]),
            carry_out=None,
            bound=("former",),
            valid_for=VALID_FOR,
            is_chosen=True,
        )
    )
