"""Cards while the database does not answer: a verdict in time, by the operator's rules, up to a sum."""

import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.utils import timezone

from charging.domain.ocpp.unasked import IN_TIME_S, USUAL, Kind, Rule
from charging.models import Site, Station, StationCharge, StationMessage, Token
from charging.services import card_rules, station_links, tokens
from portal.tests.examples import example
from portal.tests.gateway.conftest import NOW, address_of
from portal.tests.gateway.test_gateway import START
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
CARD, STRANGE, LOST = "04A1B2C3D4", "04FFFFFFFF", "04DEADBEEF"
#: How long the gateway may take to learn what has changed.
LEARNT_S = 4


@contextmanager
def away():
    """Nobody can look up a card."""
    with psycopg.connect(address_of("app")) as holding:
        holding.execute("LOCK TABLE charging_token IN ACCESS EXCLUSIVE MODE")
        yield


def verdict(station, uid):
    began = time.monotonic()
    said = station.call("Authorize", idTag=uid)["idTagInfo"]["status"]
    assert time.monotonic() - began < IN_TIME_S + 2, "too late for whoever holds the card"
    return said


def allow(street, **rules):
    with tenant_scope(street.operator.pk):
        card_rules.keep({Kind(kind): rule for kind, rule in rules.items()})


def learnt(station):
    station.call("Heartbeat")
    time.sleep(LEARNT_S)


def test_a_card_that_died_after_it_was_let_in_by_heart_and_one_spelled_like_a_dead_one_stay_out(gateway, street):
    with tenant_scope(street.operator.pk):
        example(Token, uid="04:DE:AD:BE:EF", driver=street.driver)
        tokens.report_lost(Token.objects.create(uid=LOST, driver=street.driver), at=NOW)
        example(Token, uid="04-DE-AD-BE-EF", driver=street.driver)
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            assert [verdict(station, uid) for uid in (CARD, LOST)] == ["Accepted", "Invalid"]
        with tenant_scope(street.operator.pk):
            tokens.report_lost(Token.objects.get(uid_mark__in=Token.uid_marks(CARD, street.operator.pk)), at=NOW)
        learnt(station)
        with away():
            assert verdict(station, CARD) == "Invalid"


def test_a_known_card_is_let_in_and_others_are_not_and_what_was_said_is_kept(gateway, street):
    with tenant_scope(street.operator.pk):
        tokens.report_lost(Token.objects.create(uid=LOST, driver=street.driver), at=NOW)
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            assert [verdict(station, uid) for uid in (CARD, STRANGE, LOST, "")] == ["Accepted"] + ["Invalid"] * 3
        assert station.call("StartTransaction", **START)["idTagInfo"]["status"] == "Accepted"
    assert kept(street, 4) == 4
    with tenant_scope(street.operator.pk):
        assert [(row.unasked, row.basis) for row in StationCharge.objects.all()] == [("card", "driver")]
        answers = StationMessage.objects.filter(action="Authorize").order_by("pk").values_list("answer", flat=True)
        assert ['"Accepted"' in answer for answer in answers] == [True, False, False, False]


def test_not_more_than_the_sum_of_the_month(gateway, street):
    with tenant_scope(street.operator.pk):
        for number in range(3):
            Token.objects.create(uid=f"04A1B2C30{number}", driver=street.driver)
    allow(street, card=Rule(is_open=True, most=500, reckoned=200))
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            said = [verdict(station, uid) for uid in (CARD, CARD, "04A1B2C300", "04A1B2C301")]
    assert said == ["Accepted", "Accepted", "Accepted", "Invalid"], "the same card twice is one charge"


def test_what_was_let_in_this_month_counts_after_a_start_of_the_gateway(gateway, street):
    allow(street, card=Rule(is_open=True, most=200, reckoned=200))
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            assert verdict(station, CARD) == "Accepted"
        station.call("StartTransaction", **START)
    gateway.kill()
    gateway.start()
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            assert verdict(station, CARD) == "Invalid"


def test_what_it_cost_counts_once_it_is_known(gateway, street):
    """Three charges of 200 would be too much for 500; two of them cost 40 together."""
    with tenant_scope(street.operator.pk):
        for number, cost in enumerate((30, 10, None)):
            facts = {"unasked": "card", "unasked_cost": cost, "received_at": timezone.now(), "is_stopped": True}
            example(StationCharge, station=street.station, number=100 + number, said=str(number), **facts)
        Token.objects.create(uid="04A1B2C3FF", driver=street.driver)
    allow(street, card=Rule(is_open=True, most=500, reckoned=200))
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            assert [verdict(station, uid) for uid in (CARD, "04A1B2C3FF")] == ["Accepted", "Invalid"]
    allow(street, card=Rule(is_open=True, most=439, reckoned=200))
    gateway.kill()
    gateway.start()
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            assert verdict(station, CARD) == "Invalid"


def test_closed_nobody_is_let_in_and_open_to_strangers_a_dead_card_is_not(gateway, street):
    allow(street, card=Rule(is_open=False, most=2000, reckoned=1), unknown=Rule(is_open=True, most=2000, reckoned=1))
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with tenant_scope(street.operator.pk):
            lost = Token.objects.create(uid=LOST, driver=street.driver)
            tokens.report_lost(lost, at=NOW)  # learnt at once
        time.sleep(LEARNT_S)
        with away():
            assert [verdict(station, uid) for uid in (CARD, STRANGE, LOST)] == ["Invalid", "Accepted", "Invalid"]
        refused = station.call("StartTransaction", **START | {"idTag": STRANGE})
        assert refused["idTagInfo"]["status"] == "Invalid"
    with tenant_scope(street.operator.pk):
        assert [(row.unasked, row.basis) for row in StationCharge.objects.all()] == [("unknown", "unknown")]


def test_fifty_who_ask_at_once_of_what_takes_ten_seconds_all_have_their_answer_in_time(gateway, street):
    names = [f"Gatan-{number}" for number in range(50)]
    with tenant_scope(street.operator.pk):
        site = Site.objects.get()
        stations = [Station.objects.create(site=site, identifier=name) for name in names]
        passwords = {row.identifier: station_links.make_password(row, at=NOW) for row in stations}
    took, ready, go = [], threading.Semaphore(0), threading.Event()

    def ask(name):
        with gateway.station(name, passwords[name], open_timeout=60) as station:
            ready.release()
            go.wait(60)
            began = time.monotonic()
            said = station.call("Authorize", idTag=CARD)["idTagInfo"]["status"]
            took.append((time.monotonic() - began, said))

    asking = []
    for number, name in enumerate(names):  # as many from one address at once are told to come again
        if number == 30:
            time.sleep(1.5)
        asking.append(threading.Thread(target=ask, args=(name,)))
        asking[-1].start()
        ready.acquire(timeout=30)
    time.sleep(LEARNT_S)
    with away():
        go.set()
        time.sleep(10)
        for thread in asking:
            thread.join(timeout=30)
    assert len(took) == 50
    assert max(seconds for seconds, _ in took) < IN_TIME_S + 2
    assert [said for _, said in took].count("Accepted") == 10, "as many as 2,000 kronor reckon"
    assert kept(street, 50) == 50


def kept(street, so_many):
    """How many questions are kept, as soon as it is so many: they are answered before, and others meanwhile."""
    deadline = time.monotonic() + 30
    while True:
        with tenant_scope(street.operator.pk):
            found = StationMessage.objects.filter(action="Authorize").count()
        if found >= so_many or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("rule", "charges", "lets_in"),
    [
        (Rule(is_open=True, most=400, reckoned=200), 1, True),
        (Rule(is_open=True, most=400, reckoned=200), 2, False),
        (Rule(is_open=True, most=399, reckoned=200), 1, False),
        (Rule(is_open=True, most=0, reckoned=200), 0, False),
        (Rule(is_open=False, most=10**6, reckoned=1), 0, False),
    ],
)
def test_a_rule_lets_in_as_many_as_its_sum_reckons(rule, charges, lets_in):
    assert rule.lets_in(charges) is lets_in


def test_until_somebody_says_otherwise_known_cards_are_let_in_and_strangers_are_not():
    lets_in = {"card": True, "app": True, "partner": True, "unknown": False}
    assert {kind: rule.lets_in(0) for kind, rule in USUAL.items()} == lets_in
