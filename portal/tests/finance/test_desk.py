"""The month as steps: each stands where the month stands, its figure opens its rows, and its button does the next."""

from datetime import UTC, date, datetime

import pytest

from billing.models import DocumentLetter, InvoiceRun, PaymentMatch, Rendering, Sending
from billing.services import ledger, payments, runs
from billing.tests import factories
from charging.models import ChargingSession
from portal.tests.reading import read, table_of
from portal.web.finance import desk
from portal.web.finance.desk import COUNTED, STEPS, Month, State
from tenants.models import Account

OCTOBER = date(2026, 10, 1)
DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)
ALL = ["priced", "reviewed", "drafted", "checked", "approved", "issued", "sent", "booked", "closed", "paid"]


@pytest.fixture
def steps(north, charged, after_october):
    """The state of each step by its name, read anew each time."""
    return lambda: dict(zip(ALL, (part(Month(north, OCTOBER)).state for part in (*STEPS, *COUNTED)), strict=True))


def test_the_names_are_those_of_the_steps():
    assert [f"_{name}" for name in ALL] == [part.__name__ for part in (*STEPS, *COUNTED)]


def test_a_month_goes_from_step_to_step(steps, charged, monkeypatch):
    assert (steps()["priced"], steps()["drafted"], steps()["checked"]) == (State.DONE, State.TO_DO, State.LATER)
    run = factories.drafted()
    assert steps()["drafted"] == State.DONE
    assert (steps()["checked"], steps()["approved"], steps()["issued"]) == (State.DONE, State.DONE, State.TO_DO)
    assert {steps()[name] for name in ALL[6:]} == {State.LATER}
    runs.issue(run, by=None, at=factories.NOVEMBER)
    assert (steps()["issued"], steps()["sent"], steps()["booked"]) == (State.DONE, State.WORKING, State.TO_DO)
    assert (steps()["closed"], steps()["paid"]) == (State.LATER, State.TO_DO)
    Rendering.objects.update(state="done")
    for invoice in run.invoices.all():
        payments.record(
            invoice, invoice.amount_due, paid_on=date(2026, 11, 2), text="", by=None, today=date(2026, 11, 2)
        )
    assert PaymentMatch.objects.exists()
    monkeypatch.setattr("django.utils.timezone.now", lambda: DECEMBER)
    assert (steps()["sent"], steps()["paid"], steps()["closed"]) == (State.DONE, State.DONE, State.TO_DO)
    ledger.close(date(2026, 11, 1), by=None, at=DECEMBER)
    assert steps()["closed"] == State.DONE


@pytest.fixture
def sent(north, charged, after_october):
    """The step of sending of an issued month whose PDFs are made, read anew each time; the account of its payer."""
    run = factories.issued()
    Rendering.objects.update(state="done")
    invoice = run.invoices.get()
    return invoice, lambda: desk._sent(Month(north, OCTOBER))


def test_what_stands_in_the_portal_is_sent(sent):
    _, step = sent
    assert (step().state, step().figure) == (State.DONE, "in the portal: 1")


def test_what_goes_by_e_mail_has_its_button_and_says_what_did_not_arrive(sent):
    invoice, step = sent
    Account.objects.update(delivery="email")
    assert (step().state, step().kept_by) == (State.TO_DO, ("1 is to go by e-mail.",))
    assert step().act.url.endswith(f"/runs/{invoice.run.public_id}/mail/")
    assert step().act.posts, "a button, not a link"
    letter = DocumentLetter.objects.create(invoice=invoice, account=invoice.account)
    assert (step().state, step().kept_by) == (State.WORKING, ("1 e-mail waits in the queue.",))
    for gone in ({"state": "failed"}, {"state": "done", "sent_at": DECEMBER, "bounced_at": DECEMBER}):
        DocumentLetter.objects.filter(pk=letter.pk).update(**gone)
        assert (step().state, step().kept_by) == (State.BLOCKED, ("1 e-mail did not arrive.",))
        assert step().act.url.endswith("/letters/?state=not_sent")
    DocumentLetter.objects.update(bounced_at=None)
    assert step().state == State.DONE


def test_an_e_invoice_is_followed_until_it_is_taken(sent):
    invoice, step = sent
    Account.objects.update(delivery="e_invoice")
    assert (step().state, step().kept_by) == (State.TO_DO, ("1 e-invoice has not left.",))
    assert step().act.url.endswith("/settings/e-invoices/")
    row = Sending.objects.create(invoice=invoice)
    assert (step().state, step().kept_by) == (State.WORKING, ("1 e-invoice is on its way.",))
    for stage in ("held", "refused"):
        Sending.objects.filter(pk=row.pk).update(stage=stage)
        assert (step().state, step().kept_by) == (State.BLOCKED, ("1 e-invoice was held back or refused.",))
    for stage in ("sent", "accepted"):
        Sending.objects.filter(pk=row.pk).update(stage=stage)
        assert step().state == State.DONE


def test_what_is_printed_is_said_and_does_not_keep_the_step(sent):
    _, step = sent
    Account.objects.update(delivery="letter")
    assert (step().state, step().kept_by) == (State.DONE, ("1 goes by letter: print it.",))
    Rendering.objects.update(state="queued")
    assert (step().state, step().kept_by[-1]) == (State.WORKING, "1 PDF is being made.")


def test_what_waits_for_a_decision_is_said(steps, charged):
    ChargingSession.objects.filter(pk=charged[0].pk).update(review="pending")
    assert steps()["reviewed"] == State.TO_DO


def test_a_month_that_goes_on_cannot_be_drafted(north, charged, after_october):
    step = desk._drafted(Month(north, date(2026, 11, 1)))
    assert (step.state, step.act) == (State.LATER, None)


def test_the_page_shows_them_and_counts_the_rest_when_it_is_asked(charged, after_october, fina_browser, url):
    page = fina_browser.get(url("month/"))
    told = table_of(page, "Steps of the month")
    assert [row[0] for row in told] == [
        *("1. Priced", "2. Reviewed", "3. Drafted", "4. Checked", "5. Approved", "6. Issued"),
    ]
    assert "3 sessions" in str(told[0])
    (form,) = [form for form in read(page).find("form") if form.attributes.get("action") == url("runs/start/")]
    (month,) = [field for field in form.find("input") if field.attributes["name"] == "month"]
    assert month.attributes["value"] == "2026-10"
    counted = table_of(fina_browser.get(url("month/?month=2026-10&counted=now")), "Steps of the month")
    assert [row[0] for row in counted[6:]] == [
        *("7. Sent", "8. In the accounting program", "9. Ledger closed", "10. Paid"),
    ]
    assert fina_browser.get(url("month/?month=x")).status_code == 200


def test_its_button_makes_the_drafts(charged, after_october, fina_browser, url):
    answer = fina_browser.post(url("runs/start/"), {"month": "2026-10"})
    assert answer.headers["Location"].endswith(f"/runs/{InvoiceRun.objects.get().public_id}/")


def test_who_may_not_has_no_button(charged, after_october, sign_in, axel, url):
    page = sign_in(axel).get(url("month/"))
    assert "Make the drafts" not in page.content.decode()
