"""Prices in words: what a driver reads must add up to what is paid."""

from datetime import UTC, datetime, time
from decimal import Decimal

from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
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
        end=[start + hours * 3600],
        zone="Europe/Stockholm",
        slots_from=[start],
        wh=list(slots),
        offsets=[0, len(slots)],
        charging_end=[start + len(slots) * 900],
    )
    return session_price(rate(sessions, tariff), 0)


def amount(text):
    return Decimal(text.replace("SEK\xa0", "").replace(",", ""))


def test_the_rows_add_up_to_the_total():
    told = price_words.story(priced(), "Europe/Stockholm")
    assert sum(amount(row.amount) for row in told.slices) == amount(told.totals[-1][1])


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
