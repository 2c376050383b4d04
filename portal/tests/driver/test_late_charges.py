"""Charges of days without a connection: the driver is told once, staff see them, and nobody is told of others."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from billing.tests import factories
from charging.models import ChargingSession, StationCharge, Token
from charging.services import late_charges
from portal.tests.driver.test_charging import Outlet, text
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
THREE_DAYS = timedelta(days=3)


@pytest.fixture
def outlet(north, danas_driver, settings):
    settings.EMAIL_HOST = "mail.example"
    with tenant_scope(north.pk):
        factories.tariff(factories.DAY_NIGHT, name="Day and night")
        Token.objects.create(uid="04A1B2C3D4", driver=danas_driver)
    return Outlet(north)


def hands_in(outlet, *, number=4711, ago=THREE_DAYS, card="04A1B2C3D4", arrives=None):
    """The station tells of a whole charge that was over long ago."""
    arrives, began = arrives or timezone.now(), timezone.now() - ago
    with tenant_scope(outlet.operator.pk):
        StationCharge.objects.create(
            station=outlet.station, number=number, said=str(number), received_at=arrives, verdict="Accepted",
            id_tag=card,
        )  # fmt: skip
    for action, said in (
        ("StartTransaction", {"connectorId": 1, "idTag": card, "meterStart": 0, "timestamp": began.isoformat()}),
        ("StopTransaction", {"transactionId": number, "meterStop": 9000,
                             "timestamp": (began + timedelta(hours=1)).isoformat()}),
    ):  # fmt: skip
        outlet.says_of(number, action, at=arrives, **said)


@pytest.fixture(autouse=True)
def numbered(monkeypatch):
    def says_of(self, number, action, *, at, **payload):
        monkeypatch.setattr("portal.tests.driver.test_charging.NUMBER", number)
        self.says(action, at=at, **payload)

    monkeypatch.setattr(Outlet, "says_of", says_of, raising=False)


def tell(outlet, *, later=timedelta(minutes=11)):
    with tenant_scope(outlet.operator.pk):
        return late_charges.tell(at=timezone.now() + later)


def test_the_driver_is_told_on_the_pages_and_by_one_letter_once(
    danas_browser, url, outlet, mailoutbox, django_capture_on_commit_callbacks
):
    for number, days in ((1, 3), (2, 2)):
        hands_in(outlet, number=number, ago=timedelta(days=days))
    with django_capture_on_commit_callbacks(execute=True):
        assert tell(outlet, later=timedelta(minutes=5)) == 0, "what comes together is told together"
        assert tell(outlet) == 1
        assert tell(outlet) == 0
    (letter,) = mailoutbox
    assert letter.to == ["dana@example.com"]
    assert "/o/north/my/" in letter.body
    page = text(danas_browser.get(url("")))
    assert "2 charges came in late" in page
    danas_browser.post(url("late/seen/"))
    assert "came in late" not in text(danas_browser.get(url("")))


def test_who_wants_no_letters_gets_none_and_finds_it_on_the_pages(danas_browser, url, outlet, danas_driver, mailoutbox):
    danas_browser.post(url("late/letters/"), {})
    with tenant_scope(outlet.operator.pk):
        danas_driver.refresh_from_db()
        assert not danas_driver.mails_late
    hands_in(outlet)
    assert tell(outlet) == 0
    assert mailoutbox == []
    assert "A charge came in late" in text(danas_browser.get(url("")))
    danas_browser.post(url("late/letters/"), {"late": "on"})
    with tenant_scope(outlet.operator.pk):
        danas_driver.refresh_from_db()
        assert danas_driver.mails_late


def test_a_charge_of_today_another_s_and_one_by_a_wrong_clock_are_no_news(danas_browser, url, outlet, north):
    hands_in(outlet, number=1, ago=timedelta(hours=3))
    with tenant_scope(north.pk):
        Token.objects.create(uid="04OTHER1", driver=factories.driver("Other"))
    hands_in(outlet, number=2, card="04OTHER1")
    hands_in(outlet, number=3, ago=timezone.now() - datetime(1990, 1, 1, tzinfo=timezone.now().tzinfo))
    assert "came in late" not in text(danas_browser.get(url("")))
    with tenant_scope(north.pk):
        assert list(StationCharge.objects.exclude(late_at=None).values_list("number", flat=True)) == [2]


def test_staff_see_them_by_the_day_they_came_and_on_the_session(sign_in, olga, outlet, north):
    for number in (1, 2):
        hands_in(outlet, number=number, ago=timedelta(days=2 + number))
    client = sign_in(olga)
    page = client.get(f"/o/north/stations/{outlet.station.public_id}/")
    assert [arrival.charges for arrival in page.context["late"]] == [2]
    assert "Came in late" in text(page)
    with tenant_scope(north.pk):
        session = ChargingSession.objects.earliest("pk")
    assert "Came in late" in text(client.get(f"/o/north/sessions/{session.public_id}/"))
