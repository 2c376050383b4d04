"""Drivers, groups and cards."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.tests import factories
from charging.models import ChargingSession, Token
from charging.selectors import numbers
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from portal.tests.reading import figures_of
from portal.web import tables
from tenants.models import AuditEntry, Driver, DriverGroup, Membership
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

pytestmark = pytest.mark.django_db


def form(**changes):
    return {"name": "Nils Nilsson", "email": "nils@example.com", "country": "SE", "is_active": "on", **changes}


@pytest.mark.parametrize("words", ["dana", "DANA@example", "1001"])
def test_a_search_finds_by_name_email_or_customer_number(world, sign_in, sara, words):
    with tenant_scope(world.operator.pk):
        factories.driver("Somebody Else")
    found = sign_in(sara).get(world.url("drivers/"), {"q": words}).context["page"].rows
    assert [driver.pk for driver in found] == [world.driver.pk]


def test_the_list_needs_the_same_queries_for_many_drivers(world, sign_in, sara):
    client = sign_in(sara)
    client.get(world.url("drivers/"))
    with CaptureQueriesContext(connection) as few:
        client.get(world.url("drivers/"))
    with tenant_scope(world.operator.pk):
        for _ in range(10):
            factories.driver()
    with CaptureQueriesContext(connection) as many:
        client.get(world.url("drivers/"))
    assert len(many) == len(few) <= 16  # one of them brings the keys of all that is sealed


def test_the_list_is_sorted_by_names_that_the_database_cannot_read(world, sign_in, sara, monkeypatch):
    names = ["Örjan Öst", "adam Berg", "Åsa Ek", "Ärla", "Émile Zo", "Zoe", "Ek, Bo"]
    with tenant_scope(world.operator.pk):
        for name in names:
            factories.driver(name)
    client = sign_in(sara)

    def listed(sort):
        return [driver.identity.name for driver in client.get(world.url(f"drivers/?sort={sort}")).context["page"].rows]

    rising = listed("driver")
    assert rising == ["adam Berg", "Dana Driver", "Ek, Bo", "Émile Zo", "Zoe", "Åsa Ek", "Ärla", "Örjan Öst"]
    assert listed("-driver") == rising[::-1]
    monkeypatch.setattr(tables, "MOST_OPENED", 7)
    answer = client.get(world.url("drivers/?sort=driver"))
    assert "too long to be sorted by “Driver”: that can be done with at most 7 rows" in answer.content.decode()
    assert [driver.identity.name for driver in answer.context["page"].rows] == ["Dana Driver", *names]


def test_reading_a_drivers_page_is_recorded(world, sign_in, sara):
    page = sign_in(sara).get(world.url(f"drivers/{world.driver.public_id}/")).content.decode()
    assert "dana@example.com" in page
    with tenant_scope(world.operator.pk):
        entry = AuditEntry.objects.get(event="driver.viewed")
        assert (entry.actor_id, entry.object_id) == (sara.pk, world.driver.pk)


def test_a_drivers_page_shows_charging_invoices_cards_and_tariffs(world, rated, sign_in, olga):
    world.session(start=factories.OCTOBER.replace(hour=12), kwh=10)
    rated()
    with tenant_scope(world.operator.pk):
        factories.tariff(name="Staff price", driver=world.driver)
        factories.issued()
    world.session(start=world.now - timedelta(hours=1), energy_wh=2345)
    answer = sign_in(olga).get(world.url(f"drivers/{world.driver.public_id}/"))
    months = list(figures_of(answer, "Energy by month, the last twelve").values())
    assert len(months) == 12
    assert months[-1] == ("2", Decimal("2.345"))
    page = answer.content.decode()
    assert "October 2026" in page
    assert [invoice.rest > 0 for invoice in answer.context["invoices"]] == [True]
    assert "/balance/" in page
    assert "Staff price" in page
    assert "WL-1" in page


def test_a_driver_is_added_with_the_next_number_and_changed_by_versions(world, sign_in, sara):
    client = sign_in(sara)
    client.post(world.url("drivers/new/"), form())
    with tenant_scope(world.operator.pk):
        driver = next(each for each in Driver.objects.all() if each.identity.name == "Nils Nilsson")
        first = driver.identity_id
    assert driver.customer_number == "1002"
    client.post(world.url(f"drivers/{driver.public_id}/edit/"), form(customer_number="A7", city="Umeå"))
    with tenant_scope(world.operator.pk):
        driver.refresh_from_db()
        assert (driver.customer_number, driver.identity.city) == ("A7", "Umeå")
        assert driver.identity_id != first


def test_a_customer_number_that_is_taken_is_refused(world, sign_in, sara):
    page = sign_in(sara).post(world.url("drivers/new/"), form(customer_number="1001")).content.decode()
    assert "Another customer has the customer number 1001." in page


def test_a_driver_is_invited_and_joins(world, sign_in, sara, client):
    url = world.url(f"drivers/{world.driver.public_id}/invite/")
    first = sign_in(sara).post(url).context["link"]
    link = sign_in(sara).post(url).context["link"]  # a new link, and the old one ends
    assert client.get(first).status_code == 410
    answer = client.post(through(client, link), {"name": "Dana", "password": PASSWORD, "again": PASSWORD})
    assert answer["Location"] == "/account/sign-in/"
    with tenant_scope(world.operator.pk):
        driver = Driver.objects.select_related("user").get(pk=world.driver.pk)
        assert AuditEntry.objects.filter(event="driver.invited").count() == 2
    assert driver.user is not None
    assert driver.user.email == "dana@example.com"
    assert [place.role for place in driver.user.memberships.all()] == ["driver"]
    assert sign_in(sara).post(url).status_code == 302  # linked already
    client.post("/account/sign-in/", {"email": "dana@example.com", "password": PASSWORD})
    assert client.get(world.url("my/")).status_code == 200


def test_a_drivers_invitation_ends_with_a_new_address_and_when_withdrawn(world, sign_in, sara, client):
    staff, url = sign_in(sara), world.url(f"drivers/{world.driver.public_id}/")
    link = staff.post(f"{url}invite/").context["link"]
    assert "invited, until" in staff.get(url).content.decode()
    page = through(client, link)
    assert client.get(page).status_code == 200
    with tenant_scope(world.operator.pk):
        drivers.change_identity(world.driver, email="other@example.com")
    answer = client.post(page, {"name": "Dana", "password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 410
    link = staff.post(f"{url}invite/").context["link"]
    staff.post(f"{url}uninvite/")
    assert client.get(link).status_code == 410
    assert "not invited" in staff.get(url).content.decode()


def test_a_drivers_invitation_never_opens_the_account_of_a_colleague(world, sign_in, sara, otto, client):
    """Whoever manages drivers may write any address on a driver, and holds the link where no mail is sent."""
    with tenant_scope(world.operator.pk):
        drivers.change_identity(world.driver, email=otto.email)
    link = sign_in(sara).post(world.url(f"drivers/{world.driver.public_id}/invite/")).context["link"]
    client.post(through(client, link), {"name": "X", "password": PASSWORD + "!", "again": PASSWORD + "!"})
    otto.refresh_from_db()
    assert otto.check_password(PASSWORD)
    staff, own = sign_in(sara), sign_in(otto)
    assert staff.post(through(staff, link)).status_code == 403
    assert own.post(through(own, link))["Location"] == world.url("my/")
    assert set(Membership.objects.filter(user=otto).values_list("role", flat=True)) == {"operations", "driver"}


def test_a_group_is_added_and_shows_its_tariff_and_its_drivers(world, sign_in, sara):
    client = sign_in(sara)
    client.post(world.url("groups/new/"), {"name": "Residents"})
    with tenant_scope(world.operator.pk):
        group = DriverGroup.objects.get()
        Driver.objects.filter(pk=world.driver.pk).update(group=group)
        factories.tariff(name="House price", group=group)
    page = client.get(world.url("groups/"))
    assert "House price" in page.content.decode()
    assert [row.driver_count for row in page.context["page"]] == [1]
    again = client.post(world.url("groups/new/"), {"name": "Residents"}).content.decode()
    assert "There is already a group called “Residents”." in again


def test_cards_without_a_driver_come_first(world, sign_in, sara):
    tokens = sign_in(sara).get(world.url("cards/")).context["page"].rows
    assert [str(token) for token in tokens] == ["WL-2", "WL-1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("condition=unassigned", ["WL-2"]),
        ("condition=assigned", ["WL-1"]),
        ("condition=blocked", []),
        ("q=04a2", ["WL-1"]),
        ("q=WL-2", ["WL-2"]),
    ],
)
def test_cards_are_found(world, sign_in, sara, query, expected):
    tokens = sign_in(sara).get(world.url(f"cards/?{query}")).context["page"].rows
    assert [str(token) for token in tokens] == expected


def test_a_card_given_to_a_driver_brings_its_sessions(world, rated, sign_in, sara):
    session = world.session(payer=None, token=world.lost_card)
    rated()
    client, url = sign_in(sara), world.url(f"cards/{world.lost_card.public_id}/")
    page = client.get(url)
    assert "1 session was charged with this card" in page.content.decode()
    assert page.context["form"]["since"].value() == session.started_at.astimezone(world.operator.zone).date()
    said = client.post(f"{url}assign/", {"driver": world.driver.customer_number}, follow=True).content.decode()
    assert "1 session follows it." in said
    rated()
    with tenant_scope(world.operator.pk):
        session = ChargingSession.objects.get(pk=session.pk)
        assert session.driver_id == world.driver.pk
        assert session.prices.get().state == "priced"


def test_a_card_moves_on_a_day_and_the_page_tells_whose_it_was(world, sign_in, sara):
    with tenant_scope(world.operator.pk):
        factories.driver("Bo Berg")
    before = world.session(token=world.card, start=world.now - timedelta(days=9))
    after = world.session(token=world.card, start=world.now - timedelta(days=2))
    day = (world.now - timedelta(days=5)).astimezone(world.operator.zone).date()
    url = world.url(f"cards/{world.card.public_id}/")
    page = sign_in(sara).post(f"{url}assign/", {"driver": "berg", "since": day.isoformat()}, follow=True)
    assert [holder.driver.identity.name for holder in page.context["holders"]] == ["Bo Berg", "Dana Driver"]
    with tenant_scope(world.operator.pk):
        payers = [ChargingSession.objects.get(pk=row.pk).driver.identity.name for row in (before, after)]
    assert payers == ["Dana Driver", "Bo Berg"]
    assert page.context["holders"][1].last.astimezone(world.operator.zone).date() == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nobody-1", "There is no driver nobody-1."),
        ("Driver", "Several drivers are called that: Dana Driver (1001), Eve Driver (1002). Type the customer number."),
    ],
)
def test_a_driver_who_is_not_the_only_one_meant_is_asked_for_again(world, sign_in, sara, words, said):
    with tenant_scope(world.operator.pk):
        factories.driver("Eve Driver")
    url = world.url(f"cards/{world.lost_card.public_id}/assign/")
    assert said in sign_in(sara).post(url, {"driver": words}).content.decode()


def test_a_time_that_ends_before_it_begins_is_refused(world, sign_in, sara):
    url = world.url(f"cards/{world.card.public_id}/assign/")
    said = {"driver": "1001", "since": "2026-05-02", "until": "2026-04-02"}
    assert "must end after it begins" in sign_in(sara).post(url, said).content.decode()


def test_the_uid_of_a_card_is_never_shown_whole(world, sign_in, sara):
    client = sign_in(sara)
    for path in ("cards/", f"cards/{world.card.public_id}/", f"drivers/{world.driver.public_id}/"):
        assert world.card.uid not in client.get(world.url(path)).content.decode()


def test_a_card_is_blocked_and_unblocked(world, sign_in, sara):
    client, url = sign_in(sara), world.url(f"cards/{world.card.public_id}/")
    client.post(f"{url}block/")
    with tenant_scope(world.operator.pk):
        token = Token.objects.get(pk=world.card.pk)
        assert token.is_blocked
        assert token.blocked_at is not None
    client.post(f"{url}unblock/")
    with tenant_scope(world.operator.pk):
        assert not Token.objects.get(pk=world.card.pk).is_blocked


def test_a_card_is_added_and_a_known_uid_refused(world, sign_in, sara):
    client = sign_in(sara)
    data = {"kind": "RFID", "uid": "04 bb cc dd", "visual_number": "WL-3", "driver": "1001"}
    client.post(world.url("cards/new/"), data)
    with tenant_scope(world.operator.pk):
        assert Token.objects.get(numbers.of_uid("04BBCCDD")).driver_id == world.driver.pk
    assert "already" in client.post(world.url("cards/new/"), data).content.decode()


@pytest.mark.parametrize("path", ["drivers/new/", "cards/new/", "groups/new/"])
def test_who_may_only_look_changes_nothing(world, sign_in, fina, path):
    assert sign_in(fina).post(world.url(path)).status_code == 403
