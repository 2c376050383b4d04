"""What each event comes to in the ledger: the one place that says what is booked for what (`billing.models.ledger`).

A source is a kind of event: a table whose rows have happened and stay. Two statements say all that is particular to it:
its `facts` (id, day, currency and country of those events that are asked for, and what its rows are made of, if that
is little) and the `rows` of one event `e` that was not booked before: their order, for what, on which account of its
own, at which rate of VAT and of which other country, at which site, and how much, debit positive, in whole coins.
The rows of an event come to nothing. Another kind is one more source here and its name in `LedgerEntry.Kind`; the
service that lets it happen calls `billing.services.ledger.post` in the same transaction.

- **A document**: receivable for what is to be paid, less sales by rate, site and a fee's own account, VAT by rate, and
  rounding. A credit note's amounts have the opposite sign already, and it stands on its own day. What bears another
  country's VAT is booked by that country, whatever its rate.
- **A payment**: bank for its amount, less what nobody knows the purpose of yet. One taken off again is negative.
- **What paying late costs** stands on documents too; its lines are no sales, and have uses of their own.
- **A match**: what the purpose of is known now; for an invoice its receivable, kept on the account, or paid back from
  the bank. It is booked on the day of its payment where it was found by its reference or told with it, else on the day
  on which a person said so. One that takes another back is negative.
- **A write-off**: the receivable, less VAT where the loss is certain, is lost; a small difference is rounding
  (`billing.models.write_off`).
- **A statement to a host**: what it earned is a cost, at the site if the contract is about one; owed is what is paid
  out, carried what is not yet. VAT is the operator's to deduct where the statement is the host's invoice; else it waits
  for that.
- **A payout**: what was owed to the host has left the bank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from billing.domain import money

#: An amount in `currency` as whole coins.
COINS: Final = "(CASE {} ELSE {} END)".format(
    " ".join(
        f"WHEN currency = '{code}' THEN {money.power_of_ten(digits)}"
        for code, digits in sorted(money.UNUSUAL_DIGITS.items())
    ),
    money.power_of_ten(money.USUAL_DIGITS),
)


def _use(part: str, rate: str) -> str:
    """The use (`BookingAccount.Use`) that sales or VAT have at a rate, in the event's country."""
    swedish = " ".join(f"WHEN {rate} = {known} THEN '{part}_{known}'" for known in (25, 12, 6))
    nothing = f"WHEN coalesce({rate}, 0) = 0 THEN '{part}_0'"
    return f"CASE {nothing} WHEN e.country <> '' THEN '{part}_abroad' {swedish} ELSE '{part}_abroad' END"


def _country(rate: str) -> str:
    """The other country whose VAT is borne at a rate."""
    return f"CASE WHEN {rate} > 0 THEN e.country ELSE '' END"


#: The other country whose VAT an invoice `i` charges; empty where it is the seller's own.
_ABROAD: Final = "CASE WHEN i.vat_country <> i.seller ->> 'country' THEN i.vat_country ELSE '' END AS country"
#: Of rows that have neither an account of their own nor VAT nor a site.
_BARE: Final = "'', NULL::numeric, '', NULL::bigint"


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of event. ids: the events after %(after)s, in no order, for what is booked afterwards.

    about: what the events refer to, as the ids that its facts are then given as %(about)s.
    made: the facts of events that are made by the same transaction, of a table that it has set apart.
    """

    kind: str
    facts: str
    rows: str
    ids: str
    about: str = ""
    made: str = ""


# Each document's rows are looked up by its key: what has just been issued is not counted yet, and a join guessed from
# that may read a table whole for every thousand of them.
DOCUMENTS: Final = Source(
    kind="document",
    facts=f"""
    SELECT i.id AS source, (i.issued_at AT TIME ZONE (i.seller ->> 'time_zone'))::date AS event_on, i.currency,
        {_ABROAD}
    FROM billing_invoice i WHERE i.operator_id = %(operator)s AND i.id = ANY(%(ids)s::bigint[]) AND i.state = 'issued'
    """,  # constants
    rows=f"""
    SELECT r.place, r.use, r.account, r.vat_rate, {_country("r.vat_rate")}, r.site_id,
        r.amount * {COINS.replace("currency", "e.currency")}
    FROM (
        SELECT 1 AS place, 'receivable' AS use, '' AS account, NULL::numeric AS vat_rate, NULL::bigint AS site_id,
            i.amount_due AS amount
        FROM billing_invoice i WHERE i.operator_id = %(operator)s AND i.id = e.source
        UNION ALL
        SELECT 2, coalesce(nullif(f.late, ''), {_use("sales", "l.vat_rate")}), coalesce(f.booking_account, ''),
            l.vat_rate, s.site_id, -sum(l.amount)
        FROM (
            SELECT o.operator_id, o.session_id, o.fee_id, o.vat_rate, sum(o.amount_excl_vat) AS amount
            FROM billing_invoiceline o WHERE o.operator_id = %(operator)s AND o.invoice_id = e.source
            GROUP BY o.operator_id, o.session_id, o.fee_id, o.vat_rate
        ) l
        LEFT JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
        LEFT JOIN billing_billedfee f ON f.operator_id = l.operator_id AND f.id = l.fee_id
        GROUP BY 2, l.vat_rate, 3, s.site_id
        UNION ALL
        SELECT 3, {_use("vat", "v.vat_rate")}, '', v.vat_rate, NULL, -v.vat FROM billing_invoicevat v
        WHERE v.operator_id = %(operator)s AND v.invoice_id = e.source
        UNION ALL
        SELECT 4, 'rounding', '', NULL, NULL, -i.rounding
        FROM billing_invoice i WHERE i.operator_id = %(operator)s AND i.id = e.source
    ) r
    """,  # constants
    ids="""
    SELECT i.id FROM billing_invoice i
    WHERE i.operator_id = %(operator)s AND i.id > %(after)s AND i.state = 'issued'
    """,
)
PAYMENTS: Final = Source(
    kind="payment",
    facts="""
    SELECT p.id AS source, p.paid_on AS event_on, p.currency, '' AS country, p.amount FROM billing_payment p
    WHERE p.operator_id = %(operator)s AND p.id = ANY(%(ids)s::bigint[])
    """,
    rows=f"""
    SELECT r.place, r.use, {_BARE}, r.side * e.amount
    FROM (VALUES (1, 'bank', 1), (2, 'unidentified', -1)) AS r (place, use, side)
    """,  # constants
    ids="""
    SELECT p.id FROM billing_payment p
    WHERE p.operator_id = %(operator)s AND p.id > %(after)s
    """,
    made="SELECT id AS source, paid_on AS event_on, currency, '' AS country, '' AS purpose, amount FROM left_payments",
)
MATCHES: Final = Source(
    kind="match",
    facts="""
    SELECT m.id AS source, p.currency, '' AS country, m.purpose, m.amount, CASE
        WHEN m.undoes_id IS NULL AND (m.how = 'reference' OR p.file_id IS NULL) THEN p.paid_on
        ELSE greatest(p.paid_on, (m.created_at AT TIME ZONE o.time_zone)::date) END AS event_on
    FROM billing_paymentmatch m
    JOIN billing_payment p ON p.operator_id = m.operator_id AND p.id = m.payment_id
    JOIN tenants_operator o ON o.id = m.operator_id
    WHERE m.operator_id = %(operator)s AND m.id = ANY(%(ids)s::bigint[]) AND p.id = ANY(%(about)s::bigint[])
    """,
    about="""
    SELECT array_agg(DISTINCT m.payment_id) FROM billing_paymentmatch m
    WHERE m.operator_id = %(operator)s AND m.id = ANY(%(ids)s::bigint[])
    """,
    rows=f"""
    SELECT r.place, CASE WHEN r.place = 1 THEN 'unidentified' WHEN e.purpose = 'invoice' THEN 'receivable'
        WHEN e.purpose = 'account' THEN 'on_account' ELSE 'bank' END, {_BARE}, r.side * e.amount
    FROM (VALUES (1, 1), (2, -1)) AS r (place, side)
    """,  # constants
    ids="""
    SELECT m.id FROM billing_paymentmatch m
    WHERE m.operator_id = %(operator)s AND m.id > %(after)s
    """,
    made="SELECT id AS source, paid_on AS event_on, currency, '' AS country, purpose, amount FROM shared_payments",
)
WRITE_OFFS: Final = Source(
    kind="write_off",
    facts=f"""
    SELECT w.id AS source, w.happened_on AS event_on, i.currency, {_ABROAD} FROM billing_writeoff w
    JOIN billing_invoice i ON i.operator_id = w.operator_id AND i.id = w.invoice_id
    WHERE w.operator_id = %(operator)s AND w.id = ANY(%(ids)s::bigint[])
    """,  # constants
    rows=f"""
    SELECT r.* FROM billing_writeoff w
    CROSS JOIN LATERAL (
        SELECT 1 AS place, 'receivable' AS use, {_BARE}, -w.amount AS amount
        UNION ALL
        SELECT 2, {_use("vat", "p.rate")}, '', p.rate, {_country("p.rate")}, NULL, p.vat
        FROM jsonb_to_recordset(w.parts) AS p (rate numeric, net bigint, vat bigint)
        UNION ALL
        SELECT 3, CASE WHEN w.lowers_vat THEN 'loss' WHEN w.why = 'difference' THEN 'rounding' ELSE 'loss_feared' END,
            '', p.rate, {_country("p.rate")}, NULL, p.net
        FROM jsonb_to_recordset(w.parts) AS p (rate numeric, net bigint, vat bigint)
    ) r WHERE w.operator_id = %(operator)s AND w.id = e.source
    """,  # constants
    ids="""
    SELECT w.id FROM billing_writeoff w
    WHERE w.operator_id = %(operator)s AND w.id > %(after)s
    """,
)
STATEMENTS: Final = Source(
    kind="statement",
    facts="""
    SELECT h.id AS source, (h.closed_at AT TIME ZONE (h.buyer ->> 'time_zone'))::date AS event_on, h.currency,
        '' AS country
    FROM billing_hoststatement h
    WHERE h.operator_id = %(operator)s AND h.id = ANY(%(ids)s::bigint[]) AND h.state = 'closed'
    """,
    rows=f"""
    SELECT r.place, r.use, '', r.vat_rate, '', r.site_id, r.amount * {COINS.replace("currency", "e.currency")}
    FROM billing_hoststatement h
    CROSS JOIN LATERAL (
        SELECT CASE WHEN count(*) = 1 THEN min(p.site_id) END AS site_id FROM billing_hostsite p
        WHERE p.operator_id = %(operator)s AND p.contract_id = h.contract_id
    ) here
    CROSS JOIN LATERAL (VALUES
        (1, 'host_share', NULL::numeric, here.site_id, h.amount),
        (2, CASE WHEN h.number IS NULL THEN 'input_later' ELSE 'input_vat' END, h.vat_rate, NULL::bigint, h.vat),
        (3, 'host_debt', NULL, NULL, -h.total),
        (4, 'host_carried', NULL, NULL, h.carried_in + h.set_off - h.carried_out)
    ) AS r (place, use, vat_rate, site_id, amount)
    WHERE h.operator_id = %(operator)s AND h.id = e.source
    """,  # constants
    ids="""
    SELECT h.id FROM billing_hoststatement h
    WHERE h.operator_id = %(operator)s AND h.id > %(after)s AND h.state = 'closed'
    """,
)
PAYOUTS: Final = Source(
    kind="payout",
    facts="""
    SELECT p.id AS source, p.paid_on AS event_on, h.currency, '' AS country FROM billing_hostpayout p
    JOIN billing_hoststatement h ON h.operator_id = p.operator_id AND h.id = p.statement_id
    WHERE p.operator_id = %(operator)s AND p.id = ANY(%(ids)s::bigint[])
    """,
    rows=f"""
    SELECT r.place, r.use, {_BARE}, r.side * p.amount
    FROM (VALUES (1, 'host_debt', 1), (2, 'bank', -1)) AS r (place, use, side)
    CROSS JOIN (
        SELECT p.amount FROM billing_hostpayout p WHERE p.operator_id = %(operator)s AND p.id = e.source LIMIT 1
    ) p
    """,  # constants
    ids="""
    SELECT p.id FROM billing_hostpayout p
    WHERE p.operator_id = %(operator)s AND p.id > %(after)s
    """,
)
SOURCES: Final = {source.kind: source for source in (DOCUMENTS, PAYMENTS, MATCHES, WRITE_OFFS, STATEMENTS, PAYOUTS)}

#: The ledger of one operator is written by one after the other, and a month is closed by none of them meanwhile.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('billing.ledger'), (%(operator)s %% 2147483647)::int)"


#: Which of some events of a kind are booked.
BOOKED: Final = """
SELECT array_agg(b.source) FROM billing_ledgerentry b
WHERE b.operator_id = %(operator)s AND b.kind = %(kind)s AND b.source = ANY(%(ids)s::bigint[])
"""
DROP: Final = "DROP TABLE IF EXISTS ledger_facts"


def facts(source: Source) -> str:
    """Set apart what is known of the events %(ids)s, of which none is booked, each with the id of its entry."""
    return _facts(f"SELECT '{source.kind}' AS kind, told.* FROM ({source.facts}) told", "source")  # constants


def made(sources: Sequence[Source]) -> str:
    """Set apart what is known of all events of these kinds that the transaction makes, as `facts` does."""
    told = " UNION ALL ".join(
        f"SELECT '{source.kind}' AS kind, {place} AS nth, told.* FROM ({source.made}) told"
        for place, source in enumerate(sources)
    )  # constants
    return _facts(told, "nth, source")


def _facts(told: str, order: str) -> str:
    return f"""
    CREATE TEMP TABLE ledger_facts ON COMMIT DROP AS
    SELECT nextval((SELECT pg_get_serial_sequence('billing_ledgerentry', 'id')::regclass)) AS id, f.*,
        greatest(f.event_on, (SELECT (max(c.month) + interval '1 month')::date FROM billing_closedmonth c
            WHERE c.operator_id = %(operator)s)) AS booked_on
    FROM (SELECT * FROM ({told}) told ORDER BY {order}) f
    """  # constants


def post(sources: Sequence[Source]) -> str:
    """Book the events of these kinds that are set apart, each with all its rows.

    Entries and rows are made of the same table, and not joined: the planner takes the events for a few, and would
    compare each with each, 400 million pairs for an issue of 20,000 invoices.
    """
    rows = " UNION ALL ".join(
        f"""
        SELECT e.id, e.booked_on, r.* FROM ledger_facts e
        CROSS JOIN LATERAL ({source.rows}) AS r (place, use, account, vat_rate, country, site_id, amount)
        WHERE e.kind = '{source.kind}' AND r.amount <> 0
        """
        for source in sources
    )  # constants
    return f"""
    WITH entries AS (
        INSERT INTO billing_ledgerentry (id, operator_id, kind, source, event_on, booked_on, currency, created_at)
        SELECT f.id, %(operator)s, f.kind, f.source, f.event_on, f.booked_on, f.currency, %(at)s
        FROM ledger_facts f ORDER BY f.id
    ),
    rows AS ({rows})
    INSERT INTO billing_ledgerrow (operator_id, entry_id, position, use, account, vat_rate, country, site_id, booked_on,
        amount)
    SELECT %(operator)s, id, row_number() OVER (PARTITION BY id
        ORDER BY place, vat_rate DESC NULLS LAST, account, site_id NULLS FIRST), use, account, vat_rate, country,
        site_id, booked_on, amount
    FROM rows ORDER BY id
    """  # constants


def after(source: Source) -> str:
    """The ids of the next events, at most %(most)s, oldest first."""
    return f"SELECT array_agg(id ORDER BY id) FROM ({source.ids} ORDER BY 1 LIMIT %(most)s) next"  # constants


def is_first_booked(source: Source) -> str:
    """Whether the first event of all is booked; no row where there is none.

    The least is taken of all that are the operator's own. Asked for the first alone, the planner goes by the primary
    key, past the events of every operator that came before.
    """
    return f"""
    SELECT EXISTS (SELECT FROM billing_ledgerentry e
        WHERE e.operator_id = %(operator)s AND e.kind = '{source.kind}' AND e.source = first.id)
    FROM (SELECT min(id) AS id FROM ({source.ids} OFFSET 0) own) first WHERE first.id IS NOT NULL
    """  # constants
