"""Painting the week: the hours get the chosen price and no others change; rows that a painting does not touch stay."""

import numpy as np
import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.tariff.model import WEEKDAYS, Dimension
from portal.tests.finance.test_tariffs import ENTRY
from portal.tests.reading import read
from portal.web.finance.tariffs.form import BRUSH, PAINT, TariffEntry
from portal.web.finance.tariffs.week import rectangle, week_of

NIGHT = {"start": "22:00", "end": "06:00"}
WEEKEND = {"days": ["SATURDAY", "SUNDAY"]}


def sent(*rows, **more):
    data = QueryDict(mutable=True)
    data["rows"] = str(len(rows))
    for place, row in enumerate(rows):
        for name, value in {"what": "ENERGY", **row}.items():
            data.setlist(f"row{place}-{name}", value if isinstance(value, list) else [value])
    for name, value in more.items():
        data[name] = value
    return data


def painted(brush, cells, *rows):
    """The entry after painting, bound."""
    entry = TariffEntry.rearranged(sent(*rows, **{BRUSH: brush, PAINT: cells}))
    return entry.as_sent()


def told(entry):
    """Each row as price, from, to, days."""
    return [
        (*(row[name].value() or "" for name in ("price", "start", "end")), len(row["days"].value() or ()))
        for row in entry.rows
    ]


def by_minute(entry, dimension=Dimension.ENERGY):
    """The price of each minute of the week; "" where no row that can be painted with gives one."""
    found = np.full(7 * 1440, "", dtype=object)
    for place, minutes in week_of(entry.rows, dimension).owned().items():
        found[minutes] = entry.rows[place]["price"].value()
    return found


def test_a_night_is_one_row():
    entry = painted("0", "0:6:22:24", {"price": "1", "start": "00:00", "end": "06:00"}, {"price": "2"})
    assert told(entry) == [("1", "22:00", "06:00", 0), ("2", "", "", 0)]


def test_a_row_that_keeps_its_hours_stays_as_it_was_written():
    """Tuesday noon by the weekend's price: the night and the day go on saying what they said."""
    rows = [{"price": "1", **WEEKEND}, {"price": "2", **NIGHT}, {"price": "3"}]
    entry = painted("0", "1:1:12:13", *rows)
    assert told(entry) == [("1", "", "", 2), ("1", "12:00", "13:00", 1), ("2", "22:00", "06:00", 0), ("3", "", "", 0)]


def test_a_price_painted_over_is_not_lost():
    entry = painted("1", "0:6:0:24", {"price": "1", **NIGHT}, {"price": "2"})
    assert told(entry) == [("2", "", "", 0), ("1", "22:00", "06:00", 0)]
    again = painted("1", "0:6:22:24", {"price": "2"}, {"price": "1", **NIGHT})
    assert told(again) == [("1", "22:00", "24:00", 0), ("2", "", "", 0)]


def test_the_brush_follows_its_row():
    entry = TariffEntry.rearranged(sent({"price": "1", **NIGHT}, {"price": "2"}, **{BRUSH: "1", PAINT: "0:6:0:24"}))
    assert entry.brush == "0"
    assert TariffEntry.rearranged(sent({"price": "1"}, {"price": "2"}, brush="1", move="1:0")).brush == "0"


def test_no_row_passes_one_that_depends_on_more():
    """Above 20 kWh it is dearer by day; painting the night with the day's price leaves that where it stands."""
    rows = [{"price": "1", **NIGHT}, {"price": "9", "min_kwh": "20"}, {"price": "2"}]
    entry = painted("2", "0:6:22:24", *rows)
    assert [price for price, *_ in told(entry)] == ["1", "9", "2"]
    assert told(entry)[0] == ("1", "00:00", "06:00", 0)


def test_hours_can_be_left_without_a_price():
    entry = painted("no-PARKING_TIME", "0:6:0:8", {"what": "PARKING_TIME", "price": "1"}, {"price": "2"})
    assert told(entry) == [("1", "08:00", "24:00", 0), ("2", "", "", 0)]


@pytest.mark.parametrize(
    ("brush", "cells"),
    [("0", ""), ("0", "x"), ("0", "0:6:5:5"), ("0", "0:7:0:1"), ("0", "4:2:0:1"), ("9", "0:0:0:1"), ("", "0:0:0:1"),
     ("no-", "0:0:0:1"), ("no-TEA", "0:0:0:1"), ("2", "0:0:0:1"), ("3", "0:0:0:1"), ("0", "0:0:0:1:2")],
)  # fmt: skip
def test_what_cannot_be_painted_changes_nothing(brush, cells):
    rows = [{"price": "1", **NIGHT}, {"price": "2"}, {"price": "3", "min_kwh": "5"}, {}]
    assert told(painted(brush, cells, *rows)) == told(TariffEntry(sent(*rows)))


clocks = st.sampled_from(["", "00:00", "06:30", "07:00", "12:00", "22:00", "24:00"])
rows = st.lists(
    st.fixed_dictionaries(
        {"start": clocks, "end": clocks, "days": st.lists(st.sampled_from(WEEKDAYS), unique=True)},
        optional={"min_kwh": st.just("5"), "what": st.just("TIME")},
    ),
    min_size=1,
    max_size=6,
)
rectangles = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 23), st.integers(0, 23))


@settings(deadline=None, max_examples=150)
@given(rows=rows, brush=st.integers(0, 5), box=rectangles)
def test_the_painted_hours_change_and_no_others(rows, brush, box):
    rows = [{**row, "price": str(place + 1)} for place, row in enumerate(rows)]
    before = TariffEntry(sent(*rows))
    first, last, begin, end = *sorted(box[:2]), *sorted(box[2:])
    cells = f"{first}:{last}:{begin}:{end + 1}"
    after = painted(str(brush), cells, *rows)
    can = brush < len(rows) and "min_kwh" not in rows[brush]
    for dimension in (Dimension.ENERGY, Dimension.TIME):
        expected = by_minute(before, dimension)
        if can and before.rows[brush].dimension is dimension:
            expected[rectangle(cells)] = str(brush + 1)
        assert (by_minute(after, dimension) == expected).all()
    untouched = [row for row in before.rows if row["min_kwh"].value()]
    assert [row["price"].value() for row in after.rows if row["min_kwh"].value()] == [
        row["price"].value() for row in untouched
    ]


def test_the_page_paints_and_says_what_it_painted(fina_browser, url):
    page = read(fina_browser.post(url("tariffs/new/"), {**ENTRY, "brush": "0", "paint": "5:6:6:22"}))
    (grid,) = list(page.find("div", "painting"))
    assert grid.attributes["data-said"] == "Sat, Sun 06:00–22:00: Energy SEK\xa01.90/kWh"
    cells = {cell.attributes["id"]: cell for cell in grid.find("span", "painting__cell")}
    assert len(cells) == 7 * 24
    assert cells["hour-5-12"].attributes["aria-label"] == "Saturday 12–13, Energy SEK\xa01.90/kWh"
    assert cells["hour-4-12"].attributes["aria-label"] == "Friday 12–13, Energy SEK\xa03.20/kWh"
    assert "band-1" in cells["hour-5-12"].attributes["class"]


def test_the_week_is_drawn_while_a_price_cannot_be_read(fina_browser, url):
    page = read(fina_browser.post(url("tariffs/preview/"), {**ENTRY, "row1-price": "x", "brush": "3"}))
    assert len([*page.find("span", "painting__cell")]) == 7 * 24
    chosen = [each.attributes["value"] for each in page.find("input") if "checked" in each.attributes]
    assert chosen == ["0"], "parking after four hours depends on more than hours and days"
