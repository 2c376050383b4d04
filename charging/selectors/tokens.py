"""Cards and app tokens as a list: those without a driver first, as nobody pays for their sessions."""

from django.db.models import F, Q, QuerySet

from charging.models import Token

UNASSIGNED, ASSIGNED, BLOCKED = "unassigned", "assigned", "blocked"


def listing(search: str = "", *, condition: str = "") -> QuerySet[Token]:
    """Return the tokens, unassigned first, then the newest.

    search: the beginning of the UID or part of the printed number or the customer number.
    condition: `UNASSIGNED`, `ASSIGNED`, `BLOCKED`, or empty for all.
    """
    rows = Token.objects.select_related("driver__identity")
    if search:
        rows = rows.filter(
            Q(uid__istartswith=search) | Q(visual_number__icontains=search) | Q(driver__customer_number=search)
        )
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
