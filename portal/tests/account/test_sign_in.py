import time

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP

from portal.tests.cast import PASSWORD
from portal.web.account import pending
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope
from tenants.services.proof import two_factor

SIGN_IN = "/account/sign-in/"
CHALLENGE = "/account/challenge/"
RECOVERY = "/account/challenge/recovery/"


def code_of(device, steps=0):
    device.refresh_from_db()
    oath = TOTP(device.seed, device.STEP_S, digits=device.DIGITS)
    oath.time = time.time() + steps * device.STEP_S
    return f"{oath.token():06d}"


def events(operator):
    with tenant_scope(operator.pk):
        return list(
            AuditEntry.objects.filter(event__regex=r"^(sign_in|second|password)")
            .order_by("pk")
            .values_list("event", flat=True)
        )


@pytest.fixture
def device(olga):
    return two_factor.authenticator(olga)


@pytest.fixture
def past_password(client, olga):
    answer = client.post(SIGN_IN, {"email": "Olga@Example.com", "password": PASSWORD, "next": "/o/north/audit/"})
    assert answer["Location"] == CHALLENGE
    return client


def test_the_password_alone_signs_nobody_with_a_device_in(past_password):
    assert "_auth_user_id" not in past_password.session
    assert past_password.get("/account/profile/").status_code == 302


def test_both_factors_sign_in_under_a_new_session_key_and_go_on_to_the_page_asked_for(
    past_password, device, olga, north
):
    before = past_password.session.session_key
    answer = past_password.post(CHALLENGE, {"code": code_of(device)})
    assert answer["Location"] == "/o/north/audit/"
    assert past_password.session.session_key != before
    assert past_password.get("/account/profile/").context["request"].user.is_verified()
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.get(event="sign_in.succeeded")
    assert (entry.actor_id, entry.remote_addr, entry.actor_email) == (olga.pk, "127.0.0.1", None)


def test_a_wrong_code_lets_nobody_in_and_leaves_a_trace(past_password, device, north):
    wrong = f"{(int(code_of(device)) + 1) % 1_000_000:06d}"
    answer = past_password.post(CHALLENGE, {"code": wrong})
    assert answer.status_code == 400
    assert "_auth_user_id" not in past_password.session
    assert events(north) == ["sign_in.wrong_code"]


def test_a_code_works_once(past_password, device, olga):
    code = code_of(device)
    assert past_password.post(CHALLENGE, {"code": code}).status_code == 302
    second = Client()
    second.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    assert second.post(CHALLENGE, {"code": code}).status_code == 400


def test_the_sixth_code_within_a_minute_is_not_looked_at(past_password, device):
    right = code_of(device)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    assert [past_password.post(CHALLENGE, {"code": wrong}).status_code for _ in range(5)] == [400] * 5
    answer = past_password.post(CHALLENGE, {"code": right})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60


def test_a_recovery_code_works_once_and_leads_to_the_profile(past_password, device, olga, north):
    code, *_ = two_factor.new_recovery_codes(olga)
    answer = past_password.post(RECOVERY, {"code": code.upper().replace("-", " ")})
    assert answer["Location"] == reverse("account:profile")
    assert past_password.get("/account/profile/").context["codes_left"] == 9
    assert events(north) == ["sign_in.recovery_code_used", "sign_in.succeeded"]
    second = Client()
    second.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    assert second.post(RECOVERY, {"code": code}).status_code == 400


def test_recovery_codes_are_not_stored_in_clear(olga, device):
    codes = two_factor.new_recovery_codes(olga)
    stored = list(olga.recovery_codes.values_list("code_hash", flat=True))
    assert len(set(stored)) == len(codes) == 10
    assert not {code.replace("-", "") for code in codes} & set(stored)


def test_waiting_too_long_between_the_factors_begins_again(past_password, device, monkeypatch):
    monkeypatch.setattr(pending, "LIFETIME_S", -1)
    assert past_password.post(CHALLENGE, {"code": code_of(device)})["Location"] == SIGN_IN


def test_a_changed_password_ends_the_wait(past_password, device, olga):
    olga.set_password("another password of hers")
    olga.save()
    assert past_password.post(CHALLENGE, {"code": code_of(device)})["Location"] == SIGN_IN


def test_the_challenge_is_closed_to_those_who_gave_no_password(client, device):
    assert client.get(CHALLENGE)["Location"] == SIGN_IN
    assert client.post(CHALLENGE, {"code": code_of(device)})["Location"] == SIGN_IN


def test_known_and_unknown_addresses_get_the_same_answer(client, olga, north):
    known = client.post(SIGN_IN, {"email": olga.email, "password": "not her password"})
    unknown = client.post(SIGN_IN, {"email": "nobody@example.com", "password": "not her password"})
    assert known.status_code == unknown.status_code == 400
    assert known.content.replace(b"olga@example.com", b"") != b""
    strip = lambda answer: answer.context["form"].errors  # noqa: E731
    assert strip(known) == strip(unknown)
    assert events(north) == ["sign_in.wrong_password"]


def test_the_eleventh_password_within_a_minute_is_not_looked_at(client, olga):
    for _ in range(10):
        assert client.post(SIGN_IN, {"email": olga.email, "password": "wrong"}).status_code == 400
    assert client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD}).status_code == 429


def test_an_inactive_person_cannot_sign_in(client, olga):
    olga.is_active = False
    olga.save()
    assert client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "nowhere"]
)
def test_a_foreign_next_page_is_ignored(client, dana, target):
    answer = client.post(SIGN_IN, {"email": dana.email, "password": PASSWORD, "next": target})
    assert answer["Location"] == reverse("account:operators")


def test_a_driver_without_a_device_signs_in_by_password(client, dana, north):
    client.post(SIGN_IN, {"email": dana.email, "password": PASSWORD})
    assert client.get("/account/profile/").status_code == 200
    assert events(north) == ["sign_in.succeeded"]


def test_a_person_s_language_comes_with_them(client, dana):
    dana.language = "sv"
    dana.save()
    answer = client.post(SIGN_IN, {"email": dana.email, "password": PASSWORD})
    assert answer.cookies["django_language"].value == "sv"


def test_signing_out_needs_a_post_and_ends_the_session(sign_in, olga, north):
    client = sign_in(olga)
    assert client.get("/account/sign-out/").status_code == 405
    answer = client.post("/account/sign-out/")
    assert (answer["Location"], answer["Clear-Site-Data"]) == ("/", '"storage"')
    assert client.get("/account/profile/").status_code == 302
    assert events(north) == ["sign_in.ended"]


def test_a_session_by_password_alone_is_stopped_once_a_device_exists_elsewhere(client, dana):
    client.force_login(dana)
    assert client.get("/account/profile/").status_code == 200
    device = two_factor.new_device(dana, name="phone")
    answer = client.get("/account/profile/")
    assert answer["Location"].startswith(CHALLENGE)
    before = client.session.session_key
    answer = client.post(CHALLENGE, {"code": code_of(device), "next": "/account/profile/"})
    assert answer["Location"] == "/account/profile/"
    assert client.session.session_key != before
    assert client.get("/account/profile/").status_code == 200
