"""The demonstration's payers: a company with five drivers, a housing association, a roaming partner."""

from datetime import datetime
from typing import Any

from charging.models import Token
from charging.services import account_members
from portal.demo import people
from tenants.models import Account, Driver, DriverGroup, Membership, User
from tenants.services.people import accounts

DRIVERS_OF_THE_COMPANY = 5
RESIDENTS = 12

PAYERS: dict[str, list[dict[str, Any]]] = {
    "north": [
        {
            "kind": Account.Kind.COMPANY,
            "name": "Norrlands Elmontage AB",
            "organisation_number": "559003-3006",
            "vat_number": "SE559003300601",
            "email": "faktura@norrlands-elmontage.example",
            "street": "Industrivägen 12",
            "postal_code": "904 22",
            "city": "Umeå",
            "buyer_reference": "Kostnadsställe 410",
            "order_number": "4500017",
            "delivery": Account.Delivery.EMAIL,
            "payment_terms_days": 20,
            "shows": Account.Shown.SESSIONS,
        },
        {
            "kind": Account.Kind.HOUSING,
            "name": "Brf Björkbacken",
            "organisation_number": "769600-0103",
            "email": "styrelsen@brf-bjorkbacken.example",
            "street": "Björkvägen 4",
            "postal_code": "903 42",
            "city": "Umeå",
            "shows": Account.Shown.TOTALS,
        },
        {
            "kind": Account.Kind.ROAMING,
            "name": "Fjord Roaming AS",
            "organisation_number": "987654325",
            "vat_number": "NO987654325MVA",
            "email": "invoice@fjord-roaming.example",
            "street": "Havnegata 2",
            "postal_code": "7010",
            "city": "Trondheim",
            "country": "NO",
            "language": "en",
            "delivery": Account.Delivery.E_INVOICE,
            "least_amount": 100,
        },
    ],
    "south": [
        {
            "kind": Account.Kind.COMPANY,
            "name": "Kustbud AB",
            "organisation_number": "559004-4003",
            "email": "ekonomi@kustbud.example",
            "street": "Hamngatan 9",
            "postal_code": "211 22",
            "city": "Malmö",
        },
    ],
}


def build(slug: str, *, first: datetime, halfway: datetime) -> None:
    """Make the payers, and let drivers and cards belong to them: the company's from half of the year on."""
    made = [accounts.create(**{"country": "SE", **facts}) for facts in PAYERS[slug]]
    fleet = Driver.objects.filter(group=DriverGroup.objects.get()).order_by("customer_number")
    for driver in fleet[:DRIVERS_OF_THE_COMPANY]:
        account_members.move(driver, to=made[0], since=halfway)
    for account in made[1:]:
        if account.kind == Account.Kind.HOUSING:
            residents = Driver.objects.filter(group=None).order_by("-customer_number")[:RESIDENTS]
            for driver in residents:
                account_members.move(driver, to=account, since=first)
        else:
            guest = Token.objects.filter(driver=None).order_by("pk").first()
            if guest is not None:
                account_members.move(guest, to=account, since=first)
    for person in people.CAST:
        if person.operator == slug and person.role == Membership.Role.PAYER:
            accounts.let_see(made[0], user=User.objects.get_by_natural_key(person.email))
