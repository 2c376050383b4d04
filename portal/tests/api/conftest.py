"""Keys for the tests of the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tenants.models import ApiKey
from tenants.permissions import Permission
from tenants.scoping import tenant_scope
from tenants.services.proof import api_keys


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


@pytest.fixture
def key(north, olga, make_key) -> str:
    """A key of north that may read the audit log."""
    return str(make_key(north, olga))


def with_key(text: str) -> Client:
    """A program that sends this key."""
    return Client(headers={"Authorization": f"Bearer {text}"})
