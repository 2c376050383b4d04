"""The arithmetic of a credit note: which part of an invoice it takes back, and what that comes to.

A line of a note stands in the place (`position`) of the line it credits, so what is left of a line is what it says and
what stands in its place on the notes issued so far. The rules are those of `docs/rounding.md`:

1. **What is credited of a line** is all that is left of it or an amount, in the kind of its price: without VAT, or
   with it.
2. **Base, VAT and amount to pay of a rate** are worked out of all that is credited by now, as an invoice's are
   (`billing.sql.invoices`); the note takes what the notes before it have not. So the parts end at zero to the coin,
   whatever each was, and a note of everything mirrors its invoice.
3. **Lines that include VAT** share the note's base by their running sum, as on an invoice.
4. **A discount by percentage** follows what it was taken off, the lines of all or the energy of each session
   (`billing.sql.discounts.ENERGY_OF`): of it the note gives back its share of all that is credited of that by now, less
   what went before. An amount off a month goes back with the last of the invoice.
5. **Whole kronor**: where the invoice was rounded, what is credited by now is rounded, and the note is the difference.

`PART` begins every statement here: a preview and the note itself ask the same.
"""

from typing import Final

from billing.models.billing_status import BILLED_ANEW
from billing.sql.discounts import ENERGY_OF
from billing.sql.invoices import DIGITS, vat_of, without_vat
from charging.models import ChargingSession

#: %(positions)s, %(amounts)s: the lines to credit, and how much of each; null for all that is left of it. %(all)s:
#: every line. Once nothing is left to pay, lines that came to nothing go with the rest.
PART: Final = f"""
WITH notes AS MATERIALIZED (
    SELECT id, amount_due FROM billing_invoice
    WHERE operator_id = %(operator)s AND credits_id = %(invoice)s AND state = 'issued'
),
before AS MATERIALIZED (
    SELECT l.position, -sum(coalesce(l.amount_incl_vat, l.amount_excl_vat)) AS credited
    FROM notes n JOIN billing_invoiceline l ON l.operator_id = %(operator)s AND l.invoice_id = n.id GROUP BY 1
),
asked AS MATERIALIZED (
    SELECT position, min(amount) AS amount
    FROM unnest(%(positions)s::integer[], %(amounts)s::numeric[]) AS u(position, amount) GROUP BY 1
),
direct AS MATERIALIZED (
    SELECT q.*, CASE WHEN is_asked THEN coalesce(sign(amount) * wanted, amount - credited) ELSE 0 END AS taking
    FROM (
        SELECT l.id, l.position, l.session_id, l.fee_id, l.component, l.vat_rate, i.currency,
            l.amount_incl_vat IS NOT NULL AS tax_included, coalesce(l.amount_incl_vat, l.amount_excl_vat) AS amount,
            coalesce(b.credited, 0) AS credited, b.position IS NOT NULL AS was_credited, a.amount AS wanted,
            %(all)s OR a.position IS NOT NULL AS is_asked
        FROM billing_invoice i
        JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
        LEFT JOIN before b ON b.position = l.position
        LEFT JOIN asked a ON a.position = l.position
        WHERE i.operator_id = %(operator)s AND i.id = %(invoice)s
    ) q
),
followers AS MATERIALIZED (
    SELECT d.*, c.first_day, c.last_day, f.taken_off
    FROM direct d
    JOIN billing_billedfee c ON c.operator_id = %(operator)s AND c.id = d.fee_id AND c.percent IS NOT NULL
    JOIN billing_fee f ON f.operator_id = c.operator_id AND f.id = c.fee_id
    WHERE NOT d.is_asked
),
following AS MATERIALIZED (
    SELECT position, least(0, round(amount * (whole - rest) / nullif(whole, 0), {DIGITS}) - credited) AS taking
    FROM (
        SELECT position, currency, amount, credited, sum(whole) AS whole, sum(rest) AS rest
        FROM (
            SELECT d.position, d.currency, d.amount, d.credited, bool_or(l.taking <> 0) AS is_touched,
                CASE d.taken_off WHEN 'energy' THEN {ENERGY_OF.format(asked="l.amount")}
                    ELSE sum(l.amount) END AS whole,
                CASE d.taken_off WHEN 'energy' THEN {ENERGY_OF.format(asked="(l.amount - l.credited - l.taking)")}
                    ELSE sum(l.amount - l.credited - l.taking) END AS rest
            FROM followers d
            JOIN direct l ON l.vat_rate IS NOT DISTINCT FROM d.vat_rate AND l.tax_included = d.tax_included
                AND l.component NOT IN ('CREDIT', 'DISCOUNT')
            LEFT JOIN charging_chargingsession s ON s.operator_id = %(operator)s AND s.id = l.session_id
            LEFT JOIN billing_billedfee c ON c.operator_id = %(operator)s AND c.id = l.fee_id
            WHERE coalesce((s.started_at AT TIME ZONE %(zone)s)::date, c.first_day) BETWEEN d.first_day AND d.last_day
            GROUP BY d.position, d.currency, d.amount, d.credited, d.taken_off, l.session_id
        ) parts
        GROUP BY 1, 2, 3, 4 HAVING bool_or(is_touched)
    ) shared
),
lines AS MATERIALIZED (
    SELECT d.id, d.position, d.session_id, d.vat_rate, d.currency, d.tax_included, d.amount, d.credited, d.was_credited,
        d.is_asked OR coalesce(f.taking, 0) <> 0 AS is_asked, coalesce(f.taking, d.taking) AS taking
    FROM direct d LEFT JOIN following f USING (position)
),
part AS MATERIALIZED (
    SELECT * FROM lines WHERE is_asked AND (amount <> credited OR NOT was_credited)
        OR amount = 0 AND NOT was_credited AND NOT EXISTS (SELECT 1 FROM lines WHERE credited + taking <> amount)
),
rates AS MATERIALIZED (
    SELECT *, net + back AS base, {vat_of("net + back")} AS vat, net + {vat_of("net")} + gross AS due,
        whole_net + {vat_of("whole_net")} + whole_gross AS whole_due,
        net_before + {vat_of("net_before")} + gross_before AS due_before
    FROM (
        SELECT *, {without_vat("gross")} AS back FROM (
            SELECT vat_rate, currency,
                coalesce(sum(credited + taking) FILTER (WHERE NOT tax_included), 0) AS net,
                coalesce(sum(credited + taking) FILTER (WHERE tax_included), 0) AS gross,
                coalesce(sum(credited) FILTER (WHERE NOT tax_included), 0) AS net_before,
                coalesce(sum(credited) FILTER (WHERE tax_included), 0) AS gross_before,
                coalesce(sum(amount) FILTER (WHERE NOT tax_included), 0) AS whole_net,
                coalesce(sum(amount) FILTER (WHERE tax_included), 0) AS whole_gross,
                bool_or(position IN (SELECT position FROM part)) AS is_touched
            FROM lines GROUP BY 1, 2
        ) summed
    ) computed
),
taken AS MATERIALIZED (
    SELECT v.vat_rate, -sum(v.taxable) AS base, -sum(v.vat) AS vat
    FROM notes n JOIN billing_invoicevat v ON v.operator_id = %(operator)s AND v.invoice_id = n.id GROUP BY 1
),
owed AS MATERIALIZED (
    SELECT r.vat_rate, r.base - coalesce(t.base, 0) AS taxable, r.vat - coalesce(t.vat, 0) AS vat
    FROM rates r LEFT JOIN taken t ON t.vat_rate IS NOT DISTINCT FROM r.vat_rate WHERE r.is_touched
)
"""

# An invoice that happens to come to whole kronor is taken for rounded where the operator rounds. What its notes took it
# for it stays, or a part could come to less than nothing once the operator rounds, or no more.
_ROUNDED = """
SELECT sum(r.due) AS due, i.currency = 'SEK' AND (i.amount_due <> sum(r.whole_due) OR i.amount_due = round(i.amount_due)
    AND (sum(r.due_before) <> n.credited OR %(whole_crowns)s AND n.credited = round(n.credited))) AS is_rounded
FROM billing_invoice i CROSS JOIN rates r CROSS JOIN (SELECT coalesce(-sum(amount_due), 0) AS credited FROM notes) n
WHERE i.operator_id = %(operator)s AND i.id = %(invoice)s
GROUP BY i.id, n.credited
"""
#: What the note comes to (positive) and leaves; `too_much` and `missing` are the first lines that were asked wrongly.
TOTALS: Final = f"""
{PART}, rounded AS ({_ROUNDED}),
gone AS (
    SELECT session_id FROM lines WHERE session_id IN (SELECT session_id FROM part)
    GROUP BY 1 HAVING bool_and(credited + taking = amount)
)
SELECT (SELECT count(*) FROM part) AS lines,
    (SELECT count(DISTINCT session_id) FROM part) AS sessions,
    (SELECT coalesce(sum(taxable), 0) FROM owed) AS amount_excl_vat,
    (SELECT coalesce(sum(vat), 0) FROM owed) AS vat,
    (SELECT CASE WHEN is_rounded THEN round(due) ELSE due END FROM rounded)
        + coalesce((SELECT sum(amount_due) FROM notes), 0) AS amount_due,
    EXISTS (SELECT 1 FROM lines WHERE credited + taking <> amount) AS leaves_rest,
    (SELECT count(*) FROM gone) AS released,
    coalesce((SELECT sum(s.energy_wh) FROM charging_chargingsession s
        WHERE s.operator_id = %(operator)s AND s.id IN (SELECT session_id FROM gone)), 0)::bigint AS energy_wh,
    (SELECT min(position) FROM lines WHERE abs(credited + taking) > abs(amount)) AS too_much,
    (SELECT min(a.position) FROM asked a WHERE NOT EXISTS (
        SELECT 1 FROM lines l WHERE l.position = a.position)) AS missing
"""
#: The note's VAT rows, as a preview shows them (positive).
RATES: Final = f"{PART} SELECT vat_rate, taxable, vat FROM owed ORDER BY vat_rate DESC NULLS LAST"

#: A line that is taken back at once is the mirror of what it was; a part of one is a single piece at its amount.
LINES: Final = f"""
{PART}, shares AS (
    SELECT position, {without_vat("upto")} - {without_vat("upto - taking")} AS net FROM (
        SELECT p.position, p.vat_rate, p.currency, p.taking,
            r.gross_before + sum(p.taking) OVER (PARTITION BY p.vat_rate ORDER BY p.position) AS upto
        FROM part p JOIN rates r ON r.vat_rate IS NOT DISTINCT FROM p.vat_rate WHERE p.tax_included
    ) running
)
INSERT INTO billing_invoiceline (operator_id, invoice_id, position, session_id, tariff_version_id, fee_id, component,
    quantity, unit, unit_price, vat_rate, amount_excl_vat, amount_incl_vat)
SELECT l.operator_id, %(note)s, l.position, l.session_id, l.tariff_version_id, l.fee_id, l.component,
    CASE WHEN w.is_whole THEN -l.quantity WHEN p.taking < 0 THEN 1 ELSE -1 END,
    CASE WHEN w.is_whole THEN l.unit ELSE '1' END,
    CASE WHEN w.is_whole THEN l.unit_price ELSE abs(p.taking) END, l.vat_rate, -coalesce(s.net, p.taking),
    CASE WHEN p.tax_included THEN -p.taking END
FROM part p
JOIN billing_invoiceline l ON l.operator_id = %(operator)s AND l.id = p.id
LEFT JOIN shares s ON s.position = p.position
CROSS JOIN LATERAL (SELECT p.taking = p.amount AS is_whole) w
"""
VAT: Final = f"""
{PART}
INSERT INTO billing_invoicevat (operator_id, invoice_id, vat_rate, taxable, vat)
SELECT %(operator)s, %(note)s, vat_rate, -taxable, -vat FROM owed
"""

#: Sessions on the note of which nothing is left on the invoice. Only an issued credit note releases.
RELEASE: Final = """
UPDATE billing_billedsession SET released_by_id = %(note)s
WHERE operator_id = %(operator)s AND invoice_id = %(invoice)s AND released_by_id IS NULL AND session_id IN (
    SELECT l.session_id FROM billing_invoiceline l
    LEFT JOIN (
        SELECT c.position, sum(coalesce(c.amount_incl_vat, c.amount_excl_vat)) AS credited
        FROM billing_invoice n JOIN billing_invoiceline c ON c.operator_id = n.operator_id AND c.invoice_id = n.id
        WHERE n.operator_id = %(operator)s AND n.credits_id = %(invoice)s AND n.state = 'issued' GROUP BY 1
    ) t ON t.position = l.position
    WHERE l.operator_id = %(operator)s AND l.invoice_id = %(invoice)s AND l.session_id IN (
        SELECT session_id FROM billing_invoiceline WHERE operator_id = %(operator)s AND invoice_id = %(note)s)
    GROUP BY 1
    HAVING bool_and(coalesce(l.amount_incl_vat, l.amount_excl_vat) + coalesce(t.credited, 0) = 0))
"""
RELEASED: Final = """
SELECT s.id, s.public_id FROM billing_billedsession b
JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id
WHERE b.operator_id = %(operator)s AND b.released_by_id = %(note)s ORDER BY s.id
"""
#: What becomes of the released, each with a note of its own: `billing.models.billing_status.AFTER_CREDIT`. Whoever had
#: decided that a session is billed for its energy alone has decided that of what is billed anew, too.
REVIEW: Final = f"""
UPDATE charging_chargingsession s
SET review = CASE WHEN %(then)s = '{BILLED_ANEW}' AND s.review = '{ChargingSession.Review.ENERGY_ONLY}'
        THEN s.review ELSE %(then)s END,
    flags = array_append(array_remove(s.flags, %(flag)s), %(flag)s), review_note = r.note
FROM unnest(%(released)s::bigint[], %(notes)s::bytea[]) AS r(id, note)
WHERE s.operator_id = %(operator)s AND s.id = r.id
"""
PRICES: Final = """
DELETE FROM billing_sessionprice p USING billing_billedsession b
WHERE b.operator_id = %(operator)s AND b.released_by_id = %(note)s
  AND p.operator_id = b.operator_id AND p.session_id = b.session_id
"""
