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
def keep(accounts: Mapping[str, Account], abroad: Mapping[tuple[str, str], Account] | None = None) -> None:
    """Put these accounts in the place of those there are; a use that is not named has the usual one.

    abroad: those of a use (`BY_COUNTRY`) in one other country; where none is named, the use has the same in all.
    Files that were made and months that are closed keep what they say.
    """
    Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())  # one chart after the other
    own = {(use, ""): account for use, account in accounts.items() if account != USUAL[use]}
    for (use, country), account in (abroad or {}).items():
        if account != (accounts.get(use) or USUAL[use]):
            own[use, country] = account
    BookingAccount.objects.all().delete()
    BookingAccount.objects.bulk_create(
        [
            BookingAccount(use=use, country=country, number=account.number, name=account.name)
            for (use, country), account in own.items()
        ]
    )
    told = [" ".join(filter(None, (*key, account.number))) for key, account in own.items()]
    audit.record(Event.BOOKING_ACCOUNTS_CHANGED, accounts=told)
