"""The platform's process as tests see it: its own doors and its own database role."""

from collections.abc import Iterator

import pytest
from django.test import Client

from portal.tests import app_role
from portal.tests.at_platform import at_platform
from portal.tests.cast import begin
from tenants.models import Operator, PlatformVisit, User


@pytest.fixture
def as_platform(db: None) -> Iterator[None]:
    """Act as the platform's role for the whole test."""
    with app_role.as_platform():
        yield


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
