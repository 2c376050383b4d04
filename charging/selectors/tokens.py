"""Cards and app tokens as a list: those without a driver first, as nobody pays for their sessions."""

from django.db.models import F, Q, QuerySet

from charging.models import Token
from charging.selectors.drivers import FEW
from tenants.models import Driver

UNASSIGNED, ASSIGNED, BLOCKED = "unassigned", "assigned", "blocked"


def listing(search: str = "", *, condition: str = "") -> QuerySet[Token]:
    """Return the tokens, unassigned first, then the newest.

    search: the beginning of the UID or part of the printed number or the customer number.
    condition: `UNASSIGNED`, `ASSIGNED`, `BLOCKED`, or empty for all.
    """
    rows = Token.objects.select_related("driver__identity")
    if search:
        rows = rows.filter(_named(search))
    return _in(rows, condition).order_by(F("driver").asc(nulls_first=True), "-created_at", "-pk")


def _named(text: str) -> Q:
    """Look the cards up first: one walk through them, none to sort and none to count. Many are found while listing."""
    named = Q(uid__istartswith=text) | Q(visual_number__icontains=text)
    few = list(Token.objects.filter(named).order_by().values_list("pk", flat=True)[: FEW + 1])
    owners = list(Driver.objects.filter(customer_number=text).values_list("pk", flat=True))
    return (named if len(few) > FEW else Q(pk__in=few)) | Q(driver__in=owners)


def unassigned() -> QuerySet[Token]:
    """Return the cards in use that no driver has."""
    return Token.objects.filter(driver__isnull=True, is_blocked=False)


def _in(rows: QuerySet[Token], condition: str) -> QuerySet[Token]:
    if condition == UNASSIGNED:
        return rows.filter(driver__isnull=True)
    if condition == ASSIGNED:
        return rows.filter(driver__isnull=False)
    return rows.filter(is_blocked=True) if condition == BLOCKED else rows
