"""Downloads: what is in the files, and that they are made once."""

import csv
import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from django.db.models import CharField
from django.utils import timezone
from python_calamine import CalamineWorkbook

from billing.domain.calendar import month_bounds
from billing.exports import formats, tables
from billing.exports.tables import TABLES
from billing.models import Export, Invoice, Tariff
from billing.selectors import compartments, invoice_sums, invoices, ledger, session_ledger
from billing.services import documents, export_steps, exports, runs
from billing.services.credit_notes import credit
from billing.sql.documents import month as whole_month
from billing.tests.downloads import (
    DECEMBER_DAYS,
    NOVEMBER_2026,
    NOVEMBER_DAYS,
    OCTOBER_DAYS,
    asked,
    content,
    form_of,
    made,
    worked,
)
from billing.tests.factories import (
    NOVEMBER,
    OCTOBER,
    connector,
    drafted,
    driver,
    issued,
    session,
    tariff,
)
from charging.models import ChargingSession, Connector, Site, Station, Token
from tenants import work
from tenants.models import AuditEntry, Driver, DriverGroup, Operator, User
from tenants.privacy import retention
from tenants.scoping import tenant_scope
from tenants.services.people import drivers
from tenants.spreadsheets import harmless

pytestmark = pytest.mark.usefixtures("files")


def records(kind, operator, **how) -> list[dict[str, str]]:
    """The CSV as people get it."""
    return parsed(content(made(operator, kind, **how), operator))


def parsed(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))


def test_invoices_as_csv(month):
    rows = records(Export.Kind.INVOICES, month)
    assert [(row["number"], row["kind"], row["credits"], row["amount_due"]) for row in rows] == [
        ("F1", "invoice", "", "31.25"),
        ("F2", "invoice", "", "25.00"),
        ("F3", "credit_note", "F2", "-25.00"),
    ]
    assert rows[0]["customer_name"] == "'-Åsa Öberg"
    assert (rows[0]["issued_on"], rows[0]["due_on"], rows[0]["month"]) == ("2026-11-02", "2026-12-02", "2026-10")
    assert rows[0]["energy_kwh"] == "10.000"


def test_customers_names_are_opened_and_written_as_the_database_would_write_them(north):
    names = ['Åsa "Ohm", Öberg', "two\nlines", "=HYPERLINK(1)", "'", "a,b", "12", "åäö"]
    with tenant_scope(north.pk):
        tariff()
        at = connector()
        for number, name in enumerate(names):
            session(at, driver(name), start=OCTOBER + timedelta(hours=8 * number))
        issued()
    written = sorted(row["customer_name"] for row in records(Export.Kind.INVOICES, north))
    assert written == sorted(str(harmless(name)) for name in names)
    sheet = CalamineWorkbook.from_object(io.BytesIO(content(made(north), north))).get_sheet_by_index(0)
    assert {"two\nlines", "a,b"} <= {cell for row in sheet.to_python() for cell in row}


def test_lines_as_csv_in_many_stretches_add_up_to_the_invoices(month, monkeypatch):
    monkeypatch.setattr(tables, "STRETCH_LINES", 1)
    monkeypatch.setattr(tables.stretches, "__kwdefaults__", {"size": 1})
    rows = records(Export.Kind.LINES, month)
    assert len(rows) == 2 + 3 + 3
    assert rows[0]["site"] == "'=HYPERLINK(1)"
    assert (rows[2]["started"], rows[2]["unit"], rows[2]["vat_rate"]) == ("2026-10-04 21:30:00", "kWh", "25.00")
    with tenant_scope(month.pk):
        invoices = {str(invoice): invoice.amount_excl_vat for invoice in Invoice.objects.all()}
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["number"]] = sums.get(row["number"], Decimal(0)) + Decimal(row["amount_excl_vat"])
    assert sums == invoices


WORDS = {
    "en": ["Invoices", "Lines", "Amount due", "Dated", "Customer", "Kind", "Invoice", "Start time", "What", "Energy"],
    "sv": ["Fakturor", "Rader", "Att betala", "Daterad", "Kund", "Typ", "Faktura", "Starttid", "Vad", "Energi"],
}


@pytest.mark.parametrize("language", ["en", "sv"])
def test_xlsx_has_two_sheets_in_the_readers_words_with_dates_numbers_and_harmless_texts(month, language):
    with tenant_scope(month.pk):
        Operator.objects.filter(pk=month.pk).update(language=language)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content(made(month, Export.Kind.XLSX), month)))
    sheet, second, due, dated, customer, kind, invoice, start, what, energy = WORDS[language]
    assert book.sheet_names == [sheet, second]
    invoices, lines = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    first = dict(zip(invoices[0], invoices[1], strict=True))
    assert (first[due], first[dated], first[kind]) == (31.25, date(2026, 11, 2), invoice)
    assert first[customer] == "-Åsa Öberg"
    assert len(lines) == 1 + 8
    third = dict(zip(lines[0], lines[3], strict=True))
    assert (f"{third[start]:%Y-%m-%d %H:%M}", third[what]) == ("2026-10-04 21:30", energy)
    assert lines[3][-5:] == ["Europe/Stockholm", "", "", "", ""]


def test_pdfs_as_zip(month):
    archive = zipfile.ZipFile(io.BytesIO(content(made(month, Export.Kind.PDF_ZIP), month)))
    assert archive.namelist() == ["F1.pdf", "F2.pdf", "F3.pdf"]
    assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())


def test_a_zip_tells_which_documents_are_missing_and_has_the_others(month, monkeypatch):
    render = documents._rendered

    def fails(invoice, *, at):
        if invoice.number == 2:
            raise ValueError("no glyph for Nils")
        return render(invoice, at=at)

    monkeypatch.setattr(documents, "_rendered", fails)
    export = made(month, Export.Kind.PDF_ZIP)
    archive = zipfile.ZipFile(io.BytesIO(content(export, month)))
    assert archive.namelist() == ["F1.pdf", "F3.pdf", "missing.csv"]
    assert archive.read("missing.csv") == b"number\nF2\n"
    assert (export.error, export.error_facts) == ("documents_missing", {"count": 1, "numbers": ["F2"]})


def test_a_zip_waits_for_documents_that_another_worker_renders_and_takes_turns(month):
    kind = work.kind_named("document")
    with tenant_scope(month.pk):
        other = work.claim(kind, at=timezone.now())
    export = worked(asked(month, Export.Kind.PDF_ZIP))
    assert export.state == Export.State.WAITING
    assert export.leased_until is not None
    with tenant_scope(month.pk):
        documents.pdf(other.invoice)
        work.finish(other)
    assert worked(export).state == Export.State.WAITING, "it rests a while first"
    assert worked(export, clock=lambda: timezone.now() + export_steps.REST).state == Export.State.DONE


@pytest.mark.parametrize("kind", list(Export.Kind))
def test_an_empty_month_gives_an_empty_file(north, kind):
    with tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(organisation_number="556016-0680", vat_number="SE556016068001")
    by = next(iter(formats.of(kind, form_of(kind)).base.within))
    export = made(north, kind, dated_by=by)
    assert export.total == 0
    if kind == Export.Kind.VAT_RETURN:
        assert export.sums == {"SEK": {"box_49": "0.00"}}, "the tax office asks for it"
    else:
        assert (export.rows, not any(export.sums.values())) == (0, True)


def test_every_kind_of_file_has_its_format():
    assert {kind: formats.of(kind, form_of(kind)).suffix for kind in Export.Kind}
    assert set(TABLES) | set(formats.FORMATS) == set(Export.Kind)


def test_the_fingerprint_is_the_files_and_taking_it_is_recorded(month):
    export = made(month)
    assert hashlib.sha256(content(export, month)).hexdigest() == export.sha256
    with tenant_scope(month.pk):
        events = list(AuditEntry.objects.filter(event__startswith="export.").values_list("event", flat=True))
    assert sorted(events) == ["export.downloaded", "export.made", "export.requested"]
    assert f"operators/{month.pk}/exports/" in str(export.file.name)


def test_a_failure_is_told_by_its_kind_and_tried_again(month, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("the disk of Nils is full")

    monkeypatch.setattr(export_steps, "_store", fail)
    export = worked(asked(month))
    assert export.state == Export.State.WAITING
    assert (export.error, export.error_facts) == ("unexpected", {"error": "OSError"})
    monkeypatch.undo()
    later = timezone.now() + work.FIRST_DELAY
    assert worked(export, clock=lambda: later).state == Export.State.DONE


def test_another_operators_documents_are_not_in_it(month, south):
    assert records(Export.Kind.INVOICES, south) == []


# --- what a table comes to ---


def read(export: Export, operator) -> list[dict[str, str]]:
    """The rows of a table in any form, their cells as CSV has them."""
    file = content(export, operator)
    if export.form == Export.Form.CSV:
        return parsed(file)
    if export.form == Export.Form.JSONL:
        rows = [orjson.loads(line) for line in file.splitlines()]
        return [
            {name: "" if cell is None else str(cell).replace("T", " ") for name, cell in row.items()} for row in rows
        ]
    _head, *cells = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    return [dict(zip(TABLES[export.kind].names, map(str, row), strict=True)) for row in cells if any(row)]


@pytest.mark.parametrize("kind", list(TABLES))
@pytest.mark.parametrize("form", list(Export.Form))
def test_every_table_says_the_same_in_every_form_and_keeps_its_sums(traded, kind, form):
    by = next(iter(TABLES[kind].base.within))
    days = OCTOBER_DAYS if by == Export.DatedBy.CHARGED else NOVEMBER_DAYS
    first, export = (made(traded, kind, form=each, dated_by=by, days=days) for each in (Export.Form.CSV, form))
    said, rows = read(first, traded), read(export, traded)
    assert rows
    assert len(rows) == len(said) == export.rows
    assert export.sums == first.sums
    table = TABLES[kind]
    for name in table.summed:
        total = sum(Decimal(str(row[name] or 0)) for row in rows)
        assert total == sum(Decimal(sums[name]) for sums in export.sums.values()), name
    if form == Export.Form.JSONL:
        assert [row.get("currency") for row in rows] == [row.get("currency") for row in said]


def test_documents_come_to_what_the_page_says_by_each_of_their_days(month):
    with tenant_scope(month.pk):
        credit(Invoice.objects.get(number=1), reason="Late", by=None, at=datetime(2026, 12, 3, tzinfo=UTC))
    found = {}
    for by in Export.DatedBy:
        for days in (OCTOBER_DAYS, NOVEMBER_DAYS, DECEMBER_DAYS):
            export = made(month, Export.Kind.INVOICES, dated_by=by, days=days)
            with tenant_scope(month.pk):
                shown = invoice_sums.of(Invoice.objects.filter(invoices.within(by, *days)))
            assert export.rows == sum(row.documents for row in shown)
            assert [Decimal(export.sums[row.currency]["amount_due"]) for row in shown] == [
                row.amount_due for row in shown
            ]
            found[by, days[0].month] = [row["number"] for row in read(export, month)]
    both = (Export.DatedBy.ISSUED, Export.DatedBy.BOOKED)
    assert {found[by, 11][-1] for by in both} == {"F3"}
    assert [found[by, 12] for by in both] == [["F4"], ["F4"]], "a credit note stands on its own day"
    assert found[Export.DatedBy.CHARGED, 10] == ["F1", "F2", "F3", "F4"], "and in the month that it concerns"
    assert not found[Export.DatedBy.CHARGED, 11]


def test_days_of_charging_are_whole_months(month):
    export = asked(month, Export.Kind.SESSIONS, dated_by="charged", days=(date(2026, 10, 4), date(2026, 10, 4)))
    assert export.days == OCTOBER_DAYS


def test_a_kind_goes_by_its_own_days_alone(month):
    for kind, by in ((Export.Kind.SESSIONS, "booked"), (Export.Kind.PAYMENTS, "charged")):
        with pytest.raises(ValueError, match="does not go by"):
            asked(month, kind, dated_by=by)
    with pytest.raises(ValueError, match="one form"):
        asked(month, Export.Kind.SIE, form="csv")


def test_sessions_come_to_what_their_list_says(month):
    export = made(month, Export.Kind.SESSIONS, dated_by="charged", days=OCTOBER_DAYS)
    with tenant_scope(month.pk):
        begin, end = month_bounds("2026-10", month.time_zone)
        shown = session_ledger.totals(ChargingSession.objects.filter(compartments.in_month(begin, end)))
    assert export.rows == shown.sessions == 2
    assert Decimal(export.sums["SEK"]["amount_incl_vat"]) == dict(shown.amounts)["SEK"]
    assert sum(Decimal(sums["energy_kwh"]) for sums in export.sums.values()) * 1000 == shown.energy_wh
    assert [row["billing"] for row in read(export, month)] == ["invoiced", "pending"], "one was credited"


def test_payments_say_what_they_paid(traded):
    (row,) = records(Export.Kind.PAYMENTS, traded)
    with tenant_scope(traded.pk):
        paid = Invoice.objects.get(vat__gt=0)
    assert (row["amount"], row["not_matched"], row["invoices"]) == ("40.00", "0.00", str(paid))


def test_vat_is_what_the_ledger_says(traded):
    rows = records(Export.Kind.VAT, traded, dated_by="booked", days=NOVEMBER_DAYS)
    with tenant_scope(traded.pk):
        taxes = ledger.taxes(NOVEMBER_2026)
    assert [(row["currency"], row["vat_rate"]) for row in rows] == [(tax.currency, f"{tax.rate:.2f}") for tax in taxes]
    for row, tax in zip(rows, taxes, strict=True):
        assert Decimal(row["amount_excl_vat"]) == ledger.amount(tax.sales, tax.currency)
        assert Decimal(row["vat"]) == ledger.amount(tax.vat, tax.currency)
    assert [row["category"] for row in rows] == ["S", "AE"]
    assert [row["country"] for row in rows] == ["SE", "SE"]


@pytest.mark.parametrize("form", Export.Form.values)
def test_a_vat_summary_from_before_it_told_countries_is_made_again_without_them(traded, form):
    first = made(traded, Export.Kind.VAT, form=form)
    with tenant_scope(traded.pk):
        before = asked(traded, Export.Kind.VAT, form=form)
        Export.objects.filter(pk=before.pk).update(options={})
        before.refresh_from_db()
    before = worked(before)
    assert content(before, traded) != content(first, traded)
    assert content(again(before), traded) == content(before, traded)
    if form == Export.Form.CSV:
        kept, told = (content(each, traded).decode("utf-8-sig").splitlines() for each in (before, first))
        assert kept[0] == "currency,vat_rate,category,documents,amount_excl_vat,vat"
        assert told[0] == f"{kept[0]},country"


def test_the_register_has_who_was_invoiced(traded):
    german, bo = records(Export.Kind.CUSTOMERS, traded)
    assert (bo["name"], bo["type"], bo["country"]) == ("Bo", "Private", "SE")
    assert (german["name"], german["vat_number"], german["country"]) == ("Kraft GmbH", "DE136695976", "DE")
    assert records(Export.Kind.CUSTOMERS, traded, days=DECEMBER_DAYS) == []


def test_sales_in_the_union_stand_by_vat_number_goods_and_services_apart(traded):
    assert records(Export.Kind.EC_SALES, traded) == [
        {
            "vat_number": "DE136695976",
            "country": "DE",
            "currency": "SEK",
            "documents": "1",
            "goods": "10.00",
            "services": "99.00",
        }
    ]


def test_made_again_it_is_the_same_to_the_byte_whatever_was_issued_since(traded):
    firsts = [
        made(traded, kind) for kind in (Export.Kind.INVOICES, Export.Kind.LINES, Export.Kind.XLSX, Export.Kind.VAT)
    ]
    with tenant_scope(traded.pk):
        since = max(timezone.now(), NOVEMBER) + timedelta(minutes=1)
        note = credit(Invoice.objects.get(vat__gt=0), reason="Since", by=None, at=since)
        days = whole_month(since.date())
        assert note.issued_at == since
    for first in firsts:
        assert content(again(first), traded) == content(first, traded)
    assert [row["number"] for row in records(Export.Kind.INVOICES, traded, days=days)][-1] == str(note)


def test_made_again_vouchers_take_nothing_more(traded):
    first = made(traded, Export.Kind.SIE)
    second = again(first)
    assert (second.sha256, second.rows) == (first.sha256, first.rows)
    assert again(second).repeats_id == first.pk, "it is the first one that counts"


def again(export: Export) -> Export:
    with tenant_scope(export.operator_id):
        export.refresh_from_db()
        repeated = exports.repeat(export, by=None, at=timezone.now())
    return worked(repeated)


# --- how many ---


def test_sixty_times_the_same_is_one(month, fina):
    assert len({asked(month, by=fina).pk for _ in range(60)}) == 1
    with tenant_scope(month.pk):
        assert AuditEntry.objects.filter(event="export.requested").count() == 1


def test_a_finished_one_is_made_anew_when_it_is_asked_for_again(month):
    assert made(month).pk != made(month).pk


def test_a_person_and_an_operator_wait_for_so_many_at_most(north, south, fina, olga):
    months = [date(2020 + number // 12, number % 12 + 1, 1) for number in range(exports.OPEN_OF_OPERATOR + 1)]
    for each in months[: exports.OPEN_OF_PERSON]:
        asked(north, by=fina, month=each)
    with pytest.raises(exports.TooManyExports):
        asked(north, by=fina, month=months[-1])
    for each in months[exports.OPEN_OF_PERSON : exports.OPEN_OF_OPERATOR]:
        asked(north, by=olga, month=each)
    with pytest.raises(exports.TooManyExports):
        asked(north, month=months[-1])
    assert asked(south, month=months[-1]).pk, "another operator has its own"


def test_a_person_asks_for_so_many_an_hour_at_most(north, fina):
    with tenant_scope(north.pk):
        for _ in range(exports.HOURLY_OF_PERSON):
            Export.objects.create(kind="xlsx", month=NOVEMBER_2026, requested_by=fina, state=Export.State.DONE)
    with pytest.raises(exports.TooManyExports):
        asked(north, by=fina)
    with tenant_scope(north.pk):
        Export.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert asked(north, by=fina).pk


# --- how long ---


def test_a_file_is_kept_for_its_days_and_not_a_second_longer(month):
    export = made(month)
    assert export.finished_at is not None
    with tenant_scope(month.pk):
        assert not exports.old(export.finished_at - timedelta(seconds=1))
        assert content(export, month)
        assert retention.forget_files([*exports.old(export.finished_at)]) == 1
        export.refresh_from_db()
        with pytest.raises(FileNotFoundError):
            exports.opened(export, by=None, at=NOVEMBER)
    assert (export.state, bool(export.file), bool(export.sha256)) == (Export.State.DONE, False, True)
    with tenant_scope(month.pk):
        assert not exports.old(export.finished_at)


# --- what a closed month says ---

RENAMED = (Site, Station, Connector, Token, Tariff, Driver, DriverGroup, Operator)
MEANINGS = {"time_zone": "America/New_York", "country": "NO", "currency": "EUR", "language": "en", "email": "n@new.se"}
#: What only the platform changes, and what a choice is read as.
NOT_RENAMED = {"slug", "state", "status"}


def rename_everything(operator):
    """Give each text of each thing that documents speak of another value, as far as the portal's role may."""
    for model in RENAMED:
        rows = model.objects.filter(pk=operator.pk) if model is Operator else model.objects.all()
        for field in model._meta.concrete_fields:
            if isinstance(field, CharField) and field.name not in NOT_RENAMED:
                for pk in rows.values_list("pk", flat=True):
                    value = MEANINGS.get(field.name, f"new {field.name} {pk}"[: field.max_length])
                    model.objects.filter(pk=pk).update(**{field.name: value})
    for payer in Driver.objects.all():
        drivers.change_identity(payer, name="New Name", street="New Street 1", city="Newtown", country="NO")


def said(operator, reader):
    """A hash of every file of the month, and of every document rendered anew. A workbook has its reader's words."""
    operator.refresh_from_db()
    files = {kind.value: content(made(operator, kind), operator) for kind in (Export.Kind.INVOICES, Export.Kind.LINES)}
    files["xlsx"] = content(made(operator, by=reader), operator)
    with tenant_scope(operator.pk):
        for invoice in Invoice.objects.filter(state="issued"):
            files[str(invoice)] = documents._rendered(invoice, at=invoice.issued_at or NOVEMBER)
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_what_a_closed_month_says_stays_whatever_is_renamed(month, fina):
    User.objects.filter(pk=fina.pk).update(language="sv")
    fina.refresh_from_db()
    before = said(month, fina)
    assert len(before) == 6
    with tenant_scope(month.pk):
        rename_everything(month)
        assert Site.objects.get().name == f"new name {Site.objects.get().pk}"
        assert Invoice.objects.get(number=1).account.customer_number.startswith("new")
    assert said(month, fina) == before


def test_what_is_issued_later_says_the_new_names(month):
    with tenant_scope(month.pk):
        Site.objects.update(name="Nytorget")
        at = Connector.objects.get()
        november = datetime(2026, 11, 3, tzinfo=UTC)
        session(at, Driver.objects.order_by("pk")[0], start=november)
        run = drafted(november, datetime(2026, 12, 2, tzinfo=UTC))
        Site.objects.update(name="Gamla torget")  # what counts is the moment of issue
        runs.issue(run, by=None, at=datetime(2026, 12, 2, tzinfo=UTC))
        assert [line.named.site for line in invoices.lines(run.invoices.get())] == ["Gamla torget"] * 2
        old = Invoice.objects.get(number=1)
        assert {line.named.site for line in invoices.lines(old)} == {"=HYPERLINK(1)"}
        note = Invoice.objects.get(number=3)
        assert {line.named.site for line in invoices.lines(note)} == {"=HYPERLINK(1)"}


def test_a_credit_note_stands_in_the_month_it_is_dated_in(month):
    """The accountant has November already; what is credited later comes with the month of the note."""
    with tenant_scope(month.pk):
        late = datetime(2027, 1, 31, 23, 30, tzinfo=UTC)
        note = credit(Invoice.objects.get(number=1), reason="Wrong", by=None, at=late)
        assert note.month == date(2026, 10, 1)
    numbers = {}
    for first in (date(2026, 10, 1), date(2026, 11, 1), date(2027, 1, 1), date(2027, 2, 1)):
        numbers[first.month] = [row["number"] for row in records(Export.Kind.INVOICES, month, month=first)]
        with tenant_scope(month.pk):
            found = Invoice.objects.filter(invoices.dated_in(first)).order_by("number")
            assert [str(invoice) for invoice in found] == numbers[first.month]
    assert numbers == {10: [], 11: ["F1", "F2", "F3"], 1: [], 2: ["F4"]}  # half past midnight in Stockholm
