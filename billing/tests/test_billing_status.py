"""Where a session stands: the same answer in Python, in the CASE of a report and in the conditions of a list."""

from itertools import product
from typing import Any

import pytest
from django.db import connection

from billing.models import BilledSession, Invoice, InvoiceLine, InvoiceVat, SessionPrice, TariffVersion
from billing.models.billing_status import BUCKET_OF, BillingStatus, Bucket, status_of
from billing.selectors import session_ledger
from billing.selectors.attention import attention
from billing.services import issuing
from billing.sql import status as sql
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, session, tariff
from charging.models import ChargingSession

pytestmark = pytest.mark.usefixtures("in_north")
REVIEWS = ("", "pending", "approved", "written_off")
STATES = ("ACTIVE", "COMPLETED")
INVOICES = (None, "draft", "issued")
PRICES = (None, "problem", "free", "priced")


def judged(*, review: str, state: str, invoice: str | None, price: str | None) -> str:
    """Where a session stands, as a person would say it."""
    if invoice == "issued":
        return "invoiced"
    if review in ("pending", "written_off"):
        return review
    if state == "ACTIVE":
        return "active"
    if invoice == "draft":
        return "drafted"
    return {None: "unrated", "problem": "problem", "free": "zero_price", "priced": "waiting_for_run"}[price]


@pytest.fixture
def stands(in_north) -> dict[int, str]:
    """A session for every combination of what is known of it, by its id, and where each must stand.

    Also those that no service makes: what is read must not depend on who wrote it.
    """
    tariff()
    version, at, payer = TariffVersion.objects.get(), connector(), driver()
    amounts = dict.fromkeys(("amount_excl_vat", "vat", "amount_due"), 0)
    facts = {
        "account": payer.accounts.get(),
        "buyer": payer.identity,
        "currency": "SEK",
        "month": OCTOBER.date(),
        **amounts,
    }
    invoices = {state: Invoice.objects.create(**facts, drafted_at=NOVEMBER) for state in ("draft", "issued")}
    found = {}
    for review, state, invoice, price in product(REVIEWS, STATES, INVOICES, PRICES):
        one = session(at, payer, review=review, state=state)
        found[one.pk] = judged(review=review, state=state, invoice=invoice, price=price)
        if price:
            of = None if price == "problem" else version
            SessionPrice.objects.create(session=one, state=price, tariff_version=of, rated_at=NOVEMBER)
        if invoice:
            BilledSession.objects.create(session=one, invoice=invoices[invoice])
            free_line(invoices[invoice], one, version, position=len(found))
    InvoiceVat.objects.create(invoice=invoices["issued"], vat_rate=None, taxable=0, vat=0)
    to_issue = Invoice.objects.filter(pk=invoices["issued"].pk)
    issuing.issue(to_issue, operator=in_north, at=NOVEMBER, issued_on=NOVEMBER.date())
    return found


def free_line(invoice: Invoice, one: ChargingSession, version: TariffVersion, *, position: int) -> None:
    """Put the session on the invoice for nothing: what is issued must add up to its lines."""
    amounts = dict.fromkeys(("quantity", "unit_price", "amount_excl_vat"), 0)
    facts = {"session": one, "tariff_version": version, "component": "ENERGY", "unit": "kWh", "vat_rate": None}
    InvoiceLine.objects.create(invoice=invoice, position=position, **facts, **amounts)


def test_the_rules_say_what_a_person_would():
    for review, state, invoice, price in product(REVIEWS, STATES, INVOICES, PRICES):
        facts: dict[str, Any] = {"review": review, "state": state, "invoice": invoice, "price": price}
        assert status_of(**facts) == judged(**facts)
    assert set(BUCKET_OF) == set(BillingStatus)


def test_a_report_a_list_an_entry_and_an_export_agree_on_every_session(stands):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.id, {sql.STATUS} FROM charging_chargingsession s {sql.JOINED}")
        assert dict(cursor.fetchall()) == stands
    rows = ChargingSession.objects.all()
    assert {entry.session.pk: entry.status for entry in session_ledger.entries(rows)} == stands
    public = dict(rows.values_list("public_id", "pk"))
    assert {public[row.public_id]: row.status for row in session_ledger.stream(rows)} == stands
    for status in BillingStatus:
        wanted = {key for key, where in stands.items() if where == status}
        assert set(session_ledger.having(rows, status).values_list("pk", flat=True)) == wanted
    for bucket in Bucket:
        wanted = {key for key, where in stands.items() if BUCKET_OF[BillingStatus(where)] == bucket}
        assert set(session_ledger.having(rows, bucket).values_list("pk", flat=True)) == wanted
    assert session_ledger.having(rows, "").count() == len(stands)


def test_the_hot_paths_ask_what_the_rules_say(stands, in_north):
    """What drafting, rating and planning may touch is what stands between a price and an invoice."""
    where = f"{sql.OPEN_TO_BILLING} AND {sql.on_no_invoice()}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.id FROM charging_chargingsession s WHERE {where}", {"operator": in_north.pk})
        found = {key for (key,) in cursor.fetchall()}
    assert found == {
        key for key, status in stands.items() if status in ("unrated", "problem", "zero_price", "waiting_for_run")
    }


def test_what_waits_for_a_price_is_as_many_as_the_list_has(stands, in_north):
    waiting = attention(today=NOVEMBER.date(), zone=in_north.time_zone)
    assert waiting.without_price == list(stands.values()).count("problem")
