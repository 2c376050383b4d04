"""What pages print, read by somebody who chose Swedish: no English sentence of the catalogue, and no bare code.

`test_translations` looks at what templates write; this looks at what comes out: every page of a driver, and the page of
a session whose price has a problem, for each problem.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import translation

from billing.domain.errors import Code
from billing.models import SessionPrice
from charging.models import ChargingSession
from portal.tests.house import DOORS, address
from portal.tests.test_translations import entries
from portal.words.log.events import EVENTS
from portal.words.say import SENTENCES, say
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.ignore_template_errors
PROBLEMS = [Code.NO_DRIVER, Code.NO_TARIFF, Code.NO_VERSION, Code.UNMETERED, Code.TOO_LARGE, Code.TARIFF_NOT_VALID]
#: Pages whose subject is English or code: what machines are told.
FOR_MACHINES = {"staff:api_guide", "api:schema"}


def english() -> dict[str, str]:
    """The texts of the catalogue that Swedish says otherwise, without those that name a fact."""
    return {
        entry["msgid"]: entry["msgstr"]
        for entry in entries()
        if entry.get("msgstr") not in {None, "", entry["msgid"]} and "%" not in entry["msgid"] and " " in entry["msgid"]
    }


class _Text(HTMLParser):
    """The texts of a page that a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in {"script", "style", "template", "code", "pre"}

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"script", "style", "template", "code", "pre"}

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.texts.append(re.sub(r"\s+", " ", data.strip()))


def texts_of(html: str) -> list[str]:
    parser = _Text()
    parser.feed(html)
    return parser.texts


def wrong(texts: list[str], sentences: dict[str, str], codes: set[str]) -> Iterator[str]:
    for text in texts:
        if text in sentences or text in codes:
            yield text
        yield from (each for each in sentences if each.endswith(".") and len(each) > 20 and each in text)


def html_of(client: Client, path: str) -> str:
    answer = client.get(path, headers={"Accept-Language": "sv"}, follow=False)
    if isinstance(answer, StreamingHttpResponse) or not answer["Content-Type"].startswith("text/html"):
        return ""
    return answer.content.decode()


def test_a_swedish_driver_sees_no_english_and_no_code(world, dana, sign_in):
    client = sign_in(dana)
    client.raise_request_exception = False
    sentences, codes = english(), {*SENTENCES, *EVENTS}
    codes = {code for code in codes if "_" in code or "." in code}
    paths = [address(door, world) for door in DOORS if door.name not in FOR_MACHINES and not door.is_api]
    found = {path: sorted(set(wrong(texts_of(html_of(client, path)), sentences, codes))) for path in paths}
    assert {path: texts for path, texts in found.items() if texts} == {}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_of_a_price_is_told_in_swedish(problem, world, north, olga, sign_in):
    with tenant_scope(north.pk):
        price = SessionPrice.objects.latest("pk")
        session = price.session
        # What stands on an invoice keeps its price: a session of its own.
        free = ChargingSession.objects.create(
            **{
                field.attname: getattr(session, field.attname)
                for field in ChargingSession._meta.concrete_fields
                if field.name not in {"id", "public_id", "external_id", "tariff_key"}
            },
            external_id=f"problem-{problem}",
        )
        SessionPrice.objects.create(
            session=free, state="problem", problem=problem, problem_facts={}, rated_at=north.created_at, currency=""
        )
    page = html_of(sign_in(olga), f"/o/north/sessions/{free.public_id}/")
    with translation.override("sv"):
        assert say(problem) in page
    with translation.override("en"):
        assert say(problem) not in page


def test_an_english_sentence_is_noticed():
    sentences = {"Nobody pays for it.": "Ingen betalar."}
    texts = texts_of("<p>Nobody pays for it.</p><b>no_driver</b><code>no_driver</code><p>Ingen betalar.</p>")
    assert list(wrong(texts, sentences, {"no_driver"}))[:1] == ["Nobody pays for it."]
    assert "no_driver" in set(wrong(texts, sentences, {"no_driver"}))
