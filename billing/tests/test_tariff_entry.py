"""Whatever a tariff's document holds: it is refused with its field and value, or kept, priced and billed whole."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import DecimalField
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.documents import Wanted
from billing.domain.errors import BillingError, Code, TariffError
from billing.domain.kernel.rating import rate
from billing.domain.sessions import metering
from billing.domain.sessions.columns import MAX_ENERGY
from billing.domain.tariff import kept
from billing.domain.tariff.model import parse_tariff
from billing.models import Invoice, InvoiceLine, InvoiceVat, RunProblem, SessionPrice
from billing.services import tariffs
from billing.sql import invoices as sql
from billing.tests.factories import OCTOBER, connector, drafted, driver, flat, issued, rate_all, session, tariff

FULL: dict[str, Any] = {
    "country_code": "SE",
    "party_id": "WTL",
    "id": "T1",
    "currency": "SEK",
    "type": "REGULAR",
    "tariff_alt_text": [{"language": "sv", "text": "Nattpris"}],
    "tariff_alt_url": "https://example.com",
    "min_price": {"excl_vat": 1, "incl_vat": 1.25},
    "max_price": {"excl_vat": 900, "incl_vat": 1125},
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 2.5, "vat": 25, "step_size": 1}],
            "restrictions": {
                "start_time": "06:00",
                "end_time": "22:00",
                "start_date": "2020-01-01",
                "end_date": "2030-01-01",
                "min_kwh": 0,
                "max_kwh": 100,
                "min_current": 0,
                "max_current": 100,
                "min_power": 0,
                "max_power": 100,
                "min_duration": 0,
                "max_duration": 86400,
                "day_of_week": ["MONDAY", "THURSDAY"],
            },
        },
        {
            "price_components": [{"type": "FLAT", "price": 5}],
            "restrictions": {"reservation": "RESERVATION"},
        },
        {"price_components": [{"type": "ENERGY", "price": "1.5", "vat": "25"}, {"type": "TIME", "price": 3}]},
    ],
    "start_date_time": "2020-01-01T00:00:00Z",
    "end_date_time": "2040-01-01T00:00:00Z",
    "last_updated": "2020-01-01T00:00:00Z",
}
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 13, 10**7, 10**7 + 1, 9 * 10**12, 2**62, 2**70, 10**5000, 1e-300, 1e300,
    "", "x", "²", "①", "1_0", "١", "NaN", "sNaN", "-Infinity", "1e400", "1e-999999999", "1" * 5000, "0." + "3" * 5000,
    "-0.01", "10000000", "10000000.000001", "0.0000001", "24:00", "00:00", "MONDAY", "RESERVATION",
    "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2020-01-01T00:00:00+23:59",
    "a\x00b", "\ud800", "\uffff", "\ufeff",
    [], {}, [[]], [{}], [1], ["x"], [None], {"a": 1}, {"excl_vat": []}, {"type": {}},
]  # fmt: skip
SESSION = metering.from_totals(
    start=[1_793_000_000],
    end=[1_793_007_200],
    zone="Europe/Stockholm",
    energy_wh=[30_000],
    charging_end=[1_793_003_600],
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in items for each in paths(item, (*path, key)))]


def changed(path: tuple[Any, ...], value: Any) -> Any:
    """The full document with something else at a place."""
    if not path:
        return value
    document = copy.deepcopy(FULL)
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


def judge(document: Any) -> None:
    """Refused in words that name the field, or kept as JSON that prices a session."""
    refusal: BillingError | None = None
    whole: dict[str, Any] = {}
    try:
        whole = tariffs.complete(document, identifier="T", currency="SEK")
    except BillingError as error:
        refusal = error
    if refusal is not None:
        assert refusal.facts["field"]
        assert refusal.code == Code.NOT_KEPT or refusal.field
        assert refusal.code == Code.NOT_KEPT or "value" in refusal.facts or "least" in refusal.facts
        assert len(json.dumps(refusal.facts).encode()) < 1_000
        return
    assert json.loads(json.dumps(whole)) == whole
    assert "\x00" not in json.dumps(whole, ensure_ascii=False)
    assert rate(SESSION, parse_tariff(whole)) is not None


@pytest.mark.parametrize("path", paths(FULL), ids=lambda path: ".".join(map(str, path)) or "document")
def test_each_member_may_hold_anything(path):
    for value in ODD:
        judge(changed(path, value))


def test_a_field_that_nobody_reads_may_hold_anything():
    for value in ODD:
        judge({**FULL, "note": value})
        judge({**FULL, "note": {"deep": [value]}})


WRITABLE = [value for value in ODD if not (isinstance(value, int) and value > 2**70)]  # Hypothesis shows what it picks
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WRITABLE),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(paths(FULL)), JSON, min_size=1, max_size=3))
def test_several_members_may_hold_anything(changes):
    document = copy.deepcopy(FULL)
    for path, value in changes.items():
        holder: Any = document
        try:
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = value
        except (LookupError, TypeError):  # an earlier change took its place away
            continue
    judge(document)


def test_every_restriction_and_member_is_tried():
    restrictions = {path[-1] for path in paths(FULL) if "restrictions" in path}
    assert set(parse_tariff(FULL).elements[0].restrictions.__slots__) <= restrictions


@pytest.mark.parametrize(
    ("path", "value", "wanted"),
    [
        ("price", "-0.01", {"code": Wanted.AT_MOST, "most": "10000000"}),
        ("price", "9e12", {"code": Wanted.AT_MOST, "most": "10000000"}),
        ("price", "0.1234567", {"code": Wanted.DECIMALS, "places": 6}),
        ("vat", "25.125", {"code": Wanted.DECIMALS, "places": 2}),
        ("step_size", 10**7 + 1, {"code": Wanted.AT_MOST, "most": 10_000_000}),
    ],
)
def test_a_tariff_is_held_to_what_an_invoice_can_say(path, value, wanted):
    component = {"type": "ENERGY", "price": 1, "vat": 25, path: value}
    with pytest.raises(TariffError) as refusal:
        tariffs.complete({"elements": [{"price_components": [component]}]}, identifier="T", currency="SEK")
    assert refusal.value.field == f"elements[0].price_components[0].{path}"
    assert refusal.value.facts["wanted"] == wanted


@pytest.mark.usefixtures("in_north")
def test_a_draft_from_before_the_limits_is_not_published():
    made = tariffs.create(name="Old", currency="SEK", document=flat())
    version = made.versions.get()
    version.document["elements"][0]["price_components"][0]["price"] = "-1"
    version.save()
    with pytest.raises(TariffError) as refusal:
        tariffs.publish(version, valid_from=OCTOBER, by=None, at=OCTOBER)
    assert refusal.value.field.endswith("price")


# --- the limits of entry are the limits of storage ----------------------------------------------


def _holds(column: Any, value: Decimal) -> bool:
    """Whether a column keeps a value as it is."""
    assert isinstance(column, DecimalField)
    places = Decimal(1).scaleb(-column.decimal_places)
    return abs(value) < Decimal(10) ** (column.max_digits - column.decimal_places) and value == value.quantize(places)


def test_the_columns_hold_what_a_tariff_may_say():
    finest = Decimal(1).scaleb(-kept.PRICE_DECIMALS)
    unit_price = InvoiceLine._meta.get_field("unit_price")
    for price in (kept.MAX_PRICE, kept.MAX_PRICE - finest, finest):
        assert _holds(unit_price, price)
    for column in (InvoiceLine._meta.get_field("vat_rate"), InvoiceVat._meta.get_field("vat_rate")):
        assert _holds(column, Decimal(100))
        assert _holds(column, Decimal(1).scaleb(-kept.VAT_DECIMALS))
    dearest = Decimal(kept.SESSION_LIMIT) - Decimal(1).scaleb(-6)
    for name in ("amount_excl_vat", "amount_incl_vat"):
        assert _holds(SessionPrice._meta.get_field(name), dearest)
    most = Decimal(kept.SESSION_LIMIT) - Decimal("0.01")
    assert _holds(unit_price, most)  # the line of a least or greatest price
    assert _holds(InvoiceLine._meta.get_field("amount_excl_vat"), most)
    whole = Decimal(kept.INVOICE_LIMIT) - Decimal("0.01")
    for name in ("amount_excl_vat", "vat", "amount_due"):
        assert _holds(Invoice._meta.get_field(name), whole)
    for name in ("taxable", "vat"):
        assert _holds(InvoiceVat._meta.get_field(name), whole)
    used = Decimal(MAX_ENERGY) / 10**6 + Decimal(kept.MAX_STEP) / 1000
    assert _holds(InvoiceLine._meta.get_field("quantity"), used)


@pytest.mark.usefixtures("in_north")
@pytest.mark.parametrize("bound", [None, "max_price", "min_price"])
def test_one_dear_tariff_stops_nobody_else(bound):
    dear = flat(str(kept.MAX_PRICE))
    if bound:
        dear[bound] = {"excl_vat": str(kept.MAX_PRICE)}
    rich, dana = driver("Rich"), driver("Dana")
    tariff()
    tariff(dear, driver=rich)
    at = connector()
    first, second = session(at, rich, kwh=1000), session(at, dana, start=OCTOBER.replace(day=2))
    assert rate_all() == 2
    prices = {price.session_id: price for price in SessionPrice.objects.all()}
    assert (prices[first.pk].state, prices[first.pk].problem) == ("problem", "too_costly")
    assert prices[second.pk].state == "priced"
    assert [invoice.account.driver for invoice in drafted().invoices.all()] == [dana]


@pytest.mark.usefixtures("in_north")
def test_the_dearest_session_there_is_can_be_billed():
    tariff(flat(str(kept.MAX_PRICE), vat="25"))
    session(connector(), driver(), kwh=7)
    assert issued().invoices.get().amount_due == Decimal(87_500_000)


@pytest.mark.usefixtures("in_north")
def test_a_month_beyond_an_invoice_is_a_problem_of_its_driver(monkeypatch):
    monkeypatch.setattr(sql, "PROBLEMS", sql.PROBLEMS.replace(str(kept.INVOICE_LIMIT), "20"))
    tariff()
    at = connector()
    rich, dana = driver("Rich"), driver("Dana")
    session(at, rich, kwh=10)
    session(at, dana, kwh=1, start=OCTOBER.replace(day=2))
    assert [invoice.account.driver for invoice in drafted().invoices.all()] == [dana]
    assert [(problem.account.driver, problem.code) for problem in RunProblem.objects.all()] == [(rich, "too_much")]
