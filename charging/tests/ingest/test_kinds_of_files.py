"""Kinds of files that were misread: spellings of times, conclusions, identities, contradictions, encodings."""

import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from charging.domain.energy import EnergyUnit
from charging.domain.errors import UnreadableFile, WrongColumns
from charging.domain.identifiers import is_no_card
from charging.domain.limits import Limits
from charging.domain.plausibility import flags, neighbours
from charging.domain.reasons import Flag, Reject
from charging.ingest import apart
from charging.ingest.evidence import Asks, Open
from charging.ingest.headers import fact_of
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.reading import understood
from charging.ingest.times import TimeReader
from charging.tests.ingest.files import PLAIN, plain, read, stored


def fact_in(heading):
    found = fact_of(heading)
    return found and found[0]


TEN_FIFTEEN = datetime(2024, 5, 26, 8, 15, tzinfo=UTC)  # in Stockholm's summer


def understand(text, layout=None):
    return understood(stored(text), layout, home_zone="Europe/Stockholm")


def time_of(text, order="dmy", zone="Europe/Stockholm"):
    return TimeReader(DateOrder(order), zone).read(pl.Series([text])).utc[0]


@pytest.mark.parametrize(
    "text",
    [
        "26.05.2024, 10:15:00", "26.05.2024 kl. 10.15", "26.5.2024 klo 10.15", "26. Mai 2024 10:15 Uhr",
        "26 mai 2024 à 10h15", "26-May-24 10:15", "søn. 26. mai 2024 10:15", "Sunday, May 26, 2024 10:15 AM",
        "domenica 26 maggio 2024 10:15", "26 de mayo de 2024 10:15", "26/05/2024 10:15:00 a. m.", "26.05.24 10:15",
        "26. toukokuuta 2024 klo 10.15", "20240526 10:15", "20240526101500", "202405261015",
        "45438.4270833333", "45438,4270833333", "1716711300", "1716711300000",
        "2024-05-26T10:15:00+02", "2024-05-26 10:15:00 +0200", "2024/05/26 08:15:00+00", "2024-05-26T08:15:00Z[UTC]",
        "2024-05-26T10:15:00[Europe/Stockholm]", "Sun, 26 May 2024 08:15:00 GMT", "20240526T081500Z",
        "Sun May 26 2024 10:15:00 GMT+0200 (Central European Summer Time)", "Sun May 26 08:15:00 UTC 2024",
        "2024-05-26 10:15 CEST",
    ],
)  # fmt: skip
def test_what_names_one_instant_is_read_however_it_is_spelled(text):
    assert time_of(text) == TEN_FIFTEEN


@pytest.mark.parametrize(
    "text", ["2024-07-01 10:00 CET", "2024-01-01 10:00 EST", "2024-02-30 10:15", "2024-05-26", "x"]
)
def test_what_names_two_instants_or_none_is_not(text):
    assert time_of(text) is None


def test_a_short_year_in_front_is_asked_about_and_never_read_among_long_ones():
    rows = "1;A;24-05-26 10:15;24-05-26 11:15;7,5\n"
    reading = understand(f"session id;station;start;end;kWh\n{rows}")
    assert [question.about for question in reading.questions] == [Open.DATE_ORDER, Open.TIME_ZONE]
    assert reading.questions[0].choices == ("dmy", "ymd")
    read_among = TimeReader(DateOrder.YMD, "UTC").read(pl.Series(["2024-05-26 10:15", "26-05-24 10:15"]))
    assert read_among.unreadable.to_list() == [False, True]


UNNAMED = "Vorgang;Ladepunkt;Startzeit;Endzeit;Foo\nL1;LP1;14.03.2026 18:00;14.03.2026 20:00;0,950\n"


def test_nothing_is_concluded_about_a_fact_without_a_column_and_all_is_weighed_again_when_it_has_one():
    first = understand(UNNAMED)
    assert first.layout.decimal_sign is None
    assert [question.fact for question in first.questions] == [Field.ENERGY, None]
    named = Layout(columns={Field.ENERGY: ("Foo",)}, guess_others=True, energy_unit=EnergyUnit.KWH, time_zone="UTC")
    again = understand(UNNAMED, named)
    assert again.questions == []
    assert again.layout.decimal_sign == ","
    assert again.layout.names(Field.STATION) == ("Ladepunkt",)


@pytest.mark.parametrize(
    ("said", "code", "line"),
    [({"date_order": "mdy"}, "order_disproved", 3), ({"decimal_sign": "."}, "sign_disproved", 2)],
)
def test_what_the_file_disproves_is_refused_with_the_row_that_does(said, code, line):
    text = "session id;station;start;end;kWh\n1;A;03.02.2024 10:00;03.02.2024 11:00;7,25\n"
    text += "2;A;13.02.2024 10:00;13.02.2024 11:00;7,25\n"
    with pytest.raises(WrongColumns, match=code) as refused:
        understand(text, Layout(columns={}).saying(**said))
    assert refused.value.facts["line"] == line


def test_energies_with_both_signs_are_asked_about():
    text = "session id;station;start;end;kWh\n1;A;2024-05-26T10:00Z;2024-05-26T11:00Z;7,25\n"
    question = understand(f"{text}2;A;2024-05-26T10:00Z;2024-05-26T11:00Z;7.25\n").questions[0]
    assert (question.about, question.asks) == (Open.DECIMAL_SIGN, Asks.WHICH_OF_BOTH_SIGNS)


def test_a_date_at_midnight_beside_a_clock_is_a_date():
    text = "CP ID,Start Date,Start Time,End Date,End Time,Total kWh\n"
    text += "A,2017-08-31T00:00:00,22:12,2017-08-31T00:00:00,23:11,18.27\n"
    reading = understand(text)
    assert reading.layout.names(Field.STARTED_AT) == ("Start Date", "Start Time")
    sessions, _ = read(text, Layout(columns={}), time_zone="UTC")
    assert next(iter(sessions.values()))["duration_s"] == 59 * 60


def test_one_date_for_two_clocks_reaches_past_midnight():
    sessions, _ = read(
        "Station;Date;Start time;End time;kWh\nA;2024-05-26;22:00;01:30;7,5\n", Layout({}), time_zone="UTC"
    )
    assert next(iter(sessions.values()))["ended_at"] == datetime(2024, 5, 27, 1, 30, tzinfo=UTC)


def test_headings_say_the_zone():
    text = "session id,station,{} (UTC),{} (UTC),kWh\n1,A,2024-05-26 10:00,2024-05-26 11:00,7.5\n"
    assert understand(text.format("Start", "End")).layout.time_zone == "UTC"
    only_one = understand("session id,station,Start (UTC),End,kWh\n1,A,2024-05-26 10:00,2024-05-26 11:00,7.5\n")
    assert only_one.questions[0].suggestion == "UTC"


@pytest.mark.parametrize(
    "heading",
    [
        "Consommation totale (Wh)", "Energia erogata", "Geleverde energie", "Geladene Energie", "Forbrug",
        "Energiforbruk", "Ladattu energia", "Energía suministrada", "Laddad energi",
        "kWh delivered", "energy_session", "Énergie délivrée",
    ],
)  # fmt: skip
def test_energy_in_ten_languages(heading):
    assert fact_in(heading) is Field.ENERGY


@pytest.mark.parametrize(
    ("heading", "fact"),
    [
        ("Port Number", Field.CONNECTOR), ("BeginDate", Field.STARTED_AT), ("Identifierare", Field.TOKEN),
        ("doneChargingTime", Field.CHARGING_ENDED), ("Duree inactivite totale (s)", Field.IDLE_TIME),
        ("Dauer aktiver Stromfluss", Field.CHARGING_TIME), ("Zaehlerstand Anfang [kWh]", Field.METER_START),
        ("cdr_token.uid", Field.TOKEN), ("ID connecteur borne", Field.CONNECTOR), ("Latausasema", Field.STATION),
    ],
)  # fmt: skip
def test_headings_of_exporters(heading, fact):
    assert fact_in(heading) is fact


@pytest.mark.parametrize(
    "heading", ["MAC Address", "Start Time Zone", "Prix total", "Driver Postal Code", "UserFullName"]
)
def test_headings_of_something_else(heading):
    assert fact_of(heading) is None


LENGTHS = "Session;Station;Start;End;Duration;Idle time (s);kWh\n"


def test_idle_time_and_duration():
    rows = [
        "1;A;2024-05-26T10:00:00Z;2024-05-26T12:00:00Z;2:00:00;1800;7,5",
        "2;A;2024-05-26T13:00:00Z;2024-05-26T17:00:00Z;1:00:00;0;7,5",
        "3;A;2024-05-27T10:00:00Z;2024-05-27T12:00:00Z;2:00:10;0;7,5",
    ]
    sessions, _ = read(LENGTHS + "\n".join(rows), Layout({}))
    assert sessions["1"]["charging_ended_at"] == datetime(2024, 5, 26, 11, 30, tzinfo=UTC)
    assert [sessions[one]["duration_mismatch"] for one in "123"] == [False, True, False]


def test_a_length_stands_for_the_end_and_proves_the_order_and_its_own_unit():
    sessions, _ = read("Session;Station;Start;Duration (min);kWh\n1;A;2024-05-26T10:00Z;90;7,5\n", Layout({}))
    assert sessions["1"]["ended_at"] == datetime(2024, 5, 26, 11, 30, tzinfo=UTC)
    text = "Session;Station;Start;Ende;Dauer;kWh\n1;A;03.02.2025 18:05;04.02.2025 06:12;12:07;7,5\n"
    assert understand(text).layout.date_order is DateOrder.DMY
    bare = "Session;Station;Start;End;Duration;kWh\n1;A;2024-05-26T10:00Z;2024-05-26T11:30Z;1,5;7,5\n"
    assert understand(bare).layout.duration_unit == "h"


def test_the_meter_is_held_against_the_energy_as_far_as_both_are_written():
    text = "Session;Station;Start;End;Energy (kWh);Meter start (kWh);Meter stop (Wh)\n"
    times = "A;2024-05-26T10:00Z;2024-05-26T11:30Z"
    text += f"1;{times};3,84;63,1;66900\n2;{times};13,283;52,560;60903\n"
    sessions, _ = read(text, Layout({}))
    assert [sessions[one]["meter_mismatch"] for one in "12"] == [False, True]


def test_units_and_swiss_thousands_beside_the_number():
    text = "Session;Station;Start;End;Energy (Wh)\n"
    for number, written in enumerate(["9\u2019450", "12'800.5", "9.5 kWh", "1 200"]):
        text += f"{number};A;2024-05-26T10:00Z;2024-05-26T12:30Z;{written}\n"
    sessions, _ = read(text, Layout({}))
    assert [session["energy_wh"] for session in sessions.values()] == [9_450, 12_801, 9_500, 1_200]


def test_one_id_at_two_places_is_two_sessions_and_at_one_place_and_start_a_duplicate():
    sessions, refused = read(
        plain(
            "7,A,c,2025-05-01 10:00,2025-05-01 11:00,7",
            "7,B,c,2025-05-01 10:00,2025-05-01 12:00,8",
            "7,b,c,2025-05-01 10:00,2025-05-01 13:00,9",
        ),
        PLAIN,
    )
    assert [session["given_id"] for session in sessions.values()] == ["7", "7"]
    assert list(sessions)[1].startswith("7#")
    assert {line: row.reasons for line, row in refused.items()} == {4: (Reject.DUPLICATE_IN_FILE,)}


def test_a_missing_id_is_made_of_the_facts_of_its_row_alone():
    row = "A,c,2025-05-01 10:00,2025-05-01 11:00,7"
    sessions, refused = read(plain(f"1,{row}", "N/A,B,c,2025-05-01 10:00,2025-05-01 11:00,7"), PLAIN)
    assert refused == {}
    assert next(iter(sessions)) == "1"
    assert len(list(sessions)[1]) == 32


def test_an_id_that_repeats_stays_the_id():
    rows = "".join(f"Z{n % 3};A;2024-05-{n + 1:02}T10:00Z;2024-05-{n + 1:02}T11:00Z;7,5\n" for n in range(9))
    assert understand(f"Session ID;Station;Start;End;kWh\n{rows}").layout.names(Field.EXTERNAL_ID) == ("Session ID",)


def test_placeholders_are_no_cards():
    words = ["unknown", "Sconosciuto", "0", "-", "NULL", "Okänd", "0000", "kein", "n.v.t."]
    assert is_no_card(pl.Series(words)).all()
    assert not is_no_card(pl.Series(["04A2", "100", "Anna", "SE-ABC-C1234567-8"])).any()


def test_what_is_read_as_nothing_is_told_by_column_and_line():
    rows = ["1;A;2024-05-26T10:00Z;2024-05-26T11:00Z;7,5;unknown", "2;A;2024-05-27T10:00Z;2024-05-27T11:00Z;7,5;04A2"]
    rows += ["3;A;2024-05-28T10:00Z;2024-05-28T11:00Z;7,5;", "n/a;A;2024-05-29T10:00Z;2024-05-29T11:00Z;7,5;unknown"]
    rows += ["5;A;2024-05-30T10:00Z;saknas;7,5;04A2"]
    file = io.BytesIO("\n".join(["Session ID;Station;Start;End;kWh;RFID", *rows]).encode())
    looked = apart.look(file, None, home_zone="Europe/Stockholm", at=datetime(2026, 11, 2, tzinfo=UTC))
    assert [(one.fact, one.column, one.text, one.rows, one.line) for one in looked.placeholders] == [
        ("token", "RFID", "unknown", 2, 2),
        ("external_id", "Session ID", "n/a", 1, 5),
        ("ended_at", "End", "saknas", 1, 6),
    ]


def test_the_guard_against_formulas_is_taken_off():
    sessions, _ = read(
        plain("1,A,'=A1,2025-05-01 10:00,2025-05-01 11:00,7", "2,A,'-,2025-05-02 10:00,2025-05-02 11:00,7"), PLAIN
    )
    assert [session["token"] for session in sessions.values()] == ["=A1", None]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp437", "cp1252", "utf-8"])
@pytest.mark.parametrize("name", ["Björkängen", "Ålmö", "MÜNCHEN Süd", "Café Élan", "Blåbär Å"])
def test_old_encodings_are_recognised_by_the_words_they_make(encoding, name):
    try:
        text = stored(f"session id;station;start;end;kWh\n1;{name};2024-05-26T10:00Z;2024-05-26T11:00Z;7,5\n", encoding)
    except UnicodeEncodeError:
        return
    sessions, _ = read(text, Layout({}))
    assert sessions["1"]["station"] == name


@pytest.mark.parametrize("encoding", ["mac_roman"])
def test_words_that_two_old_encodings_make_alike_are_no_names(encoding):
    text = stored("session id;station;start;end;kWh\n1;Århus;2024-05-26T10:00Z;2024-05-26T11:00Z;7,5\n", encoding)
    _, refused = read(text, Layout({}))
    assert refused[2].reasons == (Reject.CONTROL_CHARACTER,)


def test_a_document_with_one_list_of_sessions_is_read():
    items = [
        {
            "id": n,
            "station": {"id": "A"},
            "start": "2024-05-26T10:00Z",
            "end": "2024-05-26T11:00Z",
            "energy": {"kWh": 7.5},
        }
        for n in range(3)
    ]
    document = {"meta": {"end": None}, "page": {"items": items}}
    reading = understood(io.BytesIO(json.dumps(document, indent=2).encode()), Layout({}), home_zone="UTC")
    assert reading.source.kind == "json"
    assert reading.layout.names(Field.STATION) == ("station.id",)
    assert reading.sample.frame.height == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"a": {"b": 1},\n"c": 2}', "json_without_list"),
        (b'{"a": [{"x": 1}],\n"b": [{"y": 2}]}', "json_with_lists"),
        (b"%PDF-1.7 ...", "file_of_another_kind"),
        (b"<html><table>", "file_of_another_kind"),
    ],
)
def test_what_is_no_list_of_sessions_is_named_for_what_it_is(content, code):
    with pytest.raises(UnreadableFile, match=code):
        understood(io.BytesIO(content), home_zone="UTC")


def test_rows_of_delimiters_are_blank_in_every_kind_of_file():
    _, refused = read(plain("1,A,c,2025-05-01 10:00,2025-05-01 11:00,7", ",,,,,", " , ,,,,"), PLAIN)
    assert refused == {}


def on_one_connector(*sessions, usual_w=None):
    start = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    frame = pl.DataFrame(
        [
            {"connector_id": 1, "minute": minute, "duration_s": minutes * 60, "energy_wh": wh, "usual_w": usual_w}
            for minute, minutes, wh in sessions
        ],
        schema_overrides={"usual_w": pl.Float64},
    )
    began = pl.lit(start) + pl.duration(minutes="minute")
    return frame.with_columns(
        started_at=began,
        ended_at=began + pl.duration(seconds="duration_s"),
        max_power_w=pl.lit(None, dtype=pl.Int64),
        series_total_wh=pl.lit(None, dtype=pl.Int64),
    )


def found_by(frame):
    return {flag: mask.to_list() for flag, mask in neighbours(frame, limits=Limits())}


def test_energies_that_go_on_after_a_restart_are_flagged_and_equal_sessions_are_not():
    summed = on_one_connector((0, 375, 26_900), (376, 9, 26_920), (386, 4, 26_930), (391, 4, 26_940))
    assert found_by(summed)[Flag.REPEATED_ENERGY] == [False, True, True, True]
    equal = on_one_connector((0, 60, 7_000), (61, 60, 7_010), (122, 60, 7_020))
    assert not any(found_by(equal)[Flag.REPEATED_ENERGY])


def test_a_register_that_is_told_each_night_instead_of_what_came_is_flagged_by_what_no_car_holds():
    """Ten hours each, so that the power is an ordinary one; energies that only happen to grow are let be."""
    nights = [(night * 1_440, 600) for night in range(12)]
    register = on_one_connector(*[(*night, 70_000 + 9_000 * n) for n, night in enumerate(nights)])
    assert found_by(register)[Flag.REPEATED_ENERGY] == [False] * 2 + [True] * 10
    growing = on_one_connector(*[(*night, 20_000 + 3_000 * n) for n, night in enumerate(nights)])
    assert not any(found_by(growing)[Flag.REPEATED_ENERGY])


def test_a_box_that_suddenly_gives_ten_times_as_much_is_flagged():
    known = on_one_connector((0, 60, 70_000), usual_w=7_000.0)
    assert found_by(known)[Flag.ABOVE_USUAL] == [True]
    alone = on_one_connector(*[(day * 1_440, 60, 7_000) for day in range(6)], (10_000, 60, 70_000))
    assert found_by(alone)[Flag.ABOVE_USUAL] == [False] * 6 + [True]


def test_999_kwh_in_two_hours_wait_for_a_decision_also_at_a_new_box():
    found = [flag for flag, mask in flags(on_one_connector((0, 120, 999_000)), limits=Limits()) if mask[0]]
    assert found == [Flag.ABOVE_POWER]
