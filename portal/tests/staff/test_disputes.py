"""Disputes on the pages: raised by a driver, listed and answered by staff, read by who raised it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail

from billing.models import Dispute, Invoice
from billing.selectors.credits import Asked
from billing.services import credit_notes
from billing.tests import factories
from charging.models import ChargingSession

FORM = {"about": "energy", "text": "It was five kWh."}


def text(response):
    return response.content.decode().replace("\xa0", " ")


@pytest.fixture
def staff(north):
    return lambda path: f"/o/{north.slug}/{path}"


@pytest.fixture
def fina_browser(fina, sign_in):
    return sign_in(fina)


@pytest.fixture
def invoice(danas_driver, in_north):
    """Two of Dana's sessions on an issued invoice."""
    factories.tariff(factories.DAY_NIGHT, name="Day and night")
    for day in (1, 2):
        factories.session(factories.connector(), danas_driver, start=factories.OCTOBER + timedelta(days=day))
    return Invoice.objects.get(run=factories.issued())


@pytest.fixture
def after_october(monkeypatch):
    """Let the pages' clock show the second of November 2026."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: factories.NOVEMBER)


@pytest.fixture
def dana_browser(dana, sign_in):
    return sign_in(dana)


@pytest.fixture
def raised(dana_browser, north, invoice, after_october):
    session = ChargingSession.objects.earliest("pk")
    dana_browser.post(f"/o/{north.slug}/my/sessions/{session.public_id}/dispute/", FORM)
    return Dispute.objects.get()


def test_a_driver_says_what_is_wrong_and_sees_that_it_waits(dana_browser, north, raised):
    session = raised.session
    page = text(dana_browser.get(f"/o/{north.slug}/my/sessions/{session.public_id}/"))
    assert "It was five kWh." in page
    assert "You get an answer by" in page
    assert "Say what it is" not in page
    assert "disputed" in text(dana_browser.get(f"/o/{north.slug}/my/invoices/"))


def test_staff_see_the_evidence_and_the_days_left(fina_browser, staff, raised, north):
    assert "14 days left" in text(fina_browser.get(staff("disputes/")))
    page = text(fina_browser.get(staff(f"disputes/{raised.public_id}/")))
    assert "It was five kWh." in page
    assert raised.session.external_id in page
    assert "Day and night" in page  # the tariff that priced it
    assert (
        "disputed"
        in text(fina_browser.get(f"/o/{north.slug}/finance/invoices/{Invoice.objects.get().public_id}/")).lower()
    )


def test_it_is_answered_by_a_letter_once_something_was_credited(fina_browser, staff, raised, dana_browser, north, fina):
    answer = {"state": "granted", "text": "You get five kronor back."}
    refused = fina_browser.post(staff(f"disputes/{raised.public_id}/answer/"), answer)
    assert refused.status_code == 400
    assert "Credit what is wrong first" in text(refused)
    invoice = Invoice.objects.get()
    first = invoice.lines.filter(session=raised.session).earliest("position").position
    some = Asked({first: Decimal(1)})
    credit_notes.credit(invoice, reason="Fel", by=fina, at=factories.NOVEMBER, asked=some)
    done = fina_browser.post(staff(f"disputes/{raised.public_id}/answer/"), answer)
    assert done.status_code == 302
    assert "You get five kronor back." in text(dana_browser.get(f"/o/{north.slug}/my/disputes/"))
    assert "granted" in text(fina_browser.get(staff("disputes/?state=closed")))


def test_a_driver_takes_it_back(dana_browser, north, raised):
    dana_browser.post(f"/o/{north.slug}/my/disputes/{raised.public_id}/withdraw/")
    assert Dispute.objects.get().state == "withdrawn"


def test_somebody_elses_session_is_no_session(dana_browser, north, in_north):
    other = factories.session(factories.connector(), factories.driver("Somebody Else"))
    answer = dana_browser.post(f"/o/{north.slug}/my/sessions/{other.public_id}/dispute/", FORM)
    assert answer.status_code == 404
    assert not Dispute.objects.exists()
    assert mail.outbox == []
