"""Booking payments and matching them by reference: a stretch of a file at a time, in one transaction each.

`told_payments` is what a file tells, with the numbers of the invoices it names (`numbers`, each with its `parts`);
`fresh_payments` those of it that nobody has told before. The caller holds the operator's turn (`LOCK`), so what is open
of an invoice is true until the stretch is committed. Amounts are whole coins.
"""

from typing import Final

#: Payments of one operator are booked and matched one after the other.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('billing.payments'), (%(operator)s %% 2147483647)::int)"

BEGIN: Final = """
CREATE TEMP TABLE told_payments (entry integer, booking text, item integer, amount bigint, currency text, paid_on date,
    to_account text, given text[], given_amounts bigint[], text text, payer_name text, payer_account text,
    numbers bigint[], parts bigint[]) ON COMMIT DROP
"""
COPY: Final = "COPY told_payments FROM STDIN"

# Equal bookings in one file are several; a booking that another file has told, however it divides it, is known. What is
# known is looked up by the booking, one at a time: nobody has counted a table that this very file has begun to fill.
FRESH: Final = """
CREATE TEMP TABLE fresh_payments ON COMMIT DROP AS
WITH bookings AS (
    SELECT t.*, row_number() OVER (PARTITION BY booking ORDER BY entry) + (
        SELECT coalesce(max(p.nth), 0) FROM billing_payment p
        WHERE p.operator_id = %(operator)s AND p.booking = t.booking AND p.file_id + 0 = %(file)s) AS nth
    FROM (SELECT DISTINCT entry, booking FROM told_payments) t
), fresh AS (
    SELECT t.*, b.nth FROM told_payments t JOIN bookings b USING (entry, booking)
    LEFT JOIN LATERAL (
        SELECT true AS is_there FROM billing_payment p
        WHERE p.operator_id = %(operator)s AND p.booking = b.booking AND p.nth = b.nth LIMIT 1
    ) known ON true
    WHERE known.is_there IS NULL ORDER BY t.entry, t.item
)
SELECT nextval(pg_get_serial_sequence('billing_payment', 'id')) AS id, fresh.* FROM fresh
"""
BOOK: Final = """
INSERT INTO billing_payment (id, operator_id, public_id, file_id, booking, nth, item, amount, rest, currency, paid_on,
    to_account, given, given_amounts, text, payer_name, payer_account, created_at)
SELECT id, %(operator)s, gen_random_uuid(), %(file)s, booking, nth, item, amount, amount, currency, paid_on,
    to_account, given, given_amounts, text, payer_name, payer_account, %(at)s
FROM fresh_payments ORDER BY entry, item
"""
# What several payments give for one invoice fills it in their order. What is more than open, or was taken off again,
# stands on the account. A reference to a credit note means the invoice it credits. Each is looked up by its index: a
# month just issued is not counted yet, and a join guessed from that takes minutes for a thousand payments.
MATCH: Final = """
WITH asked AS MATERIALIZED (
    SELECT f.id AS payment_id, r.invoice_id, r.account_id, u.part, greatest(r.rest, 0) AS open,
        coalesce(sum(greatest(u.part, 0)) OVER (PARTITION BY r.invoice_id ORDER BY f.entry, f.item, u.place
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM fresh_payments f
    CROSS JOIN LATERAL unnest(f.numbers, f.parts) WITH ORDINALITY AS u(number, part, place)
    CROSS JOIN LATERAL (
        SELECT coalesce(d.credits_id, d.id) AS id FROM billing_invoice d
        WHERE d.operator_id = %(operator)s AND d.series = %(series)s AND d.number = u.number LIMIT 1
    ) meant
    CROSS JOIN LATERAL (
        SELECT r.* FROM billing_receivable r
        WHERE r.operator_id = %(operator)s AND r.invoice_id = meant.id LIMIT 1
    ) r
    WHERE r.currency = f.currency
),
shared AS (
    SELECT *, greatest(0, least(part, open - before)) AS taken FROM asked
),
rows AS (
    SELECT payment_id, account_id, invoice_id, taken AS amount, 'invoice' AS purpose FROM shared WHERE taken <> 0
    UNION ALL
    SELECT payment_id, account_id, NULL, part - taken, 'account' FROM shared WHERE part <> taken
)
INSERT INTO billing_paymentmatch (operator_id, public_id, payment_id, account_id, invoice_id, amount, purpose, how,
    reason, created_at)
SELECT %(operator)s, gen_random_uuid(), payment_id, account_id, invoice_id, amount, purpose, 'reference', '', %(at)s
FROM rows
"""
COUNT: Final = """
SELECT count(*), count(*) FILTER (WHERE p.rest = 0), array_agg(p.id) FROM fresh_payments f
JOIN billing_payment p ON p.operator_id = %(operator)s AND p.id = f.id
"""
MATCHED: Final = """
SELECT array_agg(m.id) FROM fresh_payments f CROSS JOIN LATERAL (
    SELECT m.id FROM billing_paymentmatch m WHERE m.operator_id = %(operator)s AND m.payment_id = f.id OFFSET 0
) m
"""
DROP: Final = "DROP TABLE IF EXISTS told_payments, fresh_payments"
