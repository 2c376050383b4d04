"""What pages print, read by somebody who chose Swedish: no English sentence of the catalogue, and no bare code.

`test_translations` looks at what templates write; this looks at what comes out: every page of a driver, and every page
of staff, of finance and of the account for an owner, of a house in which everything went wrong that can
(`portal.tests.trouble`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from portal.tests.doors import doors
from portal.tests.house import DOORS, OBJECTS, address
from portal.tests.test_translations import entries
from portal.tests.trouble import befall
from portal.words.log.events import EVENTS, TASKS
from portal.words.say import SENTENCES
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.ignore_template_errors
#: Pages whose subject is English or code: what machines are told.
FOR_MACHINES = {"staff:api_guide", "api:schema"}
#: Names of things in files, programs and OCPI documents, which are the same in every language.
NAMES = re.compile(
    r"\S+@\S+|\S+\.(?:csv|gz|xlsx|jsonl|pdf|zip|com|se)\b|\b[A-Z]\w*_\w+"
    r"|\b(?:m(?:in|ax)_price\.excl_vat|start_time|end_time|elements\[\d+\]\S*)"
)
#: What no person says: a word with an underscore, or what a program calls nothing, yes and no.
BARE = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b|\b(?:True|False|None)\b|[{\[]'")
HIDDEN = {"script", "style", "template", "code", "pre"}
SPOKEN = {"aria-label", "data-label", "placeholder", "title", "alt"}
#: What a language is called by those who speak it.
ENDONYMS = {"english"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")

Finder = Callable[[str], Iterable[str]]


def finder(catalogue: list[dict[str, str]], codes: set[str]) -> Finder:
    """Return what tells the English sentences and the bare codes of a text; each text is looked at once."""
    swedish = {text for entry in catalogue for name, text in entry.items() if name.startswith("msgstr")}
    pairs = {entry["msgid"] for entry in catalogue} | {entry.get("msgid_plural", "") for entry in catalogue}
    english = {text for text in pairs if text} - swedish
    whole = {text.casefold() for text in english if "%" not in text and re.search(r"[a-z]{2}", text)} - ENDONYMS
    within = [text for text in english if "%" not in text and text.endswith(".") and len(text) > 20]
    within += [
        part.strip() for text in english for part in PLACEHOLDER.split(text) if len(part) > 12 and " " in part.strip()
    ]
    said = " ".join(swedish)
    inside = re.compile("|".join(map(re.escape, sorted({text for text in within if text not in said}))))
    seen: dict[str, list[str]] = {}

    def find(text: str) -> list[str]:
        if text not in seen:
            is_english = text.casefold() in whole and text not in swedish
            itself = [text] if is_english or text in codes else []
            found = [*itself, *inside.findall(text), *BARE.findall(NAMES.sub(" ", text))]
            seen[text] = list(dict.fromkeys(found))
        return seen[text]

    return find


class _Text(HTMLParser):
    """The texts of a page that a person sees or hears, but for what it marks as said in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0
        self.foreign, self.depth = "", 0  # the element of another language, and how many of its name are open in it
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in HIDDEN
        if not self.foreign and tag != "html" and dict(attrs).get("lang", "sv") != "sv":
            if tag == "input":
                return  # it has no end: what it says of another language stands in its attributes
            self.foreign = tag
        self.depth += tag == self.foreign
        for name, value in attrs:
            if name in SPOKEN and value:
                self._add(value)

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in HIDDEN
        self.depth -= tag == self.foreign
        if not self.depth:
            self.foreign = ""

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self._add(data)

    def _add(self, text: str) -> None:
        if self.foreign:
            return
        self.texts.append(re.sub(r"\s+", " ", text.strip()))


def texts_of(html: str) -> list[str]:
    parser = _Text()
    parser.feed(html)
    return parser.texts


@pytest.fixture(scope="module")
def find() -> Finder:
    return finder(entries(), {code for code in {*SENTENCES, *EVENTS, *TASKS} if "_" in code or "." in code})


def html_of(client: Client, path: str) -> str | None:
    """What a person sees there; None where nothing is ever shown, as only a form is sent to it."""
    answer: Any = client.get(path, headers={"Accept-Language": "sv"}, follow=False)
    for close in answer._resource_closers:  # not answer.close(): that would end the test's connection
        close()
    assert answer.status_code != 500, path
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return None
    if isinstance(answer, StreamingHttpResponse) or not answer["Content-Type"].startswith("text/html"):
        return ""
    return str(answer.content.decode())


def printed(client: Client, doors_paths: Iterable[Iterable[str]], find: Finder) -> dict[str, str]:
    """What is wrong on the pages and on those that follow in their lists, each with the first page that prints it."""
    found: dict[str, str] = {}
    for paths in doors_paths:
        todo, done = list(paths), set()
        while todo:
            path = todo.pop()
            html = "" if path in done else html_of(client, path)
            if html is None:
                break
            done.add(path)
            for text in texts_of(html):
                found.update({f"{wrong} | {text[:100]}": path for wrong in find(text)})
            more = re.findall(r'href="(\?[^"]*\bafter=[^"]*)"', html)
            todo += [path.split("?")[0] + unescape(href) for href in more]
    return found


def paths_of(north: Any, world: dict[str, Any]) -> Iterator[list[str]]:
    """The addresses of each door of an operator, one for every row it can be about."""
    for door in DOORS:
        if door.is_api or door.name in FOR_MACHINES:
            continue
        objects = [before for before, kind in re.findall(r"([a-z-]*)/?<(\w+):\w+>", door.route) if kind == "uuid"]
        if not objects:
            yield [address(door, world)]
            continue
        with tenant_scope(north.pk):
            rows = _rows(OBJECTS[objects[0]], north, one=door.name.startswith("staff:history_"))
        yield [address(door, {**world, objects[0]: row}) for row in rows]


def _rows(model: Any, north: Any, *, one: bool) -> list[Any]:
    """The rows of a model, of the audit log one of each kind: its list shows all of them in full."""
    rows = model.objects.filter(operator=north)
    if model is AuditEntry:
        rows = rows.order_by("event", "content_type").distinct("event", "content_type")
    return list(rows.values_list("public_id", flat=True)[: 1 if one else None])


def test_a_swedish_driver_sees_no_english_and_no_code(world, dana, sign_in, find):
    client = sign_in(dana)
    client.raise_request_exception = False
    paths = [[address(door, world)] for door in DOORS if door.name not in FOR_MACHINES and not door.is_api]
    assert printed(client, paths, find) == {}


def test_a_swedish_owner_sees_no_english_and_no_code_where_all_went_wrong(house, world, north, olga, sign_in, find):
    with tenant_scope(north.pk):
        befall(north, house.people)
    client = sign_in(olga)
    assert printed(client, paths_of(north, world), find) == {}


@pytest.mark.parametrize("who", ["olga", "dana", ""])
def test_the_pages_of_the_account_are_swedish(who, world, sign_in, request, find):
    client = sign_in(request.getfixturevalue(who)) if who else Client()
    names = [door.name for door in doors() if not door.parameters and door.name.startswith("account:")]
    assert printed(client, [*([reverse(name)] for name in names), ["/nowhere/"]], find) == {}


CATALOGUE = [
    {"msgid": "Nobody pays for it.", "msgstr": "Ingen betalar."},
    {"msgid": "There is no site %(site)s.", "msgstr": "Platsen %(site)s finns inte."},
    {"msgid": "done", "msgstr": "klar"},
]


@pytest.mark.parametrize(
    ("html", "wrong"),
    [
        ("<p>Nobody pays for it.</p>", ["Nobody pays for it."]),
        ("<p>There is no site Torget.</p>", ["There is no site"]),
        ("<b>Done</b>", ["Done"]),
        ("<b>no_driver</b>", ["no_driver"]),
        ("<b>work.set_aside</b>", ["work.set_aside", "set_aside"]),
        ('<i title="no_driver">True</i>', ["no_driver", "True"]),
        ('<div lang="en"><div>Done</div> Done</div><b>Done</b>', ["Done"]),
        ('<html lang="en"><b>Done</b></html>', ["Done"]),
        ('<input lang="en" placeholder="Done"><b>Done</b>', ["Done"]),
        ("<code>no_driver</code><p>Ingen betalar. Klar. my_file.csv</p>", []),
    ],
)
def test_english_and_codes_are_noticed(html, wrong):
    look = finder(CATALOGUE, {"work.set_aside"})
    assert [each for text in texts_of(html) for each in look(text)] == wrong
