"""What every page knows: the operator, what the person may do there, and their other operators."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from charging.site_scope import visible_sites
from portal.gate import viewing
from portal.gate.access import CUSTOMERS_BEGIN
from tenants.models import FactorReset, Membership, Operator, User
from tenants.permissions import Access
from tenants.scoping import has_scope
from tenants.selectors import approvals, people
from tenants.services import four_eyes

THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the layout's variables, read by the page's declaration; what is lazy costs a query where it is asked."""
    access = getattr(request, "access", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "operator": access.operator if access else None,
        "may": access.permissions if access else frozenset(),
        "sites_seen": None if (sites := visible_sites()) is None else len(sites),
        "is_staff_here": bool(access and access.is_staff),
        "elsewhere": _elsewhere(access) if access else [],
        "viewing": viewing.present(request),
        "visit": access.visit if access else None,
        "is_read_only": bool(access and access.is_read_only),
        "factor_reset": SimpleLazyObject(lambda: _open_reset(request)),  # one query, where a layout asks
        "approvals_waiting": SimpleLazyObject(lambda: _waiting(request)),
        "theme": theme if theme in THEMES else "",
        "languages": settings.LANGUAGES,
        "demonstration": settings.DEMONSTRATION,
    }


def _waiting(request: HttpRequest) -> int:
    """How many approvals wait for this person to decide; asked only where acts need a second person."""
    access = getattr(request, "access", None)
    if access is None or not access.operator.four_eyes or not has_scope():
        return 0
    may = [action for action in four_eyes.actions() if access.may(four_eyes.permission_of(action))]
    return approvals.waiting(may, at=timezone.now()).exclude(requested_by=request.user.pk).count() if may else 0


def _open_reset(request: HttpRequest) -> FactorReset | None:
    user = getattr(request, "user", None)
    return people.open_reset(user) if isinstance(user, User) else None


def home_of(place: Membership) -> str:
    """Return the page where the place's work begins."""
    page = CUSTOMERS_BEGIN.get(Membership.Role(place.role), "staff:overview")
    return reverse(page, args=[place.operator.slug])


def _elsewhere(access: Access) -> list[tuple[str, str]]:
    """Name and address of each operator to switch to, once even for a person with several roles there."""
    first: dict[str, tuple[str, str]] = {}
    for place in sorted(access.elsewhere, key=lambda each: each.role in Membership.CUSTOMERS):
        if place.operator.state == Operator.State.ACTIVE:
            first.setdefault(place.operator.slug, (place.operator.name, home_of(place)))
    return sorted(first.values())
