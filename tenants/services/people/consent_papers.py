"""Consent given on paper: recorded by staff, with the paper as it was scanned (GDPR art. 7(1)).

The day is the paper's, and so are the words: those of the version that stands on it. Who has answered since then is not
overruled by an older paper. The scan is stored and never read; only what it claims to be is looked at.
"""

import hashlib
from datetime import date, datetime, time
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from tenants.errors import Code, Refused
from tenants.models import ConsentEvent, ConsentNotice, ConsentPaper, Driver, Operator, User
from tenants.selectors import consents as asked
from tenants.services.people import consents

#: How files of each kind begin.
KINDS: dict[str, bytes] = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}


@transaction.atomic
def record(
    driver: Driver, notice: ConsentNotice, decision: str, *, signed_on: date, scan: Any, by: User, at: datetime
) -> ConsentEvent:
    """Record what the driver decided on paper. scan: the file.

    Raises:
        Refused: the file is of another kind, the day cannot be, or the driver has answered since.
    """
    kind = _kind(scan)
    zone = Operator.objects.get(pk=driver.operator_id).zone
    if not notice.published_at.astimezone(zone).date() <= signed_on <= at.astimezone(zone).date():
        raise Refused(Code.PAPER_AHEAD)
    # The day's beginning: what the driver answers in the portal on the same day is taken to be later.
    signed_at = max(datetime.combine(signed_on, time(), tzinfo=zone), notice.published_at)
    Driver.objects.select_for_update().only("pk").get(pk=driver.pk)
    newest = asked.in_force(driver, notice.purpose)
    if newest is not None and newest.happened_at > signed_at:
        raise Refused(Code.PAPER_OVERTAKEN)
    event = consents.record(
        driver,
        notice.purpose,
        decision,
        channel=ConsentEvent.Channel.PAPER,
        at=signed_at,
        language=notice.language,
        by=by,
        notice=notice,
    )
    if not ConsentPaper.objects.filter(event=event).exists():
        paper = ConsentPaper(event=event, kind=kind, sha256=_digest(scan))
        name = f"operators/{driver.operator_id}/consents/{paper.public_id}.{kind}"
        paper.file.name = default_storage.save(name, scan)
        paper.save()
    return event


def _kind(scan: Any) -> str:
    """What the file begins as."""
    scan.seek(0)
    start = scan.read(16)
    scan.seek(0)
    found = next((kind for kind, mark in KINDS.items() if start.startswith(mark)), None)
    if found is None:
        raise Refused(Code.PAPER_KIND)
    return found


def _digest(scan: Any) -> str:
    digest = hashlib.sha256()
    for piece in scan.chunks():
        digest.update(piece)
    scan.seek(0)
    return digest.hexdigest()
