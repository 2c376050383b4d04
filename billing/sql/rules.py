"""The rules of EN 16931 that a document's amounts must meet, each under the name the standard gives it.

They ask what is written, not how it was computed: a fault in the arithmetic of `billing.sql.invoices` breaks one of
them, and the document is refused where it is made (`billing.services.rules`). All amounts are compared exactly, also
where the standard allows a tolerance.

A rule is a condition that is true of a document that breaks it. `d` has the document's amounts, the sum `lines_net` and
number `lines` of its lines (BT-131), and the sums `bases`, `vats` and number `rates` of its VAT rows (BG-23).
`OF_RATE` asks a VAT row `r` (`taxable`, `vat`, `vat_rate`) with the sum `net` of the lines of its rate, and what other
notes took of a credit note's invoice (`taxable_before`, `vat_before`; else 0). `OF_LINE` asks a line `l` with its unit
price without VAT, `price`, and what `two_coins` of its currency are. BR-CO-16 (to pay = sum + VAT + rounding) is a
constraint of the table.
"""

from typing import Final

from billing.sql.invoices import DIGITS

OF_DOCUMENT: Final = {
    "BR-16": "d.lines = 0",  # at least one line
    "BR-CO-10": "d.lines_net IS DISTINCT FROM d.amount_excl_vat",  # BT-106 = sum of BT-131
    "BR-CO-13": "d.bases IS DISTINCT FROM d.amount_excl_vat",  # BT-109 = BT-106, as there are no allowances or charges
    "BR-CO-14": "d.vats IS DISTINCT FROM d.vat",  # BT-110 = sum of BT-117
    "BR-CO-18": "d.rates = 0",  # at least one VAT row
}
OF_RATE: Final = {
    "BR-S-08": "r.vat_rate > 0 AND r.net IS DISTINCT FROM r.taxable",  # BT-116 = sum of BT-131 of its rate
    "BR-Z-08": "r.vat_rate = 0 AND r.net IS DISTINCT FROM r.taxable",
    "BR-O-08": "r.vat_rate IS NULL AND r.net IS DISTINCT FROM r.taxable",
    # BT-117 = BT-116 × rate. Of the credit notes of an invoice all together; each by itself within a coin, so that the
    # parts end at zero (the standard allows more).
    "BR-CO-17": (
        f"r.vat_rate > 0 AND (abs(r.vat - round(r.taxable * r.vat_rate * 0.01, {DIGITS}))"
        " > CASE WHEN r.taxable_before = 0 THEN 0 ELSE r.coin * 0.01 END"
        f" OR r.vat + r.vat_before <> round((r.taxable + r.taxable_before) * r.vat_rate * 0.01, {DIGITS}))"
    ),
    "BR-Z-09": "r.vat_rate = 0 AND r.vat <> 0",
    "BR-O-09": "r.vat_rate IS NULL AND r.vat <> 0",
}
OF_LINE: Final = {
    "BR-27": "l.unit_price < 0 AND l.component NOT IN ('MINIMUM', 'MAXIMUM')",  # a price is not negative
    # A line is its quantity times its price, but for two coins and what the last decimal of a quantity is worth: asked
    # for by itself only of the few that are not within the coins.
    "PEPPOL-EN16931-R120": (
        "abs(l.amount_excl_vat - l.quantity * l.price) > l.two_coins"
        " AND abs(l.amount_excl_vat - l.quantity * l.price) > l.two_coins + 0.0000005 * abs(l.price)"
    ),
}
#: Each line has a VAT category: its rate is among the VAT rows.
WITHOUT_RATE: Final = "BR-CO-04"


def _judged(rules: dict[str, str]) -> str:
    return ", ".join(f"bool_or({condition}) AS {_column(name)}" for name, condition in rules.items())


def _column(rule: str) -> str:
    return f'"{rule}"'


def _broken(rules: dict[str, str]) -> str:
    listed = ", ".join(f"('{name}', {condition})" for name, condition in rules.items())
    return f"CROSS JOIN LATERAL (VALUES {listed}) AS of(rule, is_broken) WHERE of.is_broken"


# What belongs to a document is looked up for each (OFFSET 0), in the order of the one index that is by documents:
# statistics that know nothing of the rows just written take every index for as good. What is found is brought together
# by adding up, not by joins: taken for few, it would be gone through once a document. Lines are gone through once.
#: The rules that the documents %(ids)s break: (document, rule), one row each.
BROKEN: Final = f"""
WITH documents AS MATERIALIZED (
    SELECT *, 0.02 * coin AS two_coins FROM (
        SELECT id, credits_id, currency, amount_excl_vat, vat, power(10::numeric, 2 - {DIGITS}) AS coin
        FROM billing_invoice WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)
    ) d
),
rows AS MATERIALIZED (
    SELECT v.invoice_id, v.vat_rate, v.taxable, v.vat, d.currency, d.coin,
        coalesce(b.taxable, 0) AS taxable_before, coalesce(b.vat, 0) AS vat_before
    FROM documents d
    CROSS JOIN LATERAL (
        SELECT * FROM billing_invoicevat v WHERE v.operator_id = %(operator)s AND v.invoice_id = d.id OFFSET 0
    ) v
    LEFT JOIN LATERAL (
        SELECT sum(o.taxable) AS taxable, sum(o.vat) AS vat
        FROM billing_invoice n JOIN billing_invoicevat o ON o.operator_id = n.operator_id AND o.invoice_id = n.id
        WHERE d.credits_id IS NOT NULL AND n.operator_id = %(operator)s AND n.credits_id = d.credits_id
            AND n.state = 'issued' AND n.id <> d.id AND o.vat_rate IS NOT DISTINCT FROM v.vat_rate
    ) b ON true
),
lines AS MATERIALIZED (
    SELECT l.invoice_id, l.vat_rate, count(*) AS lines, sum(l.amount_excl_vat) AS net, {_judged(OF_LINE)}
    FROM documents d CROSS JOIN LATERAL (
        SELECT l.*, d.two_coins, CASE WHEN l.amount_incl_vat IS NULL THEN l.unit_price
            ELSE l.unit_price / (1 + coalesce(l.vat_rate, 0) * 0.01) END AS price
        FROM billing_invoiceline l WHERE l.operator_id = %(operator)s AND l.invoice_id = d.id
        ORDER BY l.position OFFSET 0
    ) l GROUP BY 1, 2
),
by_rate AS MATERIALIZED (
    SELECT invoice_id, vat_rate, sum(lines) AS lines, sum(net) AS net, sum(rates) AS rates, sum(taxable) AS taxable,
        sum(vat) AS vat, sum(taxable_before) AS taxable_before, sum(vat_before) AS vat_before,
        max(currency) AS currency, max(coin) AS coin
    FROM (
        SELECT invoice_id, vat_rate, lines, net, 0 AS rates, NULL::numeric AS taxable, NULL::numeric AS vat,
            NULL::numeric AS taxable_before, NULL::numeric AS vat_before, NULL::text AS currency, NULL::numeric AS coin
        FROM lines
        UNION ALL
        SELECT invoice_id, vat_rate, 0, NULL, 1, taxable, vat, taxable_before, vat_before, currency, coin FROM rows
    ) told GROUP BY 1, 2
)
SELECT d.id, of.rule FROM (
    SELECT id, max(amount_excl_vat) AS amount_excl_vat, max(vat) AS vat, sum(lines) AS lines, sum(net) AS lines_net,
        sum(rates) AS rates, sum(taxable) AS bases, sum(vats) AS vats
    FROM (
        SELECT id, amount_excl_vat, vat, 0 AS lines, NULL::numeric AS net, 0 AS rates, NULL::numeric AS taxable,
            NULL::numeric AS vats
        FROM documents
        UNION ALL
        SELECT invoice_id, NULL, NULL, lines, net, rates, taxable, vat FROM by_rate
    ) told GROUP BY id
) d {_broken(OF_DOCUMENT)}
UNION
SELECT r.invoice_id, of.rule FROM (SELECT * FROM by_rate WHERE rates > 0) r {_broken(OF_RATE)}
UNION
SELECT l.invoice_id, of.rule FROM lines l {_broken({name: f"l.{_column(name)}" for name in OF_LINE})}
UNION
SELECT invoice_id, '{WITHOUT_RATE}' FROM by_rate WHERE rates = 0
ORDER BY 1, 2
"""
