"""What charges that were let in unasked count as: the price of the invoice once it is known, else what is reckoned."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.services import unasked_costs
from billing.tests.factories import connector, driver, flat, session, tariff
from charging.domain.ocpp import SOURCE
from charging.models import ChargingSession, StationCharge
from charging.selectors import card_rules

pytestmark = pytest.mark.django_db
BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
GOES_ON = {"state": ChargingSession.State.ACTIVE, "ended_at": None, "meter_start_wh": 0}


@pytest.fixture
def let_in(in_north):
    """A charge that was let in unasked, with so much energy so far."""
    at, payer = connector(), driver()

    def made(kwh, *, number=7, unasked="card", began=BEGAN, **facts):
        row = session(at, payer, start=began, kwh=kwh, source=SOURCE, external_id=str(number), **facts)
        StationCharge.objects.create(
            station=at.station, number=number, said=str(number), received_at=began, verdict="Accepted", basis="driver",
            unasked=unasked, read_at=[NOW - timedelta(minutes=1)], readings=[kwh * 1000],
        )  # fmt: skip
        return row

    return made


def cost(number=7):
    return StationCharge.objects.get(number=number).unasked_cost


def money():
    return next(used.money for used in card_rules.of_operator(at=NOW) if used.kind == "card")


def test_until_it_is_counted_it_is_reckoned_and_then_it_counts_as_it_costs(let_in):
    tariff(flat("2.00"))
    let_in(10)
    assert (cost(), money()) == (None, 200)
    assert unasked_costs.count(at=NOW) == 1
    assert (cost(), money()) == (25, 25), "20.00 and VAT, as the invoice will say"
    assert unasked_costs.count(at=NOW) == 0


@pytest.mark.parametrize(("kwh", "counts"), [(10, 200), (100, 250)])
def test_one_that_goes_on_counts_as_much_as_is_reckoned_at_least(let_in, kwh, counts):
    tariff(flat("2.00"))
    row = let_in(kwh, **GOES_ON)
    unasked_costs.count(at=NOW)
    assert money() == counts
    ChargingSession.objects.filter(pk=row.pk).update(state="COMPLETED", ended_at=NOW)
    unasked_costs.count(at=NOW)
    assert money() == kwh * 2.5


@pytest.mark.parametrize("priced", ["not", "elsewhere", "nothing"])
def test_what_no_tariff_prices_in_the_operators_currency_is_reckoned(let_in, priced):
    if priced != "not":
        tariff(flat("0.00" if priced == "nothing" else "2.00"), currency="EUR" if priced == "elsewhere" else "SEK")
    let_in(10)
    unasked_costs.count(at=NOW)
    assert money() == (0 if priced == "nothing" else 200)


def test_other_charges_and_other_months_are_left_alone(let_in):
    tariff(flat("2.00"))
    let_in(10, unasked="")
    let_in(10, number=8, began=BEGAN - timedelta(days=31))
    assert unasked_costs.count(at=NOW) == 0
    assert (cost(), cost(8), money()) == (None, None, 0)


def test_it_is_counted_again_while_it_may_change_and_then_no_more(let_in):
    tariff(flat("2.00"))
    row = let_in(10)
    unasked_costs.count(at=NOW)
    ChargingSession.objects.filter(pk=row.pk).update(energy_wh=20_000, series_wh=[5_000] * 4)
    unasked_costs.count(at=NOW + timedelta(hours=1))
    assert cost() == 50
    ChargingSession.objects.filter(pk=row.pk).update(energy_wh=40_000, series_wh=[10_000] * 4)
    assert unasked_costs.count(at=NOW + timedelta(days=2)) == 0
