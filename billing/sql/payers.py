"""Who pays for a session, as SQL: told by the card and the driver of the session and by when it began, kept nowhere.

`s` is `charging_chargingsession`; `JOINED` brings the accounts to any query over it. No time of a driver or of a card
overlaps another (the database sees to it), so a session stays one row. A card's account goes before its driver's, and
where neither belongs to one, the driver pays by the account of their own. So what is not billed follows every move, and
what is billed stands on its invoice.
"""

from typing import Final


def _at_the_time(alias: str) -> str:
    return (
        f"{alias}.operator_id = s.operator_id AND ({alias}.since IS NULL OR s.started_at >= {alias}.since)"
        f" AND ({alias}.until IS NULL OR s.started_at < {alias}.until)"
    )


JOINED: Final = f"""
LEFT JOIN charging_accountmember by_card ON by_card.token_id = s.token_id AND {_at_the_time("by_card")}
LEFT JOIN charging_accountmember by_driver ON by_driver.driver_id = s.driver_id AND {_at_the_time("by_driver")}
LEFT JOIN tenants_account own ON own.operator_id = s.operator_id AND own.driver_id = s.driver_id
"""
#: The account that the session's card or driver belonged to, or the driver's own; null for nobody's.
ACCOUNT: Final = "coalesce(by_card.account_id, by_driver.account_id, own.id)"
#: The account that pays: who is only hosted pays by the account of their own.
PAYER: Final = (
    "coalesce(CASE WHEN by_card.pays THEN by_card.account_id END,"
    " CASE WHEN by_driver.pays THEN by_driver.account_id END, own.id)"
)
#: Sessions that accounts from %(first)s to %(last)s pay for; `%(drivers)s` and `%(cards)s`: all that they may pay for.
PAID_BY: Final = f"""
(s.driver_id = ANY(%(drivers)s::bigint[]) OR s.token_id = ANY(%(cards)s::bigint[]))
AND {PAYER} BETWEEN %(first)s AND %(last)s
"""
