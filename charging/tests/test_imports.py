"""Files into sessions, in a real database: once each, restartable, within one operator."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from charging.domain.errors import ChargingError, ImportRefused, UnansweredQuestion, UnreadableFile
from charging.domain.reasons import Flag, Reject
from charging.ingest import apart, apply, staging
from charging.ingest.layout import Field
from charging.ingest.profiles import ready_made
from charging.ingest.sizes import Sizes
from charging.models import ChargingSession, Connector, FileImport, RejectedRow, Site, Station, Token
from charging.selectors import imports as seen
from charging.selectors import sessions
from charging.services import imports
from charging.tests.ingest.files import DUNDEE, PLAIN, TRONDHEIM, plain, stored
from tenants import work
from tenants.models import AuditEntry, Driver
from tenants.scoping import tenant_scope

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = "{},A,card-1,2025-05-{:02} 10:00,2025-05-{:02} 11:00,7.5"


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def rows(*numbers):
    return plain(*(ROW.format(number, number, number) for number in numbers))


def queue(text, layout=PLAIN, **options):
    content = ContentFile(text.encode() if isinstance(text, str) else text)
    return imports.start(imports.upload(content, name="sessions.csv"), layout, options=imports.Options(**options))


def bring_in(text, layout=PLAIN, **options):
    row = queue(text, layout, **options)
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


def totals(row):
    assert row.rows_read == row.accepted + row.known + row.rejected
    return row.accepted, row.known, row.rejected


def test_a_file_becomes_sessions_with_their_network(in_north):
    row = bring_in(DUNDEE, ready_made()["dundee-2018"].layout)
    assert row.state == FileImport.State.DONE
    assert totals(row) == (2, 0, 3)
    assert (row.accepted_wh, row.rejected_wh) == (18_550, 1_430_170 - 9_540)
    assert row.created == {"sites": 2, "stations": 2, "connectors": 2, "tokens": 2}
    session = ChargingSession.objects.select_related("site", "connector", "token").get(external_id="9001")
    assert (session.source, session.energy_wh, session.state) == ("dundee", 11_900, "COMPLETED")
    assert session.site.name == "Brington Place, Dundee"
    assert session.site.time_zone == in_north.time_zone
    assert session.connector.max_power_w == 7_000
    assert session.token.uid == "604773H"
    assert session.driver is None
    assert session.file_import_id == row.pk


def test_the_rejected_rows_are_kept_with_line_cells_and_reasons(in_north):
    row = bring_in(DUNDEE, ready_made()["dundee-2018"].layout)
    kept = list(seen.rejected_rows(row))
    assert [one.line_number for one in kept] == [4, 5, 6]
    assert kept[1].reasons == [Reject.OPEN_SESSION, Reject.MISSING_ENERGY]
    assert kept[1].codes == ["open_session", "missing_energy"]
    assert kept[2].energy_wh == 1_430_170
    assert kept[0].cells[8] == "-9.54"
    assert {reason for reason, *_ in seen.reasons(row)} == {
        Reject.NEGATIVE_ENERGY, Reject.OPEN_SESSION, Reject.ABSURD_ENERGY
    }  # fmt: skip


def test_the_same_file_again_adds_nothing(in_north):
    first, second = bring_in(rows(1, 2, 3)), bring_in(rows(1, 2, 3))
    assert totals(first) == (3, 0, 0)
    assert totals(second) == (0, 3, 0)
    assert second.created == {}
    assert list(seen.earlier(second)) == [first]
    assert ChargingSession.objects.count() == 3


def test_a_file_that_grew_adds_only_what_is_new(in_north):
    bring_in(rows(1, 2))
    assert totals(bring_in(rows(1, 2, 3))) == (1, 2, 0)


@pytest.mark.parametrize(
    "changed",
    [
        "1,A,card-1,2025-05-01 10:00,2025-05-01 11:00,8",
        "1,A,card-1,2025-05-01 10:00,2025-05-01 12:00,7.5",
        "1,B,card-1,2025-05-01 10:00,2025-05-01 11:00,7.5",
        "1,A,card-2,2025-05-01 10:00,2025-05-01 11:00,7.5",
    ],
)
def test_a_known_session_is_never_overwritten(in_north, changed):
    bring_in(rows(1))
    row = bring_in(plain(changed, ROW.format(2, 2, 2)))
    assert totals(row) == (1, 0, 1)
    assert [(one.line_number, one.reason) for one in seen.rejected_rows(row)] == [(2, Reject.CHANGED)]
    session = ChargingSession.objects.get(external_id="1")
    assert (session.energy_wh, session.station.identifier, session.token.uid) == (7_500, "A", "card-1")


def test_a_twin_in_another_chunk_of_the_file_is_a_duplicate_not_a_known_session(in_north, monkeypatch):
    monkeypatch.setattr(apart, "SIZES", Sizes(chunk=120))
    row = bring_in(rows(1, 2, 3, 4, 5, 1))
    assert totals(row) == (5, 0, 1)
    assert len(row.committed_chunks) > 1
    assert [(one.line_number, one.reason) for one in seen.rejected_rows(row)] == [(7, Reject.DUPLICATE_IN_FILE)]


def test_corrected_rows_come_back_by_the_same_profile(in_north):
    text = plain("1,A,card-1,2025-05-01 10:00,2025-05-01 11:00,-7.5", ROW.format(2, 2, 2), "=1+1,A,c,,,")
    row = bring_in(text)
    content = b"".join(seen.rejected_file(operator_id=row.operator_id, import_id=row.pk)).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(content)))
    assert lines[0] == ["rejected_line", "rejected_because", "id", "station", "card", "start", "end", "kwh"]
    assert lines[1][:3] == ["2", "negative_energy", "1"]
    assert lines[1][-1] == "-7.5"
    assert lines[2][2] == "'=1+1"
    corrected = bring_in(content.replace("-7.5", "7.5"))
    assert totals(corrected) == (1, 0, 1)
    assert ChargingSession.objects.get(external_id="1").energy_wh == 7_500


def test_an_attempt_in_vain_is_written_off_and_waits_for_nobody(in_north):
    row = bring_in(
        plain(
            "1,A,c,2025-05-01 10:00,2025-05-01 10:01,0",
            "2,A,c,2025-05-01 10:02,2025-05-01 11:02,7",
            "3,A,c,2025-05-01 10:30,2025-05-01 10:31,0",
        )
    )
    reviews = dict(ChargingSession.objects.values_list("external_id", "review"))
    assert reviews == {"1": "written_off", "2": "", "3": "pending"}
    assert (row.flagged, seen.attempts_in_vain(row)) == (1, 1)
    assert dict(seen.flags(row)) == {Flag.OVERLAP: 1, Flag.NO_CHARGE: 1}


def test_no_plug_gives_more_than_its_kind(in_north):
    bring_in(plain("1,A,c,2025-05-01 10:00,2025-05-01 12:00,7", "2,B,c,2025-05-01 10:00,2025-05-01 12:00,7"))
    Connector.objects.filter(station__identifier="A").update(standard="IEC_62196_T2")
    bring_in(plain("3,A,c,2025-05-02 10:00,2025-05-02 10:30,60", "4,B,c,2025-05-02 10:00,2025-05-02 10:30,60"))
    flags = dict(ChargingSession.objects.values_list("external_id", "flags"))
    assert (flags["3"], flags["4"]) == ([Flag.ABOVE_POWER], [])


def test_unusual_sessions_wait_for_a_decision(in_north):
    row = bring_in(
        plain(
            "1,A,c,2025-05-01 10:00,2025-05-01 12:00,0",
            "2,B,c,2025-05-01 10:00,2025-05-03 12:00,7",
            "3,B,c,2025-05-02 10:00,2025-05-02 12:00,7",
            "4,C,c,2025-05-02 10:00,2025-05-02 12:00,7",
        )
    )
    assert row.flagged == 3
    flags = dict(ChargingSession.objects.values_list("external_id", "flags"))
    assert flags == {"1": [Flag.ZERO_ENERGY], "2": [Flag.VERY_LONG], "3": [Flag.OVERLAP], "4": []}
    assert ChargingSession.objects.filter(review=ChargingSession.Review.PENDING).count() == 3
    assert dict(seen.flags(row)) == {Flag.ZERO_ENERGY: 1, Flag.VERY_LONG: 1, Flag.OVERLAP: 1}


def test_overlaps_with_other_files_and_chunks_are_seen(in_north):
    bring_in(plain("1,A,c,2025-05-01 10:00,2025-05-01 12:00,7"))
    row = bring_in(plain("2,A,c,2025-05-01 11:00,2025-05-01 13:00,7", "3,A,c,2025-05-01 13:00,2025-05-01 14:00,7"))
    assert row.flagged == 1
    assert ChargingSession.objects.get(external_id="2").flags == [Flag.OVERLAP]


@pytest.mark.parametrize(
    ("told", "is_seen"),
    [
        ("09:59,2025-05-01 12:01", True),  # around it
        ("09:57,2025-05-01 11:58", True),  # the same charge by a clock that is behind
        ("09:00,2025-05-01 10:01", False),  # within the slack
        ("09:00,2025-05-01 10:02", True),
    ],
)
def test_what_begins_before_a_session_that_was_there_and_reaches_into_it_is_seen(in_north, told, is_seen):
    """The one that begins later is flagged, and that one is of another file: both were billed."""
    bring_in(plain("1,A,c,2025-05-01 10:00,2025-05-01 12:00,7"))
    row = bring_in(plain(f"2,A,c,2025-05-01 {told},7"))
    assert row.flagged == is_seen
    assert ChargingSession.objects.get(external_id="2").flags == ([Flag.OVERLAP] if is_seen else [])
    assert ChargingSession.objects.get(external_id="1").flags == []


def test_what_begins_before_a_session_that_nobody_is_billed_for_is_not(in_north):
    bring_in(plain("1,A,c,2025-05-01 10:00,2025-05-01 12:00,7"))
    ChargingSession.objects.update(review=ChargingSession.Review.WRITTEN_OFF)
    assert bring_in(plain("2,A,c,2025-05-01 09:57,2025-05-01 11:58,7")).flagged == 0


@pytest.mark.parametrize("told", ["09:57,2025-05-01 11:58", "10:03,2025-05-01 12:02"])
@pytest.mark.parametrize(("review", "is_seen"), [("pending", False), ("approved", True)])
def test_a_charge_that_is_only_put_at_an_outlet_takes_it_from_nobody(in_north, told, review, is_seen):
    """A station did not say where it went on: until somebody has decided on it, it may have been at another outlet."""
    bring_in(plain("1,A,c,2025-05-01 10:00,2025-05-01 12:00,7"))
    ChargingSession.objects.update(flags=[Flag.OUTLET_MISSING], review=review)
    assert bring_in(plain(f"2,A,c,2025-05-01 {told},7")).flagged == is_seen


@pytest.mark.parametrize(
    ("told", "is_seen"),
    [
        ("A,c,2025-05-01 10:01,2025-05-01 11:59,7.05", True),
        ("A,c,2025-05-01 10:03,2025-05-01 12:00,7", False),  # begun too late
        ("A,c,2025-05-01 10:00,2025-05-01 12:00,7.2", False),  # another energy
        ("A,d,2025-05-01 10:00,2025-05-01 12:00,7", False),  # another card
        ("B,c,2025-05-01 10:00,2025-05-01 12:00,7", False),  # at another station
    ],
)
@pytest.mark.parametrize("source", ["ocpp", "own"])
def test_a_charge_that_another_source_told_of_another_outlet_is_seen(in_north, told, is_seen, source):
    """Of one source they are two: a card may start two outlets at once."""
    bring_in(plain("1,A,c,2025-05-01 10:00,2025-05-01 12:00,7", "0,B,x,2025-04-01 10:00,2025-04-01 12:00,7"))
    was = ChargingSession.objects.get(external_id="1")
    beside = Connector.objects.create(station=was.station, number="2")
    ChargingSession.objects.filter(pk=was.pk).update(
        connector=beside, source="ocpp" if source == "ocpp" else was.source
    )
    row = bring_in(plain(f"2,{told}"))
    assert row.flagged == (is_seen and source == "ocpp")
    session = ChargingSession.objects.get(external_id="2")
    assert bool(sessions.overlapped(ChargingSession.objects.filter(pk=session.pk))) == (is_seen and source == "ocpp")


def test_what_another_source_told_is_looked_up_at_its_station_by_its_time(in_north):
    """And not held against all that the station ever had."""
    bring_in(rows(1))
    with CaptureQueriesContext(connection) as captured:
        bring_in(plain("9,A,card-1,2025-05-01 10:30,2025-05-01 11:30,7.5"))
    (asked,) = [query["sql"] for query in captured if "o.source <> t.source" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(r"session_of_station on .* o\s.*\n\s+Index Cond: .*station_id = t.*started_at >=", plan), plan


def test_a_known_connector_says_what_it_can_deliver(in_north):
    site = Site.objects.create(name="S")
    Connector.objects.create(station=Station.objects.create(site=site, identifier="A"), number="1", max_power_w=3_600)
    row = bring_in(rows(1))
    assert row.created == {"sites": 0, "stations": 0, "connectors": 0, "tokens": 1}
    session = ChargingSession.objects.get()
    assert session.site == site
    assert session.flags == [Flag.ABOVE_POWER]


def test_an_import_that_may_not_create_rejects_strangers(in_north):
    bring_in(rows(1))
    text = plain(
        "2,A,card-1,2025-06-02 10:00,2025-06-02 11:00,7",
        "3,Z,card-1,2025-06-02 10:00,2025-06-02 11:00,7",
        "4,A,card-9,2025-06-03 10:00,2025-06-03 11:00,7",
    )
    row = bring_in(text, creates=frozenset())
    assert totals(row) == (1, 0, 2)
    assert [one.reason for one in seen.rejected_rows(row)] == [Reject.UNKNOWN_STATION, Reject.UNKNOWN_TOKEN]
    assert not Station.objects.filter(identifier="Z").exists()


def test_a_driver_for_each_unknown_card_makes_a_first_file_billable(in_north):
    Token.objects.create(uid="card-1")
    row = bring_in(plain(ROW.format(1, 1, 1), "2,A,card-2,2025-05-02 10:00,2025-05-02 11:00,7"), create_drivers=True)
    assert row.created["drivers"] == 1
    driver = Driver.objects.select_related("identity").get()
    assert driver.identity.name == "card-2"
    assert ChargingSession.objects.get(external_id="2").driver == driver
    assert ChargingSession.objects.get(external_id="1").driver is None


def test_a_card_of_a_driver_brings_its_sessions_to_them(in_north, danas_driver):
    Token.objects.create(uid="card-1", driver=danas_driver)
    bring_in(rows(1))
    assert ChargingSession.objects.get().driver == danas_driver


def test_a_series_is_kept_in_its_session(in_north):
    layout = ready_made()["wattledger"].layout
    text = (
        '{"session_id":"1","station":"A","started_at":"2025-05-01T08:00:00Z","ended_at":"2025-05-01T09:00:00Z",'
        '"energy_wh":7,"series_interval_s":1800,"series_wh":[3,3]}\n'
    )
    bring_in(text, layout)
    session = ChargingSession.objects.get()
    assert (session.series_wh, session.series_interval_s, session.series_start) == ([3, 3], 1800, session.started_at)
    assert session.flags == []
    bring_in(text.replace('"1"', '"2"').replace("[3,3]", "[3,1]").replace("2025-05-01", "2025-05-02"), layout)
    assert ChargingSession.objects.get(external_id="2").flags == [Flag.SERIES_MISMATCH]


def test_one_operator_never_sees_or_meets_what_another_imports(north, south):
    with tenant_scope(north.pk):
        theirs = bring_in(rows(1, 2))
    with tenant_scope(south.pk):
        ours = bring_in(plain(*(ROW.format(number, number, number).replace("7.5", "9") for number in (1, 2))))
        assert totals(ours) == (2, 0, 0)
        assert ours.created["stations"] == 1
        assert not FileImport.objects.filter(pk=theirs.pk).exists()
        assert set(ChargingSession.objects.values_list("energy_wh", flat=True)) == {9_000}
        with pytest.raises(FileImport.DoesNotExist):
            imports.run(operator_id=south.pk, import_id=theirs.pk, clock=lambda: NOW)
        assert list(seen.earlier(ours)) == []
    with tenant_scope(north.pk):
        assert set(ChargingSession.objects.values_list("energy_wh", flat=True)) == {7_500}


@pytest.mark.django_db(transaction=True)
def test_a_killed_import_goes_on_where_it_was_and_stores_nothing_twice(north, monkeypatch):
    monkeypatch.setattr(apart, "SIZES", Sizes(chunk=120))
    with tenant_scope(north.pk):
        row = queue(rows(*range(1, 13)))
    insert, calls = staging.insert_sessions, []

    def dies_in_the_third_chunk(*args):
        found = insert(*args)
        calls.append(args[0].height)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(apply, "insert_sessions", dies_in_the_third_chunk)
    with pytest.raises(KeyboardInterrupt):
        imports.run(operator_id=north.pk, import_id=row.pk, clock=lambda: NOW, writers=0)
    monkeypatch.setattr(apply, "insert_sessions", insert)
    with tenant_scope(north.pk):
        row.refresh_from_db()
        assert row.state == FileImport.State.RUNNING
        assert row.accepted == ChargingSession.objects.count() == sum(calls[:2])
        later, kind = row.leased_until, work.kind_named("import")
        assert timezone.now() < later <= timezone.now() + timedelta(minutes=3)
        assert not kind.claimable(later - timedelta(seconds=1)).exists()
        assert kind.claimable(later).exists()
    row = imports.run(operator_id=north.pk, import_id=row.pk, clock=lambda: later)
    assert row.state == FileImport.State.DONE
    assert totals(row) == (12, 0, 0)
    assert row.created == {"sites": 1, "stations": 1, "connectors": 1, "tokens": 1}
    with tenant_scope(north.pk):
        assert ChargingSession.objects.count() == 12


def test_a_running_import_is_left_alone_and_a_finished_one_is_not_run_again(in_north):
    row = queue(rows(1))
    FileImport.objects.filter(pk=row.pk).update(state=FileImport.State.RUNNING, leased_until=NOW + timedelta(seconds=1))
    assert imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW).accepted == 0
    done = bring_in(rows(2))
    assert imports.run(operator_id=done.operator_id, import_id=done.pk, clock=lambda: NOW).accepted == 1
    with pytest.raises(ImportRefused, match="import_started"):
        imports.start(done, PLAIN)


def test_a_file_that_breaks_off_fails_with_a_sentence_and_keeps_what_was_read(in_north, monkeypatch):
    monkeypatch.setattr(apart, "SIZES", Sizes(chunk=50_000))
    text = plain(*(f"{n},A,c,2025-05-01 10:00,2025-05-01 11:00,7" for n in range(4_000))).encode() + b"x,\xff\xfe,c\n"
    row = bring_in(text, PLAIN.saying(encoding="utf-8"))
    assert row.state == FileImport.State.FAILED
    assert (row.error, row.error_facts["encoding"]) == ("file_not_of_encoding", "utf-8")
    assert 0 < row.accepted == ChargingSession.objects.count()


def test_open_questions_stop_an_import_before_it_starts(in_north):
    content = b"session id,station,start,end,kWh\n1,A,06/09/2018 10:00,06/09/2018 11:00,7.1\n"
    row = imports.upload(ContentFile(content), name="a.csv")
    with pytest.raises(UnansweredQuestion):
        imports.start(row)
    row.refresh_from_db()
    assert row.state == FileImport.State.UPLOADED
    preview = imports.preview(io.BytesIO(content), at=NOW)
    answered = preview.layout.saying(date_order="dmy", time_zone="Europe/Stockholm")
    with pytest.raises(ChargingError, match="no_time_zone"):
        imports.start(row, preview.layout.saying(date_order="dmy", time_zone="Europe/Nowhere"))
    imports.start(row, answered)
    assert imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW).accepted == 1


def test_a_preview_tells_what_would_happen_and_does_nothing(in_north):
    bring_in(rows(1))
    preview = imports.preview(stored(rows(1, 2) + "3,B,card-2,2025-05-03 10:00,,1\n"), PLAIN, at=NOW)
    assert (preview.rows, preview.whole) == (3, True)
    assert (preview.accepted, preview.known, preview.rejected, preview.accepted_wh) == (2, 1, 1, 15_000)
    assert preview.reasons == {Reject.OPEN_SESSION: 1}
    assert preview.sessions[0]["external_id"] == "1"
    assert preview.cells[0] == (2, ("1", "A", "card-1", "2025-05-01 10:00", "2025-05-01 11:00", "7.5"))
    assert preview.news == []
    assert ChargingSession.objects.count() == 1


def test_a_preview_of_a_strange_file_shows_its_questions_and_its_rows(in_north):
    preview = imports.preview(stored(TRONDHEIM), at=NOW)
    assert [question.about for question in preview.questions] == ["time_zone"]
    assert preview.questions[0].suggestion == in_north.time_zone
    assert len(preview.cells) == 3
    with pytest.raises(UnreadableFile):
        imports.preview(stored(""), at=NOW)


def test_profiles_are_the_operators_own_and_replace_each_other(north, south):
    with tenant_scope(north.pk):
        first = imports.save_profile("  our   own ", layout=PLAIN)
        again = imports.save_profile("our own", layout=PLAIN.saying(time_zone="Europe/Oslo"))
        assert first == again
        assert imports.profile_named("our own")[0].time_zone == "Europe/Oslo"
        assert imports.profile_named("dundee-2018") == (ready_made()["dundee-2018"].layout, None)
        with pytest.raises(ChargingError):
            imports.save_profile(" ", layout=PLAIN)
    with tenant_scope(south.pk), pytest.raises(ChargingError, match="no_such_profile"):
        imports.profile_named("our own")


def test_an_import_leaves_one_entry_with_its_sums_in_the_audit_log(in_north):
    row = bring_in(rows(1, 2))
    entry = AuditEntry.objects.get(event="sessions.imported")
    said = {"accepted": 2, "accepted_wh": 15_000, "sha256": row.file_sha256}
    assert said.items() <= (entry.additional_data or {}).items()


@pytest.mark.django_db(transaction=True)
def test_writers_on_their_own_connections_store_every_chunk_once(north, monkeypatch):
    monkeypatch.setattr(apart, "SIZES", Sizes(chunk=300))
    with tenant_scope(north.pk):
        row = queue(plain(*(f"{n},A,c,2025-05-01 10:00,2025-05-01 11:00,7" for n in [*range(60), 5])))
    told = []
    row = imports.run(
        operator_id=north.pk, import_id=row.pk, clock=lambda: NOW, progress=lambda row, done: told.append(row.rows_read)
    )
    assert totals(row) == (60, 0, 1)
    assert told[-1] == 61
    with tenant_scope(north.pk):
        assert ChargingSession.objects.count() == 60
        assert sorted(row.committed_chunks) == sorted(set(row.committed_chunks))


@pytest.mark.django_db(transaction=True)
def test_a_chunk_that_another_run_stored_meanwhile_is_not_stored_again(north, monkeypatch):
    with tenant_scope(north.pk):
        row = queue(rows(1, 2))
    insert = staging.insert_sessions

    def overtaken(*args):
        connection.ensure_connection()
        found = insert(*args)
        FileImport.objects.filter(pk=row.pk).update(committed_chunks=[2])
        return found

    monkeypatch.setattr(apply, "insert_sessions", overtaken)
    row = imports.run(operator_id=north.pk, import_id=row.pk, clock=lambda: NOW)
    assert row.accepted == 0
    with tenant_scope(north.pk):
        assert not ChargingSession.objects.exists()


def test_rejected_rows_of_an_operator_stay_theirs(north, south):
    with tenant_scope(north.pk):
        row = bring_in(plain("1,A,c,2025-05-01 10:00,,7"))
    with tenant_scope(south.pk):
        assert not RejectedRow.objects.exists()
    with pytest.raises(FileImport.DoesNotExist):
        list(seen.rejected_file(operator_id=south.pk, import_id=row.pk))


def clock_at(at):
    return lambda: at


def test_a_poisoned_import_is_set_aside_after_its_tries_and_can_be_started_again(north, monkeypatch, caplog):
    def poisoned(*_, **__):
        raise ValueError("A string literal cannot contain NUL: Nils Nilsson")

    monkeypatch.setattr(apply, "insert_sessions", poisoned)
    with tenant_scope(north.pk):
        row = queue(rows(1))
    at, kind = timezone.now(), work.kind_named("import")
    for attempt in range(work.TRIES):
        assert work.do_next(kind, north.pk, clock=clock_at(at))
        assert not work.do_next(kind, north.pk, clock=clock_at(at))
        at += work.FIRST_DELAY * 2**attempt
    assert not work.do_next(kind, north.pk, clock=clock_at(at))
    with tenant_scope(north.pk):
        row.refresh_from_db()
        assert (row.state, row.error, row.error_facts) == ("set_aside", "unexpected", {"error": "ValueError"})
        assert "Nilsson" not in caplog.text
        monkeypatch.undo()
        imports.start(row, PLAIN)
    assert work.do_next(kind, north.pk, clock=clock_at(at))
    with tenant_scope(north.pk):
        row.refresh_from_db()
    assert (row.state, row.accepted) == (FileImport.State.DONE, 1)


def test_two_connectors_with_one_id_stay_two_sessions_in_whatever_order_they_come(in_north):
    first = rows_of_one_id("1", "2")
    assert totals(bring_in(first, WITH_CONNECTOR)) == (2, 0, 0)
    assert totals(bring_in(first, WITH_CONNECTOR)) == (0, 2, 0)
    assert totals(bring_in(rows_of_one_id("2", "1"), WITH_CONNECTOR)) == (0, 2, 0)


def test_an_id_at_another_place_and_time_is_another_session_and_at_another_place_a_change(in_north):
    bring_in(rows_of_one_id("1"), WITH_CONNECTOR)
    assert totals(bring_in(plain("7,B,c,2025-06-01 10:00,2025-06-01 11:00,7"))) == (1, 0, 0)
    changed = bring_in(rows_of_one_id("2"), WITH_CONNECTOR)
    assert totals(changed) == (0, 0, 1)
    assert [reason for reason, *_ in seen.reasons(changed)] == [Reject.CHANGED]


WITH_CONNECTOR = replace(PLAIN, columns={**PLAIN.columns, Field.CONNECTOR: ("connector",)})


def rows_of_one_id(*connectors):
    header = "id,station,card,start,end,kwh,connector\n"
    return header + "".join(f"7,A,c,2025-05-01 10:00,2025-05-01 11:00,7,{number}\n" for number in connectors)


def test_a_connector_of_unknown_power_is_held_to_what_it_usually_gives(in_north):
    bring_in(plain(*(f"{n},A,c,2025-05-{n + 1:02} 10:00,2025-05-{n + 1:02} 11:00,7" for n in range(6))))
    bring_in(plain("x,A,c,2025-06-01 10:00,2025-06-01 11:00,70"))
    assert ChargingSession.objects.get(external_id="x").flags == [Flag.ABOVE_USUAL]
