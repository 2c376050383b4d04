import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.tests.account.test_sign_in import code_of, events
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from tenants import work
from tenants.models import BrowserSession, PasswordLetter, User
from tenants.services.proof import password_letters, password_links, two_factor

ASK = "/account/password/reset/"
NEW = "another long password"
BOTH = {"password": NEW, "again": NEW}


@pytest.fixture
def mail_server(settings):
    """A mail server."""
    settings.EMAIL_HOST = "mail.example"


def without_tokens(answer):
    return re.sub(rb"[A-Za-z0-9]{64}", b"", answer.content)


@pytest.fixture
def link(mail_server, olga):
    Client().post(ASK, {"email": "Olga@example.com"})
    work_the_letters(at=timezone.now())
    return next(word for word in mail.outbox[0].body.split() if word.startswith("http://testserver"))


def test_a_letter_with_a_link_goes_to_the_person(link, olga, north):
    assert mail.outbox[0].to == [olga.email]
    assert link.startswith("http://testserver/account/password/reset/")
    assert events(north) == ["password.reset_asked"]


def test_known_and_unknown_addresses_get_the_same_answer(mail_server, olga):
    known = Client().post(ASK, {"email": olga.email})
    unknown = Client().post(ASK, {"email": "nora@example.com"})
    work_the_letters(at=timezone.now())
    assert known.status_code == unknown.status_code == 200
    assert without_tokens(known).replace(b"olga", b"nora") == without_tokens(unknown)
    assert len(mail.outbox) == 1


@pytest.fixture
def elsewhere(olga, sign_in):
    """A browser in which olga was signed in before she asked for the link."""
    return sign_in(olga)


def test_the_link_sets_a_password_ends_all_sessions_and_does_not_pass_the_second_factor(elsewhere, link, olga, north):
    client = Client()
    assert client.get(through(client, link)).status_code == 200
    assert client.post(through(client, link), BOTH)["Location"] == "/account/sign-in/"
    assert not BrowserSession.objects.filter(user=olga).exists()
    assert elsewhere.get("/account/profile/").status_code == 302
    assert client.get("/account/profile/").status_code == 302, "the link signs nobody in"
    assert client.post("/account/sign-in/", {"email": olga.email, "password": NEW})["Location"] == "/account/challenge/"
    assert client.get("/o/north/").status_code == 302
    assert client.post("/account/challenge/", {"code": code_of(two_factor.authenticator(olga))}).status_code == 302
    olga.refresh_from_db()
    assert olga.email_proved_at is not None
    assert "password.reset" in events(north)


def test_the_link_works_once(link):
    client = Client()
    client.post(through(client, link), BOTH)
    assert client.get(through(client, link)).status_code == 410
    assert client.post(through(client, link), BOTH).status_code == 410


def test_the_link_ends_with_a_sign_in_or_a_new_password(link, dana, olga):
    person, token = password_links.NEW.parts(dana)
    Client().post("/account/sign-in/", {"email": dana.email, "password": PASSWORD})
    assert password_links.NEW.person_of(person, token=token) is None
    olga.set_password("a third password")
    olga.save()
    assert Client().get(link).status_code == 410


def test_the_link_ends_after_an_hour(link, monkeypatch):
    assert Client().get(link).status_code == 302
    monkeypatch.setattr(password_links.NEW, "lifetime", timedelta(seconds=-1))
    assert Client().get(link).status_code == 410


def test_a_weak_password_is_refused_and_the_link_still_works(link):
    client = Client()
    assert client.post(through(client, link), {"password": "short", "again": "short"}).status_code == 400
    assert client.post(through(client, link), {**BOTH, "again": "something else"}).status_code == 400
    assert client.post(through(client, link), BOTH).status_code == 302


@pytest.mark.parametrize("bad", ["x/y/", "MQ/x-y/", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5/a-b/", "%00/1-2/"])
def test_made_up_links_have_ended(link, bad):
    assert Client().get(f"{ASK}{bad}").status_code == 410


def test_without_a_mail_server_the_page_says_who_can_help_and_makes_no_link(olga, settings):
    settings.EMAIL_HOST = ""
    for answer in (Client().get(ASK), Client().post(ASK, {"email": olga.email})):
        text = answer.content.decode()
        assert "Ask an owner" in text
        assert 'name="email"' not in text
    assert mail.outbox == []


def test_asking_is_limited_by_person_and_by_address(mail_server, olga):
    answers = [Client().post(ASK, {"email": olga.email}).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    answers = [Client().post(ASK, {"email": f"person{n}@example.com"}).status_code for n in range(17)]
    assert answers == [200] * 16 + [429], "the refused one counted for the address too"


def test_links_with_secrets_are_opened_so_often_and_no_oftener(link):
    client = Client()
    answers = [client.get(f"{ASK}MQ/1-{n}/").status_code for n in range(31)]
    assert answers == [410] * 30 + [429]


def test_the_administrator_prints_a_link_and_the_operators_see_it(olga, north, capsys):
    call_command("password_link", "Olga@example.com", address="https://portal.example.com/")
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("https://portal.example.com/account/password/reset/")
    client = Client()
    page = through(client, printed.removeprefix("https://portal.example.com"))
    assert client.post(page, BOTH)["Location"] == "/account/sign-in/"
    assert events(north)[0] == "password.reset_link_printed"
    with pytest.raises(CommandError, match="Nobody"):
        call_command("password_link", "nobody@example.com")


def test_inactive_people_get_no_letter(mail_server, olga, django_capture_on_commit_callbacks):
    User.objects.filter(pk=olga.pk).update(is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        Client().post(ASK, {"email": olga.email})
    assert mail.outbox == []


def test_the_page_does_the_same_for_every_address(olga, settings):
    """So it cannot take longer for a known one; the worker looks, out of sight."""
    settings.EMAIL_HOST = "mail.example"
    said = []
    for email in (olga.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as asked:
            assert Client().post(ASK, {"email": email}).status_code == 200
        said.append([" ".join(query["sql"].split()[:3]) for query in asked])
    assert said[0] == said[1]
    assert not any("tenants_user" in part for part in said[0])


def test_what_waits_to_be_sent_names_nobody(olga, settings):
    settings.EMAIL_HOST = "mail.example"
    Client().post(ASK, {"email": olga.email})
    assert "olga" not in str(PasswordLetter.objects.values().get()).lower()


def test_a_mail_server_that_is_away_costs_no_letter(olga, settings, monkeypatch, north):
    settings.EMAIL_HOST = "mail.example"
    Client().post(ASK, {"email": olga.email})
    with monkeypatch.context() as away:
        away.setattr("tenants.services.mail.send_mail", _refuse)
        work_the_letters(at=timezone.now())
    assert mail.outbox == events(north) == []
    work_the_letters(at=timezone.now() + work.FIRST_DELAY * 2)
    work_the_letters(at=timezone.now() + work.FIRST_DELAY * 4)
    assert [letter.to for letter in mail.outbox] == [[olga.email]]
    assert events(north) == ["password.reset_asked"]
    assert not PasswordLetter.objects.exists()


def test_a_letter_that_comes_too_late_is_not_sent(olga, settings):
    settings.EMAIL_HOST = "mail.example"
    Client().post(ASK, {"email": olga.email})
    work_the_letters(at=timezone.now() + password_links.NEW.lifetime + timedelta(seconds=1))
    assert mail.outbox == []
    assert not PasswordLetter.objects.exists()


def test_what_was_set_aside_is_forgotten_after_a_day(olga, settings):
    settings.EMAIL_HOST = "mail.example"
    Client().post(ASK, {"email": olga.email})
    password_letters.forget(at=timezone.now() + timedelta(hours=23))
    assert PasswordLetter.objects.exists()
    password_letters.forget(at=timezone.now() + timedelta(hours=25))
    assert not PasswordLetter.objects.exists()


def work_the_letters(*, at):
    while work.do_next(work.kind_named("password_letter"), None, clock=lambda: at):
        pass


def _refuse(*_, **__):
    raise ConnectionRefusedError("the mail server is away")
