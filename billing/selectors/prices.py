"""Prices of sessions, and how they came about."""

from decimal import Decimal

import numpy as np

from billing import batches
from billing.domain.explained.price import ExplainedPrice
from billing.domain.explained.price_of import session_price
from billing.domain.explained.problems import error_of
from billing.domain.kernel.rating import rate
from billing.domain.tariff import model as ocpi
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
    used = [
        _as_billed(one, price) for one in terms.terms([price.tariff_version], energy_only=bool(batch.energy_only.any()))
    ]
    rated = rate(batch.metered(only, zones=zones, tariff=only), used)
    return session_price(rated, 0) if error_of(rated, 0) is None else None


def _as_billed(tariff: ocpi.Tariff, price: SessionPrice) -> ocpi.Tariff:
    """The tariff with the VAT that the price was made with: a dealer's is not the tariff's, and ends on a day."""
    billed = {None if line["vat_rate"] is None else Decimal(str(line["vat_rate"])) for line in price.lines}
    own = {one.vat for element in tariff.elements for one in element.price_components}
    if len(billed) != 1 or billed == own:
        return tariff
    rate = billed.pop()
    return tariff if rate and rate in own else tariff.taxed(rate)
