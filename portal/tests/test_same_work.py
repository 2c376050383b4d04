"""What nobody may learn from how long an answer takes: the work is counted, as a machine's time is not."""

import contextlib
import re
import threading

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_otp_webauthn.models import WebAuthnCredential

from tenants import api_secret
from tenants.models import AuditEntry, User
from tenants.scoping import tenant_scope
from tenants.services.people import memberships
from tenants.services.proof import two_factor


@pytest.fixture
def hashed(monkeypatch):
    """How often a password was hashed."""
    counted, encode = [], MD5PasswordHasher.encode

    def count(*given):
        counted.append(1)
        return encode(*given)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)
    return counted


def work(act):
    """The statements of the act, without their values."""
    with CaptureQueriesContext(connection) as asked:
        act()
    # What is taken back ends its savepoint by one word more.
    asked_for = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    return [re.sub(r"'[^']*'|\d+", "?", sql).split("WHERE")[0][:60] for sql in asked_for]


def test_a_wrong_password_costs_the_same_for_nobody(olga, hashed):
    def attempt(email):
        answer = Client().post("/account/sign-in/", {"email": email, "password": "wrong wrong wrong"})
        assert answer.status_code == 400

    attempt("first@example.com")
    hashed.clear()
    known = work(lambda: attempt(olga.email))
    assert len(hashed) == 1
    unknown = work(lambda: attempt("nobody@example.com"))
    assert len(hashed) == 2
    assert known == unknown


def test_a_wrong_key_costs_the_same_at_an_operator_that_is_none(north):
    key = api_secret.written(api_secret.new_key_id(), api_secret.new_secret())

    def ask(slug):
        answer = Client().get(f"/o/{slug}/api/v1/me", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 401
        return {name: said for name, said in answer.json().items() if name not in {"instance", "request", "request_id"}}

    ask("north")
    known, unknown = work(lambda: ask("north")), work(lambda: ask("nosuch"))
    assert known == unknown
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="key.refused").count() == 2
    assert ask("north") == ask("nosuch")


def test_a_stranger_costs_the_same_at_an_operator_that_is_none(north, sven, sign_in):
    client = sign_in(sven)

    def ask(slug):
        assert client.get(f"/o/{slug}/").status_code == 404

    ask("north")
    assert work(lambda: ask("north")) == work(lambda: ask("nosuch"))
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="access.stranger").count() == 2


def _passkey(user):
    facts = {"name": "key", "credential_id": b"1", "public_key": b"2"}
    return WebAuthnCredential.objects.create(user=user, confirmed=True, **facts)


@pytest.mark.django_db(transaction=True)
def test_of_two_factors_that_are_removed_at_once_one_stays(north):
    user = User.objects.create_user("fina@example.com", None)
    memberships.add(user, operator=north, role="finance")
    for _ in range(5):
        two_factor.remove_all(user)
        held = [two_factor.new_device(user), _passkey(user)]
        ready = threading.Barrier(2)

        def remove(device, ready=ready):
            with contextlib.suppress(two_factor.LastRequired):
                ready.wait(20)
                two_factor.remove(device)
            connection.close()

        threads = [threading.Thread(target=remove, args=(device,)) for device in held]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert two_factor.device(user) is not None
