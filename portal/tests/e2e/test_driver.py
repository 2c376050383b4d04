"""A driver signs in, wants to know why a session cost what it did, and takes the invoice home."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from billing.services import run_steps, runs, tariffs
from charging.models import ChargingSession, Connector, Site, Station, Token
from portal.tests.e2e.conftest import PASSWORD, look
from tenants.models import ConsentEvent, User
from tenants.scoping import tenant_scope
from tenants.services.people import consents, drivers

DAY_AND_NIGHT = {
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 3.2, "vat": 25, "step_size": 1}],
            "restrictions": {"start_time": "06:00", "end_time": "22:00"},
        },
        {"price_components": [{"type": "ENERGY", "price": 2.4, "vat": 25, "step_size": 1}]},
    ]
}


@pytest.fixture
def month(operator):
    """The first instant of the last whole month, by the operator's clock."""
    today = datetime.now(UTC).astimezone(operator.zone)
    before = today.replace(day=1) - timedelta(days=1)
    return before.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def driver(operator, month):
    """A driver with one evening's charging of that month, billed."""
    user = User.objects.create_user(f"dana@{operator.slug}.example.com", PASSWORD, name="Dana")
    with tenant_scope(operator.pk):
        tariff = tariffs.create(name="Day and night", currency="SEK", document=DAY_AND_NIGHT)
        tariffs.publish(tariff.versions.get(), valid_from=month, by=None, at=month)
        tariffs.assign(tariff, valid_from=month)
        dana = drivers.create(customer_number="1001", name="Dana Driver", street="Storgatan 1", city="Umeå")
        drivers.link_user(dana, user=user)
        charge(dana, start=month.replace(day=10, hour=21))
        run = run_steps.draft_month(operator.pk, month.date(), by=None, clock=timezone.now)
        runs.issue(run, by=None, at=datetime.now(UTC))
    return user


def charge(driver, *, start):
    """Charge 10 kWh in two hours, half of it before ten in the evening."""
    site = Site.objects.create(name="Garage")
    station = Station.objects.create(site=site, identifier="G-01")
    connector = Connector.objects.create(station=station)
    ChargingSession.objects.create(
        source="test",
        external_id="A-1",
        site=site,
        station=station,
        connector=connector,
        token=Token.objects.create(uid="04A1B2C3", driver=driver),
        driver=driver,
        started_at=start,
        ended_at=start + timedelta(hours=2),
        energy_wh=10_000,
        series_start=start,
        series_interval_s=900,
        series_wh=[1250] * 8,
        state=ChargingSession.State.COMPLETED,
    )


def test_a_driver_reads_a_session_and_takes_the_invoice(page, operator, driver, month, sign_in_as):
    sign_in_as(driver)
    page.goto(f"/o/{operator.slug}/my/?month={month:%Y-%m}")
    look(page, "driver-history")
    page.get_by_role("link", name="Garage").first.click()
    expect(page.get_by_text("5.000 kWh").first).to_be_visible()
    # 5 kWh at 3.20 and 5 kWh at 2.40, plus 25 % VAT.
    expect(page.get_by_text("35.00").first).to_be_visible()
    look(page, "driver-session")
    page.goto(f"/o/{operator.slug}/my/invoices/")
    look(page, "driver-invoices")
    invoice = page.request.get(page.get_by_role("link", name="PDF").first.get_attribute("href"))
    assert invoice.headers["content-type"] == "application/pdf"
    assert invoice.body().startswith(b"%PDF-")


def test_a_driver_on_a_phone_gives_and_withdraws_consent(page, operator, driver, sign_in_as):
    with tenant_scope(operator.pk):
        consents.install_defaults(operator)
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in_as(driver)
    page.goto(f"/o/{operator.slug}/my/privacy/")
    page.get_by_role("button", name="Yes, I agree").first.click()
    look(page, "driver-privacy")
    page.get_by_role("button", name="Withdraw my consent").first.click()
    with tenant_scope(operator.pk):
        decisions = list(ConsentEvent.objects.order_by("id").values_list("decision", "channel"))
    assert decisions == [("given", "portal"), ("withdrawn", "portal")]


def test_a_driver_reports_a_card_lost_and_takes_the_last_pages_along(page, context, operator, driver, sign_in_as):
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in_as(driver)
    cards, history = f"/o/{operator.slug}/my/cards/", f"/o/{operator.slug}/my/"
    page.goto(cards)
    page.get_by_role("button", name="I have lost it").click()
    expect(page.get_by_text("no longer works")).to_be_visible()
    look(page, "driver-card-lost")
    page.get_by_role("button", name="I have found it").click()
    expect(page.get_by_text("works again")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto(history)
    page.goto(cards)
    context.set_offline(True)
    page.goto(history)
    expect(page.get_by_text("Garage").first).to_be_visible()
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.goto(f"/o/{operator.slug}/my/privacy/")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    context.set_offline(False)
    page.goto("/account/sign-in/")
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_timeout(500)
    assert page.evaluate("caches.keys()") == ["parts"]
