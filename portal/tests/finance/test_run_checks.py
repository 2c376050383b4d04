"""Before a run is issued its page says what was found and where it is put right; what blocks takes the button away."""

from billing.models import InvoiceRun
from charging.models import ChargingSession
from tenants.models import Account
from tenants.services.people import operators


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_a_missing_vat_number_is_said_with_the_way_to_it_and_keeps_the_run(
    fina_browser, url, drafted, north, sign_in, olga
):
    operators.change(north, vat_number="")
    page = text(fina_browser.get(url(f"runs/{drafted.public_id}/")))
    assert "1 invoice has VAT, and your VAT number is missing." in page
    assert f'href="/o/{north.slug}/settings/"' not in page  # finance may not change it
    assert f'href="/o/{north.slug}/settings/">Add it' in text(sign_in(olga).get(url(f"runs/{drafted.public_id}/")))
    assert "Issue 1 invoice" not in text(fina_browser.get(url(f"runs/{drafted.public_id}/issue/")))
    said = text(fina_browser.post(url(f"runs/{drafted.public_id}/issue/"), follow=True))
    assert "your VAT number is missing" in said
    assert InvoiceRun.objects.get().state == InvoiceRun.State.READY


def test_what_waits_for_a_decision_leads_to_the_review(sign_in, olga, url, drafted, north):
    ChargingSession.objects.filter(pk=ChargingSession.objects.earliest("pk").pk).update(review="pending")
    page = text(sign_in(olga).get(url(f"runs/{drafted.public_id}/")))
    assert "1 drafted session is under review by now" in page
    assert f'href="/o/{north.slug}/review/">Review them' in page


def test_nothing_found_says_nothing_and_offers_the_button(fina_browser, url, drafted):
    assert 'class="alert' not in text(fina_browser.get(url(f"runs/{drafted.public_id}/")))
    assert "Issue 1 invoice" in text(fina_browser.get(url(f"runs/{drafted.public_id}/issue/")))


def test_an_issued_run_is_not_checked_again(fina_browser, url, issued, north):
    operators.change(north, vat_number="")
    assert "VAT number is missing" not in text(fina_browser.get(url(f"runs/{issued.public_id}/")))


def test_what_the_operator_lacks_for_e_invoices_is_said_one_by_one(fina_browser, url, drafted, north):
    operators.change(north, vat_number="")
    Account.objects.filter(invoices__run=drafted).update(delivery=Account.Delivery.E_INVOICE)
    page = text(fina_browser.get(url(f"runs/{drafted.public_id}/")))
    assert "1 invoice is to be an e-invoice, and your own details lack what it needs." in page
    assert "<li>Who charges VAT needs a VAT number on the invoice. Write yours in the settings.</li>" in page
