"""What accounts pay for: whose sessions a run has to look at, and what one account's people see of a month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from billing.domain.calendar import month_bounds
from billing.sql.payers import JOINED, PAID_BY, PAYER
from charging.models import AccountMember, ChargingSession, Token
from tenants.models import Account, Driver, Operator
from tenants.scoping import current_operator_id

# What was billed before a driver or card came to the account stands on somebody else's invoice, and is theirs.
_OF_MONTH = f"""
FROM charging_chargingsession s {JOINED}
LEFT JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id AND p.state <> 'problem'
WHERE s.operator_id = %(operator)s AND s.ended_at >= %(begin)s AND s.ended_at < %(end)s AND {PAID_BY}
  AND NOT EXISTS (SELECT 1 FROM billing_billedsession b JOIN billing_invoice i
    ON i.operator_id = b.operator_id AND i.id = b.invoice_id
    WHERE b.operator_id = %(operator)s AND b.session_id = s.id AND b.released_by_id IS NULL
      AND i.account_id NOT BETWEEN %(first)s AND %(last)s)
"""  # noqa: S608  # constants only
_OF_SESSION = f"""
SELECT coalesce((
    SELECT i.account_id FROM billing_billedsession b
    JOIN billing_invoice i ON i.operator_id = b.operator_id AND i.id = b.invoice_id
    WHERE b.operator_id = s.operator_id AND b.session_id = s.id AND b.released_by_id IS NULL
), {PAYER})
FROM charging_chargingsession s {JOINED} WHERE s.operator_id = %(operator)s AND s.id = %(session)s
"""  # noqa: S608  # constants only
_TOTALS = f"""
SELECT s.driver_id, CASE WHEN s.driver_id IS NULL THEN s.token_id END, coalesce(p.currency, %(currency)s), count(*),
    coalesce(sum(s.energy_wh), 0), coalesce(sum(p.amount_incl_vat), 0)
{_OF_MONTH} GROUP BY 1, 2, 3 ORDER BY 6 DESC, 1
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a driver, or a card that no driver has, came to; the amount includes VAT."""

    driver: Driver | None
    card: Token | None
    currency: str
    sessions: int
    energy_wh: int
    amount: Decimal


def summed(rows: Sequence[Totals]) -> list[Totals]:
    """All of these together, a currency a row."""
    found: dict[str, Totals] = {}
    for row in rows:
        so_far = found.get(row.currency, Totals(None, None, row.currency, 0, 0, Decimal(0)))
        found[row.currency] = replace(
            so_far,
            sessions=so_far.sessions + row.sessions,
            energy_wh=so_far.energy_wh + row.energy_wh,
            amount=so_far.amount + row.amount,
        )
    return list(found.values())


def totals(account: Account, month: date, *, operator: Operator) -> Sequence[Totals]:
    """What each driver and card of the account came to in the month, the largest first. Three queries."""
    rows = _rows(_TOTALS, account, month, operator)  # what has no price yet is counted beside the rest
    drivers = Driver.objects.select_related("identity").in_bulk([row[0] for row in rows if row[0]])
    cards = Token.objects.in_bulk([row[1] for row in rows if row[1]])
    return [
        Totals(drivers.get(driver), cards.get(card), currency, count, int(energy), amount)
        for driver, card, currency, count, energy, amount in rows
    ]


def of_session(session: ChargingSession) -> Account | None:
    """The account that the session is billed to, else the one that pays for it by now; None while nobody does."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_SESSION, {"operator": current_operator_id(), "session": session.pk})
        (account,) = cursor.fetchone()
    return Account.objects.select_related("identity").filter(pk=account).first()


def session_ids(account: Account, month: date, *, operator: Operator) -> list[int]:
    """The sessions that ended in the month by the operator's clock and that the account pays for."""
    return [row[0] for row in _rows(f"SELECT s.id {_OF_MONTH}", account, month, operator)]  # constants


def _rows(sql: str, account: Account, month: date, operator: Operator) -> list[Any]:
    begin, end = month_bounds(month, operator.time_zone)
    with connection.cursor() as cursor:
        known: dict[str, Any] = {"operator": current_operator_id(), "currency": operator.currency}
        cursor.execute(sql, {**known, "begin": begin, "end": end, **reach(account.pk, account.pk)})
        return list(cursor.fetchall())


def reach(first: int, last: int) -> dict[str, Any]:
    """Return the drivers and cards that accounts from `first` to `last` may pay for, as `sql.payers.PAID_BY` wants."""
    members = AccountMember.objects.filter(account__gte=first, account__lte=last)
    return {"first": first, "last": last, **_reach(Account.objects.filter(pk__gte=first, pk__lte=last), members)}


def reach_of(accounts: Sequence[int]) -> dict[str, Any]:
    """Return the drivers and cards that these accounts may pay for."""
    return _reach(Account.objects.filter(pk__in=accounts), AccountMember.objects.filter(account__in=accounts))


def _reach(accounts: QuerySet[Account], members: QuerySet[AccountMember]) -> dict[str, Any]:
    own = accounts.filter(driver__isnull=False).values_list("driver_id", flat=True)
    drivers = {*own, *members.filter(driver__isnull=False).values_list("driver_id", flat=True)}
    cards = {*members.filter(token__isnull=False).values_list("token_id", flat=True)}
    return {"drivers": sorted(drivers), "cards": sorted(cards)}
