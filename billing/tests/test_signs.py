"""Names of all the world on a document: each gives a valid archive PDF, and what can be shown is."""

import re
import unicodedata
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.documents import looks, pdf, signs, words
from billing.domain.errors import BillingError
from billing.models import Invoice, InvoiceDocument
from billing.services import documents
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, issued, session, tariff
from charging.models import Site
from tenants.bounds import tidy

SHOWN = [
    *("Åsa Öberg", "Łukasz Żółć", "Đặng Thị Ánh", "Ελένη", "Ірина", "a\u0301\u0302", "𝒜", "⚡"),
    *("张伟", "張偉", "さくら", "김철수", "สมชาย", "ລາວ", "ភាសាខ្មែរ", "မြန်မာ"),
    *("नमस्ते", "தமிழ்", "বাংলা", "አማርኛ", "ქართული", "Հայաստան", "محمد", "דנה"),
    *("🎉", "👨\u200d👩\u200d👧"),
]
BOXED = ["\U00020000", "ᚠ", "𐍈", "\uf8ff", "\U000f0000"]
GONE = [
    *("\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028"),
    *("\ufeff", "\ufffe", "\uffff", "\U0001ffff", "\ud800", "\u202e"),
]


def page(name: str) -> dict[str, Any]:
    """A page with the name wherever a text of people stands."""
    return {
        "lang": "sv",
        **looks.look(None),
        "words": words.SWEDISH,
        "title": "Faktura",
        "is_draft": False,
        "is_note": False,
        "name": "F1",
        "seller": {"name": name, "lines": [name]},
        "footer": [[name], [name], [name]],
        "facts": [["Kundnummer", name]],
        "buyer": [name, name],
        "due": "1,00 SEK",
        "payment": [["OCR", name]],
        "refund": name,
        "code": "",
        "compared": [[name, name, "1", "1"], [name, name, "1", "1"]],
        "by_site": [[name, "1", "1"]],
        "by_whom": [[name, "1", "1"]],
        "everybody": [[name, "1", "1", "1"]],
        "is_dense": False,
        "summary": [["Energi", "1", "1", "1,25", "25 %", "1"]],
        "sessions_note": name,
        "vat": [["25 %", "1", "1"]],
        "vat_notes": [name],
        "totals": [["Att betala", "1"]],
        "sessions": [
            {
                "day": "2026-10-01",
                "time": "1",
                "place": name,
                "who": [name, "1"],
                "lines": [["a", "1", "1", "1", "1"]],
                "amount": "1",
            }
        ],
        "fees": [[name, "1", "1", "1", "1"]],
        "fees_note": name,
        "energy": "1",
        "session_count": "1",
    }


def assert_archived(name: str) -> None:
    content = pdf.render(page(name), at=NOVEMBER)
    assert content.startswith(b"%PDF-1.7")
    assert re.search(rb"pdfaid:part[=>\"]+3", content)


@pytest.mark.parametrize("name", [*SHOWN, *BOXED, *GONE, "".join(GONE), "".join(BOXED), " ".join(SHOWN)], ids=ascii)
def test_every_name_gives_a_document(name):
    assert_archived(name)
    assert_archived(f"Dana {name} Driver")


def test_what_can_be_shown_is_not_replaced():
    for name in SHOWN:
        ready = signs.tidied(name)
        assert signs.shown(ready, pdf._shows) == ready


def test_what_cannot_be_shown_is_a_box_in_its_place():
    assert pdf._shows(signs.BOX)
    for name in BOXED:
        assert signs.shown(f"Åsa {name} B", pdf._shows) == f"Åsa {signs.BOX} B"


@pytest.mark.parametrize("sign", GONE, ids=ascii)
def test_signs_that_no_text_may_hold_are_gone(sign):
    assert signs.tidied({"buyer": [f"Da{sign}na"]})["buyer"][0] in ("Dana", "Da na")


@given(st.text(st.one_of(st.characters(), st.sampled_from([sign for name in GONE for sign in name]))))
def test_a_text_is_the_same_whether_it_was_looked_at_first(text):
    long_way = unicodedata.normalize("NFC", tidy(text.translate(signs._LINE_ENDS), instead=""))
    assert signs.tidied(text) == long_way


def test_signs_that_fail_together_are_boxed():
    assert signs.shown("ab\u0e01\u0e49", lambda text: len(text) == 1) == f"ab{signs.BOX * 2}"


ANY = st.text(
    st.one_of(
        st.characters(),
        st.characters(max_codepoint=0x24F),
        st.characters(categories=["Mn", "Mc", "Me", "Cf"]),
        st.characters(categories=["So", "Sk"]),
        st.characters(min_codepoint=0x0590, max_codepoint=0x1200),
        st.sampled_from([*GONE, *BOXED, "\u200d", "\ufe0f", "\U0001f3fd"]),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(ANY)
def test_any_text_gives_a_document(name):
    assert_archived(name)


def test_what_cannot_be_set_at_all_is_a_code_without_a_name(monkeypatch):
    def fail(template, page, **options):
        raise typst.TypstError(f"no font for {page}", "")

    monkeypatch.setattr(pdf, "_compiled", fail)
    with pytest.raises(BillingError) as refusal:
        pdf.render(page("Dana Driver"), at=NOVEMBER)
    assert refusal.value.code == "document_cannot_be_set"
    assert "Dana" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


@pytest.mark.usefixtures("in_north")
def test_an_odd_name_keeps_no_other_document_waiting():
    tariff()
    at = connector(Site.objects.create(name="车站 \u202e🎉 ᚠ", time_zone="Europe/Stockholm"))
    for name in ("张伟 🎉", "Bo", "ᚠ\U00020000"):
        session(at, driver(name), start=OCTOBER)
    issued()
    for invoice in Invoice.objects.all():
        documents.pdf(invoice)
    assert InvoiceDocument.objects.count() == Invoice.objects.count() == 3
