"""What waits for a person: the review with its money, differences side by side, a merged card, on desktop and phone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from billing.tests import factories
from charging.models import ChargingSession, Correction, FileImport, Token
from charging.selectors import numbers
from portal.tests.e2e.conftest import look
from portal.tests.e2e.test_every_page import faults
from tenants.scoping import tenant_scope


@pytest.fixture
def waiting(operator):
    """Sessions under review and without a payer, two that a file says otherwise, and a card that is another one."""
    start = timezone.now() - timedelta(days=3)
    with tenant_scope(operator.pk):
        outlet, dana = factories.connector(), factories.driver("Dana Driver", customer_number="1001")
        factories.tariff(factories.DAY_NIGHT)
        card = Token.objects.create(uid="04A2B9C1D2E380", visual_number="NL-1001", driver=dana)
        Token.objects.create(uid="04FFEEDDCCBBAA", visual_number="NL-9")
        factories.session(outlet, dana, external_id="FIRST", start=start, token=card)
        factories.session(outlet, dana, external_id="SECOND", start=start, review="pending", flags=["overlap"])
        factories.session(outlet, dana, external_id="LONG", start=start, review="pending", flags=["very_long"])
        said = [
            factories.session(outlet, dana, external_id=f"SAID-{n}", start=start + timedelta(hours=2 * n))
            for n in (1, 2)
        ]
        factories.session(outlet, None, external_id="NOBODY", start=start + timedelta(hours=9))
        file = FileImport.objects.create(file_name="march-corrected.csv", source="test", state="done", rejected=2)
        for line, row in enumerate(said, start=2):
            Correction.objects.create(session=row, file_import=file, line_number=line, said={"energy_wh": 8250})
        factories.rate_all()
    return operator


def test_decisions_are_made_many_at_once(page, waiting, person, sign_in_as):
    sign_in_as(person("operations"))
    base = f"/o/{waiting.slug}"
    for address in ("/review/", "/review/?flag=nobody", "/review/differences/"):
        assert faults(page, f"{base}{address}") == []
    page.set_viewport_size({"width": 1280, "height": 900})
    bill_the_energy_alone(page, base)
    give_to_a_driver(page, base)
    take_over(page, base)
    merge_a_card(page, base)
    with tenant_scope(waiting.pk):
        found = dict(ChargingSession.objects.values_list("external_id", "review"))
        assert (found["SECOND"], found["LONG"]) == ("energy_only", "energy_only")
        assert ChargingSession.objects.get(external_id="NOBODY").driver.customer_number == "1001"
        assert set(
            ChargingSession.objects.filter(external_id__startswith="SAID").values_list("energy_wh", flat=True)
        ) == {8250}
        assert Token.objects.get(numbers.printed_as("NL-9")).merged_into.visual_number == "NL-1001"


def bill_the_energy_alone(page, base):
    page.goto(f"{base}/review/")
    expect(page.get_by_role("link", name="the other one: FIRST")).to_be_visible()
    look(page, "review")
    assert page.get_by_role("button", name="Bill the energy alone").is_disabled()
    page.get_by_label("Choose all on this page").check()
    page.get_by_label("Reason").fill("the cable was blocked")
    page.get_by_role("button", name="Bill the energy alone").click()
    expect(page.get_by_text("2 sessions are billed for their energy alone.")).to_be_visible()


def give_to_a_driver(page, base):
    page.goto(f"{base}/review/?flag=nobody")
    look(page, "review-nobody")
    page.get_by_label("Choose session NOBODY").check()
    page.get_by_label("Reason").fill("her car")
    page.get_by_label("Driver or card").fill("Dana")
    page.get_by_role("button", name="Give to the driver").click()
    expect(page.get_by_text("1 session has its payer.")).to_be_visible()


def take_over(page, base):
    page.goto(f"{base}/review/differences/")
    look(page, "differences")
    page.get_by_label("Choose all on this page").check()
    page.get_by_label("Reason").fill("the meter was read again")
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_text("2 rows were taken over.")).to_be_visible()
    page.goto(f"{base}/sessions/?q=SAID-1&period=all")
    page.locator("a.row-link").first.click()
    expect(page.get_by_text("the meter was read again").first).to_be_visible()
    look(page, "session-corrected")


def merge_a_card(page, base):
    page.goto(f"{base}/cards/?q=NL-9")
    page.get_by_role("link", name="NL-9").first.click()
    page.get_by_text("It is the same as another one").click()
    page.get_by_label("It is really").fill("NL-1001")
    page.get_by_label("Reason").fill("read by two readers")
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("NL-9 is NL-1001 from now on.")).to_be_visible()
    look(page, "card-merged")
