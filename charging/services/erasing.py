"""What the erasure of a driver means on this floor, besides the rows of the register.

Cards are refused from now on. What files said of them goes wherever it is kept word for word: uploaded files, looks at
them, and rejected rows, whose cells become empty while the row still counts.
"""

from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q

from charging.models import ChargingSession, FileImport, ImportLook, RejectedRow, Token
from tenants.models import Driver
from tenants.privacy import erasure, retention

#: A shorter text is no card or name to look for: it would stand in anybody's row.
_SHORTEST = 5
_ENDED = (FileImport.State.DONE, FileImport.State.FAILED, FileImport.State.UNDONE)


def register() -> None:
    """Enter this floor's part."""
    erasure.register_part(_erase)


def _erase(driver: Driver, at: datetime) -> dict[str, int]:
    texts = _texts(driver)
    cards = Token.objects.filter(driver=driver)
    cards.filter(is_blocked=False).update(is_blocked=True, blocked_at=at)
    cards.update(merge=None, lost_at=None)
    rows = _rejected(texts)
    sessions = ChargingSession.objects.filter(driver=driver)
    sessions.exclude(review_note="").update(review_note="")
    told = {*sessions.values_list("file_import", flat=True).distinct(), *(row.file_import_id for row in rows)}
    imports = FileImport.objects.filter(pk__in=told - {None}, state__in=_ENDED)
    looks, _by_model = ImportLook.objects.filter(file_import__in=imports).delete()
    files = list(imports.exclude(file=""))
    return {
        "uploads": retention.forget_files(files) if files else 0,
        "looks": looks,
        "rejected_rows": _empty(rows, at=at),
    }


def _texts(driver: Driver) -> list[str]:
    """What in a file would be the driver's: their cards' numbers, names, addresses of e-mail, customer number."""
    cards = Token.objects.filter(Q(driver=driver) | Q(merged_into__driver=driver)).values_list("uid", "visual_number")
    people = [(each.name, each.email, each.phone) for each in driver.identities.all()]
    every = {text for row in (*cards, *people) for text in row} | {driver.customer_number}
    return [text for text in every if len(text) >= _SHORTEST]


def _rejected(texts: list[str]) -> list[RejectedRow]:
    if not texts:
        return []
    holds = [Q(cells__icontains=text) | Q(mended__icontains=text) | Q(facts__icontains=text) for text in texts]
    return list(RejectedRow.objects.filter(reduce(or_, holds)))


def _empty(rows: list[RejectedRow], *, at: datetime) -> int:
    """Empty the cells. A row nobody had decided about is left out: nothing can be made of it any more."""
    for row in rows:
        row.cells, row.mended, row.facts = [""] * len(row.cells), None, None
        row.settled = row.settled or RejectedRow.Settled.LEFT
        row.settled_at = row.settled_at or at
    RejectedRow.objects.bulk_update(rows, ["cells", "mended", "facts", "settled", "settled_at"], batch_size=500)
    return len(rows)
