"""What somebody sent when their sign-in was over, or with a form that had become old: nothing typed is lost."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from portal.gate import kept
from portal.tests.cast import PASSWORD
from tenants.models import BrowserSession
from tenants.services.proof import two_factor

NEW_DRIVER = "/o/north/drivers/new/"
TYPED = {"name": "Karin Boye", "city": "Alingsås", "note": "Two\nlines"}
FROM_OURS = {"HTTP_REFERER": f"http://testserver{NEW_DRIVER}"}


def too_late(client):
    key = client.cookies["wattledger_session"].value
    long_ago = timezone.now() - timedelta(hours=2)
    BrowserSession.objects.filter(session_key=key).update(last_seen_at=long_ago)


def sign_in_again(client, user, target):
    answer = client.post("/account/sign-in/", {"email": user.email, "password": PASSWORD, "next": target})
    if answer["Location"].startswith("/account/challenge/"):
        device = two_factor.authenticator(user)
        assert device is not None
        code = f"{TOTP(device.seed, device.STEP_S, digits=device.DIGITS).token():06d}"
        answer = client.post("/account/challenge/", {"code": code})
    return answer


@pytest.fixture
def sent_too_late(otto, sign_in, north):
    """A browser in which Otto sent a form after his time was over, and the page it is led to."""
    client = sign_in(otto)
    too_late(client)
    asked = client.post(NEW_DRIVER, TYPED, **FROM_OURS)
    assert asked["Location"] == "/account/sign-in/?next=%2Faccount%2Fkept%2F"
    return client


def test_who_signs_in_again_finds_what_they_sent(sent_too_late, otto):
    client = sent_too_late
    assert "You were signed out" in client.get("/account/sign-in/").content.decode()
    answer = sign_in_again(client, otto, "/account/kept/")
    assert answer["Location"] == "/account/kept/"
    page = client.get("/account/kept/").content.decode()
    assert "data-sends-at-once" not in page
    assert f'action="{NEW_DRIVER}"' in page
    assert 'name="name" value="Karin Boye"' in page
    assert 'name="note" value="Two\nlines"' in page
    assert "<li>Alingsås</li>" in page


def test_another_person_at_the_same_browser_never_sees_it(sent_too_late, fina):
    answer = sign_in_again(sent_too_late, fina, "/account/kept/")
    assert answer["Location"] == "/account/kept/"
    page = sent_too_late.get("/account/kept/")
    assert page["Location"] == "/account/operators/"
    assert "kept" not in sent_too_late.session


def test_it_is_encrypted_at_rest(sent_too_late):
    (row,) = BrowserSession.objects.filter(user=None)
    assert "Karin" not in str(row.get_decoded())


def test_it_is_kept_for_half_an_hour(sent_too_late, otto, monkeypatch):
    now = time.time()
    sign_in_again(sent_too_late, otto, "/account/kept/")
    monkeypatch.setattr(time, "time", lambda: now + kept.LASTS_S + 1)
    assert sent_too_late.get("/account/kept/")["Location"] == "/account/operators/"


def test_a_preview_that_asks_by_itself_takes_nothing_away(otto, sign_in, north):
    client = sign_in(otto)
    too_late(client)
    client.post(NEW_DRIVER, {"name": "Half"}, HTTP_HX_REQUEST="true", **FROM_OURS)
    asked = client.post(NEW_DRIVER, TYPED, **FROM_OURS)
    assert asked["Location"] == "/account/sign-in/?next=%2Faccount%2Fkept%2F"
    sign_in_again(client, otto, "/account/kept/")
    assert "Karin Boye" in client.get("/account/kept/").content.decode()


def test_of_pages_about_passwords_nothing_is_kept(otto, sign_in):
    client = sign_in(otto)
    too_late(client)
    here = "/account/password/"
    sent = {"old": PASSWORD, "new": "another long password"}
    asked = client.post(here, sent, HTTP_REFERER=f"http://testserver{here}")
    assert asked["Location"] == "/account/sign-in/?next=%2Faccount%2Fpassword%2F"
    assert "kept" not in client.session


def test_too_long_a_form_leads_back_to_its_page(otto, sign_in, north):
    client = sign_in(otto)
    too_late(client)
    asked = client.post(NEW_DRIVER, {"note": "x" * (kept.MOST_LETTERS + 1)}, **FROM_OURS)
    assert asked["Location"] == f"/account/sign-in/?next={NEW_DRIVER.replace('/', '%2F')}"


def test_where_the_sign_in_is_gone_the_page_itself_keeps_it(otto, sign_in, north):
    client = sign_in(otto)
    BrowserSession.objects.all().delete()
    answer = client.post(NEW_DRIVER, TYPED, **FROM_OURS)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Karin Boye" in page
    assert "Sign in in another tab" in page
    assert not BrowserSession.objects.exists()


def test_who_was_signed_out_elsewhere_is_told(otto, sign_in, north):
    client = sign_in(otto)
    BrowserSession.objects.all().delete()
    page = client.get("/o/north/drivers/", follow=True).content.decode()
    assert "You have been signed out: from another browser" in page


# A form whose mark against forged requests is old


def checking(client):
    """The same browser, whose forms are checked."""
    checked = Client(enforce_csrf_checks=True)
    checked.cookies = client.cookies
    return checked


def test_a_form_that_became_old_is_offered_again(otto, sign_in, north):
    client = checking(sign_in(otto))
    answer = client.post(NEW_DRIVER, TYPED, HTTP_ORIGIN="http://testserver", **FROM_OURS)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "The form could not be accepted" in page
    assert 'name="name" value="Karin Boye"' in page
    token = page.split('csrfmiddlewaretoken" value="')[-1].split('"')[0]
    sent = client.post(NEW_DRIVER, {**TYPED, "csrfmiddlewaretoken": token}, HTTP_ORIGIN="http://testserver")
    assert sent.status_code != 403


def test_what_another_site_sent_is_not_offered(otto, sign_in, north):
    client = checking(sign_in(otto))
    for claim in ({"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_ORIGIN": "null", **FROM_OURS}, {}):
        answer = client.post(NEW_DRIVER, TYPED, **claim)
        assert answer.status_code == 403
        assert "Karin" not in answer.content.decode()


def test_an_old_sign_in_page_keeps_no_password(otto, db):
    client = Client(enforce_csrf_checks=True)
    sent = {"email": otto.email, "password": PASSWORD}
    answer = client.post("/account/sign-in/", sent, HTTP_ORIGIN="http://testserver")
    assert (answer.status_code, PASSWORD in answer.content.decode()) == (403, False)


# The address of a button


def test_the_address_of_a_button_has_a_page(olga, sign_in, north):
    answer = sign_in(olga).get("/o/north/people/view-as/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address belongs to a button" in answer.content.decode()
