"""Cards, stations and sites that files name in other ways than we do."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile

from charging.domain.reasons import Reject
from charging.ingest.network import Thing
from charging.models import ChargingSession, Connector, Site, Station, Token
from charging.selectors import imports as seen
from charging.services import imports
from charging.tests.ingest.files import PLAIN, plain, stored

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = "{},{},{},2025-05-{:02} 10:00,2025-05-{:02} 11:00,7.5"


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def rows(*pairs):
    return plain(*(ROW.format(f"S{day}", station, card, day, day) for day, (station, card) in enumerate(pairs, 1)))


def bring_in(text, **options):
    row = imports.upload(ContentFile(text.encode()), name="sessions.csv")
    row = imports.start(row, PLAIN, options=imports.Options(**options))
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


def test_a_card_is_the_same_in_any_case_and_with_colons(in_north):
    bring_in(
        rows(("A", "04c2d9e1126f81"), ("A", "04C2D9E1126F81"), ("A", "04:C2:D9:E1:12:6F:81"), ("A", "04c2 d9e1126f81"))
    )
    assert Token.objects.get().uid == "04c2d9e1126f81"
    assert ChargingSession.objects.filter(token__isnull=False).count() == 4


def test_a_card_that_is_spelled_otherwise_in_a_later_file_is_the_same(in_north):
    Token.objects.create(uid="04C2D9E1126F81")
    bring_in(rows(("A", "04:c2:d9:e1:12:6f:81"), ("A", "de*8aa*123"), ("A", "DE*8AA*123")))
    assert Token.objects.count() == 2


def test_two_cards_that_differ_in_their_case_alone_keep_their_own_sessions(in_north):
    for uid in ("card-a", "CARD-A"):
        Token.objects.create(uid=uid)
    bring_in(rows(("A", "CARD-A"), ("A", "card-a"), ("A", "Card-A")))
    found = ChargingSession.objects.order_by("external_id").select_related("token")
    assert [session.token.uid for session in found] == ["CARD-A", "card-a", "card-a"]


def test_a_card_answers_to_its_printed_number_unless_two_have_it(in_north):
    Token.objects.create(uid="04A2B9C1", visual_number="WL-321201")
    for uid in ("04AAAA", "04BBBB"):
        Token.objects.create(uid=uid, visual_number="WL-7")
    row = bring_in(rows(("A", "wl-321201"), ("A", "WL-7")))
    assert row.created["tokens"] == 1
    assert ChargingSession.objects.get(external_id="S1").token.uid == "04A2B9C1"


def test_a_station_answers_to_its_name_and_to_any_case(in_north):
    site = Site.objects.create(name="Garage")
    station = Station.objects.create(site=site, identifier="SE*NLA*E1", name="Stenstan 6")
    Connector.objects.create(station=station, number="1")
    row = bring_in(rows(("se*nla*e1", "c"), ("Stenstan 6", "c")))
    assert row.created == {"sites": 0, "stations": 0, "connectors": 0, "tokens": 1}
    assert {session.station for session in ChargingSession.objects.all()} == {station}


def test_a_station_merged_into_another_sends_its_sessions_there(in_north):
    site = Site.objects.create(name="Garage")
    station = Station.objects.create(site=site, identifier="NEW")
    Station.objects.create(site=site, identifier="OLD", merged_into=station)
    bring_in(rows(("OLD", "c"), ("NEW", "c")))
    assert {session.station for session in ChargingSession.objects.all()} == {station}


def test_a_new_site_keeps_the_operators_clock_whatever_the_file_is_written_in(in_north):
    row = imports.upload(ContentFile(rows(("A", "c")).encode()), name="a.csv")
    imports.start(row, PLAIN.saying(time_zone="UTC"))
    imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)
    assert Site.objects.get().time_zone == in_north.time_zone


def test_nothing_is_created_for_a_row_that_is_refused(in_north):
    bring_in(rows(("A", "c1")))
    text = rows(("A", "c2"), ("B", "c3"))
    row = bring_in(text, creates=frozenset([Thing.TOKENS]))
    assert [one.reason for one in seen.rejected_rows(row)] == [Reject.CHANGED, Reject.UNKNOWN_STATION]
    assert [card.uid for card in Token.objects.all()] == ["c1"]
    assert Station.objects.count() == 1


@pytest.mark.parametrize(
    ("creates", "reason"),
    [
        ({Thing.STATIONS, Thing.TOKENS}, Reject.UNKNOWN_SITE),
        ({Thing.SITES, Thing.TOKENS}, Reject.UNKNOWN_STATION),
        ({Thing.SITES, Thing.STATIONS}, Reject.UNKNOWN_TOKEN),
    ],
)
def test_each_kind_of_thing_is_added_only_where_it_is_said(in_north, creates, reason):
    row = bring_in(rows(("A", "c1")), creates=frozenset(creates))
    assert [one.reason for one in seen.rejected_rows(row)] == [reason]
    assert not any(model.objects.exists() for model in (Site, Station, Connector, Token))


def test_a_look_tells_what_would_be_new_and_presumes_nothing_but_cards(in_north):
    preview = imports.preview(stored(rows(("A", "c1"), ("A", "c2"))), PLAIN, at=NOW)
    told = [(new["thing"], new["count"], new["names"], new["rows"]) for new in preview.news]
    assert told == [("stations", 1, ["A"], 2), ("tokens", 2, ["c1", "c2"], 2)]
    assert preview.site_open
    said = imports.preview(stored(rows(("A", "c1"))), replace(PLAIN, default_site="Depot"), at=NOW)
    assert (said.news[0]["names"], said.site_open) == (["Depot"], False)
    assert (preview.creates, preview.accepted, preview.rejected) == ([], 0, 2)
    bring_in(rows(("A", "c1")))
    again = imports.preview(stored(rows(("A", "c1"), ("A", "c2"))), PLAIN, at=NOW)
    assert (again.creates, again.accepted, again.rejected) == ([Thing.TOKENS], 2, 0)
