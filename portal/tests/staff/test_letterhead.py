"""The look of invoices: what is taken as a logo, and that an issued invoice keeps its own."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from PIL import Image, PngImagePlugin

from billing.documents import looks
from billing.models import Invoice, Letterhead
from billing.services import documents
from billing.tests import factories
from portal.tests.reading import words

GREEN = "#0b6b53"


@pytest.fixture
def url(north):
    return lambda path: f"/o/{north.slug}/{path}"


@pytest.fixture
def olga_browser(olga, sign_in):
    return sign_in(olga)


def picture(kind="PNG", size=(300, 100), colour=(120, 20, 60), mode="RGB", **options):
    made = io.BytesIO()
    Image.new(mode, size, colour).save(made, kind, **options)
    return made.getvalue()


def send(browser, url, content=None, name="logo.png", **facts):
    files = {} if content is None else {"logo": SimpleUploadedFile(name, content)}
    return browser.post(url("settings/look/"), {"colour": GREEN, **facts, **files})


def test_a_logo_is_drawn_anew_without_what_else_was_in_its_file(olga_browser, url, in_north):
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "where I live")
    assert send(olga_browser, url, picture(pnginfo=notes, size=(1300, 300))).status_code == 302
    kept = bytes(Letterhead.objects.get().logo)
    assert b"where I live" not in kept
    with Image.open(io.BytesIO(kept)) as drawn:
        assert drawn.size == (650, 150)
        assert drawn.convert("RGB").getpixel((10, 10)) == (120, 20, 60)
    preview = olga_browser.get(url("settings/look/preview.png"))
    assert preview["Content-Type"] == "image/png"
    assert preview.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "Save it as PNG"),
        (picture("GIF", colour=1, mode="P"), "neither a PNG nor a JPEG"),
        (b"", "empty"),
        (picture()[:60], "cannot be read as a picture"),
        (picture(size=(10, 10)), "each side needs at least 24"),
        (picture(size=(5000, 4000), colour=0, mode="1"), "at most 16 million"),
        (picture(colour="white"), "Choose the dark version"),
        (picture(colour=(0, 0, 0, 0), mode="RGBA"), "Choose the dark version"),
        (b"\x89PNG" + b"x" * 2_000_001, "at most 2,000 are taken"),
    ],
)
def test_what_is_no_logo_is_refused_in_words(olga_browser, url, in_north, content, said):
    response = send(olga_browser, url, content)
    assert response.status_code == 400
    assert said in words(response)
    assert not Letterhead.objects.exists()


@pytest.mark.parametrize(("colour", "said"), [("#ffee00", "Too light"), ("red", "#0b6b53"), ("#0B6B5٣", "#0b6b53")])
def test_a_colour_that_cannot_be_read_is_refused(olga_browser, url, in_north, colour, said):
    assert said in words(send(olga_browser, url, colour=colour))
    assert not Letterhead.objects.exists()


def test_contrast_is_measured_on_the_tint_of_the_colour():
    assert looks.contrast("#000000") < Decimal(21)
    assert looks.contrast(looks.OURS) > looks.READABLE


def test_an_issued_invoice_keeps_its_look(olga_browser, url, in_north):
    factories.tariff()
    factories.session(factories.connector(), factories.driver("Dana"))
    send(olga_browser, url, picture())
    first = Letterhead.objects.get()
    factories.issued()
    invoice = Invoice.objects.get()
    send(olga_browser, url, colour="#7a1030", remove_logo="on")
    assert invoice.seller["letterhead"] == str(first.public_id)
    with_logo = documents.pdf(invoice)
    assert b"/Subtype/Image" in with_logo
    assert Letterhead.objects.count() == 2
    assert not Letterhead.objects.latest("pk").logo


def test_a_document_is_made_whatever_stands_in_the_row(in_north):
    factories.tariff()
    factories.session(factories.connector(), factories.driver("Dana"))
    Letterhead.objects.create(colour=GREEN, logo=b"no picture", width=300, height=100)
    factories.issued()
    assert documents.pdf(Invoice.objects.get()).startswith(b"%PDF")


@pytest.mark.parametrize("facts", [{"colour": "red"}, {"colour": GREEN, "logo": b"x"}, {"colour": GREEN, "width": 1}])
def test_the_database_takes_no_other_look(in_north, facts):
    with pytest.raises(DatabaseError), transaction.atomic():
        Letterhead.objects.create(**facts)


def test_an_invoice_issued_before_a_look_was_chosen_keeps_ours(olga_browser, url, in_north):
    factories.tariff()
    factories.session(factories.connector(), factories.driver("Dana"))
    factories.issued()
    send(olga_browser, url, picture())
    invoice = Invoice.objects.get()
    assert "letterhead" not in invoice.seller
    assert b"/Subtype/Image" not in documents.pdf(invoice)


def test_the_logo_stays_when_only_the_colour_changes(olga_browser, url, in_north):
    send(olga_browser, url, picture("JPEG"), name="logo.jpg")
    send(olga_browser, url, colour="#7a1030")
    send(olga_browser, url, colour="#7a1030")
    first, second = Letterhead.objects.order_by("pk")
    assert bytes(second.logo) == bytes(first.logo)
    assert second.colour == "#7a1030"


def test_finance_may_not_change_the_look(fina, sign_in, url, in_north):
    assert send(sign_in(fina), url).status_code == 403
