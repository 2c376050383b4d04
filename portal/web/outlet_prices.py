"""What charging at an outlet costs, as it is shown before a charge begins."""

from typing import Any

from django.utils import timezone

from billing.domain.tariff.model import parse_tariff
from billing.selectors.paid import paid
from charging.models import Station
from portal.words import tariffs as tariff_words
from tenants.models import Driver


def prices(driver: Driver | None, station: Station) -> dict[str, Any]:
    """Return what somebody would pay there now, in the order of AFIR art. 5(4): energy, time, session, the rest.

    driver: None for anybody without terms of their own. Empty: no price is set.
    """
    version = paid(driver, station, at=timezone.now()).version
    if version is None:
        return {}
    tariff = parse_tariff(version.document)
    return {"rows": tariff_words.rows(tariff), "bounds": tariff_words.bounds(tariff), "currency": tariff.currency}


def costs_nothing(station: Station) -> bool:
    """Whether anybody charges there for nothing: a price is set, and no part of it is more than zero."""
    version = paid(None, station, at=timezone.now()).version
    if version is None:
        return False
    tariff = parse_tariff(version.document)
    parts = [part.price for element in tariff.elements for part in element.price_components]
    least = tariff.min_price
    return not any(parts) and (least is None or not (least.excl_vat or least.incl_vat))
