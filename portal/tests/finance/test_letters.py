"""Letters on the pages: a run is mailed by a button, the list says what arrived, an owner writes the words."""

import re

import pytest
from django.utils import timezone

from billing.models import DocumentLetter, Invoice, MailRules
from billing.tests import factories
from tenants import work
from tenants.models import Account
from tenants.services.people import drivers

RULES = {"per_minute": "30", "attaches_pdf": "on", "subject_sv": "{invoice} från {operator}"}


def text(response):
    return re.sub(r"</?time[^>]*>", "", response.content.decode().replace("\xa0", " "))


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_HOST = "mail.example"


@pytest.fixture
def url(north):
    return lambda path: f"/o/{north.slug}/{path}"


@pytest.fixture
def fina_browser(fina, sign_in):
    return sign_in(fina)


@pytest.fixture
def run(danas_driver, in_north):
    factories.tariff(factories.flat("2.00"))
    drivers.change_identity(danas_driver, email="dana@example.com")
    factories.session(factories.connector(), danas_driver)
    Account.objects.update(delivery="email")
    return factories.issued()


def done(north):
    while work.do_next(work.kind_named("document_letter"), north.pk, clock=timezone.now):
        pass


def test_a_run_is_mailed_by_a_button_and_the_list_says_what_became_of_it(fina_browser, url, run, north, mailoutbox):
    page = text(fina_browser.get(url(f"finance/runs/{run.public_id}/")))
    assert "Mail 1 invoice" in page
    answer = fina_browser.post(url(f"finance/runs/{run.public_id}/mail/"), follow=True)
    assert "1 invoice is queued." in text(answer)
    assert "waiting" in text(answer)
    done(north)
    listed = text(fina_browser.get(url("finance/letters/")))
    assert "dana@example.com" in listed
    assert ">sent<" in listed
    assert [letter.to for letter in mailoutbox] == [["dana@example.com"]]
    assert "Mail 1 invoice" not in text(fina_browser.get(url(f"finance/runs/{run.public_id}/")))
    invoice = Invoice.objects.get()
    assert "sent" in text(fina_browser.get(url(f"finance/invoices/{invoice.public_id}/")))


def test_letters_are_found_by_number_payer_and_state(fina_browser, url, run, north):
    fina_browser.post(url(f"finance/runs/{run.public_id}/mail/"))
    for query, count in (
        ("search=F1", 1),
        ("search=Dana", 1),
        ("search=F99", 0),
        ("state=waiting", 1),
        ("state=sent", 0),
    ):
        assert len(fina_browser.get(url(f"finance/letters/?{query}")).context["page"].rows) == count, query


def test_what_did_not_arrive_is_sent_again(fina_browser, url, run, north):
    fina_browser.post(url(f"finance/runs/{run.public_id}/mail/"))
    letter = DocumentLetter.objects.get()
    DocumentLetter.objects.update(state="failed", error="letter_not_known")
    page = text(fina_browser.get(url("finance/letters/?state=not_sent")))
    assert "Nobody knows whether it went out" in page
    assert "Send again" in page
    fina_browser.post(url(f"finance/letters/{letter.public_id}/again/"))
    assert DocumentLetter.objects.count() == 2
    fina_browser.post(url(f"finance/letters/{letter.public_id}/again/"))
    assert DocumentLetter.objects.count() == 2


def test_an_auditor_reads_and_does_not_send(sign_in, axel, url, run, in_north):
    browser = sign_in(axel)
    assert browser.get(url("finance/letters/")).status_code == 200
    assert "Mail 1 invoice" not in text(browser.get(url(f"finance/runs/{run.public_id}/")))
    assert browser.post(url(f"finance/runs/{run.public_id}/mail/")).status_code == 403


def test_an_owner_writes_the_words_and_sees_them_before(sign_in, olga, url, in_north):
    browser = sign_in(olga)
    seen = text(browser.post(url("settings/mail/"), {**RULES, "preview": "1"}))
    assert "F1017 från North Charging AB" in seen
    assert not MailRules.objects.exists()
    assert browser.post(url("settings/mail/"), RULES).status_code == 302
    rules = MailRules.objects.get()
    assert (rules.per_minute, rules.attaches_pdf, rules.on_issue) == (30, True, False)
    assert rules.texts == {"sv": {"subject": "{invoice} från {operator}", "text": ""}}
    refused = browser.post(url("settings/mail/"), {**RULES, "text_en": "{secret}"})
    assert refused.status_code == 400
    assert "stands in braces and means nothing here" in text(refused)
