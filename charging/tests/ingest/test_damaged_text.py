"""Files whose letters were damaged on their way: mended where that is proved, never guessed at."""

import pytest

from charging.domain.reasons import Reject
from charging.ingest.damaged_text import MENDED, repaired
from charging.ingest.layout import Layout
from charging.ingest.text import encoding_of
from charging.ingest.xlsx_files import text_of
from charging.tests.ingest.files import read, stored

HEADER = "Session ID;Plats;Laddstation;Kort;Start;Slut;Energi (kWh)\n"
ROW = "{};{};{} 1;04AA;2025-06-0{} 10:00;2025-06-0{} 11:00;5,25\n"
SAID = {"time_zone": "Europe/Stockholm"}


def file(*places):
    return HEADER + "".join(ROW.format(day, place, place, day, day) for day, place in enumerate(places, 1))


def twice(text):
    """The text as somebody wrote it who took its UTF-8 for Windows' encoding."""
    return "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in text.encode())


def sites(content):
    return read(stored(content), Layout(columns={}), **SAID)


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a mark"])
def test_letters_that_were_encoded_twice_are_read_as_they_were_meant(mark):
    content = mark + twice(file("Malmö", "Åre", "Ängelholm", "Örebro", "Besançon à côté"))
    assert encoding_of(stored(content)) == MENDED
    sessions, refused = sites(content)
    assert [one["site"] for one in sessions.values()] == ["Malmö", "Åre", "Ängelholm", "Örebro", "Besançon à côté"]
    assert not refused


@pytest.mark.parametrize(
    "text", ["Malmö", "“Å” och ‘Ä’", "ÂME Ã Â", "Gräddö – Öregrund", "Tromsø", "PÂTÉ", "Łódź", "Ä€Å€", "50 °C"]
)
def test_text_that_is_sound_stays_as_it_is(text):
    assert repaired(text) == text
    assert encoding_of(stored(file(text))) == "utf-8"


def test_lines_of_another_encoding_are_read_in_it_and_lost_letters_refuse_their_row():
    content = HEADER.encode() + b"".join(
        ROW.format(day, place, place, day, day).encode(encoding)
        for day, (place, encoding) in enumerate((("Malmö", "utf-8"), ("Ängelholm", "cp1252"), ("Åre", "utf-8")), 1)
    )
    content += ROW.format(4, "Lund", "Lund", 4, 4).encode().replace(b"Lund 1", b"Malm\xc3 1")
    sessions, refused = sites(content)
    assert [one["station"] for one in sessions.values()] == ["Malmö 1", "Ängelholm 1", "Åre 1"]
    assert {line: row.reasons for line, row in refused.items()} == {5: (Reject.LOST_SIGN,)}


def test_a_sheet_with_damaged_letters_is_mended_too():

    assert text_of(twice("Malmö")) == "Malmö"
