"""Lists of invoices and runs: what they find, and that their queries do not grow with the rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice, RunChunk
from billing.selectors import credits, invoices, runs
from billing.services import runs as run_services
from billing.services.credit_notes import credit
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, issued, session, tariff

pytestmark = pytest.mark.usefixtures("in_north")


@pytest.fixture
def month():
    tariff()
    at = connector()
    for name, number in (("Åsa Öberg", "1001"), ("Bo Ek", "1002"), ("Bosse", "2001")):
        payer = driver(name, customer_number=number)
        for day in range(3):
            session(at, payer, start=OCTOBER + timedelta(days=day))
    return issued()


def test_invoices_are_found_by_number_customer_and_name(month):
    def found(text: str) -> list[int]:
        return sorted(invoice.number or 0 for invoice in invoices.listing(search=text))

    assert found("F2") == [2]
    assert found("2") == [2, 3]  # invoice 2, and customer 2001
    assert found("100") == [1, 2]
    assert found("Bo") == [2, 3]
    assert found("Åsa") == [1]
    assert found("nobody") == []


def test_invoices_are_narrowed(month):
    credit(Invoice.objects.get(number=1), reason="Wrong", by=None, at=NOVEMBER)
    assert invoices.listing(kind="credit_note").get().number == 4
    assert invoices.listing(state="draft").count() == 0
    assert invoices.listing(month=date(2026, 10, 31)).count() == 4
    assert invoices.listing(month=date(2026, 9, 1)).count() == 0
    assert [str(one) for one in invoices.of_driver(Invoice.objects.get(number=1).account.driver)] == ["F4", "F1"]


def test_one_invoice_with_its_lines_takes_as_many_queries_as_a_long_one(month):
    invoice = Invoice.objects.get(number=1)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        found = invoices.one(invoice.public_id)
        assert found is not None
        lines = list(invoices.lines(found))
        shown = [(str(line.session.site), str(line.session.station), str(line.tariff_version)) for line in lines]
    assert len(shown) == 3
    assert len(captured) == 6  # the invoice, its lines, their sessions, versions, and names as they were at issue


def test_the_invoice_of_a_session_is_the_one_it_stands_on_now(month):
    invoice = Invoice.objects.get(number=1)
    line = invoice.lines.all()[0]
    assert invoices.of_session(line.session) == invoice
    note = credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
    assert invoices.of_session(line.session) is None
    assert credits.notes(invoice) == [note]


def test_runs_are_listed_with_their_sums_in_three_queries(month):
    with CaptureQueriesContext(connection) as captured:
        (listed,) = runs.told(runs.listing())
    assert len(captured) == 3
    assert (listed.invoice_count, listed.amount_due, listed.run.state) == (3, Decimal(225), "issued")
    (sums,) = runs.sums(listed.run)
    assert (sums.currency, sums.invoices, sums.sessions, sums.amount_due) == ("SEK", 3, 9, Decimal(225))


def test_progress_counts_sessions_chunks_and_failures(monkeypatch):
    monkeypatch.setattr(run_services, "CHUNK_SESSIONS", 1)
    tariff()
    at = connector()
    for _ in range(4):
        session(at, driver())
    run = run_services.start(month=OCTOBER.date(), by=None, at=NOVEMBER)
    first, second = RunChunk.objects.order_by("pk")[:2]
    run_services.bill_chunk(first.pk, at=NOVEMBER)
    third = RunChunk.objects.order_by("pk")[2]
    RunChunk.objects.filter(pk=second.pk).update(error="unexpected")
    RunChunk.objects.filter(pk=third.pk).update(error="unexpected", state=RunChunk.State.SET_ASIDE)
    with CaptureQueriesContext(connection) as captured:
        progress = runs.progress(run)
    assert len(captured) <= 3
    assert (progress.percent, progress.chunks_done, progress.chunks_total) == (25, 1, 4)
    assert (progress.failed, progress.set_aside, progress.is_running) == (1, 1, True)


def test_months_that_can_be_started(north):
    drafted()
    found = runs.startable(north, at=datetime(2026, 12, 1, 0, 30, tzinfo=UTC), count=3)
    assert found == [date(2026, 11, 1), date(2026, 9, 1)]
    assert runs.startable(north, at=datetime(2026, 11, 30, 22, 59, tzinfo=UTC), count=1) == []
