"""A driver's history: month by month, and each session with its price explained."""

from datetime import timedelta
from decimal import Decimal

from billing.models import SessionPrice
from billing.tests import factories
from portal.tests import coins, meter
from portal.tests.reading import figures_of, stats_of, table_of
from tenants.scoping import tenant_scope


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_newest_month_is_shown_with_its_sums(danas_browser, url, hers):
    page = danas_browser.get(url())
    assert "October 2026" in text(page)
    assert stats_of(page) == {
        "Cost": "SEK 25.00", "Energy": "10.0 kWh", "Price per kWh": "SEK 2.50",
    }  # fmt: skip


def test_the_month_is_drawn_day_by_day(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        late = factories.OCTOBER + timedelta(days=2, hours=21, minutes=30)  # ends on the fourth, by the local clock
        factories.session(factories.connector(), hers.driver, start=late, energy_wh=2345)
        factories.rate_all()
    page = danas_browser.get(url("?month=2026-10"))
    energy, cost = figures_of(page, "Energy by day"), figures_of(page, "Cost by day")
    assert len(energy) == len(cost) == 31
    drawn = {day: figure for day, figure in energy.items() if figure[1]}
    assert drawn == {"2026-10-01": ("10.0", Decimal(10)), "2026-10-04": ("2.3", Decimal("2.345"))}
    paid = {day: figure for day, figure in cost.items() if figure[1]}
    assert set(paid) == {"2026-10-01", "2026-10-04"}
    assert paid["2026-10-01"] == ("25.00", Decimal(25))


def test_a_session_draws_the_power_of_its_readings(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        session = factories.session(factories.connector(), hers.driver, **meter.READ)
    page = danas_browser.get(url(f"sessions/{session.public_id}/"))
    assert figures_of(page, "Power") == meter.power_from(factories.OCTOBER)


def test_the_rows_of_a_price_add_up_also_where_each_needs_rounding(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        factories.tariff(coins.TARIFF, driver=hers.driver)
        session = factories.session(factories.connector(), hers.driver, kwh=coins.KWH)
        factories.rate_all()
    page = danas_browser.get(url(f"sessions/{session.public_id}/"))
    *rows, vat, total = table_of(page, "Price, step by step")
    assert sorted(row[-1] for row in rows) == sorted(coins.ROWS)
    assert (vat[-1], total[-1]) == (coins.VAT, coins.TOTAL)
    assert stats_of(page)["Cost"] == coins.TOTAL


def test_a_month_can_be_asked_for(danas_browser, url, hers):
    assert "No charging yet" in text(danas_browser.get(url("?month=2026-09")))
    assert "October 2026" in text(danas_browser.get(url("?month=nonsense")))


def test_a_session_belongs_to_the_month_it_ended_in(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        late = factories.OCTOBER + timedelta(days=30, hours=22, minutes=30)  # 23:30 local on the last of October
        factories.session(factories.connector(), hers.driver, start=late)
    assert "November 2026" in text(danas_browser.get(url()))
    assert 'href="?month=2026-10"' in text(danas_browser.get(url()))


def test_a_driver_sees_none_of_anothers_sessions(danas_browser, url, hers, anothers):
    page = text(danas_browser.get(url()))
    assert str(hers.session.public_id) in page
    assert str(anothers.session.public_id) not in page


def test_a_session_explains_its_price_by_the_clock_of_the_site(danas_browser, url, hers):
    page = danas_browser.get(url(f"sessions/{hers.session.public_id}/"))
    assert table_of(page, "Price, step by step") == [
        ["21:30", "Start fee", "", "SEK 6.25", "SEK 6.25"],
        ["21:30–22:00", "Energy", "5.000 kWh", "SEK 2.50/kWh", "SEK 12.50"],
        ["22:00–22:30", "Energy", "5.000 kWh", "SEK 1.25/kWh", "SEK 6.25"],
        ["Of which VAT", "SEK 5.00"],
        ["Total", "SEK 25.00"],
    ]


def test_a_session_shows_its_tariff_in_words_and_its_invoice(danas_browser, url, hers):
    page = text(danas_browser.get(url(f"sessions/{hers.session.public_id}/")))
    assert "06:00–22:00" in page
    assert url(f"invoices/{hers.invoice.public_id}/pdf/") in page


def test_a_session_under_review_says_so_and_has_no_price(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        held = factories.session(factories.connector(), hers.driver, review="pending")
    page = text(danas_browser.get(url(f"sessions/{held.public_id}/")))
    assert "We are checking this session" in page
    assert "How the price was worked out" not in page


def test_a_session_that_has_just_ended_says_what_it_comes_to(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        session = factories.session(factories.connector(), hers.driver)
    page = url(f"sessions/{session.public_id}/")
    assert "not final yet" in text(danas_browser.get(page))
    before = stats_of(danas_browser.get(page))["Cost"]
    with tenant_scope(north.pk):
        factories.rate_all()
    assert stats_of(danas_browser.get(page))["Cost"] == before != "–"
    assert "not final yet" not in text(danas_browser.get(page))


def test_a_session_that_was_written_off_says_that_nothing_is_to_pay(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        session = factories.session(factories.connector(), hers.driver, review="written_off")
    page = text(danas_browser.get(url(f"sessions/{session.public_id}/")))
    assert ("nothing to pay" in page, "not priced yet" in page) == (True, False)


def test_anothers_session_does_not_exist(danas_browser, url, hers, anothers):
    assert danas_browser.get(url(f"sessions/{anothers.session.public_id}/")).status_code == 404


def test_the_pages_ask_the_database_a_fixed_number_of_times(
    danas_browser, url, hers, north, django_assert_max_num_queries
):
    with tenant_scope(north.pk):
        connector = factories.connector()
        for hour in range(12):
            factories.session(connector, hers.driver, start=factories.OCTOBER + timedelta(hours=2 * hour))
    with django_assert_max_num_queries(21):  # one asks for charges that came late
        danas_browser.get(url("?month=2026-10"))
    with django_assert_max_num_queries(22):  # two tell what is taken off by agreement
        danas_browser.get(url(f"sessions/{hers.session.public_id}/"))


def test_staff_who_are_no_drivers_have_no_history(fina, sign_in, url, hers):
    assert sign_in(fina).get(url()).status_code == 403


def test_the_month_leads_to_its_invoice_and_has_its_price_beside_the_usual(danas_browser, url, hers, north):
    page = text(danas_browser.get(url()))
    assert f"Invoice {hers.invoice}" in page
    assert "Price per kWh" in page
    assert "usually" not in page
    with tenant_scope(north.pk):
        later = factories.session(hers.session.connector, hers.driver, start=factories.OCTOBER + timedelta(days=45))
        factories.rate_all()
        october = SessionPrice.objects.get(session=hers.session).amount_incl_vat
        november = SessionPrice.objects.get(session=later).amount_incl_vat
    page = danas_browser.get(url(), {"month": "2026-11"})
    assert page.context["per_kwh"] == round(november / 10, 2)
    assert page.context["usual"] == round(october / 10, 2)
    assert "usually" in text(page)
    assert text(page).index('class="items"') < text(page).index("data-chart")


def test_a_session_that_ended_in_the_next_month_says_why_it_stands_there(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        start = factories.OCTOBER + timedelta(days=31) - timedelta(minutes=90)  # 23:30 by the local clock
        factories.session(hers.session.connector, hers.driver, start=start)
    assert "so it is on this month" in text(danas_browser.get(url(), {"month": "2026-11"}))
