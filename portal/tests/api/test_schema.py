"""The API is what its description says: hundreds of odd requests, with a key and without one."""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance

from portal.api import schema as described
from portal.gate import throttle
from portal.gate.throttle import Limit
from portal.tests.doors import doors
from tenants.roles import API_SCOPES

EXAMPLES = 25
POSITIVE, NEGATIVE = GenerationMode
# A cursor is text of an earlier answer, an object needs its kind: values that look right may be refused.
MORE_THAN_A_SCHEMA_CAN_SAY = positive_data_acceptance


@pytest.fixture(scope="module")
def api() -> Any:
    loaded = schemathesis.openapi.from_dict(described.document())
    loaded.app = get_wsgi_application()
    return loaded


@pytest.fixture
def kept_connection():
    """Let the server's end of a request leave the test's connection alone, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def key(north, olga, make_key):
    """A key that opens every resource."""
    return str(make_key(north, olga, scopes=sorted(API_SCOPES)))


def operations(api):
    return [found.ok() for found in api.get_all_operations()]


def test_it_is_valid_and_says_so_without_a_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "openapi.yaml"))
    assert described.document()["openapi"].startswith("3.1")


def test_every_resource_is_described():
    paths = {path.partition("}/")[2] for path in described.document()["paths"]}
    assert paths == {door.route.partition(">/")[2] for door in doors() if door.is_api}


def test_every_scope_opens_a_resource_and_every_resource_has_a_scope():
    assert {door.access for door in doors() if door.is_api} - {"members"} == API_SCOPES


def test_it_is_served_to_anybody(client, db):
    answer = client.get("/api/v1/openapi.json")
    assert answer.json() == described.document()
    assert client.post("/api/v1/openapi.json").status_code == 405


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.usefixtures("kept_connection")
@pytest.mark.parametrize("caller", ["key", "nobody"])
def test_it_does_what_it_says(api, caller, mode, key, north, monkeypatch):
    """No 500, and every answer is one of those described, in its shape."""
    for limit in ("API_CALLS", "KEYS_REFUSED"):
        monkeypatch.setattr(throttle, limit, Limit(f"test-{limit}", burst=10_000, every_s=0.001))
    headers = {"Accept-Encoding": "identity"}  # the client of these tests unpacks nothing
    if caller == "key":
        headers["Authorization"] = f"Bearer {key}"
    statuses: Counter[int] = Counter()
    for operation in operations(api):
        for case in cases(operation, mode):
            answer = case.call(headers=headers)
            case.validate_response(answer, headers=headers, excluded_checks=[MORE_THAN_A_SCHEMA_CAN_SAY])
            statuses[answer.status_code] += 1
    expected = {("key", POSITIVE): {200, 400}, ("key", NEGATIVE): {200, 400}}
    assert set(statuses) == expected.get((caller, mode), {401})


def cases(operation, mode):
    """Requests to one resource of north, the same in every run."""
    found = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(operation.as_strategy(generation_mode=mode, path_parameters={"operator_slug": "north"}))
    def collect(case):
        found.append(case)

    collect()
    return found
