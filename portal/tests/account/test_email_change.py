"""Another e-mail address: proved from both mailboxes, once, within the hour; and closing one's account."""

import os
import time

import pytest
from django.core import mail
from django.test import Client

from portal.tests.cast import PASSWORD, events
from portal.tests.links import through
from tenants.models import BrowserSession, Driver, Membership, User
from tenants.scoping import tenant_scope
from tenants.services.people import email_changes, memberships

ASK, CLOSE, NEW = "/account/email/", "/account/profile/close/", "new@example.com"


@pytest.fixture
def mail_server(settings):
    settings.EMAIL_HOST = "mail.example"


@pytest.fixture
def asked(mail_server, sign_in, dana, django_capture_on_commit_callbacks):
    """dana has asked; the link in the letter to her present mailbox."""
    return link_of(django_capture_on_commit_callbacks, lambda: sign_in(dana).post(ASK, {"email": "New@example.com"}))


@pytest.fixture
def agreed(asked, django_capture_on_commit_callbacks):
    """She has agreed; the link in the letter to the new mailbox."""
    client = Client()
    page = through(client, asked)
    return link_of(django_capture_on_commit_callbacks, lambda: client.post(page))


def link_of(capture, act):
    with capture(execute=True):
        answer = act()
    assert answer.status_code == 200, answer.content.decode()
    return next(word for word in mail.outbox[-1].body.split() if word.startswith("http://testserver"))


def test_the_address_changes_once_both_mailboxes_are_proved(agreed, dana, danas_driver, north):
    assert [letter.to for letter in mail.outbox] == [["dana@example.com"], [NEW]]
    client = Client()
    page = through(client, agreed)
    assert client.get(page).status_code == 200
    dana.refresh_from_db()
    assert dana.email == "dana@example.com", "looking changes nothing"
    assert client.post(page)["Location"] == "/account/sign-in/"
    dana.refresh_from_db()
    assert (dana.email, dana.email_proved_at is None) == (NEW, False)
    assert not BrowserSession.objects.filter(user=dana).exists()
    assert [entry.event for entry in events(north, "profile")] == ["profile.email_changed"]
    with tenant_scope(north.pk):
        assert Driver.objects.get(pk=danas_driver.pk).identity.email == NEW
    assert client.post("/account/sign-in/", {"email": NEW, "password": PASSWORD}).status_code == 302


def test_the_present_mailbox_alone_changes_nothing(asked, dana):
    client = Client()
    client.post(through(client, asked))
    assert client.post("/account/email/prove/").status_code == 410
    dana.refresh_from_db()
    assert dana.email == "dana@example.com"


def test_a_link_of_one_mailbox_is_none_of_the_other(asked):
    token = asked.rstrip("/").rpartition("/")[2]
    assert Client().get(f"/account/email/prove/{token}/").status_code == 410


@pytest.mark.parametrize("spoil", ["used", "old", "password", "forged"])
def test_a_link_ends(agreed, dana, monkeypatch, spoil):
    client = Client()
    page = through(client, agreed)
    if spoil == "used":
        assert client.post(page).status_code == 302
        client = Client()
        page = through(client, agreed)
    if spoil == "old":
        late = time.time() + email_changes.LIFETIME_S + 1
        monkeypatch.setattr(time, "time", lambda: late)
    if spoil == "password":
        dana.set_password("another long password")
        dana.save()
    if spoil == "forged":
        page = through(client, agreed[:-6] + "AAAAA/")
    assert client.post(page).status_code == 410


@pytest.mark.parametrize("is_marked_anew", [True, False])
def test_an_address_that_somebody_has_by_now_is_not_taken(agreed, dana, settings, is_marked_anew):
    User.objects.create_user(NEW, PASSWORD)
    if not is_marked_anew:
        settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    client = Client()
    answer = client.post(through(client, agreed))
    assert answer.status_code == 400
    dana.refresh_from_db()
    assert dana.email == "dana@example.com"


def test_one_s_own_address_is_no_change(mail_server, sign_in, dana):
    assert sign_in(dana).post(ASK, {"email": "DANA@example.com"}).status_code == 400
    assert not mail.outbox


def test_without_a_mail_server_somebody_has_to_help(sign_in, dana, settings):
    settings.EMAIL_HOST = ""
    page = sign_in(dana).post(ASK, {"email": NEW})
    assert "sends no e-mail" in page.content.decode()


def test_it_is_asked_for_with_a_fresh_proof(mail_server, sign_in, dana):
    client = sign_in(dana)
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert client.post(ASK, {"email": NEW})["Location"].startswith("/account/confirm/")


# Closing the account


def test_a_driver_closes_the_account_and_what_was_charged_stays(sign_in, dana, danas_driver, north):
    client = sign_in(dana)
    assert client.get(CLOSE).status_code == 200
    assert client.post(CLOSE)["Location"] == "/account/sign-in/"
    dana.refresh_from_db()
    assert (dana.is_active, dana.name, dana.has_usable_password()) == (False, "", False)
    assert "dana" not in dana.email
    assert not Membership.objects.filter(user=dana).exists()
    assert not BrowserSession.objects.filter(user=dana).exists()
    assert [entry.event for entry in events(north, "profile")] == ["profile.account_closed"]
    with tenant_scope(north.pk):
        driver = Driver.objects.select_related("identity").get(pk=danas_driver.pk)
        assert (driver.user_id, driver.identity.name) == (None, danas_driver.identity.name)
    assert Client().post("/account/sign-in/", {"email": "dana@example.com", "password": PASSWORD}).status_code == 400
    assert User.objects.create_user("dana@example.com", PASSWORD), "the address is free"


def test_the_only_owner_cannot_go_and_another_can(sign_in, olga, north):
    client = sign_in(olga)
    assert client.post(CLOSE).status_code == 200
    olga.refresh_from_db()
    assert olga.is_active
    assert Membership.objects.filter(user=olga).exists()
    other = User.objects.create_user("ove@example.com", PASSWORD)
    memberships.add(other, operator=north, role="owner")
    assert client.post(CLOSE).status_code == 302
    olga.refresh_from_db()
    assert not olga.is_active


def test_who_runs_the_instance_is_let_go_by_another_first(sign_in, petra):
    assert sign_in(petra).post(CLOSE).status_code == 200
    petra.refresh_from_db()
    assert petra.is_active
