"""The drivers and cards of accounts, and the accounts of a driver or card."""

from django.db.models import F, QuerySet

from charging.models import AccountMember, Token
from tenants.models import Account, Driver


def of_account(account: Account) -> QuerySet[AccountMember]:
    """Who belongs to the account and who did: those of today first, then by when they left."""
    rows = AccountMember.objects.filter(account=account).select_related("driver__identity", "token__driver__identity")
    return rows.order_by(F("until").desc(nulls_first=True), F("since").asc(nulls_first=True), "pk")


def of_member(who: Driver | Token) -> QuerySet[AccountMember]:
    """The times of the driver or card at accounts, the newest first."""
    rows = (
        AccountMember.objects.filter(driver=who) if isinstance(who, Driver) else AccountMember.objects.filter(token=who)
    )
    return rows.select_related("account__identity").order_by(F("until").desc(nulls_first=True), "-pk")
