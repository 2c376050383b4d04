"""Accounts of those who are no single person: made, changed by adding a version of their particulars.

A driver's own account comes with the driver; its particulars are changed as the driver's (`drivers.change_identity`).
"""

from typing import Any

from django.db import transaction

from tenants import company_numbers
from tenants.conflicts import refused_as
from tenants.errors import Code, Refused
from tenants.models import Account, AccountPerson, DriverIdentity, Membership, Operator, User
from tenants.services.people import drivers, memberships

TERMS = ("language", "payment_terms_days", "delivery", "least_amount", "shows", "is_active")


@transaction.atomic
def create(*, kind: str, customer_number: str = "", **facts: Any) -> Account:
    """Make an account of a company, a housing association or a roaming partner.

    facts: any of `drivers.PARTICULARS` and `TERMS`. Without a customer number the next free one is given.

    Raises:
        Refused: another account or driver has the customer number; a number of the company is none of its country's.
    """
    drivers.one_at_a_time()
    number = customer_number or drivers.next_customer_number()
    terms = {name: facts.pop(name) for name in TERMS if name in facts}
    with drivers.number_once(number):
        account = Account.objects.create(kind=kind, customer_number=number, **terms)
    return _identified(account, facts)


@transaction.atomic
def change(account: Account, *, customer_number: str = "", **facts: Any) -> Account:
    """Give the account these facts; particulars that differ become a new version. A private one keeps its number.

    Raises:
        Refused: as `create`.
    """
    for name in TERMS:
        setattr(account, name, facts.pop(name, getattr(account, name)))
    if customer_number and account.driver is None:
        account.customer_number = customer_number
    with drivers.number_once(account.customer_number):
        account.save(update_fields=[*TERMS, "customer_number"])
    return _identified(account, facts)


@transaction.atomic
def let_see(account: Account, *, user: User) -> AccountPerson:
    """Let the person see what the account is billed.

    Raises:
        Refused: they see another account's invoices at this operator.
    """
    with refused_as(Refused(Code.HAS_ROLE), constraint="account_person_once"):
        person = AccountPerson.objects.create(account=account, user=user)
    memberships.add(user, operator=Operator.objects.get(pk=account.operator_id), role=Membership.Role.PAYER)
    return person


def _identified(account: Account, particulars: dict[str, Any]) -> Account:
    before = account.identity
    known = {name: getattr(before, name) for name in drivers.PARTICULARS} if before else {}
    wanted = checked({**known, **particulars})
    if before and wanted == known:
        return account
    if account.driver is not None:
        drivers.change_identity(account.driver, **wanted)
        account.refresh_from_db(fields=["identity"])
        return account
    account.identity = DriverIdentity.objects.create(account=account, **wanted)
    account.save(update_fields=["identity"])
    return account


def checked(particulars: dict[str, Any]) -> dict[str, Any]:
    """The particulars with their numbers written plainly.

    Raises:
        Refused: a number is none of its country's.
    """
    country = particulars.get("country", "") or ""
    organisation = company_numbers.organisation(particulars.get("organisation_number", ""), country=country)
    vat = company_numbers.vat(particulars.get("vat_number", ""))
    numbers = {"organisation_number": organisation, "vat_number": vat}
    return {**particulars, **numbers, "gln": company_numbers.gln(particulars.get("gln", ""))}
