"""The arithmetic of an invoice: from priced sessions to lines, VAT and totals.

These statements are the one place that computes the amounts of an invoice; what a credit note takes back of one is in
`billing.sql.credit_notes`. The rules are those of `docs/rounding.md`:

1. **A line is rounded once**, to the smallest coin, where it is made (`billing.domain.invoice.lines`). It comes here
   rounded, and here it is only added up.
2. **VAT is computed once for each rate**, on the sum of what the rate applies to, and rounded once (`VAT`). It is
   multiplied by 0.01 and not divided by 100: PostgreSQL's products are exact, its quotients have a limited scale.
   **Lines that include VAT** are added up first; what they are without it is computed back once for each rate, and
   shared out to them by their running sum (`SHARES`), so that it is also the sum of theirs.
3. **Half is rounded up, away from zero**: PostgreSQL's `round` of a numeric does just that, as `billing.domain.money`.
4. **No rate and 0 % are two rows**, each with no VAT: outside the scope of VAT is another category than a rate of zero.
5. **To pay = what the lines without VAT come to with their VAT + what the lines that include it come to.** What
   that is above the bases and their VAT is the document's rounding; without lines that include VAT it is 0. Where the
   operator rounds to whole kronor (lag 1970:1029), that is rounded once more, and VAT stays as it is.

The judge of all this is `billing/tests/domain/judge_of_invoices.py`, in whole numbers and fractions.

**A document charges the VAT of one country** (EN 16931 has room for one number of the seller's, BT-31): an account
gets one for each. A session is of the country of its site where any of it bears VAT, else of the operator's own, as
fees are; so is what a dealer of that country resells; a discount is of what it is taken off.

A draft is made in temporary tables that go from one statement to the next: `billable` (sessions with their price),
`due_fees` (what is to be charged of fees: `billing.sql.fees`), `drafted_lines`, `drafted_vat` (a row an account,
country, currency and rate), `shares` (what lines that include VAT are without it), `drafted` (the accounts that get an
invoice, and of which countries).
"""

from typing import Final

from billing.domain import money
from billing.domain.tariff.kept import INVOICE_LIMIT
from billing.sql.payers import JOINED, PAID_BY, PAYER
from billing.sql.status import OPEN_TO_BILLING, on_no_invoice

#: Decimals of the smallest coin of `currency`.
DIGITS: Final = "CASE {} ELSE {} END".format(
    " ".join(f"WHEN currency = '{code}' THEN {digits}" for code, digits in sorted(money.UNUSUAL_DIGITS.items())),
    money.USUAL_DIGITS,
)


def vat_of(base: str) -> str:
    """The VAT of a base, to the smallest coin."""
    return f"round(({base}) * coalesce(vat_rate, 0) * 0.01, {DIGITS})"


def without_vat(gross: str) -> str:
    """An amount without the VAT it includes, to the smallest coin.

    The factor gives the quotient at least 14 decimals, more than tell it from a half: it is rounded once.
    """
    return f"round(({gross}) * 1.000000000000 / (1 + coalesce(vat_rate, 0) * 0.01), {DIGITS})"


DROP: Final = "DROP TABLE IF EXISTS billable, due_fees, due_discounts, drafted_lines, drafted_vat, shares, drafted"

#: The country whose VAT a session has: that of its site, unless none of it bears VAT or a dealer at home resells it.
COUNTRY: Final = f"""CASE WHEN w.country <> %(home)s AND EXISTS (
            SELECT FROM jsonb_array_elements(p.lines) l WHERE (l ->> 'vat_rate')::numeric > 0)
            AND NOT EXISTS (
                SELECT FROM tenants_account r WHERE r.operator_id = %(operator)s AND r.id = {PAYER}
                    AND r.dealer_in = %(home)s AND (s.ended_at AT TIME ZONE %(zone)s)::date
                        BETWEEN r.dealer_since AND coalesce(r.dealer_until, 'infinity'))
        THEN w.country ELSE %(home)s END"""  # constants only
# The driver and the card of a session on somebody's own invoice are left out: those go by time alone.
# The prices are locked first: rating waits for the lock before it changes one (`services.rating`).
_BILLABLE: Final = f"""
CREATE TEMP TABLE billable ON COMMIT DROP AS
SELECT s.id AS session_id, {PAYER} AS account_id, s.started_at,
    CASE WHEN {PAYER} IS DISTINCT FROM own.id THEN s.driver_id END AS driver_id,
    CASE WHEN {PAYER} IS DISTINCT FROM own.id THEN s.token_id END AS token_id, coalesce(s.energy_wh, 0) AS energy_wh,
    {COUNTRY} AS country,
    p.tariff_version_id, p.currency, p.lines, s.site_id, s.station_id
FROM charging_chargingsession s
JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
JOIN charging_site w ON w.operator_id = s.operator_id AND w.id = s.site_id
{JOINED}
WHERE s.operator_id = %(operator)s AND {{those}}
  AND {OPEN_TO_BILLING} AND p.state = 'priced' AND {on_no_invoice(by_key=True)}
FOR UPDATE OF p
"""
#: What a run bills, and what a re-rating bills anew: these sessions, whoever pays for them.
BILLABLE: Final = _BILLABLE.format(those=f"{PAID_BY} AND s.ended_at >= %(since)s AND s.ended_at < %(until)s")
BILLABLE_ANEW: Final = _BILLABLE.format(those=f"s.id = ANY(%(sessions)s::bigint[]) AND {PAYER} IS NOT NULL")
LINES: Final = """
CREATE TEMP TABLE drafted_lines ON COMMIT DROP AS
SELECT b.account_id, b.country, b.driver_id, b.token_id, b.session_id, b.started_at, b.tariff_version_id, b.currency,
    l.component, l.quantity, l.unit_price, l.vat_rate, l.amount, coalesce(l.tax_included, false) AS tax_included,
    CASE WHEN l.component = 'ENERGY' THEN 'kWh' WHEN l.component LIKE '%TIME' THEN 'h' ELSE '1' END AS unit,
    NULL::bigint AS fee_id
FROM billable b CROSS JOIN LATERAL jsonb_to_recordset(b.lines)
    AS l(component text, quantity numeric, unit_price numeric, vat_rate numeric, amount numeric, tax_included boolean)
"""
FEE_LINES: Final = """
INSERT INTO drafted_lines (account_id, country, currency, component, quantity, unit_price, vat_rate, amount,
    tax_included, unit, fee_id)
SELECT account_id, country, currency, component, quantity, unit_price, vat_rate, amount, tax_included, unit, id
FROM due_fees
"""
VAT: Final = f"""
CREATE TEMP TABLE drafted_vat ON COMMIT DROP AS
SELECT account_id, country, currency, vat_rate, net + back AS taxable, {vat_of("net + back")} AS vat,
    net + {vat_of("net")} + gross AS due
FROM (
    SELECT account_id, country, currency, vat_rate, net, gross, {without_vat("gross")} AS back
    FROM (
        SELECT account_id, country, currency, vat_rate,
            coalesce(sum(amount) FILTER (WHERE NOT tax_included), 0) AS net,
            coalesce(sum(amount) FILTER (WHERE tax_included), 0) AS gross
        FROM drafted_lines GROUP BY account_id, country, currency, vat_rate
    ) summed
) computed
"""
#: A line is found again by its position in the table (ctid), which nothing changes.
SHARES: Final = f"""
CREATE TEMP TABLE shares ON COMMIT DROP AS
SELECT line, {without_vat("upto")} - {without_vat("upto - amount")} AS net
FROM (
    SELECT ctid AS line, currency, vat_rate, amount, sum(amount) OVER (
        PARTITION BY account_id, country, currency, vat_rate
        ORDER BY driver_id, token_id, started_at, session_id, fee_id, component, unit_price
        ROWS UNBOUNDED PRECEDING) AS upto
    FROM drafted_lines WHERE tax_included
) running
"""
# A small sample tells how many they are, and of how many accounts.
ANALYZE: Final = """
SET LOCAL default_statistics_target = 10;
ANALYZE billable (account_id), drafted_lines (account_id), drafted_vat (account_id), shares (line);
SET LOCAL default_statistics_target TO DEFAULT
"""

#: Every account and country with the code of what keeps it from an invoice, or null, in the order in which drafts get
#: their ids. An invoice is smallest by all that its account is asked for.
PROBLEMS: Final = f"""
SELECT a.id, v.country, CASE WHEN w.currencies > 1 THEN 'mixed_currencies'
                  WHEN a.identity_id IS NULL THEN 'no_identity'
                  WHEN v.due < 0 THEN 'negative_sum'
                  WHEN v.due >= {INVOICE_LIMIT} THEN 'too_much'
                  WHEN a.is_active AND w.due < a.least_amount THEN 'carried_over' END
FROM (SELECT account_id, country, sum(due) AS due FROM drafted_vat GROUP BY 1, 2) v
JOIN (SELECT account_id, count(DISTINCT currency) AS currencies, sum(due) AS due FROM drafted_vat GROUP BY 1) w
    USING (account_id)
JOIN tenants_account a ON a.operator_id = %(operator)s AND a.id = v.account_id
ORDER BY a.id, v.country
"""

DRAFTED: Final = """
CREATE TEMP TABLE drafted ON COMMIT DROP AS
SELECT u.account_id, u.country,
    nextval((SELECT pg_get_serial_sequence('billing_invoice', 'id')::regclass)) AS invoice_id, u.public_id
FROM unnest(%(accounts)s::bigint[], %(charged_in)s::text[], %(public_ids)s::uuid[]) AS u(account_id, country, public_id)
"""
#: Taken for many, the accounts would be looked up by the lines and not the other way round.
ANALYZE_DRAFTED: Final = "ANALYZE drafted (account_id)"
INVOICES: Final = """
INSERT INTO billing_invoice (id, operator_id, public_id, kind, leaves_rest, run_id, replaces_id, account_id, buyer_id,
    reason, state, series, month, currency, vat_country, amount_excl_vat, vat, rounding, amount_due, session_count,
    energy_wh, seller, customer_number, drafted_at)
SELECT n.invoice_id, %(operator)s, n.public_id, 'invoice', false, %(run)s, %(replaces)s, n.account_id, a.identity_id,
    '', 'draft', %(series)s, %(month)s, v.currency, n.country, v.taxable, v.vat, v.due - v.taxable - v.vat, v.due,
    coalesce(s.sessions, 0), coalesce(s.energy_wh, 0),
    '{}', '', %(at)s
FROM drafted n
JOIN tenants_account a ON a.operator_id = %(operator)s AND a.id = n.account_id
JOIN (SELECT account_id, country, min(currency) AS currency, sum(taxable) AS taxable, sum(vat) AS vat,
          CASE WHEN %(whole_crowns)s AND min(currency) = 'SEK' THEN round(sum(due)) ELSE sum(due) END AS due
      FROM drafted_vat GROUP BY account_id, country) v ON v.account_id = n.account_id AND v.country = n.country
LEFT JOIN (SELECT account_id, country, count(*) AS sessions, sum(energy_wh) AS energy_wh
      FROM billable GROUP BY account_id, country) s ON s.account_id = n.account_id AND s.country = n.country
"""
# The lines of a driver, and within them those of a card, stand together; those of fees come last.
_INVOICE_LINES: Final = """
INSERT INTO billing_invoiceline (operator_id, invoice_id, position, session_id, tariff_version_id, fee_id, component,
    quantity, unit, unit_price, vat_rate, amount_excl_vat, amount_incl_vat)
SELECT %(operator)s, n.invoice_id,
    row_number() OVER (PARTITION BY n.invoice_id
        ORDER BY l.driver_id, l.token_id, l.started_at, l.session_id, l.fee_id, l.component, l.unit_price),
    l.session_id, l.tariff_version_id, l.fee_id, l.component, l.quantity, l.unit, l.unit_price, l.vat_rate,
    {}, CASE WHEN l.tax_included THEN l.amount END
FROM drafted_lines l JOIN drafted n USING (account_id, country) {}
"""
#: The lines, where some include VAT; and where none does, so that nobody's share is looked for.
INVOICE_LINES: Final = _INVOICE_LINES.format("coalesce(h.net, l.amount)", "LEFT JOIN shares h ON h.line = l.ctid")
NET_INVOICE_LINES: Final = _INVOICE_LINES.format("l.amount", "")
INVOICE_VAT: Final = """
INSERT INTO billing_invoicevat (operator_id, invoice_id, vat_rate, taxable, vat)
SELECT %(operator)s, n.invoice_id, v.vat_rate, v.taxable, v.vat
FROM drafted_vat v JOIN drafted n USING (account_id, country)
"""
LEDGER: Final = """
INSERT INTO billing_billedsession (operator_id, session_id, invoice_id)
SELECT %(operator)s, b.session_id, n.invoice_id FROM billable b JOIN drafted n USING (account_id, country)
"""
#: How many sessions the drafts bill, which drafts they are, and whose names they say: sites with stations, versions.
DRAFTS: Final = """
WITH billed AS (SELECT site_id, station_id, tariff_version_id, count(*) AS sessions
    FROM billable JOIN drafted USING (account_id, country) GROUP BY 1, 2, 3),
places AS (SELECT DISTINCT site_id, station_id FROM billed)
SELECT (SELECT coalesce(sum(sessions), 0) FROM billed), (SELECT array_agg(invoice_id) FROM drafted),
    (SELECT coalesce(array_agg(site_id ORDER BY site_id, station_id), '{}') FROM places),
    (SELECT coalesce(array_agg(station_id ORDER BY site_id, station_id), '{}') FROM places),
    (SELECT coalesce(array_agg(DISTINCT tariff_version_id), '{}') FROM billed)
"""

# Ordered by customer number, as numbers where they are numbers: 999 before 1001. Under which numbers the seller sells
# abroad is told by document; a credit note has those of what it credits.
ISSUE: Final = """
WITH numbered AS (
    SELECT i.id, a.identity_id, a.customer_number,
        %(issued_on)s::date + coalesce(a.payment_terms_days, %(terms)s)::integer AS due_on,
        CASE WHEN a.language = '' THEN '{}'::jsonb ELSE jsonb_build_object('language', a.language) END AS said_in,
        coalesce(x.facts::jsonb, CASE WHEN c.seller -> 'vat_numbers' IS NOT NULL THEN jsonb_build_object(
            'vat_number', c.seller -> 'vat_number', 'vat_numbers', c.seller -> 'vat_numbers') END, '{}') AS abroad
    FROM billing_invoice i
    JOIN tenants_account a ON a.operator_id = i.operator_id AND a.id = i.account_id
    LEFT JOIN unnest(%(abroad)s::bigint[], %(abroad_facts)s::text[]) AS x(invoice_id, facts) ON x.invoice_id = i.id
    LEFT JOIN billing_invoice c ON c.operator_id = i.operator_id AND c.id = i.credits_id
    WHERE i.operator_id = %(operator)s AND i.state = 'draft' AND i.id = ANY(%(ids)s)
), ordered AS (
    SELECT *, row_number() OVER (ORDER BY length(customer_number), customer_number, id) AS place FROM numbered
)
UPDATE billing_invoice i SET state = 'issued', number = %(last)s + o.place, issued_at = %(at)s, due_on = o.due_on,
    seller = %(seller)s::jsonb || o.abroad || o.said_in, buyer_id = coalesce(o.identity_id, i.buyer_id),
    customer_number = o.customer_number
FROM ordered o WHERE i.id = o.id AND i.operator_id = %(operator)s
RETURNING i.number, i.amount_due
"""

#: What the stations and tariffs of a run's lines are called, written down as it is issued. `seen` says which they are.
_ISSUED_STATIONS: Final = """
INSERT INTO billing_issuedstation (operator_id, run_id, site_id, station_id, site_name, station_name,
    station_identifier, time_zone)
SELECT w.operator_id, %(run)s, w.id, t.id, w.name, coalesce(nullif(t.name, ''), t.identifier), t.identifier, w.time_zone
FROM ({seen}) seen
JOIN charging_site w ON w.operator_id = %(operator)s AND w.id = seen.site_id
JOIN charging_station t ON t.operator_id = %(operator)s AND t.id = seen.station_id
ON CONFLICT DO NOTHING
"""
_ISSUED_TARIFFS: Final = """
INSERT INTO billing_issuedtariff (operator_id, run_id, tariff_version_id, name)
SELECT f.operator_id, %(run)s, v.id, f.name
FROM ({seen}) used
JOIN billing_tariffversion v ON v.operator_id = %(operator)s AND v.id = used.tariff_version_id
JOIN billing_tariff f ON f.operator_id = v.operator_id AND f.id = v.tariff_id
ON CONFLICT DO NOTHING
"""
# Which they are was noted as the run was drafted: going through its lines again takes the longer the more they are.
_OF_RUN: Final = (
    "SELECT DISTINCT {} FROM billing_runchunk c, {} WHERE c.operator_id = %(operator)s AND c.run_id = %(run)s"
)
STATIONS_OF_RUN: Final = _ISSUED_STATIONS.format(
    seen=_OF_RUN.format("u.site_id, u.station_id", "unnest(c.sites, c.stations) AS u(site_id, station_id)")
)
TARIFFS_OF_RUN: Final = _ISSUED_TARIFFS.format(
    seen=_OF_RUN.format("u.tariff_version_id", "unnest(c.versions) AS u(tariff_version_id)")
)
_OF_INVOICES: Final = """
    SELECT DISTINCT {} FROM billing_invoice i
    JOIN {} ON b.operator_id = i.operator_id AND b.invoice_id = i.id
    WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s
        AND (%(of)s::bigint[] IS NULL OR i.id = ANY(%(of)s::bigint[])) AND {} IS NOT NULL
"""
#: The same of those of its documents that are in %(of)s, or of all.
STATIONS_OF_INVOICES: Final = _ISSUED_STATIONS.format(
    seen=_OF_INVOICES.format(
        "s.site_id, s.station_id",
        "(billing_billedsession b JOIN charging_chargingsession s ON s.operator_id = b.operator_id"
        " AND s.id = b.session_id)",
        "s.site_id",
    )
)
TARIFFS_OF_INVOICES: Final = _ISSUED_TARIFFS.format(
    seen=_OF_INVOICES.format("b.tariff_version_id", "billing_invoiceline b", "b.tariff_version_id")
)
