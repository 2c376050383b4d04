"""What the publication of a tariff's version changed, price by price: read from the versions, which never change."""

from collections.abc import Iterable

from billing.domain.errors import BillingError
from billing.domain.tariff import model as ocpi
from billing.models import TariffVersion
from portal.words import tariffs


def before(versions: Iterable[TariffVersion]) -> dict[int, TariffVersion]:
    """The version that each of them followed, in one query; the first of a tariff follows none."""
    wanted = {(version.tariff_id, version.number): version.pk for version in versions}
    if not wanted:
        return {}
    published = TariffVersion.objects.filter(tariff__in={tariff for tariff, _ in wanted}, published_at__isnull=False)
    found: dict[int, TariffVersion] = {}
    for row in published.order_by("number"):
        for (tariff, number), pk in wanted.items():
            if tariff == row.tariff_id and row.number < number:
                found[pk] = row
    return found


def changed(version: TariffVersion, earlier: TariffVersion | None) -> list[tuple[str, str, str]]:
    """Which prices the version changed: (which price, before, after). Of a first version, all of them."""
    return tariffs.changes(_terms(earlier), _terms(version))


def _terms(version: TariffVersion | None) -> ocpi.Tariff | None:
    try:
        return ocpi.parse_tariff(version.document) if version else None
    except BillingError:
        return None
