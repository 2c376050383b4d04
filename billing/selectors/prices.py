"""Prices of sessions, and how they came about."""

import numpy as np

from billing import batches
from billing.domain.explained.price import ExplainedPrice
from billing.domain.explained.price_of import session_price
from billing.domain.explained.problems import error_of
from billing.domain.kernel.rating import rate
from billing.models import SessionPrice
from billing.selectors import terms
from charging.models import ChargingSession


def of_session(session: ChargingSession) -> SessionPrice | None:
    """The session's price with its tariff; None while it has none."""
    return SessionPrice.objects.select_related("tariff_version__tariff").filter(session=session).first()


def explained(session: ChargingSession) -> ExplainedPrice | None:
    """How the session's price came about, slice by slice; None when it has none.

    The kernel tells it again from the session and the tariff version it was priced by. Neither changes while there is
    a price, so it comes to the same amounts.
    """
    price = of_session(session)
    if price is None or price.tariff_version is None:
        return None
    batch = batches.read(price.operator_id, [session.pk])
    if len(batch) == 0:
        return None
    only = np.zeros(1, dtype=np.int64)
    zones = terms.zones(batch.site.tolist())
    used = terms.terms([price.tariff_version], energy_only=bool(batch.energy_only.any()))
    rated = rate(batch.metered(only, zones=zones, tariff=only), used)
    return session_price(rated, 0) if error_of(rated, 0) is None else None
