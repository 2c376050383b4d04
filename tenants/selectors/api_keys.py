"""Reads of the operator's API keys."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from tenants.models import ApiKey, Membership, Operator

WORKING, ENDED = "working", "ended"


def listing(condition: str = "", *, at: datetime) -> QuerySet[ApiKey]:
    """The keys that are `WORKING` or have `ENDED` by now, or all."""
    rows = ApiKey.objects.select_related("replaced_by")
    works = Q(revoked_at=None, expires_at__gt=at)
    return rows.filter(works if condition == WORKING else ~works) if condition else rows


def named(ids: Iterable[int]) -> dict[int, ApiKey]:
    """The keys behind these numbers."""
    return ApiKey.objects.in_bulk(set(ids))


def owners(operator: Operator) -> set[int]:
    """The numbers of the people who can make keys at the operator."""
    places = Membership.objects.filter(operator=operator, role=Membership.Role.OWNER)
    return set(places.values_list("user_id", flat=True))
