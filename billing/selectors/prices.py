"""Prices of sessions, and how they came about."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from billing import batches
from billing.domain.explained.price import ExplainedPrice
from billing.domain.explained.price_of import session_price
from billing.domain.explained.problems import error_of
from billing.domain.invoice.lines import price_lines
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.kernel.turns import rate_over
from billing.domain.sessions.columns import Sessions
from billing.domain.tariff import model as ocpi
from billing.models import SessionPrice
from billing.selectors import terms, vat_rates
from charging.models import ChargingSession, Site


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
    only, site = np.zeros(1, dtype=np.int64), session.site
    used = terms.terms([price.tariff_version], energy_only=bool(batch.energy_only.any()))
    sessions = batch.metered(only, zones={site.pk: site.time_zone}, tariff=only)
    rated = _over_changes(sessions, used, site, price) or rate(sessions, [_as_billed(one, price) for one in used])
    return session_price(rated, 0) if error_of(rated, 0) is None else None


def _over_changes(sessions: Sessions, used: Sequence[ocpi.Tariff], site: Site, price: SessionPrice) -> Rated | None:
    """The answer where the standard rate of VAT changes within the session, and it was billed so; None otherwise.

    Otherwise is what a dealer buys, and what was priced before the change was known.
    """
    turns = vat_rates.turns(site.country, site.time_zone, int(sessions.start[0]), int(sessions.end[0]))
    if turns is None:
        return None
    rated = rate_over(sessions, used, turns)
    lines = price_lines(rated)
    told = {
        (rated.plan.components[component].price.vat, gross)
        for component, gross in zip(lines.component.tolist(), lines.gross.tolist(), strict=True)
    }
    billed = {(_rate(line), bool(line.get("tax_included"))) for line in price.lines}
    return rated if told == billed else None


def _rate(line: dict[str, Any]) -> Decimal | None:
    return None if line["vat_rate"] is None else Decimal(str(line["vat_rate"]))


def _as_billed(tariff: ocpi.Tariff, price: SessionPrice) -> ocpi.Tariff:
    """The tariff with the VAT that the price was made with: a dealer's is not the tariff's, and ends on a day."""
    billed = {_rate(line) for line in price.lines}
    own = {one.vat for element in tariff.elements for one in element.price_components}
    if len(billed) != 1 or billed == own:
        return tariff
    rate = billed.pop()
    return tariff if rate and rate in own else tariff.taxed(rate)
