"""A page that asks for itself every few seconds is nobody's presence: it keeps no session open and fills no log."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from portal.tests.cast import begin, events, member
from tenants.models import BrowserSession

ROOT = Path(__file__).resolve().parents[2]
POLLING = re.compile(r"<[^<>]*hx-trigger=\"[^\"]*every [^<>]*>")
MARK = """hx-headers='{"X-Poll": "1"}'"""
POLL = {"X-Poll": "1", "HX-Request": "true"}
OVERVIEW = "/o/north/"


def polling():
    """Each element of a template that asks for itself."""
    for template in sorted((ROOT / "templates").rglob("*.html")):
        text = re.sub(r"{%.*?%}", lambda tag: tag[0].replace(">", " "), template.read_text())
        for element in POLLING.findall(text):
            yield template.name, element


def test_every_element_that_asks_for_itself_says_so():
    found = list(polling())
    assert len(found) == len(
        re.findall(r'[" ]every \d+s"', "".join(p.read_text() for p in ROOT.glob("templates/**/*.html")))
    )
    assert len(found) >= 6
    assert [name for name, element in found if MARK not in element] == []


def seen(client):
    return BrowserSession.objects.get(session_key=client.cookies["wattledger_session"].value)


def last_seen(client, **ago):
    BrowserSession.objects.filter(pk=seen(client).pk).update(last_seen_at=timezone.now() - timedelta(**ago))


def test_a_poll_is_no_presence_and_a_person_is(olga, sign_in):
    client = sign_in(olga)
    last_seen(client, minutes=50)
    assert client.get(OVERVIEW, headers=POLL).status_code == 200
    assert seen(client).last_seen_at < timezone.now() - timedelta(minutes=49)
    client.get(OVERVIEW, headers={"HX-Request": "true"})
    assert seen(client).last_seen_at > timezone.now() - timedelta(minutes=1)


@pytest.mark.parametrize("minutes", [59, 61])
def test_a_page_left_alone_times_out_although_it_asks_for_itself(minutes, olga, sign_in):
    client = sign_in(olga)
    last_seen(client, minutes=minutes)
    answer = client.get(OVERVIEW, headers=POLL)
    assert answer.headers.get("HX-Refresh") == ("true" if minutes > 60 else None)
    if minutes > 60:  # the browser loads the page anew, and the person reads why
        assert answer.content == b""
        assert "You were signed out after an hour" in client.get(OVERVIEW, follow=True).content.decode()


def test_what_changes_something_is_a_person_whatever_it_says(olga, sign_in):
    client = sign_in(olga)
    last_seen(client, minutes=50)
    client.post("/o/north/sites/new/", {}, headers=POLL)
    assert seen(client).last_seen_at > timezone.now() - timedelta(minutes=1)


def test_a_visitor_s_polls_are_recorded_once_and_hide_nothing(north, sign_in):
    petra = member("petra")
    client = sign_in(petra)
    begin(north, petra)
    for _ in range(3):
        client.get(OVERVIEW, headers=POLL)
    client.get("/o/north/sessions/", headers=POLL)
    client.get(OVERVIEW)
    opened = [(entry.additional_data or {})["page"] for entry in events(north, "platform.page_opened")]
    assert opened == ["staff:overview", "staff:session_list", "staff:overview"]
