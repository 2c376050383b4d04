"""Rating: which price a session gets, and why it may get none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DataError, OperationalError
from django.utils import timezone

from billing.models import InvoiceRun, Pricing, SessionPrice, StaleDay
from billing.selectors import waiting
from billing.selectors.waiting import Share
from billing.services import day_sums, rating, tariffs
from billing.tests.factories import (
    DAY_NIGHT,
    EPOCH,
    OCTOBER,
    connector,
    drafted,
    driver,
    flat,
    in_another_stretch,
    rate_all,
    session,
    tariff,
)
from charging.models import ChargingSession
from tenants import work
from tenants.models import DriverGroup

pytestmark = pytest.mark.usefixtures("in_north")
State = SessionPrice.State


def price_of(one: ChargingSession) -> SessionPrice:
    return SessionPrice.objects.get(session=one)


def test_energy_is_priced_by_the_clock_of_the_site():
    """21:30-22:30 in Stockholm: half by day at 2.00, half at night at 1.00, and the fee."""
    tariff(DAY_NIGHT)
    late = session(connector(), driver(), start=datetime(2026, 10, 1, 19, 30, tzinfo=UTC), kwh=10)
    assert rate_all() == 1
    price = price_of(late)
    assert (price.state, price.amount_excl_vat, price.amount_incl_vat) == (State.PRICED, Decimal(20), Decimal(25))
    assert [(line["component"], line["quantity"], line["amount"]) for line in price.lines] == [
        ("FLAT", "1.000000", "5.00"),
        ("ENERGY", "5.000000", "10.00"),
        ("ENERGY", "5.000000", "5.00"),
    ]


def test_parking_begins_when_charging_has_ended():
    tariff(DAY_NIGHT)
    parked = session(connector(), driver(), start=datetime(2026, 10, 1, 8, tzinfo=UTC), kwh=0)
    ChargingSession.objects.filter(pk=parked.pk).update(charging_ended_at=parked.started_at + timedelta(minutes=20))
    rate_all()
    parking = next(line for line in price_of(parked).lines if line["component"] == "PARKING_TIME")
    assert (parking["quantity"], parking["amount"]) == ("0.666667", "24.00")


def test_rating_again_finds_nothing_to_do():
    tariff()
    session(connector(), driver())
    assert (rate_all(), rate_all()) == (1, 0)


def test_prices_are_written_in_the_order_of_their_sessions():
    """Two who price the same sessions at once wait for each other's rows, and never crosswise."""
    places = [connector() for _ in range(3)]
    for kind, at in zip(("YES", "NO"), places, strict=False):
        tariff({**flat(), "tax_included": kind}, name=f"Tariff {kind}", site=at.station.site)
    payer = driver()
    made = [session(places[number % 3], payer) for number in range(12)]
    ChargingSession.objects.filter(pk=made[0].pk).update(driver=None)
    rate_all()
    assert list(SessionPrice.objects.order_by("pk").values_list("session", flat=True)) == [one.pk for one in made]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"driver": None}, "no_driver"),
        ({"energy_wh": None, "series_wh": None, "series_start": None, "series_interval_s": None}, "unmetered"),
        ({"energy_wh": 200_000_000}, "too_large"),
    ],
)
def test_what_cannot_be_priced_is_a_problem_and_never_free(facts, code):
    tariff()
    one = session(connector(), driver(), **facts)
    rate_all()
    price = price_of(one)
    assert (price.state, price.problem) == (State.PROBLEM, code)
    assert ("start" in price.problem_facts) == (code != "no_driver")


def test_without_a_tariff_and_without_a_version_are_two_problems():
    at = connector()
    early = session(at, driver())
    rate_all()
    assert price_of(early).problem == "no_tariff"
    made = tariffs.create(name="Later", currency="SEK", document=flat())
    tariffs.assign(made, valid_from=EPOCH)
    rate_all()
    assert price_of(early).problem == "no_version"
    tariffs.publish(made.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
    rate_all()
    assert price_of(early).state == State.PRICED


def test_a_session_whose_card_finds_its_owner_is_rated_again():
    tariff()
    one = session(connector(), None)
    rate_all()
    ChargingSession.objects.filter(pk=one.pk).update(driver=driver())
    assert rate_all() == 1
    assert price_of(one).state == State.PRICED


def test_sessions_under_review_wait_for_a_person():
    tariff()
    one = session(connector(), driver(), review=ChargingSession.Review.PENDING)
    assert rate_all() == 0
    ChargingSession.objects.filter(pk=one.pk).update(review=ChargingSession.Review.APPROVED)
    assert rate_all() == 1


def test_a_price_of_exactly_zero_is_free():
    tariff(flat("0.00"))
    one = session(connector(), driver())
    rate_all()
    assert price_of(one).state == State.FREE


def test_the_most_particular_assignment_wins():
    at, group = connector(), DriverGroup.objects.create(name="Residents")
    own, resident, guest, elsewhere = driver(), driver(), driver(), driver()
    for each in (own, resident):
        each.group = group
        each.save()
    tariff(flat("4.00"))
    tariff(flat("3.00"), site=at.station.site)
    tariff(flat("2.00"), group=group)
    tariff(flat("1.00"), driver=own)
    sessions = [session(at, own), session(at, resident), session(at, guest), session(connector(), elsewhere)]
    rate_all()
    assert [price_of(each).amount_excl_vat for each in sessions] == [10, 20, 30, 40]


def test_the_version_in_force_at_the_start_gives_the_price():
    made, at, payer = tariff(flat("1.00")), connector(), driver()
    change = OCTOBER + timedelta(days=9)
    tariffs.publish(tariffs.save_draft(made, document=flat("3.00")), valid_from=change, by=None, at=OCTOBER)
    before, after = session(at, payer, start=change - timedelta(minutes=30)), session(at, payer, start=change)
    rate_all()
    assert [price_of(each).amount_excl_vat for each in (before, after)] == [10, 30]


def test_a_new_version_rates_unbilled_sessions_anew_and_billed_ones_never():
    made, at, payer = tariff(flat("1.00")), connector(), driver()
    billed = session(at, payer)
    drafted()
    late = session(at, payer)
    rate_all()
    tariffs.publish(tariffs.save_draft(made, document=flat("3.00")), valid_from=OCTOBER, by=None, at=OCTOBER)
    assert rate_all() == 1
    assert rating.rate([billed.pk, late.pk]) == 1
    assert [price_of(each).amount_excl_vat for each in (billed, late)] == [10, 30]


@pytest.mark.parametrize("review", ["pending", "written_off"])
def test_a_session_that_comes_under_review_while_it_is_rated_gets_no_price(review):
    """Whoever found it waiting may be a moment late: what counts is how it stands when the price is written."""
    tariff()
    held, free = session(connector(), driver(), review=review), session(connector(), driver(), review="approved")
    assert rating.rate([held.pk, free.pk]) == 1
    assert SessionPrice.objects.get().session_id == free.pk


def test_ending_an_assignment_changes_only_what_comes_after():
    at, payer = connector(), driver()
    tariff(flat("4.00"))
    special = tariff(flat("1.00"), driver=payer)
    end = OCTOBER + timedelta(days=5)
    before, after = session(at, payer, start=OCTOBER), session(at, payer, start=end)
    rate_all()
    tariffs.unassign(special.assignments.get(), at=end)
    rate_all()
    assert [price_of(each).amount_excl_vat for each in (before, after)] == [10, 40]


def test_slots_of_different_length_and_no_slots_are_priced_together():
    tariff()
    at, payer = connector(), driver()
    hourly = session(at, payer, series_interval_s=3600, series_wh=[10_000])
    total_only = session(at, payer, series_start=None, series_interval_s=None, series_wh=None)
    empty = session(at, payer, series_wh=[])
    assert rate_all() == 3
    assert {price_of(each).amount_excl_vat for each in (hourly, total_only, empty)} == {Decimal(20)}


def test_a_minimum_price_is_a_line_of_its_own():
    document = flat("0.10") | {"min_price": {"excl_vat": "12.00"}}
    tariff(document)
    one = session(connector(), driver())
    rate_all()
    price = price_of(one)
    assert (price.amount_excl_vat, price.amount_incl_vat) == (Decimal(12), Decimal(15))
    assert [(line["component"], line["amount"], line["vat_rate"]) for line in price.lines] == [
        ("ENERGY", "1.00", "25"),
        ("MINIMUM", "11.00", "25"),
    ]


def test_tariffs_of_two_currencies_are_rated_in_one_go():
    at, euro_driver, krona_driver = connector(), driver(), driver()
    tariff()
    euro = tariffs.create(name="Euro", currency="EUR", document=flat("0.50"))
    tariffs.publish(euro.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
    tariffs.assign(euro, valid_from=EPOCH, driver=euro_driver)
    sessions = [session(at, euro_driver), session(at, krona_driver)]
    rate_all()
    assert [price_of(each).currency for each in sessions] == ["EUR", "SEK"]


def test_a_run_rates_what_nobody_has_rated_yet():
    tariff()
    session(connector(), driver())
    run = drafted()
    assert (run.state, run.sessions_done, run.invoices.count()) == (InvoiceRun.State.READY, 1, 1)


def test_sessions_that_cannot_be_priced_get_a_problem_and_the_others_their_price(monkeypatch, caplog):
    tariff()
    at, dana = connector(), driver()
    rated = [session(at, dana, start=OCTOBER + timedelta(days=day)) for day in range(7)]
    poisoned = {rated[1].pk, rated[4].pk}
    rate = rating._rate_batch

    def fails(book, session_ids):
        if poisoned & set(session_ids):
            raise DataError("numeric field overflow: Nils Nilsson")
        return rate(book, session_ids)

    monkeypatch.setattr(rating, "_rate_batch", fails)
    assert rating.rate_beyond()[0] == 7
    assert {price.session_id for price in SessionPrice.objects.filter(problem="not_priceable")} == poisoned
    assert SessionPrice.objects.filter(state=SessionPrice.State.PRICED).count() == 5
    assert rating.rate_beyond()[0] == 0, "nothing is tried for ever"
    assert "Nilsson" not in caplog.text


def test_a_machine_that_fails_is_no_fault_of_the_sessions(monkeypatch):
    tariff()
    session(connector(), driver())
    monkeypatch.setattr(rating, "_rate_batch", lambda *_: (_ for _ in ()).throw(OperationalError("gone")))
    with pytest.raises(OperationalError):
        rating.rate_beyond()
    assert not SessionPrice.objects.exists()


def test_a_full_batch_leaves_the_rest_to_the_next_turn(monkeypatch, in_north):
    monkeypatch.setattr(rating, "BATCH", 2)
    monkeypatch.setattr(waiting, "SHARES", 1)
    tariff()
    at, dana = connector(), driver()
    for day in range(5):
        session(at, dana, start=OCTOBER + timedelta(days=day))
    rating.ask()
    done = []
    while work.do_next(work.kind_named("pricing"), in_north.pk, clock=timezone.now):
        done.append(SessionPrice.objects.count())
    assert done == [2, 4, 5, 5], "and once more from the first on"
    assert Pricing.objects.get().state == Pricing.State.DONE


def test_what_comes_to_wait_behind_a_batch_is_priced_as_well(monkeypatch, in_north):
    monkeypatch.setattr(rating, "BATCH", 2)
    monkeypatch.setattr(waiting, "SHARES", 1)
    tariff()
    at, dana = connector(), driver()
    first, *_ = [session(at, dana, start=OCTOBER + timedelta(days=day)) for day in range(5)]
    rating.ask()
    kind = work.kind_named("pricing")
    work.do_next(kind, in_north.pk, clock=timezone.now)
    assert rating.free_to_change(ChargingSession.objects.filter(pk=first.pk)) == [first.pk]
    while work.do_next(kind, in_north.pk, clock=timezone.now):
        pass
    assert SessionPrice.objects.count() == 5
    assert (Pricing.objects.get().state, Pricing.objects.get().reached) == (Pricing.State.DONE, 0)


def test_shares_have_every_session_once():
    tariff()
    at, dana = connector(), driver()
    for day in range(12):
        in_another_stretch()
        session(at, dana, start=OCTOBER + timedelta(days=day))
    parts = [waiting.session_ids(limit=99, share=Share(number, of=4)) for number in range(4)]
    assert all(parts)
    assert sorted(pk for part in parts for pk in part) == waiting.session_ids(limit=99)
    assert len(waiting.session_ids(limit=99)) == 12


def test_each_share_is_priced_and_ended_by_itself(in_north):
    tariff()
    at, dana = connector(), driver()
    for day in range(3):
        session(at, dana, start=OCTOBER + timedelta(days=day))
    rating.ask()
    kind = work.kind_named("pricing")
    while work.do_next(kind, in_north.pk, clock=timezone.now):
        pass
    assert SessionPrice.objects.count() == 3
    assert list(Pricing.objects.order_by("share").values_list("share", "state")) == [
        (number, Pricing.State.DONE) for number in range(waiting.SHARES)
    ]


def test_prices_are_asked_for_again_and_again(monkeypatch, in_north):
    monkeypatch.setattr(waiting, "SHARES", 1)
    tariff()
    at, dana = connector(), driver()
    for day in range(2 * work.TRIES):
        session(at, dana, start=OCTOBER + timedelta(days=day))
        rating.ask()
        while work.do_next(work.kind_named("pricing"), in_north.pk, clock=timezone.now):
            pass
        assert (SessionPrice.objects.count(), Pricing.objects.get().state) == (day + 1, Pricing.State.DONE)


def test_what_waits_is_found_before_and_after_its_day_is_counted(in_north):
    tariff()
    at, dana = connector(), driver()
    old, _, young = [session(at, dana, start=OCTOBER + timedelta(days=day)) for day in (0, 1, 2)]
    rate_all()
    day_sums.refresh()
    assert waiting.session_ids(limit=9) == []
    for one in (young, old):
        SessionPrice.objects.filter(session=one).delete()
        assert waiting.session_ids(limit=9)[:1] == [one.pk]
        day_sums.refresh()
    assert waiting.session_ids(limit=9) == [old.pk, young.pk]
    StaleDay.objects.create(started_on=None)  # as after a change of the operator's clock
    assert waiting.session_ids(limit=9) == [old.pk, young.pk]
    assert waiting.session_ids(limit=9, beyond=old.pk) == [young.pk]
