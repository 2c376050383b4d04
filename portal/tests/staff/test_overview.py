"""The overview: live figures, today against last week, what waits, and the days."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.tests import factories
from charging.models import Connector, Correction, FileImport
from portal.tests.reading import figures_of, stats_of, words
from portal.web.staff import overview
from tenants.models import Operator
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
REVIEW, PROBLEM = "1 session waits for review", "1 session cannot be priced"


@pytest.fixture
def noon(monkeypatch, world):
    """It is noon in Stockholm, so that a session of the morning is today's whenever the tests run."""
    local = world.now.astimezone(world.operator.zone).replace(hour=12, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: local)
    return local


def test_a_new_operator_is_told_how_to_begin(north, sign_in, olga):
    page = sign_in(olga).get("/o/north/").content.decode()
    assert "Nothing has been charged yet" in page
    assert "/o/north/imports/new/" in page


def test_sessions_in_progress_and_connectors_in_trouble_are_shown(world, sign_in, otto):
    world.session(external_id="running", state="ACTIVE", ended_at=None, series_wh=None)
    with tenant_scope(world.operator.pk):
        Connector.objects.filter(pk=world.connector.pk).update(status=Connector.Status.OUTOFORDER)
    page = sign_in(otto).get(world.url(""))
    assert page.context["in_progress_count"] == 1
    assert [row.pk for row in page.context["trouble"]] == [world.connector.pk]
    assert "out of order" in page.content.decode()


def test_today_is_compared_with_the_same_weekday_a_week_ago_until_now(world, noon, rated, sign_in, otto):
    for start in (noon - timedelta(hours=3), noon - timedelta(hours=4), noon - timedelta(days=7, hours=3)):
        world.session(start=start, kwh=10)
    world.session(start=noon - timedelta(days=7) + timedelta(hours=3))  # later that day: not yet comparable
    world.session(start=noon - timedelta(days=1))
    rated()
    page = sign_in(otto).get(world.url(""))
    assert page.context["sessions_delta"] == page.context["energy_delta"] == page.context["money_delta"] == "+100%"
    today = stats_of(page)
    assert today["Sessions today"] == "2"
    assert today["Energy today"] == "20 kWh"
    assert today["Revenue today, including VAT"] == "SEK 50.00"  # two sessions of 10 kWh at 2.00 and 25 % VAT


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("otto", [REVIEW, "1 card has no driver", "3 rows were rejected", PROBLEM]),
        ("fina", [REVIEW, PROBLEM]),
        ("axel", [PROBLEM]),
    ],
)
def test_each_sees_what_waits_for_them_with_a_link(world, rated, sign_in, request, who, expected):
    world.session(flags=["very_long"], review="pending")
    world.session(payer=None)
    with tenant_scope(world.operator.pk):
        FileImport.objects.create(file_name="march.csv", rejected=3, state="done")
    rated()
    client = sign_in(request.getfixturevalue(who))
    tasks = client.get(world.url("")).context["tasks"]
    assert [task.words for task in tasks if not {"billed", "training"} & {*task.words.split()}] == expected
    assert all(client.get(task.url).status_code == 200 for task in tasks)


def test_what_later_files_say_otherwise_waits_for_who_reviews(world, sign_in, otto, axel):
    session = world.session()
    with tenant_scope(world.operator.pk):
        Correction.objects.create(session=session, said={"energy_wh": 1})
    words = "1 row of a later file says something else about a known session"
    (task,) = [task for task in sign_in(otto).get(world.url("")).context["tasks"] if task.words == words]
    assert task.url == world.url("review/differences/")
    assert words not in [task.words for task in sign_in(axel).get(world.url("")).context["tasks"]]


def test_finance_is_reminded_of_a_month_that_nobody_billed(world, rated, sign_in, fina):
    last_month = (world.now.astimezone(world.operator.zone).replace(day=1) - timedelta(days=3)).replace(hour=12)
    world.session(start=last_month)
    rated()
    tasks = sign_in(fina).get(world.url("")).context["tasks"]
    assert any("has not been billed yet" in task.words for task in tasks)


def test_a_run_that_is_ready_waits_for_finance(world, rated, sign_in, fina):
    last_month = (world.now.astimezone(world.operator.zone).replace(day=1) - timedelta(days=3)).replace(hour=12)
    world.session(start=last_month)
    rated()
    with tenant_scope(world.operator.pk):
        factories.drafted(datetime(last_month.year, last_month.month, 1, tzinfo=world.operator.zone), world.now)
    tasks = sign_in(fina).get(world.url("")).context["tasks"]
    assert any("ready to issue" in task.words for task in tasks)


def test_the_live_part_refreshes_itself_and_leaves_the_charts_alone(world, sign_in, otto):
    world.session()
    page = sign_in(otto).get(world.url("")).content.decode()
    assert 'hx-trigger="every 30s"' in page
    assert 'hx-select="#live"' in page
    assert world.url("days/?days=30") in page


def test_the_days_show_energy_and_revenue_of_each_day(world, rated, sign_in, otto):
    noon = world.now.astimezone(world.operator.zone).replace(hour=12) - timedelta(days=2)
    world.session(start=noon, kwh=10)
    world.session(start=noon - timedelta(days=1), energy_wh=2345)
    rated()
    page = sign_in(otto).get(world.url("days/?days=90"))
    energy, revenue = figures_of(page, "Energy by day"), figures_of(page, "Revenue by day")
    assert len(energy) == len(revenue) == 90
    second, first = f"{noon:%Y-%m-%d}", f"{noon - timedelta(days=1):%Y-%m-%d}"
    drawn = {day: figure for day, figure in energy.items() if figure[1]}
    assert drawn == {first: ("2", Decimal("2.345")), second: ("10", Decimal(10))}
    assert revenue[second] == ("25.00", Decimal(25))
    assert {day for day, figure in revenue.items() if figure[1]} == {first, second}
    earned = revenue[first][1] + revenue[second][1]
    assert page.context["amount"] == earned
    assert f"2 sessions, 12 kWh, SEK {earned:.2f} including VAT" in words(page)


def test_the_sums_of_the_days_are_those_of_the_list_it_leads_to(world, rated, sign_in, otto):
    zone = world.operator.zone
    midnight = world.now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (0, 28, 29):  # over midnight, at both ends of the thirty days
        world.session(start=midnight - timedelta(days=days, minutes=30), kwh=days + 1)
    world.session(start=midnight - timedelta(days=3), payer=None)  # without a price
    rated()
    client = sign_in(otto)
    page = client.get(world.url("days/?days=30"))
    (link,) = re.findall(r'href="(/o/north/sessions/\?since=[^"]*)"', page.content.decode())
    for address in (link.replace("&amp;", "&"), world.url("sessions/?period=30d")):
        totals = client.get(f"{address}&totals=now").context["totals"]
        assert totals.sessions == page.context["sessions"] == 3
        assert totals.energy_wh == page.context["energy_wh"]
        assert dict(totals.amounts)["SEK"] == page.context["amount"]


def test_the_overview_says_how_old_it_is_and_charts_say_their_units(world, sign_in, otto):
    world.session()
    client = sign_in(otto)
    assert f"As of {world.now.astimezone(world.operator.zone):%H:}" in words(client.get(world.url("")))
    days = words(client.get(world.url("days/")))
    assert "Energy by day kWh" in days
    assert "Revenue by day SEK" in days


def test_the_first_steps_stand_there_until_all_are_done(world, sign_in, olga, axel):
    client = sign_in(olga)
    steps = client.get(world.url("")).context["steps"]
    assert [(step.is_done, bool(step.url)) for step in steps] == [(False, True)] * 2 + [(True, True), (False, True)]
    assert not any(step.url for step in sign_in(axel).get(world.url("")).context["steps"])
    world.session()
    facts = {
        "organisation_number": "556000-0000",
        "vat_number": "SE556000000001",
        "street": "Gatan 1",
        "city": "Ume\u00e5",
    }
    with tenant_scope(world.operator.pk):
        Operator.objects.filter(pk=world.operator.pk).update(bankgiro="123-4567", **facts)
    assert sign_in(olga).get(world.url("")).context["steps"] == []


@pytest.mark.parametrize("days", ["", "31", "abc", "-1"])
def test_a_strange_number_of_days_becomes_thirty(world, sign_in, otto, days):
    assert sign_in(otto).get(world.url(f"days/?days={days}")).context["count"] == 30


@pytest.mark.parametrize(("now", "before", "written"), [(3, 2, "+50%"), (1, 2, "\u221250%"), (2, 2, "0%"), (5, 0, "")])
def test_a_change_is_written_in_percent(now, before, written):
    assert overview._delta(now, before) == written


def test_the_overview_needs_the_same_queries_for_many_rows(world, sign_in, otto):
    client = sign_in(otto)
    world.session(state="ACTIVE", ended_at=None, series_wh=None)
    client.get(world.url(""))
    with CaptureQueriesContext(connection) as few:
        client.get(world.url(""))
    for _ in range(10):
        world.session(state="ACTIVE", ended_at=None, series_wh=None)
    with CaptureQueriesContext(connection) as many:
        client.get(world.url(""))
    # One a kind of work and for what waits, two for a first step, one for the keys of names.
    assert len(many) == len(few) <= 38
