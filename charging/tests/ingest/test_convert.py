"""Rows of text into sessions, each impossible row with its own reason."""

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.domain.reasons import Reject
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.profiles import ready_made
from charging.tests.ingest.files import DUNDEE, PLAIN, TRONDHEIM, plain, read, stored


def reasons(row, **said):
    sessions, refused = read(plain(row), PLAIN, **said)
    assert sessions == {}
    return refused[2].reasons


def test_a_dundee_file_by_its_profile():
    sessions, refused = read(DUNDEE, ready_made()["dundee-2018"].layout)
    assert list(sessions) == ["9001", "9002"]
    first = sessions["9001"]
    assert first["started_at"] == datetime(2018, 9, 6, 20, 17, tzinfo=UTC)
    assert first["ended_at"] == datetime(2018, 9, 7, 7, 13, tzinfo=UTC)
    assert (first["energy_wh"], first["power_w"], first["site"], first["token"]) == (
        11_900, 7_000, "Brington Place, Dundee", "604773H"
    )  # fmt: skip
    assert refused[4].reasons == (Reject.NEGATIVE_ENERGY,)
    assert refused[5].reasons == (Reject.OPEN_SESSION, Reject.MISSING_ENERGY)
    assert refused[6].reasons == (Reject.ABSURD_ENERGY,)
    assert refused[6].energy_wh == 1_430_170
    assert refused[6].cells[0] == "9005"


def test_a_trondheim_file_by_its_profile():
    sessions, refused = read(TRONDHEIM, ready_made()["trondheim-2018"].layout)
    assert sessions["1"]["station"] == "AdO3-4"
    assert sessions["2"]["station"] == "Shared-7"
    assert sessions["2"]["energy_wh"] == 20_140
    assert sessions["2"]["started_at"] == datetime(2020, 1, 31, 19, 42, tzinfo=UTC)
    assert refused[4].reasons == (Reject.OPEN_SESSION,)
    assert refused[4].energy_wh == 4_200


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("9.00110E+17,A,c,2025-05-01 10:00,2025-05-01 11:00,7", Reject.DAMAGED_IDENTIFIER),
        ("1,A,9.00110E+17,2025-05-01 10:00,2025-05-01 11:00,7", Reject.DAMAGED_IDENTIFIER),
        ("1,A,900110000000123000,2025-05-01 10:00,2025-05-01 11:00,7", Reject.DAMAGED_IDENTIFIER),
        (f"{'x' * 101},A,c,2025-05-01 10:00,2025-05-01 11:00,7", Reject.ID_TOO_LONG),
        ("1,,c,2025-05-01 10:00,2025-05-01 11:00,7", Reject.MISSING_STATION),
        (f"1,A,{'c' * 65},2025-05-01 10:00,2025-05-01 11:00,7", Reject.NAME_TOO_LONG),
        ("1,A,c,,2025-05-01 11:00,7", Reject.MISSING_START),
        ("1,A,c,2025-05-01,2025-05-01 11:00,7", Reject.UNREADABLE_START),
        ("1,A,c,2025-02-30 10:00,2025-05-01 11:00,7", Reject.UNREADABLE_START),
        ("1,A,c,2025-05-01 10:00,soon,7", Reject.UNREADABLE_END),
        ("1,A,c,2025-03-30 02:30,2025-03-30 04:00,7", Reject.IMPOSSIBLE_LOCAL_TIME),
        ("1,A,c,2025-10-26 01:00,2025-10-26 02:30,7", Reject.REPEATED_LOCAL_TIME),
        ("1,A,c,1970-01-01 00:00,1970-01-01 01:00,7", Reject.CLOCK_NOT_SET),
        ("1,A,c,0,3600,7", Reject.CLOCK_NOT_SET),
        ("1,A,c,2030-05-01 10:00,2030-05-01 11:00,7", Reject.FUTURE_DATE),
        ("1,A,c,2025-05-01 10:00,NA,7", Reject.OPEN_SESSION),
        ("1,A,c,2025-05-01 10:00,2025-05-01 09:00,7", Reject.END_BEFORE_START),
        ("1,A,c,2025-05-01 10:00,2025-05-01 11:00,", Reject.MISSING_ENERGY),
        ("1,A,c,2025-05-01 10:00,2025-05-01 11:00,1.5.2", Reject.UNREADABLE_ENERGY),
        ("1,A,c,2025-05-01 10:00,2025-05-01 11:00,-1", Reject.NEGATIVE_ENERGY),
        ("1,A,c,2025-05-01 10:00,2025-05-05 11:00,20950.5", Reject.ABSURD_ENERGY),
        ("1,A,c,2025-05-01 10:00,2025-05-01 10:10,500", Reject.IMPOSSIBLE_POWER),
    ],
)
def test_each_thing_that_can_be_wrong_has_its_own_reason(row, reason):
    assert reasons(row) == (reason,)


def test_a_row_is_told_everything_that_is_wrong_with_it():
    assert reasons("1,,c,2025-05-01 10:00,,x") == (
        Reject.MISSING_STATION, Reject.OPEN_SESSION, Reject.UNREADABLE_ENERGY
    )  # fmt: skip


def test_the_second_of_two_rows_with_one_id_is_refused_but_a_bad_first_one_does_not_count():
    sessions, refused = read(
        plain(
            "1,A,c,2025-05-01 10:00,2025-05-01 11:00,-7",
            "1,A,c,2025-05-01 10:00,2025-05-01 11:00,7",
            "1,A,c,2025-05-01 10:00,2025-05-01 11:00,8",
        ),
        PLAIN,
    )
    assert sessions["1"]["energy_wh"] == 7_000
    assert {line: row.reasons for line, row in refused.items()} == {
        2: (Reject.NEGATIVE_ENERGY,),
        4: (Reject.DUPLICATE_IN_FILE,),
    }


def test_a_repeated_local_time_is_accepted_when_somebody_says_which():
    sessions, _ = read(plain("1,A,c,2025-10-26 01:00,2025-10-26 02:30,7"), PLAIN, fold="second")
    assert sessions["1"]["ended_at"] == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "order", "instant"),
    [
        ("01/05/2025 10:00", "dmy", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
        ("05/01/2025 10:00", "mdy", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
        ("1.5.2025 10:00:30", "dmy", datetime(2025, 5, 1, 8, 0, 30, tzinfo=UTC)),
        ("01-05-25 10:00", "dmy", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
        ("01/05/2025 02:15 PM", "dmy", datetime(2025, 5, 1, 12, 15, tzinfo=UTC)),
        ("1 May 2025 10:00", "dmy", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
        ("2025-05-01T10:00", "dmy", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
        ("2025-05-01T10:00:00+05:00", "ymd", datetime(2025, 5, 1, 5, 0, tzinfo=UTC)),
        ("2025-05-01T10:00:00Z", "ymd", datetime(2025, 5, 1, 10, 0, tzinfo=UTC)),
        ("1746086400", "ymd", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
        ("1746086400000", "ymd", datetime(2025, 5, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_times_in_every_form(text, order, instant):
    sessions, _ = read(plain(f"1,A,c,{text},2025-05-02 10:00,7"), PLAIN, date_order=DateOrder(order))
    assert sessions["1"]["started_at"] == instant


def test_many_forms_in_one_column_do_not_disturb_each_other():
    rows = [
        "1,A,c,2025-05-01 10:00,2025-05-01 11:00,7",
        "2,A,c,2025-05-01T10:00:00Z,2025-05-01 13:00:00,7",
        "3,A,c,garbage,2025-05-01 11:00,7",
        "4,A,c,1746086400,2025-05-01 11:00,7",
    ]
    sessions, refused = read(plain(*rows), PLAIN)
    assert list(sessions) == ["1", "2", "4"]
    assert refused[4].reasons == (Reject.UNREADABLE_START,)


def test_energy_from_two_registers():
    layout = Layout.from_json(
        PLAIN.to_json()
        | {
            "columns": {
                "external_id": "id", "station": "station", "started_at": "start", "ended_at": "end",
                "meter_start": "from", "meter_stop": "upto",
            }
        }
    )  # fmt: skip
    text = "id,station,start,end,from,upto\n1,A,2025-05-01 10:00,2025-05-01 11:00,100.5,107.25\n"
    text += "2,A,2025-05-01 10:00,2025-05-01 11:00,107,0\n"
    sessions, refused = read(text, layout)
    assert (sessions["1"]["energy_wh"], sessions["1"]["meter_start_wh"]) == (6_750, 100_500)
    assert refused[3].reasons == (Reject.NEGATIVE_ENERGY,)


def test_a_file_without_ids_gets_the_same_ones_every_time():
    columns = {fact: names for fact, names in PLAIN.columns.items() if fact is not Field.EXTERNAL_ID}
    layout = Layout.from_json(
        PLAIN.to_json() | {"columns": {str(fact): list(names) for fact, names in columns.items()}}
    )
    row = "2025-05-01 10:00,2025-05-01 11:00,7"
    text = f"station,card,start,end,kwh\nA,c,{row}\nB,c,{row}\nA,c,{row}\n"
    sessions, refused = read(text, layout)
    again, _ = read(text, layout)
    assert len(sessions) == 2
    assert list(sessions) == list(again)
    assert refused[4].reasons == (Reject.DUPLICATE_IN_FILE,)


STANDARD = ready_made()["wattledger"].layout


def standard(**facts):
    row = {
        "session_id": "1", "site": "S", "station": "A", "connector": "1", "token": "c",
        "started_at": "2025-05-01T08:00:00Z", "ended_at": "2025-05-01T09:00:00Z", "energy_wh": 6,
        "series_interval_s": 1200, "series_wh": [1, 2, 3],
    }  # fmt: skip
    return json.dumps(row | facts) + "\n"


def test_our_own_format_carries_a_series():
    sessions, refused = read(standard(), STANDARD)
    assert refused == {}
    assert sessions["1"]["series_wh"] == [1, 2, 3]
    assert sessions["1"]["series_start"] == sessions["1"]["started_at"]
    assert sessions["1"]["series_interval_s"] == 1200


def test_a_series_gives_the_energy_when_the_file_does_not():
    sessions, _ = read(standard(energy_wh=None), STANDARD)
    assert sessions["1"]["energy_wh"] == 6


def test_a_series_may_stand_in_a_cell():
    text = "session_id,station,started_at,ended_at,energy_wh,series_interval_s,series_wh\n"
    text += "1,A,2025-05-01T08:00:00Z,2025-05-01T09:00:00Z,6,1200,1 2 3\n"
    text += "2,A,2025-05-01T08:00:00Z,2025-05-01T09:00:00Z,6,,\n"
    sessions, refused = read(text, STANDARD)
    assert refused == {}
    assert sessions["1"]["series_wh"] == [1, 2, 3]
    assert sessions["2"]["series_wh"] is None


@pytest.mark.parametrize(
    "facts",
    [
        {"series_wh": [1, -2, 7]},
        {"series_wh": [1, "x", 5]},
        {"series_interval_s": 0},
        {"series_interval_s": None},
        {"series_interval_s": 7200},
        {"series_start": "2025-04-01T08:00:00Z"},
        {"series_wh": [1] * 20_000, "series_interval_s": 1},
    ],
)
def test_a_series_that_cannot_be_right_is_refused(facts):
    sessions, refused = read(standard(**facts), STANDARD)
    assert sessions == {}
    assert refused[1].reasons == (Reject.UNREADABLE_SERIES,)


def readings(*register):
    layout = STANDARD.to_json()
    layout["columns"] = {name: value for name, value in layout["columns"].items() if not name.startswith("series")}
    layout["columns"]["readings"] = ["readings"]
    return standard(readings=list(register), energy_wh=None), Layout.from_json(layout)


def test_readings_of_a_register_become_a_series():
    text, layout = readings(["2025-05-01T08:00:00Z", 100], ["2025-05-01T08:30:00Z", 160], [1746090000, 200])
    sessions, _ = read(text, layout)
    assert (sessions["1"]["series_wh"], sessions["1"]["series_interval_s"]) == ([60, 40], 1800)
    assert sessions["1"]["energy_wh"] == 100


def test_readings_that_run_backwards_are_refused():
    text, layout = readings(["2025-05-01T08:00:00Z", 100], ["2025-05-01T08:30:00Z", 60])
    _, refused = read(text, layout)
    assert refused[1].reasons == (Reject.UNREADABLE_SERIES,)


def test_the_fast_way_and_the_row_by_row_way_agree():
    rows = [
        f"{n},A{n},c,2025-05-{n % 28 + 1:02} 10:00,2025-05-{n % 28 + 1:02} 11:{n % 60:02},{n}.{n:03}" for n in range(60)
    ]
    quoted = [row.replace(f",A{row.split(',')[0]},", f',"A{row.split(",")[0]}",') for row in rows]
    assert read(plain(*rows), PLAIN) == read(plain(*quoted), PLAIN)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=12), max_size=8), max_size=8))
def test_no_row_of_any_nonsense_is_lost(rows):
    text = plain("ok,A,c,2025-05-01 10:00,2025-05-01 11:00,7", *(",".join(cells) for cells in rows))
    sessions, _ = read(io.BytesIO(stored(text).read()), PLAIN.saying(encoding="utf-8", delimiter=","))
    assert "ok" in sessions
