"""What every list has: an order, periods, columns and views of one's own, and the file of exactly this list."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.http import QueryDict

from charging.ingest.layout import Field
from charging.ingest.reading import understood
from charging.services import site_memberships
from portal.files.tables import Kind
from portal.web import periods
from tenants.models import ListChoice, Membership, SavedView
from tenants.scoping import tenant_scope
from tenants.services.people import memberships

pytestmark = pytest.mark.django_db


def ids(answer):
    return [entry.session.external_id for entry in answer.context["entries"]]


@pytest.mark.parametrize("sort", ["started", "-started", "energy", "-energy", "station", "duration", "-amount"])
def test_a_sorted_list_shows_every_row_once_in_both_directions(world, rated, sign_in, otto, sort):
    for number in range(130):
        start = world.now - timedelta(hours=30 + number % 50)
        energy = None if number % 11 == 0 else (number * 37 % 23) * 1000
        world.session(external_id=f"s{number}", start=start, energy_wh=energy)
    rated()
    client, seen, query, pages = sign_in(otto), [], f"sort={sort}", []
    while query:
        answer = client.get(world.url(f"sessions/?{query}"))
        pages.append(ids(answer))
        seen += [(entry.session.energy_wh or -1, entry.session.started_at) for entry in answer.context["entries"]]
        query, back = answer.context["page"].older, answer.context["page"].newer
    assert [len(page) for page in pages] == [50, 50, 30]
    assert len({name for page in pages for name in page}) == 130
    keys = {"energy": 0, "started": 1}
    if (name := sort.lstrip("-")) in keys:
        values = [row[keys[name]] for row in seen]
        assert values == sorted(values, reverse=sort.startswith("-"))
    assert ids(client.get(world.url(f"sessions/?{back}"))) == pages[1]


def test_a_list_too_long_to_sort_says_so_and_stays_as_it_was(world, sign_in, otto, monkeypatch):
    monkeypatch.setattr("portal.web.tables.MOST_SORTED", 1)
    for number in range(2):
        world.session(external_id=f"s{number}", kwh=9 - number, start=world.now - timedelta(hours=9 - number))
    answer = sign_in(otto).get(world.url("sessions/?sort=-amount"))
    assert ids(answer) == ["s1", "s0"]
    assert "too long to be sorted by “Amount”: that can be done with at most 1 rows" in answer.content.decode()


@pytest.mark.parametrize("sort", ["billing", "--started", "\x00", "-", "nonsense", "sort_value"])
def test_an_order_there_is_not_is_the_usual_one(world, sign_in, otto, sort):
    world.session(external_id="s")
    answer = sign_in(otto).get(world.url("sessions/"), {"sort": sort})
    assert answer.context["shown"].order == "-started"


@pytest.mark.parametrize(
    "place", ["NaN~1", "1e999999~1", "x~1", "~", "9" * 40 + "~1", "\x00~1", "1~" + "9" * 30, "0001~1"]
)
@pytest.mark.parametrize("sort", ["energy", "duration", "station", "-amount", "started"])
def test_a_place_that_cannot_be_read_is_the_first_page(world, sign_in, otto, place, sort):
    world.session(external_id="s")
    answer = sign_in(otto).get(world.url("sessions/"), {"sort": sort, "after": place})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "name", "days"),
    [
        ("", "30d", (date(2026, 10, 17), date(2026, 11, 15))),
        ("period=last_month", "last_month", (date(2026, 10, 1), date(2026, 10, 31))),
        ("period=month", "month", (date(2026, 11, 1), date(2026, 11, 15))),
        ("period=all", "all", (None, None)),
        ("period=nonsense", "30d", (date(2026, 10, 17), date(2026, 11, 15))),
        ("period=last_month&since=2026-10-01&until=2026-10-31", "last_month", (date(2026, 10, 1), date(2026, 10, 31))),
    ],
)
def test_a_period_is_named_and_means_its_days(query, name, days):
    found, kept = periods.asked(QueryDict(query), today=date(2026, 11, 15), usual="30d")
    assert (found, periods.PERIODS[found].days(date(2026, 11, 15))) == (name, days)
    assert "since" not in kept


def test_days_of_ones_own_win_over_the_period_they_were_made_from():
    query = QueryDict("period=last_month&since=2026-10-02&until=2026-10-31")
    found, kept = periods.asked(query, today=date(2026, 11, 15), usual="30d")
    assert (found, kept.urlencode()) == ("", "since=2026-10-02&until=2026-10-31")


def test_an_address_has_no_empty_parameters(world, sign_in, otto):
    answer = sign_in(otto).get(world.url("sessions/?q=x&site=&billing=&period=all"))
    assert (answer.status_code, answer["Location"]) == (302, world.url("sessions/?q=x&period=all"))


def test_columns_and_density_are_kept_for_the_person(world, sign_in, otto, fina):
    world.session()
    client = sign_in(otto)
    client.post(world.url("lists/sessions/columns/"), {"columns": ["energy", "card"], "is_dense": "on"})
    page = client.get(world.url("sessions/"))
    assert page.context["shown"].keys == ("started", "card", "energy")
    assert "table--tight" in page.content.decode()
    assert sign_in(fina).get(world.url("sessions/")).context["shown"].keys != page.context["shown"].keys


def test_a_view_is_kept_under_a_name_and_shared_if_wanted(world, sign_in, otto, fina):
    client = sign_in(otto)
    keep = {"name": "High power", "query": "sort=-energy&after=1~2&q=&period=last_month"}
    client.post(world.url("lists/sessions/views/"), keep)
    client.post(world.url("lists/sessions/views/"), {**keep, "name": "For all", "is_shared": "on"})
    with tenant_scope(world.operator.pk):
        assert {view.query for view in SavedView.objects.all()} == {"sort=-energy&period=last_month"}
    own = client.get(world.url("sessions/")).context["shown"].views
    assert [view.name for view in own] == ["For all", "High power"]
    finance = sign_in(fina)
    assert [view.name for view in finance.get(world.url("sessions/")).context["shown"].views] == ["For all"]
    for person, left in ((fina, ["For all", "High power"]), (otto, ["High power"])):
        sign_in(person).post(world.url("lists/sessions/views/remove/"), {"name": "For all"})
        with tenant_scope(world.operator.pk):
            assert sorted(view.name for view in SavedView.objects.all()) == left


def test_what_somebody_who_leaves_shared_is_the_operator_s(world, sign_in, otto, fina):
    for name, extra in (("Shared", {"is_shared": "on"}), ("Own", {})):
        sign_in(fina).post(world.url("lists/sessions/views/"), {"name": name, "query": "sort=-energy", **extra})
    with tenant_scope(world.operator.pk):
        memberships.remove(Membership.objects.get(user=fina))
        assert [(view.name, view.user_id) for view in SavedView.objects.all()] == [("Shared", None)]
    world.session()
    client = sign_in(otto)
    page = client.get(world.url("sessions/?sort=-energy"))
    assert [view.name for view in page.context["shown"].views] == ["Shared"]
    assert "Remove this view" in page.content.decode()
    client.post(world.url("lists/sessions/views/remove/"), {"name": "Shared"})
    with tenant_scope(world.operator.pk):
        assert not SavedView.objects.exists()


def test_however_much_others_share_one_s_own_views_stay_in_the_list(world, sign_in, otto, fina):
    shared = [SavedView(user=fina, list_name="sessions", name=f"a{n}", query="q=1", is_shared=True) for n in range(60)]
    with tenant_scope(world.operator.pk):
        SavedView.objects.bulk_create(shared)
    client = sign_in(otto)
    client.post(world.url("lists/sessions/views/"), {"name": "Mine", "query": "sort=energy"})
    assert client.get(world.url("sessions/")).context["shown"].views[0].name == "Mine"


def test_who_works_at_some_sites_sees_no_words_of_others(world, sign_in, otto, fina):
    view = {"name": "Torget, Anna", "query": "q=Anna", "is_shared": "on"}
    sign_in(fina).post(world.url("lists/sessions/views/"), view)
    with tenant_scope(world.operator.pk):
        site, place = world.connector.station.site, Membership.objects.get(user=otto)
        site_memberships.change(place, role="operations", site_public_ids=[site.public_id])
    client = sign_in(otto)
    client.post(world.url("lists/sessions/views/"), {"name": "Mine", "query": "sort=energy"})
    page = client.get(world.url("sessions/"))
    assert [view.name for view in page.context["shown"].views] == ["Mine"]
    assert "Anna" not in page.content.decode()


@pytest.mark.parametrize("path", ["lists/nonsense/views/", "lists/nonsense/columns/"])
def test_there_are_only_the_lists_there_are(world, sign_in, otto, path):
    assert sign_in(otto).post(world.url(path), {"name": "x"}).status_code == 404
    with tenant_scope(world.operator.pk):
        assert not ListChoice.objects.exists()


def taken(client, world, query, language="en"):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.get(world.url(f"sessions/export/?{query}"))
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content), answer["Content-Disposition"]


def test_the_file_is_written_as_its_reader_writes(world, rated, sign_in, otto):
    start = datetime(2026, 10, 1, 8, tzinfo=UTC)
    world.session(external_id="S-1", start=start, kwh=10, stop_reason="EVDisconnected")
    rated()
    client = sign_in(otto)
    body, _ = taken(client, world, "period=all&format=semicolon")
    (row,) = csv.DictReader(StringIO(body.decode("utf-8-sig")), delimiter=";")
    assert row["Name of the driver"] == "Dana Driver"
    assert row["Start time"] == "2026-10-01 10:00:00"
    assert (row["Energy (kWh)"], row["Amount incl. VAT"]) == ("10", "25.00")
    assert row["Billing"] == "to be invoiced"
    assert (row["Why it ended"], row["Stop reason"]) == ("the cable was unplugged at the car", "EVDisconnected")
    body, _ = taken(sign_in(otto), world, "period=all", language="sv")
    (row,) = csv.DictReader(StringIO(body.decode("utf-8-sig")), delimiter=";")
    assert (row["Energi (kWh)"], row["Belopp inkl. moms"]) == ("10", "25,00")
    assert row["F\u00f6rarens namn"] == "Dana Driver"


def test_a_workbook_has_real_dates_and_numbers(world, rated, sign_in, otto):
    world.session(external_id="S-1", start=datetime(2026, 10, 1, 8, tzinfo=UTC), kwh=10)
    rated()
    body, name = taken(sign_in(otto), world, "period=all&format=xlsx")
    assert name.endswith('.xlsx"')
    with ZipFile(BytesIO(body)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "46296.416666" in sheet  # 1 October 2026, 10:00, as a spreadsheet counts days
    assert "<v>25" in sheet, sheet


def test_a_workbook_of_too_many_rows_is_refused_with_another_way(world, sign_in, otto, monkeypatch):
    monkeypatch.setattr("portal.files.tables.KINDS", {"xlsx": Kind("xlsx", "xlsx", limit=1)})
    for _ in range(2):
        world.session()
    answer = sign_in(otto).get(world.url("sessions/export/?format=xlsx"), follow=True)
    assert "take it as CSV" in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("kind", ["comma", "semicolon"])
def test_our_own_import_knows_every_column_of_the_file(world, rated, sign_in, otto, language, kind):
    for number in range(3):
        start = datetime(2026, 10, 1 + number, 8, tzinfo=UTC)
        world.session(external_id=f"S-{number}", start=start, kwh=10 + number, stop_reason="EVDisconnected")
    rated()
    body, _ = taken(sign_in(otto), world, f"period=all&format={kind}", language=language)
    head = next(csv.reader(StringIO(body.decode("utf-8-sig")), delimiter=";" if kind == "semicolon" else ","))
    columns = understood(BytesIO(body), home_zone="Europe/Stockholm").layout.columns
    wanted = {Field.EXTERNAL_ID: 0, Field.SITE: 1, Field.STATION: 2, Field.CONNECTOR: 4, Field.STOP_REASON: 14}
    assert {fact: columns[fact] for fact in wanted} == {fact: (head[at],) for fact, at in wanted.items()}
    assert {"token", "started_at", "ended_at", "energy"} <= set(columns)
