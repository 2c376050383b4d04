"""Payers added and changed, also in that they buy to resell: then what is not billed yet has another VAT."""

from datetime import datetime
from typing import Any

from django.db import transaction

from billing.services import rating
from charging.site_scope import limited_to
from tenants.models import Account
from tenants.services.people import accounts

#: What changes the VAT. By which paper it is shown does not.
_FACTS = ("dealer_since", "dealer_until", "dealer_in")


@transaction.atomic
@limited_to(None)  # what a dealer pays holds at every site
def change(account: Account, *, at: datetime, **facts: Any) -> Account:
    """Give the account these facts. Where it resells otherwise than before, its unbilled sessions are priced anew.

    Drafts keep what they say; a run that has some is not issued (`billing.selectors.run_checks`).

    Raises:
        Refused: as `tenants.services.people.accounts.change`.
    """
    if facts.get("dealer_since", account.dealer_since) or account.dealer_since:
        rating.await_rating()  # before the account's row, which whoever assigns it a tariff wants when they have this
    before = _told(Account.objects.select_for_update(no_key=True, of=("self",)).get(pk=account.pk))
    account = accounts.change(account, **facts)
    if _told(account) != before:
        account.dealer_changed_at = at
        account.save(update_fields=["dealer_changed_at"])
        rating.forget_account(account)
    return account


def _told(account: Account) -> tuple[Any, ...]:
    told = tuple(getattr(account, name) for name in _FACTS)
    return told if account.dealer_since else ()
