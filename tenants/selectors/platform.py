"""What the platform's staff see of the instance: operators by number and state, themselves, and their visits."""

from django.db.models import Count, Max, Q, QuerySet

from tenants.models import Membership, Operator, PlatformEvent, PlatformMember, PlatformVisit, User
from tenants.selectors.people import in_order

_STAFF = ~Q(memberships__role__in=Membership.CUSTOMERS)


def is_member(user: User) -> bool:
    """Whether the person runs the instance now."""
    return PlatformMember.objects.filter(user=user.pk, is_active=True, user__is_active=True).exists()


def members() -> list[PlatformMember]:
    """The people who run the instance, the present ones first, by name."""
    rows = PlatformMember.objects.select_related("user")
    return sorted(rows, key=lambda member: (not member.is_active, *in_order(member.user)))


def operators(*, search: str = "", state: str = "") -> QuerySet[Operator]:
    """The operators by name, with how many people work there (`people`) and when one last signed in (`last_sign_in`).

    search: a part of the name, the legal name or the address in the portal.
    """
    rows = Operator.objects.annotate(
        people=Count("memberships__user", filter=_STAFF, distinct=True),
        last_sign_in=Max("memberships__user__last_login", filter=_STAFF),
    )
    if state:
        rows = rows.filter(state=state)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(legal_name__icontains=search) | Q(slug__icontains=search))
    return rows.order_by("name", "pk")


def visits(operator: Operator) -> QuerySet[PlatformVisit]:
    """The operator's visits, newest first."""
    return PlatformVisit.objects.select_related("user").filter(operator=operator).order_by("-began_at", "-pk")


def events() -> QuerySet[PlatformEvent]:
    """What the people who run the instance did as themselves, and who let them in or took them off."""
    return PlatformEvent.objects.all()
