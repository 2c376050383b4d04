"""Sessions that nobody pays for end by the operator's rule: sums by site and hour are all that is left of them.

What an invoice rests on is kept with the books (BFL 7 kap. 2 §), and what somebody has still to decide on stays until
it is decided. The rest, free or written off, is kept no longer than a claim about it could be made; then energy and
money of the hour are added to what is known of it, and the session goes with everything that tells of it: its price,
what files said of it, what its station and its meter told. Totals of the past say the same before and after.

What stations said word for word is gone by then (`charging.services.endings`). The audit log keeps what people did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from billing.models.billing_status import BUCKETS, Bucket
from billing.services import day_sums, rating
from billing.sql.past_hours import DUE, GONE, LEFT, STILL_DUE
from charging.domain.ocpp import SOURCE
from charging.models import ChargingSession, SignedRecord, StationCharge
from tenants.models import Operator
from tenants.privacy import retention
from tenants.privacy.retention import DataClass
from tenants.scoping import current_operator_id

#: A consumer's debt lapses after three years (preskriptionslagen 1981:130, 2 §), one of them a leap year.
THREE_YEARS: Final = 1096
#: A driver's own page shows a year.
LEAST: Final = 365
MOST: Final = 2920
_SETTLED: Final = [status.value for status in BUCKETS[Bucket.FREE]]


def due(before: datetime) -> QuerySet[ChargingSession]:
    """The sessions that ended before this moment and may go; of very many, as many as a preview counts."""
    operator = Operator.objects.get(pk=current_operator_id())
    values = _conditions(operator) | {
        "before": before,
        "last": before.astimezone(operator.zone).date(),
        "most": retention.MOST_COUNTED,
    }
    return ChargingSession.objects.filter(pk__in=_ids(DUE, values)).order_by("pk")


def end(rows: Sequence[Any]) -> int:
    """Leave sums of these sessions; returns how many are gone. One that was billed meanwhile stays.

    Their days are marked, and counted anew once nothing is locked any more: until then whoever asks counts them.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    rating.hold_prices([row.pk for row in rows])
    found = ChargingSession.objects.filter(pk__in=[row.pk for row in rows]).only("pk", "source", "external_id")
    held = list(found.order_by("pk").select_for_update())
    values = _conditions(operator) | {"ids": [row.pk for row in held]}
    values["ids"] = ids = _ids(STILL_DUE, values)
    numbers = [int(row.external_id) for row in held if row.source == SOURCE and row.pk in ids]
    if numbers:
        StationCharge.objects.filter(number__in=numbers).delete()
        SignedRecord.objects.filter(number__in=numbers).delete()
    with connection.cursor() as cursor:
        cursor.execute(LEFT, values)
        for statement in GONE:
            cursor.execute(statement, values)
    return len(ids)


def _rows(ids: Sequence[int]) -> QuerySet[ChargingSession]:
    return ChargingSession.objects.filter(pk__in=ids).only("pk").order_by("pk")


def _conditions(operator: Operator) -> dict[str, Any]:
    held = list(retention.kept_drivers().values_list("pk", flat=True))
    return {"operator": operator.pk, "zone": operator.time_zone, "settled": _SETTLED, "held": held}


def _ids(sql: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [key for (key,) in cursor.fetchall()]


#: What is settled without an invoice.
CLASS: Final = DataClass("sessions", THREE_YEARS, LEAST, MOST, due, end, again=_rows, after=day_sums.refresh)
