"""What discounts take off the drafts of a range of accounts, as SQL: a line for each VAT rate they concern.

A discount is of energy, or of all but credits, whose day lies in its time: the day on which a session began, the first
day of a part of a fee. Of one country and VAT rate, lines that include VAT and those that do not are added up apart.

- **Energy** of a session is what its lines of energy come to, and at most what all its lines of that rate do
  (`ENERGY_OF`): where a greatest price cut what the session costs, nothing is taken off what is not asked for.
- **A percentage** of each such sum, rounded once to the smallest coin. Whatever comes late has it by its own day.
- **An amount** is for a calendar month, shared by days as the fee of a month is, and in the terms of the lines it is
  taken off. It is taken once a month, at most what the lines come to, and shared out to the rates by their running sum,
  highest rate first, so that the parts are the amount. Where an account is charged in several countries, it is taken
  off the invoice on which the lines come to most.

Several discounts are each of the same lines: none is of what another one left. The line has a quantity of -1, so that
its unit price is positive (BR-27); VAT and sums are computed from it as from any line (`billing.sql.invoices`).

What bills sessions of a credited invoice anew takes their percentages off; an amount stays with the month it was taken
in. Of a percentage, a credit note gives back what belongs to its lines (`billing.sql.credit_notes`).
"""

from typing import Final

from billing.sql.invoices import DIGITS

#: The energy of a session at a VAT rate, of lines `l` grouped by the two; {asked}: what a line asks for. Null where
#: none is of energy. What is no energy, as what a least price adds, only counts for how much may be taken off.
ENERGY_OF: Final = (
    "CASE WHEN bool_or(l.component = 'ENERGY') THEN"
    " greatest(0, least(sum({asked}) FILTER (WHERE l.component = 'ENERGY'), sum({asked}))) END"
)
_SHARE: Final = f"round(f.price * {{}} / (%(next_month)s::date - %(month)s::date), {DIGITS})"

DUE: Final = f"""
CREATE TEMP TABLE due_discounts ON COMMIT DROP AS
WITH asked AS MATERIALIZED (
    SELECT f.*, greatest(f.since, %(month)s::date) AS first_day,
        least(coalesce(f.until, %(next_month)s::date - 1), %(next_month)s::date - 1) AS last_day
    FROM billing_fee f
    WHERE f.operator_id = %(operator)s AND f.kind = 'discount' AND f.since < %(next_month)s
        AND (f.account_id BETWEEN %(first)s AND %(last)s
            OR %(replaces)s::bigint IS NOT NULL AND f.percent IS NOT NULL
                AND f.account_id IN (SELECT account_id FROM billable))
    FOR SHARE OF f
),
parts AS (
    SELECT f.id, l.country, l.currency, l.vat_rate, l.tax_included, l.day,
        CASE f.taken_off WHEN 'energy' THEN {ENERGY_OF.format(asked="l.amount")} ELSE sum(l.amount) END AS part
    FROM asked f JOIN (
        SELECT l.*, coalesce((l.started_at AT TIME ZONE %(zone)s)::date, d.first_day) AS day
        FROM drafted_lines l LEFT JOIN due_fees d ON d.id = l.fee_id
    ) l ON l.account_id = f.account_id AND l.day >= f.since AND (f.until IS NULL OR l.day <= f.until)
        AND l.component <> 'CREDIT' AND (f.percent IS NOT NULL OR l.currency = f.currency)
    GROUP BY f.id, f.taken_off, l.session_id, l.country, l.currency, l.vat_rate, l.tax_included, l.day
),
bases AS (
    SELECT id, country, currency, vat_rate, tax_included, sum(part) AS base, min(day) AS first_day, max(day) AS last_day
    FROM parts WHERE part IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(part) > 0
),
running AS (
    SELECT *, sum(base) OVER (PARTITION BY id, country) AS whole, sum(base) OVER (
        PARTITION BY id, country ORDER BY vat_rate DESC NULLS LAST, tax_included ROWS UNBOUNDED PRECEDING) AS upto
    FROM bases
),
largest AS (SELECT DISTINCT ON (id) id, country FROM running ORDER BY id, whole DESC, country),
offered AS (
    SELECT f.*, {_SHARE.format("(f.last_day + 1 - %(month)s::date)")}
        - {_SHARE.format("(f.first_day - %(month)s::date)")} AS offer
    FROM asked f WHERE f.price IS NOT NULL AND f.first_day <= f.last_day AND NOT EXISTS (
        SELECT 1 FROM billing_billedfee b WHERE b.operator_id = f.operator_id AND b.fee_id = f.id
            AND b.first_day <= f.last_day AND b.last_day >= f.first_day)
),
taken AS (
    SELECT r.id, r.country, r.currency, r.vat_rate, r.tax_included, r.first_day, r.last_day,
        round(r.base * f.percent * 0.01, {DIGITS.replace("currency", "r.currency")}) AS amount
    FROM running r JOIN asked f USING (id) WHERE f.percent IS NOT NULL
    UNION ALL
    SELECT r.id, r.country, r.currency, r.vat_rate, r.tax_included, o.first_day, o.last_day,
        round(least(o.offer, r.whole) * r.upto / r.whole, {DIGITS.replace("currency", "r.currency")})
        - round(least(o.offer, r.whole) * (r.upto - r.base) / r.whole, {DIGITS.replace("currency", "r.currency")})
    FROM running r JOIN largest USING (id, country) JOIN offered o USING (id)
),
heads AS MATERIALIZED (
    SELECT id, country, nextval((SELECT pg_get_serial_sequence('billing_billedfee', 'id')::regclass)) AS billed_id,
        first_day, last_day
    FROM (
        SELECT id, country, min(first_day) AS first_day, max(last_day) AS last_day FROM taken WHERE amount > 0
        GROUP BY id, country ORDER BY id, country) h
)
SELECT h.billed_id AS id, f.account_id, h.country, f.id AS fee_id, h.first_day, h.last_day, f.text, f.booking_account,
    t.currency, t.tax_included, t.vat_rate, f.percent, t.amount
FROM heads h JOIN asked f USING (id) JOIN taken t USING (id, country) WHERE t.amount > 0
"""
#: What was charged is written down once a discount and invoice, whatever its rates.
HEADS: Final = """
INSERT INTO due_fees (id, account_id, country, fee_id, first_day, last_day, text, booking_account, percent)
SELECT DISTINCT id, account_id, country, fee_id, first_day, last_day, text, booking_account, percent FROM due_discounts
"""
LINES: Final = """
INSERT INTO drafted_lines (account_id, country, currency, component, quantity, unit_price, vat_rate, amount,
    tax_included, unit, fee_id)
SELECT account_id, country, currency, 'DISCOUNT', -1, amount, vat_rate, -amount, tax_included, '1', id
FROM due_discounts
"""
