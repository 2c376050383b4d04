"""Who may charge: every combination of what is known about a card."""

import pytest

from charging.domain.ocpp.admission import Card, decide

TABLE = [
    # is_blocked, is_lost, driver_active, account_pays -> verdict, basis
    (False, False, True, False, "Accepted", "driver"),
    (False, False, True, True, "Accepted", "driver"),
    (False, False, False, False, "Blocked", "inactive"),
    (False, False, False, True, "Blocked", "inactive"),
    (False, False, None, False, "Invalid", "nobodys"),
    (False, False, None, True, "Accepted", "account"),
    *((True, False, driver, pays, "Blocked", "blocked") for driver in (True, False, None) for pays in (True, False)),
    *((lost, True, driver, True, "Blocked", "lost") for lost in (True, False) for driver in (True, False, None)),
]


@pytest.mark.parametrize(("is_blocked", "is_lost", "driver", "pays", "verdict", "basis"), TABLE)
def test_a_known_card(is_blocked, is_lost, driver, pays, verdict, basis):
    decision = decide("04AB", Card(is_blocked, is_lost, driver, pays))
    assert (decision.verdict, decision.basis) == (verdict, basis)


@pytest.mark.parametrize("card", [None, Card(is_blocked=False, is_lost=False, driver_active=True)])
def test_no_card_at_all(card):
    assert (decide("", card).verdict, decide("", card).basis) == ("Invalid", "no_card")


def test_a_card_nobody_knows():
    assert (decide("04AB", None).verdict, decide("04AB", None).basis) == ("Invalid", "unknown")
