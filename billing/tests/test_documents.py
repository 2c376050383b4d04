"""The PDF: what it says, that it is kept, that it is an archive file."""

import hashlib
import io
import os
import re
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.db import DatabaseError, connection, transaction

from billing import migrations
from billing.documents import layout, pdf
from billing.documents.rules import Rules
from billing.documents.words import ENGLISH, SWEDISH
from billing.documents.writer import Writer
from billing.domain.tariff.model import Restrictions
from billing.models import Invoice, InvoiceDocument, Rendering, Tariff
from billing.selectors import invoices, sellers
from billing.services import documents
from billing.services.credit_notes import credit
from billing.tests.factories import (
    DAY_NIGHT,
    NOVEMBER,
    OCTOBER,
    connector,
    drafted,
    driver,
    flat,
    issued,
    session,
    tariff,
)
from charging.domain.signed import ocmf
from charging.models import SignedRecord
from charging.services import meter_keys
from charging.tests.signing import Meter
from tenants import sealed_content, work
from tenants.crypto import Unreadable
from tenants.models import Operator
from tenants.rls import APP
from tenants.scoping import current_operator_id


@pytest.fixture
def seller(in_north):
    Operator.objects.update(
        legal_name="North Charging AB",
        organisation_number="559000-1234",
        vat_number="SE559000123401",
        street="Kajen 1",
        postal_code="411 01",
        city="Göteborg",
        bankgiro="123-4567",
        email="faktura@north.example",
    )
    return Operator.objects.get()


@pytest.fixture
def network(seller):
    tariff(DAY_NIGHT)
    at, dana = connector(), driver("Åsa Öberg", street="Ringvägen 3", postal_code="118 60", city="Stockholm")
    session(at, dana, start=OCTOBER + timedelta(hours=8), kwh=1000)
    session(at, dana, start=OCTOBER + timedelta(days=3, hours=19, minutes=30))


def page_of(invoice: Invoice) -> dict[str, Any]:
    seller = invoice.seller or sellers.seller(Operator.objects.get())
    return layout.page(
        invoice, seller=seller, lines=invoices.lines(invoice, with_terms=True), vat=list(invoice.vat_rows.all())
    )


def test_it_says_in_swedish_what_the_law_asks_for(network):
    issued()
    page = page_of(Invoice.objects.get())
    assert page["title"] == "Faktura"
    assert page["facts"] == [
        ["Fakturanummer", "F1"],
        ["Fakturadatum", "2026-11-02"],
        ["Förfallodatum", "2026-12-02"],
        ["Kundnummer", "1001"],
        ["Laddning under", "oktober 2026"],
    ]
    assert page["buyer"] == ["Åsa Öberg", "Ringvägen 3", "118 60 Stockholm"]
    assert page["footer"][2] == ["Org.nr 559000-1234", "Momsreg.nr SE559000123401", "Godkänd för F-skatt"]
    assert page["payment"] == [["Förfallodatum", "2026-12-02"], ["Bankgiro", "123-4567"], ["OCR-nummer", "18"]]
    what = f"Energi, 06:00–22:00 · {Tariff.objects.get()}"
    assert page["summary"][0] == [what, "1\u00a0005,000\u00a0kWh", "2,00", "2,50", "25\u00a0%", "2\u00a0010,00"]
    assert page["vat"] == [["25\u00a0%", "2\u00a0025,00", "506,25"]]
    assert page["totals"][-1] == ["Att betala", "2\u00a0531,25\u00a0SEK"]
    late = page["sessions"][1]
    assert (late["day"], late["time"], late["amount"]) == ("2026-10-04", "21:30\u201322:30", "20,00")
    assert [line[0] for line in late["lines"]] == ["Energi, övrig tid", "Energi, 06:00–22:00", "Startavgift"]


def test_in_english(network):
    Operator.objects.update(language="en")
    issued()
    page = page_of(Invoice.objects.get())
    assert (page["title"], page["due"], page["facts"][-1]) == (
        "Invoice",
        "2,531.25\u00a0SEK",
        ["Charging in", "October 2026"],
    )


def test_both_languages_have_the_same_words():
    assert list(ENGLISH) == list(SWEDISH)


def test_a_credit_note_names_the_invoice_and_asks_for_nothing(network):
    issued()
    page = page_of(credit(Invoice.objects.get(), reason="Fel mätare", by=None, at=NOVEMBER))
    assert page["title"] == "Kreditfaktura"
    assert ["Krediterar faktura", "F1 (2026-11-02)"] in page["facts"]
    assert ["Orsak", "Fel mätare"] in page["facts"]
    assert page["payment"] == []
    assert page["refund"].startswith("Du behöver inte betala faktura F1. Har du redan betalat den")
    assert page["due"] == "\u22122\u00a0531,25\u00a0SEK"


def rendered(operator_id):
    """How many documents the background renders."""
    kind, done = work.kind_named("document"), 0
    while work.do_next(kind, operator_id, clock=lambda: NOVEMBER):
        done += 1
    return done


def test_one_document_that_cannot_be_rendered_stops_no_other(network, monkeypatch):
    issued()
    credit(Invoice.objects.get(number=1), reason="Fel mätare", by=None, at=NOVEMBER)
    render = documents._rendered

    def fails(invoice, *, at):
        if invoice.number == 1:
            raise ValueError("no glyph for Nils")
        return render(invoice, at=at)

    monkeypatch.setattr(documents, "_rendered", fails)
    assert rendered(current_operator_id()) == 2
    assert [document.invoice.number for document in InvoiceDocument.objects.all()] == [2]
    left = Rendering.objects.get()
    assert (left.invoice.number, left.state, left.error) == (1, Rendering.State.WAITING, "unexpected")


def test_the_pdf_is_kept_and_always_the_same(network):
    issued()
    invoice = Invoice.objects.get()
    assert rendered(current_operator_id()) == 1
    assert rendered(current_operator_id()) == 0
    stored = InvoiceDocument.objects.get()
    first = documents.pdf(invoice)
    assert first == documents.pdf(invoice) == documents.stored(invoice)
    assert stored.sha256 == hashlib.sha256(first).hexdigest()
    assert first.startswith(b"%PDF-1.7")
    assert documents._rendered(invoice, at=NOVEMBER) == first


def test_the_pdf_is_for_the_archive_and_for_screen_readers(network):
    issued()
    content = documents.pdf(Invoice.objects.get())
    assert re.search(rb"pdfaid:part[=>\"]+3", content)
    assert re.search(rb"pdfuaid:part[=>\"]+1", content)


def test_no_document_is_kept_in_clear_and_none_opens_as_another(network):
    issued()
    first = Invoice.objects.get()
    content = documents.pdf(first)
    kept = bytes(InvoiceDocument.objects.get(invoice=first).pdf)
    assert b"%PDF" not in kept
    assert content[1000:1040] not in kept
    with pytest.raises(Unreadable):
        sealed_content.unseal(kept, about=f"invoice:{first.pk + 1}")
    for wrong in (kept[:-1], kept[:-1] + b"!", content):
        with pytest.raises(Unreadable):
            sealed_content.unseal(wrong, about=f"invoice:{first.pk}")


def test_documents_from_before_are_sealed_and_stay_what_they_were(network):
    issued()
    invoice = Invoice.objects.get()
    content = documents.pdf(invoice)
    (name,) = (path.stem for path in Path(migrations.__file__).parent.glob("*_seal_documents.py"))
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_invoicedocument DISABLE TRIGGER final_document_changed")
        cursor.execute("UPDATE billing_invoicedocument SET pdf = %s", [content])
        import_module(f"billing.migrations.{name}").seal()
        cursor.execute("ALTER TABLE billing_invoicedocument ENABLE TRIGGER final_document_changed")
        cursor.execute(f"SET ROLE {APP}")
    assert bytes(InvoiceDocument.objects.get().pdf).startswith(sealed_content.MARK)
    assert documents.stored(invoice) == content


def test_a_stored_document_cannot_change(network):
    issued()
    documents.pdf(Invoice.objects.get())
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        InvoiceDocument.objects.update(pdf=b"forged")


def test_drafts_are_shown_and_not_kept(network):
    invoice = drafted().invoices.get()
    assert page_of(invoice)["is_draft"]
    assert documents.pdf(invoice).startswith(b"%PDF")
    assert not InvoiceDocument.objects.exists()


def test_prices_keep_their_decimals():
    writer = Writer("sv")
    shown = [writer.price(Decimal(value)) for value in ("2", "2.50", "0.3333", "-1.5")]
    assert shown == ["2,00", "2,50", "0,3333", "\u22121,50"]


def test_a_child_of_a_process_that_compiled_refuses_instead_of_hanging(network, monkeypatch):
    monkeypatch.setattr(pdf, "_compiled_by", [os.getpid() + 1])
    with pytest.raises(pdf.CompiledBeforeFork):
        pdf.render({}, at=NOVEMBER)


def pages(content):
    return len(pypdf.PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("sessions", [1, 7, 8, 9, 10, 11, 12])
def test_no_page_holds_a_row_or_two_alone(sessions, seller):
    tariff(flat())
    at, dana = connector(), driver("Åsa Öberg", street="Ringvägen 3", postal_code="118 60", city="Stockholm")
    for day in range(sessions):
        session(at, dana, start=OCTOBER + timedelta(days=day, hours=8))
    issued()
    assert pages(documents.pdf(Invoice.objects.get())) == 1


def test_one_price_needs_no_words_and_several_are_told_apart(seller):
    tariff(flat())
    session(connector(), driver(), start=OCTOBER)
    issued()
    assert page_of(Invoice.objects.get())["sessions"][0]["lines"][0][0] == "Energi"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"day_of_week": ["SATURDAY", "SUNDAY"]}, "lör–sön"),
        ({"day_of_week": ["MONDAY", "WEDNESDAY"]}, "mån, ons"),
        ({"start_time": "22:00", "end_time": "06:00"}, "22:00–06:00"),
        ({"start_time": "18:00"}, "18:00–24:00"),
        ({"day_of_week": ["FRIDAY"], "end_time": "06:00"}, "fre, 00:00–06:00"),
        ({"min_kwh": 20}, "särskilt pris"),
        ({}, "övrig tid"),
    ],
)
def test_a_price_is_named_as_the_tariff_says_it(rule, told):
    restrictions = Restrictions.parse(rule, "restrictions")
    assert Rules(SWEDISH)._said(restrictions) == told


def test_an_invoice_of_many_sessions_gets_several_pages(network):
    at, dana = connector(), driver("Long")
    for day in range(28):
        for hour in (6, 12):
            session(at, dana, start=OCTOBER + timedelta(days=day, hours=hour))
    issued()
    content = documents.pdf(Invoice.objects.get(session_count=56))
    assert pages(content) >= 3


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ((0, 10_000), "signerat av mätaren, verifierat"),
        ((0, 9_000), "signerat av mätaren, men inte denna energi"),
        (None, ""),
    ],
)
def test_a_session_says_what_its_meter_signed(seller, record, told):
    tariff(flat())
    at, meter = connector(), Meter()
    day = OCTOBER.date()
    meter_keys.register(at, written=meter.der.hex(), curve="", serial="", since=day, until=None)
    session(at, driver(), source="ocpp", external_id="4711", start=OCTOBER + timedelta(hours=8))
    session(at, driver(), start=OCTOBER + timedelta(hours=12))
    if record:
        raw = meter.whole(*record)
        row = {"station": at.station, "number": 4711, "digest": ocmf.digest(raw), "received_at": NOVEMBER}
        SignedRecord.objects.create(raw=raw, **row)
    issued()
    read = [pypdf.PdfReader(io.BytesIO(documents.pdf(invoice))) for invoice in Invoice.objects.all()]
    text = " ".join(" ".join(page.extract_text() for file in read for page in file.pages).split())
    assert text.count("av mätaren") == bool(told)
    assert told in text
