"""Where a person is signed in: what a browser's session knows, when it is over, and how it is ended."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP

from portal.middleware.browser_session import in_words
from portal.tests.cast import PASSWORD
from portal.words import browsers as browser_words
from tenants.models import AuditEntry, BrowserSession, Membership
from tenants.scoping import tenant_scope
from tenants.services.people import memberships
from tenants.services.proof import browser_sessions, two_factor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SESSIONS = "/account/sessions/"


def session_of(client):
    return BrowserSession.objects.get(session_key=client.cookies["wattledger_session"].value)


def move(client, **facts):
    BrowserSession.objects.filter(pk=session_of(client).pk).update(**facts)


def ago(**time):
    return timezone.now() - timedelta(**time)


def writes(queries):
    return [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def code(user):
    device: Any = two_factor.authenticator(user)
    totp = TOTP(device.seed, device.STEP_S, digits=device.DIGITS)
    return f"{totp.token():06d}"


# What a row knows


def test_who_only_looks_at_public_pages_has_no_session(db):
    client = Client()
    for page in (reverse("home"), reverse("account:sign_in"), "/healthz"):
        client.get(page)
    assert not BrowserSession.objects.exists()
    assert "wattledger_session" not in client.cookies


def test_signing_in_notes_person_address_and_browser(dana):
    client = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.44")
    client.post(reverse("account:sign_in"), {"email": dana.email, "password": PASSWORD})
    row = BrowserSession.objects.get()
    assert (row.user, row.address, row.user_agent) == (dana, "192.0.2.44", FIREFOX)
    assert timezone.now() - row.created_at < timedelta(seconds=20)


def test_the_time_of_a_sign_in_counts_from_the_second_factor(olga):
    client = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.44")
    client.post(reverse("account:sign_in"), {"email": olga.email, "password": PASSWORD})
    assert session_of(client).user is None
    move(client, created_at=ago(minutes=3), last_seen_at=ago(minutes=3))
    client.post(reverse("account:challenge"), {"code": code(olga)})
    row = session_of(client)
    assert (row.user, row.user_agent) == (olga, FIREFOX)
    assert row.created_at > ago(minutes=1)


def test_a_page_writes_nothing_of_the_session_and_the_next_minute_one_update(olga, sign_in):
    client = sign_in(olga)
    page = reverse("account:profile")
    client.get(page)
    with CaptureQueriesContext(
        connection,
    ) as same_minute:
        client.get(page)
    assert [sql for sql in writes(same_minute) if "browsersession" in sql] == []
    move(client, last_seen_at=ago(seconds=61))
    with CaptureQueriesContext(connection) as next_minute:
        client.get(page, HTTP_USER_AGENT=FIREFOX)
    assert len([sql for sql in writes(next_minute) if "browsersession" in sql]) == 1
    assert session_of(client).last_seen_at > ago(seconds=20)
    assert session_of(client).user_agent == FIREFOX


def test_saving_keeps_what_the_row_is_known_by(olga, sign_in):
    client = sign_in(olga)
    before = session_of(client)
    session = client.session
    session["more"] = 1
    with CaptureQueriesContext(connection) as saving:
        session.save()
    after = session_of(client)
    assert (after.public_id, after.created_at) == (before.public_id, before.created_at)
    assert len(saving) == 1


def test_that_somebody_was_seen_outlives_a_page_that_fails(olga, sign_in, north):
    client = sign_in(olga)
    move(client, last_seen_at=ago(minutes=5))
    assert client.get("/o/nowhere/").status_code == 404
    assert session_of(client).last_seen_at > ago(minutes=1)


# When it is over


@pytest.mark.parametrize(
    ("person", "seen", "began", "is_over"),
    [
        ("olga", {"minutes": 59}, {"hours": 11}, False),
        ("olga", {"minutes": 61}, {"hours": 2}, True),
        ("olga", {"minutes": 1}, {"hours": 12, "minutes": 1}, True),
        ("dana", {"hours": 11}, {"days": 29}, False),
        ("dana", {"hours": 12, "minutes": 1}, {"days": 2}, True),
        ("dana", {"minutes": 1}, {"days": 30, "minutes": 1}, True),
    ],
)
def test_staff_stay_for_an_hour_and_drivers_longer(person, seen, began, is_over, request, sign_in):
    client = sign_in(request.getfixturevalue(person))
    move(client, last_seen_at=ago(**seen), created_at=ago(**began))
    answer = client.get(reverse("account:profile"))
    assert answer.status_code == (302 if is_over else 200)


def test_who_was_away_too_long_is_told_and_comes_back_to_the_page(olga, sign_in):
    client = sign_in(olga)
    move(client, last_seen_at=ago(hours=2), created_at=ago(hours=3))
    answer = client.get("/o/north/people/?page=2", follow=True)
    assert answer.redirect_chain == [("/account/sign-in/?next=/o/north/people/%3Fpage%3D2", 302)]
    assert "You were signed out after an hour without activity." in answer.content.decode()
    assert "wattledger_session" not in client.cookies or not client.cookies["wattledger_session"].value


def test_the_longest_time_is_told_too(olga, sign_in):
    client = sign_in(olga)
    move(client, created_at=ago(hours=13))
    page = client.get(reverse("account:profile"), follow=True).content.decode()
    assert "You were signed out: one sign-in lasts 12 hours at most." in page


def test_a_driver_who_joins_the_staff_has_the_shorter_time_from_then_on(dana, north, sign_in):
    client = sign_in(dana)
    move(client, last_seen_at=ago(hours=2))
    assert client.get(reverse("account:operators")).status_code == 302
    assert client.get(reverse("account:profile")).status_code == 200
    memberships.add(dana, operator=north, role=Membership.Role.SUPPORT)
    move(client, last_seen_at=ago(hours=2))
    assert client.get(reverse("account:profile"))["Location"].startswith("/account/sign-in/")


def test_a_step_up_does_not_begin_the_time_anew(dana, sign_in):
    client = sign_in(dana)
    began = ago(days=29)
    move(client, created_at=began)
    client.post(reverse("account:step_up"), {"password": PASSWORD})
    assert session_of(client).created_at == began


def test_a_sign_in_between_password_and_code_is_over_soon(olga):
    client = Client()
    client.post(reverse("account:sign_in"), {"email": olga.email, "password": PASSWORD})
    move(client, created_at=ago(minutes=31), last_seen_at=ago(minutes=31))
    assert client.post(reverse("account:challenge"), {"code": code(olga)})["Location"] == reverse("account:sign_in")


def test_rows_are_swept_a_day_after_their_end(olga, dana, sign_in):
    old, fresh = sign_in(olga), sign_in(dana)
    move(old, expire_date=ago(days=2))
    move(fresh, expire_date=ago(hours=2))
    assert browser_sessions.sweep(at=timezone.now()) == 1
    assert BrowserSession.objects.get().user == dana


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(hours=1), "an hour"),
        (timedelta(hours=12), "12 hours"),
        (timedelta(days=30), "30 days"),
        (timedelta(minutes=45), "45 minutes"),
    ],
)
def test_lengths_of_time_are_said_in_words(time, words):
    assert in_words(time) == words


# A new key


def keys_at(client, act):
    before = client.cookies["wattledger_session"].value
    act()
    return before, client.cookies["wattledger_session"].value


def still_opens(key):
    other = Client()
    other.cookies["wattledger_session"] = key
    return other.get(reverse("account:profile")).status_code == 200


def test_sign_in_gives_a_new_key(olga):
    client = Client()
    client.post(reverse("account:sign_in"), {"email": olga.email, "password": PASSWORD})
    before, after = keys_at(client, lambda: client.post(reverse("account:challenge"), {"code": code(olga)}))
    assert before != after
    assert (still_opens(before), still_opens(after)) == (False, True)


def test_signing_in_once_more_gives_a_new_key(dana, sign_in):
    client = sign_in(dana)
    facts = {"email": dana.email, "password": PASSWORD}
    before, after = keys_at(client, lambda: client.post(reverse("account:sign_in"), facts))
    assert before != after
    assert (still_opens(before), still_opens(after)) == (False, True)


def test_enrolment_gives_a_new_key(dana, sign_in):
    client = sign_in(dana)
    offered = two_factor.offered_device(dana)
    shown = f"{TOTP(offered.seed, offered.STEP_S, digits=offered.DIGITS).token():06d}"
    before, after = keys_at(client, lambda: client.post(reverse("account:enrol"), {"code": shown}))
    assert before != after
    assert (still_opens(before), still_opens(after)) == (False, True)


@pytest.mark.parametrize("person", ["olga", "dana"])
def test_step_up_gives_a_new_key(person, request, sign_in):
    user = request.getfixturevalue(person)
    client = sign_in(user)
    proof = {"password": PASSWORD} if person == "dana" else {"code": code(user)}
    before, after = keys_at(client, lambda: client.post(reverse("account:step_up"), proof))
    assert before != after
    assert (still_opens(before), still_opens(after)) == (False, True)


# The page


def test_the_page_lists_every_browser_and_marks_this_one(olga, sign_in):
    here, there = sign_in(olga), sign_in(olga)
    move(there, user_agent=FIREFOX, address="192.0.2.7")
    page = here.get(SESSIONS).content.decode()
    assert page.count("this one") == 1
    assert "Firefox on Linux" in page
    assert "192.0.2.7" in page


def test_one_browser_is_ended_at_once(olga, sign_in, north):
    here, there = sign_in(olga), sign_in(olga)
    answer = here.post(reverse("account:end_session", args=[session_of(there).public_id]))
    assert answer["Location"] == SESSIONS
    assert there.get(SESSIONS).status_code == 302
    assert here.get(SESSIONS).status_code == 200
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(event="sign_in.ended_elsewhere").get()
    assert entry.additional_data == {"count": 1}


def test_this_browser_and_strangers_browsers_are_not_ended_so(olga, sven, sign_in):
    mine, his = sign_in(olga), sign_in(sven)
    for client in (mine, his):
        mine.post(reverse("account:end_session", args=[session_of(client).public_id]))
        assert client.get(SESSIONS).status_code == 200


def test_all_others_are_ended_together(olga, sign_in):
    here, others = sign_in(olga), [sign_in(olga) for _ in range(3)]
    page = here.post(reverse("account:end_others"), follow=True).content.decode()
    assert "3 other browsers are signed out." in page
    assert [client.get(SESSIONS).status_code for client in others] == [302] * 3


def test_a_new_password_ends_the_others_and_their_rows(dana, sign_in):
    here, there = sign_in(dana), sign_in(dana)
    facts = {"present": PASSWORD, "password": "a quite different phrase", "again": "a quite different phrase"}
    assert here.post(reverse("account:password"), facts).status_code == 302
    assert here.get(SESSIONS).status_code == 200
    assert there.get(SESSIONS).status_code == 302
    assert BrowserSession.objects.filter(user=dana).count() == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("", "Unknown browser"),
        ("curl/8.5.0", "curl"),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_words(agent, words):
    assert browser_words.of(agent) == words
