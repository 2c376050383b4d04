"""Whose sessions a range of accounts may pay for."""

from typing import Any

from charging.models import AccountMember
from tenants.models import Account


def reach(first: int, last: int) -> dict[str, Any]:
    """Return the drivers and cards that accounts from `first` to `last` may pay for, as `sql.payers.PAID_BY` wants."""
    members = AccountMember.objects.filter(account__gte=first, account__lte=last)
    own = Account.objects.filter(pk__gte=first, pk__lte=last, driver__isnull=False).values_list("driver_id", flat=True)
    drivers = {*own, *members.filter(driver__isnull=False).values_list("driver_id", flat=True)}
    cards = {*members.filter(token__isnull=False).values_list("token_id", flat=True)}
    return {"first": first, "last": last, "drivers": sorted(drivers), "cards": sorted(cards)}
