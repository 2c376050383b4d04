"""Every component renders in every frame, in both languages, and holds to the content policy."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Engine
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from portal.settings.base import BASE_DIR
from portal.tests.face import samples

TEMPLATES = sorted((BASE_DIR / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "documents" not in path.parts and "emails" not in path.parts]
COMPONENTS = sorted((BASE_DIR / "templates" / "components").glob("*.html"))
OF_THE_FRAMES = {
    "nav",
    "driver_tabs",
    "brand",
    "user_menu",
    "theme_switch",
    "language_switch",
    "messages",
    "reset_banner",
    "viewing_banner",
    "sight",
    "history_link",
}


class Person:
    """Somebody signed in, without a database."""

    is_authenticated = True
    name = "Olga Berg"

    def get_username(self) -> str:
        return "olga@north.example"


@pytest.fixture
def catalogue(settings, monkeypatch):
    """Return a function that renders the catalogue in a frame."""
    settings.ROOT_URLCONF = "portal.tests.face.urls"
    loader = Engine.get_default()
    monkeypatch.setattr(loader, "dirs", [*loader.dirs, Path(__file__).parent / "templates"])
    for each in loader.template_loaders:
        each.reset()

    def render(frame: str, *, language: str = "en", theme: str = "") -> str:
        request = RequestFactory().get("/", {"frame": frame})
        request.user = Person()  # type: ignore[assignment]
        with translation.override(language):
            context = {**samples.context(request, theme=theme), "request": request, "csrf_token": "token"}
            return render_to_string(f"face/{frame}.html", context)

    yield render
    for each in loader.template_loaders:
        each.reset()


class Reader(HTMLParser):
    """Collects what the content policy would refuse, and what stands open or twice."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.refused += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.refused += ["style element"] if tag == "style" else []
        self.in_script = tag == "script"
        if names.get("id"):
            self.ids.append(names["id"] or "")
        if tag == "a":
            self.links.append(names.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def handle_data(self, data: str) -> None:
        if self.in_script and data.strip():
            self.refused.append(f"script with code: {data[:40]}")


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("frame", ["staff", "driver", "plain"])
def test_the_catalogue_holds_to_the_content_policy(catalogue, frame, language):
    reader = Reader()
    reader.feed(catalogue(frame, language=language))
    assert reader.refused == []
    assert sorted(set(reader.ids)) == sorted(reader.ids)
    assert "" not in reader.links


def test_the_html_says_its_language_and_its_theme(catalogue):
    assert '<html lang="sv" dir="ltr" data-theme="dark">' in catalogue("staff", language="sv", theme="dark")
    assert '<html lang="en" dir="ltr">' in catalogue("staff")


def test_swedish_figures_stand_on_a_swedish_page(catalogue):
    assert "41,57\u00a0kr" in catalogue("staff", language="sv")


def test_every_component_is_in_the_catalogue():
    shown = "".join(path.read_text() for path in (Path(__file__).parent / "templates").rglob("*.html"))
    tags = {"form": "form_fields"}
    missing = {
        path.stem
        for path in COMPONENTS
        if f"components/{path.name}" not in shown and f"{{% {tags.get(path.stem, path.stem)}" not in shown
    }
    assert missing - OF_THE_FRAMES == {"diff"}  # stands in the timeline


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BASE_DIR / "templates")))
def test_a_template_opens_by_naming_its_context(path):
    text = path.read_text()
    assert "{% comment %}" in text[:400], "say what the template is and which context it takes"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BASE_DIR / "templates")))
def test_a_template_has_nothing_inline(path):
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|hx-on", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BASE_DIR / "templates")))
def test_a_template_names_only_pictures_that_exist(path):
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (BASE_DIR / "static/img/icons.svg").read_text()))
    text = path.read_text()
    used = re.findall(r'{% icon "([\w-]+)"', text) + re.findall(r'{% empty_state[^%]* icon="([\w-]+)"', text)
    assert set(used) <= sprite


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BASE_DIR / "templates")))
def test_a_template_uses_only_classes_that_are_drawn(path):
    sheets = "".join(sheet.read_text() for sheet in (BASE_DIR / "static" / "css").glob("*.css"))
    attributes = re.findall(r'class="((?:[^"{]|{%.*?%}|{{.*?}})*)"', path.read_text())
    whole = [re.sub(r"\S*{{.*?}}\S*", " ", re.sub(r"{%.*?%}", " ", each)) for each in attributes]
    used = {name for each in whole for name in each.split()}
    assert used - set(re.findall(r"\.([a-zA-Z][\w-]*)", sheets)) == set()


@pytest.mark.parametrize("code", [400, 403, 404])
def test_an_error_page_says_what_happened_and_shows_a_way_back(code, settings):
    settings.ROOT_URLCONF = "portal.tests.face.urls"
    request = RequestFactory().get("/")
    request.user = Person()  # type: ignore[assignment]
    context = {
        "request": request,
        "messages": [],
        "languages": settings.LANGUAGES,
        "theme": "",
        "operator": None,
    }
    page = render_to_string(f"{code}.html", context)
    assert f">{code}<" in page
    assert 'href="/"' in page


def test_the_page_for_our_own_failure_needs_nothing():
    assert ">500<" in render_to_string("500.html")


def test_there_are_both_languages():
    assert {code for code, _name in settings.LANGUAGES} == {"sv", "en"}


LAID_OUT = [*TEMPLATES, *sorted((Path(__file__).parent / "templates").rglob("*.html"))]


@pytest.mark.parametrize("path", LAID_OUT, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_a_template_is_laid_out_to_be_read(path):
    """No line is longer than those of the code."""
    assert [number for number, line in enumerate(path.read_text().splitlines(), start=1) if len(line) > 120] == []
