"""The downloads page: days, kinds of files made in the background, what was made."""

import csv
import hashlib
from datetime import UTC, datetime
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from django.utils import timezone
from django.utils.html import escape

from billing.models import Export
from billing.services import exports as services
from billing.services.export_packages import PARTS
from portal.tests import app_role
from portal.tests.reading import words
from tenants import work
from tenants.models import AuditEntry, Operator

NOVEMBER = {"dated_by": "issued", "first_day": "2026-11-01", "last_day": "2026-11-30"}


def asked(browser, url, **how):
    """Ask for a file on the page, and let a worker make it."""
    page = browser.post(url("downloads/new/"), {**NOVEMBER, **how}, follow=True)
    export = Export.objects.first()
    if export:
        work.do_next(work.kind_named(export.work_kind), export.operator_id, clock=timezone.now)
    return page


def rows(response):
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    for close in response._resource_closers:  # not response.close(): that would end the test's connection
        close()
    return list(csv.DictReader(StringIO(content)))


def test_a_month_without_documents_says_so(fina_browser, url, charged):
    page = words(fina_browser.get(url("downloads/?month=2026-11")))
    assert "No document between" in page


def test_the_page_offers_what_goes_by_the_days_that_are_chosen(fina_browser, url, invoice):
    page = fina_browser.get(url("downloads/?month=2026-11"))
    fits = {offer.kind: offer.fits for offer in page.context["offers"]}
    assert (fits["invoices"], fits["payments"], fits["sessions"]) == (True, True, False)
    assert "By: month of charging." in page.content.decode()
    query = "dated_by=charged&first_day=2026-10-04&last_day=2026-10-20"
    page = fina_browser.get(url(f"downloads/?{query}"))
    fits = {offer.kind: offer.fits for offer in page.context["offers"]}
    assert (fits["invoices"], fits["payments"], fits["sessions"]) == (True, False, True)
    assert page.context["span"].query["last_day"] == "2026-10-31", "months are whole"


@pytest.mark.django_db(transaction=True)
def test_a_table_is_asked_for_made_taken_and_made_again(fina_browser, url, invoice):
    asked(fina_browser, url, kind="invoices", form="csv")
    export = Export.objects.get()
    page = fina_browser.get(url("downloads/")).content.decode()
    assert "Invoices, CSV" in page
    assert "amount due" in page
    (document,) = rows(fina_browser.get(url(f"downloads/{export.public_id}/")))
    assert (document["number"], document["amount_due"]) == ("F1", "56.25")
    fina_browser.post(url(f"downloads/{export.public_id}/again/"))
    work.do_next(work.kind_named("export_table"), export.operator_id, clock=timezone.now)
    assert "The same as the first time, to the byte." in fina_browser.get(url("downloads/")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_the_accountant_gets_of_a_month_is_asked_for_together_and_taken_as_one(
    fina_browser, fina, sign_in, url, invoice, north, monkeypatch
):
    with app_role.as_platform():
        Operator.objects.filter(pk=north.pk).update(vat_number="SE556677889901", organisation_number="556677-8899")
    package = url("downloads/package/file/?month=2026-11")
    assert "not made yet" in fina_browser.get(package, follow=True).content.decode()
    fina_browser.post(url("downloads/package/"), {"month": "2026-11"})
    asked_for = list(Export.objects.order_by("pk"))
    assert [(export.kind, export.dated_by) for export in asked_for] == [(kind, "booked") for kind, _ in PARTS]
    for export in asked_for:
        work.do_next(work.kind_named(export.work_kind), export.operator_id, clock=timezone.now)
    answer = fina_browser.get(package)
    with ZipFile(BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert {name.partition("-booked-")[0] for name in found} == {
        "vouchers", "vat-return", "vat", "invoices", "payments"
    }  # fmt: skip
    with ZipFile(BytesIO(found["invoices-booked-2026-11.zip"])) as documents:
        assert len(documents.namelist()) == 1
    kept = {services.file_name(export): export.sha256 for export in Export.objects.all()}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in found.items()} == kept
    assert AuditEntry.objects.filter(event="export.downloaded").count() == len(PARTS)
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 12, 2, tzinfo=UTC))
    page = words(sign_in(fina).get(url("month/?month=2026-11")))
    assert "Download all as one ZIP" in page
    assert "Make them anew" in page


def test_a_month_without_a_vat_number_has_all_but_the_return(fina_browser, url, invoice, north):
    with app_role.as_platform():
        Operator.objects.filter(pk=north.pk).update(vat_number="", organisation_number="")
    page = fina_browser.post(url("downloads/package/"), {"month": "2026-11"}, follow=True)
    assert {*Export.objects.values_list("kind", flat=True)} == {kind for kind, _ in PARTS} - {"vat_return"}
    assert "number" in str(next(iter(page.context["messages"])))


def test_days_that_cannot_be_read_are_told(fina_browser, url, invoice):
    page = fina_browser.get(url("downloads/?dated_by=issued&first_day=2026-11-30&last_day=2026-11-01"))
    assert "The last day is before the first." in page.content.decode()
    page = asked(fina_browser, url, kind="sessions", form="csv")
    assert "does not go by such days" in page.content.decode()
    page = asked(fina_browser, url, kind="sessions", form="csv", last_day="soon")
    assert "Choose days and a kind of file." in page.content.decode()
    assert not Export.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_download_is_recorded(fina_browser, url, invoice):
    asked(fina_browser, url, kind="lines", form="csv")
    rows(fina_browser.get(url(f"downloads/{Export.objects.get().public_id}/")))
    entry = AuditEntry.objects.get(event="export.downloaded")
    assert entry.additional_data == {"sha256": Export.objects.get().sha256}


@pytest.mark.django_db(transaction=True)
def test_the_page_says_who_took_what_and_when(fina_browser, url, invoice, fina):
    asked(fina_browser, url, kind="lines", form="csv")
    rows(fina_browser.get(url(f"downloads/{Export.objects.get().public_id}/")))
    assert "downloads/taken/" in fina_browser.get(url("downloads/?month=2026-11")).content.decode()
    page = fina_browser.get(url("downloads/taken/?kind=lines"))
    ((file, row),) = page.context["taken"]
    assert (file, row.taken_by, f"{row.month:%Y-%m}") == ("Invoice lines", fina, "2026-11")
    assert "Who downloaded what" in page.content.decode()


def test_the_page_opens_on_the_month_of_the_newest_invoice(fina_browser, url, invoice):
    assert f"{fina_browser.get(url('downloads/')).context['span'].days[0]:%Y-%m}" == "2026-11"


def test_a_file_is_asked_for_and_shown_with_its_state(fina_browser, url, invoice):
    page = fina_browser.post(url("downloads/new/"), {"kind": "xlsx", **NOVEMBER}, follow=True)
    assert Export.objects.get().kind == "xlsx"
    assert 'hx-trigger="every 2s"' in page.content.decode()


def test_an_unfinished_file_cannot_be_taken(fina_browser, url, invoice):
    export = services.request(kind="xlsx", month=invoice.month, by=None, at=timezone.now())
    assert fina_browser.get(url(f"downloads/{export.public_id}/")).status_code == 404


def test_support_downloads_nothing(sara, sign_in, url, invoice):
    assert sign_in(sara).get(url("downloads/?month=2026-11")).status_code == 403


def test_the_sums_of_the_month_come_when_the_page_stands(fina_browser, url, invoice):
    page = fina_browser.get(url("downloads/?month=2026-11"))
    assert page.context["sums"] is None
    query = page.context["asked"]
    assert f'hx-get="?{escape(query)}"' in page.content.decode()
    part = fina_browser.get(url(f"downloads/?{query}"), headers={"HX-Request": "true"})
    (sums,) = part.context["sums"]
    assert (sums.documents, f"{sums.amount_due}") == (1, "56.25")
    assert "<html" not in part.content.decode()
