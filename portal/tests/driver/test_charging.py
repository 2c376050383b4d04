"""A driver starts a charge from afar, sees it grow and ends it: the price first, and what became of each press."""

import re
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from django.utils import timezone

from billing.models import SessionPrice
from billing.tests import factories
from charging.domain.ocpp.commands import Kind
from charging.models import (
    ChargingSession,
    Connector,
    StationCharge,
    StationCommand,
    StationLink,
    StationMessage,
    Token,
)
from charging.services import station_links, station_steps, tokens
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
NUMBER = 4711


def text(response):
    return " ".join(response.content.decode().split())


class Outlet:
    """One at north, whose station is connected, and what the station says."""

    def __init__(self, north):
        self.operator = north
        with tenant_scope(north.pk):
            self.connector = factories.connector()
            self.station = self.connector.station
            Connector.objects.filter(pk=self.connector.pk).update(status="AVAILABLE", max_power_w=22_000)
            station_links.make_password(self.station, at=timezone.now())
            self.link(connected_at=timezone.now(), seen_at=timezone.now())

    def link(self, **facts):
        with tenant_scope(self.operator.pk):
            StationLink.objects.filter(station=self.station).update(**facts)

    def path(self, rest=""):
        return f"outlets/{self.station.public_id}/{self.connector.number}/{rest}"

    def commands(self):
        with tenant_scope(self.operator.pk):
            return list(StationCommand.objects.order_by("pk"))

    def answers(self, state):
        with tenant_scope(self.operator.pk):
            StationCommand.objects.update(state=state)

    def says(self, action, *, at=None, **payload):
        with tenant_scope(self.operator.pk):
            raw = orjson.dumps([2, "1", action, payload]).decode()
            StationMessage.objects.create(
                station=self.station, epoch=1, received_at=at or timezone.now(), action=action, raw=raw, number=NUMBER
            )
        station_steps.read_waiting(self.operator.pk, clock=timezone.now)

    def starts(self, card, *, at):
        with tenant_scope(self.operator.pk):
            StationCharge.objects.create(
                station=self.station, number=NUMBER, said="x", received_at=at, verdict="Accepted", id_tag=card
            )
        self.says("StartTransaction", connectorId=1, idTag=card, meterStart=1000, timestamp=at.isoformat(), at=at)

    def reads(self, wh, *, at):
        sample = {"timestamp": at.isoformat(), "sampledValue": [{"value": str(wh)}]}
        self.says("MeterValues", connectorId=1, transactionId=NUMBER, meterValue=[sample], at=at)

    def session(self):
        with tenant_scope(self.operator.pk):
            return ChargingSession.objects.get(source="ocpp")


@pytest.fixture
def outlet(north, danas_driver):
    with tenant_scope(north.pk):
        factories.tariff(factories.DAY_NIGHT, name="Day and night")
    return Outlet(north)


def app_of(north, driver):
    with tenant_scope(north.pk):
        card = Token.objects.get(driver=driver, kind="APP_USER")
        assert card.uid  # opened in the scope, as its number is asked for outside
        return card


def test_the_price_stands_before_the_start_energy_first(danas_browser, url, outlet):
    page = danas_browser.get(url(outlet.path()))
    assert [row.unit for row in page.context["prices"]["rows"]] == sorted(
        [row.unit for row in page.context["prices"]["rows"]],
        key=["per kWh", "per minute", "per session"].index,
    )
    assert " ".join(page.context["prices"]["rows"][0].told.split()) in text(page)
    assert "Start charging" in text(page)


def test_an_outlet_is_found_by_its_station_and_by_its_site(danas_browser, url, outlet):
    for asked in (outlet.station.identifier, outlet.station.site.name):
        page = danas_browser.get(url("charge/"), {"q": asked})
        assert [found.pk for found in page.context["outlets"]] == [outlet.connector.pk]
    assert "No outlet that you can start here" in text(danas_browser.get(url("charge/"), {"q": "nowhere"}))


@pytest.mark.parametrize(
    ("status", "said"), [("CHARGING", "taken"), ("AVAILABLE", "available"), ("OUTOFORDER", "out of order")]
)
def test_an_outlet_is_called_the_same_in_the_list_and_on_its_page(danas_browser, url, outlet, north, status, said):
    with tenant_scope(north.pk):
        Connector.objects.update(status=status)
    for page in (url(f"charge/?q={outlet.station.identifier}"), url(outlet.path())):
        dots = re.findall(r'class="dot[^"]*">([^<]+)<', text(danas_browser.get(page)))
        assert dots == [said], page


def test_only_outlets_of_stations_that_connect_can_be_started(danas_browser, url, outlet, north):
    with tenant_scope(north.pk):
        silent = factories.connector()
    assert danas_browser.get(url(f"outlets/{silent.station.public_id}/1/")).status_code == 404
    assert danas_browser.get(url(f"outlets/{outlet.station.public_id}/9/")).status_code == 404


def test_a_start_is_asked_for_once_however_often_it_is_pressed(danas_browser, url, outlet, north, dana, danas_driver):
    first, again = (danas_browser.post(url(outlet.path("start/"))) for _ in range(2))
    (command,) = outlet.commands()
    assert first["Location"] == again["Location"] == url(f"starts/{command.public_id}/")
    app = app_of(north, danas_driver)
    assert (command.kind, command.id_tag, command.asked_by) == ("start", app.uid, dana)
    assert {**command.wanted, "request": 0} == {"connector": "1", "request": 0}
    assert len(app.uid) == 20  # the longest that OCPP 1.6 takes
    assert "The station is being asked" in text(danas_browser.get(first["Location"]))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("sent", "The station is being asked"),
        ("answered", "The station has said yes"),
        ("refused", "The station said no"),
        ("timed_out", "The station has not answered"),
        ("unknown", "The station has not answered"),
        ("expired", "The station could not be reached"),
    ],
)
def test_what_became_of_a_start_is_said(danas_browser, url, outlet, state, said):
    page = danas_browser.post(url(outlet.path("start/")))["Location"]
    outlet.answers(state)
    assert said in text(danas_browser.get(page))


def test_a_station_that_said_yes_and_did_nothing_is_said_so(danas_browser, url, outlet, north):
    page = danas_browser.post(url(outlet.path("start/")))["Location"]
    outlet.answers("answered")
    with tenant_scope(north.pk):
        StationCommand.objects.update(not_after=timezone.now() - timedelta(minutes=5))
    assert "no charge has begun" in text(danas_browser.get(page))


def led_on(client, page):
    """Where a page goes that asks for itself."""
    answer = client.get(page, headers={"X-Poll": "1", "HX-Request": "true"})
    assert (answer.status_code, answer.content) == (200, b"")
    return answer["HX-Redirect"]


def test_a_charge_is_followed_ended_and_billed_like_any_other(danas_browser, url, outlet, north, danas_driver):
    waiting, began = danas_browser.post(url(outlet.path("start/")))["Location"], timezone.now() - timedelta(hours=1)
    with tenant_scope(north.pk):
        StationCommand.objects.update(asked_at=began - timedelta(seconds=5))
    outlet.starts(app_of(north, danas_driver).uid, at=began)
    live = danas_browser.get(waiting)["Location"]
    assert live == url(f"live/{outlet.session().public_id}/")
    assert led_on(danas_browser, waiting) == live, "the page that waits goes there by itself"
    outlet.reads(6000, at=began + timedelta(minutes=50))
    outlet.reads(7000, at=began + timedelta(minutes=55))
    page = danas_browser.get(live)
    so_far = page.context["so_far"]
    assert (so_far.session.energy_wh, so_far.power_w) == (6000, 12_000)
    shown = page.context["stake"].amount
    assert shown > 0
    stopping = danas_browser.post(url(f"live/{outlet.session().public_id}/stop/"), follow=True)
    assert "The station is asked to stop" in text(stopping)
    assert outlet.commands()[-1].wanted == {"number": NUMBER}
    ended = timezone.now()
    outlet.says("StopTransaction", transactionId=NUMBER, meterStop=7000, timestamp=ended.isoformat(), at=ended)
    receipt = danas_browser.get(live)["Location"]
    assert led_on(danas_browser, live) == receipt
    assert receipt == url(f"sessions/{outlet.session().public_id}/")
    with tenant_scope(north.pk):
        factories.rate_all()
        price = SessionPrice.objects.get(session=outlet.session())
    assert outlet.session().driver_id == danas_driver.pk
    assert outlet.session().review == ""
    assert abs(price.amount_incl_vat - shown) < Decimal("0.05")  # a second or two later
    assert danas_browser.get(receipt).context["price"] == price


def test_ending_twice_asks_once(danas_browser, url, outlet, north, danas_driver):
    danas_browser.post(url(outlet.path("start/")))
    outlet.starts(app_of(north, danas_driver).uid, at=timezone.now())
    for _ in range(2):
        danas_browser.post(url(f"live/{outlet.session().public_id}/stop/"))
    assert [command.kind for command in outlet.commands()] == ["start", "stop"]
    outlet.answers("timed_out")
    assert "The station has not answered" in text(danas_browser.get(url(f"live/{outlet.session().public_id}/")))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "CHARGING"}, "taken or does not work"),
        ({"status": "OUTOFORDER"}, "taken or does not work"),
    ],
)
def test_an_outlet_that_is_not_free_is_not_started(danas_browser, url, outlet, north, facts, said):
    with tenant_scope(north.pk):
        Connector.objects.filter(pk=outlet.connector.pk).update(**facts)
    answer = danas_browser.post(url(outlet.path("start/")))
    assert answer.status_code == 400
    assert said in text(answer)
    assert outlet.commands() == []


def test_a_station_that_is_away_is_not_asked(danas_browser, url, outlet):
    outlet.link(disconnected_at=timezone.now())
    answer = danas_browser.post(url(outlet.path("start/")))
    assert "is not connected right now" in text(answer)
    assert outlet.commands() == []


def test_where_no_price_is_known_nothing_is_started(danas_browser, url, danas_driver, north):
    bare = Outlet(north)
    assert "No price is set here" in text(danas_browser.post(url(bare.path("start/"))))
    assert bare.commands() == []


def test_who_would_not_be_let_in_starts_nothing(danas_browser, url, outlet, north, danas_driver):
    with tenant_scope(north.pk):
        app = tokens.create(uid="A" * 20, kind="APP_USER", driver=danas_driver)
        tokens.block(app, at=timezone.now())
    answer = danas_browser.post(url(outlet.path("start/")))
    assert answer.status_code == 400
    assert "it is blocked" in text(answer)
    assert {command.kind for command in outlet.commands()} == {Kind.FORGET_CARDS, Kind.EMPTY_LIST}, "as it was blocked"


def test_what_is_another_s_does_not_exist(danas_browser, url, outlet, north, sign_in):
    with tenant_scope(north.pk):
        other = factories.driver("Other")
        card = Token.objects.create(uid="04OTHER", driver=other)
    outlet.starts(card.uid, at=timezone.now())
    theirs = outlet.session()
    assert danas_browser.get(url(f"live/{theirs.public_id}/")).status_code == 404
    assert danas_browser.post(url(f"live/{theirs.public_id}/stop/")).status_code == 404
    assert "taken or does not work" in text(danas_browser.post(url(outlet.path("start/"))))
    with tenant_scope(north.pk):
        ChargingSession.objects.all().delete()
    begun = danas_browser.post(url(outlet.path("start/")))["Location"]
    with tenant_scope(north.pk):
        StationCommand.objects.update(asked_by=None)
    assert danas_browser.get(begun).status_code == 404


def test_nothing_is_started_by_a_link_alone(danas_browser, url, outlet):
    assert danas_browser.get(url(outlet.path("start/"))).status_code == 405
    assert outlet.commands() == []
