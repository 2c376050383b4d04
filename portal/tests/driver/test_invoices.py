"""A driver's own invoices."""

import pytest

from billing.models import DocumentOpening, Invoice
from billing.selectors import openings
from billing.services import credit_notes
from billing.tests import factories
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_list_shows_the_drivers_own_alone(danas_browser, url, hers, anothers):
    page = text(danas_browser.get(url("invoices/")))
    assert str(hers.invoice) in page
    assert str(anothers.invoice.public_id) not in page


def test_the_pdf_is_the_drivers_own(danas_browser, url, hers, north):
    response = danas_browser.get(url(f"invoices/{hers.invoice.public_id}/pdf/"))
    assert response.content.startswith(b"%PDF")
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="invoice.downloaded", object_id=hers.invoice.pk).exists()


def test_that_it_was_opened_is_kept_once_and_of_the_first_time(danas_browser, url, hers, anothers, north):
    address = url(f"invoices/{hers.invoice.public_id}/pdf/")
    danas_browser.get(url("invoices/"))
    with tenant_scope(north.pk):
        assert not DocumentOpening.objects.exists(), "a list is not the document"
    danas_browser.get(address)
    with tenant_scope(north.pk):
        first = DocumentOpening.objects.get()
    danas_browser.get(address)
    with tenant_scope(north.pk):
        assert DocumentOpening.objects.get().opened_at == first.opened_at
        assert (first.invoice_id, openings.first(anothers.invoice)) == (hers.invoice.pk, None)


def test_anothers_invoice_does_not_exist(danas_browser, url, anothers):
    assert danas_browser.get(url(f"invoices/{anothers.invoice.public_id}/pdf/")).status_code == 404


def test_a_credited_invoice_says_so(danas_browser, url, hers, north):
    with tenant_scope(north.pk):
        credit_notes.credit(hers.invoice, reason="Wrong price", by=None, at=factories.NOVEMBER)
    page = text(danas_browser.get(url("invoices/")))
    assert "credited in full" in page
    assert f"for {hers.invoice}" in page


@pytest.mark.parametrize("page", ["invoices/", "?month=2026-10"])
@pytest.mark.parametrize(("passed", "said"), [(False, "due <time"), (True, "was due <time")])
def test_a_due_date_that_has_passed_is_told_as_passed(danas_browser, url, hers, monkeypatch, page, passed, said):
    monkeypatch.setattr(Invoice, "is_overdue", lambda _invoice, _at: passed)
    shown = text(danas_browser.get(url(page)))
    assert said in shown
    assert ("was due" in shown) is passed


def test_without_invoices_the_page_says_when_there_will_be_one(danas_browser, url):
    assert "No invoices yet" in text(danas_browser.get(url("invoices/")))
