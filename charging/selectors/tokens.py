"""Cards and app tokens as a list: those without a driver first, as nobody pays for their sessions."""

from django.db.models import F, QuerySet

from charging.models import Token
from charging.selectors import words

UNASSIGNED, ASSIGNED, BLOCKED = "unassigned", "assigned", "blocked"


def listing(search: str = "", *, condition: str = "") -> QuerySet[Token]:
    """Return the tokens, unassigned first, then the newest.

    search: part of the UID or the printed number, or what a driver is found by.
    condition: `UNASSIGNED`, `ASSIGNED`, `BLOCKED`, or empty for all.
    """
    rows = Token.objects.select_related("driver__identity")
    if search:
        rows = rows.filter(words.of_card(search))
    return _in(rows, condition).order_by(F("driver").asc(nulls_first=True), "-created_at", "-pk")


def unassigned() -> QuerySet[Token]:
    """Return the cards in use that no driver has."""
    return Token.objects.filter(driver__isnull=True, is_blocked=False)


def _in(rows: QuerySet[Token], condition: str) -> QuerySet[Token]:
    if condition == UNASSIGNED:
        return rows.filter(driver__isnull=True)
    if condition == ASSIGNED:
        return rows.filter(driver__isnull=False)
    return rows.filter(is_blocked=True) if condition == BLOCKED else rows
