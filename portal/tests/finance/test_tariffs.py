"""The tariff pages: the shelf, the form, its preview, publishing, assignments."""

import html
import json
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.services import tariffs as services
from billing.tests import factories
from charging.models import Site
from portal.tests.reading import read

ENTRY = {
    "name": "Nights are cheap",
    "currency": "SEK",
    "with_vat": "1",
    "vat": "25",
    "energy": "3,20",
    "charging_unit": "minute",
    "rows": "1",
    "window0-start": "22:00",
    "window0-end": "06:00",
    "window0-price": "1.90",
    "start_fee": "5",
    "parking_minute": "0,50",
    "parking_free_minutes": "240",
    "example-day": "1",
    "example-start": "20:00",
    "example-kwh": "30",
    "example-charging_hours": "4",
    "example-parked_hours": "10",
}


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_shelf_shows_prices_and_where_they_apply(fina_browser, url, tariff):
    page = text(fina_browser.get(url("tariffs/")))
    assert "SEK 1.25–2.50/kWh" in page
    assert "everywhere" in page


def test_an_empty_shelf_offers_the_first_tariff(fina_browser, url):
    assert "No tariffs yet" in text(fina_browser.get(url("tariffs/")))


def test_the_shelf_asks_the_database_as_often_for_many_tariffs(
    fina_browser, url, tariff, django_assert_max_num_queries
):
    for _ in range(5):
        factories.tariff()
    with django_assert_max_num_queries(14):
        fina_browser.get(url("tariffs/"))


def test_a_tariff_page_shows_prices_with_and_without_vat(fina_browser, url, tariff):
    page = text(fina_browser.get(url(f"tariffs/{tariff.public_id}/")))
    assert "SEK 2.50" in page
    assert "SEK 2.00" in page
    assert "06:00–22:00" in page


def test_a_tariff_page_draws_the_price_of_each_hour_of_the_week(fina_browser, url, tariff):
    """Nights are the cheap band, and the legend says what each band costs."""
    page = read(fina_browser.get(url(f"tariffs/{tariff.public_id}/")))
    (drawing,) = page.find("svg", "week__clock")
    bands = [cell.attributes["class"] for cell in drawing.find("rect")]
    assert bands == (["band-1"] * 6 + ["band-4"] * 16 + ["band-1"] * 2) * 7
    (week,) = page.find("figure", "week")
    legend = {
        next(each.find("span", "swatch")).attributes["class"].split()[-1]: each.text
        for each in week.find("span", "legend__entry")
    }
    assert {band: "1.25" in words or "2.50" in words for band, words in legend.items()} == {
        "band-1": True,
        "band-4": True,
    }
    assert "1.25" in legend["band-1"]


def test_a_new_version_shows_what_it_changes(fina_browser, url, tariff):
    services.save_draft(tariff, document=factories.flat("3.00"))
    page = text(fina_browser.get(url(f"tariffs/{tariff.public_id}/")))
    assert "Publish draft" in page
    assert "<ins>SEK 3.75/kWh</ins>" in page


def test_a_tariff_is_made_without_knowing_ocpi(fina_browser, url, in_north):
    response = fina_browser.post(url("tariffs/new/"), {**ENTRY, "save": "1"})
    made = Tariff.objects.get(name="Nights are cheap")
    assert response.status_code == 302
    document = made.versions.get().document
    assert document["elements"][0]["restrictions"] == {"start_time": "22:00", "end_time": "06:00"}
    assert Decimal(document["elements"][0]["price_components"][0]["price"]) == Decimal("1.52")


def test_comma_and_point_mean_the_same(fina_browser, url, in_north):
    fina_browser.post(url("tariffs/new/"), {**ENTRY, "save": "1"})
    base = Tariff.objects.get().versions.get().document["elements"][-1]["price_components"]
    assert Decimal(next(part["price"] for part in base if part["type"] == "ENERGY")) == Decimal("2.56")


def test_an_amount_that_could_be_two_is_refused(fina_browser, url, in_north):
    page = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "energy": "1,234.50", "save": "1"}))
    assert "one decimal sign" in page
    assert not Tariff.objects.exists()


def test_a_name_is_taken_once(fina_browser, url, tariff):
    page = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "name": tariff.name, "save": "1"}))
    assert "already a tariff called" in page


def test_a_tariff_without_any_price_is_refused(fina_browser, url, in_north):
    empty = {key: value for key, value in ENTRY.items() if key not in ("energy", "start_fee", "parking_minute")}
    page = text(fina_browser.post(url("tariffs/new/"), {**empty, "rows": "0", "save": "1"}))
    assert "needs at least one price" in page


def test_rows_are_added_and_removed_without_losing_what_was_entered(fina_browser, url):
    grown = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "add_window": "1"}))
    assert 'name="window1-price"' in grown
    assert 'value="1.90"' in grown
    shrunk = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "remove_window": "0"}))
    assert 'value="1.90"' not in shrunk
    assert 'value="3,20"' in shrunk


def test_the_preview_prices_the_example_by_the_kernel(fina_browser, url):
    page = text(fina_browser.post(url("tariffs/preview/"), ENTRY))
    assert "SEK 261.50" in page.replace("SEK 261.5<", "SEK 261.50<")
    assert "15.000 kWh × SEK 3.20/kWh" in page


def test_the_preview_waits_while_nothing_can_be_read(fina_browser, url):
    page = text(fina_browser.post(url("tariffs/preview/"), {**ENTRY, "energy": "x"}))
    assert "as soon as the prices can be read" in page


def test_what_was_saved_comes_back_into_the_form(fina_browser, url, in_north):
    fina_browser.post(url("tariffs/new/"), {**ENTRY, "save": "1"})
    page = text(fina_browser.get(url(f"tariffs/{Tariff.objects.get().public_id}/edit/")))
    for shown in ('value="3.20"', 'value="1.90"', 'value="22:00"', 'value="0.50"', 'value="240"'):
        assert shown in page


def test_what_the_form_cannot_say_is_edited_as_json(fina_browser, url, tariff):
    season = factories.flat() | {}
    season["elements"][0]["restrictions"] = {"start_date": "2026-06-01"}
    services.save_draft(tariff, document=season)
    page = text(fina_browser.get(url(f"tariffs/{tariff.public_id}/edit/")))
    assert "start_date" in page


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("[" * 100_000, "nested more than 32 deep"),
        ('{"a":' * 3_000, "nested more than 32 deep"),
        ('{"elements": %s}' % ("9" * 5_000), "more than 40 digits"),
        (f'{{"note": {2**70}}}', "too large: 1180591620717411303424"),
        ('{"note": "a\x00b"}', "The text holds a sign that no text may hold (U+0000)."),
        (r'{"note": "a\u0000b"}', "note holds a sign that no text may hold (U+0000)"),
        (r'{"extra": [{"note": "\ud800"}]}', "extra[0].note holds a sign that no text may hold (U+D800)"),
        ("[]", "tariff must be an object, not []"),
        ("nothing", "This is not JSON: see line 1, column 1."),
        (
            '{"elements": [{"price_components": [{"type": "FLAT", "price": 1}], "restrictions": {"reservation": {}}}]}',
            "elements[0].restrictions.reservation must be RESERVATION or RESERVATION_EXPIRES, not {}",
        ),
    ],
    ids=lambda value: value[:20],
)
def test_a_document_beyond_all_bounds_is_told_where_it_is_wrong(fina_browser, url, tariff, sent, said):
    answer = fina_browser.post(url(f"tariffs/{tariff.public_id}/edit/?as=json"), {"document": sent})
    assert answer.status_code == 200
    assert said in html.unescape(text(answer))
    assert tariff.versions.count() == 1


@pytest.mark.parametrize("rows", ["²", "①", "1" * 5_000, "-1", "", "1e3", "١", "0x1", " 1"])
def test_a_number_of_rows_that_is_none_is_one_row_at_least(fina_browser, url, in_north, rows):
    for path in ("tariffs/new/", "tariffs/preview/"):
        assert fina_browser.post(url(path), {**ENTRY, "rows": rows}).status_code == 200


def test_json_that_cannot_be_priced_names_the_place(fina_browser, url, tariff):
    document = json.dumps({"id": "T", "currency": "SEK", "elements": [{"price_components": [{"type": "GAS"}]}]})
    page = text(fina_browser.post(url(f"tariffs/{tariff.public_id}/edit/?as=json"), {"document": document}))
    assert "elements[0].price_components[0].type" in page


def test_a_draft_is_published_from_a_moment_of_the_operators_clock(fina_browser, url, tariff):
    services.save_draft(tariff, document=factories.flat("3.00"))
    response = fina_browser.post(url(f"tariffs/{tariff.public_id}/publish/"), {"valid_from": "2027-01-01T00:00"})
    version = TariffVersion.objects.get(tariff=tariff, number=2)
    assert response.status_code == 302
    assert version.valid_from is not None
    assert version.valid_from.isoformat() == "2026-12-31T23:00:00+00:00"


def test_a_tariff_without_a_draft_has_nothing_to_publish(fina_browser, url, tariff):
    assert fina_browser.get(url(f"tariffs/{tariff.public_id}/publish/")).status_code == 404


def test_publishing_shows_remarks_first(fina_browser, url, tariff):
    gap = {"elements": [factories.DAY_NIGHT["elements"][1]]}
    services.save_draft(tariff, document=gap)
    page = text(fina_browser.get(url(f"tariffs/{tariff.public_id}/publish/")))
    assert "Energy has no price" in page


@pytest.mark.parametrize("target", ["everywhere", "site", "driver"])
def test_a_tariff_is_let_apply(fina_browser, url, tariff, danas_driver, target):
    site = Site.objects.create(name="Harbour")
    where = {"site": f"site:{site.public_id}"}.get(target, target)
    facts = {"where": where, "customer_number": danas_driver.customer_number, "valid_from": "2026-12-01"}
    fina_browser.post(url(f"tariffs/{tariff.public_id}/assign/"), facts)
    made = TariffAssignment.objects.order_by("-pk")[0]
    assert (made.site == site, made.driver == danas_driver) == (target == "site", target == "driver")
    assert made.valid_from.isoformat() == "2026-11-30T23:00:00+00:00"


def test_an_unknown_customer_is_named(fina_browser, url, tariff):
    facts = {"where": "driver", "customer_number": "none", "valid_from": "2026-12-01"}
    page = text(fina_browser.post(url(f"tariffs/{tariff.public_id}/assign/"), facts, follow=True))
    assert "No driver has this customer number" in page


def test_an_assignment_ends_now(fina_browser, url, tariff):
    assignment = tariff.assignments.get()
    fina_browser.post(url(f"tariffs/{tariff.public_id}/assignments/{assignment.public_id}/end/"))
    assignment.refresh_from_db()
    assert assignment.valid_until is not None
    assert assignment.valid_until <= timezone.now()


def test_who_may_only_read_is_offered_no_change(axel, sign_in, url, tariff):
    browser = sign_in(axel)
    assert "Change prices" not in text(browser.get(url(f"tariffs/{tariff.public_id}/")))
    assert browser.get(url("tariffs/new/")).status_code == 403
