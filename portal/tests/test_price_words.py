"""Prices in words: what a driver reads must add up to what is paid."""

from datetime import UTC, datetime, time
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.domain.kernel.turns import Turn, Turns, rate_over
from billing.domain.sessions import metering
from billing.domain.tariff.model import Dimension, Element, Price, PriceComponent, Restrictions, Tariff
from portal.words import prices as price_words
from portal.words import tariffs as tariff_words

NIGHT = Element((PriceComponent(Dimension.ENERGY, Decimal("1.52"), Decimal(25)),), Restrictions(time(22), time(6)))
DAY = Element(
    (
        PriceComponent(Dimension.FLAT, Decimal(4), Decimal(25)),
        PriceComponent(Dimension.ENERGY, Decimal("2.56"), Decimal(25)),
        PriceComponent(Dimension.PARKING_TIME, Decimal(48), Decimal(25)),
    )
)
TARIFF = Tariff("T", "SEK", (NIGHT, DAY))
EVENING = datetime(2026, 3, 4, 20, tzinfo=UTC)  # 21:00 in Stockholm


def priced(tariff=TARIFF, *, slots=(2000, 2001, 2002, 2003, 1000, 1000, 1000, 1000), hours=3):
    start = int(EVENING.timestamp())
    sessions = metering.from_slots(
        start=[start],
        end=[start + int(hours * 3600)],
        zone="Europe/Stockholm",
        slots_from=[start],
        wh=list(slots),
        offsets=[0, len(slots)],
        charging_end=[start + len(slots) * 900],
    )
    return session_price(rate(sessions, tariff), 0)


def test_where_the_rate_of_vat_changes_each_row_says_its_own_and_a_note_why():
    """Time has no VAT and says none; where nothing changes no row says a rate."""
    components = (
        PriceComponent(Dimension.ENERGY, Decimal("1.24"), Decimal(24)),
        PriceComponent(Dimension.TIME, Decimal(6)),
    )
    tariff = Tariff("T", "EUR", (Element(components),), tax_included=True)
    begin = int(EVENING.timestamp())
    session = metering.from_totals(start=[begin], end=[begin + 7200], zone="Europe/Stockholm", energy_wh=[4000])
    turns = Turns(Decimal(24), (Turn(begin + 3600, Decimal("25.5")),))
    told = price_words.story(session_price(rate_over(session, [tariff], turns), 0), "Europe/Stockholm")
    assert [(row.at, row.what, row.unit_price, row.amount) for row in told.slices] == [
        ("21:00–22:00", "Energy, VAT 24%", "EUR\xa01.24/kWh", "EUR\xa02.48"),
        ("21:00–23:00", "Charging time", "EUR\xa00.10/min", "EUR\xa012.00"),
        ("22:00–23:00", "Energy, VAT 25.5%", "EUR\xa01.24/kWh", "EUR\xa02.48"),
    ]
    assert "rate of VAT changed at midnight" in told.notes[-1]
    plain = price_words.story(session_price(rate(session, tariff), 0), "Europe/Stockholm")
    assert [row.what for row in plain.slices] == ["Energy", "Charging time"]
    assert not any("VAT" in note for note in plain.notes)


#: What a slice is told as has four decimals, and is off by so much itself.
HALF_A_DIGIT = Decimal("0.00005")


def amount(text):
    return Decimal(text.replace("SEK\xa0", "").replace(",", ""))


def test_the_rows_add_up_to_the_total():
    told = price_words.story(priced(), "Europe/Stockholm")
    assert sum(amount(row.amount) for row in told.slices) == amount(told.totals[-1][1])


def test_rows_that_need_rounding_add_up_to_the_total():
    """Three rows of 0.105 are 0.32: each rounded by itself, a reader who adds them up would come to 0.33."""
    parts = ((Dimension.FLAT, "0.105"), (Dimension.ENERGY, "1"), (Dimension.PARKING_TIME, "0.42"))
    tariff = Tariff("T", "SEK", (Element(tuple(PriceComponent(of, Decimal(price)) for of, price in parts)),))
    told = price_words.story(priced(tariff, slots=[105], hours=0.5), "Europe/Stockholm")
    assert [amount(row.amount) for row in told.slices] == [Decimal("0.11"), Decimal("0.10"), Decimal("0.11")]
    assert amount(told.totals[-1][1]) == Decimal("0.32")


@example([0, 2, 3, 1, 1, 1, 0, 1], [149, 141, 60], None, None)  # a row of 0.00004 takes the sum past half a coin
@given(
    st.lists(st.integers(0, 999), min_size=1, max_size=10),
    st.lists(st.integers(1, 99_999), min_size=3, max_size=3),
    st.sampled_from([None, "6", "25"]),
    st.one_of(st.none(), st.integers(0, 999_999)),
)
def test_whatever_is_charged_the_rows_add_up_and_none_is_off_by_a_coin(wh, prices, vat, least):
    rate_of = None if vat is None else Decimal(vat)
    fee, by_day, by_night = (Decimal(price).scaleb(-4) for price in prices)
    night = Element((PriceComponent(Dimension.ENERGY, by_night, rate_of),), Restrictions(time(22), time(6)))
    day = Element((PriceComponent(Dimension.FLAT, fee, rate_of), PriceComponent(Dimension.ENERGY, by_day, rate_of)))
    bound = None if least is None else Price(Decimal(least).scaleb(-4), None)
    price = priced(Tariff("T", "SEK", (night, day), min_price=bound), slots=wh)
    told = price_words.story(price, "Europe/Stockholm")
    rows, limits = [amount(row.amount) for row in told.slices], [amount(text) for _label, text in told.totals[:-2]]
    assert sum(rows) + sum(limits) == amount(told.totals[-1][1])
    for row, part in zip(rows, price.slices, strict=True):
        assert abs(row - part.amount_incl) < Decimal("0.01") + HALF_A_DIGIT


def test_each_row_says_when_how_much_and_at_which_price():
    told = price_words.story(priced(), "Europe/Stockholm")
    sentences = [row.sentence.replace("\xa0", " ") for row in told.slices]
    assert "21:00–22:00: 8.006 kWh at SEK 3.20/kWh" in sentences
    assert "22:00–23:00: 4.000 kWh at SEK 1.90/kWh" in sentences
    assert "23:00–00:00: 60 min at SEK 1.00/min" in sentences
    assert "21:00: Start fee, SEK 5.00" in sentences


def test_after_midnight_the_weekday_is_named():
    told = price_words.story(priced(hours=5), "Europe/Stockholm")
    assert told.slices[-1].at == "23:00–02:00"
    told = price_words.story(priced(slots=[100] * 20, hours=5), "Europe/Stockholm")
    assert told.slices[-1].at == "22:00–02:00"


def test_a_minimum_price_is_a_row_of_its_own():
    tariff = Tariff("T", "SEK", (DAY,), min_price=Price(Decimal(96), Decimal(120)))
    told = price_words.story(priced(tariff), "Europe/Stockholm")
    limit = next(text for label, text in told.totals if label == "Up to the minimum price")
    assert sum(amount(row.amount) for row in told.slices) + amount(limit) == Decimal(120)


def test_a_tariff_is_told_in_prices_with_vat():
    told = {(row.what, row.when, row.told.replace("\xa0", " ")) for row in tariff_words.rows(TARIFF)}
    assert ("Energy", "22:00–06:00", "SEK 1.90/kWh") in told
    assert ("Energy", "all other times", "SEK 3.20/kWh") in told
    assert ("Parking after charging", "always", "SEK 1.00/min") in told


def test_the_week_has_a_band_for_each_price():
    week = tariff_words.week(TARIFF)
    assert week.hours[0] == [1] * 6 + [4] * 16 + [1] * 2
    assert [band for band, _words in week.legend] == [1, 4]


def test_hours_without_a_price_are_shown_as_such():
    week = tariff_words.week(Tariff("T", "SEK", (NIGHT,)))
    assert week.legend[0] == (0, "no price")


def test_restrictions_are_said_in_words():
    said = tariff_words.when(
        Restrictions(
            start_time=time(6),
            day_of_week=("MONDAY", "TUESDAY", "WEDNESDAY"),
            min_kwh=Decimal(10),
            max_kwh=Decimal(20),
            min_duration=4 * 3600,
        )
    )
    assert said == "Mon–Wed, 06:00–24:00, 10–20 kWh, from 4 hours after plug-in"
