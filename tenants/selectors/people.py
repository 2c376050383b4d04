"""Reads of people and their places. Global: these are asked before a scope can be opened."""

from django.db.models import QuerySet

from tenants.models import Membership, User

DEMONSTRATION_DOMAIN = "demo.example"


def memberships(user: User) -> QuerySet[Membership]:
    """The person's places at active operators, with the operators, by name."""
    return (
        Membership.objects.select_related("operator")
        .filter(user=user, operator__is_active=True)
        .order_by("operator__name", "role")
    )


def demonstration() -> list[Membership]:
    """The people of the demonstration with their places, for the start page."""
    return list(
        Membership.objects.select_related("operator", "user")
        .filter(user__email__endswith=f"@{DEMONSTRATION_DOMAIN}")
        .order_by("operator__name", "pk")[:20]
    )
