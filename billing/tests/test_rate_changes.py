"""Sessions during which the standard rate of VAT changes where the car stands: each part has the rate of its time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing import batches
from billing.domain.errors import Code
from billing.domain.kernel.turns import Turn
from billing.models import BilledSession, Invoice, InvoiceLine, SessionPrice
from billing.selectors import prices, run_checks, stakes, terms, vat_rates
from billing.services import account_moves, credit_notes, runs, seller_numbers, site_changes
from billing.tests.companies import SELLER
from billing.tests.factories import connector, drafted, driver, flat, issued, rate_all, session, tariff
from charging.models import Site
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("in_north")

HOUR = timedelta(hours=1)
#: Midnight in Helsinki: 24 % before, 25.5 % from then on.
RISE = datetime(2024, 8, 31, 21, tzinfo=UTC)
AUGUST, SEPTEMBER = datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 9, 1, tzinfo=UTC)
OCTOBER = datetime(2024, 10, 2, 9, tzinfo=UTC)


def at(country="FI", zone="Europe/Helsinki"):
    return connector(Site.objects.create(name=f"In {country}", country=country, time_zone=zone))


def including(price: str, vat: str) -> dict[str, Any]:
    return {**flat(price, vat=vat), "tax_included": "YES"}


def lines(charged) -> list[tuple[Any, ...]]:
    """Component, rate of VAT, quantity and amount of each line of the session's price."""
    return [
        (line["component"], line["vat_rate"], Decimal(line["quantity"]).normalize(), Decimal(line["amount"]))
        for line in SessionPrice.objects.get(session=charged).lines
    ]


def agree(charged) -> SessionPrice:
    """The session's price, once its page and what it is said to cost have been found to be the same."""
    price = SessionPrice.objects.get(session=charged)
    told = prices.explained(charged)
    (stake,) = stakes.of([charged])
    assert told is not None
    assert stake is not None
    assert (told.to_pay, stake.amount) == (price.amount_incl_vat.quantize(Decimal("0.01")), price.amount_incl_vat)
    assert {f"{one.vat:f}" for one in told.slices} == {line["vat_rate"] for line in price.lines}
    return price


def test_what_was_supplied_before_midnight_has_the_rate_of_then_and_the_price_is_the_same():
    where = at()
    tariff(flat("0.20", vat="24"))
    charged = session(where, driver(), start=RISE - HOUR / 2)
    rate_all()
    assert lines(charged) == [("ENERGY", "24", 5, 1), ("ENERGY", "25.5", 5, 1)]
    price = agree(charged)
    assert (price.amount_excl_vat, price.amount_incl_vat) == (Decimal(2), Decimal("2.495"))
    told = prices.explained(charged)
    assert told is not None
    assert [(one.start, one.end) for one in told.slices] == [
        (RISE - HOUR / 2, RISE),
        (RISE, RISE + HOUR / 2),
    ]


def test_a_price_that_includes_vat_stays_and_its_net_follows_the_rate():
    where = at()
    tariff(including("0.25", "24"))
    charged = session(where, driver(), start=RISE - HOUR / 2)
    rate_all()
    assert lines(charged) == [("ENERGY", "24", 5, Decimal("1.25")), ("ENERGY", "25.5", 5, Decimal("1.25"))]
    price = agree(charged)
    assert price.amount_incl_vat == Decimal("2.5")
    assert price.amount_excl_vat == Decimal("1.008065") + Decimal("0.996016")


def test_only_what_has_the_standard_rate_follows_it_and_a_fee_is_where_it_arises():
    """Parking is after midnight, at a rate of its own; the fee of the session was due before, that of a night after."""
    components = [
        {"type": "FLAT", "price": "1", "vat": "24"},
        {"type": "ENERGY", "price": "1", "vat": "24"},
        {"type": "TIME", "price": "6", "vat": "10"},
        {"type": "PARKING_TIME", "price": "2", "vat": "24"},
    ]
    tariff({"elements": [{"price_components": components}]})
    charged = session(at(), driver(), start=RISE - HOUR / 2, charging_ended_at=RISE + HOUR / 4)
    rate_all()
    assert lines(charged) == [
        ("FLAT", "24", 1, 1),
        ("ENERGY", "24", Decimal(5), 5),
        ("TIME", "10", Decimal("0.75"), Decimal("4.5")),
        ("ENERGY", "25.5", Decimal(5), 5),
        ("PARKING_TIME", "25.5", Decimal("0.25"), Decimal("0.5")),
    ]
    agree(charged)


def test_a_step_is_sold_at_the_rate_of_the_end_and_a_limit_is_shared_out_to_both():
    stepped = {"type": "ENERGY", "price": "1", "vat": "24", "step_size": 3000}
    limit = {"excl_vat": "20.00", "incl_vat": "25.00"}
    tariff({"elements": [{"price_components": [stepped]}], "min_price": limit})
    charged = session(at(), driver(), start=RISE - HOUR / 4)
    rate_all()
    assert lines(charged) == [
        ("ENERGY", "24", Decimal("2.5"), Decimal("2.5")),
        ("ENERGY", "25.5", Decimal("9.5"), Decimal("9.5")),
        ("MINIMUM", "24", 1, Decimal("1.67")),
        ("MINIMUM", "25.5", 1, Decimal("6.33")),
    ]
    price = SessionPrice.objects.get()
    assert (price.amount_excl_vat, price.amount_incl_vat) == (Decimal(20), Decimal(25))


@pytest.mark.parametrize(
    ("country", "zone", "start", "vat", "expected"),
    [
        ("FI", "Europe/Helsinki", RISE - HOUR, "24", ["24"]),  # it ends as the rate changes
        ("FI", "Europe/Helsinki", RISE, "24", ["24"]),  # it begins then: its tariff was not changed
        ("FI", "Europe/Helsinki", RISE - HOUR / 2, "14", ["14"]),
        ("FI", "Europe/Helsinki", RISE - HOUR / 2, "0", ["0"]),
        ("FI", "Europe/Helsinki", RISE - HOUR / 2, None, [None]),
        ("FI", "Europe/Helsinki", RISE - HOUR / 2, "25.5", ["25.5"]),  # changed too early
        ("FI", "Europe/Stockholm", RISE - HOUR / 2, "24", ["24"]),  # its midnight comes an hour later
        ("FI", "Europe/Stockholm", RISE + HOUR / 2, "24", ["24", "25.5"]),
        ("SE", "Europe/Stockholm", RISE - HOUR / 2, "25", ["25"]),
        ("EE", "Europe/Tallinn", datetime(2025, 6, 30, 20, 30, tzinfo=UTC), "22", ["22", "24"]),
        ("DE", "Europe/Berlin", datetime(2020, 6, 30, 21, 30, tzinfo=UTC), "19", ["19", "16"]),
        ("CH", "Europe/Zurich", datetime(2023, 12, 31, 22, 30, tzinfo=UTC), "7.7", ["7.7", "8.1"]),
    ],
)
def test_it_changes_at_midnight_by_the_clock_of_the_site_for_what_has_the_standard_rate(
    country, zone, start, vat, expected
):
    tariff(flat("0.20", vat=vat))
    charged = session(at(country, zone), driver(), start=start)
    rate_all()
    assert [line["vat_rate"] for line in SessionPrice.objects.get(session=charged).lines] == expected


@pytest.mark.parametrize(("day", "hour"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 22)])
def test_on_a_night_in_which_the_clock_is_changed_it_changes_at_midnight_too(monkeypatch, day, hour):
    rates = [vat_rates.Rate("SE", Decimal(25), date(1990, 7, 1)), vat_rates.Rate("SE", Decimal(24), day)]
    monkeypatch.setattr(vat_rates, "_rates", lambda: {"SE": rates})
    vat_rates.changes.cache_clear()
    evening = datetime.combine(day - timedelta(days=1), datetime.min.time(), UTC) + hour * HOUR
    assert vat_rates.changes("SE", "Europe/Stockholm") == ((Decimal(25), Turn(int(evening.timestamp()), Decimal(24))),)
    tariff(flat("1"))
    even = {"ended_at": evening + 7 * HOUR, "series_wh": None, "series_start": None, "series_interval_s": None}
    charged = session(at("SE", "Europe/Stockholm"), driver(), start=evening - 3 * HOUR, **even)
    rate_all()
    vat_rates.changes.cache_clear()
    assert lines(charged) == [("ENERGY", "25", 3, 3), ("ENERGY", "24", 7, 7)]


def test_a_zone_that_nobody_knows_has_no_midnight():
    assert vat_rates.changes("FI", "Europe/Nowhere") == ()


def test_a_session_over_two_changes_has_three_rates_and_ends_at_that_of_its_beginning():
    """Half a year in Germany, 2020: 19, 16 and 19 per cent; what had 16 all along keeps it."""
    elements = [
        {
            "price_components": [
                {"type": "TIME", "price": "1", "vat": "19"},
                {"type": "ENERGY", "price": "1", "vat": "16"},
            ]
        }
    ]
    tariff({"elements": elements})
    start, end = datetime(2020, 6, 30, 21, tzinfo=UTC), datetime(2021, 1, 1, 1, tzinfo=UTC)
    charged = session(at("DE", "Europe/Berlin"), driver(), start=start, ended_at=end)
    rate_all()
    days = (end - start) / HOUR - 3
    assert lines(charged) == [
        ("TIME", "19", 3, 3),
        ("ENERGY", "16", 10, 10),
        ("TIME", "16", Decimal(days).normalize(), Decimal(days)),
    ]
    agree(charged)


def test_energy_without_readings_is_shared_by_time():
    tariff(flat("1", vat="24"))
    charged = session(at(), driver(), start=RISE - HOUR / 4, series_wh=None, series_start=None, series_interval_s=None)
    rate_all()
    assert [quantity for _, _, quantity, _ in lines(charged)] == [Decimal("2.5"), Decimal("7.5")]


def test_sessions_over_a_change_are_priced_beside_the_others_of_their_batch():
    where, home, payer = at(), connector(), driver()
    tariff(flat("1", vat="24"), site=where.station.site)
    tariff(including("1.25", "25"), site=home.station.site)
    charged = [session(spot, payer, start=RISE + hours * HOUR / 2) for spot in (where, home) for hours in range(-4, 4)]
    rate_all()
    rates = [[vat for _, vat, _, _ in lines(one)] for one in charged]
    assert rates == [["24"]] * 3 + [["24", "25.5"]] + [["24"]] * 4 + [["25"]] * 8


@pytest.fixture
def abroad(in_north):
    Operator.objects.update(**SELLER)
    seller_numbers.keep({"FI": "FI20774740"})
    return at()


def test_an_invoice_has_both_rates_and_its_credit_note_undoes_them(abroad):
    tariff(including("0.333", "24"))
    charged = session(abroad, driver(), start=RISE - HOUR / 2)
    issued(SEPTEMBER, OCTOBER)
    invoice = Invoice.objects.get()
    assert [(line.vat_rate, line.amount) for line in InvoiceLine.objects.filter(session=charged).order_by("pk")] == [
        (Decimal(24), Decimal("1.67")),
        (Decimal("25.5"), Decimal("1.67")),
    ]
    assert invoice.amount_due == SessionPrice.objects.get().amount_incl_vat == Decimal("3.34")
    note = credit_notes.credit(invoice, reason="Wrong", by=None, at=OCTOBER)
    told, undone = (
        {row.vat_rate: (row.taxable, row.vat) for row in document.vat_rows.all()} for document in (invoice, note)
    )
    assert set(told) == {Decimal(24), Decimal("25.5")}
    assert {rate: (-taxable, -vat) for rate, (taxable, vat) in undone.items()} == told


def test_no_draft_with_such_a_session_is_odd(abroad):
    tariff(flat("1", vat="24"))
    session(abroad, driver(), start=RISE - HOUR / 2)
    late = session(abroad, driver("Lisa Late"), start=RISE - 100 * HOUR)
    run = drafted(SEPTEMBER, OCTOBER)
    assert Code.RUN_OTHER_RATES not in {one.code for one in run_checks.findings(run)}
    assert BilledSession.objects.filter(session=late).exists()


@pytest.mark.parametrize("month", [SEPTEMBER, AUGUST])
def test_a_draft_that_was_priced_before_the_change_was_known_is_told_and_priced_anew_once_it_is_discarded(
    abroad, monkeypatch, month
):
    """It ends on 1 September where it was charged, and by the operator's clock on 31 August."""
    tariff(flat("1", vat="24"))
    charged = session(abroad, driver(), start=RISE - HOUR / 2)
    with monkeypatch.context() as before:
        before.setattr(vat_rates, "turns", lambda *_: None)
        rate_all()
        run = drafted(month, OCTOBER)
    assert [vat for _, vat, _, _ in lines(charged)] == ["24"]
    told = prices.explained(charged)
    assert told is not None
    assert [one.vat for one in told.slices] == [24]
    (finding,) = [one for one in run_checks.findings(run) if one.code == Code.RUN_OTHER_RATES]
    assert (finding.count, finding.blocks, finding.about) == (1, False, [Invoice.objects.get()])
    runs.discard(run, by=None)
    rate_all()
    assert [vat for _, vat, _, _ in lines(charged)] == ["24", "25.5"]


def test_where_the_site_turns_out_to_be_elsewhere_its_sessions_are_split_anew():
    """The rate of Finland rises at 21:00 UTC, that of Sweden does not; in Stockholm midnight is at 22:00."""
    where = at()
    tariff(flat("0.20", vat="24"))
    charged = session(where, driver(), start=RISE - HOUR / 2)
    rate_all()
    assert {line[1] for line in lines(charged)} == {"24", "25.5"}
    site = where.station.site
    site_changes.change(site, at=OCTOBER, country="SE")
    rate_all()
    assert {line[1] for line in lines(charged)} == {"24"}
    site_changes.change(site, at=OCTOBER, country="FI")
    rate_all()
    assert {line[1] for line in lines(charged)} == {"24", "25.5"}
    site_changes.change(site, at=OCTOBER, time_zone="Europe/Stockholm")
    rate_all()
    assert {line[1] for line in lines(charged)} == {"24"}


def test_after_the_change_a_tariff_of_before_is_told(abroad):
    tariff(flat("1", vat="24"))
    session(abroad, driver(), start=RISE - HOUR / 2)
    session(abroad, driver("Olle Old"), start=RISE + 30 * HOUR)
    run = drafted(SEPTEMBER, OCTOBER)
    (finding,) = [one for one in run_checks.findings(run) if one.code == Code.RUN_OTHER_RATES]
    assert [draft.account.name for draft in finding.about] == ["Olle Old"]


@pytest.mark.parametrize(
    ("country", "number", "expected"), [("DE", "DE136695976", "0"), ("SE", "SE556016068001", "25")]
)
def test_what_a_dealer_buys_has_the_rate_of_its_country_alone(abroad, country, number, expected):
    tariff(including("1.24", "24"))
    member = driver()
    facts = {"dealer_since": date(2024, 1, 1), "dealer_evidence": "Certificate", "vat_number": number}
    firm = accounts.create(kind=Account.Kind.ROAMING, name="Resale", country=country, **facts)
    account_moves.move(member, to=firm)
    charged = session(abroad, member, start=RISE - HOUR / 2)
    rate_all()
    assert lines(charged) == [("ENERGY", expected, 10, 10)]
    agree(charged)


def test_where_no_session_lasts_over_a_change_nothing_is_looked_up(monkeypatch):
    tariff()
    at()
    charged = session(connector(), driver())
    monkeypatch.setattr(vat_rates, "turns", None)
    book = terms.price_book()
    assert len(book.rate_changes)
    batch = batches.read(current_operator_id(), [charged.pk])
    assert book.turned(batch)[1].tolist() == [-1]
    assert book.turned(replace(batch, **{name: getattr(batch, name)[:0] for name in batch.__slots__}))[0] == []
