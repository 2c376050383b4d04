"""Operators changed by their own staff, also in their country: at home and abroad are told from there."""

from datetime import datetime
from typing import Any

from django.db import transaction

from billing.services import drafted_prices, rating
from charging.site_scope import limited_to
from tenants.models import Account, Operator
from tenants.services.people import operators


@transaction.atomic
@limited_to(None)  # where the operator is established holds at every site
def change(operator: Operator, *, at: datetime, **particulars: Any) -> Operator:
    """Give the operator these particulars. Of another country, what dealers have not been billed is priced anew.

    Drafts keep what they say; a run with some that have another VAT, or that of another country, by now is not issued
    (`billing.selectors.run_checks`). What fees and hosts' contracts were agreed with stays.

    Raises:
        Refused: as `tenants.services.people.operators.change`.
    """
    was = Operator.objects.values_list("country", flat=True).get(pk=operator.pk)
    moves = particulars.get("country", was) != was
    if moves:
        rating.await_rating()  # before the operator's row, as whoever changes terms does
    operator = operators.change(operator, **particulars)
    if moves:
        _forget(at)
        drafted_prices.note_country()
    return operator


def _forget(at: datetime) -> None:
    for account in Account.objects.filter(dealer_since__isnull=False).order_by("pk"):
        account.dealer_changed_at = at
        account.save(update_fields=["dealer_changed_at"])
        rating.forget_account(account)
