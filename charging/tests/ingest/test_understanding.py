"""What a file proves about itself, and what must be asked."""

import pytest

from charging.domain.errors import UnansweredQuestion, WrongColumns
from charging.ingest.evidence import Open
from charging.ingest.headers import fact_of
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.profiles import ready_made
from charging.ingest.reading import understood
from charging.tests.ingest.files import DUNDEE, PLAIN, TRONDHEIM, stored

HEADER = "session id,station,start,end,kWh\n"


def understand(text, layout=None):
    return understood(stored(text), layout, home_zone="Europe/Stockholm")


def asked(text, layout=None):
    return [question.about for question in understand(text, layout).questions]


def test_a_file_where_no_day_is_above_twelve_is_asked_about_never_guessed():
    text = HEADER + "1,A,06/09/2018 10:00,06/09/2018 11:00,7.1\n2,A,07/09/2018 10:00,07/09/2018 11:00,7.1\n"
    reading = understand(text)
    assert [question.about for question in reading.questions] == [Open.DATE_ORDER, Open.TIME_ZONE]
    assert reading.questions[0].example == "06/09/2018 10:00"
    with pytest.raises(UnansweredQuestion, match="question_open_at"):
        reading.settled()


def test_one_day_above_twelve_anywhere_in_the_file_proves_the_order():
    rows = [f"{n},A,06/09/2018 10:00,06/09/2018 11:00,7.1" for n in range(3_000)]
    for last, order in (("13/09/2018", DateOrder.DMY), ("09/13/2018", DateOrder.MDY)):
        text = HEADER + "\n".join([*rows, f"x,A,{last} 10:00,{last} 11:00,7.1\n"])
        assert understand(text).layout.date_order is order


def test_dates_that_prove_both_orders_are_asked_about():
    text = HEADER + "1,A,13/09/2018 10:00,13/09/2018 11:00,7.1\n2,A,09/13/2018 10:00,09/13/2018 11:00,7.1\n"
    reading = understand(text)
    assert reading.questions[0].about is Open.DATE_ORDER
    assert reading.questions[0].asks == "which_of_both_orders"


def test_a_year_in_front_proves_itself_and_an_offset_proves_the_zone():
    assert asked(HEADER + "1,A,2018-06-09 10:00,2018-06-09 11:00,7.1\n") == [Open.TIME_ZONE]
    assert asked(HEADER + "1,A,2018-06-09T10:00:00+02:00,2018-06-09T11:00:00Z,7.1\n") == []


def test_the_home_zone_is_a_suggestion_and_no_more():
    question = understand(HEADER + "1,A,2018-06-09 10:00,2018-06-09 11:00,7.1\n").questions[0]
    assert question.suggestion == "Europe/Stockholm"


def energy(*values, heading="kWh", delimiter=";"):
    header = f"session id;station;start;end;{heading}\n"
    rows = "".join(f"{n};A;2018-06-09T10:00Z;2018-06-09T11:00Z;{value}\n" for n, value in enumerate(values))
    return header + rows


@pytest.mark.parametrize(
    ("values", "heading", "sign"),
    [
        (["29,87", "1,5"], "kWh", ","),
        (["29.87", "1.5"], "kWh", "."),
        (["7", "12"], "kWh", "."),
        (["22.287", "11.111"], "kWh", "."),  # as thousands they would be megawatt-hours
        (["22,287", "11,111"], "kWh", ","),
        (["1.234,5"], "kWh", ","),
    ],
)
def test_the_decimal_sign_is_proved_by_the_numbers(values, heading, sign):
    reading = understand(energy(*values, heading=heading))
    assert reading.questions == []
    assert reading.layout.decimal_sign == sign


def test_three_digits_after_a_sign_in_watt_hours_are_asked_about():
    assert asked(energy("22,287", "11,111", heading="Energy (Wh)")) == [Open.DECIMAL_SIGN]


def test_energy_without_a_unit_is_asked_about():
    assert asked(energy("7", heading="Energy")) == [Open.ENERGY_UNIT]
    assert understand(energy("7000", heading="Energy (Wh)")).layout.energy_unit == "Wh"


def test_a_column_nobody_can_guess_is_asked_for():
    reading = understand("a,b,start,end,kWh\n1,A,2018-06-09T10:00Z,2018-06-09T11:00Z,7\n")
    assert [(question.about, question.fact) for question in reading.questions] == [(Open.COLUMN, Field.STATION)]
    assert "b" in reading.questions[0].choices


@pytest.mark.parametrize(
    ("heading", "fact"),
    [
        ("Charging event", Field.EXTERNAL_ID),
        ("Transaktions-ID", Field.EXTERNAL_ID),
        ("Laddstation", Field.STATION),
        ("Ladestasjon", Field.STATION),
        ("Ladesäule", Field.STATION),
        ("Kortnummer", Field.TOKEN),
        ("Kartennummer", Field.TOKEN),
        ("StartTime", Field.STARTED_AT),
        ("Start_plugin", Field.STARTED_AT),
        ("Starttid", Field.STARTED_AT),
        ("Beginn", Field.STARTED_AT),
        ("Slutttid", Field.ENDED_AT),
        ("Förbrukning (kWh)", Field.ENERGY),
        ("Geladene Energie [kWh]", Field.ENERGY),
        ("El_kWh", Field.ENERGY),
        ("Start meter (kWh)", Field.METER_START),
        ("Zählerstand Ende", Field.METER_STOP),
        ("Anläggning", Field.SITE),
    ],
)
def test_headings_in_five_languages(heading, fact):
    found = fact_of(heading)
    assert found is not None
    assert found[0] is fact


@pytest.mark.parametrize("heading", ["Cost", "weekdays_plugin", "User_type", "Pris", "Monat", "Foo"])
def test_headings_that_name_something_else_are_left_alone(heading):
    assert fact_of(heading) is None


def test_a_date_and_a_time_of_day_are_joined():
    layout = understand(DUNDEE).layout
    assert layout.names(Field.STARTED_AT) == ("Start Date", "Start Time")
    assert layout.names(Field.ENDED_AT) == ("End Date", "End Time")
    assert layout.date_order is DateOrder.DMY


def test_one_column_with_both_is_preferred_to_parts_of_it():
    layout = understand(TRONDHEIM).layout
    assert layout.names(Field.STARTED_AT) == ("Start_plugin",)
    assert layout.decimal_sign == ","


def test_the_ready_made_profiles_fit_their_files():
    assert understand(DUNDEE, ready_made()["dundee-2018"].layout).questions == []
    assert understand(TRONDHEIM, ready_made()["trondheim-2018"].layout).questions == []


def test_a_profile_fits_without_its_optional_columns_and_says_which_one_it_needs():
    without_user = "\r\n".join(",".join(line.split(",")[:1] + line.split(",")[2:]) for line in DUNDEE.split("\r\n"))
    layout = understand(without_user, ready_made()["dundee-2018"].layout).layout
    assert Field.TOKEN not in layout.columns
    with pytest.raises(WrongColumns, match=r"facts_without_column|column_lacking"):
        understand(DUNDEE.replace("CP ID", "Pole"), ready_made()["dundee-2018"].layout)


def test_a_layout_survives_being_kept_as_json():
    for layout in [PLAIN, *(profile.layout for profile in ready_made().values())]:
        assert Layout.from_json(layout.to_json()) == layout


@pytest.mark.parametrize("said", [{"color": "red"}, {"columns": {"colour": "x"}}, {"columns": {}, "date_order": "dym"}])
def test_a_layout_of_unknown_settings_is_refused(said):
    with pytest.raises(WrongColumns):
        Layout.from_json({"columns": {}, **said})
