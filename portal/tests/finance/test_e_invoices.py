"""The e-invoice on its page, and what is said where it cannot be sent."""

import pytest
from django.urls import reverse
from lxml import etree

from billing.models import Invoice
from billing.services import account_moves
from billing.tests import factories
from billing.tests.companies import BUYER, SELLER
from tenants.models import AuditEntry, Operator
from tenants.services.people import accounts


@pytest.fixture
def billed(in_north, danas_driver):
    """Bills a company with these facts for a session of Dana's, by a seller with those."""

    def bill(seller=SELLER, **facts) -> Invoice:
        Operator.objects.filter(pk=in_north.pk).update(**seller)
        factories.tariff(factories.DAY_NIGHT)
        account_moves.move(danas_driver, to=accounts.create(**{**BUYER, **facts}), since=None)
        factories.session(factories.connector(), danas_driver)
        factories.issued()
        return Invoice.objects.get()

    return bill


def test_it_is_offered_sent_and_the_log_keeps_it(fina_browser, url, billed):
    invoice = billed()
    page = url(f"invoices/{invoice.public_id}/")
    assert "E-invoice (XML)" in fina_browser.get(page).content.decode()
    response = fina_browser.get(f"{page}e-invoice/")
    assert response["Content-Disposition"] == 'attachment; filename="F1.xml"'
    assert etree.fromstring(response.content).tag.endswith("}Invoice")
    assert AuditEntry.objects.filter(event="invoice.e_invoice_downloaded", object_id=invoice.pk).count() == 1


def test_what_keeps_it_from_leaving_is_said_in_words_with_where_to_mend_it(fina_browser, url, billed):
    invoice = billed({**SELLER, "bankgiro": ""}, buyer_reference="", organisation_number="")
    page = fina_browser.get(url(f"invoices/{invoice.public_id}/e-invoice/")).content.decode()
    assert "F1 cannot be sent as an e-invoice" in page
    for said in ("Write your bankgiro", "The buyer has no address for e-invoices", "Write the buyer&#x27;s reference"):
        assert said in page
    assert not AuditEntry.objects.filter(event="invoice.e_invoice_downloaded").exists()


def test_a_private_person_is_offered_none_and_a_draft_has_none(fina_browser, url, invoice, charged):
    page = url(f"invoices/{invoice.public_id}/")
    assert "E-invoice (XML)" not in fina_browser.get(page).content.decode()


def test_a_draft_has_none(fina_browser, url, drafted):
    assert fina_browser.get(url(f"invoices/{Invoice.objects.get().public_id}/e-invoice/")).status_code == 404


def test_the_payer_s_page_and_the_settings_say_what_e_invoices_lack(olga, sign_in, in_north):
    browser = sign_in(olga)
    Operator.objects.filter(pk=in_north.pk).update(**{**SELLER, "organisation_number": "556016-0681"})
    firm = accounts.create(**{**BUYER, "buyer_reference": ""})
    page = browser.get(reverse("staff:account_detail", args=[in_north.slug, firm.public_id])).content.decode()
    assert "E-invoices cannot be sent like this" in page
    settings = browser.get(reverse("staff:settings", args=[in_north.slug])).content.decode()
    assert "Your organisation number 5560160681 has a wrong digit" in settings
