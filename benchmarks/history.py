"""Two years of an operator's life, written by the database itself: sessions, prices, invoices and what belongs to them.

The rows are what the portal would have left: energy, prices, lines, VAT and invoices agree to the öre, each session
ended in the month of its invoice, the month before this one stands on drafts, this month on nothing yet. Among
them are, as in life, a few of every other kind: in progress, under review, written off, free, without a driver,
not priced yet. The owner of the tables writes them with the plain indexes put aside and the triggers off, since
those refuse history; `prove` then asks what the triggers would have asked.

Nothing is random: the same numbers make the same rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from portal import env

#: Sessions written by one statement.
BLOCK = 500_000
LOADED = (
    "tenants_driver",
    "tenants_driveridentity",
    "charging_site",
    "charging_station",
    "charging_connector",
    "charging_token",
    "charging_fileimport",
    "charging_rejectedrow",
    "charging_chargingsession",
    "billing_sessionprice",
    "billing_invoicerun",
    "billing_invoice",
    "billing_invoiceline",
    "billing_invoicevat",
    "billing_billedsession",
    "billing_numberseries",
    "billing_receivable",
    "billing_payment",
    "billing_paymentmatch",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large an operator is. rejected: rows that its imports refused."""

    sessions: int
    drivers: int
    sites: int
    stations: int
    rejected: int = 1_000


NETWORK = {
    "groups": """
INSERT INTO tenants_drivergroup (operator_id, public_id, name)
SELECT %(operator)s, gen_random_uuid(), 'Group ' || i FROM generate_series(1, 20) i
""",
    "sites": """
INSERT INTO charging_site (operator_id, public_id, name, street, postal_code, city, country, time_zone, phone, is_active,
    guests_start, created_at)
SELECT %(operator)s, gen_random_uuid(), 'Site ' || i, 'Storgatan ' || i, '903 26', 'Umeå', 'SE',
    CASE WHEN i %% 20 = 0 THEN 'Europe/Helsinki' ELSE 'Europe/Stockholm' END, '', i %% 50 <> 0, false, now()
FROM generate_series(1, %(sites)s) i
""",
    "stations": """
INSERT INTO charging_station (operator_id, public_id, site_id, identifier, name, vendor, model, note, is_active,
    counts_exported, created_at)
SELECT %(operator)s, gen_random_uuid(), s.id, 'ST' || i, '', '', '', '', true, false, now()
FROM generate_series(1, %(stations)s) i
JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM charging_site WHERE operator_id = %(operator)s) s
    ON s.n = i %% %(sites)s + 1
""",
    "connectors": """
INSERT INTO charging_connector (operator_id, station_id, number, standard, max_power_w, status, status_at)
SELECT operator_id, id, '1', 'IEC_62196_T2', 22000,
    CASE WHEN id %% 97 = 0 THEN 'OUTOFORDER' WHEN id %% 7 = 0 THEN 'CHARGING' ELSE 'AVAILABLE' END, now()
FROM charging_station WHERE operator_id = %(operator)s
""",
    "drivers": """
INSERT INTO tenants_driver (operator_id, public_id, customer_number, is_active, mails_late, created_at, group_id)
SELECT %(operator)s, gen_random_uuid(), (100000 + i)::text, i %% 40 <> 0, true, now(), g.id
FROM generate_series(1, %(drivers)s) i
LEFT JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM tenants_drivergroup WHERE operator_id = %(operator)s) g
    ON i %% 3 = 0 AND g.n = i %% 20 + 1
""",
    "identities": """
INSERT INTO tenants_driveridentity (operator_id, driver_id, name, email, phone, street, postal_code, city, country, created_at,
    organisation_number, vat_number, gln, delivery_street, delivery_postal_code, delivery_city, buyer_reference, order_number)
SELECT operator_id, id, '', '', '', '', '',
    '', 'SE', now(), '', '', '', '', '', '', '', ''
FROM tenants_driver WHERE operator_id = %(operator)s
""",
    "statistics": "ANALYZE tenants_driver; ANALYZE tenants_driveridentity",
    "identities in force": """
UPDATE tenants_driver d SET identity_id = i.id FROM tenants_driveridentity i
WHERE i.driver_id = d.id AND d.operator_id = %(operator)s AND i.operator_id = %(operator)s
""",
    # The trigger that makes them is off, as all are.
    "accounts": """
INSERT INTO tenants_account (operator_id, public_id, kind, driver_id, identity_id, customer_number, language, delivery,
    least_amount, shows, is_active, created_at)
SELECT operator_id, gen_random_uuid(), 'private', id, identity_id, customer_number, '', 'portal', 0, 'invoices', true, created_at
FROM tenants_driver WHERE operator_id = %(operator)s ORDER BY id
""",
    "cards": """
INSERT INTO charging_token (operator_id, public_id, kind, uid, uid_mark, uid_exact, visual_number, number_mark, driver_id,
    is_blocked, created_at)
SELECT operator_id, gen_random_uuid(), 'RFID', '', '', 'bench' || id, '', '', id, false, now()
FROM tenants_driver WHERE operator_id = %(operator)s
""",
    "cards without a driver": """
INSERT INTO charging_token (operator_id, public_id, kind, uid, uid_mark, uid_exact, visual_number, number_mark, driver_id,
    is_blocked, created_at)
SELECT %(operator)s, gen_random_uuid(), 'RFID', '', '', 'free' || i, '', '', NULL, i %% 10 = 0, now()
FROM generate_series(1, greatest(10, %(drivers)s / 200)) i
""",
    "imports": """
INSERT INTO charging_fileimport (operator_id, public_id, file, file_name, file_sha256, file_size, source, mapping,
    options, state, error, error_facts, rows_total, rows_read, accepted, known, rejected, flagged, accepted_wh, rejected_wh, created,
    blank_lines, committed_chunks, attempts, done, total, queued_at, started_at, finished_at, updated_at, created_at)
SELECT %(operator)s, gen_random_uuid(), 'none.csv', 'month-' || i || '.csv', md5(i::text), 1000, 'bench', '{}',
    '{"header": ["id", "start", "end", "kWh"]}', 'done', '', '{}', c.n, c.n, c.n - c.r, 0, c.r, 0, 0, 0, '{}', 0, '{}', 1, c.n, c.n,
    at, at, at, at, at
FROM generate_series(1, 24) i
CROSS JOIN LATERAL (SELECT now() - (24 - i) * interval '1 month' AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN i = 24 THEN %(rejected)s ELSE 10 END AS r, %(sessions)s / 24 AS n) c
""",
    "rejected rows": """
INSERT INTO charging_rejectedrow (operator_id, file_import_id, line_number, cells, marks, reason, reasons, settled, energy_wh)
SELECT %(operator)s, f.id, l * 7, '', '{}',
    CASE WHEN l %% 3 = 0 THEN 'end_before_start' ELSE 'unreadable_end' END,
    ARRAY[CASE WHEN l %% 3 = 0 THEN 'end_before_start' ELSE 'unreadable_end' END], '', 10000
FROM charging_fileimport f CROSS JOIN LATERAL generate_series(1, f.rejected) l WHERE f.operator_id = %(operator)s
""",
    "outlets by number": """
CREATE TEMP TABLE outlet AS
SELECT row_number() OVER (ORDER BY c.id) - 1 AS n, c.id AS connector_id, s.id AS station_id, s.site_id
FROM charging_connector c JOIN charging_station s ON s.id = c.station_id WHERE s.operator_id = %(operator)s
""",
    "cards by number": """
CREATE TEMP TABLE card AS
SELECT row_number() OVER (ORDER BY id) - 1 AS n, id AS token_id, driver_id
FROM charging_token WHERE operator_id = %(operator)s AND driver_id IS NOT NULL
""",
}
# Half of the sessions are of an eighth of the drivers. Identifiers sort by time, as the portal's do.
SESSIONS = """
INSERT INTO charging_chargingsession (operator_id, public_id, source, external_id, site_id, station_id, connector_id,
    token_id, driver_id, started_at, ended_at, charging_ended_at, energy_wh, series_start, series_interval_s, series_wh,
    stop_reason, state, review, flags, review_note, created_at)
SELECT %(operator)s,
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(noise, 1, 3) || '8'
        || substr(noise, 4, 15))::uuid,
    'bench', 'B' || lpad(i::text, 9, '0'), o.site_id, o.station_id, o.connector_id,
    CASE WHEN i %% 2000 = 3 THEN NULL ELSE c.token_id END, CASE WHEN i %% 2000 = 3 THEN NULL ELSE c.driver_id END,
    at, CASE WHEN is_over THEN at + took END, CASE WHEN is_over THEN at + took * 0.8 END,
    CASE WHEN is_over THEN 8 * wh END, CASE WHEN is_over THEN at END, CASE WHEN is_over THEN 900 END,
    CASE WHEN is_over THEN array_fill(wh, ARRAY[8]) END,
    CASE WHEN is_over THEN 'EVDisconnected' ELSE '' END, CASE WHEN is_over THEN 'COMPLETED' ELSE 'ACTIVE' END,
    CASE WHEN NOT is_over THEN '' WHEN i %% 1000 = 6 THEN 'written_off'
        WHEN i %% 1000 = 5 THEN CASE WHEN at > now() - interval '40 days' OR i %% 50000 = 5 THEN 'pending' ELSE 'approved' END
        ELSE '' END,
    CASE WHEN is_over AND i %% 1000 IN (5, 6)
        THEN ARRAY[(ARRAY['very_long', 'overlap', 'above_power', 'zero_energy'])[1 + i / 1000 %% 4]] ELSE '{}' END,
    '', at
FROM generate_series(%(from)s::bigint, %(to)s::bigint) i
CROSS JOIN LATERAL (SELECT md5(%(operator)s || ':' || i) AS noise, hashint8(i) & 2147483647 AS h,
    hashint8(i + 1000000007) & 2147483647 AS g,
    %(begin)s::timestamptz + i * %(step)s::interval AS at) a
CROSS JOIN LATERAL (SELECT 1000 + h %% 900 AS wh, (30 + h %% 150) * interval '1 minute' AS took) b
CROSS JOIN LATERAL (SELECT at + took <= %(end)s::timestamptz AS is_over) d
JOIN outlet o ON o.n = h %% %(stations)s
JOIN card c ON c.n = floor(power(g / 2147483648.0, 3) * %(drivers)s)::bigint
"""
# 3.20 a kWh and, for each fifth session, a fee of 5.00: 25 % VAT on both. The last ones and a few others wait.
PRICES = """
INSERT INTO billing_sessionprice (operator_id, session_id, tariff_version_id, state, problem, problem_facts, currency,
    amount_excl_vat, amount_incl_vat, lines, flags, rated_at)
SELECT %(operator)s, s.id, CASE WHEN s.driver_id IS NOT NULL THEN %(version)s END, x.state,
    CASE WHEN s.driver_id IS NULL THEN 'no_driver' ELSE '' END, '{}', CASE WHEN s.driver_id IS NULL THEN '' ELSE 'SEK' END,
    CASE WHEN x.state = 'priced' THEN energy + fee ELSE 0 END,
    CASE WHEN x.state = 'priced' THEN (energy + fee) * 1.25 ELSE 0 END,
    CASE WHEN x.state <> 'priced' THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('component', 'ENERGY',
            'quantity', round(s.energy_wh / 1000.0, 6)::text, 'unit_price', '3.200000', 'vat_rate', '25.00',
            'amount', round(energy, 2)::text))
        || CASE WHEN fee = 0 THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('component', 'FLAT',
            'quantity', '1.000000', 'unit_price', '5.000000', 'vat_rate', '25.00', 'amount', '5.00')) END END,
    0, s.ended_at
FROM charging_chargingsession s
CROSS JOIN LATERAL (SELECT s.id - %(base)s AS i, s.energy_wh * 0.0032 AS energy,
    CASE WHEN s.id %% 5 = 0 THEN 5.00 ELSE 0 END AS fee,
    CASE WHEN s.driver_id IS NULL THEN 'problem' WHEN (s.id - %(base)s) %% 500 = 7 THEN 'free' ELSE 'priced' END AS state) x
WHERE s.operator_id = %(operator)s AND s.id > %(base)s + %(from)s - 1 AND s.id <= %(base)s + %(to)s
    AND s.state = 'COMPLETED' AND s.review IN ('', 'approved') AND i < %(sessions)s - %(sessions)s / 2000
    AND i %% 400000 <> 77
"""
INVOICES = {
    "runs": """
INSERT INTO billing_invoicerun (operator_id, public_id, month, until, since, state, sessions_total, sessions_done,
    started_at, drafted_at, issued_at, updated_at)
SELECT %(operator)s, gen_random_uuid(), m::date, u.until, m::timestamp AT TIME ZONE 'Europe/Stockholm',
    CASE WHEN m = %(draft)s::timestamp THEN 'ready' ELSE 'issued' END, 0, 0, u.until, u.until,
    CASE WHEN m = %(draft)s::timestamp THEN NULL ELSE u.until END, u.until
FROM generate_series(%(first)s::timestamp, %(draft)s::timestamp, interval '1 month') m
CROSS JOIN LATERAL (SELECT (m + interval '1 month') AT TIME ZONE 'Europe/Stockholm' AS until) u
""",
    "what is billed": """
CREATE TEMP TABLE billed AS
SELECT s.id AS session_id, s.driver_id, s.started_at, s.energy_wh, p.lines,
    date_trunc('month', s.ended_at AT TIME ZONE 'Europe/Stockholm')::date AS month
FROM charging_chargingsession s JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
WHERE s.operator_id = %(operator)s AND p.operator_id = %(operator)s AND p.state = 'priced'
    AND s.ended_at >= %(first)s::timestamp AT TIME ZONE 'Europe/Stockholm'
    AND s.ended_at < (%(draft)s::timestamp + interval '1 month') AT TIME ZONE 'Europe/Stockholm'
""",
    "documents": """
CREATE TEMP TABLE document AS
SELECT driver_id, month, count(*) AS sessions, sum(energy_wh) AS energy_wh,
    sum((SELECT sum((l ->> 'amount')::numeric) FROM jsonb_array_elements(lines) l)) AS taxable,
    %(last_invoice)s + row_number() OVER (ORDER BY month, driver_id) AS id
FROM billed GROUP BY driver_id, month
""",
    "statistics": "ANALYZE billed; ANALYZE document",
    "invoices": """
INSERT INTO billing_invoice (id, operator_id, public_id, kind, run_id, account_id, buyer_id, customer_number, reason, state,
    series, number,
    month, currency, amount_excl_vat, vat, rounding, amount_due, session_count, energy_wh, leaves_rest, seller, drafted_at,
    issued_at, due_on)
SELECT d.id, %(operator)s, gen_random_uuid(), 'invoice', r.id, v.id, v.identity_id,
    CASE WHEN r.state = 'issued' THEN v.customer_number ELSE '' END, '', CASE WHEN r.state = 'issued'
    THEN 'issued' ELSE 'draft' END, 'F', CASE WHEN r.state = 'issued' THEN d.id - %(last_invoice)s END, d.month, 'SEK',
    d.taxable, round(d.taxable * 0.25, 2), 0, d.taxable + round(d.taxable * 0.25, 2), d.sessions, d.energy_wh, false,
    CASE WHEN r.state = 'issued' THEN %(seller)s::jsonb ELSE '{}' END, r.drafted_at, r.issued_at,
    CASE WHEN r.state = 'issued' THEN (r.until + interval '30 days')::date END
FROM document d JOIN billing_invoicerun r ON r.operator_id = %(operator)s AND r.month = d.month
JOIN tenants_account v ON v.operator_id = %(operator)s AND v.driver_id = d.driver_id
ORDER BY d.id
""",
    "what is open": """
INSERT INTO billing_receivable (operator_id, invoice_id, account_id, currency, due_on, due, credited, paid, rest)
SELECT operator_id, id, account_id, currency, due_on, amount_due * 100, 0, 0, amount_due * 100
FROM billing_invoice WHERE operator_id = %(operator)s AND state = 'issued'
""",
    "payments": """
INSERT INTO billing_payment (operator_id, public_id, booking, nth, item, amount, rest, currency, paid_on, to_account,
    given, given_amounts, text, payer_name, payer_account, payer_account_mark, created_at)
SELECT r.operator_id, gen_random_uuid(), md5(r.invoice_id::text), 1, 0, r.due, 0, r.currency, r.due_on, '', '', '{}', '', '', '',
    encode(sha256(r.account_id::text::bytea), 'hex'), r.due_on
FROM billing_receivable r WHERE r.operator_id = %(operator)s AND r.due > 0 AND r.due_on < %(draft)s::date
    AND r.invoice_id %% 50 <> 0
""",
    # In a state that has had no payments yet they would be looked for one by one.
    "statistics of payments": "ANALYZE billing_receivable; ANALYZE billing_payment",
    "matches": """
INSERT INTO billing_paymentmatch (operator_id, public_id, payment_id, account_id, invoice_id, amount, purpose, how, reason,
    created_at)
SELECT r.operator_id, gen_random_uuid(), p.id, r.account_id, r.invoice_id, p.amount, 'invoice', 'reference', '', p.created_at
FROM billing_receivable r JOIN billing_payment p ON p.operator_id = r.operator_id AND p.booking = md5(r.invoice_id::text)
WHERE r.operator_id = %(operator)s
""",
    "statistics of matches": "ANALYZE billing_paymentmatch",
    "what is left": """
UPDATE billing_receivable r SET paid = m.amount, rest = 0 FROM billing_paymentmatch m
WHERE m.operator_id = %(operator)s AND r.operator_id = %(operator)s AND r.invoice_id = m.invoice_id
""",
    "VAT": """
INSERT INTO billing_invoicevat (operator_id, invoice_id, vat_rate, taxable, vat)
SELECT %(operator)s, id, 25, taxable, round(taxable * 0.25, 2) FROM document
""",
    "billed sessions": """
INSERT INTO billing_billedsession (operator_id, session_id, invoice_id)
SELECT %(operator)s, b.session_id, d.id FROM billed b JOIN document d USING (driver_id, month)
""",
    "lines": """
INSERT INTO billing_invoiceline (operator_id, invoice_id, position, session_id, tariff_version_id, component, quantity,
    unit, unit_price, vat_rate, amount_excl_vat)
SELECT %(operator)s, d.id, row_number() OVER (PARTITION BY d.id ORDER BY b.started_at, b.session_id, l ->> 'component'),
    b.session_id, %(version)s, l ->> 'component', (l ->> 'quantity')::numeric,
    CASE WHEN l ->> 'component' = 'ENERGY' THEN 'kWh' ELSE '1' END, (l ->> 'unit_price')::numeric, 25,
    (l ->> 'amount')::numeric
FROM billed b JOIN document d USING (driver_id, month) CROSS JOIN LATERAL jsonb_array_elements(b.lines) l
""",
    "totals of the runs": """
UPDATE billing_invoicerun r SET sessions_total = d.sessions, sessions_done = d.sessions
FROM (SELECT month, sum(sessions) AS sessions FROM document GROUP BY month) d
WHERE r.operator_id = %(operator)s AND r.month = d.month
""",
    "the last number": """
INSERT INTO billing_numberseries (operator_id, code, last_number)
SELECT %(operator)s, 'F', count(*) FROM document d JOIN billing_invoicerun r
    ON r.operator_id = %(operator)s AND r.month = d.month AND r.state = 'issued'
""",
    "numbers go on": "SELECT setval(pg_get_serial_sequence('billing_invoice', 'id'), greatest(1, max(id))) FROM billing_invoice",
    "done": "DROP TABLE billed, document",
}

#: Statements that are about no operator.
_WITHOUT_FACTS = {"statistics", "statistics of payments", "statistics of matches", "numbers go on", "done"}


def write(operator_id: int, size: Size, *, version: int, seller: str, at: datetime) -> None:
    """Write the operator's two years. version: the tariff version that prices them; seller: as invoices keep it."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True, cursor_factory=psycopg.ClientCursor) as owner:
        owner.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
        facts = _facts(owner, operator_id, size, version, seller, at)
        rebuilds = size.sessions > _one(
            owner, "SELECT reltuples FROM pg_class WHERE relname = 'charging_chargingsession'"
        )
        with _loading(owner, rebuilds_indexes=rebuilds):
            for name, statement in NETWORK.items():
                owner.execute(statement, None if name == "statistics" else facts)
            owner.execute("ANALYZE outlet; ANALYZE card")
            for block in _blocks(size.sessions):
                owner.execute(SESSIONS, {**facts, **block})
                owner.execute(PRICES, {**facts, **block})
            owner.execute("ANALYZE charging_chargingsession; ANALYZE billing_sessionprice")
            for name, statement in INVOICES.items():
                owner.execute(statement, None if name in _WITHOUT_FACTS else facts)
        owner.execute("DROP TABLE outlet, card")


def _facts(owner: Any, operator_id: int, size: Size, version: int, seller: str, at: datetime) -> dict[str, Any]:
    months = at.year * 12 + at.month - 1
    return {
        "operator": operator_id,
        "version": version,
        "seller": seller,
        "sessions": size.sessions,
        "drivers": size.drivers,
        "sites": size.sites,
        "stations": size.stations,
        "rejected": size.rejected,
        "base": _one(owner, "SELECT coalesce(max(id), 0) FROM charging_chargingsession"),
        "last_invoice": _one(owner, "SELECT coalesce(max(id), 0) FROM billing_invoice"),
        "begin": at.replace(year=at.year - 2, day=1),
        "end": at,
        "step": (at - at.replace(year=at.year - 2, day=1)) / size.sessions,
        "first": _month(months - 24),
        "draft": _month(months - 1),
    }


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1)  # a date of the calendar


def _blocks(sessions: int) -> Iterator[dict[str, int]]:
    for first in range(1, sessions + 1, BLOCK):
        yield {"from": first, "to": min(first + BLOCK - 1, sessions)}


@contextmanager
def _loading(owner: Any, *, rebuilds_indexes: bool) -> Iterator[None]:
    """Put triggers aside, and plain indexes where what comes is more than what is there: making them anew is faster."""
    found = owner.execute(
        "SELECT x.indexname, x.indexdef FROM pg_indexes x LEFT JOIN pg_constraint c ON c.conname = x.indexname "
        "WHERE x.schemaname = 'public' AND c.oid IS NULL AND x.indexdef NOT LIKE 'CREATE UNIQUE%%' "
        "AND x.tablename = ANY(%s)",
        [[table for table in LOADED if table.startswith(("billing", "charging_charging"))]],
    ).fetchall()
    indexes = found if rebuilds_indexes else []
    for table in LOADED:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for name, _ in indexes:
        owner.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        for table in LOADED:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for _, definition in indexes:
            owner.execute(definition)


_REFERENCES = (
    ("charging_chargingsession", "site_id", "charging_site"),
    ("charging_chargingsession", "station_id", "charging_station"),
    ("charging_chargingsession", "connector_id", "charging_connector"),
    ("charging_chargingsession", "token_id", "charging_token"),
    ("charging_chargingsession", "driver_id", "tenants_driver"),
    ("billing_sessionprice", "session_id", "charging_chargingsession"),
    ("billing_invoiceline", "session_id", "charging_chargingsession"),
    ("billing_invoiceline", "invoice_id", "billing_invoice"),
    ("billing_billedsession", "session_id", "charging_chargingsession"),
    ("billing_billedsession", "invoice_id", "billing_invoice"),
    ("billing_invoicevat", "invoice_id", "billing_invoice"),
)


def prove(operator_id: int) -> None:
    """Ask what the triggers would have asked: that every reference leads to a row of the same operator."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True, cursor_factory=psycopg.ClientCursor) as owner:
        owner.execute("SET work_mem = '256MB'")
        for table, column, to in _REFERENCES:
            lost = _one(
                owner,
                f"SELECT count(*) FROM {table} a LEFT JOIN {to} b ON b.operator_id = a.operator_id AND b.id = a.{column} "
                f"WHERE a.operator_id = {int(operator_id)} AND a.{column} IS NOT NULL AND b.id IS NULL",
            )
            if lost:
                raise SystemExit(f"{lost} rows of {table} name no row of {to} in {column}.")


def _one(owner: Any, sql: str) -> int:
    return int(owner.execute(sql).fetchone()[0])


def now() -> datetime:
    """Return the moment at which the history ends: the last full minute, in UTC."""
    return datetime.now(UTC).replace(second=0, microsecond=0)
