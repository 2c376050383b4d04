"""The marks by which cards are found, made anew when the instance has a new key."""

from charging.models import Token
from tenants.scoping import tenant_scope

BATCH = 1_000
_MARKS = ("uid_mark", "uid_exact", "number_mark")


def mark_again(operator_id: int) -> tuple[int, int]:
    """Mark the operator's cards with the newest key, in batches; return how many again, and how many were.

    May be stopped and run again. Until then cards are found by older marks.

    Raises:
        Unreadable: a number does not open.
    """
    again, current, last = 0, 0, 0
    while True:
        with tenant_scope(operator_id):
            every = Token.objects.filter(pk__gt=last).exclude(uid_mark="")
            rows = list(every.order_by("pk").select_for_update()[:BATCH])
            for row in rows:
                before = {name: getattr(row, name) for name in _MARKS}
                row.uid, row.visual_number = row.uid, row.visual_number  # opened, so that they are marked
                marks = {name: row.marked(name) for name in _MARKS}
                if before == marks:
                    current += 1
                else:
                    again += Token.objects.filter(pk=row.pk).update(**marks)
        if not rows:
            return again, current
        last = rows[-1].pk
