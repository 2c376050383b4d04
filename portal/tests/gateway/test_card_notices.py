"""Cards that are guessed, copied or shared: noticed as messages are read, and a station that guesses is slowed down."""

import time
from datetime import timedelta

import pytest

from charging.domain import journeys
from charging.models import CardNotice, Connector, Site, Station, StationMessage
from charging.services import card_notices
from portal.tests.gateway.test_reading import NOW, Told
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

STOCKHOLM, GOTHENBURG = {"latitude": "59.3293", "longitude": "18.0686"}, {"latitude": "57.7089", "longitude": "11.9746"}
MOST = journeys.MOST_UNKNOWN
REFUSED = '[3,"x",{"idTagInfo":{"status":"Invalid"}}]'


class Street(Told):
    """A station that charges, and at which unknown cards are tried."""

    def begins(self, number, minute):
        at = NOW + timedelta(minutes=minute)
        self.starts(number, at=at.isoformat(), received_at=at)

    def charge(self, number, minute, *, minutes):
        self.begins(number, minute)
        self.stops(5000, minute + minutes, number)

    def refuses(self, *cards):
        with tenant_scope(self.operator.pk):
            StationMessage.objects.bulk_create(
                StationMessage(
                    station=self.station, epoch=1, received_at=NOW, action="Authorize", answer=REFUSED,
                    raw=f'[2,"x","Authorize",{{"idTag":"{card}"}}]',
                )
                for card in cards
            )  # fmt: skip

    def read_again(self):
        with tenant_scope(self.operator.pk):
            StationMessage.objects.update(is_read=False)
        self.read()


@pytest.fixture
def told(north):
    found = Street(north)
    with tenant_scope(north.pk):
        Site.objects.filter(pk=found.station.site_id).update(**STOCKHOLM)
    return found


@pytest.fixture
def away(told, north):
    """A station of the same operator in another town, as the first one."""
    other = Street.__new__(Street)
    other.__dict__.update(told.__dict__)
    with tenant_scope(north.pk):
        site = Site.objects.create(name="Hamnen", **GOTHENBURG)
        other.station = Station.objects.create(site=site, identifier="Hamnen-1")
        Connector.objects.create(station=other.station, number="1")
    return other


def notices(told):
    with tenant_scope(told.operator.pk):
        return list(CardNotice.objects.select_related("token", "driver", "other_site", "station").order_by("pk"))


def events(told):
    with tenant_scope(told.operator.pk):
        return list(
            AuditEntry.objects.filter(event__startswith="token.oddity")
            .order_by("pk")
            .values_list("event", "additional_data")
        )


def test_a_card_in_two_towns_within_minutes_is_noticed_with_what_is_known(told, away):
    told.charge(1, 0, minutes=30)
    away.charge(2, 40, minutes=30)
    told.read()
    (notice,) = notices(told)
    assert (notice.kind, notice.minutes, notice.km) == ("too_fast", 10, 397)
    assert (notice.station, notice.other_site.name) == (away.station, told.station.site.name)
    assert (notice.token, notice.driver) == (told.card, told.card.driver)
    assert events(told) == [("token.oddity_noticed", {"kind": "too_fast", "minutes": 10, "km": 397})]


def test_it_is_told_once_a_card_until_somebody_has_seen_it(told, away, olga):
    for number, minutes in enumerate((0, 20, 40)):
        told.charge(1 + 2 * number, minutes, minutes=5)
        away.charge(2 + 2 * number, minutes + 10, minutes=5)
    told.read()
    (notice,) = notices(told)
    assert notice.times > 1
    assert len(events(told)) == 1
    with tenant_scope(told.operator.pk):
        card_notices.see(notice, by=olga, at=NOW)
    told.charge(20, 60, minutes=5)
    told.read()
    assert [row.seen_at for row in notices(told)] == [NOW, None]
    assert [event for event, _ in events(told)] == ["token.oddity_noticed", "token.oddity_seen", "token.oddity_noticed"]


def test_two_charges_at_once_are_noticed_while_they_go_on(told, away):
    told.begins(1, 0)
    away.begins(2, 5)
    told.read()
    assert [(row.kind, row.station) for row in notices(told)] == [("two_places", away.station)]


def test_read_again_nothing_more_is_noticed(told, away):
    told.charge(1, 0, minutes=30)
    away.charge(2, 40, minutes=30)
    told.read()
    told.read_again()
    assert [row.times for row in notices(told)] == [1]


def test_cards_that_stay_in_their_town_are_not_noticed(told):
    told.charge(1, 0, minutes=30)
    told.charge(2, 40, minutes=30)
    told.read()
    assert notices(told) == []


@pytest.mark.parametrize(("cards", "noticed"), [(MOST, False), (MOST + 1, True), (500, True)])
def test_many_unknown_cards_at_one_station_are_noticed(told, cards, noticed):
    told.refuses(*(f"FF{number}" for number in range(cards)))
    told.read()
    assert [(row.kind, row.station) for row in notices(told)] == [("guessing", told.station)] * noticed
    assert all(row.cards > MOST for row in notices(told))


def test_one_unknown_card_tried_again_and_again_is_not_guessing(told):
    told.refuses(*["FF"] * 100)
    told.read()
    assert notices(told) == []


@pytest.mark.django_db(transaction=True)
def test_a_station_that_guesses_waits_for_its_answers_and_a_known_card_does_not(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        for number in range(MOST):
            station.call("Authorize", idTag=f"FF{number}")
        began = time.monotonic()
        assert station.call("Authorize", idTag="another")["idTagInfo"]["status"] == "Invalid"
        assert time.monotonic() - began > 0.9
    with gateway.station("Torget-1", street.password) as station:  # coming again forgets nothing
        began = time.monotonic()
        station.call(
            "StartTransaction", connectorId=1, idTag="one more", meterStart=0, timestamp="2026-11-20T08:00:00Z"
        )
        assert time.monotonic() - began > 0.9
        began = time.monotonic()
        assert station.call("Authorize", idTag=street.card.uid)["idTagInfo"]["status"] == "Accepted"
        assert time.monotonic() - began < 0.9
