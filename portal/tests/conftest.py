"""Fixtures of the doors: attempts are counted for each test apart, and a refusal does not wait."""

from uuid import uuid4

import pytest

from portal.gate import throttle
from portal.web.account import sign_in as sign_in_page


@pytest.fixture(autouse=True)
def _own_limits(monkeypatch):
    monkeypatch.setattr(throttle, "NAMESPACE", f"test:{uuid4().hex}")
    monkeypatch.setattr(sign_in_page, "REFUSAL_S", 0)
