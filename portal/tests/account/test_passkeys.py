import json

import pytest
from django.test import Client
from django_otp_webauthn.models import WebAuthnCredential

from portal.tests.account.soft_key import SoftKey
from portal.tests.account.test_second_factor import stale
from portal.tests.account.test_sign_in import events
from portal.tests.cast import PASSWORD
from tenants.models import RecoveryCode, TotpDevice
from tenants.services.proof import two_factor

NEW, NEW_OPTIONS = "/account/passkeys/new/", "/account/passkeys/new/options/"
USE, USE_OPTIONS = "/account/passkeys/use/", "/account/passkeys/use/options/"
SIGN_IN, CHALLENGE, RECOVERY = "/account/sign-in/", "/account/challenge/", "/account/challenge/recovery/"


def enrol(client, key, name="Blue key"):
    return client.post(NEW, {"name": name, "answer": key.make(client.post(NEW_OPTIONS).json())})


def past_password(user):
    client = Client()
    assert client.post(SIGN_IN, {"email": user.email, "password": PASSWORD})["Location"] == CHALLENGE
    return client


def use(client, key, **more):
    return client.post(USE, {"answer": key.use(client.post(USE_OPTIONS).json()), **more})


def is_signed_in(client):
    return "_auth_user_id" in client.session


@pytest.fixture
def key():
    return SoftKey()


@pytest.fixture
def only_key(olga, key):
    """Olga's only factor is a passkey."""
    TotpDevice.objects.all().delete()
    client = Client()
    client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    assert len(enrol(client, key).context["codes"]) == 10
    return olga


def test_the_first_passkey_brings_recovery_codes_and_a_new_session_key(olga, key, north):
    TotpDevice.objects.all().delete()
    client = Client()
    client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    assert client.get("/o/north/audit/")["Location"].startswith("/account/second-factor/")
    before = client.session.session_key
    assert enrol(client, key).status_code == 200
    assert client.session.session_key != before
    assert client.get("/o/north/audit/").status_code == 200
    assert WebAuthnCredential.objects.get().name == "Blue key"
    assert events(north)[-2:] == ["second_factor.enrolled", "second_factor.recovery_codes_made"]


def test_a_further_passkey_leaves_the_recovery_codes_alone(sign_in, olga, key, north):
    two_factor.new_recovery_codes(olga)
    answer = enrol(sign_in(olga), key)
    assert answer["Location"] == "/account/profile/"
    assert RecoveryCode.objects.filter(user=olga, used_at=None).count() == 10
    assert events(north) == ["second_factor.added"]


def test_password_and_passkey_sign_in_under_a_new_session_key(only_key, key, north):
    client = past_password(only_key)
    before = client.session.session_key
    answer = use(client, key, next="/o/north/audit/")
    assert answer["Location"] == "/o/north/audit/"
    assert client.session.session_key != before
    assert client.get("/account/profile/").context["request"].user.is_verified()
    assert events(north)[-1] == "sign_in.succeeded"


def test_a_passkey_alone_opens_nothing(only_key, key):
    stranger = Client()
    assert stranger.post(USE_OPTIONS).status_code == 400
    options = past_password(only_key).post(USE_OPTIONS).json()
    assert stranger.post(USE, {"answer": key.use(options)})["Location"] == SIGN_IN
    assert not is_signed_in(stranger)


def test_past_the_password_every_page_is_as_closed_as_to_a_stranger(only_key):
    """The wall of every URL of an operator stands in test_matrix."""
    client = past_password(only_key)
    for path in ("/o/north/", "/o/north/people/", "/account/profile/", NEW):
        for ask in (client.get, client.post):
            assert ask(path)["Location"].startswith(SIGN_IN)
    assert not is_signed_in(client)


def test_a_code_is_not_asked_for_where_there_is_no_authenticator(only_key):
    client = past_password(only_key)
    page = client.get(CHALLENGE).content.decode()
    assert 'data-passkey="use"' in page
    assert 'name="code"' not in page
    assert client.post(CHALLENGE, {"code": "123456"}).status_code == 400


def test_a_recovery_code_lets_in_who_has_only_a_passkey(only_key):
    (code, *_) = two_factor.new_recovery_codes(only_key)
    client = past_password(only_key)
    assert client.post(RECOVERY, {"code": code})["Location"] == "/account/profile/"
    assert client.get("/o/north/").status_code == 200


def test_a_challenge_is_used_once(only_key, key):
    client = past_password(only_key)
    answer = key.use(client.post(USE_OPTIONS).json())
    client.post(USE, {"answer": "{}"})
    client.post(USE, {"answer": answer})
    assert not is_signed_in(client)


def test_an_answer_to_another_browser_s_challenge_is_refused(only_key, key):
    one, other = past_password(only_key), past_password(only_key)
    options = one.post(USE_OPTIONS).json()
    other.post(USE_OPTIONS)
    other.post(USE, {"answer": key.use(options)})
    assert not is_signed_in(other)


@pytest.mark.parametrize("lie", ["origin", "domain", "counter", "private"])
def test_another_site_an_older_counter_or_a_foreign_key_is_refused(only_key, key, lie, north):
    assert is_signed_in_after(use, past_password(only_key), key)
    lies = {
        "origin": "https://evil.example",
        "domain": "evil.example",
        "counter": -1 + key.counter,
        "private": SoftKey().private,
    }
    setattr(key, lie, lies[lie])
    client = past_password(only_key)
    assert use(client, key)["Location"] == CHALLENGE
    assert not is_signed_in(client)
    assert events(north)[-1] == "sign_in.wrong_passkey"


def is_signed_in_after(act, client, *arguments):
    act(client, *arguments)
    return is_signed_in(client)


def test_another_person_s_passkey_is_refused(only_key, otto, sign_in):
    his = SoftKey()
    enrol(sign_in(otto), his)
    client = past_password(only_key)
    use(client, his)
    assert not is_signed_in(client)


def test_a_removed_passkey_is_refused(only_key, key, sign_in):
    second = SoftKey()
    client = sign_in(only_key)
    enrol(client, second, "Second")
    held = WebAuthnCredential.objects.get(name="Blue key")
    assert client.post(f"/account/passkeys/{held.credential_id_sha256}/remove/")["Location"] == "/account/profile/"
    assert client.get("/o/north/").status_code == 200, "the session goes on with the one that is left"
    waiting = past_password(only_key)
    use(waiting, key)
    assert not is_signed_in(waiting)


def test_the_same_key_is_registered_once_and_belongs_to_one_person(only_key, key, otto, sign_in):
    assert enrol(sign_in(only_key), key).status_code == 400
    assert enrol(sign_in(otto), key).status_code == 400
    assert WebAuthnCredential.objects.count() == 1


@pytest.mark.parametrize("lie", ["origin", "domain"])
def test_a_key_made_for_another_site_is_not_registered(sign_in, olga, lie):
    key = SoftKey(**{lie: "https://evil.example" if lie == "origin" else "evil.example"})
    assert enrol(sign_in(olga), key).status_code == 400
    assert not WebAuthnCredential.objects.exists()


@pytest.mark.parametrize(
    "answer",
    ["", "no json", "[]", "{}", '{"id": 1}', "[" * 5000, '{"id": "' + "x" * 30_000 + '"}', '{"id":"a","rawId":"a"}'],
)
def test_nonsense_is_refused_in_words(only_key, sign_in, answer):
    waiting = past_password(only_key)
    waiting.post(USE_OPTIONS)
    assert waiting.post(USE, {"answer": answer})["Location"] == CHALLENGE
    client = sign_in(only_key)
    client.post(NEW_OPTIONS)
    assert client.post(NEW, {"name": "x", "answer": answer}).status_code == 400


def test_damaged_answers_are_refused_in_words(only_key, key):
    client = past_password(only_key)
    whole = json.loads(key.use(client.post(USE_OPTIONS).json()))
    for field in whole["response"]:
        for damage in ("", "AAAA", "%%%", "\u00e5", whole["response"][field][:20]):
            client.post(USE_OPTIONS)
            hurt = {**whole, "response": {**whole["response"], field: damage}}
            assert client.post(USE, {"answer": json.dumps(hurt)}).status_code in {302, 429}
    assert not is_signed_in(client)


def test_passkey_attempts_are_limited_with_the_codes(only_key, key):
    client = past_password(only_key)
    answers = [client.post(USE, {"answer": "{}"}).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]
    assert use(client, key).status_code == 429


def test_a_passkey_is_a_fresh_proof(only_key, key, sign_in, north):
    client = stale(sign_in(only_key))
    assert client.get(NEW)["Location"].startswith("/account/confirm/")
    before = client.session.session_key
    assert use(client, key, next=NEW)["Location"] == NEW
    assert client.get(NEW).status_code == 200
    assert client.session.session_key != before
    assert events(north)[-1] == "sign_in.proved_again"
    stale(client)
    key.counter = 0
    assert use(client, key, next=NEW)["Location"].startswith("/account/confirm/")
    assert client.get(NEW).status_code == 302


def test_passkeys_are_named_and_renamed(only_key, sign_in):
    held = WebAuthnCredential.objects.get()
    client = sign_in(only_key)
    path = f"/account/passkeys/{held.credential_id_sha256}/"
    assert client.post(path, {"name": " "}).status_code == 400
    client.post(path, {"name": "Phone"})
    assert "Phone" in client.get("/account/profile/").content.decode()
    assert client.get("/account/passkeys/x/").status_code == 404


def test_another_person_s_passkey_is_not_found(only_key, otto, sign_in):
    held = WebAuthnCredential.objects.get()
    client = sign_in(otto)
    for path in ("", "remove/"):
        assert client.post(f"/account/passkeys/{held.credential_id_sha256}/{path}", {"name": "x"}).status_code == 404


def test_the_only_passkey_of_staff_stays(only_key, sign_in):
    held = WebAuthnCredential.objects.get()
    assert sign_in(only_key).post(f"/account/passkeys/{held.credential_id_sha256}/remove/").status_code == 403
    assert WebAuthnCredential.objects.exists()


def test_there_are_no_passkeys_at_a_bare_address(sign_in, olga):
    client = sign_in(olga)
    page = client.get(NEW, HTTP_HOST="127.0.0.1:8105").content.decode()
    assert "http://localhost:8105/account/passkeys/new/" in page
    assert client.post(NEW_OPTIONS, HTTP_HOST="127.0.0.1:8105").status_code == 400


def test_production_names_its_domain(sign_in, olga, settings):
    settings.PORTAL_DOMAIN, settings.PORTAL_ORIGINS = "portal.example.com", ["https://portal.example.com"]
    client = sign_in(olga)
    assert client.post(NEW_OPTIONS).json()["rp"]["id"] == "portal.example.com"
    assert enrol(client, SoftKey()).status_code == 400
    key = SoftKey("https://portal.example.com", "portal.example.com")
    assert enrol(client, key).status_code == 302


def test_no_more_than_ten(sign_in, olga):
    client = sign_in(olga)
    for number in range(10):
        assert enrol(client, SoftKey(), f"Key {number}").status_code == 302
    assert "ten passkeys" in client.post(NEW_OPTIONS).json()["error"]
