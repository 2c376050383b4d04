"""The platform's process as tests see it: its own doors and its own database role."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conftest import PASSWORD
from portal.tests import app_role
from portal.tests.at_platform import at_platform
from tenants.actor import acting, acting_more
from tenants.models import AuditEntry, Operator, PlatformVisit, User
from tenants.scoping import tenant_scope
from tenants.services.platform import members as platform_members
from tenants.services.platform import visits as platform_visits
from tenants.services.proof import two_factor


@pytest.fixture
def as_platform(db: None) -> Iterator[None]:
    """Act as the platform's role for the whole test."""
    with app_role.as_platform():
        yield


def member(name: str) -> User:
    """A member of the platform with a second factor."""
    with app_role.as_platform():
        user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
        platform_members.add(email=user.email, meant=user.public_id)
        two_factor.new_device(user, name="phone")
    return user


@pytest.fixture
def petra(db: None) -> User:
    return member("petra")


@pytest.fixture
def pelle(db: None) -> User:
    return member("pelle")


@pytest.fixture
def platform(petra: User, sign_in) -> Client:
    """Petra's browser at the platform."""
    return at_platform(sign_in(petra))


@pytest.fixture
def portal(petra: User, sign_in) -> Client:
    """Petra's browser at the portal."""
    client: Client = sign_in(petra)
    return client


@pytest.fixture
def visit(petra: User, north: Operator) -> PlatformVisit:
    """Petra is at north for half an hour, to look."""
    return begin(north, petra)


def begin(operator: Operator, by: User, **more: Any) -> PlatformVisit:
    facts = {"reason": "Case 4711: prices", "lasting": timedelta(minutes=30), "may_change": False, **more}
    with app_role.as_platform(), acting(user=by), acting_more(is_platform=True):
        return platform_visits.begin(operator, by=by, at=timezone.now(), **facts)


def events(operator: Operator, first: str = "") -> list[AuditEntry]:
    """The operator's events, oldest first."""
    with tenant_scope(operator.pk):
        return list(AuditEntry.objects.filter(event__startswith=first).exclude(event="").order_by("pk"))
