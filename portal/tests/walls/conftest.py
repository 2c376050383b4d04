"""The house that the walls are tried on: built once for all of them, and as it was again after each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.db import transaction
from django.test import override_settings

from portal.tests.cast import member
from portal.tests.house import House, build
from tenants.models import Driver, Operator, User
from tenants.scoping import tenant_scope


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def house(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house, in a transaction that is never committed."""
    media = str(tmp_path_factory.mktemp("media"))
    with override_settings(MEDIA_ROOT=media), django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


@pytest.fixture
def db(house: House, django_db_blocker: Any) -> Iterator[None]:
    """What a test does to the house is undone. It stands in for pytest-django's, which would end the transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The people of the house are the same in each test; how often they were refused is not."""
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)


@pytest.fixture
def world(db: None, house: House) -> dict[str, Any]:
    """The identifiers of north's rows."""
    return house.rows


@pytest.fixture
def north(db: None, house: House) -> Operator:
    return Operator.objects.get(pk=house.north.pk)


@pytest.fixture
def south(db: None, house: House) -> Operator:
    return Operator.objects.get(pk=house.south.pk)


def _fetched(name: str) -> Any:
    @pytest.fixture(name=name)
    def fetched(db: None, house: House) -> User:
        return User.objects.get(pk=house.people[name].pk)

    return fetched


olga, otto, fina, sara, axel, pri, sven, dana, petra, pia = map(
    _fetched, ("olga", "otto", "fina", "sara", "axel", "pri", "sven", "dana", "petra", "pia")
)


@pytest.fixture
def danas_driver(dana: User, north: Operator) -> Driver:
    with tenant_scope(north.pk):
        driver = Driver.objects.select_related("identity").get(user=dana)
        assert driver.identity.name, "it is opened while there is a scope"
        return driver


@pytest.fixture
def pelle(db: None) -> User:
    """A member of the platform who visits nobody and has no second factor."""
    return member("pelle", has_device=False)
