"""The pages of runs: what waits, drafting, issuing, discarding."""

from datetime import UTC, date, datetime, timedelta

from billing.models import Invoice, InvoiceRun
from billing.services import runs as services
from billing.tests import factories
from portal.tests.examples import example
from tenants.models import Account, Operator
from tenants.selectors import accounts


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_last_complete_month_is_suggested_with_what_waits(fina_browser, url, charged, after_october):
    page = text(fina_browser.get(url("runs/")))
    assert "Draft the invoices of October 2026" in page
    assert "30 kWh" in page


def test_sessions_under_review_are_warned_of(fina_browser, url, charged, after_october):
    factories.session(factories.connector(), charged[0].driver, review="pending")
    assert "is under review and will not be billed" in text(fina_browser.get(url("runs/")))


def test_a_run_is_started_for_a_month(fina_browser, url, charged, after_october):
    response = fina_browser.post(url("runs/start/"), {"month": "2026-10"})
    run = InvoiceRun.objects.get()
    assert response["Location"] == url(f"runs/{run.public_id}/")
    assert run.month == date(2026, 10, 1)


def test_a_month_that_has_not_ended_is_refused(fina_browser, url, charged, after_october):
    fina_browser.post(url("runs/start/"), {"month": "2026-11"})
    assert not InvoiceRun.objects.exists()


def test_a_running_run_asks_for_itself(fina_browser, url, charged, after_october):
    fina_browser.post(url("runs/start/"), {"month": "2026-10"})
    page = text(fina_browser.get(url(f"runs/{InvoiceRun.objects.get().public_id}/")))
    assert 'hx-trigger="every 2s"' in page


def test_a_drafted_run_shows_its_drafts_and_their_sum(fina_browser, url, drafted):
    page = text(fina_browser.get(url(f"runs/{drafted.public_id}/")))
    assert "SEK 56.25" in page
    assert "Dana Driver" in page


def test_issuing_asks_first_with_count_and_sum(fina_browser, url, drafted):
    page = text(fina_browser.get(url(f"runs/{drafted.public_id}/issue/")))
    assert "Issue 1 invoice" in page
    assert "SEK 56.25" in page
    assert Invoice.objects.get().state == Invoice.State.DRAFT


def test_issuing_says_first_the_numbers_the_dates_and_how_each_payer_gets_theirs(
    fina_browser, url, drafted, after_october
):
    """A payer with terms and a way of its own beside one with the usual ones."""
    account = Invoice.objects.get().account
    other = example(Invoice, run=drafted, state="draft", kind="invoice", number=None, currency="SEK")
    Account.objects.filter(pk=other.account_id).update(payment_terms_days=10, delivery="email")
    address = url(f"runs/{drafted.public_id}/issue/")
    page = fina_browser.get(address)
    told = page.context["issuing"]
    assert (told.first, told.last) == ("F1", "F2")
    days = accounts.days_to_pay(account, Operator.objects.get(pk=account.operator_id))
    today = factories.NOVEMBER.date()
    assert (told.due_from, told.due_until) == (today + timedelta(days=10), today + timedelta(days=days))
    assert "F1–F2" in text(page)
    assert page.context["ways"] == [
        "1 stands in the portal, and nothing is sent.",
        "1 goes by e-mail when you choose to mail the run.",
    ]
    Account.objects.filter(pk=other.account_id).update(delivery="e_invoice")
    assert fina_browser.get(address).context["ways"][1] == "1 is an e-invoice that you download and send yourselves."
    Account.objects.filter(pk=other.account_id).update(delivery="letter")
    assert fina_browser.get(address).context["ways"][1] == "1 goes by letter: print its PDF."


def test_issuing_numbers_the_drafts(fina_browser, url, drafted):
    page = text(fina_browser.post(url(f"runs/{drafted.public_id}/issue/"), follow=True))
    assert "The invoices are issued." in page
    assert str(Invoice.objects.get()) == "F1"


def test_discarding_lets_the_sessions_wait_again(fina_browser, url, drafted):
    fina_browser.post(url(f"runs/{drafted.public_id}/discard/"))
    assert not InvoiceRun.objects.exists()
    assert not Invoice.objects.exists()


def test_an_issued_run_is_not_discarded(fina_browser, url, issued):
    page = text(fina_browser.post(url(f"runs/{issued.public_id}/discard/"), follow=True))
    assert "corrected by a credit note" in page
    assert Invoice.objects.count() == 1


def test_an_auditor_sees_runs_and_starts_none(axel, sign_in, url, drafted):
    browser = sign_in(axel)
    assert browser.get(url(f"runs/{drafted.public_id}/")).status_code == 200
    assert browser.post(url("runs/start/"), {"month": "2026-09"}).status_code == 403
    assert browser.post(url(f"runs/{drafted.public_id}/issue/")).status_code == 403


def test_the_page_of_a_run_asks_the_database_a_fixed_number_of_times(
    fina_browser, url, drafted, django_assert_max_num_queries
):
    # Five ask which e-invoices would lack something, four about VAT abroad, one whether tariffs were assigned since,
    # one who resells otherwise since, two which rates of VAT are no standard ones, one whether any is to be priced anew
    # for that.
    with django_assert_max_num_queries(53):
        fina_browser.get(url(f"runs/{drafted.public_id}/"))


def test_a_run_shows_first_what_is_odd_for_its_customer(fina_browser, url, tariff):
    """Two usual months, then one with ten times as much, one with nearly nothing, one as ever."""
    at = factories.connector()
    people = {name: factories.driver(name) for name in ("Much", "Little", "Same")}
    charged = {"Much": (10, 10, 100), "Little": (40, 40, 1), "Same": (20, 21, 20)}
    for name, months in charged.items():
        for month, kwh in zip((8, 9, 10), months, strict=True):
            factories.session(at, people[name], start=datetime(2026, month, 5, 8, tzinfo=UTC), kwh=kwh)
    factories.rate_all()
    for month in (8, 9):
        factories.issued(datetime(2026, month, 1, tzinfo=UTC), datetime(2026, month + 1, 2, tzinfo=UTC))
    run = factories.drafted()
    page = fina_browser.get(url(f"runs/{run.public_id}/"))
    odd = [(remark.invoice.buyer.name, remark.code) for remark in page.context["remarks"]]
    assert odd == [("Much", "more"), ("Little", "less")]
    assert [(row.month.month, row.invoices) for row in page.context["compared"]] == [(9, 3)]
    found = fina_browser.get(url(f"runs/{run.public_id}/?q=litt")).context["page"].rows
    assert [invoice.buyer.name for invoice in found] == ["Little"]
    services.discard(run, by=None)


def test_nothing_to_bill_is_no_green_button(fina_browser, url, tariff):
    page = fina_browser.get(url("runs/")).content.decode()
    assert "No session in this month is waiting for an invoice." in page
    assert "button--primary" not in page
