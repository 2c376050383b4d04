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

#: Whether it buys electricity to resell it, from when to when, and what shows that.
DEALER = ("dealer_since", "dealer_until", "dealer_evidence")
TERMS = ("language", "payment_terms_days", "delivery", "least_amount", "shows", "is_active", *DEALER)


@transaction.atomic
def create(*, kind: str, customer_number: str = "", **facts: Any) -> Account:
    """Make an account of a company, a housing association or a roaming partner.

    facts: any of `drivers.PARTICULARS` and `TERMS`. Without a customer number the next free one is given.

    Raises:
        Refused: another account or driver has the customer number; a number of the company is none of its country's;
            nothing shows that it resells, or it lacks the country or VAT number without which that changes no VAT.
    """
    _check_dealer(facts)
    drivers.one_at_a_time()
    number = customer_number or drivers.next_customer_number()
    terms = {name: facts.pop(name) for name in TERMS if name in facts}
    with drivers.number_once(number):
        account = Account.objects.create(kind=kind, customer_number=number, dealer_in=_dealer_in(terms, facts), **terms)
    return _identified(account, facts)


@transaction.atomic
def change(account: Account, *, customer_number: str = "", **facts: Any) -> Account:
    """Give the account these facts; particulars that differ become a new version. A private one keeps its number.

    Raises:
        Refused: as `create`.
    """
    known = {name: getattr(account.identity, name) for name in drivers.PARTICULARS} if account.identity else {}
    terms = {name: facts.pop(name, getattr(account, name)) for name in TERMS}
    _check_dealer({**known, **facts, **terms})
    for name, value in terms.items():
        setattr(account, name, value)
    account.dealer_in = _dealer_in(terms, {**known, **facts})
    if customer_number and account.driver is None:
        account.customer_number = customer_number
    with drivers.number_once(account.customer_number):
        account.save(update_fields=[*TERMS, "dealer_in", "customer_number"])
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


def _dealer_in(terms: dict[str, Any], particulars: dict[str, Any]) -> str:
    return str(particulars.get("country") or "") if terms.get("dealer_since") else ""


def _check_dealer(facts: dict[str, Any]) -> None:
    """Refuse a dealer of whom nothing is shown, or who is not known where it is established.

    The union's dealers account for the VAT of what they buy from another member state by their VAT number there
    (directive 2006/112, art. 38 and 195); without it nothing can be sold to them without VAT.
    """
    since, until = facts.get("dealer_since"), facts.get("dealer_until")
    country = str(facts.get("country") or "").upper()
    if since is None:
        if until is not None or facts.get("dealer_evidence"):
            raise Refused(Code.DEALER_WITHOUT_BEGINNING, field="dealer_since")
        return
    if until is not None and until < since:
        raise Refused(Code.DEALER_ENDS_FIRST, field="dealer_until")
    if not str(facts.get("dealer_evidence") or "").strip():
        raise Refused(Code.DEALER_WITHOUT_EVIDENCE, field="dealer_evidence")
    if not country:
        raise Refused(Code.DEALER_WITHOUT_COUNTRY, field="country")
    number = company_numbers.vat(str(facts.get("vat_number") or ""))
    if country in company_numbers.UNION and not company_numbers.vat_of(country, number):
        raise Refused(Code.DEALER_WITHOUT_VAT_NUMBER, field="vat_number", country=country)


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
