"""Every door of the house, opened by somebody who may: axe finds nothing, nothing runs off a phone's screen, nothing
complains, nothing fails.

The doors are read from the URLconfs, and what they are about from the house that the walls are tried on, so a new page
is looked at before it has a journey of its own. In two forms: English, light, on a desktop; Swedish, dark, on a phone.
What is found is told together, door by door.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from portal.tests import house
from portal.tests.cast import PASSWORD
from portal.tests.doors import PLATFORM, Door, doors
from portal.tests.e2e.conftest import look
from portal.tests.e2e.test_every_page import OVERFLOW
from portal.tests.examples import example
from portal.tests.house import House
from tenants.models import Account, Driver, Membership, PrivacyNotice, User
from tenants.permissions import Permission
from tenants.roles import PERMISSIONS
from tenants.scoping import tenant_scope
from tenants.services import mail
from tenants.services.people import accounts, email_changes, invitations
from tenants.services.proof import factor_resets, password_links

#: So many tests share the doors of each form, so that several workers can.
PARTS = 4
#: There are rather more pages than these in a part; fewer, and the house has been shut.
AT_LEAST = 40
#: What a page asks for by itself, while it is under way.
UNDER_WAY = ".htmx-request"
STRANGER, PENDING = "stranger", "pending"
#: Between password and session.
OF_PENDING = {"account:challenge", "account:recovery"}
#: Nothing by themselves: what the link of a letter leads to, and they are looked at behind their links.
BEHIND_LINKS = {
    "account:join",
    "account:first_password",
    "account:new_password",
    "account:stop_reset",
    "account:email_agree",
    "account:email_prove",
}
#: A guest's charge is shown to the browser that began it and to nobody else, so nobody of the house finds it.
OF_GUESTS = {"public_outlet_start", "public_guest", "public_guest_stop"}
#: A part of the invoice's page, which asks for it where the invoice's PDF can be shown.
PARTS_OF_PAGES = {"finance:invoice_pages"}
#: Of the account's pages those that the platform's own process shows in its own frame.
OF_PLATFORM = {"home", "account:operators", "account:profile", "account:sign_in"}


@dataclass(frozen=True)
class Form:
    """How a page is looked at."""

    language: str
    scheme: Literal["light", "dark"]
    width: int


FORMS = [Form("en", "light", 1280), Form("sv", "dark", 390)]


@dataclass(frozen=True)
class Furnished:
    """The house, kept for the servers to see, with the links that letters have, by the name of their door.

    keys: what else stands in addresses of the account's pages.
    """

    house: House
    people: dict[str, User]
    links: dict[str, str]
    keys: dict[str, str]


@pytest.fixture(scope="session")
def furnished(rows: None, files: Path) -> Furnished:
    """Build it, and per, who pays for dana."""
    with override_settings(MEDIA_ROOT=str(files)), transaction.atomic():
        built = house.build()
        per = User.objects.create_user("per@example.com", PASSWORD, name="Per")
        with tenant_scope(built.north.pk):
            danas = Account.objects.get(driver=Driver.objects.get(user=built.people["dana"]))
            danas.shows = Account.Shown.SESSIONS
            danas.save(update_fields=["shows"])
            accounts.let_see(danas, user=per)
            for language, _name in settings.LANGUAGES:
                example(PrivacyNotice, version=1, language=language, published_at=timezone.now())
        key = WebAuthnCredential.objects.create(
            user=built.people["otto"], name="key", credential_id=b"1", public_key=b"2"
        )
        keys = {"key": str(key.credential_id_sha256)}
        return Furnished(built, {**built.people, "per": per}, dict(_links(built)), keys)


def _links(built: House) -> Iterator[tuple[str, str]]:
    people = built.people
    nina = User.objects.create_user("nina@example.com", None, name="Nina")
    new = invitations.invite(built.north, email="ivar@example.com", role="support")
    reset = factor_resets.ask(people["axel"], operator=built.north, by=people["olga"], reason="?", at=timezone.now())
    change = email_changes.Change(people["sara"], "sara@new.example.com")
    for name, parts in {
        "account:invitation": (new.invitation.public_id, new.secret),
        "account:set_password": password_links.FIRST.parts(nina),
        "account:password_reset_choose": password_links.NEW.parts(people["sara"]),
        "account:factor_reset_by_letter": [factor_resets.stop_word(reset)],
        "account:email_agree_by_letter": [_sent(email_changes.ask, change.user, change.email)],
        "account:email_prove_by_letter": [_sent(email_changes.agree, change)],
    }.items():
        yield name, reverse(name, args=parts)


def _sent(ask: Callable[..., None], *about: Any) -> str:
    """The token of the letter that is sent."""
    with patch.object(mail, "send") as send:
        ask(*about, address="{token}")
    return str(send.call_args.kwargs["link"])


def who(door: Door) -> str:
    """Somebody who may open the door."""
    if door.name in OF_PENDING:
        return PENDING
    if str(door.access).startswith("public"):
        return STRANGER
    if door.is_of_platform:
        return "petra"
    if door.access == Permission.USE_DRIVER_PAGES:
        return "dana"
    if door.access == Permission.USE_PAYER_PAGES:
        return "per" if "invoice" in door.name or door.name == "payer:session_dispute" else "pia"
    if door.name.startswith(("account:passkey", "account:remove")):
        return "otto"  # who has two
    return "pri" if door.access in set(Permission) - PERMISSIONS[Membership.Role.OWNER] else "olga"


def where(door: Door, furnished: Furnished) -> str:
    """The address of the door, about something that the house has."""
    if door.name in furnished.links:
        return furnished.links[door.name]
    if door.is_of_operator:
        return str(house.address(door, furnished.house.rows))
    rows = furnished.house.rows
    known = {"slug": "north", "version": 1, "number": 1, "public_id": rows["outlets"], **furnished.keys}
    names = re.findall(r"<\w+:(\w+)>", door.route)
    return reverse(door.name, urlconf=door.urlconf, kwargs={name: known[name] for name in names})


def pages() -> list[Door]:
    """Every door that may show a page, in an order in which neighbours go to different parts."""
    left_out = BEHIND_LINKS | OF_GUESTS | PARTS_OF_PAGES
    of_portal = [door for door in doors() if not (door.is_api or door.takes_out or door.name in left_out)]
    of_platform = [door for door in doors(PLATFORM) if door.name.startswith("platform:") or door.name in OF_PLATFORM]
    return of_portal + of_platform


class Visit:
    """The browsers of one form, one a person, and what they have found."""

    def __init__(self, browser: Browser, form: Form, furnished: Furnished, sign_in: Any) -> None:
        self.browser, self.form, self.furnished, self.sign_in = browser, form, furnished, sign_in
        self.pages: dict[tuple[str, str], Page] = {}
        self.at, self.seen = "", 0
        self.found: list[str] = []

    def tell(self, what: str) -> None:
        self.found.append(f"{self.at}: {what}")

    def open(self, door: Door, address: str) -> None:
        """Look at what the door shows, where it shows a page."""
        self.at, person = str(door), who(door)
        page = self.page_of(person, address)
        path = where(door, self.furnished)
        if not self._is_page(page.context, f"{address}{path}", follows=door.name in self.furnished.links):
            return
        page.goto(f"{address}{path}")
        page.wait_for_selector(UNDER_WAY, state="detached")
        self.seen += 1
        if page.evaluate(OVERFLOW) > 0:
            self.tell("runs off the screen")
        for violation in Axe().run(page).response["violations"]:
            nodes = " | ".join(node["html"][:160] for node in violation["nodes"][:3])
            self.tell(f"{violation['id']} ({violation['help']}), {len(violation['nodes'])}: {nodes}")
        look(page, f"door-{self.form.language}-{door.name.replace(':', '-')}")

    def _is_page(self, context: BrowserContext, address: str, *, follows: bool) -> bool:
        """Whether a whole page stands there: no act, no file, no part of a page, no way to elsewhere."""
        answer = context.request.get(address, max_redirects=5 if follows else 0)
        if answer.status >= 400 and answer.status != 405:
            self.tell(f"answers {answer.status}")
        is_html = answer.headers.get("content-type", "").startswith("text/html")
        return answer.status == 200 and is_html and "<html" in answer.text()

    def page_of(self, person: str, address: str) -> Page:
        """The person's tab at this server, who is signed in there."""
        if (person, address) not in self.pages:
            form = self.form
            context = self.browser.new_context(
                viewport={"width": form.width, "height": 844}, color_scheme=form.scheme, reduced_motion="reduce"
            )
            context.on("weberror", lambda problem: self.tell(str(problem.error)))
            context.on("console", self._heard)
            context.on("response", self._answered)
            cookies = {settings.LANGUAGE_COOKIE_NAME: form.language}
            if person not in (STRANGER, PENDING):
                signed_in = self.sign_in(self.furnished.people[person])
                cookies |= {name: morsel.value for name, morsel in signed_in.cookies.items()}
            context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
            self.pages[person, address] = context.new_page()
            if person == PENDING:
                _give_password(self.pages[person, address], address, self.furnished.people["olga"])
        return self.pages[person, address]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.tell(f"the console says: {message.text}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400:
            self.tell(f"{answer.url} answers {answer.status}")


def _give_password(page: Page, address: str, person: User) -> None:
    page.goto(f"{address}/account/sign-in/")
    page.locator("input[type=email]").fill(person.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main form .button--primary").click()
    page.wait_for_url("**/challenge/**")


@pytest.fixture
def visit(browser: Browser, furnished: Furnished, sign_in: Any, request: pytest.FixtureRequest) -> Iterator[Visit]:
    made = Visit(browser, request.param, furnished, sign_in)
    yield made
    for page in made.pages.values():
        page.context.close()


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("visit", FORMS, ids=lambda form: form.language, indirect=True)
def test_every_page_is_accessible_fits_and_is_quiet(visit, part, address, platform_address):
    for door in pages()[part::PARTS]:
        visit.open(door, platform_address if door.is_of_platform else address)
    assert visit.found == [], "\n".join(["", *visit.found])
    assert visit.seen >= AT_LEAST
