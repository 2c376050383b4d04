"""Sites and stations: lists, pages, and the forms."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.tests import factories
from charging.models import Connector, Site, Station
from portal.tests.reading import figures_of
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
SITE = {
    "name": "Stora Torget", "street": "Torggatan 1", "postal_code": "903 26", "city": "Umeå", "country": "se",
    "time_zone": "Europe/Stockholm", "is_active": "on",
}  # fmt: skip


def station(site, **outlets):
    """A filled-in form of a station."""
    rows = {f"outlets-{at}-{name}": value for at, row in enumerate(outlets["rows"]) for name, value in row.items()}
    counts = {"outlets-TOTAL_FORMS": len(outlets["rows"]), "outlets-INITIAL_FORMS": 1}
    return {"site": site.public_id, "identifier": "SE-1", "name": "By the door", "is_active": "on", **counts, **rows}


def test_the_list_counts_what_stands_on_each_site(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        factories.connector(world.connector.station.site)
        Connector.objects.filter(pk=world.connector.pk).update(status="CHARGING")
    (site,) = sign_in(otto).get(world.url("sites/")).context["page"].rows
    assert (site.station_count, site.connector_count, site.charging_count, site.trouble_count) == (2, 2, 1, 0)


def test_without_sites_the_list_offers_to_add_one(north, sign_in, otto):
    page = sign_in(otto).get("/o/north/sites/").content.decode()
    assert "No sites yet" in page
    assert "/o/north/sites/new/" in page


def test_a_search_finds_by_name_street_or_city(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        Site.objects.create(name="Hamnen", city="Luleå", street="Kajen 3")
    client = sign_in(otto)
    for words in ("hamn", "LULE", "kajen"):
        assert [site.name for site in client.get(world.url("sites/"), {"q": words}).context["page"]] == ["Hamnen"]
    assert "No site found" in client.get(world.url("sites/?q=nowhere")).content.decode()


def test_the_list_needs_the_same_queries_for_many_sites(world, sign_in, otto):
    client = sign_in(otto)
    client.get(world.url("sites/"))
    with CaptureQueriesContext(connection) as few:
        client.get(world.url("sites/"))
    with tenant_scope(world.operator.pk):
        for _ in range(10):
            factories.connector()
    with CaptureQueriesContext(connection) as many:
        client.get(world.url("sites/"))
    assert len(many) == len(few) <= 13


def test_a_site_is_added_changed_and_audited(world, sign_in, otto):
    client = sign_in(otto)
    response = client.post(world.url("sites/new/"), SITE)
    with tenant_scope(world.operator.pk):
        site = Site.objects.get(name="Stora Torget")
        assert site.country == "SE"
    assert response.url == world.url(f"sites/{site.public_id}/")
    client.post(world.url(f"sites/{site.public_id}/edit/"), {**SITE, "city": "Luleå", "is_active": ""})
    with tenant_scope(world.operator.pk):
        site.refresh_from_db()
        assert (site.city, site.is_active) == ("Luleå", False)
        assert AuditEntry.objects.filter(object_id=site.pk, content_type__model="site", actor=otto).count() == 2
    assert "not in use" in client.get(world.url("sites/?closed=on")).content.decode()


def test_a_name_that_is_taken_is_refused_in_words(world, sign_in, otto):
    taken = world.connector.station.site.name
    page = sign_in(otto).post(world.url("sites/new/"), {**SITE, "name": taken}).content.decode()
    assert f"There is already a site called “{taken}”." in page


def test_a_site_shows_its_stations_and_its_energy(world, sign_in, otto):
    noon = world.now.astimezone(world.operator.zone).replace(hour=12) - timedelta(days=1)
    world.session(start=noon, kwh=10)
    site = world.connector.station.site
    page = sign_in(otto).get(world.url(f"sites/{site.public_id}/"))
    assert (page.context["session_count"], page.context["energy_wh"], page.context["trouble_count"]) == (1, 10_000, 0)
    assert "Every connector works." in page.content.decode()
    drawn = {day: figure for day, figure in figures_of(page, "Energy by day").items() if figure[1]}
    assert drawn == {f"{noon:%Y-%m-%d}": ("10", Decimal(10))}
    assert world.connector.station.identifier in page.content.decode()
    with tenant_scope(world.operator.pk):
        Connector.objects.filter(pk=world.connector.pk).update(status=Connector.Status.OUTOFORDER)
    again = sign_in(otto).get(world.url(f"sites/{site.public_id}/"))
    assert "1 connector out of order" in again.content.decode()


def test_a_site_earns_what_its_sessions_cost(world, rated, sign_in, otto):
    """The same rule of days as the list of sessions: by the operator's clock."""
    noon = world.now.astimezone(world.operator.zone).replace(hour=12) - timedelta(days=1)
    session = world.session(start=noon, kwh=10)
    with tenant_scope(world.operator.pk):
        factories.tariff()
    rated()
    page = sign_in(otto).get(world.url(f"sites/{session.site.public_id}/"))
    with tenant_scope(world.operator.pk):
        assert page.context["amount"] == session.prices.get().amount_incl_vat > 0


def test_a_station_is_added_with_its_connectors(world, sign_in, otto):
    rows = [{"number": "1", "standard": "IEC_62196_T2", "max_power_kw": "22"}, {"number": "", "standard": ""}]
    sign_in(otto).post(world.url("stations/new/"), station(world.connector.station.site, rows=rows))
    with tenant_scope(world.operator.pk):
        (outlet,) = Connector.objects.filter(station__identifier="SE-1")
    assert (outlet.number, outlet.standard, outlet.max_power_w) == ("1", "IEC_62196_T2", 22_000)


def test_connectors_of_the_same_number_are_refused_and_nothing_is_kept(world, sign_in, otto):
    rows = [{"number": "1", "standard": ""}, {"number": "1", "standard": ""}]
    page = sign_in(otto).post(world.url("stations/new/"), station(world.connector.station.site, rows=rows))
    assert "Two connectors have the number 1." in page.content.decode()
    with tenant_scope(world.operator.pk):
        assert not Station.objects.filter(identifier="SE-1").exists()


def test_a_change_keeps_connectors_and_their_sessions(world, sign_in, otto):
    world.session()
    of = world.connector.station
    url = world.url(f"stations/{of.public_id}/edit/")
    client = sign_in(otto)
    assert client.get(url).context["outlets"].initial_form_count() == 1
    client.post(url, station(of.site, rows=[{"number": "1", "max_power_kw": "11"}, {"number": "2"}]))
    with tenant_scope(world.operator.pk):
        assert Connector.objects.get(pk=world.connector.pk).max_power_w == 11_000
        assert Connector.objects.filter(station=of).count() == 2


def test_that_its_meter_is_turned_is_said_of_a_station_and_logged(world, sign_in, otto):
    of = world.connector.station
    sign_in(otto).post(
        world.url(f"stations/{of.public_id}/edit/"),
        {**station(of.site, rows=[{"number": "1"}]), "counts_exported": "on"},
    )
    with tenant_scope(world.operator.pk):
        assert Station.objects.get(pk=of.pk).counts_exported
        (entry,) = AuditEntry.objects.filter(object_id=of.pk, content_type__model="station", actor=otto)
        assert (entry.changes or {})["counts_exported"] == [False, True]


def test_a_station_shows_its_latest_sessions(world, sign_in, otto):
    session = world.session()
    page = sign_in(otto).get(world.url(f"stations/{world.connector.station.public_id}/")).content.decode()
    assert session.external_id in page
    assert "not known" in page  # the socket


@pytest.mark.parametrize("path", ["sites/new/", "stations/new/"])
def test_who_may_only_look_is_not_let_into_the_forms(world, sign_in, fina, path):
    client = sign_in(fina)
    assert client.get(world.url(path)).status_code == 403
    assert world.url(path) not in client.get(world.url("sites/")).content.decode()


def stations_shown(answer):
    return [row.identifier for row in answer.context["page"].rows]


def test_stations_are_listed_with_what_does_not_work_first(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        site = world.connector.station.site
        rows = {name: Station.objects.create(site=site, identifier=name) for name in ("A-1", "B-1", "C-1")}
        old = Station.objects.create(site=site, identifier="D-1", is_active=False)
        for name, status in (("A-1", "AVAILABLE"), ("B-1", "OUTOFORDER"), ("B-1", "CHARGING"), ("C-1", "INOPERATIVE")):
            number = Connector.objects.filter(station=rows[name]).count()
            Connector.objects.create(station=rows[name], number=str(number), status=status, status_at=world.now)
    client, usual = sign_in(otto), world.connector.station.identifier
    everything = client.get(world.url("stations/"))
    assert stations_shown(everything) == ["B-1", "C-1", *sorted(["A-1", usual])]
    assert stations_shown(client.get(world.url("stations/?condition=faulty"))) == ["B-1", "C-1"]
    assert stations_shown(client.get(world.url("stations/?condition=charging"))) == ["B-1"]
    assert stations_shown(client.get(world.url("stations/?sort=-station")))[:2] == sorted(["C-1", usual])[::-1]
    assert stations_shown(client.get(world.url("stations/?q=d-1"))) == []
    assert stations_shown(client.get(world.url("stations/?q=d-1&closed=on"))) == [old.identifier]


def test_a_connectors_states_are_kept_whoever_changes_them(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        connector = Connector.objects.filter(pk=world.connector.pk)
        for ago, status in ((5, "AVAILABLE"), (3, "OUTOFORDER"), (2, "OUTOFORDER"), (1, "CHARGING")):
            connector.update(status=status, status_at=world.now - timedelta(hours=ago))
        station = world.connector.station
        station.note = "Behind the\nbakery"
        station.save()
        site = station.site
        site.phone = "090-12 34 56"
        site.save()
    answer = sign_in(otto).get(world.url(f"stations/{station.public_id}/"))
    states = [(row.status, row.at) for row in answer.context["states"]]
    hours = {"CHARGING": 1, "OUTOFORDER": 3, "AVAILABLE": 5}
    assert states == [(status, world.now - timedelta(hours=ago)) for status, ago in hours.items()]
    page = answer.content.decode()
    assert "Behind the<br>bakery" in page
    assert 'href="tel:090-12 34 56"' in page
