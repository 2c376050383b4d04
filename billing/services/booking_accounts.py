"""The operator's accounts, kept as a whole."""

from collections.abc import Mapping

from django.db import transaction

from billing.events import Event
from billing.models import BookingAccount
from billing.selectors.booking_accounts import USUAL, Account
from tenants.log import audit
from tenants.models import Operator
from tenants.scoping import current_operator_id


@transaction.atomic
def keep(accounts: Mapping[str, Account]) -> None:
    """Put these accounts in the place of those there are; a use that is not named has the usual one.

    Files that were made and months that are closed keep what they say.
    """
    Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())  # one chart after the other
    own = {use: account for use, account in accounts.items() if account != USUAL[use]}
    BookingAccount.objects.all().delete()
    BookingAccount.objects.bulk_create(
        [BookingAccount(use=use, number=account.number, name=account.name) for use, account in own.items()]
    )
    audit.record(Event.BOOKING_ACCOUNTS_CHANGED, accounts=[f"{use} {account.number}" for use, account in own.items()])
