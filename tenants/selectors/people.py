"""Reads of people and their places. Global: these are asked before a scope can be opened."""

from collections.abc import Iterable

from django.db.models import QuerySet

from tenants.models import Membership, Operator, RecoveryCode, User

DEMONSTRATION_DOMAIN = "demo.example"


def memberships(user: User) -> QuerySet[Membership]:
    """The person's places at active operators, with the operators, by name."""
    return (
        Membership.objects.select_related("operator")
        .filter(user=user, operator__state=Operator.State.ACTIVE)
        .order_by("operator__name", "role")
    )


def operator_ids(user: User) -> list[int]:
    """The operators where the person has any place."""
    return list(
        Membership.objects.filter(user=user).order_by("operator_id").values_list("operator_id", flat=True).distinct()
    )


def places(user: User) -> list[tuple[int, str]]:
    """Every place of the person, as operator and role."""
    rows = Membership.objects.filter(user=user).order_by("operator_id", "role")
    return list(rows.values_list("operator_id", "role"))


def is_staff_anywhere(user: User) -> bool:
    """Whether a second factor is required of the person."""
    return Membership.objects.filter(user=user).exclude(role=Membership.Role.DRIVER).exists()


def staff(operator: Operator) -> QuerySet[Membership]:
    """The staff places of the operator, with the people, by name."""
    return (
        Membership.objects.select_related("user")
        .filter(operator=operator)
        .exclude(role=Membership.Role.DRIVER)
        .order_by("user__name", "user__email")
    )


def named(ids: Iterable[int]) -> dict[int, User]:
    """The people behind these numbers, as far as they are still known."""
    return User.objects.in_bulk(set(ids))


def unused_recovery_codes(user: User) -> int:
    """How many ways in remain without the device."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def is_of_demonstration(user: User) -> bool:
    """Whether the person belongs to the demonstration's cast."""
    return user.email.endswith(f"@{DEMONSTRATION_DOMAIN}")


def demonstration() -> list[Membership]:
    """The people of the demonstration with their places, for the start page."""
    return list(
        Membership.objects.select_related("operator", "user")
        .filter(user__email__endswith=f"@{DEMONSTRATION_DOMAIN}")
        .order_by("operator__name", "pk")[:20]
    )
