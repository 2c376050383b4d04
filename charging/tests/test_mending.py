"""Rejected rows corrected by a person: taken in like the rest of their file, one or many at once."""

from datetime import UTC, datetime
from importlib import import_module

import orjson
import polars as pl
import pytest
from django.core.files.base import ContentFile
from django.db import connection

from charging.domain.errors import ImportRefused
from charging.domain.reasons import Flag, Reject
from charging.ingest.network import Network, Thing
from charging.models import ChargingSession, Connector, Correction, FileImport, ImportLook, RejectedRow, Station, Token
from charging.selectors import numbers
from charging.services import imports, mending
from charging.tests.ingest.files import PLAIN, plain
from tenants.crypto import Unreadable
from tenants.models import AuditEntry
from tenants.rls import APP
from tenants.scoping import memory

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
GOOD = "1,A,c1,2026-10-05 10:00,2026-10-05 11:00,5.5"


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path, in_north):
    settings.MEDIA_ROOT = tmp_path


def bring_in(*rows, creates=frozenset(Thing)):
    row = imports.upload(ContentFile(plain(*rows).encode()), name="sessions.csv")
    row = imports.start(row, PLAIN, options=imports.Options(creates))
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


def mend(origin, line, *, everywhere=False, adds=False, **cells):
    row = RejectedRow.objects.get(file_import=origin, line_number=line)
    names = origin.options["header"]
    text = [cells.get(name, said) for name, said in zip(names, row.text, strict=True)]
    done = mending.mend(row, text, everywhere=everywhere, adds=adds, by=None, at=NOW)
    origin.refresh_from_db()
    row.refresh_from_db()
    return row, done


def counts(origin):
    return origin.rows_read, origin.accepted, origin.known, origin.rejected, origin.accepted_wh, origin.rejected_wh


def test_a_corrected_row_goes_in_and_both_its_texts_are_kept():
    origin = bring_in(GOOD, "2,A,c2,2026-10-06 10:00,2026-10-06 09:00,6.5")
    assert counts(origin) == (2, 1, 0, 1, 5500, 6500)
    row, done = mend(origin, 3, end="2026-10-06 11:00")
    assert (done.accepted, done.known, done.refused) == (1, 0, 0)
    assert counts(origin) == (2, 2, 0, 0, 12000, 0)
    assert (row.settled, row.settled_at) == ("mended", NOW)
    assert (row.cells[4], row.mended[4]) == ("2026-10-06 09:00", "2026-10-06 11:00")
    session = ChargingSession.objects.get(external_id="2")
    assert (session.file_import_id, session.energy_wh, session.ended_at) == (
        origin.pk,
        6500,
        datetime(2026, 10, 6, 9, tzinfo=UTC),
    )
    said = AuditEntry.objects.get(event="import.rows_mended").additional_data
    assert said == {
        "rows": 1, "lines": [3], "columns": ["end"], "accepted": 1, "known": 0, "rejected": 0,
    }  # fmt: skip


def test_a_row_that_is_still_wrong_keeps_what_was_written_and_says_why():
    origin = bring_in("2,A,c2,2026-10-06 10:00,2026-10-06 09:00,6.5")
    row, done = mend(origin, 2, end="soon")
    assert (done.accepted, done.refused, row.settled) == (0, 1, "")
    assert (row.reasons, row.text[4], row.cells[4]) == (["unreadable_end"], "soon", "2026-10-06 09:00")
    assert counts(origin) == (1, 0, 0, 1, 0, 6500)


def test_one_unknown_name_is_mended_in_all_rows_that_say_it():
    bring_in(GOOD)
    rows = [f"{number},B,c1,2026-10-{number:02} 10:00,2026-10-{number:02} 11:00,{number}" for number in range(10, 15)]
    other = "99,C,c1,2026-10-20 10:00,2026-10-20 11:00,1"
    late = "98,B,c1,2026-10-21 10:00,2026-10-21 09:00,1"
    origin = bring_in(*rows, other, late, creates=frozenset())
    assert set(RejectedRow.objects.values_list("reason", flat=True)) == {"unknown_station", "end_before_start"}
    _, done = mend(origin, 4, everywhere=True, station="A")
    assert (done.accepted, done.refused) == (5, 1)
    assert counts(origin)[1:4] == (5, 0, 2)
    assert ChargingSession.objects.filter(station__identifier="A").count() == 6
    left = {row.line_number: (row.reason, row.text[1]) for row in RejectedRow.objects.filter(settled="")}
    assert left == {7: ("unknown_station", "C"), 8: ("end_before_start", "A")}


def test_what_a_row_says_lies_sealed_and_opens_in_no_other_import():
    row = "9,CANARY,c9,2026-10-09 10:00,2026-10-09 11:00,3"
    first, second = (bring_in(row, creates=frozenset()) for _ in range(2))
    with connection.cursor() as cursor:
        cursor.execute("SELECT cells, marks, file_import_id FROM charging_rejectedrow ORDER BY id")
        (cells, marks, _), (_, others, other) = cursor.fetchall()
        assert b"CANARY" not in bytes(cells)
        assert not set(marks) & set(others), "two imports are not compared"
        cursor.execute("UPDATE charging_rejectedrow SET cells = %s WHERE file_import_id = %s", [cells, other])
    memory().clear()
    assert RejectedRow.objects.get(file_import=first).cells[1] == "CANARY"
    with pytest.raises(Unreadable):
        _ = RejectedRow.objects.get(file_import=second).cells


def as_json(said):
    return orjson.dumps(said).decode()


def test_rows_that_lay_in_clear_are_sealed_as_they_were(monkeypatch):
    origin = bring_in(*(f"{number},B,c1,2026-10-09 10:00,2026-10-09 11:00,3" for number in (7, 8)), creates=frozenset())
    first, second = RejectedRow.objects.order_by("pk")
    said, look = first.cells, ImportLook.objects.create(file_import=origin)
    sealing = import_module("charging.migrations.0022_rows_are_sealed")
    monkeypatch.setattr(sealing, "BATCH", 1)
    clear = {"charging_rejectedrow": ("was_cells", "was_mended", "was_facts"), "charging_importlook": ("was_found",)}
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        for table, names in clear.items():
            cursor.execute(f"ALTER TABLE {table} {', '.join(f'ADD {name} jsonb' for name in names)}")
        cursor.execute("UPDATE charging_rejectedrow SET was_cells = %s, cells = '', marks = '{}'", [as_json(said)])
        mended = "UPDATE charging_rejectedrow SET was_mended = %s, was_facts = 'null'::jsonb WHERE id = %s"
        cursor.execute(mended, [as_json(["7", "Z", *said[2:]]), second.pk])
        cursor.execute("UPDATE charging_importlook SET was_found = %s", [as_json({"rows": [["B"]]})])
        sealing.seal()
        for table, names in clear.items():
            cursor.execute(f"ALTER TABLE {table} {', '.join(f'DROP {name}' for name in names)}")
        cursor.execute(f"SET ROLE {APP}")
    memory().clear()
    first, second = RejectedRow.objects.order_by("pk")
    assert (first.cells, first.mended, first.facts) == (said, None, None)
    assert (second.text[1], second.facts) == ("Z", None)
    assert list(mending.saying(origin, {1: "B"})) == [first]
    assert list(mending.saying(origin, {1: "Z", 0: "7"})) == [second]
    assert ImportLook.objects.get(pk=look.pk).found == {"rows": [["B"]]}


def test_what_the_row_names_is_added_where_that_was_said():
    bring_in(GOOD)
    origin = bring_in("9,B,c9,2026-10-09 10:00,2026-10-09 11:00,3", creates=frozenset())
    _, done = mend(origin, 2)
    assert (done.accepted, done.refused, Station.objects.count()) == (0, 1, 1)
    _, done = mend(origin, 2, adds=True)
    assert (done.accepted, Station.objects.get(identifier="B").file_import_id) == (1, origin.pk)
    assert origin.created["stations"] == 1


def test_a_mended_row_is_held_against_its_neighbours_and_against_what_is_known():
    bring_in(GOOD)
    origin = bring_in(
        "2,A,c1,2026-10-05 10:30,2026-10-05 10:00,5",
        "x,A,c1,2026-10-05 10:00,,5.5",
        "1,A,c1,2026-10-05 10:00,,7",
    )
    mend(origin, 2, end="2026-10-05 11:30")
    session = ChargingSession.objects.get(external_id="2")
    assert (session.flags, session.review, origin.flagged) == ([Flag.OVERLAP], "pending", 1)
    row, done = mend(origin, 3, id="1", end="2026-10-05 11:00")
    assert (done.known, row.settled, origin.known) == (1, "mended", 1)
    row, done = mend(origin, 4, end="2026-10-05 11:00")
    assert (done.refused, row.reason, row.can_be_mended) == (1, Reject.CHANGED, False)
    assert row.facts["energy_wh"] == 7000
    assert Correction.objects.get().said["energy_wh"] == 7000


@pytest.mark.parametrize("day", [5, 6])
def test_mending_a_row_leaves_the_sessions_of_its_file_as_they_are(day):
    """They may have been billed since: it is the mended row that overlaps them, and what others have told since."""
    origin = bring_in(
        "1,A,c1,2026-10-05 10:30,2026-10-05 11:30,5.5", f"2,A,c1,2026-10-{day:02} 10:00,2026-10-{day:02} 09:00,6"
    )
    billed = ChargingSession.objects.get()
    facts = {name: getattr(billed, name) for name in ("site", "station", "token", "driver", "started_at", "ended_at")}
    outlet = Connector.objects.create(station=billed.station, number="2")
    ChargingSession.objects.create(
        **facts, connector=outlet, source="ocpp", external_id="77", energy_wh=5500, state="COMPLETED"
    )
    mend(origin, 3, end=f"2026-10-{day:02} 11:00")
    billed.refresh_from_db()
    assert (billed.flags, billed.review) == ([], "")
    mended = ChargingSession.objects.get(external_id="2")
    assert mended.flags == ([Flag.OVERLAP] if day == 5 else [])


def test_only_the_cards_that_the_rows_may_mean_are_read():
    bring_in(GOOD, "2,A,04:ab-CD:ef,2026-10-05 12:00,2026-10-05 13:00,5.5")
    for number in range(50):
        Token.objects.create(uid=f"CARD{number}")
    Token.objects.create(uid="0F0F", visual_number="SE 12-34")
    Token.objects.create(uid="OLD1", merged_into=Token.objects.get(numbers.of_uid("c1")))
    network = Network()
    for texts, found in (
        (["c1"], ["c1"]),
        (["04abcdef", " C 1"], ["04:ab-CD:ef", "c1"]),
        (["se 12-34"], ["0F0F"]),
        (["old1"], ["c1"]),
        (["nobody's"], [None]),
    ):
        network.load(only=pl.Series(texts))
        rows = {"station": "A", "connector": "1", "token": texts, "started_at": NOW}
        few = network.placed(pl.DataFrame(rows))["token_id"].to_list()
        network.load()
        assert few == network.placed(pl.DataFrame(rows))["token_id"].to_list()
        uids = {card.pk: card.uid for card in Token.objects.all()}
        assert [uids.get(pk) for pk in few] == found
    for text in ("c1", "C 1", "se12 -34", "04AB:cdef", "nobody's", "ö1"):
        network.load(only=pl.Series([text]))
        assert network._tokens.height == {"nobody's": 0, "ö1": 0}.get(text, 1), text


def test_rows_are_left_out_by_decision_and_can_be_mended_later():
    origin = bring_in(GOOD, "2,A,c2,2026-10-06 10:00,,6.5", "3,A,c2,2026-10-07 10:00,,6.5")
    rows = RejectedRow.objects.filter(file_import=origin, reason="open_session")
    assert mending.leave_out(origin, rows, by=None, at=NOW) == 2
    assert mending.leave_out(origin, rows, by=None, at=NOW) == 0
    assert AuditEntry.objects.get(event="import.rows_left_out").additional_data == {"rows": 2, "lines": [3, 4]}
    row, done = mend(origin, 4, end="2026-10-07 11:00")
    assert (done.accepted, row.settled) == (1, "mended")
    assert list(rows.order_by("line_number").values_list("settled", flat=True)) == ["left", "mended"]


def test_nobody_mends_a_row_twice_nor_one_of_an_import_that_was_undone():
    origin = bring_in("2,A,c2,2026-10-06 10:00,,6.5", "3,A,c2,2026-10-07 10:00,,6.5")
    mend(origin, 2, end="2026-10-06 11:00")
    with pytest.raises(ImportRefused):
        mend(origin, 2, end="2026-10-06 12:00")
    FileImport.objects.filter(pk=origin.pk).update(state="undone")
    with pytest.raises(ImportRefused):
        mend(origin, 3, end="2026-10-07 11:00")
