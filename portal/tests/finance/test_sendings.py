"""The pages of e-invoices on their way: the way is chosen in the settings, each is seen, one is sent by hand."""

import pytest
from django.urls import reverse

from billing.models import Invoice, Sending, SendingWay
from billing.services import account_moves
from billing.tests import factories
from billing.tests.companies import BUYER, SELLER
from tenants.models import AuditEntry, Operator
from tenants.services.people import accounts


@pytest.fixture
def issued(in_north, danas_driver) -> Invoice:
    Operator.objects.filter(pk=in_north.pk).update(**SELLER)
    factories.tariff(factories.DAY_NIGHT)
    account_moves.move(danas_driver, to=accounts.create(**BUYER), since=None)
    factories.session(factories.connector(), danas_driver)
    factories.issued()
    return Invoice.objects.get()


def way_page(operator) -> str:
    return reverse("staff:sending_way", args=[operator.slug])


def test_the_secret_of_an_address_is_shown_once_and_never_written_to_the_log(olga, sign_in, in_north):
    browser = sign_in(olga)
    answer = browser.post(way_page(in_north), {"kind": "https", "address": "https://taker.example/in"})
    secret = answer.context["secret"]
    assert len(secret) == 64
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert secret not in browser.get(way_page(in_north)).content.decode()
    entries = AuditEntry.objects.filter(content_type__model="sendingway")
    assert entries.exists()
    assert not any(secret in f"{entry.changes} {entry.additional_data}" for entry in entries)
    again = browser.post(way_page(in_north), {"kind": "https", "address": "https://taker.example/in"})
    assert again.status_code == 302


@pytest.mark.parametrize("address", ["", "http://taker.example/", "https://me:pw@taker.example/", "nowhere"])
def test_what_is_no_address_is_refused_at_its_field(olga, sign_in, in_north, address):
    answer = sign_in(olga).post(way_page(in_north), {"kind": "https", "address": address})
    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not SendingWay.objects.exists()


def test_a_folder_is_offered_where_the_instance_has_one(olga, sign_in, in_north, settings, tmp_path):
    browser = sign_in(olga)
    assert browser.post(way_page(in_north), {"kind": "folder"}).status_code == 400
    settings.E_INVOICE_FOLDER = str(tmp_path)
    assert browser.post(way_page(in_north), {"kind": "folder"}).status_code == 302
    assert SendingWay.objects.get().kind == "folder"
    assert browser.post(way_page(in_north), {"kind": ""}).status_code == 302
    assert not SendingWay.objects.exists()


def test_one_that_was_issued_before_is_sent_by_hand_and_listed(fina_browser, url, issued, settings, tmp_path):
    page = url(f"invoices/{issued.public_id}/")
    assert "Send as an e-invoice" not in fina_browser.get(page).content.decode()
    assert "No way of sending is chosen" in fina_browser.get(url("e-invoices/")).content.decode()
    settings.E_INVOICE_FOLDER = str(tmp_path)
    SendingWay.objects.create(kind="folder", secret=b"", changed_at=factories.NOVEMBER)
    assert "Send as an e-invoice" in fina_browser.get(page).content.decode()
    fina_browser.post(f"{page}send/")
    assert Sending.objects.get().invoice == issued
    assert "Send as an e-invoice" not in fina_browser.get(page).content.decode()
    listed = fina_browser.get(url("e-invoices/")).content.decode()
    assert "F1" in listed
    assert "waits" in listed
    assert "F1" in fina_browser.get(url("e-invoices/?search=%C3%85keri")).content.decode()
    assert "No e-invoice matches" in fina_browser.get(url("e-invoices/?search=nobody")).content.decode()
    Sending.objects.update(stage="held", reason="BR-CO-10", state="failed")
    assert (
        "It breaks a rule of e-invoices (BR-CO-10)" in fina_browser.get(url("e-invoices/?state=held")).content.decode()
    )
    assert "F1" not in fina_browser.get(url("e-invoices/?state=sent")).content.decode()
