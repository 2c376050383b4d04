"""The one search: everything by any word for it, and nothing that the person may not see."""

from decimal import Decimal

import pytest

from billing.models import HostContract, Invoice, Payment
from billing.models.invoice import with_check_digit
from billing.tests import factories
from charging.services import site_memberships
from portal.tests.examples import example
from portal.words import measures
from tenants.models import Membership
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


def hits(client, world, text):
    """What the page shows, as (kind of page, title)."""
    answer = client.get(world.url("search/"), {"q": text})
    assert answer.status_code == 200
    return {(hit.url.split("/")[3], hit.title) for group in answer.context["groups"] for hit in group.hits}


def test_everything_is_found_by_any_word_for_it(world, sign_in, otto):
    world.session(external_id="NORTH-018979")
    client = sign_in(otto)
    name, number = world.driver.identity.name, world.driver.customer_number
    for text in ("018979", "north-01", "8979", "H-0"):
        assert ("sessions", "NORTH-018979") in hits(client, world, text)
    first, last = name.split()
    for text in (first, last.upper(), f"{last} {first[:2]}", number):
        assert ("drivers", name) in hits(client, world, text)
    with tenant_scope(world.operator.pk):
        card = world.card
        station = world.connector.station
    for text in (card.uid[:-2].lower(), card.uid[-4:], f"…{card.uid[-4:]}", card.masked_uid.lower()):
        assert ("cards", str(card)) in hits(client, world, text)
        assert ("drivers", name) in hits(client, world, text)
    assert ("stations", str(station)) in hits(client, world, station.identifier[1:].lower())
    assert ("sites", station.site.name) in hits(client, world, station.site.name[1:].upper())


def test_an_invoice_is_found_by_number_reference_amount_and_name(world, sign_in, fina, otto):
    with tenant_scope(world.operator.pk):
        place = world.connector
        factories.session(place, world.driver, kwh=31)
        factories.rate_all()
        factories.issued()
        invoice = Invoice.objects.get()
        assert invoice.number is not None
    client = sign_in(fina)
    amount = invoice.amount_due
    for text in (
        str(invoice), f"{invoice.number}", with_check_digit(invoice.number), f"{amount}", f"{amount}".replace(".", ","),
        f"{amount} kr", measures.money(amount, invoice.currency), world.driver.identity.name.split()[1],
    ):  # fmt: skip
        assert ("finance", f"Invoice {invoice}") in hits(client, world, text), text
    assert hits(client, world, str(amount + Decimal("0.01"))) == set()
    assert hits(sign_in(otto), world, str(invoice)) == set()  # operations sees no invoices


def test_who_is_limited_to_some_sites_finds_neither_other_sites_nor_people(world, sign_in, otto):
    world.session(external_id="here-1234")
    with tenant_scope(world.operator.pk):
        elsewhere = factories.connector()
        place = Membership.objects.get(user=otto)
    world.session(external_id="there-1234", at=elsewhere)
    with tenant_scope(world.operator.pk):
        site = elsewhere.station.site
        site_memberships.change(place, role="operations", site_public_ids=[site.public_id])
    client = sign_in(otto)
    assert hits(client, world, "1234") == {("sessions", "there-1234")}
    assert hits(client, world, world.driver.customer_number) == set()
    assert hits(client, world, world.connector.station.site.name) == set()
    assert ("sites", site.name) in hits(client, world, site.name)


def test_another_operators_things_are_not_found(world, south, sign_in, otto):
    with tenant_scope(south.pk):
        factories.driver(name="Sigrid South")
    assert hits(sign_in(otto), world, "sigrid") == set()


def test_the_list_of_a_kind_shows_what_the_search_left_out(world, sign_in, otto):
    for number in range(9):
        world.session(external_id=f"NORTH-{number}")
    client = sign_in(otto)
    answer = client.get(world.url("search/"), {"q": "orth-"})
    (group,) = answer.context["groups"]
    assert len(group.hits) == 6
    assert len(client.get(group.more_url).context["entries"]) == 9


@pytest.mark.parametrize("text", ["", " ", "\x00", "%", "_", "'", "F" * 100, "…", "٣", "99999999999999999999", "1,,2"])
def test_odd_words_find_nothing_and_break_nothing(world, sign_in, otto, text):
    world.session(external_id="NORTH-1")
    assert hits(sign_in(otto), world, text) == set()


def test_payments_tariffs_and_contracts_of_hosts_are_found(world, sign_in, fina, otto):
    with tenant_scope(world.operator.pk):
        example(Payment, amount=7549, rest=7549, currency="SEK", payer_name="Maria Persson")
        factories.tariff(name="Harbour by night")
        contract = example(HostContract, name="Agreement 7", share=30, until=None)
    client = sign_in(fina)
    for text in ("75,49", "75.49", "SEK 75.49"):
        assert ("finance", "Maria Persson") in hits(client, world, text)
    assert ("finance", "Harbour by night") in hits(client, world, "harb")
    for text in ("agreement", contract.account.customer_number):
        assert ("finance", "Agreement 7") in hits(client, world, text)
    assert hits(sign_in(otto), world, "75,49") == set()
