"""The list of sessions, its totals and export, and the page of one session."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.tests import factories
from charging.models import ChargingSession, Site, Token
from charging.services import site_memberships
from portal.tests import coins, meter
from portal.tests.reading import figures_of, stats_of, table_of
from tenants.models import AuditEntry, Membership
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


def export(client, world, query=""):
    response = client.get(world.url(f"sessions/export/?format=comma&{query}"))
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text)))


def listed(client, world, query=""):
    """The external ids of a list, in order."""
    response = client.get(world.url(f"sessions/?{query}"))
    assert response.status_code == 200
    return [entry.session.external_id for entry in response.context["entries"]]


def test_the_list_names_station_driver_energy_and_price(world, rated, sign_in, otto):
    world.session(kwh=10)
    rated()
    page = sign_in(otto).get(world.url("sessions/")).content.decode()
    assert "Dana Driver" in page
    assert "10.00\u00a0kWh" in page
    assert "SEK\u00a025.00" in page  # 10 kWh at 2.00 and 25 % VAT
    assert "to be invoiced" in page


def test_without_sessions_the_list_offers_an_import(world, sign_in, otto):
    page = sign_in(otto).get(world.url("sessions/")).content.decode()
    assert "No sessions here" in page
    assert world.url("imports/new/") in page


def test_somebody_who_may_not_import_is_not_offered_it(world, sign_in, axel):
    assert world.url("imports/new/") not in sign_in(axel).get(world.url("sessions/")).content.decode()


def test_only_the_last_thirty_days_are_listed_unless_the_url_says_otherwise(world, sign_in, otto):
    old = world.session(start=world.now - timedelta(days=40))
    new = world.session()
    client = sign_in(otto)
    assert listed(client, world) == [new.external_id]
    assert listed(client, world, "period=all") == [new.external_id, old.external_id]
    day = (world.now - timedelta(days=40)).astimezone(world.operator.zone).date()
    assert listed(client, world, f"since={day}&until={day}") == [old.external_id]


def test_a_day_begins_at_midnight_of_the_operators_zone(world, sign_in, otto):
    today = world.now.astimezone(world.operator.zone).date()
    local_midnight = world.now.astimezone(world.operator.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    after = world.session(start=local_midnight - timedelta(days=1) + timedelta(minutes=1))
    world.session(start=local_midnight - timedelta(days=1) - timedelta(minutes=1))
    yesterday = today - timedelta(days=1)
    assert listed(sign_in(otto), world, f"since={yesterday}&until={yesterday}") == [after.external_id]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("driver={driver}", "mine elsewhere"),
        ("driver=dri dana", "mine elsewhere"),
        ("driver=9999", ""),
        ("station=nowhere", ""),
        ("card=WL-2", "strange"),
        ("card=wl-2", "strange"),
        ("card=…FFFF", "strange"),
        ("card=04FFFFFF", "strange"),
        ("station={station}", "elsewhere"),
        ("site={site}", "elsewhere"),
        ("flag=very_long", "odd"),
        ("review=pending", "odd"),
        ("billing=under_review", "strange odd"),
        ("billing=problem", "strange"),
        ("billing=waiting_for_run", "mine elsewhere"),
        ("billing=active", "running"),
        ("q=el", "elsewhere"),
        ("q=SEWHER", "elsewhere"),
        ("q=dana", "mine elsewhere"),
        ("q=wl-2", "strange"),
        ("q={station}", "elsewhere"),
        ("q=zz", ""),
    ],
)
def test_every_filter_narrows_the_list(world, rated, sign_in, otto, query, expected):
    with tenant_scope(world.operator.pk):
        elsewhere = factories.connector()
    world.session(external_id="mine")
    world.session(external_id="strange", payer=None, token=world.lost_card)
    world.session(external_id="elsewhere", at=elsewhere, payer=world.driver)
    world.session(external_id="odd", payer=None, flags=["very_long"], review="pending")
    world.session(external_id="running", payer=None, state="ACTIVE", ended_at=None, series_wh=None, token=None)
    rated()
    query = query.format(
        driver=world.driver.customer_number,
        station=elsewhere.station.identifier,
        site=elsewhere.station.site.public_id,
    )
    assert set(listed(sign_in(otto), world, query)) == set(expected.split())


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-02-30", "since=2026-02-02&until=2026-02-01"])
def test_a_filter_that_cannot_be_used_says_why_and_exports_nothing(world, sign_in, otto, query):
    world.session()
    client = sign_in(otto)
    page = client.get(world.url(f"sessions/?{query}"))
    assert page.status_code == 200
    assert "The filter cannot be used" in page.content.decode()
    assert client.get(world.url(f"sessions/export/?{query}")).status_code == 302


def test_paging_shows_every_session_once(world, sign_in, otto):
    rows = [world.session(start=world.now - timedelta(minutes=number // 2 + 120)) for number in range(120)]
    client, seen, query = sign_in(otto), [], ""
    for _ in range(3):
        response = client.get(world.url(f"sessions/?{query}"))
        seen += [entry.session.pk for entry in response.context["entries"]]
        query = response.context["page"].older
    assert query == ""
    assert sorted(seen) == sorted(row.pk for row in rows)


@pytest.mark.parametrize("query", ["", "billing=waiting_for_run", "period=all", "q=a"])
def test_the_totals_equal_the_export_to_the_last_digit(world, rated, sign_in, otto, query):
    for number in range(7):
        start = world.now - timedelta(days=number * 9, hours=2)
        world.session(external_id=f"a{number}", kwh=number * 3 + 1, start=start)
    world.session(external_id="b", payer=None)
    world.session(external_id="c", payer=None, state="ACTIVE", ended_at=None)
    rated()
    client = sign_in(otto)
    rows = export(client, world, query)
    totals = client.get(world.url(f"sessions/?totals=now&{query}")).context["totals"]
    assert totals.sessions == len(rows) > 0
    assert totals.energy_wh == sum(int(Decimal(row["Energy (kWh)"]) * 1000) for row in rows)
    assert totals.duration_s == sum(int(row["Duration, s"] or 0) for row in rows)
    assert dict(totals.amounts).get("SEK", 0) == sum(Decimal(row["Amount incl. VAT"] or 0) for row in rows)


def test_the_totals_are_asked_for_by_the_page_itself(world, sign_in, otto):
    world.session()
    response = sign_in(otto).get(world.url("sessions/?driver=" + world.driver.customer_number))
    assert response.context["totals"] is None
    assert "totals=now" in response.content.decode()


def test_an_export_is_recorded_and_cells_cannot_run_as_formulas(world, sign_in, otto):
    world.session(external_id="=1+1")
    rows = export(sign_in(otto), world)
    assert rows[0]["Session id"] == "'=1+1"
    with tenant_scope(world.operator.pk):
        assert AuditEntry.objects.filter(event="sessions.exported", actor=otto).count() == 1


def test_whose_sessions_were_exported_does_not_stand_in_the_log_for_ever(world, sign_in, olga):
    number = world.driver.customer_number
    sign_in(olga).get(world.url(f"sessions/export/?driver={number}&flag=very_long"))
    with tenant_scope(world.operator.pk):
        entry = AuditEntry.objects.filter(event="sessions.exported").latest("pk")
    query = (entry.additional_data or {})["query"]
    assert "flag=very_long" in query
    assert "driver" not in query
    assert number not in query


def test_the_list_needs_the_same_queries_for_many_rows_as_for_few(world, rated, sign_in, otto):
    client = sign_in(otto)
    world.session()
    rated()
    client.get(world.url("sessions/"))
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(world.url("sessions/"))
    for number in range(20):
        world.session(start=world.now - timedelta(hours=number + 3))
    rated()
    with CaptureQueriesContext(connection) as many:
        client.get(world.url("sessions/"))
    assert len(many) == len(few) <= 18  # two of them for the person's columns and views


def test_the_session_page_explains_the_price_step_by_step(world, rated, sign_in, otto):
    session = world.session(start=datetime(2026, 10, 1, 8, tzinfo=UTC), kwh=10)
    rated()
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/"))
    assert table_of(page, "Price, step by step") == [
        ["10:00–11:00", "Energy", "10.000 kWh", "SEK 2.50/kWh", "SEK 25.00"],
        ["Of which VAT", "SEK 5.00"],
        ["Total", "SEK 25.00"],
    ]
    assert stats_of(page)["Energy"] == "10.00 kWh"
    assert stats_of(page)["Average power"] == "10.0 kW"


def test_the_rows_of_a_price_add_up_also_where_each_needs_rounding(world, rated, sign_in, otto):
    with tenant_scope(world.operator.pk):
        factories.tariff(coins.TARIFF, driver=world.driver)
    session = world.session(kwh=coins.KWH)
    rated()
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/"))
    *rows, vat, total = table_of(page, "Price, step by step")
    assert sorted(row[-1] for row in rows) == sorted(coins.ROWS)
    assert (vat[-1], total[-1]) == (coins.VAT, coins.TOTAL)


def test_the_session_page_draws_the_power_of_its_readings(world, sign_in, otto):
    start = datetime(2026, 10, 1, 8, tzinfo=UTC)
    session = world.session(start=start, **meter.READ)
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/"))
    assert figures_of(page, "Power") == meter.power_from(start)
    assert 'data-x="time"' in page.content.decode()


def test_a_slot_that_is_longer_than_the_session_gave_its_energy_within_it(world, sign_in, otto):
    start = datetime(2026, 10, 1, 8, tzinfo=UTC)
    facts = {"series_wh": [1125], "energy_wh": 1125}
    session = world.session(start=start, ended_at=start + timedelta(minutes=5), **facts)
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/"))
    assert [read for read, _exact in figures_of(page, "Power").values()] == ["13.5"]
    assert stats_of(page)["Average power"] == "13.5 kW"


def test_a_session_tells_its_course_on_one_line(world, rated, sign_in, otto):
    """Plugged in at ten for four hours; the meter counted for half an hour."""
    facts = {"series_wh": [4000, 4000, 0, 0], "energy_wh": 8000, "stop_reason": "EVDisconnected"}
    start = datetime(2026, 10, 1, 8, tzinfo=UTC)
    session = world.session(start=start, ended_at=start + timedelta(hours=4), **facts)
    rated()
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/"))
    text = page.content.decode().replace("\xa0", " ")
    assert 'aria-label="10:00 plugged in; 10:30 charging ended; 14:00 unplugged"' in text
    assert "parked 3 h 30 min (10:30–14:00)" in text
    assert 'class="phase-parked" x="125.00" y="0" width="875.00"' in text
    assert table_of(page, "Price, step by step")[0][0] == "10:00–10:30"
    assert stats_of(page)["Average power"] == "16.0 kW"
    assert "the cable was unplugged at the car" in text


def test_the_session_page_leads_to_what_mends_a_problem(world, rated, sign_in, otto):
    with tenant_scope(world.operator.pk):
        token = Token.objects.create(uid="0499AA01", visual_number="WL-9")
    session = world.session(payer=None, token=token)
    rated()
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/")).content.decode()
    assert "Say whose the card is" in page
    assert f"/cards/{token.public_id}/" in page


def test_the_session_page_says_why_there_is_no_price(world, rated, sign_in, otto):
    session = world.session(payer=None)
    rated()
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/")).content.decode()
    assert "It cannot be priced" in page


def test_the_session_page_leads_to_its_neighbours(world, sign_in, otto):
    first, middle, last = (world.session(start=world.now - timedelta(hours=hours)) for hours in (6, 4, 2))
    page = sign_in(otto).get(world.url(f"sessions/{middle.public_id}/"))
    assert (page.context["earlier"], page.context["later"]) == (first, last)


def test_times_of_a_session_are_written_in_the_sites_zone_and_in_utc(world, sign_in, otto):
    session = world.session(start=datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    page = sign_in(otto).get(world.url(f"sessions/{session.public_id}/")).content.decode()
    assert "01:30:00 +01:00" in page
    assert "03:30:00 +02:00" in page  # an hour later: the clock was put forward
    assert "00:30:00 +00:00" in page


def test_the_session_page_needs_few_queries(world, rated, sign_in, otto):
    session = world.session()
    rated()
    client = sign_in(otto)
    client.get(world.url(f"sessions/{session.public_id}/"))
    with CaptureQueriesContext(connection) as queries:
        client.get(world.url(f"sessions/{session.public_id}/"))
    assert len(queries) <= 24


def test_another_operators_session_is_not_found(world, sign_in, sven, south, otto):
    with tenant_scope(south.pk):
        theirs = factories.session(factories.connector(), factories.driver())
    assert sign_in(otto).get(world.url(f"sessions/{theirs.public_id}/")).status_code == 404
    assert ChargingSession.__name__ not in sign_in(sven).get(f"/o/south/sessions/{theirs.public_id}/").content.decode()


def test_who_may_not_see_drivers_cannot_ask_which_numbers_there_are(world, sign_in, otto):
    """Limited to some sites, otto sees no drivers: what he asks about them is not answered."""
    session = world.session(external_id="mine")
    client, number = sign_in(otto), world.driver.customer_number
    assert listed(client, world, f"q={number}") == ["mine"]
    with tenant_scope(world.operator.pk):
        place = Membership.objects.get(user=otto)
        site = session.site
        site_memberships.change(place, role="operations", site_public_ids=[site.public_id])
    client = sign_in(otto)
    for query in (f"driver={number}", "driver=9999", "card=ABC"):
        assert listed(client, world, query) == ["mine"]
        answer = client.get(world.url(f"sessions/?{query}"))
        assert {"driver", "card"}.isdisjoint(answer.context["filters"].fields)
        assert len(export(client, world, query)) == 1
    for query in (f"q={number}", "q=dana", f"q={world.card.visual_number or world.card.uid}"):
        assert listed(client, world, query) == []


def test_the_page_of_a_session_over_a_change_of_the_rate_of_vat_says_which_part_has_which(world, rated, sign_in, otto):
    with tenant_scope(world.operator.pk):
        quay = Site.objects.create(name="Kaj", country="FI", time_zone="Europe/Helsinki")
        at = factories.connector(quay)
        components = [
            {"type": "FLAT", "price": "5", "vat": "24"},
            {"type": "ENERGY", "price": "3.20", "vat": "24"},
            {"type": "PARKING_TIME", "price": "6", "vat": "24"},
        ]
        document = {"tax_included": "YES", "elements": [{"price_components": components}]}
        factories.tariff(document, name="Finland", site=quay)
    midnight = datetime(2024, 8, 31, 21, tzinfo=UTC)
    hour = timedelta(hours=1)
    charged = world.session(
        at=at, start=midnight - hour / 2, charging_ended_at=midnight + hour / 2, ended_at=midnight + hour
    )
    rated()
    client = sign_in(otto)
    response = client.get(world.url(f"sessions/{charged.public_id}/"))
    told = response.context["story"]
    assert [(row.at, row.what, row.amount.replace("\u00a0", " ")) for row in told.slices] == [
        ("23:30", "Start fee", "SEK 5.00"),
        ("23:30–00:00", "Energy, VAT 24%", "SEK 16.00"),
        ("Sun 00:00–00:30", "Energy, VAT 25.5%", "SEK 16.00"),
        ("Sun 00:30–01:00", "Parking after charging", "SEK 3.00"),
    ]
    page = response.content.decode()
    assert "The rate of VAT changed at midnight" in page
    assert "SEK\u00a040.00" in page
