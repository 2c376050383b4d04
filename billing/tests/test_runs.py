"""Runs: drafted once, issued without gaps, final afterwards."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, DataError, OperationalError, connection, transaction

from billing.models import BilledSession, Invoice, InvoiceLine, InvoiceRun, InvoiceVat, NumberSeries, RunChunk
from billing.services import drafting, run_steps, runs, tariffs
from billing.tests.factories import (
    DAY_NIGHT,
    EPOCH,
    NOVEMBER,
    OCTOBER,
    connector,
    drafted,
    driver,
    flat,
    issued,
    rate_all,
    session,
    tariff,
)
from charging.models import ChargingSession
from tenants import work
from tenants.models import AuditEntry, DriverIdentity
from tenants.services.people import drivers

pytestmark = pytest.mark.usefixtures("in_north")


def sums(invoice: Invoice) -> tuple[Decimal, Decimal, Decimal]:
    return invoice.amount_excl_vat, invoice.vat, invoice.amount_due


def test_a_run_makes_one_invoice_a_driver_with_lines_and_vat():
    tariff(DAY_NIGHT)
    at, dana, dora = connector(), driver("Dana"), driver("Dora")
    session(at, dana, start=OCTOBER + timedelta(hours=8))
    session(at, dana, start=OCTOBER + timedelta(days=3, hours=19, minutes=30))
    session(at, dora, start=OCTOBER + timedelta(hours=12), kwh=1)
    run = drafted()
    assert run.state == InvoiceRun.State.READY
    assert (run.sessions_total, run.sessions_done) == (3, 3)
    first, second = run.invoices.order_by("account")
    assert sums(first) == (Decimal("45.00"), Decimal("11.25"), Decimal("56.25"))
    assert (first.session_count, first.energy_wh, first.month) == (2, 20_000, date(2026, 10, 1))
    assert [line.position for line in first.lines.order_by("position")] == [1, 2, 3, 4, 5]
    assert sums(second) == (Decimal("7.00"), Decimal("1.75"), Decimal("8.75"))


def test_vat_is_taken_once_per_rate_and_rounded_half_up():
    """Three lines of 0.10 at 25 % are 0.08 of VAT on 0.30, not three times 0.03; 1.50 at 1 % is 0.02."""
    document = {
        "elements": [
            {
                "price_components": [
                    {"type": "ENERGY", "price": "0.10", "vat": "25"},
                    {"type": "FLAT", "price": "0.50", "vat": "1"},
                ]
            }
        ]
    }
    tariff(document)
    at, dana = connector(), driver()
    for day in range(3):
        session(at, dana, start=OCTOBER + timedelta(days=day), kwh=1)
    invoice = drafted().invoices.get()
    assert [(row.vat_rate, row.taxable, row.vat) for row in invoice.vat_rows.order_by("-vat_rate")] == [
        (Decimal(25), Decimal("0.30"), Decimal("0.08")),
        (Decimal(1), Decimal("1.50"), Decimal("0.02")),
    ]


@pytest.mark.parametrize(
    ("price", "kwh", "vat", "expected"),
    [
        ("2.50", 37, "25", ("92.50", "23.13", "115.63")),
        ("3.392", 33, "25", ("111.94", "27.99", "139.93")),
        ("1.00", 100, "12", ("100.00", "12.00", "112.00")),
        ("1.00", 100, "6", ("100.00", "6.00", "106.00")),
        ("1.00", 100, "25.5", ("100.00", "25.50", "125.50")),
        ("1.00", 100, "0", ("100.00", "0.00", "100.00")),
        ("1.00", 100, None, ("100.00", "0.00", "100.00")),
        ("0.0125", 2, "25", ("0.03", "0.01", "0.04")),
    ],
)
def test_swedish_cases(price, kwh, vat, expected):
    tariff(flat(price, vat))
    session(connector(), driver(), kwh=kwh)
    assert sums(drafted().invoices.get()) == tuple(Decimal(amount) for amount in expected)


def test_starting_twice_is_one_run_and_billing_twice_bills_once():
    tariff()
    session(connector(), driver())
    run = drafted()
    assert runs.start(month=OCTOBER.date(), by=None, at=NOVEMBER) == run
    assert [runs.bill_chunk(chunk.pk, at=NOVEMBER) for chunk in run.chunks.all()] == [0]
    assert BilledSession.objects.count() == Invoice.objects.count() == 1


@pytest.mark.parametrize("is_noted", [True, False])
def test_the_names_of_a_run_are_those_of_its_drafts_noted_or_looked_for(is_noted):
    version = tariff().versions.get()
    ats, dana, nobody_here = [connector(), connector()], driver(), connector()
    tariff(DAY_NIGHT, site=nobody_here.station.site)
    for at in ats:
        session(at, dana)
    run = drafted()
    places = {(at.station.site_id, at.station_id) for at in ats}
    (chunk,) = run.chunks.all()
    assert set(zip(chunk.sites or (), chunk.stations or (), strict=True)) == places
    assert chunk.versions == [version.pk]
    if not is_noted:  # as drafts of an older version are
        run.chunks.update(sites=None, stations=None, versions=None)
    runs.issue(run, by=None, at=NOVEMBER)
    assert set(run.stations.values_list("site", "station")) == places
    assert list(run.tariffs.values_list("tariff_version", flat=True)) == [version.pk]


def test_a_month_that_has_not_ended_is_refused():
    with pytest.raises(runs.RunRefused, match="month_not_ended"):
        runs.start(month=date(2026, 10, 1), by=None, at=datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    assert runs.start(month=date(2026, 10, 1), by=None, at=datetime(2026, 10, 31, 23, 0, tzinfo=UTC)).pk


def test_a_session_past_local_midnight_belongs_to_the_next_month():
    tariff()
    at, dana = connector(), driver()
    end = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)  # midnight in Stockholm
    session(at, dana, start=end - timedelta(minutes=59), ended_at=end - timedelta(seconds=1))
    session(at, dana, start=end - timedelta(minutes=30), ended_at=end + timedelta(minutes=30))
    assert drafted().invoices.get().session_count == 1


def test_a_late_session_goes_to_the_next_run():
    tariff()
    at, dana = connector(), driver()
    session(at, dana)
    issued()
    late = session(at, dana, start=OCTOBER + timedelta(days=2))
    november = drafted(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    assert [row.session_id for row in BilledSession.objects.filter(invoice__run=november)] == [late.pk]


def test_many_drivers_are_split_into_chunks(monkeypatch):
    monkeypatch.setattr(runs, "CHUNK_SESSIONS", 2)
    tariff()
    at = connector()
    for _ in range(5):
        session(at, driver())
    run = drafted()
    assert (run.chunks.count(), run.invoices.count()) == (3, 5)


def test_a_chunk_that_fails_leaves_nothing(monkeypatch):
    tariff()
    session(connector(), driver())
    run = runs.start(month=OCTOBER.date(), by=None, at=NOVEMBER)
    chunk = run.chunks.get()

    def fail(*args, **kwargs):
        raise OSError("the disk is gone")

    monkeypatch.setattr(InvoiceRun.objects, "filter", fail)
    with pytest.raises(OSError, match="disk"):
        runs.bill_chunk(chunk.pk, at=NOVEMBER)
    monkeypatch.undo()
    assert (Invoice.objects.count(), BilledSession.objects.count()) == (0, 0)
    assert runs.bill_chunk(chunk.pk, at=NOVEMBER) == 1


def test_a_driver_whose_invoice_cannot_be_drafted_is_left_out_and_the_others_are_billed(monkeypatch, caplog):
    tariff()
    at = connector()
    payers = [driver() for _ in range(5)]
    for payer in payers:
        session(at, payer)
    draft, poisoned = drafting.draft, payers[2]
    account = poisoned.accounts.get()

    def fails(run, *, first, last, at):
        if first <= account.pk <= last:
            raise DataError("numeric field overflow: Nils Nilsson")
        return draft(run, first=first, last=last, at=at)

    monkeypatch.setattr(drafting, "draft", fails)
    run = drafted()
    assert run.invoices.count() == 4
    assert [(problem.account.driver, problem.code) for problem in run.problems.all()] == [(poisoned, "not_drafted")]
    assert run.sessions_done == run.sessions_total == 5
    assert "Nilsson" not in caplog.text


def test_a_machine_that_fails_leaves_nobody_out(monkeypatch):
    tariff()
    session(connector(), driver())
    monkeypatch.setattr(drafting, "draft", lambda *_, **__: (_ for _ in ()).throw(OperationalError("gone")))
    run = runs.start(month=OCTOBER.date(), by=None, at=NOVEMBER)
    assert run_steps.draft_all(run.operator_id, run, clock=lambda: NOVEMBER).state == InvoiceRun.State.RUNNING
    chunk = run.chunks.get()
    assert (chunk.state, chunk.error, chunk.attempts) == (RunChunk.State.WAITING, "unexpected", 1)
    assert not run.problems.exists()


def test_a_run_whose_last_part_forgot_to_close_it_is_closed_by_the_sweep():
    tariff()
    session(connector(), driver())
    run = runs.start(month=OCTOBER.date(), by=None, at=NOVEMBER)
    runs.bill_chunk(run.chunks.get().pk, at=NOVEMBER)
    work.sweep(at=NOVEMBER)
    run.refresh_from_db()
    assert run.state == InvoiceRun.State.READY


def test_drivers_who_cannot_be_billed_stop_nobody_else(monkeypatch):
    monkeypatch.setattr(tariffs, "check_kept", lambda terms: None)  # a price below zero, from before it was refused
    at, mixed, good, nameless, refund = connector(), driver(), driver(), driver(), driver()
    tariff()
    euro = tariffs.create(name="Euro", currency="EUR", document=flat())
    tariffs.publish(euro.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
    tariffs.assign(euro, valid_from=OCTOBER + timedelta(days=4), driver=mixed)
    tariff(flat("-1.00"), driver=refund)
    session(at, mixed)
    session(at, mixed, start=OCTOBER + timedelta(days=5))
    for payer in (good, nameless, refund):
        session(at, payer)
    nameless.identity = None
    nameless.save()
    run = drafted()
    assert run.state == InvoiceRun.State.READY
    assert {(row.account.driver_id, row.code) for row in run.problems.all()} == {
        (mixed.pk, "mixed_currencies"),
        (nameless.pk, "no_identity"),
        (refund.pk, "negative_sum"),
    }
    assert run.invoices.get().account.driver == good
    assert BilledSession.objects.count() == 1


def test_issuing_gives_numbers_without_gaps_in_order_of_customers(in_north):
    tariff()
    at = connector()
    for number in ("1010", "999", "1001"):
        session(at, driver(customer_number=number))
    run = issued()
    rows = Invoice.objects.order_by("number").values_list("number", "account__customer_number", "state")
    assert list(rows) == [(1, "999", "issued"), (2, "1001", "issued"), (3, "1010", "issued")]
    invoice = Invoice.objects.get(number=1)
    assert invoice.seller["legal_name"] == in_north.legal_name
    assert invoice.due_on == date(2026, 12, 2)
    assert runs.issue(run, by=None, at=NOVEMBER).state == InvoiceRun.State.ISSUED
    assert NumberSeries.objects.get().last_number == 3
    assert AuditEntry.objects.filter(event="run.issued").count() == 1


def test_numbers_go_on_where_the_last_run_ended():
    tariff()
    at, dana = connector(), driver()
    session(at, dana)
    issued()
    session(at, dana, start=datetime(2026, 11, 3, tzinfo=UTC))
    issued(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    assert list(Invoice.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_a_rolled_back_issue_burns_no_number():
    tariff()
    session(connector(), driver())
    run = drafted()

    @transaction.atomic
    def issue_and_lose_power():
        runs.issue(run, by=None, at=NOVEMBER)
        raise OSError("power cut")

    with pytest.raises(OSError, match="power"):
        issue_and_lose_power()
    runs.issue(run, by=None, at=NOVEMBER)
    assert Invoice.objects.get().number == 1


def test_the_buyer_is_named_as_known_when_issued_and_stays_so():
    tariff()
    dana = driver("Dana Before")
    session(connector(), dana)
    run = drafted()
    drivers.change_identity(dana, name="Dana Married")
    runs.issue(run, by=None, at=NOVEMBER)
    drivers.change_identity(dana, name="Dana Later")
    assert Invoice.objects.get().buyer.name == "Dana Married"
    assert DriverIdentity.objects.count() == 3


def test_drafts_under_review_are_not_issued():
    tariff()
    one = session(connector(), driver())
    run = drafted()
    ChargingSession.objects.filter(pk=one.pk).update(review=ChargingSession.Review.PENDING)
    with pytest.raises(runs.RunRefused, match="run_under_review"):
        runs.issue(run, by=None, at=NOVEMBER)


def test_discarding_lets_the_sessions_wait_again():
    tariff()
    session(connector(), driver())
    runs.discard(drafted(), by=None)
    for model in (InvoiceRun, RunChunk, Invoice, InvoiceLine, InvoiceVat, BilledSession):
        assert not model.objects.exists()
    assert drafted().invoices.count() == 1


def test_an_issued_run_is_not_discarded():
    tariff()
    session(connector(), driver())
    with pytest.raises(runs.RunRefused, match="issued_run_stays"):
        runs.discard(issued(), by=None)


def assert_refused(sql: str, *, role: str) -> None:
    @transaction.atomic
    def attempt():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(sql)

    with pytest.raises(DatabaseError, match=r"refused|go back|credit note"):
        attempt()


@pytest.mark.parametrize("role", ["wattledger_app", "wattledger_owner"])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_invoice SET amount_due = amount_due",
        "DELETE FROM billing_invoice",
        "UPDATE billing_invoiceline SET quantity = quantity + 1",
        "DELETE FROM billing_invoiceline",
        "INSERT INTO billing_invoiceline (operator_id, invoice_id, position, session_id, tariff_version_id, component,"
        " quantity, unit, unit_price, amount_excl_vat) SELECT operator_id, invoice_id, 99, session_id,"
        " tariff_version_id, component, 1, unit, 1, 1 FROM billing_invoiceline",
        "UPDATE billing_invoicevat SET vat = 0",
        "DELETE FROM billing_invoicevat",
        "DELETE FROM billing_billedsession",
        "UPDATE billing_billedsession SET released_by_id = invoice_id",
        "UPDATE billing_numberseries SET last_number = 0",
        "DELETE FROM billing_numberseries",
        "UPDATE billing_sessionprice SET amount_excl_vat = 1",
        "DELETE FROM billing_sessionprice",
        "UPDATE billing_tariffversion SET document = '{}'",
        "DELETE FROM billing_tariffversion",
        "UPDATE charging_chargingsession SET energy_wh = energy_wh + 1",
        "UPDATE charging_chargingsession SET driver_id = NULL",
    ],
)
def test_nobody_changes_what_is_issued(sql, role):
    tariff()
    session(connector(), driver())
    issued()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # events that wait would hide the trigger
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert_refused(sql, role=role)


@pytest.mark.parametrize("table", ["invoice", "invoiceline", "invoicevat", "billedsession", "numberseries"])
def test_the_owner_empties_no_books(table):
    assert_refused(f"TRUNCATE billing_{table} CASCADE", role="wattledger_owner")


def test_a_billed_session_may_still_get_remarks():
    tariff()
    one = session(connector(), driver())
    issued()
    one.refresh_from_db()
    one.review_note = "Looked at"
    one.save()
    assert ChargingSession.objects.get(pk=one.pk).review_note == "Looked at"
    assert ChargingSession.objects.filter(pk=one.pk).update(flags=["overlap"]) == 1


def test_drafts_may_change():
    tariff()
    session(connector(), driver())
    drafted()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_invoiceline SET quantity = quantity + 1")
        assert cursor.rowcount == 1


def test_a_second_invoice_for_a_session_is_refused_by_the_database():
    tariff()
    one = session(connector(), driver())
    invoice = drafted().invoices.get()
    with pytest.raises(DatabaseError, match="session_billed_once"), transaction.atomic():
        BilledSession.objects.create(session=one, invoice=invoice)


def test_prices_are_rated_before_free_sessions_are_left_out():
    tariff(flat("0"))
    session(connector(), driver())
    assert rate_all() == 1
    assert drafted().invoices.count() == 0
