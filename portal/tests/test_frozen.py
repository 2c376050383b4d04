"""Whatever is declared frozen, attacked by the app role with the scope where a statement would like to have it.

What is frozen is read from PostgreSQL's catalogue: every trigger whose function refuses. Each of them must be hit by
an attempt below, and each attempt must leave everything as it was, wherever the scope is while it runs.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import (
    BookedEntry,
    BookedInvoice,
    ClosedMonth,
    EInvoice,
    Export,
    HostAnswer,
    HostStatement,
    Invoice,
    LedgerEntry,
    Letterhead,
)
from billing.services import (
    credit_notes,
    documents,
    fees,
    host_contracts,
    payments,
    payouts,
    settlements,
    statement_documents,
    write_offs,
)
from billing.services.fees import Agreed
from billing.tests.factories import DAY_NIGHT, NOVEMBER, connector, drafted, driver, issued, session, tariff
from charging.models import ChargingSession, Site
from portal.tests.examples import example
from tenants import work
from tenants.models import (
    Account,
    AuditSeal,
    ConsentEvent,
    ConsentNotice,
    IncidentAffected,
    IncidentLetter,
    IncidentNote,
    IncidentReport,
    PrivacyNotice,
    TrainingText,
)
from tenants.scoping import SETTING
from tenants.services.people import accounts

EVENTS = {4: "INSERT", 8: "DELETE", 16: "UPDATE", 32: "TRUNCATE"}
ISSUED = "(SELECT id FROM public.billing_invoice WHERE state = 'issued' AND kind = 'invoice' ORDER BY id LIMIT 1)"
DRAFT = "(SELECT id FROM public.billing_invoice WHERE state = 'draft' LIMIT 1)"
NOTE = "(SELECT id FROM public.billing_invoice WHERE kind = 'credit_note')"
BILLED = "(SELECT session_id FROM public.billing_billedsession WHERE released_by_id IS NULL ORDER BY id LIMIT 1)"
RELEASED = "(SELECT session_id FROM public.billing_billedsession WHERE released_by_id IS NOT NULL)"


def _copy(table, columns, **changed):
    """An insertion that repeats a row of a table with some columns changed."""
    values = ", ".join(changed.get(column, column) for column in columns.split(", "))
    return f"INSERT INTO public.{table} ({columns}) SELECT {values} FROM public.{table}"


LINE = (
    "operator_id, invoice_id, position, session_id, tariff_version_id, component, quantity, unit, unit_price,"
    " amount_excl_vat"
)
INVOICE = (
    "operator_id, public_id, kind, account_id, buyer_id, reason, state, series, number, month, currency,"
    " amount_excl_vat, vat, rounding, amount_due, session_count, energy_wh, seller, drafted_at, issued_at"
)
STATEMENT = (
    "operator_id, public_id, settlement_id, contract_id, account_id, month, state, problem, problem_facts, currency,"
    " sessions, energy_wh, net, amount, carried_in, payout, carried_out, vat, total, customer_number, buyer,"
    " drafted_at, closed_at"
)
DAY_ONE = date(2026, 10, 1)
#: What is only added to, and what nothing in the world below makes.
ADDED_TO = (
    *(AuditSeal, ConsentEvent, ConsentNotice, PrivacyNotice, TrainingText),
    *(IncidentNote, IncidentReport, IncidentAffected, IncidentLetter),
)
FRESH = {"public_id": "gen_random_uuid()", "session_count": "1"}

ATTEMPTS = [
    # Invoices
    "UPDATE public.billing_invoice SET amount_due = amount_due WHERE state = 'issued'",
    "UPDATE public.billing_invoice SET seller = '{}' WHERE state = 'issued'",
    "UPDATE public.billing_invoice SET state = 'draft', number = NULL, issued_at = NULL WHERE state = 'issued'",
    f"UPDATE public.billing_invoice SET buyer_id = buyer_id, account_id = account_id WHERE id = {NOTE}",
    "DELETE FROM public.billing_invoice WHERE state = 'issued'",
    _copy("billing_invoice", INVOICE, number="999999999", **FRESH) + f" WHERE id = {ISSUED}",
    _copy("billing_invoice", INVOICE, number="-5", **FRESH) + f" WHERE id = {ISSUED}",
    f"UPDATE public.billing_invoice SET state = 'issued', number = 999, issued_at = now() WHERE id = {DRAFT}",
    f"UPDATE public.billing_invoice SET state = 'issued', number = -5, issued_at = now() WHERE id = {DRAFT}",
    # Lines, VAT
    "UPDATE public.billing_invoiceline SET quantity = 0.001, amount_excl_vat = 0.01"
    f" WHERE invoice_id = {ISSUED}",
    *(
        f"UPDATE public.billing_invoiceline SET invoice_id = {to}, position = position + 100 WHERE invoice_id = {of}"
        for of, to in ((ISSUED, DRAFT), (DRAFT, ISSUED))
    ),
    f"DELETE FROM public.billing_invoiceline WHERE invoice_id = {ISSUED}",
    _copy("billing_invoiceline", LINE, position="position + 100") + f" WHERE invoice_id = {ISSUED}",
    _copy("billing_invoiceline", LINE) + f" WHERE invoice_id = {ISSUED}"
    " ON CONFLICT (operator_id, invoice_id, position) DO UPDATE SET amount_excl_vat = 0.01",
    "MERGE INTO public.billing_invoiceline l USING public.billing_invoice i"
    f" ON i.id = l.invoice_id AND i.id = {ISSUED} WHEN MATCHED THEN DELETE",
    f"UPDATE public.billing_invoicevat SET vat = 0 WHERE invoice_id = {ISSUED}",
    f"DELETE FROM public.billing_invoicevat WHERE invoice_id = {ISSUED}",
    "INSERT INTO public.billing_invoicevat (operator_id, invoice_id, vat_rate, taxable, vat)"
    f" SELECT operator_id, id, 12, 1, 1 FROM public.billing_invoice WHERE id = {ISSUED}",
    # The ledger
    f"DELETE FROM public.billing_billedsession WHERE invoice_id = {ISSUED}",
    f"UPDATE public.billing_billedsession SET released_by_id = invoice_id WHERE invoice_id = {ISSUED}",
    f"UPDATE public.billing_billedsession SET released_by_id = {NOTE} WHERE released_by_id IS NULL",
    "UPDATE public.billing_billedsession SET released_by_id = NULL WHERE released_by_id IS NOT NULL",
    "UPDATE public.billing_billedsession SET operator_id = operator_id + 1 WHERE released_by_id IS NULL",
    "INSERT INTO public.billing_billedsession (operator_id, session_id, invoice_id)"
    f" SELECT operator_id, session_id, {ISSUED} FROM public.billing_billedsession WHERE released_by_id IS NOT NULL",
    # What was charged of fees, and what was agreed
    "UPDATE public.billing_billedfee SET text = 'another'",
    "DELETE FROM public.billing_billedfee",
    "INSERT INTO public.billing_billedfee (operator_id, fee_id, invoice_id, first_day, last_day, text, booking_account)"
    " SELECT operator_id, fee_id, invoice_id, first_day + 99, last_day + 99, text, '' FROM public.billing_billedfee",
    "UPDATE public.billing_fee SET price = price + 1",
    # Payments, what they were for, and what is open
    "UPDATE public.billing_payment SET amount = amount + 1, rest = rest + 1",
    "UPDATE public.billing_payment SET rest = amount",
    "UPDATE public.billing_payment SET recorded_by_id = NULL, text = 'another'",
    "UPDATE public.billing_payment SET payer_account = 'another', payer_account_mark = repeat('0', 64)",
    "DELETE FROM public.billing_payment",
    "INSERT INTO public.billing_payment (operator_id, public_id, booking, nth, item, amount, rest, currency, paid_on,"
    " to_account, given, given_amounts, text, payer_name, payer_account, payer_account_mark, created_at) SELECT"
    " operator_id, gen_random_uuid(), 'another', 1, 0, 100, 1, currency, paid_on, '', '', '{}', '', '', '', '',"
    " created_at FROM public.billing_payment",
    "UPDATE public.billing_paymentmatch SET amount = amount - 1",
    "DELETE FROM public.billing_paymentmatch",
    *(
        "INSERT INTO public.billing_paymentmatch (operator_id, public_id, payment_id, account_id, invoice_id, amount,"
        " purpose, how, reason, undoes_id, created_at) SELECT operator_id, gen_random_uuid(), payment_id, account_id,"
        f" invoice_id, {amount}, purpose, how, '', {undoes}, created_at FROM public.billing_paymentmatch"
        for amount, undoes in (("-amount", "NULL"), ("1 - amount", "id"), ("-amount", "undoes_id"))
    ),
    "UPDATE public.billing_receivable SET paid = 0, rest = due - credited",
    "DELETE FROM public.billing_receivable",
    "INSERT INTO public.billing_receivable (operator_id, invoice_id, account_id, currency, due, credited, paid, rest)"
    f" SELECT operator_id, {DRAFT}, account_id, currency, 5, 0, 0, 5 FROM public.billing_receivable LIMIT 1",
    # What is given up, and what hosts were paid
    "UPDATE public.billing_writeoff SET amount = amount + 1",
    "DELETE FROM public.billing_writeoff",
    _copy(
        "billing_writeoff",
        "operator_id, public_id, invoice_id, account_id, amount, parts, why, lowers_vat, reason, happened_on,"
        " created_at",
        public_id="gen_random_uuid()",
        amount="10000000",
        parts="""'[{"rate": null, "net": 10000000, "vat": 0}]'::jsonb""",
    ),
    "UPDATE public.billing_hostpayout SET paid_on = paid_on - 1",
    "DELETE FROM public.billing_hostpayout",
    _copy(
        "billing_hostpayout",
        "operator_id, public_id, statement_id, amount, paid_on, text, created_at",
        public_id="gen_random_uuid()",
    ),
    # What hosts were told
    "UPDATE public.billing_hoststatement SET payout = payout",
    "UPDATE public.billing_hoststatement SET state = 'draft', closed_at = NULL",
    "DELETE FROM public.billing_hoststatement",
    _copy("billing_hoststatement", STATEMENT, public_id="gen_random_uuid()", settlement_id="settlement_id + 1"),
    "UPDATE public.billing_hostline SET net = net + 1",
    "DELETE FROM public.billing_hostline",
    _copy("billing_hostline", "operator_id, statement_id, session_id, month, energy_wh, net")
    + " ON CONFLICT (operator_id, statement_id, session_id) DO UPDATE SET net = 0",
    "UPDATE public.billing_hostmonth SET amount = 0",
    "DELETE FROM public.billing_hostmonth",
    _copy("billing_hostmonth", "operator_id, statement_id, month, sessions, energy_wh, net, amount",
          month="month + 31"),
    "UPDATE public.billing_hostcontract SET share = 99",
    "UPDATE public.billing_hostcontract SET until = since",
    "DELETE FROM public.billing_hostcontract",
    "UPDATE public.billing_hostsite SET since = since - 1",
    "DELETE FROM public.billing_hostsite",
    "INSERT INTO public.billing_hostsite (operator_id, contract_id, site_id, since) SELECT h.operator_id,"
    " h.contract_id, s.id, h.since FROM public.billing_hostsite h, public.charging_site s WHERE s.id <> h.site_id",
    "UPDATE public.billing_hostanswer SET text = 'another'",
    "DELETE FROM public.billing_hostanswer",
    "UPDATE public.billing_hostdocument SET pdf = ''",
    "DELETE FROM public.billing_hostdocument",
    "UPDATE public.billing_settlement SET stage = 'ready'",
    "DELETE FROM public.billing_settlement",
    # Numbers
    "UPDATE public.billing_numberseries SET last_number = 0",
    "UPDATE public.billing_numberseries SET last_number = last_number + 1",
    "UPDATE public.billing_numberseries SET code = 'G'",
    "DELETE FROM public.billing_numberseries",
    "INSERT INTO public.billing_numberseries (operator_id, code, last_number)"
    " SELECT operator_id, 'G', 7 FROM public.billing_numberseries",
    # Prices and sessions
    f"UPDATE public.billing_sessionprice SET amount_excl_vat = 1 WHERE session_id = {BILLED}",
    f"DELETE FROM public.billing_sessionprice WHERE session_id = {BILLED}",
    *(
        f"UPDATE public.charging_chargingsession SET {change} WHERE id = {BILLED}"
        for change in (
            "energy_wh = energy_wh + 1",
            "driver_id = NULL",
            "started_at = started_at - interval '1 day'",
            "external_id = 'another'",
            "operator_id = operator_id + 1",
            "token_id = NULL, series_wh = NULL",
        )
    ),
    f"UPDATE public.charging_chargingsession SET ended_at = ended_at + interval '1 s' WHERE id = {RELEASED}",
    f"DELETE FROM public.charging_chargingsession WHERE id = {BILLED}",
    f"DELETE FROM public.charging_chargingsession WHERE id = {RELEASED}",
    # Documents, names, tariffs
    "UPDATE public.billing_invoicedocument SET pdf = ''",
    "DELETE FROM public.billing_invoicedocument",
    "INSERT INTO public.billing_invoicedocument (operator_id, invoice_id, pdf, sha256, rendered_at)"
    " SELECT operator_id, invoice_id, 'forged', sha256, rendered_at FROM public.billing_invoicedocument",
    "UPDATE public.billing_einvoice SET xml = ''",
    "DELETE FROM public.billing_einvoice",
    # The ledger
    *(
        f"{act} public.billing_{table}{change}"
        for table in ("ledgerentry", "ledgerrow", "bookedentry")
        for act, change in (("UPDATE", " SET operator_id = operator_id"), ("DELETE FROM", ""))
    ),
    "UPDATE public.billing_ledgersum SET debit = debit + 1, credit = credit + 1",
    "DELETE FROM public.billing_ledgersum",
    "UPDATE public.billing_closedmonth SET figures = '[1]'",
    "DELETE FROM public.billing_closedmonth",
    "INSERT INTO public.billing_ledgerentry (operator_id, kind, source, event_on, booked_on, currency, created_at)"
    " SELECT operator_id, 'payment', 99, '2020-01-05', '2020-01-05', currency, created_at"
    " FROM public.billing_ledgerentry LIMIT 1",
    "INSERT INTO public.billing_ledgerrow (operator_id, entry_id, position, use, account, booked_on, amount)"
    " SELECT operator_id, entry_id, 99, 'bank', '', booked_on, 5 FROM public.billing_ledgerrow LIMIT 1",
    "INSERT INTO public.billing_ledgersum (operator_id, month, currency, use, account, debit, credit)"
    " SELECT operator_id, month, 'EUR', 'bank', '', 5, 5 FROM public.billing_ledgersum LIMIT 1",
    "UPDATE public.billing_bookedinvoice SET export_id = export_id",
    "DELETE FROM public.billing_bookedinvoice",
    "UPDATE public.tenants_driveridentity SET name = 'Somebody Else'"
    f" WHERE id = (SELECT buyer_id FROM public.billing_invoice WHERE id = {ISSUED})",
    "UPDATE public.tenants_driveridentity SET email = 'else@example.com'"
    f" WHERE id = (SELECT buyer_id FROM public.billing_invoice WHERE id = {ISSUED})",
    "DELETE FROM public.tenants_driveridentity"
    f" WHERE id = (SELECT buyer_id FROM public.billing_invoice WHERE id = {ISSUED})",
    "UPDATE public.billing_tariffversion SET document = '{}'",
    "DELETE FROM public.billing_tariffversion",
    "UPDATE public.billing_letterhead SET colour = '#000000'",
    "DELETE FROM public.billing_letterhead",
    "UPDATE public.billing_issuedstation SET site_name = 'Elsewhere'",
    "DELETE FROM public.billing_issuedstation",
    "UPDATE public.billing_issuedtariff SET name = 'Another'",
    "DELETE FROM public.billing_issuedtariff",
    # What is only added to
    *(
        f"{act} public.{table}{change}"
        for table, column in (
            ("tenants_auditentry", "operator_id"),
            ("tenants_auditseal", "operator_id"),
            ("tenants_consentevent", "operator_id"),
            ("tenants_consentnotice", "operator_id"),
            ("tenants_privacynotice", "operator_id"),
            ("tenants_platformevent", "event"),
            ("tenants_trainingtext", "operator_id"),
            *((f"tenants_incident{part}", "operator_id") for part in ("note", "report", "affected", "letter")),
        )
        for act, change in (("UPDATE", f" SET {column} = {column}"), ("DELETE FROM", ""))
    ),
]  # fmt: skip


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def _settle():
    """A closed month of a host, with its document and the host's answer."""
    host = accounts.create(kind=Account.Kind.COMPANY, name="Värden AB", country="SE")
    sites = [Site.objects.earliest("pk")]
    what: dict[str, Any] = {"name": "Avtal 1", "sites": sites, "since": DAY_ONE, "share": Decimal(30)}
    host_contracts.add(host, host_contracts.Agreed(**what), at=NOVEMBER)
    month = settlements.ask(DAY_ONE, by=None, at=NOVEMBER)
    work.do_next(work.kind_named("settlement"), month.operator_id, clock=lambda: NOVEMBER)
    settlements.close(month, by=None, at=NOVEMBER)
    statement = HostStatement.objects.get()
    statement_documents.pdf(statement)
    example(HostAnswer, statement=statement)
    payouts.record(statement, paid_on=NOVEMBER.date(), text="", by=None, at=NOVEMBER)


@pytest.fixture
def world(south, in_north):
    """Two issued invoices, one of them credited, a draft, and a row of everything that is only added to."""
    tariff(DAY_NIGHT)
    session(connector(), driver("Dana", email="dana@example.com"))
    eli = driver("Eli")
    session(connector(), eli)
    seat = Agreed(kind="monthly", text="Seat", price=Decimal(9), since=DAY_ONE, until=DAY_ONE)
    fees.add(Account.objects.get(driver=eli), seat, today=DAY_ONE)
    issued()
    for invoice in Invoice.objects.all():
        documents.pdf(invoice)
    owed = Invoice.objects.earliest("number")
    payments.record(owed, Decimal(1), paid_on=DAY_ONE, text="", by=None, today=DAY_ONE)
    write_offs.write_off(owed, Decimal("0.50"), why="waived", reason="-", by=None, at=NOVEMBER)
    credit_notes.credit(Invoice.objects.latest("number"), reason="Wrong", by=None, at=NOVEMBER)
    session(connector(), driver("Finn"), start=NOVEMBER)
    drafted(NOVEMBER, NOVEMBER.replace(month=12))
    Letterhead.objects.create(colour="#0b6b53")
    EInvoice.objects.create(invoice=owed, xml=b"as it left", sha256="0" * 64, made_at=NOVEMBER)
    BookedInvoice.objects.create(invoice=owed, export=example(Export))
    _settle()
    BookedEntry.objects.create(entry=LedgerEntry.objects.get(kind="payment"), export=example(Export))
    ClosedMonth.objects.create(month=date(2020, 1, 1), closed_at=NOVEMBER)
    for model in ADDED_TO:
        example(model)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET CONSTRAINTS ALL DEFERRED")
    return in_north


def frozen():
    """(table, event) of every trigger whose function refuses, as PostgreSQL knows them."""
    found = sql(
        "SELECT t.tgrelid::regclass::text, t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND p.prosrc ~ 'RAISE'"
    )
    return {(table, event) for table, kind in found for bit, event in EVENTS.items() if kind & bit}


def _aim(statement):
    (found,) = re.findall(r"^(\w+)(?: INTO| FROM)? public\.(\w+)", statement)
    return found[1], found[0]


def everything():
    """A fingerprint of every table, as the owner sees it."""
    sql("RESET ROLE")
    tables = [name for (name,) in sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    seen = {
        table: sql(f"SELECT count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {table} t")
        for table in tables
    }
    sql("SET ROLE wattledger_app")
    return seen


# --- where the scope may be -------------------------------------------------------------------


def _with(statement, tail):
    return f"WITH act AS ({statement} RETURNING 1), moved AS ({tail}) SELECT count(*) FROM moved"


def inside(statement):
    return [statement]


def moved_in_the_same_breath(statement):
    if statement.startswith("MERGE"):  # which gives nothing back before PostgreSQL 17
        return [f"{statement}"]
    return [_with(statement, f"SELECT set_config('{SETTING}', '0', true) FROM act")]


def moved_to_another_operator(statement):
    if statement.startswith("MERGE"):
        return [statement]
    there = "(SELECT max(id) FROM public.tenants_operator)"
    return [_with(statement, f"SELECT set_config('{SETTING}', {there}::text, true) FROM act")]


def moved_before(statement):
    return [f"SELECT set_config('{SETTING}', '0', true)", statement]


def without_a_scope(statement):
    return [f"SELECT set_config('{SETTING}', '', true)", statement]


def behind_empty_copies(statement):
    """Temporary tables of the same names, which an unqualified name would find first."""
    names = ("billing_invoice", "billing_billedsession", "billing_invoiceline", "billing_numberseries")
    return [*(f"CREATE TEMP TABLE {name} (LIKE public.{name})" for name in names), statement]


REACHES = [inside, moved_in_the_same_breath, moved_to_another_operator, behind_empty_copies]
HIDES = [moved_before, without_a_scope]


def attempt(statements):
    """Run them and what waits for the commit; tell the SQLSTATE of the refusal, or how many rows were touched."""
    try:
        with transaction.atomic():
            touched = [sql(statement) for statement in statements][-1]
            sql("SET CONSTRAINTS ALL IMMEDIATE")
            sql("SET CONSTRAINTS ALL DEFERRED")
    except DatabaseError as refusal:
        return getattr(refusal.__cause__, "sqlstate", "")
    return touched if isinstance(touched, int) else touched[0][0]


REFUSALS = {"23001", "23503", "23505", "23514", "42501"}  # final, referred to, there already, impossible, no right


def test_every_freezing_trigger_is_attacked(world):
    aims = {_aim(statement) for statement in ATTEMPTS}
    references = {  # these refuse what points nowhere: charging/tests/test_references.py
        (table, event)
        for table, kind in sql(
            "SELECT t.tgrelid::regclass::text, t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND p.proname ~ '_same_operator_'"
        )
        for bit, event in EVENTS.items()
        if kind & bit
    }
    aimed = {(table, event) for table, event in frozen() if event != "TRUNCATE"} - references
    assert aimed <= aims


@pytest.mark.parametrize("scope", [*REACHES, *HIDES], ids=lambda scope: scope.__name__)
def test_what_is_frozen_stays(world, scope):
    before = everything()
    passed = []
    for statement in ATTEMPTS:
        answer = attempt(scope(statement))
        harmless = answer == 0 and scope in HIDES
        if not (answer in REFUSALS or harmless):
            passed.append((answer, statement))
        # A scope that was moved is moved back by the rollback; a harmless attempt is not rolled back.
        sql("SELECT set_config(%s, %s, true)", SETTING, str(world.pk))
    assert passed == []
    assert everything() == before


def test_no_role_but_the_owner_empties_a_table_or_switches_a_trigger_off(world):
    tables = {table for table, event in frozen() if event == "TRUNCATE"}
    assert {"billing_invoice", "billing_sessionprice", "charging_chargingsession", "tenants_auditentry"} <= tables
    for table in sorted({table for table, _ in frozen()}):
        for statement in (
            f"TRUNCATE {table} CASCADE",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"COPY {table} FROM PROGRAM 'true'",
            "SET session_replication_role = replica",
        ):
            assert attempt([statement]) == "42501", statement
    for table in sorted(tables):
        sql("RESET ROLE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            sql(f"TRUNCATE {table} CASCADE")
        sql("SET ROLE wattledger_app")


def test_every_trigger_is_on(world):
    assert sql("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled <> 'O'") == []


def test_no_reference_deletes_what_refers(world):
    assert sql("SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype IN ('c', 'n', 'd')") == []


def test_a_session_is_billed_once_however_the_scope_moves(world):
    """A second draft with the line and the ledger row of a billed session is refused on every way in."""
    ledger = (
        "INSERT INTO public.billing_billedsession (operator_id, session_id, invoice_id)"
        f" SELECT operator_id, session_id, {DRAFT} FROM public.billing_billedsession WHERE invoice_id = {ISSUED}"
    )
    for scope in REACHES:
        assert attempt(scope(ledger)) == "23505"
    line = (
        _copy("billing_invoiceline", LINE, invoice_id=DRAFT, position="position + 100")
        + f" WHERE invoice_id = {ISSUED}"
    )
    issue = f"UPDATE public.billing_invoice SET state = 'issued', issued_at = now(), number = 4 WHERE id = {DRAFT}"
    series = "UPDATE public.billing_numberseries SET last_number = last_number + 1"
    tax = f"UPDATE public.billing_invoicevat SET taxable = 2 * taxable, vat = 2 * vat WHERE invoice_id = {DRAFT}"
    sums = issue.replace(
        "number = 4", "number = 4, amount_excl_vat = 2 * amount_excl_vat, vat = 2 * vat, amount_due = 2 * amount_due"
    )
    assert attempt([line, series, issue]) == "23001"
    assert attempt([line, tax, series, sums]) == "23001"
    released = ledger.replace("invoice_id)", "invoice_id, released_by_id)").replace(DRAFT, f"{DRAFT}, {NOTE}")
    assert attempt([released, line, tax, series, sums]) == "23001"  # released beforehand: not billed
    assert attempt([series, issue]) == 1  # without the foreign line it is an invoice like any other


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE public.billing_invoice SET state = 'issued', issued_at = now(), number = 4 WHERE state = 'draft'"],
        [
            "UPDATE public.billing_numberseries SET last_number = last_number + 2",
            "UPDATE public.billing_invoice SET state = 'issued', issued_at = now(), number = 5 WHERE state = 'draft'",
        ],
        [
            "UPDATE public.billing_numberseries SET last_number = last_number + 1",
            f"UPDATE public.billing_invoice SET state = 'issued', issued_at = now(), number = 4, amount_excl_vat = 1,"
            f" amount_due = 1 + vat WHERE id = {DRAFT}",
        ],
        [
            "UPDATE public.billing_numberseries SET last_number = last_number + 1",
            "UPDATE public.billing_invoice SET state = 'issued', issued_at = now(), number = 4,"
            f" buyer_id = (SELECT buyer_id FROM public.billing_invoice WHERE id = {ISSUED}) WHERE id = {DRAFT}",
        ],
    ],
    ids=["series behind", "skipped", "sums", "buyer"],
)
def test_what_is_issued_is_numbered_and_adds_up(world, statements):
    assert attempt(statements) == "23001"


def test_the_way_to_reach_a_person_may_be_wiped_out(world):
    assert sql("UPDATE tenants_driveridentity SET email = '', phone = ''") > 1


@pytest.mark.django_db
def test_every_fact_of_a_billed_session_is_frozen_or_free_for_a_reason():
    free = {"file_import_id", "stop_reason", "review", "flags", "review_note", "created_at"}
    (definition,) = (
        row[0] for row in sql("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'billed_session_stays'")
    )
    (listed,) = re.findall(r"UPDATE OF (.*?) ON", definition)
    watched = set(listed.split(", "))
    assert watched | free == {field.column for field in ChargingSession._meta.concrete_fields}
    assert watched & free == set()
