"""Signed values before money: records are kept, and a session waits for a person where they do not prove it.

Whatever speaks against what is billed makes it wait. What merely does not prove it does so only if the operator demands
proof (`MeterRule`), and as soon as a record or a key that was missing is there, nobody need decide any more.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

from django.db import transaction

from charging.domain.ocpp import SOURCE
from charging.domain.reasons import Flag
from charging.domain.signed.proof import Proof, Verdict
from charging.models import ChargingSession, MeterRule, SignedRecord
from charging.selectors import signed_values as selectors

#: Records a charge: those of its begin and end count among them, and a few more of these are always taken.
MOST, MOST_OF_ENDS = 200, 220
#: Records that are looked at again at once; what is left is looked at a minute later.
TOGETHER = 200
_ENDS = "Transaction."
_Review = ChargingSession.Review


def keep_for_books(numbers: Collection[int], *, until: date) -> int:
    """Have bookkeeping alone open what meters signed about these charges, until this day; return how many records.

    What is kept so already stays so; what opens with no listed key is left as it is.
    """
    count = 0
    for row in SignedRecord.objects.filter(number__in=numbers).order_by("pk").iterator(chunk_size=TOGETHER):
        sealed = row.__dict__["raw"]
        if not sealed.is_for_books and sealed.opens:
            count += SignedRecord.objects.filter(pk=row.pk).update(raw=sealed.for_books(until=until))
    return count


def keep(records: Sequence[SignedRecord]) -> None:
    """Store what meters signed, once each. What a charge has too many of stands in the station's messages only."""
    if not records:
        return
    numbers = SignedRecord.objects.filter(number__in={row.number for row in records}).values_list("number", flat=True)
    had = Counter(numbers)
    kept = []
    for row in records:
        if had[row.number] < (MOST_OF_ENDS if row.context.startswith(_ENDS) else MOST):
            had[row.number] += 1
            kept.append(row)
    SignedRecord.objects.bulk_create(kept, ignore_conflicts=True)


def unproven(sessions: Collection[ChargingSession]) -> set[str]:
    """Return the external ids of the sessions that wait for a person."""
    if not sessions:
        return set()
    demand = selectors.demand()
    with_key = selectors.has_key(sessions) if demand == MeterRule.Demand.WITH_KEY else set()
    return {
        str(number)
        for number, proof in selectors.proofs(sessions).items()
        if _waits(proof, is_demanded=demand == MeterRule.Demand.ALWAYS or number in with_key)
    }


@transaction.atomic
def look_again() -> int:
    """Look again at charges of which something has become known since; return at how many.

    Only takes away what is said of a session that waits: one that was decided on, or may be billed, is left alone.
    """
    due = set(SignedRecord.objects.filter(is_due=True).order_by("pk").values_list("number", flat=True)[:TOGETHER])
    if not due:
        return 0
    rows = ChargingSession.objects.select_for_update().filter(
        source=SOURCE, external_id__in=[str(number) for number in due]
    )
    waiting = [row for row in rows.order_by("pk") if row.review == _Review.PENDING and Flag.NOT_PROVEN in row.flags]
    still = unproven(waiting)
    for session in waiting:
        if session.external_id not in still:
            session.flags = [flag for flag in session.flags if flag != Flag.NOT_PROVEN]
            session.review = _Review.PENDING if session.flags else _Review.NONE
            session.save(update_fields=["flags", "review"])
    SignedRecord.objects.filter(number__in=due, is_due=True).update(is_due=False)
    return len(due)


def is_due(connector_id: int) -> None:
    """Have the charges of an outlet looked at again that wait for their proof: its keys are others now."""
    waiting = ChargingSession.objects.filter(
        connector=connector_id, source=SOURCE, review=_Review.PENDING, flags__contains=[Flag.NOT_PROVEN]
    )
    numbers = [int(name) for name in waiting.values_list("external_id", flat=True) if name.isdecimal()]
    SignedRecord.objects.filter(number__in=numbers).update(is_due=True)


def _waits(proof: Proof, *, is_demanded: bool) -> bool:
    return proof.is_against or (is_demanded and proof.verdict != Verdict.GOOD)
