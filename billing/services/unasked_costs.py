"""What charges cost that were let in when nobody could be asked, so that the gateway keeps to the sum of the month.

The price is that of the invoice. A charge that goes on counts as what its rule reckons at least; one that no tariff
prices, or in another currency, as that alone.
"""

from datetime import datetime, timedelta
from decimal import ROUND_UP

from django.db.models import Q

from billing.selectors import stakes
from charging.domain.ocpp import SOURCE
from charging.domain.ocpp.unasked import Kind
from charging.models import ChargingSession, StationCharge
from charging.selectors import card_rules, outlets
from tenants.models import Operator
from tenants.scoping import current_operator_id

#: So many are counted at once, the newest first; and how long after its end a charge may still change.
AT_ONCE, SETTLED = 500, timedelta(days=1)


def count(*, at: datetime) -> int:
    """Note what this month's such charges have come to, as far as it may have changed; return of how many it has."""
    charges = {str(row.number): row for row in card_rules.let_in(at=at).order_by("-pk")[:AT_ONCE]}
    if not charges:
        return 0
    rows = ChargingSession.objects.filter(source=SOURCE, external_id__in=charges)
    unsettled = Q(state=ChargingSession.State.ACTIVE) | Q(ended_at__gt=at - SETTLED)
    uncounted = [number for number, row in charges.items() if row.unasked_cost is None]
    found = rows.filter(unsettled | Q(external_id__in=uncounted)).select_related(
        "site", "station", "connector", "driver", "token"
    )
    return sum(_note(charges[row.external_id], cost) for row, cost in _costs(list(found), charges, at=at))


def _costs(
    sessions: list[ChargingSession], charges: dict[str, StationCharge], *, at: datetime
) -> list[tuple[ChargingSession, int]]:
    currency = Operator.objects.get(pk=current_operator_id()).currency
    rules = {used.kind: used.rule for used in card_rules.of_operator(at=at)}
    is_open = [row.state == ChargingSession.State.ACTIVE for row in sessions]
    so_far = [
        outlets.so_far(row, at=at).session if goes_on else row for row, goes_on in zip(sessions, is_open, strict=True)
    ]
    costs = []
    for row, goes_on, stake in zip(sessions, is_open, stakes.of(so_far), strict=True):
        if stake is not None and stake.currency == currency:
            cost = int(stake.amount.to_integral_value(ROUND_UP))
            least = rules[Kind(charges[row.external_id].unasked)].reckoned if goes_on else 0
            costs.append((row, max(cost, least)))
    return costs


def _note(charge: StationCharge, cost: int) -> bool:
    if charge.unasked_cost == cost:
        return False
    StationCharge.objects.filter(pk=charge.pk).update(unasked_cost=cost)
    return True
