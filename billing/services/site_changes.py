"""Sites changed, also in their country: by it goes the VAT of what was charged there, also of what dealers resell."""

from datetime import datetime
from typing import Any

from django.db import transaction

from billing.services import drafted_prices, rating
from charging.models import Site
from charging.services import sites
from charging.site_scope import limited_to
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id


@transaction.atomic
def change(site: Site, *, at: datetime, **facts: Any) -> Site:
    """Give the site these facts. Once it is abroad, or no more, what dealers have not been billed of it is priced anew.

    Drafts keep what they say; a run with some that have another VAT, or that of another country, by now is not issued
    (`billing.selectors.run_checks`).

    Raises:
        NetworkRefused: as `charging.services.sites.change`.
    """
    was = Site.objects.values_list("country", flat=True).get(pk=site.pk)
    moves = facts.get("country", was) != was
    if moves:
        rating.await_rating()  # before the site's row, which whoever assigns it a tariff wants when they have this
    site = sites.change(site, **facts)
    if moves:
        home = Operator.objects.values_list("country", flat=True).get(pk=current_operator_id())
        if home in (was, site.country):
            _forget(site, home, at)
        drafted_prices.note_country(site)
    return site


@limited_to(None)  # whoever changes a site of theirs: its dealers' prices are theirs wherever they charge
def _forget(site: Site, home: str, at: datetime) -> None:
    for account in Account.objects.filter(dealer_since__isnull=False, dealer_in=home).order_by("pk"):
        account.dealer_changed_at = at
        account.save(update_fields=["dealer_changed_at"])
        rating.forget_account(account, of=site)
