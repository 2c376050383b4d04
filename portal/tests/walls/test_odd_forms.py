"""Whatever stands in a parameter or a field of a page that the URLconf knows: an answer in words, never a fault."""

import base64
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import transaction
from django.test import Client

from portal.tests.house import DOORS, address

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter
ODD = {
    "nul": "a\x00b",
    "surrogate": "\ud800",
    "unassigned": "\uffff\U0010ffff",
    "other digits": "²",
    "huge": "9" * 5000,
    "tiny": "1e-999999999",
    "not a number": "NaN",
    "year 1": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59.999999-14:00",
    "zone": "2026-01-01T00:00:00+23:59~1",
    "json": '{"a": [' * 3000,
    "a list": "[]",
}
# Everybody's: signing out would end the test, and nothing else is left out.
LEFT_OUT = {"csrfmiddlewaretoken"}


def fields_of(page):
    """The names of a page's parameters and fields: of its forms, and of the addresses it leads to."""
    text = page.decode(errors="replace")
    in_forms = set(re.findall(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)"', text)) - LEFT_OUT
    queries = [urlsplit(link).query.replace("&amp;", "&") for link in re.findall(r'href="([^"]*)"', text)]
    in_links = {name for query in queries for name, _ in parse_qsl(query, keep_blank_values=True)}
    return {"get": {"after", "before", "page", "q"} | in_forms | in_links,
            "post": in_forms if 'method="post"' in text else set()}  # fmt: skip


class Browsers:
    """A member of the staff and a driver, each with the pages of their own."""

    def __init__(self, sign_in, olga, dana):
        self.staff, self.driver = sign_in(olga), sign_in(dana)
        for browser in (self.staff, self.driver):
            browser.raise_request_exception = False

    def of(self, door):
        return self.driver if door.name.startswith("driver:") else self.staff


@pytest.fixture
def browsers(world, sign_in, olga, dana):
    return Browsers(sign_in, olga, dana)


@pytest.fixture(scope="module")
def known():
    """The parameters and fields of each page as the house was built; whoever asks first finds them out for all."""
    return {}


@pytest.fixture
def fields(known, world, browsers):
    if not known:
        for door in DOORS:
            with transaction.atomic():
                shown = browsers.of(door).get(address(door, world))
                known[door] = fields_of(b"" if shown.streaming or shown.status_code != 200 else shown.content)
                let_go(shown)
                transaction.set_rollback(True)
    return known


@pytest.mark.parametrize("kind", ODD)
def test_no_page_fails_for_what_is_sent_to_it(kind, world, fields, browsers):
    broken = []
    for door, named in fields.items():
        browser, path = browsers.of(door), address(door, world)
        asked = _status(browser.get, path, dict.fromkeys(named["get"], ODD[kind]))
        if asked >= 500:
            broken.append((door.name, "GET", asked))
        if named["post"]:
            told = _status(browser.post, path, dict.fromkeys(named["post"], ODD[kind]))
            if told >= 500:
                broken.append((door.name, "POST", told))
    assert broken == []


def let_go(answer):
    """Close the files of an answer that nobody reads. `close` would end the request, and the test's transaction."""
    for close in answer._resource_closers:
        close()


def _status(ask, path, sent):
    try:
        answer = ask(path, sent)
    except UnicodeEncodeError:  # the test's own browser cannot send it so; a stranger's can
        answer = ask(path, {name: value.encode("utf-8", "surrogatepass") for name, value in sent.items()})
    if answer.streaming:
        b"".join(answer.streaming_content)
    let_go(answer)
    return answer.status_code


CURSORS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+23:59",
           "2026-01-01T00:00:00-23:59", "0002-01-01T00:00:00+23:59", "9998-12-31T23:59:59-23:59"]  # fmt: skip


@pytest.mark.parametrize("moment", CURSORS)
def test_no_cursor_breaks_the_api(moment, north, olga, sign_in):
    text = f"{moment} 018f0000-0000-7000-8000-000000000000".encode()
    client: Client = sign_in(olga)
    client.raise_request_exception = False
    for cursor in (base64.urlsafe_b64encode(text).decode(), moment, "\x00", "é", "a" * 5000):
        answer = client.get("/o/north/api/v1/audit-events", {"cursor": cursor})
        assert answer.status_code in {200, 400}, cursor
