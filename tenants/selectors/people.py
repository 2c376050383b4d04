"""Reads of people and their places. Global: these are asked before a scope can be opened."""

from collections.abc import Iterable
from itertools import islice

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from tenants.models import ApiKey, FactorReset, Membership, Operator, PlatformMember, RecoveryCode, TotpDevice, User
from tenants.search import terms

DEMONSTRATION_DOMAIN = "demo.example"


def memberships(user: User) -> QuerySet[Membership]:
    """The person's places at operators that are not closed, with the operators, by name."""
    return (
        Membership.objects.select_related("operator")
        .filter(user=user)
        .exclude(operator__state=Operator.State.CLOSED)
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


def factor_required_at(user: User) -> list[Operator]:
    """The operators that require a second factor of a role the person has there, by name."""
    held = Membership.objects.filter(user=user).exclude(operator__state=Operator.State.CLOSED)
    places = held.select_related("operator")
    found = {place.operator for place in places if place.role in place.operator.factor_required_of}
    return sorted(found, key=lambda operator: operator.name)


def is_factor_required(user: User) -> bool:
    """Whether the person cannot do without a second factor: required at an operator, or of who runs the instance."""
    return PlatformMember.objects.filter(user=user, is_active=True).exists() or bool(factor_required_at(user))


def open_reset(user: User) -> FactorReset | None:
    """The removal of the person's second factor that is under way."""
    return FactorReset.objects.select_related("operator").filter(user=user, stopped_at=None, done_at=None).first()


def without_factor(operator: Operator) -> list[Membership]:
    """The operator's places of people who have neither an authenticator nor a passkey, by name."""
    places = Membership.objects.select_related("user").filter(operator=operator, user__is_active=True)
    devices = [
        Exists(model.objects.filter(user=OuterRef("user"), confirmed=True))
        for model in (TotpDevice, WebAuthnCredential)
    ]
    return sorted(places.exclude(devices[0]).exclude(devices[1]), key=lambda place: in_order(place.user))


def alone_as_owner(user: User) -> bool:
    """Whether an operator that is not closed has this person as its only owner."""
    others = Membership.objects.filter(operator=OuterRef("operator"), role=Membership.Role.OWNER).exclude(user=user)
    own = memberships(user).filter(role=Membership.Role.OWNER)
    return own.filter(~Exists(others)).exists()


def is_staff_anywhere(user: User) -> bool:
    """Whether the person works for an operator."""
    return Membership.objects.filter(user=user).exclude(role__in=Membership.CUSTOMERS).exists()


def staff(operator: Operator, *, search: str = "", role: str = "") -> QuerySet[Membership]:
    """The staff places of the operator, with the people. search: part of the name or the e-mail."""
    rows = Membership.objects.select_related("user").filter(operator=operator).exclude(role__in=Membership.CUSTOMERS)
    rows = rows.filter(role=role) if role else rows
    return rows.filter(pk__in=[place.pk for place in rows if is_called(place.user, search)]) if search else rows


def is_called(user: User, search: str) -> bool:
    """Whether this is part of the person's name or address; å is found as a, too. Both lie sealed, and are opened."""
    return terms.plain(search) in terms.plain(user.name) or search.lower() in user.email


def in_order(user: User) -> tuple[str, str]:
    """By what people are put in order: name, then address."""
    return terms.in_order(user.name), user.email


def live_keys(user: User) -> QuerySet[ApiKey]:
    """The API keys that the person made at the current operator and that still open something."""
    return ApiKey.objects.filter(created_by_id=user.pk, revoked_at=None, expires_at__gt=timezone.now())


def roles_at(operator: Operator, ids: Iterable[int]) -> dict[int, str]:
    """What these people are at the operator today, in words: their staff role."""
    places = staff(operator).filter(user_id__in=set(ids))
    return {place.user_id: str(place.get_role_display()) for place in places}


def named(ids: Iterable[int]) -> dict[int, User]:
    """The people behind these numbers, as far as they are still known."""
    return User.objects.in_bulk(set(ids))


def unused_recovery_codes(user: User) -> int:
    """How many ways in remain without the device."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def is_of_demonstration(user: User) -> bool:
    """Whether the person belongs to the demonstration's cast."""
    return str(user.email).endswith(f"@{DEMONSTRATION_DOMAIN}")


def demonstration() -> list[Membership]:
    """The people of the demonstration with their places, for the start page."""
    rows = Membership.objects.select_related("operator", "user").order_by("operator__name", "pk")
    return list(islice((place for place in rows.iterator() if is_of_demonstration(place.user)), 20))
