"""Guessing and replaying at the same moment: real threads, each with its own connection, and a real Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test import Client

from portal.gate import throttle
from portal.tests.account.test_sign_in import CHALLENGE, SIGN_IN, code_of
from portal.tests.cast import PASSWORD
from portal.web.account import challenge, passkey_site
from tenants.models import TotpDevice
from tenants.services.proof import two_factor

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16


def at_once(act, times):
    """What each of so many calls returned, made by threads that let go of their connections."""

    def call(number):
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, range(times)))


def past_password(user):
    client = Client()
    client.post(SIGN_IN, {"email": user.email, "password": PASSWORD})
    return client


def test_a_hundred_wrong_codes_at_once_admit_exactly_the_allowed_number(olga):
    device = two_factor.authenticator(olga)
    wrong = f"{(int(code_of(device)) + 1) % 1_000_000:06d}"
    clients = [past_password(olga) for _ in range(10)]  # as many as the password's limit lets begin
    statuses = at_once(lambda n: clients[n % 10].post(CHALLENGE, {"code": wrong}).status_code, 100)
    assert statuses.count(400) == throttle.CODE_OF_PERSON.burst
    assert statuses.count(429) == 100 - throttle.CODE_OF_PERSON.burst


def test_of_a_thousand_copies_of_a_code_at_once_one_is_taken(olga):
    code = code_of(two_factor.authenticator(olga))

    def is_taken(_number):
        try:
            return two_factor.verify(olga, code=code) is not None
        except two_factor.Paused:
            return False

    assert sum(at_once(is_taken, 1000)) == 1


def test_the_update_decides_even_for_those_who_read_the_device_before(olga):
    """A thousand copies of the row, read before any code was used: what protects is the write alone."""
    device = TotpDevice.objects.get(user=olga)
    code = code_of(device)
    copies = [TotpDevice.objects.get(pk=device.pk) for _ in range(1000)]
    answers = at_once(lambda number: copies[number].verify_token(code), 1000)
    assert sum(answers) == 1


def test_of_many_copies_of_a_recovery_code_at_once_one_is_taken(olga):
    code, *_ = two_factor.new_recovery_codes(olga)
    answers = at_once(lambda _: two_factor.verify_recovery(olga, code=code) is not None, 200)
    assert sum(answers) == 1


def test_of_many_who_take_a_challenge_one_gets_it(olga):
    word = throttle.remember("{}", for_s=passkey_site.LIFETIME_S)
    assert sum(found is not None for found in at_once(lambda _: throttle.take(word), 200)) == 1


def test_a_failure_is_counted_even_when_the_request_fails_afterwards(olga, monkeypatch):
    """The page breaks after the check: what the check wrote stays, in PostgreSQL and in Redis."""
    device = TotpDevice.objects.get(user=olga)
    client = past_password(olga)
    client.raise_request_exception = False

    def fail(*_args, **_kwargs):
        raise RuntimeError("after the check")

    monkeypatch.setattr(challenge, "render", fail)
    assert client.post(CHALLENGE, {"code": f"{(int(code_of(device)) + 1) % 1_000_000:06d}"}).status_code == 500
    device.refresh_from_db()
    assert device.throttling_failure_count == 1
    assert throttle._server().get(throttle._key(throttle.CODE_OF_PERSON, olga.pk)) is not None


def test_a_check_inside_another_transaction_is_refused_as_it_could_be_rolled_back(olga):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        two_factor.verify(olga, code="123456")
