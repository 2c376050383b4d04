"""Journeys: a real browser against a real web server and a real worker, on a database of their own.

The servers are the programs of the running portal (gunicorn, Celery) as the app role; the browser is
an installed Chromium. Rows are made before the browser opens a page and stay: every journey makes
an operator of its own.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from django_otp.oath import TOTP
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from billing.services import run_steps, runs, tariffs
from charging.models import ChargingSession, Connector, Site, Station, Token
from portal.tests import app_role
from tenants.models import Operator, TotpDevice, User
from tenants.rls import APP, PLATFORM
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, memberships, operators
from tenants.services.proof import two_factor

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's event loop runs in this thread
PASSWORD = "correct horse battery"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = os.environ.get("WATTLEDGER_SHOTS", "")
#: What the servers of these journeys say, and how much of its end is told beside a journey that fails.
LOGS: list[Path] = []
TOLD_BYTES = 4_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def rows(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database whose rows the servers see too: journeys write for real, which pytest-django's marks would not.

    pytest-django builds a database only for marked tests, so this builds it unless marked ones run as well.
    """
    with django_db_blocker.unblock():
        if connection.settings_dict["NAME"].startswith("test_"):
            yield
            _end_other_connections()
            return
        app_role.end()
        built = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        app_role.begin()
        yield
        app_role.end()
        _end_other_connections()
        teardown_databases(built, verbosity=0)


def _end_other_connections() -> None:
    """Let go of what the browser's event loop kept open: Django has a connection for each of its contexts."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Tell beside a journey that fails what page and servers said, and its message without the whole page."""
    report: Any = yield
    if not report.failed:
        return report
    with suppress(PlaywrightError):  # the browser may be what failed
        if page := getattr(item, "funcargs", {}).get("page"):
            told = page.locator("h1, h2, .alert").all_inner_texts()
            report.sections.append((page.url, "\n".join(told)[-TOLD_BYTES:]))
    report.sections += [(log.name, log.read_text(errors="replace")[-TOLD_BYTES:]) for log in LOGS if log.exists()]
    if crash := getattr(report.longrepr, "reprcrash", None):
        crash.message = crash.message.partition("\n")[0]
    return report


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of files that the servers read and write, and whoever furnishes a house for them."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def address(rows: None, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the web server and a worker; return the portal's address."""
    worker = ["celery", "-A", "portal", "worker", "-c", "1", "-l", "WARNING"]
    with _served(tmp_path_factory.mktemp("e2e"), files, "app", worker=worker) as portal:
        yield portal


@pytest.fixture(scope="session")
def platform_address(rows: None, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the platform's own process; return its address."""
    with _served(tmp_path_factory.mktemp("platform"), files, "platform") as platform:
        yield platform


@contextmanager
def _served(state: Path, files: Path, role: str, **beside: list[str]) -> Iterator[str]:
    """Run a web server that acts as the database role, and other programs beside it; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, **_environment(state, files, role)}
    commands = {"web": ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"], **beside}
    running = []
    LOGS.extend(state / f"{name}.log" for name in commands)
    for name, command in commands.items():
        with (state / f"{name}.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", *command], env=environment, cwd=settings.BASE_DIR, stdout=log, stderr=log
                )
            )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", running[0], state / "web.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)


def _environment(state: Path, files: Path, role: str) -> dict[str, str]:
    database = connection.settings_dict
    host = quote(database["HOST"], safe="")
    user, variable = {"app": (APP, "DATABASE_URL"), "platform": (PLATFORM, "DATABASE_PLATFORM_URL")}[role]
    return {
        variable: f"postgresql://{user}@/{database['NAME']}?host={host}&port={database['PORT'] or 5432}",
        "DATABASE_ROLE": role,
        "REDIS_URL": _own_redis_database(settings.REDIS_URL),
        "WATTLEDGER_STATE": str(state),
        "WATTLEDGER_FILES": str(files),
        "WATTLEDGER_ENV": "test",
    }


def _own_redis_database(url: str) -> str:
    """A database that no other test's worker takes messages from, nor that of journeys run beside these (`-n`)."""
    number = 9 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 7
    plain = url.partition("?")[0]
    return f"{plain}?db={number}" if url.startswith("unix:") else f"{plain.rpartition('/')[0]}/{number}"


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=2).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The web server did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A fresh browser profile at the portal's address. A page that breaks the content policy fails the test."""
    opened = browser.new_context(base_url=address, locale="en-GB", viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    opened.on("weberror", lambda problem: complaints.append(str(problem.error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    unexpected = [each for each in complaints if "404 (Not Found)" not in each and "403 (Forbidden)" not in each]
    assert unexpected == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def operator(rows: None, request: pytest.FixtureRequest) -> Operator:
    slug = f"{request.node.name.replace('_', '-').partition('[')[0].lower()[:40]}-{token_hex(3)}"
    name, number = "Norrsken Laddning AB", "SE556677889901"
    with app_role.as_platform():
        return operators.create(slug=slug, name=name, legal_name=name, vat_number=number, city="Umeå")


@pytest.fixture
def person(operator: Operator) -> Callable[..., User]:
    """Return a function that makes a person with a role and a second factor."""

    def make(role: str, *, second_factor: bool = True) -> User:
        user = User.objects.create_user(f"{role}@{operator.slug}.example.com", PASSWORD, name=role.capitalize())
        memberships.add(user, operator=operator, role=role)
        if second_factor:
            two_factor.new_device(user, name="phone")
        return user

    return make


@pytest.fixture
def sign_in_as(page: Page) -> Callable[[User], Page]:
    """Return a function that signs a person in through the pages, with both factors."""

    def sign_in(user: User) -> Page:
        page.goto("/account/sign-in/")
        page.get_by_label("E-mail").fill(user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        device = two_factor.authenticator(user)
        if device is not None:
            page.get_by_label("Code").fill(code_of(device))
            page.get_by_role("button", name="Continue").click()
        return page

    return sign_in


def code_of(device: TotpDevice) -> str:
    """Return the code an authenticator would show now."""
    totp = TOTP(device.seed, device.STEP_S, digits=device.DIGITS)
    totp.time = time.time()
    return f"{totp.token():0{device.DIGITS}}"


def look(page: Page, name: str) -> None:
    """Keep a picture of the page when WATTLEDGER_SHOTS names a folder."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


DAY_AND_NIGHT = {
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 3.2, "vat": 25, "step_size": 1}],
            "restrictions": {"start_time": "06:00", "end_time": "22:00"},
        },
        {"price_components": [{"type": "ENERGY", "price": 2.4, "vat": 25, "step_size": 1}]},
    ]
}


@pytest.fixture
def month(operator):
    """The first instant of the last whole month, by the operator's clock."""
    today = datetime.now(UTC).astimezone(operator.zone)
    before = today.replace(day=1) - timedelta(days=1)
    return before.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def driver(operator, month):
    """A driver with one evening's charging of that month, billed."""
    user = User.objects.create_user(f"dana@{operator.slug}.example.com", PASSWORD, name="Dana")
    with tenant_scope(operator.pk):
        tariff = tariffs.create(name="Day and night", currency="SEK", document=DAY_AND_NIGHT)
        tariffs.publish(tariff.versions.get(), valid_from=month, by=None, at=month)
        tariffs.assign(tariff, valid_from=month)
        dana = drivers.create(customer_number="1001", name="Dana Driver", street="Storgatan 1", city="Umeå")
        drivers.link_user(dana, user=user)
        charge(dana, start=month.replace(day=10, hour=21))
        run = run_steps.draft_month(operator.pk, month.date(), by=None, clock=timezone.now)
        runs.issue(run, by=None, at=datetime.now(UTC))
    return user


def charge(driver, *, start):
    """Charge 10 kWh in two hours, half of it before ten in the evening."""
    site = Site.objects.create(name="Garage")
    station = Station.objects.create(site=site, identifier="G-01")
    connector = Connector.objects.create(station=station)
    ChargingSession.objects.create(
        source="test",
        external_id="A-1",
        site=site,
        station=station,
        connector=connector,
        token=Token.objects.create(uid="04A1B2C3", driver=driver),
        driver=driver,
        started_at=start,
        ended_at=start + timedelta(hours=2),
        energy_wh=10_000,
        series_start=start,
        series_interval_s=900,
        series_wh=[1250] * 8,
        state=ChargingSession.State.COMPLETED,
    )
