"""What is to be charged of the fees of a range of accounts, as SQL: every day once, and no day twice.

A fee owes the days from its first to its last one, on which the account, or a driver or card of it, is there to pay
for; what already stands on an invoice, also on a draft or a credited one, is taken off. So a run that comes late, or
is repeated, charges what is missing and nothing else (the constraint of `BilledFee` is the proof behind it). What is
left is cut at the borders of months or years and where the rate of VAT changes; each part is a line:

- **A month's fee** is shared by the days of the calendar month, and charged with that month's sessions.
- **A year's fee** is shared by the days of its year, which begins on the date of the fee's first day. It is charged
  ahead, with the month in which the year begins.
- **The amount of a part** is price × days up to its end ÷ days of the period, less the same up to its beginning, each
  rounded once: so parts of a period that lie side by side come to its price exactly.
- **Once, credit**: the price, on its day; a credit has a quantity of -1.

Days are the operator's. Somebody who comes during a day is counted from that day on, and who leaves up to the day
before. A card is the account's own, or its drivers' while they have it; a blocked one counts up to the day before, and
again from the day on which it is unblocked. What was charged of a merged card is charged of the one that stays. Whoever
is only hosted is not counted. Of a private person the driver is always one.

Fees are services of the operator's own country: they stand on its invoice, beside those of other countries' VAT.
"""

from typing import Final

from billing.sql.invoices import DIGITS

_DAY: Final = "({} AT TIME ZONE %(zone)s)::date"
_TIME: Final = f"daterange({_DAY.format('{0}.since')}, {_DAY.format('{0}.until')})"


def _years(day: str, since: str) -> str:
    return f"date_part('year', age(({day})::timestamp, {since}::timestamp))::integer"


def _in_years(day: str, years: str) -> str:
    return f"({day} + make_interval(years => {years}))::date"


#: The last day of the month that is billed.
_LAST: Final = "%(next_month)s::date - 1"
#: How many years after its first a fee's year begins with that month: one of 29 February with February, whatever day.
_BEGUN: Final = _years(_LAST, "date_trunc('month', f.since::timestamp)")
#: The fees are held until the end: nobody ends one of them meanwhile.
DUE: Final = f"""
CREATE TEMP TABLE due_fees ON COMMIT DROP AS
WITH asked AS MATERIALIZED (
    SELECT f.*, a.driver_id AS own_driver_id, daterange(f.since, CASE f.kind
        WHEN 'monthly' THEN least(f.until + 1, %(next_month)s::date)
        WHEN 'yearly' THEN least(f.until + 1, {_in_years("f.since", _BEGUN + " + 1")})
        ELSE f.since + 1 END) AS days
    FROM billing_fee f JOIN tenants_account a ON a.operator_id = f.operator_id AND a.id = f.account_id
    WHERE f.operator_id = %(operator)s AND f.account_id BETWEEN %(first)s AND %(last)s AND f.since < %(next_month)s
        AND f.kind <> 'discount'
    FOR SHARE OF f
),
counting AS (SELECT DISTINCT account_id, own_driver_id FROM asked WHERE per <> 'account'),
drivers AS MATERIALIZED (
    SELECT c.account_id, m.driver_id, {_TIME.format("m")} AS days
    FROM counting c JOIN charging_accountmember m ON m.operator_id = %(operator)s AND m.account_id = c.account_id
    WHERE m.driver_id IS NOT NULL AND m.pays
    UNION ALL
    SELECT account_id, own_driver_id, '(,)' FROM counting WHERE own_driver_id IS NOT NULL
),
held AS (
    SELECT d.account_id, t.id AS token_id, d.days * daterange({_DAY.format("t.driver_since")}, NULL) AS days
    FROM drivers d JOIN charging_token t ON t.operator_id = %(operator)s AND t.driver_id = d.driver_id
    UNION ALL
    SELECT d.account_id, h.token_id, d.days * {_TIME.format("h")}
    FROM drivers d JOIN charging_earlierholder h ON h.operator_id = %(operator)s AND h.driver_id = d.driver_id
),
cards AS (
    SELECT c.account_id, m.token_id, datemultirange({_TIME.format("m")}) AS days
    FROM counting c JOIN charging_accountmember m ON m.operator_id = %(operator)s AND m.account_id = c.account_id
    WHERE m.token_id IS NOT NULL AND m.pays
    UNION ALL
    SELECT h.account_id, h.token_id, datemultirange(h.days) - coalesce((
        SELECT range_agg({_TIME.format("m")}) FROM charging_accountmember m
        WHERE m.operator_id = %(operator)s AND m.token_id = h.token_id AND m.pays), '{{}}')
    FROM held h
),
there AS (
    SELECT id AS fee_id, NULL::bigint AS driver_id, NULL::bigint AS token_id, '{{(,)}}'::datemultirange AS days
    FROM asked WHERE per = 'account'
    UNION ALL
    SELECT f.id, d.driver_id, NULL, range_agg(d.days)
    FROM asked f JOIN drivers d USING (account_id) WHERE f.per = 'driver' GROUP BY 1, 2
    UNION ALL
    SELECT f.id, NULL, t.id, range_agg(c.days * (datemultirange(daterange(NULL,
        CASE WHEN t.is_blocked THEN {_DAY.format("t.blocked_at")} END)) - coalesce((
        SELECT range_agg(daterange({_DAY.format("(b.time ->> 0)::timestamptz")},
            {_DAY.format("(b.time ->> 1)::timestamptz")}))
        FROM jsonb_array_elements(t.blocked_before) AS b(time)), '{{}}')))
    FROM asked f JOIN cards c USING (account_id)
    JOIN charging_token t ON t.operator_id = %(operator)s AND t.id = c.token_id
    WHERE f.per = 'card' AND t.kind = 'RFID' AND t.merged_into_id IS NULL GROUP BY 1, 3
),
missing AS (
    SELECT f.*, t.driver_id, t.token_id, unnest(datemultirange(f.days) * t.days - coalesce((
        SELECT range_agg(daterange(b.first_day, b.last_day, '[]')) FROM billing_billedfee b
        LEFT JOIN charging_token w ON w.operator_id = b.operator_id AND w.id = b.token_id
        WHERE b.operator_id = %(operator)s AND b.fee_id = f.id AND b.driver_id IS NOT DISTINCT FROM t.driver_id
            AND coalesce(w.merged_into_id, b.token_id) IS NOT DISTINCT FROM t.token_id), '{{}}')) AS piece
    FROM asked f JOIN there t ON t.fee_id = f.id
),
periods AS (
    SELECT m.*, p.period FROM missing m CROSS JOIN LATERAL (
        SELECT daterange(month::date, (month + interval '1 month')::date) AS period
        FROM generate_series(date_trunc('month', lower(m.piece)::timestamp), (upper(m.piece) - 1)::timestamp,
            interval '1 month') month
        WHERE m.kind = 'monthly'
        UNION ALL
        SELECT daterange({_in_years("m.since", "year")}, {_in_years("m.since", "year + 1")})
        FROM generate_series(0, {_years("upper(m.piece)", "m.since")} + 1) year
        WHERE m.kind = 'yearly'
        UNION ALL
        SELECT m.piece WHERE m.kind IN ('once', 'credit')
    ) p WHERE p.period && m.piece
),
parts AS (
    SELECT p.*, coalesce(r.percent, p.vat_rate) AS rate, p.piece * p.period * coalesce(r.days, '(,)') AS part
    FROM periods p
    LEFT JOIN (SELECT country, percent, daterange(since, until) AS days
        FROM unnest(%(countries)s::text[], %(percents)s::numeric[], %(sinces)s::date[], %(untils)s::date[])
            AS known(country, percent, since, until)) r
        ON r.country = p.vat_country AND r.days && (p.piece * p.period)
),
counted AS (
    SELECT *, upper(period) - lower(period) AS whole, lower(part) - lower(period) AS before,
        upper(part) - lower(period) AS upto, CASE kind WHEN 'credit' THEN -1 ELSE 1 END AS sign
    FROM parts ORDER BY account_id, since, id, lower(part), driver_id, token_id
)
SELECT nextval((SELECT pg_get_serial_sequence('billing_billedfee', 'id')::regclass)) AS id, account_id,
    %(home)s::text AS country, id AS fee_id, driver_id, token_id,
    lower(part) AS first_day, upper(part) - 1 AS last_day, NULL::numeric AS percent, text, booking_account, currency,
    tax_included,
    rate AS vat_rate, CASE kind WHEN 'monthly' THEN 'MONTH_FEE' WHEN 'yearly' THEN 'YEAR_FEE'
        WHEN 'once' THEN 'ONCE' ELSE 'CREDIT' END AS component,
    CASE kind WHEN 'monthly' THEN 'month' WHEN 'yearly' THEN 'year' ELSE '1' END AS unit,
    round(sign * (upto - before)::numeric / whole, 6) AS quantity, price AS unit_price,
    sign * (round(price * upto / whole, {DIGITS}) - round(price * before / whole, {DIGITS})) AS amount
FROM counted
"""
LEDGER: Final = """
INSERT INTO billing_billedfee (id, operator_id, fee_id, invoice_id, driver_id, token_id, first_day, last_day,
    percent, text, booking_account)
SELECT f.id, %(operator)s, f.fee_id, n.invoice_id, f.driver_id, f.token_id, f.first_day, f.last_day, f.percent,
    f.text, f.booking_account
FROM due_fees f JOIN drafted n USING (account_id, country)
"""
#: Accounts with a fee of which a run may have to charge something; a discount alone is nothing to charge.
ACCOUNTS: Final = """
SELECT DISTINCT f.account_id FROM billing_fee f
WHERE f.operator_id = %(operator)s AND f.since < %(next_month)s AND (f.kind IN ('monthly', 'yearly')
    OR f.kind IN ('once', 'credit') AND NOT EXISTS (
        SELECT 1 FROM billing_billedfee b WHERE b.operator_id = f.operator_id AND b.fee_id = f.id))
ORDER BY 1
"""
