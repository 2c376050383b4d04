"""How the demonstration comes about: network, people, tariffs, a year of sessions, eleven closed months, payments.

Each act is a call of the service that a person's page would call, at the moment it would have
happened; only the moments lie in the past.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.core.files import File

from billing.services import run_steps, runs, tariffs
from charging.ingest.layout import Layout
from charging.ingest.profiles import ready_made
from charging.models import ChargingSession, Connector, Token
from charging.services import imports, site_memberships
from portal import as_platform
from portal.demo import complaints, habits, hosting, network, payers, paying, people, prices
from tenants.models import Driver, DriverGroup, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import consents, drivers, memberships, operators
from tenants.services.proof import two_factor

DRIVERS = 200
MONTHS = 12

PARTICULARS: dict[str, dict[str, Any]] = {
    "north": {
        "legal_name": "Norrsken Laddning AB",
        "organisation_number": "559001-1007",
        "vat_number": "SE559001100701",
        "street": "Storgatan 30",
        "postal_code": "903 21",
        "city": "Umeå",
        "email": "faktura@norrsken-laddning.example",
        "phone": "090-10 00 10",
        "bankgiro": "5555-5551",
        "iban": "SE4550000000058398257466",
    },
    "south": {
        "legal_name": "Sydkusten Laddnät AB",
        "organisation_number": "559002-2003",
        "vat_number": "SE559002200301",
        "street": "Hamngatan 4",
        "postal_code": "211 22",
        "city": "Malmö",
        "email": "ekonomi@sydkusten-laddnat.example",
        "phone": "040-10 00 20",
        "bankgiro": "5555-5569",
        "iban": "SE7160000000000123456789",
    },
}


def tell(at: datetime, *, say: Callable[[str], None]) -> None:
    """Build both operators, as if they had worked with the portal for a year until `at`."""
    staff_the_platform()
    for slug, name in people.OPERATORS.items():
        say(f"{name}: network, drivers and tariffs …")
        operator = create_operator(slug, name)
        cast(operator)
        first = first_day(operator, at)
        with tenant_scope(operator.pk):
            locations = network.build(operator)
            limit(operator, locations)
            publish_tariffs(operator, locations, first=first)
            cards = customers(operator, locations)
            payers.build(operator.slug, first=first, halfway=first + timedelta(days=182))
            consents.install_defaults(operator)
        say(f"{name}: a year of charging …")
        bring_in_sessions(operator, locations, cards, first=first, at=at)
        say(f"{name}: prices and invoices …")
        close_months(operator, at=at)
        paying.tell(operator, at=at)
        complaints.tell(operator, at=at)
        hosting.tell(operator, at=at)
        with tenant_scope(operator.pk):
            go_live(at)


def create_operator(slug: str, name: str) -> Operator:
    """Let the platform create the operator, which then fills in its own particulars."""
    as_platform.run("create_operator", slug, "--name", name)
    with tenant_scope(Operator.objects.get(slug=slug).pk):
        return operators.change(Operator.objects.get(slug=slug), **PARTICULARS[slug])


def staff_the_platform() -> None:
    """Give the instance somebody to run it, with a password and a second factor."""
    petra = people.PLATFORM
    as_platform.run("platform_member", "add", petra.email, "--name", petra.name)
    user = User.objects.get_by_natural_key(petra.email)
    user.set_password(people.PASSWORD)
    user.save()
    two_factor.new_device(user, name="demonstration")


def first_day(operator: Operator, at: datetime) -> datetime:
    """Return the local midnight with which the demonstration's year begins: twelve whole months back."""
    today = at.astimezone(operator.zone).date()
    months = today.year * 12 + today.month - 1 - MONTHS
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=operator.zone)


def cast(operator: Operator) -> None:
    """Give the operator its people, each with a password and a second factor; their language is their browser's."""
    for person in people.CAST:
        if person.operator != operator.slug:
            continue
        user = User.objects.create_user(person.email, people.PASSWORD, name=person.name)
        two_factor.new_device(user, name="demonstration")
        if person.role not in Membership.CUSTOMERS:
            memberships.add(user, operator=operator, role=person.role)


def limit(operator: Operator, locations: list[network.Location]) -> None:
    """Let those of the cast who work at one site see that one only."""
    for person in people.CAST:
        if person.operator == operator.slug and person.only_at:
            member = Membership.objects.get(operator=operator, user__email=person.email)
            sites = [location.site.public_id for location in locations if location.site.name == person.only_at]
            site_memberships.change(member, role=person.role, site_public_ids=sites)


def publish_tariffs(operator: Operator, locations: list[network.Location], *, first: datetime) -> None:
    """Publish the operator's tariffs from the first day on, each where it applies."""
    owner = User.objects.filter(memberships__operator=operator, memberships__role="owner").first()
    for name, kind, document in prices.TARIFFS[operator.slug]:
        tariff = tariffs.create(name=name, currency="SEK", document=document)
        tariffs.publish(tariff.versions.get(), valid_from=first, by=owner, at=first)
        for location in locations:
            if location.kind == kind:
                tariffs.assign(tariff, site=location.site, valid_from=first)
        if not kind:
            tariffs.assign(tariff, valid_from=first)
    name, document = prices.FLEET_TARIFF
    fleet = tariffs.create(name=name, currency="SEK", document=document)
    tariffs.publish(fleet.versions.get(), valid_from=first, by=owner, at=first)
    group = DriverGroup.objects.create(name="Hemtjänsten, tjänstebilar" if operator.slug == "north" else "Kustbud AB")
    tariffs.assign(fleet, group=group, valid_from=first)


def customers(operator: Operator, locations: list[network.Location]) -> list[habits.Card]:
    """Create the drivers with their cards; return the cards with where their holders charge.

    Two cards belong to nobody: what they charge waits for a person to find out whose they are.
    """
    random = Random(operator.slug)  # noqa: S311  # plausible, not secret
    names = network.rows("names.csv")
    fleet = DriverGroup.objects.get()
    kinds = [location.kind for location in locations]
    cards = []
    for number in range(DRIVERS):
        kind = random.choices(["home", "work", "public", "fast"], [5, 3, 2, 1])[0]
        location = random.choice([index for index, each in enumerate(kinds) if each == kind])
        first, last = random.choice(names)["first"], random.choice(names)["last"]
        site = locations[location].site
        driver = drivers.create(
            customer_number=str(1001 + number),
            group=fleet if kind == "work" and number % 5 == 0 else None,
            name=f"{first} {last}" if number else "Dana Dahlberg",
            email=f"kund{1001 + number}@example.com",
            phone=f"070-{random.randint(100, 999)} {random.randint(10, 99)} {random.randint(10, 99)}",
            street=f"{random.choice(STREETS)} {random.randint(1, 60)}",
            postal_code=site.postal_code,
            city=site.city,
        )
        cards.append(_card(random, driver, kind=kind, location=location))
    cards += [_card(random, None, kind="public", location=kinds.index("public")) for _ in range(2)]
    _let_dana_in(operator)
    return cards


STREETS = ["Björkvägen", "Granstigen", "Storgatan", "Skolgatan", "Ängsvägen", "Parkgatan", "Lingonvägen", "Sjögatan"]


def _card(random: Random, driver: Driver | None, *, kind: str, location: int) -> habits.Card:
    uid = f"{random.getrandbits(56):014X}"
    Token.objects.create(uid=uid, visual_number=f"WL-{random.randint(100000, 999999)}", driver=driver)
    return habits.Card(uid, kind, location)


def _let_dana_in(operator: Operator) -> None:
    for person in people.CAST:
        if person.operator == operator.slug and person.role == Membership.Role.DRIVER:
            drivers.link_user(
                Driver.objects.get(customer_number="1001"), user=User.objects.get_by_natural_key(person.email)
            )


def bring_in_sessions(
    operator: Operator, locations: list[network.Location], cards: list[habits.Card], *, first: datetime, at: datetime
) -> None:
    """Import a year of sessions from a file of the standard format, and a small one that somebody typed."""
    rows = habits.sessions(
        cards,
        [habits.Outlets(location.site.name, location.kind, location.outlets) for location in locations],
        first=first.date(),
        last=at - timedelta(minutes=20),
        zone=operator.zone,
        seed=operator.slug,
    )
    standard = ready_made()["wattledger"].layout
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    _import(operator, "sessions.jsonl", lines, layout=standard, at=at)
    _import(operator, "gästladdningar.csv", _typed_by_hand(locations[0], cards[0], at), layout=None, at=at)


def _import(operator: Operator, name: str, lines: Iterator[str], *, layout: Layout | None, at: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        with path.open("rb") as content, tenant_scope(operator.pk):
            row = imports.upload(File(content), name=name, by=_member(operator, "operations"))
            guessed = layout or imports.preview(content, at=at).layout
            imports.start(row, guessed.saying(time_zone=operator.time_zone))
    imports.run(operator_id=operator.pk, import_id=row.pk, clock=lambda: at)


def _typed_by_hand(location: network.Location, card: habits.Card, at: datetime) -> Iterator[str]:
    """A spreadsheet's rows with what goes wrong in them: open ends, swapped times, a register for a difference."""
    station, connector = location.outlets[0]
    day = (at - timedelta(days=18)).date()
    yield "Sessions-id;Plats;Laddstation;Uttag;Kort;Starttid;Sluttid;Energi kWh"
    for number, (start, end, energy) in enumerate(
        [
            ("08:05", "10:40", "14,20"),
            ("11:10", "", "3,10"),
            ("13:30", "12:15", "8,75"),
            ("14:00", "15:10", "20950,5"),
            ("15:20", "16:05", "-1,0"),
            ("16:30", "17:10", ""),
            ("17:30", "23:55", "0,0"),
            ("18:10", "19:00", "6,4"),
        ]
    ):
        finish = f"{day} {end}" if end else ""
        outlet = f"{location.site.name};{station};{connector};{card.uid}"
        yield f"G-{number + 1:03};{outlet};{day} {start};{finish};{energy}"


def close_months(operator: Operator, *, at: datetime) -> None:
    """Price everything; draft, check and issue each month but the last whole one, on the third of the next."""
    finance = _member(operator, "finance") or _member(operator, "owner")
    for month in _months(operator, at)[:-1]:
        on_the_third = datetime(month.year + month.month // 12, month.month % 12 + 1, 3, 9, tzinfo=operator.zone)
        with tenant_scope(operator.pk):
            run = run_steps.draft_month(operator.pk, month, by=finance, clock=lambda: on_the_third)  # noqa: B023
            runs.issue(run, by=finance, at=on_the_third)


def _months(operator: Operator, at: datetime) -> list[date]:
    first = first_day(operator, at)
    return [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(MONTHS)]


def _member(operator: Operator, role: str) -> User | None:
    return User.objects.filter(memberships__operator=operator, memberships__role=role).first()


def go_live(at: datetime) -> None:
    """Let some cars charge at this moment, and some connectors be out of order or silent."""
    random = Random(7)  # noqa: S311  # plausible, not secret
    tokens = list(Token.objects.filter(driver__isnull=False).order_by("pk")[:60])
    connectors = list(Connector.objects.select_related("station__site").order_by("pk"))
    for connector in connectors:
        chance = random.random()
        if chance < 0.06 and tokens:
            token = tokens.pop()
            began = at - timedelta(minutes=random.randint(5, 150))
            ChargingSession.objects.create(
                source="live",
                external_id=f"live-{connector.pk}",
                site=connector.station.site,
                station=connector.station,
                connector=connector,
                token=token,
                driver=token.driver,
                started_at=began,
                energy_wh=int((at - began).total_seconds() * random.uniform(1.5, 3.0)),
                state=ChargingSession.State.ACTIVE,
            )
            connector.status = Connector.Status.CHARGING
        elif chance < 0.075:
            connector.status = Connector.Status.OUTOFORDER
        elif chance < 0.085:
            connector.status = Connector.Status.UNKNOWN
        else:
            connector.status = Connector.Status.AVAILABLE
        connector.status_at = at - timedelta(minutes=random.randint(1, 300))
    Connector.objects.bulk_update(connectors, ["status", "status_at"])
