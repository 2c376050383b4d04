"""The tariff pages: the shelf, the form, its preview, publishing, assignments."""

import html
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.services import tariffs as services
from billing.tests import factories
from charging.models import Site
from portal.tests.reading import read
from portal.web.finance.tariffs.form import MOST_ROWS
from tenants.scoping import tenant_scope

ENTRY = {
    "name": "Nights are cheap",
    "currency": "SEK",
    "with_vat": "1",
    "vat": "25",
    "rows": "4",
    "row0-what": "ENERGY",
    "row0-start": "22:00",
    "row0-end": "06:00",
    "row0-price": "1.90",
    "row1-what": "ENERGY",
    "row1-price": "3,20",
    "row2-what": "FLAT",
    "row2-price": "5",
    "row3-what": "PARKING_TIME",
    "row3-price": "0,50",
    "row3-after": "240",
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


def test_a_tariff_that_applies_nowhere_is_archived_and_listed_apart(fina_browser, url, tariff):
    old = services.create(name="Summer 2019", currency="SEK", document=factories.flat("3.00"))
    page = text(fina_browser.post(url(f"tariffs/{tariff.public_id}/archive/"), follow=True))
    assert "The tariff is still assigned. End its assignments first." in page
    assert "Archive this tariff?" not in page
    assert "Archive this tariff?" in text(fina_browser.get(url(f"tariffs/{old.public_id}/")))
    page = text(fina_browser.post(url(f"tariffs/{old.public_id}/archive/"), follow=True))
    assert "Put it back on the list" in page
    assert 'id="assign"' not in page
    assert "Summer 2019" not in text(fina_browser.get(url("tariffs/")))
    alone = text(fina_browser.get(url("tariffs/?archived=only")))
    assert "Summer 2019" in alone
    assert tariff.name not in alone
    assert tariff.name in text(fina_browser.get(url("tariffs/?archived=all")))
    fina_browser.post(url(f"tariffs/{old.public_id}/restore/"))
    assert "Summer 2019" in text(fina_browser.get(url("tariffs/")))


def test_of_archived_tariffs_alone_the_list_says_that_there_are_some(fina_browser, url, north):
    assert "No tariffs yet" in text(fina_browser.get(url("tariffs/")))
    with tenant_scope(north.pk):
        old = services.create(name="Old", currency="SEK", document=factories.flat("3.00"))
        services.archive(old, at=timezone.now())
    page = text(fina_browser.get(url("tariffs/")))
    assert "No tariffs yet" not in page
    assert "Show all tariffs" in page


def test_publishing_says_where_a_rate_of_vat_is_not_the_standard_one(fina_browser, url, tariff):
    Site.objects.create(name="Tornio", time_zone="Europe/Helsinki", country="FI")
    services.save_draft(tariff, document=tariff.versions.get().document)
    page = text(fina_browser.get(url(f"tariffs/{tariff.public_id}/publish/")))
    assert "Energy is priced with 25% VAT, but the tariff applies in Finland" in page
    assert "where the standard rate has been 25.5% since 2024-09-01." in page
    assert "It applies in Sweden" not in page


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
    assert Decimal(document["elements"][0]["price_components"][0]["price"]) == Decimal("1.90")


def test_comma_and_point_mean_the_same(fina_browser, url, in_north):
    fina_browser.post(url("tariffs/new/"), {**ENTRY, "save": "1"})
    base = Tariff.objects.get().versions.get().document["elements"][1]["price_components"]
    assert Decimal(next(part["price"] for part in base if part["type"] == "ENERGY")) == Decimal("3.20")


def test_an_amount_that_could_be_two_is_refused(fina_browser, url, in_north):
    page = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "row1-price": "1,234.50", "save": "1"}))
    assert "one decimal sign" in page
    assert not Tariff.objects.exists()


def test_a_name_is_taken_once(fina_browser, url, tariff):
    page = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "name": tariff.name, "save": "1"}))
    assert "already a tariff called" in page


def test_a_tariff_without_any_price_is_refused(fina_browser, url, in_north):
    page = text(fina_browser.post(url("tariffs/new/"), {**ENTRY, "rows": "0", "save": "1"}))
    assert "needs at least one price" in page


def prices(page):
    """The values of the price fields, in their order."""
    return [field.attributes.get("value", "") for field in page.find("input") if "-price" in field.attributes["name"]]


@pytest.mark.parametrize(
    ("button", "left"),
    [
        ({"add": "weekend"}, ["1.90", "", "3,20", "5", "0,50"]),
        ({"add": "fee"}, ["1.90", "3,20", "5", "0,50", ""]),
        ({"remove": "0"}, ["3,20", "5", "0,50"]),
        ({"move": "1:0"}, ["3,20", "1.90", "5", "0,50"]),
        ({"move": "0:3"}, ["3,20", "5", "0,50", "1.90"]),
        ({"move": "0:9"}, ["1.90", "3,20", "5", "0,50"]),
        ({"move": "x"}, ["1.90", "3,20", "5", "0,50"]),
        ({"remove": "77"}, ["1.90", "3,20", "5", "0,50"]),
    ],
)
def test_rows_are_arranged_without_losing_what_was_entered(fina_browser, url, button, left):
    page = read(fina_browser.post(url("tariffs/new/"), {**ENTRY, **button}))
    assert prices(page) == left


def test_more_rows_than_there_may_be_are_not_added(fina_browser, url):
    page = read(fina_browser.post(url("tariffs/new/"), {**ENTRY, "rows": "999999", "add": "fee"}))
    assert len(prices(page)) == MOST_ROWS


def test_midnight_ends_a_day_as_24_00(fina_browser, url, in_north):
    entry = {**ENTRY, "row0-start": "06:00", "row0-end": "24:00"}
    fina_browser.post(url("tariffs/new/"), {**entry, "save": "1"})
    made = Tariff.objects.get()
    assert made.versions.get().document["elements"][0]["restrictions"] == {"start_time": "06:00", "end_time": "00:00"}
    assert 'value="24:00"' in text(fina_browser.get(url(f"tariffs/{made.public_id}/edit/")))


def test_what_cannot_be_read_is_named_where_the_price_would_stand(fina_browser, url):
    page = text(fina_browser.post(url("tariffs/preview/"), {**ENTRY, "row0-end": "25:00", "row3-price": "x"}))
    assert '<a href="#id_row0-end">Price 1, To</a>' in page
    assert '<a href="#id_row3-price">Price 4, Price</a>' in page
    assert "Write it as 06:30 or 24:00" in page


def test_each_row_says_when_it_counts(fina_browser, url):
    page = text(fina_browser.post(url("tariffs/preview/"), ENTRY))
    assert "Applies every day 00:00–06:00, 22:00–24:00." in page
    assert "Where price 1 applies too, that one comes first." in page
    buried = {**ENTRY, "rows": "2", "row0-start": "", "row0-end": "", "row1-start": "22:00", "row1-end": "06:00"}
    page = text(fina_browser.post(url("tariffs/preview/"), buried))
    assert "Never applies: price 1 above always comes first." in page


def test_sessions_are_priced_by_the_prices_in_force_and_by_the_new_ones(fina_browser, url, tariff):
    """30 kWh from 20:00 on: 15 by day, 15 at night; parking 6 hours at 0.75 a minute, since the prices in force do."""
    page = text(fina_browser.post(url("tariffs/preview/"), {**ENTRY, "tariff": str(tariff.public_id)}))
    own = page[page.index("Your own") :]
    assert "SEK 332.50" in own
    assert "SEK 261.50" in own
    assert "-21.4%" in own.replace("\N{MINUS SIGN}", "-")


def test_the_preview_prices_the_example_by_the_kernel(fina_browser, url):
    page = text(fina_browser.post(url("tariffs/preview/"), ENTRY))
    assert "SEK 261.50" in page.replace("SEK 261.5<", "SEK 261.50<")
    assert "15.000 kWh × SEK 3.20/kWh" in page


def test_the_preview_waits_while_nothing_can_be_read(fina_browser, url):
    page = text(fina_browser.post(url("tariffs/preview/"), {**ENTRY, "row1-price": "x"}))
    assert "as soon as this can be read" in page


def test_what_was_saved_comes_back_into_the_form(fina_browser, url, in_north):
    fina_browser.post(url("tariffs/new/"), {**ENTRY, "save": "1"})
    page = text(fina_browser.get(url(f"tariffs/{Tariff.objects.get().public_id}/edit/")))
    for shown in ('value="3.20"', 'value="1.90"', 'value="22:00"', 'value="0.50"', 'value="240"'):
        assert shown in page


def test_what_no_row_can_say_is_a_named_row_that_stays(fina_browser, url, tariff):
    odd = {"elements": [factories.flat()["elements"][0] | {"colour": "green"}]}
    services.save_draft(tariff, document=odd)
    address = url(f"tariffs/{tariff.public_id}/edit/")
    page = read(fina_browser.get(address))
    assert "Energy 2.00/kWh" in page.text
    sent = {
        field.attributes["name"]: field.attributes.get("value", "")
        for field in page.find("input")
        if field.attributes.get("type") not in ("submit", "checkbox") and "name" in field.attributes
    }
    sent |= {"currency": "SEK", "with_vat": "1", "save": "1"}
    assert fina_browser.post(address, sent).status_code == 302
    assert tariff.versions.get(published_at=None).document["elements"] == odd["elements"]


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


def test_a_draft_that_was_changed_after_it_was_shown_is_not_published(fina_browser, url, tariff):
    draft = services.save_draft(tariff, document=factories.flat("3.00"))
    address = url(f"tariffs/{tariff.public_id}/publish/")
    facts = {"valid_from": "2027-01-01T00:00", "draft": draft.document_sha256}
    assert f'value="{draft.document_sha256}"' in fina_browser.get(address).content.decode()
    changed = services.save_draft(tariff, document=factories.flat("30.00"))
    page = fina_browser.post(address, facts)
    assert "The draft was changed meanwhile." in text(page)
    assert f'value="{changed.document_sha256}"' in page.content.decode()
    assert TariffVersion.objects.get(pk=draft.pk).published_at is None
    assert fina_browser.post(address, {**facts, "draft": changed.document_sha256}).status_code == 302


def test_a_tariff_without_a_draft_has_nothing_to_publish(fina_browser, url, tariff):
    assert fina_browser.get(url(f"tariffs/{tariff.public_id}/publish/")).status_code == 404


def test_publishing_shows_remarks_first(fina_browser, url, tariff):
    gap = {"elements": [factories.DAY_NIGHT["elements"][1]]}
    services.save_draft(tariff, document=gap)
    page = text(fina_browser.get(url(f"tariffs/{tariff.public_id}/publish/")))
    assert "Energy has no price" in page


def test_a_tariff_is_let_apply_at_several_places_at_once(fina_browser, url, tariff, danas_driver):
    sites = [Site.objects.create(name=name) for name in ("Harbour", "Square")]
    facts = {
        "where": [f"site:{site.public_id}" for site in sites],
        "customer_numbers": f"{danas_driver.customer_number},",
        "valid_from": "2026-12-01",
    }
    page = text(fina_browser.post(url(f"tariffs/{tariff.public_id}/assign/"), facts, follow=True))
    assert "at 3 places" in page
    made = TariffAssignment.objects.order_by("-pk")[:3]
    assert [(one.driver, one.site) for one in made] == [(danas_driver, None), (None, sites[1]), (None, sites[0])]
    assert {one.valid_from.isoformat() for one in made} == {"2026-11-30T23:00:00+00:00"}


def test_nothing_is_chosen_beforehand_and_nothing_applies_nowhere(fina_browser, url, tariff):
    page = read(fina_browser.get(url(f"tariffs/{tariff.public_id}/")))
    boxes = [box for box in page.find("input") if box.attributes.get("name") == "where"]
    assert boxes
    assert not [box for box in boxes if "checked" in box.attributes]
    refused = text(fina_browser.post(url(f"tariffs/{tariff.public_id}/assign/"), {"valid_from": "2026-12-01"}))
    assert "Choose where it applies." in refused
    assert tariff.assignments.count() == 1


def test_it_begins_when_the_tariff_does_and_not_before(fina_browser, url, in_north):
    made = services.create(name="Later", currency="SEK", document=factories.flat())
    begins = datetime(2027, 2, 1, 11, tzinfo=UTC)
    services.publish(made.versions.get(), valid_from=begins, by=None, at=timezone.now())
    address = url(f"tariffs/{made.public_id}/")
    assert 'value="2027-02-01"' in text(fina_browser.get(address))
    early = {"where": ["everywhere"], "valid_from": "2027-01-31"}
    assert "The tariff has prices from" in text(fina_browser.post(f"{address}assign/", early))
    fina_browser.post(f"{address}assign/", early | {"valid_from": "2027-02-01"})
    assert made.assignments.get().valid_from == begins


def test_an_unknown_customer_is_named(fina_browser, url, tariff):
    facts = {"customer_numbers": "none", "valid_from": "2026-12-01"}
    page = text(fina_browser.post(url(f"tariffs/{tariff.public_id}/assign/"), facts))
    assert "No customer has the number none." in page


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
