"""The cast at the doors: members of the platform and their visits, programs with a key, and what the log says of them.

People of operators are made by `tenants.tests.cast`.
"""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.tests import app_role
from tenants.actor import acting, acting_more
from tenants.models import AuditEntry, Operator, PlatformVisit, User
from tenants.scoping import tenant_scope
from tenants.services.platform import members as platform_members
from tenants.services.platform import visits as platform_visits
from tenants.services.proof import two_factor
from tenants.tests.cast import PASSWORD, a_driver, somebody

__all__ = ["PASSWORD", "a_driver", "begin", "events", "member", "somebody", "with_key"]


def member(name: str, *, has_device: bool = True) -> User:
    """A member of the platform, with a second factor unless told otherwise."""
    with app_role.as_platform():
        user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
        platform_members.add(email=user.email, meant=user.public_id)
        if has_device:
            two_factor.new_device(user, name="phone")
    return user


def begin(operator: Operator, by: User, **more: Any) -> PlatformVisit:
    """A visit of half an hour, to look."""
    facts = {"reason": "Case 4711: prices", "lasting": timedelta(minutes=30), "may_change": False, **more}
    with app_role.as_platform(), acting(user=by), acting_more(is_platform=True):
        return platform_visits.begin(operator, by=by, at=timezone.now(), **facts)


def events(operator: Operator, first: str = "") -> list[AuditEntry]:
    """The operator's events, oldest first."""
    with tenant_scope(operator.pk):
        return list(AuditEntry.objects.filter(event__startswith=first).exclude(event="").order_by("pk"))


def with_key(text: str) -> Client:
    """A program that sends this key."""
    return Client(headers={"Authorization": f"Bearer {text}"})
