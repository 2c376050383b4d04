"""The door of the API, opened with a key."""

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.gate import throttle
from portal.gate.throttle import Limit
from portal.tests.app_role import as_platform
from portal.tests.cast import with_key
from tenants.models import ApiKey, AuditEntry, Operator
from tenants.permissions import Permission
from tenants.scoping import tenant_scope

ME, EVENTS = "/o/north/api/v1/me", "/o/north/api/v1/audit-events"


def wrong_secret(text):
    return text[:-1] + ("a" if text[-1] != "a" else "b")


def test_a_key_is_its_own_caller(key, north):
    answer = with_key(key).get(ME).json()
    assert answer["person"] is None
    assert answer["key"]["name"] == "Nightly export"
    assert answer["key"]["key_id"] == key.split("_")[2]
    assert answer["permissions"] == [Permission.VIEW_AUDIT.value]
    assert answer["operator"]["slug"] == "north"


def test_what_is_wrong_with_a_key_is_nobody_s_business(key, north, south, olga, sven, make_key):
    now = timezone.now()
    refused = {
        "wrong secret": wrong_secret(key),
        "unknown": "wl_live_AAAAAAAAAAAA_" + "a" * 43,
        "no key": "hello",
        "nothing": "",
        "expired": make_key(north, olga, expires_at=now),
        "revoked": make_key(north, olga, revoked_at=now),
        "another operator's": make_key(south, sven),
    }
    answers = {what: with_key(text).get(ME) for what, text in refused.items()}
    answers["no such operator"] = with_key(key).get("/o/nowhere/api/v1/me")
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(answers, 401)
    bodies = [{**answer.json(), "request_id": ""} for answer in answers.values()]
    assert all(body == bodies[0] for body in bodies)
    headers = {answer["WWW-Authenticate"] for answer in answers.values()}
    assert headers == {'Bearer realm="Wattledger", error="invalid_token"'}
    assert answers["unknown"]["Content-Type"] == "application/problem+json"


def test_every_refusal_costs_the_same_questions(key, north, south, olga, sven, make_key):
    """Also those that are too many for an entry."""
    counts = set()
    for text in (wrong_secret(key), "wl_live_AAAAAAAAAAAA_" + "a" * 43, "hello", make_key(south, sven)):
        client = with_key(text)
        client.get(ME)  # types of content are read once
        with CaptureQueriesContext(connection) as asked:
            client.get(ME)
        counts.add(sum("SAVEPOINT" not in query["sql"] for query in asked))
    assert len(counts) == 1


def test_a_closed_operator_s_keys_open_nothing(key, north):
    with as_platform(), tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(state=Operator.State.CLOSED)
    assert with_key(key).get(ME).status_code == 401


def test_a_suspended_operator_s_keys_open_nothing(key, north):
    with as_platform(), tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(state=Operator.State.SUSPENDED)
    answer = with_key(key).get(ME)
    assert answer.status_code == 403
    assert "suspended" in answer.json()["detail"]


def test_a_key_opens_what_its_scopes_say(key, north, olga, make_key):
    assert with_key(key).get(EVENTS).status_code == 200
    bare = make_key(north, olga, scopes=[])
    assert with_key(bare).get(EVENTS).status_code == 403
    assert with_key(bare).get(ME).status_code == 200
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(event="access.refused").get()
    assert (entry.additional_data or {})["permission"] == "view_audit"
    assert entry.api_key_id is not None


def test_a_scope_that_the_api_does_not_know_opens_nothing(north, olga, make_key):
    text = make_key(north, olga, scopes=["manage_people", "view_people"])
    assert with_key(text).get(ME).json()["permissions"] == []


def test_a_refused_key_is_not_made_up_for_by_a_session(key, sign_in, olga, north):
    browser = sign_in(olga)
    assert browser.get(ME).status_code == 200
    assert browser.get(ME, headers={"Authorization": f"Bearer {wrong_secret(key)}"}).status_code == 401
    answer = browser.get(ME, headers={"Authorization": f"Bearer {key}"}).json()
    assert (answer["person"], answer["key"] is not None) == (None, True)


@pytest.mark.parametrize("page", ["/o/north/", "/o/north/audit/", "/o/north/settings/keys/", "/account/profile/"])
def test_a_key_opens_no_page(key, north, page):
    answer = with_key(key).get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/sign-in/")


def test_what_a_key_does_is_logged_as_the_key_s_on_its_maker_s_behalf(key, olga, north, make_key):
    with_key(make_key(north, olga, scopes=[])).get(EVENTS)
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(event="access.refused").get()
    assert (entry.actor_id, entry.on_behalf_of) == (None, olga.pk)
    assert entry.remote_addr == "127.0.0.1"


def test_refusals_are_in_the_log_though_the_request_failed(key, north):
    with_key(wrong_secret(key)).get(ME)
    with_key("nonsense").get(ME)
    with tenant_scope(north.pk):
        reasons = AuditEntry.objects.filter(event="key.refused").values_list("additional_data__reason", flat=True)
        assert sorted(reasons) == ["unknown", "wrong secret"]


def test_last_use_survives_a_request_that_fails(key, north):
    assert with_key(key).get(EVENTS, {"page_size": "many"}).status_code == 400
    with tenant_scope(north.pk):
        assert ApiKey.objects.get().last_used_address == "127.0.0.1"


def test_refused_keys_are_counted_by_address_and_a_right_key_still_works(key, north, monkeypatch):
    monkeypatch.setattr(throttle, "KEYS_REFUSED", Limit("test-refused", burst=3, every_s=60))
    guesser = with_key(wrong_secret(key))
    assert [guesser.get(ME).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    late = guesser.get(ME)
    assert 0 < int(late["Retry-After"]) <= 60
    assert late["Content-Type"] == "application/problem+json"
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="key.refused").count() == 3
    assert with_key(key).get(ME).status_code == 200


def test_strangers_cannot_fill_the_log_with_keys_of_their_invention(key, north):
    answers = [with_key(f"wl{n}").get(ME, REMOTE_ADDR=f"2001:db8:{n:x}::1").status_code for n in range(30)]
    assert answers == [401] * 30
    with_key(wrong_secret(key)).get(ME)
    with tenant_scope(north.pk):
        entries = AuditEntry.objects.filter(event="key.refused")
        numbers = [(entry.additional_data or {}).get("attempts") for entry in entries.order_by("pk")]
        assert None in numbers
        assert len(numbers) <= 13  # 5 and the tenth, twice when the minute turns meanwhile, and one
        assert entries.filter(additional_data__reason="wrong secret").count() == 1  # one's own key is not drowned


def test_the_addresses_of_one_line_are_refused_as_one(north, monkeypatch):
    monkeypatch.setattr(throttle, "KEYS_REFUSED", Limit("test-line", burst=3, every_s=60))
    answers = [with_key("x").get(ME, REMOTE_ADDR=f"2001:db8::{n:x}").status_code for n in range(5)]
    assert answers == [401, 401, 401, 429, 429]


def test_calls_are_counted_by_key(key, north, olga, make_key, monkeypatch):
    monkeypatch.setattr(throttle, "API_CALLS", Limit("test-calls", burst=3, every_s=60))
    assert [with_key(key).get(ME).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert with_key(make_key(north, olga)).get(ME).status_code == 200


def test_without_redis_nobody_is_let_in(key, north, monkeypatch):
    monkeypatch.setattr(throttle, "_script", lambda: _away)
    answer = with_key(key).get(ME)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer["Retry-After"]
    assert with_key(wrong_secret(key)).get(ME).status_code == 503


def _away(**_):
    raise redis.ConnectionError("refused")


@pytest.mark.parametrize(
    ("asked", "language", "detail"),
    [
        ({}, "en", "Some parameters are not acceptable."),
        ({"Accept-Language": "sv"}, "sv", "Några parametrar går inte att använda."),
        ({"Accept-Language": "xx"}, "en", "Some parameters are not acceptable."),
    ],
)
def test_the_api_answers_in_the_language_asked_for(key, north, asked, language, detail):
    answer = with_key(key).get(EVENTS, {"page_size": "0"}, headers=asked)
    assert (answer["Content-Language"], answer.json()["detail"]) == (language, detail)


def test_an_address_that_does_not_exist_is_a_problem_too(client, north):
    answer = client.get("/o/north/api/v1/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_is_written_as_one_likes(key, north, scheme):
    assert Client(headers={"Authorization": f"{scheme} {key}"}).get(ME).status_code == 200


def test_another_scheme_is_no_key(north):
    answer = Client(headers={"Authorization": "Basic b2xnYTpvbGdh"}).get(ME)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Wattledger"')
