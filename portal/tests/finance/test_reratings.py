"""The pages of re-ratings: asked for, the figures before anything happens, carried out, and who may."""

from datetime import date
from typing import Any

import pytest

from billing.models import Invoice, InvoiceRun, Rerating, Tariff
from billing.services import tariffs
from billing.tests import factories
from tenants import work
from tenants.models import Account, Membership
from tenants.services.people import operators

FORM: dict[str, Any] = {"why": "tariff", "reason": "0", "since": "2026-10-01", "until": "2026-10-31", "payers": ""}


def text(response: Any) -> str:
    return str(response.content.decode().replace("\xa0", " "))


@pytest.fixture
def reason(fina_browser, url):
    """The first reason that the form offers."""
    page = text(fina_browser.get(url("reratings/new/")))
    return page.split('name="reason"')[1].split('<option value="')[1].split('"')[0]


@pytest.fixture
def corrected(issued: InvoiceRun, tariff: Tariff) -> Tariff:
    """The tariff whose price turned out to be wrong, with the right one published."""
    version = tariffs.save_draft(tariff, document=factories.flat("1.00"))
    tariffs.publish(version, valid_from=factories.OCTOBER, by=None, at=factories.NOVEMBER)
    return tariff


@pytest.fixture
def worked_off(north):
    def do() -> Rerating:
        while work.do_next(work.kind_named("rerating"), north.pk, clock=lambda: factories.NOVEMBER):
            pass
        return Rerating.objects.latest("pk")

    return do


@pytest.fixture
def asked(fina_browser, url, corrected, reason, after_october) -> Rerating:
    fina_browser.post(url("reratings/new/"), {**FORM, "reason": reason})
    return Rerating.objects.get()


def test_asked_for_it_is_worked_out_while_the_page_asks_for_itself(fina_browser, url, asked):
    page = text(fina_browser.get(url(f"reratings/{asked.public_id}/")))
    assert "Working it out" in page
    assert 'hx-trigger="every 2s"' in page
    assert "being worked out" in text(fina_browser.get(url("reratings/")))


def test_days_the_wrong_way_round_are_refused_in_words(fina_browser, url, corrected, reason, after_october):
    said = {**FORM, "reason": reason, "since": "2026-10-31", "until": "2026-10-01"}
    response = fina_browser.post(url("reratings/new/"), said)
    assert response.status_code == 400
    assert "It would end before it begins." in text(response)
    assert not Rerating.objects.exists()


def test_what_a_payer_gains_is_shown_before_anything_is_issued(fina_browser, url, asked, worked_off):
    row = worked_off()
    page = text(fina_browser.get(url(f"reratings/{row.public_id}/")))
    assert "Dana Driver" in page
    assert "SEK 56.25" in page  # credited
    assert "SEK 37.50" in page  # billed anew
    assert "−SEK 18.75" in page or "-SEK 18.75" in page
    assert "Cheaper sessions" in page
    assert "Dearer sessions" not in page
    assert "What changes of each session" in page
    assert Invoice.objects.count() == 1


def test_carried_out_it_shows_what_was_issued_and_each_names_the_other(fina_browser, url, asked, worked_off):
    row = worked_off()
    assert "SEK 37.50" in text(fina_browser.get(url(f"reratings/{row.public_id}/carry-out/")))
    page = text(fina_browser.post(url(f"reratings/{row.public_id}/carry-out/"), follow=True))
    assert "being made" in page
    worked_off()
    page = text(fina_browser.get(url(f"reratings/{row.public_id}/")))
    assert "What was issued" in page
    anew = Invoice.objects.get(replaces__isnull=False)
    assert f">{anew}<" in page
    assert "Bills anew what was re-rated of invoice F1" in text(fina_browser.get(url(f"invoices/{anew.public_id}/")))


def test_where_two_are_needed_it_waits_for_the_second(fina_browser, url, asked, worked_off, north):
    row = worked_off()
    operators.change(north, four_eyes=["issue_run"])
    Membership.objects.update(held_since=factories.EPOCH)
    page = text(fina_browser.get(url(f"reratings/{row.public_id}/carry-out/")))
    assert "This needs a second person" in page
    fina_browser.post(url(f"reratings/{row.public_id}/carry-out/"))
    assert "It waits for a second person" in text(fina_browser.get(url(f"reratings/{row.public_id}/")))
    assert Rerating.objects.get().stage == "ready"


def test_a_customer_number_that_nobody_has_is_named(fina_browser, url, corrected, reason):
    page = fina_browser.post(url("reratings/new/"), {**FORM, "reason": reason, "payers": "4711"})
    assert page.status_code == 400
    assert "No payer has the customer number 4711." in text(page)
    own = Account.objects.exclude(customer_number="").earliest("pk")
    fina_browser.post(url("reratings/new/"), {**FORM, "reason": reason, "payers": own.customer_number})
    assert Rerating.objects.get().accounts == [own.pk]


def test_days_the_wrong_way_round_are_said_on_the_form(fina_browser, url, corrected, reason):
    page = fina_browser.post(url("reratings/new/"), {**FORM, "reason": reason, "until": str(date(2026, 9, 1))})
    assert page.status_code == 400
    assert not Rerating.objects.exists()
