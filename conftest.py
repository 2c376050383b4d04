"""Fixtures of all floors: the database as the app role sees it, and the named cast.

The test database is built and migrated by the owner; from then on every connection is the app role,
so that a test sees exactly the rows and rights the running portal has.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings

from portal.tests import app_role
from tenants.models import Driver, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import operators
from tenants.services.proof import two_factor
from tenants.tests.cast import a_driver, somebody

# How fast a machine under load draws examples, or tries one, is no property of what is tested.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its argument: what is packed holds the time, and two workers that
    collect in different seconds would not agree on the names of the tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Act as the app role once the owner has built the test database."""
    with django_db_blocker.unblock():
        app_role.begin()
    yield
    with django_db_blocker.unblock():
        app_role.end()
        with connection.cursor() as cursor:  # a browser's last request may still hold a connection of the live server
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )


def _operator(slug: str) -> Operator:
    """An operator that may issue invoices with VAT."""
    name = f"{slug.capitalize()} Charging AB"
    with app_role.as_platform():
        return operators.create(slug=slug, name=name, legal_name=name, vat_number="SE556677889901")


@pytest.fixture
def north(db: None) -> Operator:
    return _operator("north")


@pytest.fixture
def south(db: None) -> Operator:
    return _operator("south")


@pytest.fixture
def east(db: None) -> Operator:
    return _operator("east")


@pytest.fixture
def in_north(north: Operator) -> Iterator[Operator]:
    """Work inside north's scope for the whole test."""
    with tenant_scope(north.pk):
        yield north


@pytest.fixture
def olga(north: Operator) -> User:
    return somebody(north, "olga", "owner")


@pytest.fixture
def otto(north: Operator) -> User:
    return somebody(north, "otto", "operations")


@pytest.fixture
def fina(north: Operator) -> User:
    return somebody(north, "fina", "finance")


@pytest.fixture
def sara(north: Operator) -> User:
    return somebody(north, "sara", "support")


@pytest.fixture
def axel(north: Operator) -> User:
    return somebody(north, "axel", "auditor")


@pytest.fixture
def pri(north: Operator) -> User:
    return somebody(north, "pri", "privacy")


@pytest.fixture
def sven(south: Operator) -> User:
    return somebody(south, "sven", "owner")


@pytest.fixture
def dana(north: Operator) -> User:
    """A driver at north, without a second factor."""
    return a_driver(north)


@pytest.fixture
def danas_driver(dana: User, north: Operator) -> Driver:
    with tenant_scope(north.pk):
        driver = Driver.objects.select_related("identity").get(user=dana)
        assert driver.identity.name, "it is opened while there is a scope"
        return driver


@pytest.fixture
def sign_in() -> Any:
    """Return a function that gives a browser in which the person has just passed both factors."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        device = two_factor.device(user)
        session = client.session
        session["proved_at"] = time.time()
        if device is not None:
            session["otp_device_id"] = device.persistent_id
        session.save()
        return client

    return signed_in
