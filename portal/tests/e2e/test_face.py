"""The face in a real browser: every component, both themes, phone to desktop, under the content policy.

The catalogue is served from a thread of this process, without a database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import HttpRequest, HttpResponse
from django.template import Engine
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from portal.tests import face
from portal.tests.face.test_catalogue import Person

FRAMES = ("staff", "driver", "plain")
WIDTHS = (360, 768, 1024, 1440, 1600)
HERE = "portal.tests.e2e.test_face"


class QuietHandler(WSGIRequestHandler):
    """Serves without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def sign_in_olga(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: somebody is signed in, without a database."""

    def answer(request: HttpRequest) -> HttpResponse:
        # choosing a language writes it to a signed-in person's row, and there are no rows here
        choosing = request.path == "/language/"
        request.user = AnonymousUser() if choosing else Person()  # type: ignore[assignment]
        return get_response(request)

    return answer


@pytest.fixture(scope="module")
def catalogue() -> Iterator[str]:
    """Serve the catalogue; return its address."""
    middleware = [
        "portal.middleware.security_headers.SecurityHeadersMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        f"{HERE}.sign_in_olga",
    ]
    engine = Engine.get_default()
    folders = engine.dirs
    with override_settings(ROOT_URLCONF="portal.tests.face.urls", MIDDLEWARE=middleware):
        engine.dirs = [*folders, str(Path(face.__file__).parent / "templates")]
        for loader in engine.template_loaders:
            loader.reset()
        server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
        server.set_app(StaticFilesHandler(WSGIHandler()))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)
        server.server_close()
    engine.dirs = folders
    for loader in engine.template_loaders:
        loader.reset()


@pytest.fixture
def opened(browser: Browser, catalogue: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a frame; anything the browser complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_frame(frame: str = "staff", *, width: int = 1440, theme: str = "light", script: bool = True) -> Page:
        context = browser.new_context(
            base_url=catalogue,
            locale="en-GB",
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        contexts.append(context)
        context.on("weberror", lambda problem: complaints.append(str(problem.error)))
        context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page = context.new_page()
        page.goto(f"/?frame={frame}")
        return page

    yield open_frame
    for context in contexts:
        context.close()
    assert complaints == []


def colour(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).color"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("frame", FRAMES)
def test_axe_finds_nothing(opened, frame, width, theme):
    page = opened(frame, width=width, theme=theme)
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((each) => { each.open = true })")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found] == []


@pytest.mark.parametrize("frame", FRAMES)
def test_nothing_is_wider_than_the_window(opened, frame):
    page = opened(frame)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_every_chart_is_drawn_from_its_table(opened):
    page = opened()
    figures = page.locator("figure[data-chart]")
    if not figures.first.get_attribute("data-library"):
        pytest.skip("npm brought no drawing library")
    assert page.locator("figure[data-chart] canvas").count() < figures.count()  # nobody has come near the others
    for figure in figures.all():
        fold = figure.locator("xpath=ancestor::details")
        if fold.count():
            fold.locator("summary").first.click()
        figure.scroll_into_view_if_needed()
        expect(figure.locator("canvas")).to_have_count(1)
    first = figures.first
    first.locator(".u-over").hover()
    expect(first.locator(".chart__tip")).to_contain_text("kWh")
    first.get_by_text("Figures as a table").click()
    expect(first.get_by_role("table")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    expect(first.locator("canvas")).not_to_have_attribute("width", "0")


def test_a_theme_is_chosen_at_once_and_remembered(opened):
    page = opened()
    light = colour(page)
    page.locator(".sidebar__foot summary").click()
    page.get_by_role("button", name="Dark").click()
    dark = colour(page)
    assert dark != light
    page.reload()
    assert colour(page) == dark
    page.locator(".sidebar__foot summary").click()
    page.get_by_role("button", name="As the system").click()
    assert colour(page) == light


def test_theme_and_language_are_chosen_without_script(opened):
    page = opened("plain", script=False)
    page.locator(".plain__head summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".plain__head summary").click()
    page.get_by_role("button", name="Svenska").click()
    expect(page.locator("html")).to_have_attribute("lang", "sv")


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_opens_and_closes_the_navigation(opened, script):
    page = opened(width=390, script=script)
    sessions = page.get_by_role("link", name="Invoices", exact=True)
    expect(sessions).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(sessions).to_be_visible()
    page.keyboard.press("Escape")
    expect(sessions).to_be_hidden()


def test_a_choice_filters_the_list_and_stands_in_the_address(opened):
    page = opened()
    page.get_by_role("heading", name="Sessions").evaluate("(heading) => { heading.dataset.kept = 'yes' }")
    page.get_by_label("Site").first.select_option("Hamnparkeringen")
    page.wait_for_url("**/?site=Hamnparkeringen")
    expect(page.get_by_role("heading", name="Sessions")).to_have_attribute("data-kept", "yes")
    expect(page.locator("#list")).to_have_count(1)
    page.get_by_label("State").first.select_option("Billed")
    page.wait_for_url("**/?site=Hamnparkeringen&state=billed")


def test_a_session_that_has_ended_leaves_no_hole_in_the_page(opened):
    page = opened()
    page.get_by_role("heading", name="Sessions").evaluate("(heading) => { heading.dataset.kept = 'yes' }")
    page.get_by_label("Site").first.select_option("Stora Torget")
    page.wait_for_url("**/?*site=Stora%20Torget*")
    expect(page.get_by_role("heading", name="Sessions")).not_to_have_attribute("data-kept", "yes")
    expect(page.locator("#list")).to_have_count(1)


@pytest.mark.parametrize("script", [True, False])
def test_a_question_is_asked_and_can_be_declined(opened, script):
    page = opened(script=script)
    button = page.get_by_role("button", name="Credit the invoice")
    button.click()
    dialog = page.get_by_role("dialog", name="Credit invoice 2026-00418?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_a_menu_closes_on_escape_and_elsewhere(opened):
    page = opened("driver")
    menu = page.locator("details.menu").first
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    page.locator("h1").click()
    expect(menu).not_to_have_attribute("open", "")


def test_a_chosen_file_is_named(opened):
    page = opened()
    page.locator("input[type=file]").set_input_files(
        {"name": "march.csv", "mimeType": "text/csv", "buffer": b"x" * 1500}
    )
    expect(page.locator("[data-drop-title]")).to_have_text("march.csv")
    expect(page.locator("[data-drop-note]")).to_have_text("1.5 kB")


def test_the_first_key_leads_past_the_navigation(opened):
    page = opened(script=False)  # with script the first field with an error has the focus
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
