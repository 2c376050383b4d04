"""The downloads page: CSV at once, other files in the background."""

import csv
from io import StringIO

import pytest
from django.utils import timezone

from billing.models import Export
from billing.services import exports as services
from tenants.models import AuditEntry


def rows(response):
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(content)))


def test_a_month_without_documents_says_so(fina_browser, url, charged):
    assert "No document is dated in" in fina_browser.get(url("downloads/?month=2026-11")).content.decode()


def test_the_page_offers_the_months_files(fina_browser, url, invoice):
    page = fina_browser.get(url("downloads/?month=2026-11")).content.decode()
    assert url("downloads/invoices.csv?month=2026-11") in page


@pytest.mark.django_db(transaction=True)
def test_both_tables_are_sent_as_csv(fina_browser, url, invoice):
    (document,) = rows(fina_browser.get(url("downloads/invoices.csv?month=2026-11")))
    assert (document["number"], document["amount_due"]) == ("F1", "56.25")
    lines = rows(fina_browser.get(url("downloads/lines.csv?month=2026-11")))
    assert {line["number"] for line in lines} == {"F1"}


def test_a_download_is_recorded(fina_browser, url, invoice):
    fina_browser.get(url("downloads/lines.csv?month=2026-11"))
    entry = AuditEntry.objects.get(event="export.downloaded")
    assert entry.additional_data == {"kind": "invoice-lines", "month": "2026-11"}


def test_the_page_says_who_took_what_and_when(fina_browser, url, invoice, fina):
    fina_browser.get(url("downloads/lines.csv?month=2026-11"))
    assert "downloads/taken/" in fina_browser.get(url("downloads/?month=2026-11")).content.decode()
    page = fina_browser.get(url("downloads/taken/?kind=invoice-lines"))
    ((file, row),) = page.context["taken"]
    assert (file, row.taken_by, f"{row.month:%Y-%m}") == ("Invoice lines, CSV", fina, "2026-11")
    assert "Who downloaded what" in page.content.decode()


def test_the_page_opens_on_the_month_of_the_newest_invoice(fina_browser, url, invoice):
    assert f"{fina_browser.get(url('downloads/')).context['month']:%Y-%m}" == "2026-11"


def test_a_file_is_asked_for_and_shown_with_its_state(fina_browser, url, invoice):
    page = fina_browser.post(url("downloads/new/"), {"kind": "xlsx", "month": "2026-11"}, follow=True)
    assert Export.objects.get().kind == "xlsx"
    assert 'hx-trigger="every 2s"' in page.content.decode()


def test_csv_is_not_made_in_the_background(fina_browser, url, invoice):
    fina_browser.post(url("downloads/new/"), {"kind": "lines_csv", "month": "2026-11"})
    assert not Export.objects.exists()


def test_an_unfinished_file_cannot_be_taken(fina_browser, url, invoice):
    export = services.request(kind="xlsx", month=invoice.month, by=None, at=timezone.now())
    assert fina_browser.get(url(f"downloads/{export.public_id}/")).status_code == 404


def test_support_downloads_nothing(sara, sign_in, url, invoice):
    assert sign_in(sara).get(url("downloads/invoices.csv?month=2026-11")).status_code == 403


def test_the_sums_of_the_month_come_when_the_page_stands(fina_browser, url, invoice):
    page = fina_browser.get(url("downloads/?month=2026-11"))
    assert page.context["sums"] is None
    assert 'hx-get="?month=2026-11&amp;totals=now"' in page.content.decode()
    part = fina_browser.get(url("downloads/?month=2026-11&totals=now"), headers={"HX-Request": "true"})
    (sums,) = part.context["sums"]
    assert (sums.documents, f"{sums.amount_due}") == (1, "56.25")
    assert "<html" not in part.content.decode()
