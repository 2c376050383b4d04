"""The template is understood without a question, whichever language it was taken in."""

import pytest
from django.utils import translation

from charging.ingest import template
from charging.ingest.layout import Field, Layout
from charging.ingest.reading import understood
from charging.tests.ingest.files import read, stored
from portal.words.imports import FACTS, HELP

ROWS = (
    "S1;2025-06-05 10:00;2025-06-05 11:30;12,5;Torget;SE-1;2;04AA",
    "S2;2025-06-05 12:00;2025-06-05 13:00;7;;SE-1;;",
)


@pytest.mark.parametrize("language", ["en", "sv"])
def test_a_file_made_of_the_template_leaves_nothing_open(language):
    with translation.override(language):
        words = {fact: str(label) for fact, label in FACTS}
    headings = template.headings(words, zone="Europe/Helsinki")
    content = ";".join(headings.values()) + "\n" + "\n".join(ROWS) + "\n"
    reading = understood(stored(content), Layout(columns={}), home_zone="Europe/Stockholm")
    assert reading.questions == []
    assert {fact: names[0] for fact, names in reading.layout.columns.items()} == headings
    sessions, refused = read(stored(content), Layout(columns={}))
    assert not refused
    first = sessions["S1"]
    assert (first["started_at"].hour, first["energy_wh"], first["connector"], first["token"]) == (
        7,
        12_500,
        "2",
        "04AA",
    )
    assert (sessions["S2"]["connector"], sessions["S2"]["token"]) == ("1", None)


def test_every_column_of_the_template_is_explained():
    assert list(HELP) == list(template.COLUMNS)
    assert [fact for fact, optional in template.COLUMNS.items() if not optional] == [
        Field.STARTED_AT,
        Field.ENDED_AT,
        Field.ENERGY,
        Field.STATION,
    ]
