"""Where a session stands for billing, as SQL: the rules of `billing.models.billing_status`, and two fragments of them.

`s` is `charging_chargingsession`, `p` its price, `i` the invoice that it stands on now, a draft or issued; `JOINED`
brings the last two to any query over `s`. `STATUS` over it makes three look-ups in an index a session.

Drafting, rating and planning ask less, of more sessions: `OPEN_TO_BILLING` and `on_no_invoice` are all they need.
"""

from typing import Final

from billing.models.billing_status import OPEN_REVIEWS, OTHERWISE, RULES, Fact
from charging.models import ChargingSession

_COLUMN: Final = {Fact.INVOICE: "i.state", Fact.REVIEW: "s.review", Fact.STATE: "s.state", Fact.PRICE: "p.state"}

JOINED: Final = """
LEFT JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
LEFT JOIN billing_billedsession b
    ON b.operator_id = s.operator_id AND b.session_id = s.id AND b.released_by_id IS NULL
LEFT JOIN billing_invoice i ON i.operator_id = b.operator_id AND i.id = b.invoice_id
"""
#: The `BillingStatus` of a session.
STATUS: Final = "CASE {} ELSE '{}' END".format(
    " ".join(f"WHEN {_COLUMN[rule.fact]} = '{rule.value}' THEN '{rule.status}'" for rule in RULES), OTHERWISE
)

#: At the end of a subquery: PostgreSQL asks it row by row, and does not make a join of it.
ONE_BY_ONE: Final = " OFFSET 0"

#: Nobody has to decide about the session, and nobody has written it off.
DECIDED: Final = "s.review IN ({})".format(", ".join(f"'{review}'" for review in OPEN_REVIEWS))
#: Closed besides: what may get a price and be billed.
OPEN_TO_BILLING: Final = f"s.state = '{ChargingSession.State.COMPLETED}' AND {DECIDED}"


def on_no_invoice(session: str = "s.id", *, by_key: bool = False) -> str:
    """That a session stands on no invoice, not even on a draft. `session` is the column of its id.

    by_key: look up each session by its key, for statements over a batch. Left to itself the planner goes through all
    that is billed once a session, if it has not yet counted what the batches before have billed.
    """
    return (
        "NOT EXISTS (SELECT 1 FROM billing_billedsession l"
        f" WHERE l.operator_id = %(operator)s AND l.session_id = {session} AND l.released_by_id IS NULL"
        f"{ONE_BY_ONE if by_key else ''})"
    )
