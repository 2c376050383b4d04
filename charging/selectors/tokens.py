"""Cards and app tokens as a list: those without a driver first, as nobody pays for their sessions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from charging.domain.holders import Held
from charging.models import AccountMember, ChargingSession, EarlierHolder, Token
from charging.selectors import words
from tenants.models import Driver
from tenants.scoping import current_operator_id

UNASSIGNED, ASSIGNED, BLOCKED = "unassigned", "assigned", "blocked"
PARTNERS, UNSETTLED = "partners", "unsettled"


def listing(search: str = "", *, condition: str = "") -> QuerySet[Token]:
    """Return the tokens, unassigned first, then the newest, with their drivers.

    search: part of the UID or the printed number, or what a driver is found by.
    condition: `UNASSIGNED`, `ASSIGNED`, `BLOCKED`, `PARTNERS`, `UNSETTLED`, or empty for all.
    """
    rows = Token.objects.filter(merged_into=None).select_related("driver__identity", "issuer__identity")
    rows = rows.annotate(is_unsettled=ExpressionWrapper(_is_unsettled(), output_field=BooleanField()))
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
    """Return the operator's own cards in use that no driver has."""
    return Token.objects.filter(driver__isnull=True, issuer__isnull=True, is_blocked=False, merged_into=None)


def meant(uids: Iterable[str]) -> dict[str, Token | None]:
    """Return which card each of the UIDs means, of those that somebody has; None where nobody can say. One query.

    The operator's own goes before a partner's. Of several partners' none is meant until staff say which
    (`charging.services.tokens.settle`). So does the gateway decide (`charging.domain.ocpp.admission.CARD`).
    """
    means = {mark: uid for uid in uids for mark in Token.uid_marks(uid, current_operator_id())}
    rows = Token.objects.filter(uid_mark__in=means, is_set_aside=False).select_related("merged_into")
    own: dict[str, Token | None] = {}
    partners: dict[str, Token | None] = {}
    for row in rows.order_by("-pk"):
        uid = means[row.uid_mark]
        if row.issuer_id is None:
            own[uid] = row.merged_into or row
        else:
            partners[uid] = None if uid in partners else row
    return partners | own


def is_untouched(token: Token) -> bool:
    """Whether nobody has the card or had it, no payer has or had it, nobody charged, and nothing is merged with it."""
    if token.driver_id or token.merged_into_id:
        return False
    kept = (
        EarlierHolder.objects.filter(token=token),
        AccountMember.objects.filter(token=token),
        ChargingSession.objects.filter(token=token),
        Token.objects.filter(merged_into=token),
    )
    return not any(rows.exists() for rows in kept)


def namesakes(token: Token) -> QuerySet[Token]:
    """Return the other cards of that UID, where a partner has one of them: the operator's own first."""
    rows = Token.objects.filter(uid_mark=token.uid_mark).exclude(pk=token.pk).exclude(uid_mark="")
    if token.issuer_id is None:
        rows = rows.filter(issuer__isnull=False)
    return rows.select_related("issuer__identity", "driver__identity").order_by(F("issuer").asc(nulls_first=True), "pk")


def _is_unsettled() -> Q:
    """Of partners' cards of which nobody can say whether they are meant: another partner has one of that UID.

    And of those that are never meant, as the operator has a card of that UID itself.
    """
    other = Token.objects.filter(uid_mark=OuterRef("uid_mark"), is_set_aside=False)
    is_counted = Q(issuer__isnull=False, is_set_aside=False) & ~Q(uid_mark="")
    return is_counted & Q(Exists(other.exclude(pk=OuterRef("pk"))))


def _in(rows: QuerySet[Token], condition: str) -> QuerySet[Token]:
    if condition == UNASSIGNED:
        return rows.filter(driver__isnull=True, issuer__isnull=True)
    if condition == PARTNERS:
        return rows.filter(issuer__isnull=False)
    if condition == UNSETTLED:
        return rows.filter(Q(is_unsettled=True))
    if condition == ASSIGNED:
        return rows.filter(driver__isnull=False)
    return rows.filter(is_blocked=True) if condition == BLOCKED else rows
