"""Accounts as lists, and found by what a person knows of one."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants import company_numbers
from tenants.models import Account, Driver, DriverIdentity, Operator
from tenants.selectors import names
from tenants.selectors.search import after_all, among

#: Every kind, and every kind but private persons.
ALL, OTHERS = "all", "others"
#: So many accounts that a search of another list means are looked at.
_MEANT = 1_000


def listing(search: str = "", *, kind: str = ALL, closed: bool = False) -> QuerySet[Account]:
    """Accounts with identity and driver, in no order.

    search: words of the name or e-mail, an organisation or VAT number, or the beginning of a customer number.
    kind: one of them, `ALL` or `OTHERS`. closed: also those that are closed.
    """
    rows = Account.objects.select_related("identity", "driver")
    rows = rows.filter(kind=kind) if kind in Account.Kind else rows
    rows = rows.exclude(kind=Account.Kind.PRIVATE) if kind == OTHERS else rows
    rows = rows if closed else rows.filter(is_active=True)
    return rows.filter(matching(search.strip())) if search.strip() else rows


def matching(text: str) -> Q:
    """The condition that an account is meant by the text."""
    return among("pk", {*of_identities([*names.like(text), *_registered(text)], current=True), *numbered(text)})


def meant(text: str) -> list[int]:
    """The accounts that a search of a list means by `matching`, closed ones too: so many as a list looks at."""
    return list(listing(text.strip(), closed=True).values_list("pk", flat=True)[:_MEANT])


def one(public_id: UUID) -> Account | None:
    """An account with its particulars; None when there is no such account."""
    return Account.objects.select_related("identity", "driver").filter(public_id=public_id).first()


def partners() -> QuerySet[Account]:
    """The roaming partners in use, by their numbers."""
    rows = Account.objects.filter(kind=Account.Kind.ROAMING, is_active=True)
    return rows.select_related("identity").order_by("customer_number")


def days_to_pay(account: Account, operator: Operator) -> int:
    """How many days the account has to pay: its own terms, or the operator's."""
    return operator.payment_terms_days if account.payment_terms_days is None else account.payment_terms_days


def of_driver(driver: Driver) -> Account:
    """The driver's own account."""
    return Account.objects.select_related("identity", "driver").get(driver=driver)


def numbered(text: str, *, most: int = names.MOST) -> list[int]:
    """The accounts whose customer number begins with the text."""
    rows = Account.objects.filter(customer_number__gte=text, customer_number__lt=after_all(text))
    return list(rows.values_list("pk", flat=True)[:most])


def few(text: str, identities: list[int]) -> QuerySet[Account]:
    """The accounts of others than private persons, who are few, with these particulars, a number or its beginning."""
    ids = [*identities, *_registered(text)]
    theirs = DriverIdentity.objects.filter(among("pk", ids), account__isnull=False)
    named = among("pk", list(theirs.values_list("account_id", flat=True))) & among("identity", ids)
    begins = Q(customer_number__gte=text, customer_number__lt=after_all(text))
    rows = Account.objects.select_related("identity", "driver").exclude(kind=Account.Kind.PRIVATE)
    return rows.filter(named | begins)


def of_identities(identities: Iterable[int], *, current: bool = False) -> set[int]:
    """The accounts whose particulars these are or, unless only the `current` ones count, once were."""
    ids = list(identities)
    if current:
        return set(Account.objects.filter(among("identity", ids)).values_list("pk", flat=True))
    owners = DriverIdentity.objects.filter(among("pk", ids)).values_list("account_id", "driver_id")
    drivers = [driver for _, driver in owners if driver is not None]
    own = Account.objects.filter(among("driver", drivers)).values_list("pk", flat=True)
    return {*own, *(account for account, _ in owners if account is not None)}


def _registered(text: str) -> list[int]:
    """The identities with this organisation or VAT number, however it is written."""
    number = company_numbers.compact(text)
    return names.like(number) if number != text and any(sign.isdecimal() for sign in number) else []
