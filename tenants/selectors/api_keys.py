"""Reads of the operator's API keys."""

from collections.abc import Iterable

from django.db.models import QuerySet

from tenants.models import ApiKey, Membership, Operator


def listing() -> QuerySet[ApiKey]:
    """All keys, those that work or did last first."""
    return ApiKey.objects.select_related("replaced_by").order_by("-created_at", "-pk")


def named(ids: Iterable[int]) -> dict[int, ApiKey]:
    """The keys behind these numbers."""
    return ApiKey.objects.in_bulk(set(ids))


def owners(operator: Operator) -> set[int]:
    """The numbers of the people who can make keys at the operator."""
    places = Membership.objects.filter(operator=operator, role=Membership.Role.OWNER)
    return set(places.values_list("user_id", flat=True))
