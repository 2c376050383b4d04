"""Redis is away: nobody is let in, in words; and whoever is in goes on working."""

import pytest
from django_otp_webauthn.models import WebAuthnCredential

from portal.gate import throttle
from portal.tests.account.test_sign_in import CHALLENGE, SIGN_IN
from portal.tests.cast import PASSWORD
from tenants.models import Invitation


@pytest.fixture
def dead_redis(settings):
    """An address where nothing listens."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    throttle._server.cache_clear()
    throttle._script.cache_clear()
    yield
    throttle._server.cache_clear()
    throttle._script.cache_clear()


def test_the_right_password_is_answered_503_and_lets_nobody_in(client, olga, dead_redis):
    answer = client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    assert answer.status_code == 503
    assert "temporarily closed" in answer.content.decode()
    assert answer["Retry-After"] == "30"
    assert "_auth_user_id" not in client.session
    assert "pending" not in client.session


@pytest.mark.parametrize("path", ["/account/second-factor/", "/account/passkeys/use/options/"])
def test_so_are_factors(sign_in, olga, path, settings, client, dead_redis):
    WebAuthnCredential.objects.create(user=olga, name="key", credential_id=b"1", public_key=b"2")
    assert sign_in(olga).post(path, {"code": "123456"}).status_code == 503


def test_the_challenge_is_closed_too(client, olga, settings):
    client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    throttle._server.cache_clear()
    throttle._script.cache_clear()
    try:
        assert client.post(CHALLENGE, {"code": "123456"}).status_code == 503
    finally:
        throttle._server.cache_clear()
        throttle._script.cache_clear()


def test_who_is_in_goes_on_working(sign_in, olga, dead_redis):
    assert sign_in(olga).get("/account/profile/").status_code == 200


def test_the_pages_of_signing_in_can_be_looked_at(client, dead_redis, db):
    assert client.get(SIGN_IN).status_code == 200


def test_no_invitation_is_mailed_uncounted(sign_in, olga, settings, dead_redis):
    settings.EMAIL_HOST = "mail.example"
    answer = sign_in(olga).post("/o/north/invitations/new/", {"email": "a@example.com", "role": "finance"})
    assert "Try again in a minute." in str(answer.context["form"].errors)
    assert not Invitation.objects.exists()
