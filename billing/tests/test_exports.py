"""Downloads: what is in the files, and that they are made once."""

import csv
import hashlib
import io
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from billing.exports import tables
from billing.models import Export, Invoice
from billing.services import exports
from billing.services.credit_notes import credit
from billing.tests.factories import DAY_NIGHT, NOVEMBER, OCTOBER, connector, driver, issued, session, tariff
from charging.models import Site
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

OCTOBER_2026 = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def month(north):
    """Two invoices, one of them credited; a site and a driver with names that a spreadsheet would run."""
    with tenant_scope(north.pk):
        tariff(DAY_NIGHT)
        at = connector(Site.objects.create(name="=HYPERLINK(1)", time_zone="Europe/Stockholm"))
        session(at, driver("-Åsa Öberg"), start=OCTOBER + timedelta(hours=8))
        session(at, driver("Bo"), start=OCTOBER + timedelta(days=3, hours=19, minutes=30))
        issued()
        credit(Invoice.objects.get(number=2), reason="Wrong", by=None, at=NOVEMBER)
    return north


def made(operator, kind: str) -> Export:
    with tenant_scope(operator.pk):
        export = exports.request(kind=kind, month=date(2026, 10, 17), by=None)
    assert exports.make(operator_id=operator.pk, export_id=export.pk)
    with tenant_scope(operator.pk):
        export.refresh_from_db()
    assert (export.state, export.done) == (Export.State.DONE, export.total)
    return export


def content(export: Export, operator) -> bytes:
    with tenant_scope(operator.pk), exports.opened(export) as file:
        return file.read()


def records(export: Export, operator) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(export, operator).decode("utf-8-sig"))))


def test_invoices_as_csv(month):
    export = made(month, Export.Kind.INVOICES_CSV)
    rows = records(export, month)
    assert [(row["number"], row["kind"], row["credits"], row["amount_due"]) for row in rows] == [
        ("F1", "invoice", "", "31.25"),
        ("F2", "invoice", "", "25.00"),
        ("F3", "credit_note", "F2", "-25.00"),
    ]
    assert rows[0]["customer_name"] == "'-Åsa Öberg"
    assert (rows[0]["issued_on"], rows[0]["due_on"], rows[0]["month"]) == ("2026-11-02", "2026-12-02", "2026-10")
    assert rows[0]["energy_kwh"] == "10.000"


def test_lines_as_csv_in_many_stretches_add_up_to_the_invoices(month, monkeypatch):
    monkeypatch.setattr(tables, "STRETCH_LINES", 1)
    monkeypatch.setattr(tables.stretches, "__kwdefaults__", {"size": 1})
    rows = records(made(month, Export.Kind.LINES_CSV), month)
    assert len(rows) == 2 + 3 + 3
    assert rows[0]["site"] == "'=HYPERLINK(1)"
    assert (rows[2]["started"], rows[2]["unit"], rows[2]["vat_rate"]) == ("2026-10-04 21:30:00", "kWh", "25.00")
    with tenant_scope(month.pk):
        invoices = {str(invoice): invoice.amount_excl_vat for invoice in Invoice.objects.all()}
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["number"]] = sums.get(row["number"], Decimal(0)) + Decimal(row["amount_excl_vat"])
    assert sums == invoices


def test_xlsx_has_two_sheets_with_numbers_and_harmless_texts(month):
    book = CalamineWorkbook.from_filelike(io.BytesIO(content(made(month, Export.Kind.XLSX), month)))
    assert book.sheet_names == ["Invoices", "Lines"]
    invoices, lines = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    assert invoices[0] == tables.INVOICES.names
    first = dict(zip(invoices[0], invoices[1], strict=True))
    assert (first["amount_due"], first["issued_on"]) == (31.25, date(2026, 11, 2))
    assert first["customer_name"] == "-Åsa Öberg"
    assert len(lines) == 1 + 8


def test_pdfs_as_zip(month):
    archive = zipfile.ZipFile(io.BytesIO(content(made(month, Export.Kind.PDF_ZIP), month)))
    assert archive.namelist() == ["F1.pdf", "F2.pdf", "F3.pdf"]
    assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())


@pytest.mark.parametrize("kind", list(Export.Kind))
def test_an_empty_month_gives_an_empty_file(north, kind):
    assert made(north, kind).total == 0


def test_the_fingerprint_is_the_files_and_taking_it_is_recorded(month):
    export = made(month, Export.Kind.INVOICES_CSV)
    assert hashlib.sha256(content(export, month)).hexdigest() == export.sha256
    with tenant_scope(month.pk):
        events = list(AuditEntry.objects.filter(event__startswith="export.").values_list("event", flat=True))
    assert sorted(events) == ["export.downloaded", "export.made", "export.requested"]
    assert f"operators/{month.pk}/exports/" in str(export.file.name)


def test_it_is_made_once_whoever_asks_again(month):
    export = made(month, Export.Kind.INVOICES_CSV)
    assert not exports.make(operator_id=month.pk, export_id=export.pk)


def test_a_living_worker_is_left_alone_and_a_dead_ones_work_begins_anew(month):
    with tenant_scope(month.pk):
        export = exports.request(kind=Export.Kind.INVOICES_CSV, month=OCTOBER_2026, by=None)
        Export.objects.update(state=Export.State.RUNNING, leased_until=timezone.now() + timedelta(minutes=1))
    assert not exports.make(operator_id=month.pk, export_id=export.pk)
    with tenant_scope(month.pk):
        Export.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert exports.make(operator_id=month.pk, export_id=export.pk)


def test_a_failure_is_told(month, monkeypatch):
    def fail(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(exports, "_keep", fail)
    with tenant_scope(month.pk):
        export = exports.request(kind=Export.Kind.INVOICES_CSV, month=OCTOBER_2026, by=None)
    with pytest.raises(OSError, match="full"):
        exports.make(operator_id=month.pk, export_id=export.pk)
    with tenant_scope(month.pk):
        export.refresh_from_db()
    assert (export.state, export.error) == (Export.State.FAILED, "OSError: the disk is full")


def test_another_operators_documents_are_not_in_it(month, south):
    assert records(made(south, Export.Kind.INVOICES_CSV), south) == []
