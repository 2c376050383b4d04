"""From a file to an invoice: operations imports, finance makes a tariff, bills the month, issues and downloads."""

import csv
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from billing.models import Invoice
from charging.models import ChargingSession
from portal.tests.e2e.conftest import look
from portal.tests.e2e.test_every_page import OVERFLOW
from tenants.scoping import tenant_scope

HEADER = "Session;Site;Station;Connector;Card;Start;End;Energy kWh"


@pytest.fixture
def month():
    """The last whole month."""
    return (datetime.now(UTC).replace(day=1) - timedelta(days=1)).date().replace(day=1)


@pytest.fixture
def sessions_file(tmp_path, month):
    """Two nights of a resident, a session without an end, and one by a guest."""
    rows = [
        f"A-1;Garage;G-01;1;04A1B2C3;{month:%Y-%m}-05 20:00;{month:%Y-%m}-05 23:00;12,000",
        f"A-2;Garage;G-01;1;04A1B2C3;{month:%Y-%m}-06 06:00;{month:%Y-%m}-06 07:00;5,500",
        f"A-3;Garage;G-02;1;04A1B2C3;{month:%Y-%m}-15 20:00;;4,000",
        f"A-4;Garage;G-02;1;04FFEEDD;{month:%Y-%m}-17 12:00;{month:%Y-%m}-17 13:00;7,250",
    ]
    path = tmp_path / "garage.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_month_from_the_file_to_the_accountant(page, operator, person, sign_in_as, sessions_file, month):
    import_the_file(sign_in_as(person("operations")), operator, sessions_file)
    page.context.clear_cookies()
    finance = sign_in_as(person("finance"))
    make_a_tariff(finance, operator, month)
    bill(finance, operator)
    download(finance, operator)


def import_the_file(page, operator, path):
    page.goto(f"/o/{operator.slug}/imports/new/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_label("Time zone").first.select_option("Europe/Stockholm")
    page.get_by_label("driver for each").check()
    page.get_by_role("button", name="Import the file").click()
    expect(page.get_by_text("Nothing is imported yet")).to_be_visible(timeout=30_000)
    for kind in page.locator("input[name=creates]").all():
        kind.check()
    look(page, "import-look")
    page.get_by_role("button", name="Import the file").click()
    expect(page.get_by_role("heading", name="garage.csv")).to_be_visible()
    expect(page.get_by_text("has no end").first).to_be_visible(timeout=90_000)
    look(page, "import-result")
    with page.expect_download() as rejected:
        page.get_by_role("link", name="Download").first.click()
    assert "A-3" in rejected.value.path().read_text(encoding="utf-8-sig")
    with tenant_scope(operator.pk):
        assert ChargingSession.objects.count() == 3


def test_rejected_rows_are_mended_in_the_page(page, operator, person, sign_in_as, month, tmp_path):
    """A file made of the template: one row by a wrong name in two places, and one without an end."""
    page = sign_in_as(person("operations"))
    page.goto(f"/o/{operator.slug}/imports/new/")
    expect(page.get_by_role("heading", name="Columns that help")).to_be_visible()
    look(page, "import-new")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Template, CSV").click()
    headings = taken.value.path().read_text(encoding="utf-8-sig").strip()
    assert headings.startswith("Session id,Start (Europe/")
    whole = [
        f"B-{day},{month:%Y-%m}-{day:02} 20:00,{month:%Y-%m}-{day:02} 21:00,5.5,Depot,D-1,1,04AA" for day in (1, 2)
    ]
    faulty = [row.replace("B-", "C-").replace(" 20:", " 22:").replace(" 21:", " 23:") for row in whole]
    wrong = [
        *(row.replace("D-1", "DD-1") for row in faulty),
        whole[0].replace("B-1", "E-1").replace(" 21:00", " 19:00"),
    ]
    for name, rows in (("whole.csv", whole), ("wrong.csv", wrong)):
        path = tmp_path / name
        path.write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
        bring_in(page, operator, path, adds=name == "whole.csv")
    page.get_by_role("link", name="2", exact=True).click()
    station = page.get_by_label("Station", exact=True)
    expect(station).to_be_focused()
    expect(page.get_by_text("not known").first).to_be_visible()
    look(page, "import-mend")
    clean(page)
    station.fill("D-1")
    page.get_by_label("1 more row").check()
    page.get_by_role("button", name="Correct and import").click()
    expect(page.get_by_text("2 rows were imported.")).to_be_visible()
    page.get_by_role("link", name="4", exact=True).click()
    page.get_by_role("button", name="Leave it out").click()
    expect(page.get_by_text("1 row stays out.")).to_be_visible()
    page.get_by_role("link", name="Settled").click()
    look(page, "import-settled")
    clean(page)
    with tenant_scope(operator.pk):
        assert ChargingSession.objects.filter(station__identifier="D-1").count() == 4


def clean(page):
    """Axe finds nothing in either theme, on a desk or a phone, and nothing runs off the screen."""
    size = page.viewport_size
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert page.evaluate(OVERFLOW) <= 0, (page.url, width)
            assert [found["id"] for found in Axe().run(page).response["violations"]] == []
            look(page, f"{page.url.rstrip('/').rsplit('/')[-1].partition('?')[0]}-{width}-{scheme}")
    page.set_viewport_size(size)


def bring_in(page, operator, path, *, adds):
    page.goto(f"/o/{operator.slug}/imports/new/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", name="New in this file")).to_be_visible(timeout=60_000)
    for kind in page.locator("input[name=creates]").all() if adds else ():
        kind.check()
    page.get_by_role("button", name="Import the file").click()
    result = page.get_by_role("heading", name="Added by this import" if adds else "Rejected rows")
    expect(result).to_be_visible(timeout=90_000)


def make_a_tariff(page, operator, month):
    page.goto(f"/o/{operator.slug}/finance/tariffs/new/")
    page.get_by_label("Name").fill("Day and night")
    page.get_by_label("VAT", exact=True).fill("25")
    page.get_by_label("Price", exact=True).fill("3.00")
    page.get_by_role("button", name="Night").click()
    expect(page.get_by_label("From", exact=True)).to_have_count(2)
    page.get_by_label("Price", exact=True).first.fill("2.00")
    expect(page.get_by_text("Applies every day 00:00–06:00, 22:00–24:00.")).to_be_visible()
    look(page, "tariff-form")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("link", name="Publish").first.click()
    page.get_by_label("Valid from").fill(f"{month:%Y-%m-01}T00:00")
    page.get_by_role("button", name="Publish").click()
    page.get_by_label("everywhere").check()
    page.get_by_label("From").last.fill(f"{month:%Y-%m-01}")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("Everywhere").first).to_be_visible()
    look(page, "tariff")


def bill(page, operator):
    page.goto(f"/o/{operator.slug}/finance/runs/")
    page.get_by_role("button", name="Draft the invoices").click()
    look(page, "run-drafting")
    issue = page.get_by_role("link", name="Issue")
    expect(issue).to_be_visible(timeout=60_000)
    look(page, "run-ready")
    issue.click()
    page.get_by_role("button", name="Issue 2 invoices").click()
    expect(page.get_by_role("link", name="Downloads").last).to_be_visible(timeout=90_000)
    look(page, "run-issued")
    with tenant_scope(operator.pk):
        issued = Invoice.objects.filter(state="issued").order_by("number")
        assert [invoice.number for invoice in issued] == [1, 2]
        # Including VAT: 8 kWh by day and 4 by night, and 5.5 the next morning; the guest 7.25 by day.
        assert sorted(invoice.amount_due for invoice in issued) == [Decimal("21.75"), Decimal("48.50")]


def download(page, operator):
    page.goto(f"/o/{operator.slug}/finance/downloads/?month={datetime.now(operator.zone):%Y-%m}")
    page.get_by_role("button", name="Invoices: CSV").click()
    table = page.get_by_role("link", name="Invoices, CSV")
    expect(table).to_be_visible(timeout=60_000)
    with page.expect_download() as invoices:
        table.click()
    with invoices.value.path().open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == 3
    page.get_by_role("button", name="PDFs, ZIP: Make the file").click()
    ready = page.get_by_role("link", name="PDFs, ZIP")
    expect(ready).to_be_visible(timeout=60_000)
    look(page, "downloads")
    with page.expect_download() as archive:
        ready.click()
    assert len(zipfile.ZipFile(archive.value.path()).namelist()) == 2
