"""Who guesses from where: one line keeps nobody out, and has one count however many addresses it has."""

import pytest
from django.test import Client

from portal.gate import throttle
from portal.gate.throttle import Limit
from portal.tests.cast import PASSWORD
from tenants.models import AuditEntry, BrowserSession
from tenants.scoping import tenant_scope

SIGN_IN = "/account/sign-in/"
RESET = "/account/password/reset/"
WRONG = "wrong wrong wrong"


def attempt(user, address, password=WRONG):
    answer = Client(REMOTE_ADDR=address).post(SIGN_IN, {"email": user.email, "password": password})
    return answer.status_code


def test_a_guesser_elsewhere_keeps_nobody_out(dana):
    assert [attempt(dana, "203.0.113.7") for _ in range(11)] == [400] * 10 + [429]
    assert attempt(dana, "203.0.113.7", PASSWORD) == 429
    assert attempt(dana, "192.0.2.9", PASSWORD) == 302


def test_the_addresses_of_one_line_have_one_count(dana):
    assert [attempt(dana, f"2001:db8:1:2::{n:x}") for n in range(11)] == [400] * 10 + [429]
    assert attempt(dana, "2001:db8:1:3::1", PASSWORD) == 302


def test_a_person_has_one_large_count_from_everywhere(dana, monkeypatch):
    monkeypatch.setattr(throttle, "PASSWORD_OF_PERSON_ANYWHERE", Limit("test-anywhere", burst=4, every_s=60))
    assert [attempt(dana, f"203.0.113.{n}") for n in range(6)] == [400] * 4 + [429] * 2
    assert throttle.PASSWORD_OF_PERSON.burst * 10 <= 100


def test_who_is_signed_in_has_a_count_that_strangers_do_not_use_up(dana, sign_in, monkeypatch):
    monkeypatch.setattr(throttle, "PASSWORD_OF_PERSON_ANYWHERE", Limit("test-within", burst=1, every_s=60))
    assert [attempt(dana, f"203.0.113.{n}") for n in range(2)] == [400, 429]
    client = sign_in(dana)
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 302
    new = "a sentence nobody knows"
    answer = client.post("/account/password/", {"present": PASSWORD, "password": new, "again": new})
    assert answer.status_code == 302


def test_asking_for_links_is_counted_the_same_way(dana, settings, monkeypatch):
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr(throttle, "RESET_OF_PERSON_ANYWHERE", Limit("test-reset", burst=5, every_s=600))

    def ask(address):
        return Client(REMOTE_ADDR=address).post(RESET, {"email": dana.email}).status_code

    assert [ask("203.0.113.7") for _ in range(4)] == [200] * 3 + [429]
    assert [ask("2001:db8::1"), ask("192.0.2.9"), ask("192.0.2.10")] == [200, 200, 429]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("203.0.113.7:41234", "203.0.113.7"), ("[2001:db8::7]:443", "2001:db8::7"), ("unknown", None), ("x" * 300, None)],
)
def test_what_a_proxy_says_is_read_or_left(said, kept, dana, north, settings):
    settings.TRUSTED_PROXIES = 1
    client = Client(headers={"X-Forwarded-For": said})
    assert client.post(SIGN_IN, {"email": dana.email, "password": WRONG}).status_code == 400
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="sign_in.wrong_password").latest("pk").remote_addr == kept
    assert client.post(SIGN_IN, {"email": dana.email, "password": PASSWORD}).status_code == 302
    assert BrowserSession.objects.get(user=dana).address == kept


@pytest.mark.parametrize(("proxies", "is_believed"), [(0, False), (1, True)])
def test_a_number_of_the_request_is_taken_from_one_s_own_proxy_only(proxies, is_believed, db, settings):
    settings.TRUSTED_PROXIES = proxies
    answer = Client().get(SIGN_IN, headers={"X-Request-Id": "another-s-request"})
    assert (answer["X-Request-Id"] == "another-s-request") is is_believed
