"""Past months' sessions priced by a draft: who would pay more, where, at what hour; and nothing else is touched."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from billing.models import PriceEffect, SessionPrice
from billing.services import effect_steps, effects, tariffs
from billing.services.effects import OF_PEOPLE, PARTS, Compared, Tally
from billing.tests import factories
from tenants import work
from tenants.models import DriverGroup, Operator
from tenants.scoping import current_operator_id, tenant_scope
from tenants.services.people import drivers

OCTOBER, NOVEMBER = factories.OCTOBER.date(), factories.NOVEMBER
SIMULATION = PriceEffect.Purpose.SIMULATION


def text(response):
    return response.content.decode().replace("\xa0", " ")


def simulated(version, **wanted):
    """What came of it, worked out as a worker does."""
    wanted = {"month": OCTOBER, "reach": "everywhere"} | wanted
    effects.ask(version, at=NOVEMBER, purpose=SIMULATION, **wanted)
    done()
    return Tally.of(PriceEffect.objects.get(purpose=SIMULATION).result)


def done():
    assert work.do_next(work.kind_named(PriceEffect.work_kind), current_operator_id(), clock=lambda: NOVEMBER)


@pytest.fixture
def draft(in_north):
    """A tariff that applies nowhere: 4.00 a kWh, 25 % VAT. Every part of it is shown, however few it is about."""
    Operator.objects.update(smallest_group=1)
    return tariffs.create(name="Tried", currency="SEK", document=factories.flat("4.00")).versions.get()


def test_a_draft_that_applies_nowhere_is_tried_on_every_priced_session(charged, draft):
    before = list(SessionPrice.objects.order_by("pk").values())
    tally = simulated(draft)
    assert (tally.total.sessions, Decimal(tally.total.new).scaleb(-6)) == (3, Decimal(150))
    old = sum(SessionPrice.objects.values_list("amount_incl_vat", flat=True), Decimal())
    assert Decimal(tally.total.old).scaleb(-6) == old
    assert simulated(draft, reach="assigned").total.sessions == 0
    assert list(SessionPrice.objects.order_by("pk").values()) == before


def test_hours_and_days_are_those_of_the_site_s_clock(tariff, danas_driver, draft):
    at = factories.connector()
    summer_night = datetime(2026, 10, 4, 22, 30, tzinfo=UTC)  # Sunday 00:30 in Stockholm is Monday there
    winter_night = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)  # 23:30 on Sunday: the clocks went back that day
    for start in (summer_night, winter_night):
        factories.session(at, danas_driver, start=start)
    factories.rate_all()
    tally = simulated(draft)
    assert {hour: sums.sessions for hour, sums in tally.parts["hour"].items()} == {0: 1, 23: 1}
    assert {day: sums.sessions for day, sums in tally.parts["weekday"].items()} == {0: 1, 6: 1}


def test_every_way_of_summing_comes_to_the_same(charged, draft, monkeypatch):
    whole = simulated(draft)
    monkeypatch.setattr(effect_steps, "BATCH", 2)
    tally = simulated(draft)
    assert tally.stored() | {"losers": [], "winners": []} == whole.stored() | {"losers": [], "winners": []}
    for name, sums in tally.parts.items():
        assert sum(each.old for each in sums.values()) == tally.total.old, name
        assert sum(each.new for each in sums.values()) == tally.total.new, name
        assert sum(each.sessions for each in sums.values()) == 3


def test_who_pays_more_and_who_less_are_told_apart(tariff, draft):
    at, night = factories.connector(), factories.OCTOBER + timedelta(hours=23)
    large, small = factories.driver("Large"), factories.driver("Small")
    for day in range(2):
        factories.session(at, large, start=night + timedelta(days=day), kwh=40)  # 1.00 and a fee of 5.00 until now
    factories.session(at, small, start=night + timedelta(days=5), kwh=1)
    factories.rate_all()
    tally = simulated(draft)
    assert (tally.lose, tally.win) == (1, 1)
    assert [(key, new - old) for key, old, new in tally.losers] == [(large.pk, 2 * (200_000_000 - 56_250_000))]
    assert [key for key, _, _ in tally.winners] == [small.pk]
    assert [new > old for _, old, new in tally.dearest] == [True, True]


def test_a_site_or_a_group_alone(tariff, draft):
    here, there = factories.connector(), factories.connector()
    group = DriverGroup.objects.create(name="Neighbours")
    neighbour, other = factories.driver("N", group=group), factories.driver("O")
    factories.session(here, neighbour, start=factories.OCTOBER + timedelta(days=1))
    factories.session(there, other, start=factories.OCTOBER + timedelta(days=2))
    factories.session(there, neighbour, start=factories.OCTOBER + timedelta(days=3))
    factories.rate_all()
    assert simulated(draft, reach="site", site=there.station.site).total.sessions == 2
    of_group = simulated(draft, reach="group", group=group)
    assert of_group.total.sessions == 2
    for part in ("hour", "weekday", "group", "kind"):
        assert not of_group.parts[part], "those of all, less these, would be the other driver's"


def test_a_group_is_asked_by_who_was_of_it_then(tariff, draft, monkeypatch):
    """Prices go by the group of then: what was charged before a change counts for the group before, also from none."""
    at, moved = factories.connector(), factories.driver("M")
    one, two = (DriverGroup.objects.create(name=name) for name in ("One", "Two"))
    stays, outside = factories.driver("S", group=one), factories.driver("O")
    for day in range(1, 9):
        factories.session(at, moved, start=factories.OCTOBER + timedelta(days=day))
    for who in (stays, outside):
        factories.session(at, who, start=factories.OCTOBER + timedelta(days=12))
    facts: dict[str, Any] = {"customer_number": moved.customer_number, "is_active": True, "name": "M"}
    for day, group in ((2, one), (4, two), (5, one), (8, None)):
        drivers.change(moved, group=group, group_since=factories.OCTOBER + timedelta(days=day), **facts)
    factories.rate_all()
    expected = {one: 2 + 3 + 1, two: 1}
    monkeypatch.setattr(effect_steps, "BATCH", 2)
    for group, sessions in expected.items():
        tally = simulated(draft, reach="group", group=group)
        assert tally.total.sessions == sessions
        assert simulated(draft).parts["group"][group.pk].sessions == sessions


def test_several_months_are_added_and_others_left_out(tariff, danas_driver, draft):
    at = factories.connector()
    for month in (7, 8, 9, 10):
        factories.session(at, danas_driver, start=datetime(2026, month, 10, tzinfo=UTC))
    factories.rate_all()
    months = {"month": datetime(2026, 8, 1, tzinfo=UTC).date(), "last_month": datetime(2026, 9, 1, tzinfo=UTC).date()}
    assert simulated(draft, **months).total.sessions == 2


@pytest.fixture
def neighbours(tariff, draft):
    """Six drivers by day, two of them at night too, another at two at night, in October; three of these in August."""
    at = factories.connector()
    people = [factories.driver(f"N{number}") for number in range(7)]
    for month, hour, who in ((10, 10, people[:6]), (10, 22, people[:2]), (10, 2, people[6:]), (8, 10, people[:3])):
        for number, payer in enumerate(who):
            start = datetime(2026, month, 5 + number, hour, 10, tzinfo=ZoneInfo("Europe/Stockholm"))
            factories.session(at, payer, start=start, kwh=1 + number)
    factories.rate_all()
    return people


def shown(tally, part="hour"):
    return set(tally.parts[part]), set(tally.withheld[part])


def test_small_groups_are_not_kept_and_do_not_follow_from_what_is(neighbours, draft):
    assert shown(simulated(draft)) == ({2, 10, 22}, set())
    Operator.objects.update(smallest_group=3)
    tally = simulated(draft)
    assert shown(tally) == ({10}, {2, 22}), "three drivers charge at night, which nobody can tell apart"
    assert "site" not in tally.withheld
    assert len(tally.parts["site"]) == 1
    Operator.objects.update(smallest_group=4)
    assert shown(simulated(draft)) == (set(), {2, 10, 22}), "what is left of the total would be three drivers"
    Operator.objects.update(smallest_group=5)
    months = {"month": date(2026, 8, 1), "last_month": date(2026, 10, 1)}
    assert shown(simulated(draft, **months))[0] == set()


def test_one_that_is_withheld_in_a_month_is_in_every_longer_stretch(neighbours, draft):
    """Else October would be what August to October are more than August and September."""
    Operator.objects.update(smallest_group=3)
    at = factories.connector()
    for number, payer in enumerate(neighbours[:4]):
        factories.session(at, payer, start=datetime(2026, 8, 5 + number, 0, 10, tzinfo=UTC))  # two o'clock
    factories.rate_all()
    august, october = date(2026, 8, 1), date(2026, 10, 1)
    assert shown(simulated(draft, month=august)) == ({2, 10}, set())
    assert shown(simulated(draft, month=august, last_month=october)) == ({10}, {2, 22})


@pytest.mark.django_db(transaction=True)
def test_batches_read_ahead_on_connections_of_their_own_come_to_the_same_in_their_order(north, monkeypatch):
    def worked_out():
        work.do_next(work.kind_named(PriceEffect.work_kind), north.pk, clock=lambda: NOVEMBER)
        with tenant_scope(north.pk):
            return PriceEffect.objects.get(purpose=SIMULATION)

    with tenant_scope(north.pk):
        Operator.objects.update(smallest_group=1)
        factories.tariff()
        at = factories.connector()
        for number in range(23):
            start = factories.OCTOBER + timedelta(hours=7 * number)
            factories.session(at, factories.driver(f"N{number % 5}"), start=start, kwh=1 + number)
        factories.rate_all()
        version = tariffs.create(name="Tried", currency="SEK", document=factories.flat("4.00")).versions.get()
        simulated(version)
        whole = PriceEffect.objects.get(purpose=SIMULATION).result
        effects.ask(version, at=NOVEMBER, purpose=SIMULATION, month=OCTOBER, reach="everywhere")
    monkeypatch.setattr(effect_steps, "BATCH", 2)
    read, by = effect_steps._read, []

    def noted(*each):
        by.append(threading.current_thread().name)
        return read(*each)

    monkeypatch.setattr(effect_steps, "_read", noted)
    row = worked_out()
    assert row.result == whole
    assert (row.done, row.total) == (24, 24)
    assert len(by) == 12
    assert {name[:6] for name in by} == {"effect"}

    def fails(*each):
        if len(by) == 15:
            raise RuntimeError("Reading fails.")
        by.append("")
        return read(*each)

    monkeypatch.setattr(effect_steps, "_read", fails)
    with tenant_scope(north.pk):
        effects.ask(version, at=NOVEMBER, purpose=SIMULATION, month=OCTOBER, reach="everywhere")
    row = worked_out()
    assert (row.is_open, row.attempts, row.result) == (True, 1, {})


def test_batches_meet_the_same_people(neighbours, draft, monkeypatch):
    Operator.objects.update(smallest_group=3)
    whole = simulated(draft)
    monkeypatch.setattr(effect_steps, "BATCH", 2)
    tally = simulated(draft)
    assert (tally.parts, tally.withheld) == (whole.parts, whole.withheld)


@pytest.mark.usefixtures("after_october")
def test_the_page_says_what_it_does_not_show(fina_browser, url, neighbours, draft):
    Operator.objects.update(smallest_group=3)
    simulated(draft)
    address = url(f"tariffs/{draft.tariff.public_id}/simulate/")
    page = fina_browser.get(address)
    assert "of fewer than 3 drivers in a month are not shown" in text(page)
    values = dict(zip(page.context["report"].hours.xs, page.context["report"].hours.series[0].values, strict=True))
    assert (values["02"], values["22"], values["03"]) == (None, None, 0)
    assert values["10"] > 0
    Operator.objects.update(smallest_group=4)
    coarser = text(fina_browser.get(address))
    assert "Work it out again" in coarser
    assert "Revenue by hour of the day" not in coarser


def test_a_tariff_that_applies_for_some_tells_no_groups_of_them(neighbours, draft):
    tariffs.publish(draft, valid_from=factories.EPOCH, by=None, at=factories.EPOCH)
    tariffs.assign(draft.tariff, valid_from=factories.EPOCH, driver=neighbours[0])
    factories.rate_all()
    tally = simulated(draft, reach="assigned")
    assert (tally.total.sessions, tally.is_whole, tally.parts["hour"]) == (2, False, {})


def test_what_was_worked_out_before_tells_nothing_of_people(neighbours, draft):
    simulated(draft)
    stored = PriceEffect.objects.get(purpose=SIMULATION).result
    del stored["least"], stored["withheld"]
    tally = Tally.of(stored)
    assert (tally.least, tally.parts["hour"], tally.parts["kind"]) == (0, {}, {})
    assert tally.parts["site"]


def test_sums_of_the_largest_amounts_are_exact():
    """A session may cost a million millions; a million of them overflow what a processor adds."""
    tally, amount = Tally("SEK", least=1), 10**18 - 1
    column = np.full(20, 1, dtype=np.int64)
    rows = Compared(
        session=np.arange(20), driver=column, month=column, parts={"site": column}, old=column * 0, new=column * amount
    )  # fmt: skip
    for _batch in range(2):
        tally.take(rows)
    stored = tally.stored()
    assert stored["total"] == stored["parts"]["site"][0][1] == [40, "0", str(40 * amount)]
    assert stored["losers"] == [[1, "0", str(40 * amount)]]
    assert tally.raised == 40


def test_columns_are_counted_as_a_dictionary_counts_them():
    """Whatever the batches, the keys near each other or far apart: sums, and the drivers of the lowest numbers."""
    chance = np.random.default_rng(20)
    for span, amount in ((5, 10**9), (10**12, 10**17)):
        tally, batches = Tally("SEK", least=3), []
        for size in (1, 400, 30):
            columns = {name: chance.integers(0, span, size) // (span // 5) for name in PARTS}
            columns = {name: keys * (span // 5) for name, keys in columns.items()}
            rows = Compared(
                session=np.arange(size), driver=chance.integers(1, 40, size), month=chance.integers(600, 603, size),
                parts=columns, old=chance.integers(0, amount, size), new=chance.integers(0, amount, size),
            )  # fmt: skip
            tally.take(rows)
            batches.append(rows)
        for name in PARTS:
            sums: dict[int, list[int]] = {}
            met: dict[tuple[int, int], set[int]] = {}
            for rows in batches:
                for at in range(len(rows)):
                    key = int(rows.parts[name][at])
                    sum_of = sums.setdefault(key, [0, 0, 0])
                    for place, value in enumerate((1, int(rows.old[at]), int(rows.new[at]))):
                        sum_of[place] += value
                    met.setdefault((int(rows.month[at]), key), set()).add(int(rows.driver[at]))
            counted = {key: [each.sessions, each.old, each.new] for key, each in tally._grouped[name]}
            assert counted == sums
            if name in OF_PEOPLE:
                assert tally._met[name].people() == {cell: tuple(sorted(who)[:3]) for cell, who in met.items()}


@pytest.mark.usefixtures("after_october")
def test_the_page_asks_works_and_shows(fina_browser, url, charged, draft, danas_driver):
    address = url(f"tariffs/{draft.tariff.public_id}/simulate/")
    page = fina_browser.get(address)
    assert "the draft" in text(page)
    assert page.context["form"]["reach"].value() == "everywhere"
    asked = {"version": "1", "first": "2026-10", "last": "2026-10", "reach": "everywhere"}
    waiting = text(fina_browser.post(address, asked, follow=True))
    assert 'hx-trigger="every 2s"' in waiting
    done()
    page = text(fina_browser.get(address))
    assert "October 2026" in page
    assert "150.00" in page
    assert "Revenue by hour of the day" in page
    assert danas_driver.identity.name in page
    assert charged[0].external_id in page
    assert "private person".capitalize() in page


@pytest.mark.usefixtures("after_october")
@pytest.mark.parametrize(
    ("months", "said"),
    [
        ({"first": "2026-10", "last": "2026-09"}, "This month is before the first one."),
        ({"first": "2026-12", "last": "2027-01"}, "Nothing has been charged in this month yet."),
        ({"first": "2020-01", "last": "2026-10"}, "These are more than 36 months"),
        ({"first": "October", "last": "2026-10"}, "A month is written as 2026-10."),
    ],
)
def test_months_that_cannot_be_are_named(fina_browser, url, draft, months, said):
    address = url(f"tariffs/{draft.tariff.public_id}/simulate/")
    answer = fina_browser.post(address, {"version": "1", "reach": "everywhere"} | months)
    assert answer.status_code == 400
    assert said in text(answer)
    assert not PriceEffect.objects.exists()


@pytest.mark.usefixtures("after_october")
def test_a_site_or_version_that_is_not_there_is_refused(fina_browser, url, draft):
    address = url(f"tariffs/{draft.tariff.public_id}/simulate/")
    good = {"version": "1", "first": "2026-10", "last": "2026-10", "reach": "everywhere"}
    for bad in ({"version": "7"}, {"reach": f"site:{draft.public_id}"}, {"reach": "moon"}):
        assert fina_browser.post(address, good | bad).status_code == 400


def test_what_is_simulated_does_not_touch_what_publishing_shows(charged, tariff, draft):
    effects.ask(draft, month=OCTOBER, at=NOVEMBER)
    done()
    shown = PriceEffect.objects.get().result
    assert simulated(draft).total.sessions == 3
    assert PriceEffect.objects.get(purpose=PriceEffect.Purpose.PUBLISHING).result == shown
