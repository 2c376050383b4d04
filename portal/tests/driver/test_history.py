"""A driver's history: month by month, and each session with its price explained."""

from datetime import timedelta

from billing.tests import factories
from tenants.scoping import tenant_scope


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_newest_month_is_shown_with_its_sums(danas_browser, url, hers):
    page = text(danas_browser.get(url()))
    assert "October 2026" in page
    assert "10.0 kWh" in page
    assert "SEK 25.00" in page


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
    page = text(danas_browser.get(url(f"sessions/{hers.session.public_id}/")))
    assert "21:30–22:00" in page
    assert "5.000 kWh" in page
    assert "SEK 2.50/kWh" in page
    assert "22:00–22:30" in page
    assert "SEK 1.25/kWh" in page
    assert "SEK 25.00" in page


def test_a_session_shows_its_tariff_in_words_and_its_invoice(danas_browser, url, hers):
    page = text(danas_browser.get(url(f"sessions/{hers.session.public_id}/")))
    assert "06:00–22:00" in page
    assert url(f"invoices/{hers.invoice.public_id}/pdf/") in page


def test_a_session_under_review_says_so_and_has_no_price(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        held = factories.session(factories.connector(), hers.driver, review="pending")
    page = text(danas_browser.get(url(f"sessions/{held.public_id}/")))
    assert "We are checking this session" in page
    assert "How the price came about" not in page


def test_anothers_session_does_not_exist(danas_browser, url, hers, anothers):
    assert danas_browser.get(url(f"sessions/{anothers.session.public_id}/")).status_code == 404


def test_the_pages_ask_the_database_a_fixed_number_of_times(
    danas_browser, url, hers, north, django_assert_max_num_queries
):
    with tenant_scope(north.pk):
        connector = factories.connector()
        for hour in range(12):
            factories.session(connector, hers.driver, start=factories.OCTOBER + timedelta(hours=2 * hour))
    with django_assert_max_num_queries(16):
        danas_browser.get(url("?month=2026-10"))
    with django_assert_max_num_queries(20):
        danas_browser.get(url(f"sessions/{hers.session.public_id}/"))


def test_staff_who_are_no_drivers_have_no_history(fina, sign_in, url, hers):
    assert sign_in(fina).get(url()).status_code == 403
