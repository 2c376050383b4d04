"""Keys for the tests of the API."""

import pytest


@pytest.fixture
def key(north, olga, make_key) -> str:
    """A key of north that may read the audit log."""
    return str(make_key(north, olga))
