"""Cards and app tokens as a list: those without a driver first, as nobody pays for their sessions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from charging.domain.holders import Held
from charging.models import EarlierHolder, Token
from charging.selectors import words
from tenants.models import Driver

UNASSIGNED, ASSIGNED, BLOCKED = "unassigned", "assigned", "blocked"


def listing(search: str = "", *, condition: str = "") -> QuerySet[Token]:
    """Return the tokens, unassigned first, then the newest, with their drivers.

    search: part of the UID or the printed number, or what a driver is found by.
    condition: `UNASSIGNED`, `ASSIGNED`, `BLOCKED`, or empty for all.
    """
    rows = Token.objects.filter(merged_into=None).select_related("driver__identity")
    if search:
        rows = rows.filter(words.of_card(search))
    return _in(rows, condition).order_by(F("driver").asc(nulls_first=True), "-created_at", "-pk")


@dataclass(frozen=True, slots=True)
class Holder:
    """That a driver has or had a card; without `since` from its first session on, without `until` still."""

    driver: Driver
    since: datetime | None
    until: datetime | None

    @property
    def last(self) -> datetime | None:
        """The last instant at which they had it."""
        return self.until and self.until - timedelta(microseconds=1)


def holders_of(token: Token) -> list[Holder]:
    """Return whose card it is and was, the newest first."""
    rows = EarlierHolder.objects.filter(token=token).select_related("driver__identity").order_by("-until")
    earlier = [Holder(row.driver, row.since, row.until) for row in rows]
    return [Holder(token.driver, token.driver_since, None), *earlier] if token.driver else earlier


def histories(token_ids: Iterable[int]) -> dict[int, list[Held[int]]]:
    """Return who has had each of the cards, from when to when, in order of time. Two queries."""
    found: dict[int, list[Held[int]]] = {token: [] for token in token_ids}
    earlier = EarlierHolder.objects.filter(token__in=found).order_by(F("since").asc(nulls_first=True))
    for row in earlier:
        found[row.token_id].append(Held(row.driver_id, row.since, row.until))
    now = Token.objects.filter(pk__in=found, driver__isnull=False)
    for token, driver, since in now.values_list("pk", "driver_id", "driver_since"):
        found[token].append(Held(driver, since))
    return found


def unassigned() -> QuerySet[Token]:
    """Return the cards in use that no driver has."""
    return Token.objects.filter(driver__isnull=True, is_blocked=False, merged_into=None)


def _in(rows: QuerySet[Token], condition: str) -> QuerySet[Token]:
    if condition == UNASSIGNED:
        return rows.filter(driver__isnull=True)
    if condition == ASSIGNED:
        return rows.filter(driver__isnull=False)
    return rows.filter(is_blocked=True) if condition == BLOCKED else rows
