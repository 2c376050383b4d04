"""The pages of invoices and credit notes."""

import io
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from PIL import Image

from billing.documents import preview
from billing.models import DocumentLetter, DocumentOpening, Invoice
from billing.selectors import invoice_people
from billing.services import account_moves, documents, openings, payments
from billing.services.credit_notes import credit
from billing.tests import factories
from charging.models import Token
from portal.tests.examples import example
from portal.web.finance import invoices as invoice_pages
from portal.words.states import told
from tenants import sealed_content
from tenants.models import Account, AuditEntry
from tenants.scoping import tenant_scope
from tenants.services.people import accounts


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_list_shows_invoices_with_the_sum_of_all_that_match(fina_browser, url, invoice):
    page = text(fina_browser.get(url("invoices/")))
    assert "F1" in page
    assert "1 document in all" in page
    assert "SEK 56.25" in page


def test_the_list_is_narrowed_by_month_kind_state_and_customer(fina_browser, url, invoice):
    for query in ("month=2026-09", "kind=credit_note", "state=draft", "search=nobody"):
        assert "No invoice found" in text(fina_browser.get(url(f"invoices/?{query}")))
    for query in ("month=2026-10", "kind=invoice", "state=issued", "search=Dana", "search=F1", "month=nonsense"):
        assert "Dana Driver" in text(fina_browser.get(url(f"invoices/?{query}")))


def test_an_invoice_shows_buyer_seller_lines_and_vat(fina_browser, url, invoice):
    page = text(fina_browser.get(url(f"invoices/{invoice.public_id}/")))
    assert "Dana Driver" in page
    assert "North Charging AB" in page
    assert "10.000 kWh" in page
    assert "VAT 25%" in page
    assert page.count("rowgroup") == 3


def test_the_page_of_an_invoice_asks_the_database_a_fixed_number_of_times(
    fina_browser, url, invoice, django_assert_max_num_queries
):
    with django_assert_max_num_queries(29):  # one brings the key of what is sealed of the payer, two how it is booked
        fina_browser.get(url(f"invoices/{invoice.public_id}/"))


def test_the_pdf_is_sent_and_the_log_keeps_it(fina_browser, url, invoice):
    response = fina_browser.get(url(f"invoices/{invoice.public_id}/pdf/"))
    assert response.content.startswith(b"%PDF")
    assert AuditEntry.objects.filter(event="invoice.downloaded", object_id=invoice.pk).exists()


def test_a_draft_has_no_document_to_send(fina_browser, url, drafted):
    draft = Invoice.objects.get()
    assert fina_browser.get(url(f"invoices/{draft.public_id}/pdf/")).status_code == 404


def test_the_pdf_is_shown_page_by_page_without_a_reader_of_pdfs(fina_browser, url, invoice):
    address = url(f"invoices/{invoice.public_id}/")
    assert "The document" not in text(fina_browser.get(address)), "nothing is set for a look"
    assert fina_browser.get(f"{address}pages/").status_code == 404
    documents.render(invoice)
    assert f"{address}pages/1.png" in text(fina_browser.get(address))
    shown = text(fina_browser.get(f"{address}pages/"))
    count = preview.count(documents.pdf(invoice))
    assert f"Page {count} of {count}" in shown
    first = fina_browser.get(f"{address}pages/1.png")
    assert first["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(first.content)) as picture:
        assert picture.size == (910, 1287)
        assert len(picture.convert("L").getcolors() or ()) > 20, "something stands on it"
    assert [fina_browser.get(f"{address}pages/{number}.png").status_code for number in (0, count + 1)] == [404, 404]


def test_looking_at_the_pages_is_kept_once_for_each_person_and_hour(fina, fina_browser, url, invoice, sara, sign_in):
    documents.render(invoice)
    address = url(f"invoices/{invoice.public_id}/pages/")
    assert fina_browser.get(f"{address}99.png").status_code == 404
    looks = AuditEntry.objects.filter(event="invoice.pages_shown", object_id=invoice.pk)
    assert not looks.exists(), "there was nothing to see"
    for _ in range(2):
        fina_browser.get(f"{address}1.png")
    assert [look.actor for look in looks] == [fina]
    sign_in(sara).get(f"{address}1.png")
    assert {look.actor for look in looks.all()} == {fina, sara}
    cache.clear()
    fina_browser.get(f"{address}1.png")
    assert looks.all().count() == 3


def test_what_is_kept_for_bookkeeping_is_not_shown(fina_browser, url, invoice, monkeypatch):
    documents.render(invoice)
    monkeypatch.setattr(sealed_content, "MARK_OF_BOOKS", sealed_content.MARK)
    address = url(f"invoices/{invoice.public_id}/")
    assert "pages/1.png" not in text(fina_browser.get(address))
    assert fina_browser.get(f"{address}pages/1.png").status_code == 404


def test_the_page_tells_what_has_happened_and_when_it_was_opened_first(fina_browser, url, invoice):
    address = url(f"invoices/{invoice.public_id}/")
    happened = factories.NOVEMBER + timedelta(hours=5)
    example(DocumentLetter, invoice=invoice, account=invoice.account, state="done", sent_at=happened)
    assert "Opened by the payer" not in text(fina_browser.get(address))
    fina_browser.get(f"{address}pdf/")
    assert not DocumentOpening.objects.exists(), "staff are not who pays"
    openings.note(invoice, at=happened + timedelta(days=1))
    openings.note(invoice, at=happened + timedelta(days=9))
    day = date(2026, 11, 20)
    payments.record(invoice, invoice.amount_due, paid_on=day, text="", by=None, today=day)
    page = text(fina_browser.get(address))
    life = page[page.index("What has happened") : page.index("Buyer")]
    told = ["Paid: SEK 56.25", "20 Nov 2026", "Opened by the payer", "3 Nov 2026 15:00", "Mailed", "15:00", "Issued"]
    at = 0
    for each in told:
        at = life.index(each, at)


def test_crediting_makes_a_note_and_both_name_each_other(fina_browser, url, invoice):
    page = text(fina_browser.post(url(f"invoices/{invoice.public_id}/credit/"), {"reason": "Fel pris"}, follow=True))
    assert "F2 credits F1 in full." in page
    assert "Fel pris" in page
    assert "This invoice was credited" in text(fina_browser.get(url(f"invoices/{invoice.public_id}/")))


def test_crediting_needs_a_reason(fina_browser, url, invoice):
    fina_browser.post(url(f"invoices/{invoice.public_id}/credit/"), {"reason": " "})
    assert Invoice.objects.count() == 1


def test_a_credit_note_counts_against_its_invoice(fina_browser, url, invoice):
    fina_browser.post(url(f"invoices/{invoice.public_id}/credit/"), {"reason": "Fel pris"})
    assert "SEK 0.00" in text(fina_browser.get(url("invoices/")))


def test_support_reads_invoices_and_credits_none(sara, sign_in, url, invoice):
    browser = sign_in(sara)
    assert browser.get(url(f"invoices/{invoice.public_id}/")).status_code == 200
    assert browser.post(url(f"invoices/{invoice.public_id}/credit/"), {"reason": "x"}).status_code == 403


def test_another_operators_invoice_does_not_exist(north, danas_driver, south, sven, sign_in):
    with tenant_scope(north.pk):
        factories.tariff()
        factories.session(factories.connector(), danas_driver)
        invoice = Invoice.objects.get(run=factories.issued())
    assert sign_in(sven).get(f"/o/south/finance/invoices/{invoice.public_id}/").status_code == 404
    assert sign_in(sven).get(f"/o/north/finance/invoices/{invoice.public_id}/").status_code == 404


def test_an_invoice_of_very_many_sessions_comes_in_pages_with_whole_sessions(fina_browser, url, invoice, monkeypatch):
    monkeypatch.setattr(invoice_pages, "SESSIONS_SHOWN", 2)
    first = text(fina_browser.get(url(f"invoices/{invoice.public_id}/")))
    second = text(fina_browser.get(url(f"invoices/{invoice.public_id}/?page=2")))
    assert "Page 1 of 2" in first
    assert [page.count('class="lines__session"') for page in (first, second)] == [2, 1]


@pytest.mark.parametrize(
    ("today", "state", "found"),
    [
        ("2026-11-20", "open", ["F1"]),
        ("2026-11-20", "overdue", []),
        ("2026-12-20", "open", []),
        ("2026-12-20", "overdue", ["F1"]),
        ("2026-12-20", "credited", ["F2"]),
        ("2026-12-20", "issued", ["F3", "F2", "F1"]),
    ],
)
def test_an_invoice_is_open_overdue_or_credited(monkeypatch, fina, sign_in, url, charged, today, state, found):
    factories.session(factories.connector(), factories.driver("Bo"), start=factories.OCTOBER)
    factories.rate_all()
    factories.issued()
    credit(Invoice.objects.get(number=2), reason="Wrong", by=None, at=factories.NOVEMBER)
    moment = datetime.fromisoformat(f"{today}T12:00:00+00:00")
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    page = sign_in(fina).get(url(f"invoices/?state={state}&totals=now"))
    listed = page.context["page"].rows
    assert [str(invoice) for invoice in listed] == found
    assert [row.documents for row in page.context["sums"]] == ([len(found)] if found else [])
    words = {"open": "open", "overdue": "overdue", "credited": "credited"}
    assert all(str(told(invoice).label) == words.get(state, str(told(invoice).label)) for invoice in listed)


def test_the_list_is_sorted_by_amount_and_exported_as_it_is(fina_browser, url, charged):
    for kwh in (3, 50, 7):
        factories.session(factories.connector(), factories.driver(), start=factories.OCTOBER, kwh=kwh)
    factories.rate_all()
    factories.issued()
    for sort in ("amount", "-amount"):
        listed = [row.amount_due for row in fina_browser.get(url(f"invoices/?sort={sort}")).context["page"].rows]
        assert listed == sorted(listed, reverse=sort == "-amount")
        answer = fina_browser.get(url(f"invoices/export/?sort={sort}&format=semicolon"))
        rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        amount = rows[0].split(";").index("Amount due")
        assert [Decimal(row.split(";")[amount]) for row in rows[1:]] == listed


def credit_page(invoice):
    return f"invoices/{invoice.public_id}/credit/"


def test_some_sessions_are_credited_after_a_preview_and_the_invoice_shows_what_is_left(fina_browser, url, invoice):
    first = invoice.lines.earliest("position").position
    wanted = {"scope": "some", "whole": [first], "reason": "Fel pris", "words": "Nattpriset", "then": "written_off"}
    preview = text(fina_browser.post(url(credit_page(invoice)), {**wanted, "preview": "1"}))
    assert "The credit note would say" in preview
    assert Invoice.objects.count() == 1
    page = text(fina_browser.post(url(credit_page(invoice)), wanted, follow=True))
    assert "F2 credits a part of F1." in page
    assert "Fel pris: Nattpriset" in page
    note = Invoice.objects.get(kind="credit_note")
    assert f"SEK {-note.amount_due}" in preview
    shown = text(fina_browser.get(url(f"invoices/{invoice.public_id}/")))
    assert "Credit note F2" in shown
    assert f"SEK {invoice.amount_due + note.amount_due}" in shown
    assert (
        str(told(fina_browser.get(url("invoices/?kind=invoice")).context["page"].rows[0]).label) == "credited in part"
    )
    assert fina_browser.get(url(f"invoices/{note.public_id}/pdf/")).content.startswith(b"%PDF")


def test_an_amount_of_a_line_is_credited_by_either_decimal_sign(fina_browser, url, invoice):
    fina_browser.post(url(credit_page(invoice)), {"scope": "some", "amount_1": "1,50", "reason": "Fel pris"})
    assert Invoice.objects.get(kind="credit_note").amount_excl_vat == Decimal("-1.50")


@pytest.mark.parametrize(
    ("wanted", "field", "said"),
    [
        ({"scope": "some"}, "scope", "Tick a session"),
        ({"amount_1": "1"}, "scope", "Choose one or the other"),
        ({"scope": "some", "whole": ["1"], "amount_1": "1"}, "amount_1", "ticked already"),
        ({"scope": "some", "amount_1": "1.005"}, "amount_1", "decimal"),
        ({"scope": "some", "amount_1": "99999"}, "__all__", "more of line 1 than is left"),
        ({"reason": "Något annat"}, "reason", "Select a valid choice"),
        ({"then": "energy_only"}, "then", "Select a valid choice"),
    ],
)
def test_what_cannot_be_credited_is_said_at_its_field(fina_browser, url, invoice, wanted, field, said):
    answer = fina_browser.post(url(credit_page(invoice)), {"reason": "Fel pris", **wanted})
    assert answer.status_code == 400
    assert said in " ".join(answer.context["form"].errors[field])
    assert Invoice.objects.count() == 1


@pytest.fixture
def of_company(in_north, danas_driver):
    """An issued invoice of a company: two of Dana's sessions with one card, one with another, and one of Ada's."""
    factories.tariff(factories.flat("2.00"))
    firm = accounts.create(kind=Account.Kind.COMPANY, name="Åkeriet", country="SE", street="A 1", city="Umeå")
    at, ada = factories.connector(), factories.driver("Ada Ek")
    first, second = (Token.objects.create(uid=uid, driver=danas_driver) for uid in ("04AA11", "04BB22"))
    for who in (danas_driver, ada):
        account_moves.move(who, to=firm, since=None)
    charged = ((danas_driver, first, 10), (ada, None, 5), (danas_driver, second, 20), (danas_driver, first, 30))
    for day, (who, card, kwh) in enumerate(charged, 1):
        factories.session(at, who, start=factories.OCTOBER + timedelta(days=day), kwh=kwh, token=card)
    factories.issued()
    return Invoice.objects.get(account=firm)


def test_an_invoice_of_a_company_is_told_by_driver_and_card_with_their_sums(fina_browser, url, of_company):
    answer = fina_browser.get(url(f"invoices/{of_company.public_id}/"))
    told = [
        [(each.who.partition(" (")[0], each.sessions, each.energy_wh, each.amount) for each in headings]
        for headings, _group in answer.context["groups"]
    ]
    assert [[(who, sessions, wh, sum_.replace("\xa0", " ")) for who, sessions, wh, sum_ in each] for each in told] == [
        [("Dana Driver", 3, 60_000, "SEK 120.00"), ("Card 04••••1", 2, 40_000, "SEK 80.00")],
        [],
        [("Card 04••••2", 1, 20_000, "SEK 40.00")],
        [("Ada Ek", 1, 5_000, "SEK 10.00")],
    ]
    page = text(answer)
    assert page.count('class="lines__whose"') == 2
    assert page.count("lines__whose--card") == 2


def test_everybody_of_a_large_company_is_listed_and_opens_theirs(fina_browser, url, of_company, monkeypatch):
    monkeypatch.setattr(invoice_pages, "SESSIONS_SHOWN", 2)
    address = url(f"invoices/{of_company.public_id}/")
    for query in ("", "?who=0", "?who=3", "?who=x", "?who=²"):
        answer = fina_browser.get(f"{address}{query}")
        told = [(each.who.partition(" (")[0], each.place) for each in answer.context["people"]]
        assert told == [("Dana Driver", 1), ("Ada Ek", 2)]
        assert "lines__session" not in text(answer)
    assert 'href="?who=2"' in text(answer)
    danas = text(fina_browser.get(f"{address}?who=1"))
    assert "?who=1&amp;page=2" in danas
    assert "All drivers" in danas
    assert danas.count('class="lines__session"') == 2
    rest = text(fina_browser.get(f"{address}?who=1&page=2"))
    assert rest.count('class="lines__session"') == 1
    assert "SEK 120.00" in rest, "the sum is of all that is hers"
    monkeypatch.setattr(invoice_pages, "PEOPLE_SHOWN", 1)
    assert "Ada Ek" in text(fina_browser.get(f"{address}?page=2"))


def test_the_page_of_a_company_asks_the_database_as_often_whoever_is_on_it(
    fina_browser, url, of_company, monkeypatch, django_assert_max_num_queries
):
    address = url(f"invoices/{of_company.public_id}/")
    with django_assert_max_num_queries(29):
        fina_browser.get(address)
    monkeypatch.setattr(invoice_pages, "SESSIONS_SHOWN", 2)
    for query in ("", "?who=1"):
        with django_assert_max_num_queries(29):
            fina_browser.get(f"{address}{query}")


@pytest.mark.parametrize(
    ("included", "sums", "includes_vat", "is_mixed"),
    [((True, True), ["20.00", "20.00"], True, False), ((True, False), ["16.00", "20.00"], False, True)],
)
def test_what_people_come_to_is_in_the_kind_of_the_lines(in_north, included, sums, includes_vat, is_mixed):
    firm = accounts.create(kind=Account.Kind.COMPANY, name="Åkeriet", country="SE", street="A 1", city="Umeå")
    for number, has_vat in enumerate(included):
        at, who = factories.connector(), factories.driver(f"Förare {number}")
        document = factories.flat("2.00") | ({"tax_included": "YES"} if has_vat else {})
        factories.tariff(document, site=at.station.site)
        account_moves.move(who, to=firm, since=None)
        factories.session(at, who)
    factories.issued()
    found = invoice_people.of(Invoice.objects.get(account=firm))
    assert [str(each.amount) for each in found.everybody] == sums
    assert (found.includes_vat, found.is_mixed) == (includes_vat, is_mixed)
