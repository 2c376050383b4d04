"""The price of a session as the command line explains it."""

import json
from typing import Any

import pytest
from django.utils import translation

from billing.domain.cdr.decoded import decode
from billing.domain.cdr.lines import price_line
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.domain.sessions.metering import from_totals
from billing.tests.domain.cases_reading import priced_case
from billing.tests.domain.test_cases import CASES
from billing.tests.domain.test_cases import _read as read
from billing.tests.domain.test_rating import START, tariff
from portal.words.explained import sentences


@pytest.mark.parametrize(
    "case", [case for case in CASES if "words" in read(case, "expected")], ids=lambda case: case.name
)
def test_a_golden_case_is_explained_as_it_says(case):
    assert sentences(*priced_case(read(case, "tariff"), read(case, "session"))) == read(case, "expected")["words"]


WORDS = {
    "en": [
        "10:00, fee: 1.00 SEK",
        "10:00–10:15, 7.412 kWh at 3.20 SEK: 23.7184 SEK",
        "Rounded up to the next step: 0.588 kWh at 3.20 SEK: 1.8816 SEK",
        "10:15–10:15:30, 30 s parking at 10.00 SEK an hour: 0.0833 SEK",
        "Up to the minimum price: 73.3167 SEK",
        "Total: 100.00 SEK excluding VAT, 125.00 SEK including VAT",
    ],
    "sv": [
        "10:00, avgift: 1,00 SEK",
        "10:00–10:15, 7,412 kWh à 3,20 SEK: 23,7184 SEK",
        "Avrundat upp till nästa steg: 0,588 kWh à 3,20 SEK: 1,8816 SEK",
        "10:15–10:15:30, 30 s parkering à 10,00 SEK per timme: 0,0833 SEK",
        "Upp till lägsta pris: 73,3167 SEK",
        "Summa: 100,00 SEK exklusive moms, 125,00 SEK inklusive moms",
    ],
}


@pytest.mark.parametrize("language", WORDS)
def test_a_price_is_explained_in_words(language):
    terms = tariff(("FLAT", 1, 0), ("ENERGY", "3.20", 1000), ("PARKING_TIME", 10, 0), min_price={"excl_vat": 100})
    sessions = from_totals(start=[START], end=[START + 930], charging_end=[START + 900], zone="UTC", energy_wh=[7412])
    with translation.override(language):
        assert sentences(session_price(rate(sessions, terms), 0), "Europe/Stockholm") == WORDS[language]


def cdr(**dimensions) -> dict[str, Any]:
    listed = [{"type": kind, "volume": value} for kind, value in dimensions.items()]
    return {
        "id": "C",
        "start_date_time": "2026-02-12T09:00:00Z",
        "end_date_time": "2026-02-12T12:00:00Z",
        "charging_periods": [{"start_date_time": "2026-02-12T09:00:00Z", "dimensions": listed}],
    }


def explained(session: dict[str, Any], terms) -> list[str]:
    document = {"cdr": session, "tariff": terms.to_ocpi(), "time_zone": "UTC"}
    price, zone = price_line(decode(json.dumps(document, default=str).encode()))
    return sentences(price, zone)


def test_reservations_and_long_times_are_explained():
    terms = tariff(("TIME", 60, 3600), ("FLAT", 5, 0), restrictions={"reservation": "RESERVATION"})
    assert explained(cdr(RESERVATION_TIME=2.25), terms) == [
        "09:00, fee for the reservation: 5.00 SEK",
        "09:00–12:00, 2 h 15 min reserved at 60.00 SEK an hour: 135.00 SEK",
        "Rounded up to the next step: 45 min at 60.00 SEK an hour: 45.00 SEK",
        "Total: 185.00 SEK excluding VAT, 231.25 SEK including VAT",
    ]


def test_nothing_priced_and_vat_unknown_are_explained():
    session = cdr(ENERGY=1)
    session["stop_date_time"] = session.pop("end_date_time")
    terms = tariff(("TIME", 6, 1))
    assert explained(session, terms) == ["Nothing of this session has a price", "Total: 0.00 SEK"]
