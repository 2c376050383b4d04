"""Booking payments and matching them by reference: a stretch of a file at a time, in one transaction each.

`told_payments` is what a file tells, with the numbers of the invoices it names (`numbers`, each with its `parts`), and
sealed already what says who paid; `fresh_payments` those of it that nobody has told before; `shared_payments` what each
of them is for; `left_payments` the new ones again, with what is left of each. The caller holds the operator's turn
(`LOCK`), so what is open of an invoice is true until the stretch is committed, and has the tables set apart by joins
that read both sides once (`tenants.joins`). Amounts are whole coins.
"""

from typing import Final

#: Payments of one operator are booked and matched one after the other.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('billing.payments'), (%(operator)s %% 2147483647)::int)"

BEGIN: Final = """
CREATE TEMP TABLE told_payments (entry integer, booking text, item integer, amount bigint, currency text, paid_on date,
    to_account text, given_amounts bigint[], public_id uuid, given bytea, text bytea, payer_name bytea,
    payer_account bytea, payer_account_mark text, numbers bigint[], parts bigint[]) ON COMMIT DROP
"""
COPY: Final = "COPY told_payments FROM STDIN"

# Equal bookings in one file are several; a booking that another file has told, however it divides it, is known.
FRESH: Final = """
CREATE TEMP TABLE fresh_payments ON COMMIT DROP AS
WITH known AS MATERIALIZED (
    SELECT p.booking, p.nth, bool_or(p.file_id = %(file)s) AS is_ours FROM billing_payment p
    WHERE p.operator_id = %(operator)s AND p.booking = ANY(ARRAY(SELECT DISTINCT booking FROM told_payments))
    GROUP BY 1, 2
), bookings AS (
    SELECT t.*, row_number() OVER (PARTITION BY t.booking ORDER BY t.entry) + coalesce(before.nth, 0) AS nth
    FROM (SELECT DISTINCT entry, booking FROM told_payments) t
    LEFT JOIN (SELECT booking, max(nth) AS nth FROM known WHERE is_ours GROUP BY 1) before USING (booking)
), fresh AS (
    SELECT t.*, b.nth FROM told_payments t JOIN bookings b USING (entry, booking)
    LEFT JOIN known k ON k.booking = b.booking AND k.nth = b.nth
    WHERE k.booking IS NULL ORDER BY t.entry, t.item
)
SELECT nextval((SELECT pg_get_serial_sequence('billing_payment', 'id')::regclass)) AS id, fresh.* FROM fresh
"""
# A reference to a credit note means the invoice it credits. Which rows are wanted is known before they are looked for,
# by a list (`ANY(ARRAY(...))`): a join would read whole tables.
#
# What several payments give for one invoice fills it in their order. What is more than open, or was taken off again,
# stands on the account.
SHARE: Final = """
CREATE TEMP TABLE shared_payments ON COMMIT DROP AS
WITH meant AS MATERIALIZED (
    SELECT d.number, coalesce(d.credits_id, d.id) AS invoice_id FROM billing_invoice d
    WHERE d.operator_id = %(operator)s AND d.series = %(series)s
        AND d.number = ANY(ARRAY(SELECT DISTINCT unnest(numbers) FROM fresh_payments))
), open AS MATERIALIZED (
    SELECT meant.number, r.invoice_id, r.account_id, r.currency, greatest(r.rest, 0) AS rest FROM meant JOIN (
        SELECT * FROM billing_receivable
        WHERE operator_id = %(operator)s AND invoice_id = ANY(ARRAY(SELECT DISTINCT invoice_id FROM meant))
    ) r USING (invoice_id)
), named AS MATERIALIZED (
    -- Apart, so that it is joined by number and currency at once: nearly all are of one currency.
    SELECT p.id, p.entry, p.item, p.currency, p.paid_on, u.* FROM fresh_payments p
    CROSS JOIN LATERAL unnest(p.numbers, p.parts) WITH ORDINALITY AS u(number, part, place)
), asked AS MATERIALIZED (
    SELECT f.id AS payment_id, f.currency, f.paid_on, r.invoice_id, r.account_id, f.part, r.rest AS open,
        coalesce(sum(greatest(f.part, 0)) OVER (PARTITION BY r.invoice_id ORDER BY f.entry, f.item, f.place
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM named f
    JOIN open r ON r.number = f.number AND r.currency = f.currency
), shared AS (
    SELECT *, greatest(0, least(part, open - before))::bigint AS taken FROM asked
), parts AS (
    SELECT payment_id, currency, paid_on, account_id, invoice_id, taken AS amount, 'invoice' AS purpose FROM shared
    WHERE taken <> 0
    UNION ALL
    SELECT payment_id, currency, paid_on, account_id, NULL, part - taken, 'account' FROM shared WHERE part <> taken
)
SELECT nextval((SELECT pg_get_serial_sequence('billing_paymentmatch', 'id')::regclass)) AS id, parts.*
FROM (SELECT * FROM parts ORDER BY payment_id) parts
"""
#: The new payments, each with what is left of it.
LEFT: Final = """
CREATE TEMP TABLE left_payments ON COMMIT DROP AS
SELECT f.*, f.amount - coalesce(s.amount, 0)::bigint AS rest FROM fresh_payments f
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM shared_payments GROUP BY 1) s ON s.payment_id = f.id
"""
#: How many payments are new, how many of them matched whole, and which matches are made.
COUNT: Final = """
SELECT count(*), count(*) FILTER (WHERE rest = 0), (SELECT coalesce(array_agg(id), '{}') FROM shared_payments)
FROM left_payments
"""
# Payments and what they are for at once: a payment begins with what is left of it, and need not be changed. The
# database holds the one against the other (`billing_payment_begins`).
BOOK: Final = """
WITH booked AS (
    INSERT INTO billing_payment (id, operator_id, public_id, file_id, booking, nth, item, amount, rest, currency,
        paid_on, to_account, given_amounts, given, text, payer_name, payer_account, payer_account_mark, created_at)
    SELECT id, %(operator)s, public_id, %(file)s, booking, nth, item, amount, rest, currency, paid_on,
        to_account, given_amounts, given, text, payer_name, payer_account, payer_account_mark, %(at)s
    FROM left_payments ORDER BY entry, item
)
INSERT INTO billing_paymentmatch (id, operator_id, public_id, payment_id, account_id, invoice_id, amount, purpose, how,
    reason, created_at)
SELECT id, %(operator)s, gen_random_uuid(), payment_id, account_id, invoice_id, amount, purpose, 'reference', '', %(at)s
FROM shared_payments ORDER BY id
"""
DROP: Final = "DROP TABLE IF EXISTS told_payments, fresh_payments, shared_payments, left_payments"
