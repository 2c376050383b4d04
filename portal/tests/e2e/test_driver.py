"""A driver signs in, wants to know why a session cost what it did, and takes the invoice home."""

from playwright.sync_api import expect

from portal.tests.e2e.conftest import look
from tenants.models import ConsentEvent
from tenants.scoping import tenant_scope
from tenants.services.people import consents


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
