"""Sites changed, also in their country and clock: by these goes the VAT of what was charged there.

A price says the VAT of the place where a dealer at home buys, and where the standard rate changes during a session.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from billing.selectors import vat_rates
from billing.services import drafted_prices, rating
from charging.models import ChargingSession, Site
from charging.services import sites
from charging.site_scope import limited_to
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id


@transaction.atomic
def change(site: Site, *, at: datetime, **facts: Any) -> Site:
    """Give the site these facts. Once it is abroad, or no more, what dealers have not been billed of it is priced anew.

    So is what nobody was billed for and lasted over a change of the standard rate, there or where it was thought to be.

    Drafts keep what they say; a run with some that have another VAT, or that of another country, by now is not issued
    (`billing.selectors.run_checks`).

    Raises:
        NetworkRefused: as `charging.services.sites.change`.
    """
    was = Site.objects.values_list("country", "time_zone").get(pk=site.pk)
    moves = (facts.get("country", was[0]), facts.get("time_zone", was[1])) != was
    if moves:
        rating.await_rating()  # before the site's row, which whoever assigns it a tariff wants when they have this
    site = sites.change(site, **facts)
    if site.country != was[0]:
        home = Operator.objects.values_list("country", flat=True).get(pk=current_operator_id())
        if home in (was[0], site.country):
            _forget(site, home, at)
        drafted_prices.note_country(site)
    if moves:
        _split_anew(site, vat_rates.instants([was, (site.country, site.time_zone)]))
    return site


def _split_anew(site: Site, changes: Sequence[int]) -> None:
    """Forget the prices of what lasted over one of these instants."""
    lasting = Q()
    for second in changes:
        instant = datetime.fromtimestamp(second, UTC)
        lasting |= Q(started_at__lt=instant, ended_at__gt=instant)
    if lasting:
        rating.free_to_change(ChargingSession.objects.filter(lasting, site=site))


@limited_to(None)  # whoever changes a site of theirs: its dealers' prices are theirs wherever they charge
def _forget(site: Site, home: str, at: datetime) -> None:
    for account in Account.objects.filter(dealer_since__isnull=False, dealer_in=home).order_by("pk"):
        account.dealer_changed_at = at
        account.save(update_fields=["dealer_changed_at"])
        rating.forget_account(account, of=site)
