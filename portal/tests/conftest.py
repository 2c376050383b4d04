"""Fixtures of the doors: attempts are counted for each test apart, and a refusal does not wait."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.gate import throttle
from portal.tests.cast import member
from portal.web.account import sign_in as sign_in_page
from tenants.models import ApiKey, User
from tenants.permissions import Permission
from tenants.scoping import tenant_scope
from tenants.services.proof import api_keys


@pytest.fixture(autouse=True)
def _own_limits(monkeypatch):
    monkeypatch.setattr(throttle, "NAMESPACE", f"test:{uuid4().hex}")
    monkeypatch.setattr(sign_in_page, "REFUSAL_S", 0)


@pytest.fixture
def petra(db: None) -> User:
    """A member of the platform with a second factor."""
    return member("petra")


@pytest.fixture
def pelle(db: None) -> User:
    """Another member of the platform."""
    return member("pelle")


@pytest.fixture
def make_key() -> Any:
    """Return a function that makes a key of an operator's and gives its text."""

    def made(operator, by, *, scopes=(Permission.VIEW_AUDIT.value,), **changes):
        now = timezone.now()
        with tenant_scope(operator.pk):
            issued = api_keys.make(
                name="Nightly export",
                scopes=[Permission.VIEW_AUDIT.value],
                expires_at=now + timedelta(days=90),
                by=by,
                at=now,
            )
            # What no service makes: a key without scopes, one that has ended.
            ApiKey.objects.filter(pk=issued.key.pk).update(scopes=list(scopes), **changes)
        return issued.text

    return made
