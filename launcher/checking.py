"""bin/test: everything that must hold before a change is good.

It has a PostgreSQL and a Redis of its own in a folder that is thrown away, on a RAM disk where there is
one, without durability. Linters and type checks run beside the tests; the journeys in a browser come
last and alone, because they wait for pages and would blame the portal for a busy machine. Every step
runs, whatever the others said.

    bin/test                      all of it
    bin/test --quick              for the daily loop: the tests that are not slow, and the quick looks
    bin/test --only ARGUMENTS     pytest with these arguments
    bin/test --shell [COMMAND]    a shell, or a command, with the servers and the environment of tests
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from launcher import browser, locks, managing, postgres, running, schema, servers
from launcher.errors import Refusal
from launcher.paths import CHECKOUT, State
from launcher.processes import die_with_us, kill_group
from launcher.supervisor import Stopped, Supervisor
from launcher.terminal import say, tell

JOURNEYS = "portal/tests/e2e"
PACKAGES = ("tenants", "charging", "billing", "portal", "launcher")
SPACE_FOR_TESTS = 2 * 1024**3
# What the caller has set up for himself must not lead the tests to his servers or past their settings.
NOT_FOR_TESTS = (
    *servers.ADDRESSES,
    "SECRET_KEY",
    "SECRET_KEY_FILE",
    "ENCRYPTION_KEYS",
    "ENCRYPTION_KEYS_FILE",
    "ALLOWED_HOSTS",
    "DEBUG",
    "DATABASE_ROLE",
    "PORTAL_ADDRESS",
    "PLATFORM_ADDRESS",
    "BACKUP_FOLDER",
    "E_INVOICE_FOLDER",
    "BACKUP_RECIPIENTS",
    "BACKUP_KEYS_FOLDER",
    "BACKUP_KEYS_RECIPIENTS",
)
USAGE = "bin/test [--quick | --only PYTEST-ARGUMENTS… | --shell [COMMAND…]]"


@dataclass(frozen=True)
class Step:
    """One check: a command that is silent or not, and says by its exit status whether all is well."""

    title: str
    command: Sequence[str]
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    step: Step
    passed: bool


def main(arguments: Sequence[str]) -> int:
    """Run the checks. Returns the exit status."""
    mode, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if mode not in ("", "--quick", "--only", "--shell"):
        raise Refusal(f"{mode} is not known here. Usage: {USAGE}")
    began = time.monotonic()
    try:
        with scratch_state() as state, Supervisor(state) as supervisor:
            environment = test_environment(state, supervisor)
            environment |= schema.made(state, environment, anew=not mode)
            if mode == "--only":
                return managing.run([*_module("pytest"), *rest], environment)
            if mode == "--shell":
                return managing.run(list(rest) or [os.environ.get("SHELL") or "/bin/sh"], environment)
            return (check_quick if mode == "--quick" else check_all)(state, environment, began)
    except Stopped:
        say("Stopped.")
        return 130


def check_all(state: State, environment: Mapping[str, str], began: float) -> int:
    """Run every step and sum up. Returns the exit status."""
    needs_browser = any((CHECKOUT / JOURNEYS).glob("test_*.py"))
    chromium = browser.find(environment)
    way = browser.way() if needs_browser and not chromium else []
    getting = [Step("get a browser", way)] if way else []
    outcomes = run(state, environment, [test_steps(), look_steps(), getting])
    chromium = chromium or browser.find(environment)
    if needs_browser and chromium:
        journeys = Step("journeys in a browser", [*_module("pytest"), JOURNEYS], {"CHROMIUM": chromium})
        outcomes += run(state, environment, [[journeys]])
    failed = sum_up(outcomes, began)
    if needs_browser and not chromium:
        tell("The journeys in a browser were NOT run: no Chromium was found. Name one in CHROMIUM.")
    is_incomplete = needs_browser and not chromium and bool(environment.get("CI"))
    return 1 if failed or is_incomplete else 0


def check_quick(state: State, environment: Mapping[str, str], began: float) -> int:
    """Run what answers within a minute or two, and say that it was not all. Returns the exit status."""
    outcomes = run(state, environment, [[tests()], quick_looks()])
    failed = sum_up(outcomes, began)
    tell("The slow walls, the types and the journeys were left out: bin/test runs them too.")
    return 1 if failed else 0


def sum_up(outcomes: Sequence[Outcome], began: float) -> list[str]:
    """Say how it went. Returns what failed."""
    failed = [outcome.step.title for outcome in outcomes if not outcome.passed]
    seconds = time.monotonic() - began
    if failed:
        tell(f"{len(failed)} of {len(outcomes)} checks failed after {seconds:.0f} s: {', '.join(failed)}.")
    else:
        tell(f"All {len(outcomes)} checks passed in {seconds:.0f} s.")
    return failed


# --- the steps ---


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]


def quick_looks() -> Iterator[Step]:
    """Yield what looks at the code in seconds."""
    yield Step("lint (ruff)", [*_module("ruff"), "check", "--quiet", "."])
    yield Step("format (ruff)", [*_module("ruff"), "format", "--check", "--quiet", "."])
    contracts = "from importlinter.cli import lint_imports_command as main; main()"
    yield Step("floors and layers (import-linter)", [sys.executable, "-c", contracts])


def look_steps() -> Iterator[Step]:
    """Yield what looks at the code without running it, the quickest first."""
    yield from quick_looks()
    yield Step("security (bandit)", [*_module("bandit"), "--quiet", "--configfile", "pyproject.toml", "-r", *PACKAGES])
    yield Step("missing migrations", _manage("makemigrations", "--check", "--dry-run"))
    yield Step("Django's own checks", _manage("check", "--fail-level", "WARNING"))
    if any((CHECKOUT / "templates").rglob("*.html")):
        yield Step("templates (djlint)", [*_module("djlint"), "--lint", "--quiet", "templates"])
    yield Step("types (mypy)", [*_module("mypy"), "--no-error-summary", "."])


def test_steps() -> list[Step]:
    """Return the tests, then the slow ones (marked `slow`), both spread over the cores."""
    return [tests(), Step("slow walls (pytest)", _pytest("slow"))]


def tests() -> Step:
    """Return the tests of the daily loop."""
    return Step("tests (pytest)", _pytest("not slow"))


def _pytest(mark: str) -> list[str]:
    count = str(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 2)
    return [*_module("pytest"), "-n", count, "-m", mark, f"--ignore={JOURNEYS}"]


# --- running them ---


class Running:
    """A step that has begun. Its output goes into a file and is shown when it failed."""

    def __init__(self, step: Step, state: State, environment: Mapping[str, str]) -> None:
        self.step = step
        self.began = time.monotonic()
        self.output = tempfile.TemporaryFile(dir=state.logs)  # noqa: SIM115  # read again in `report`
        self.process = subprocess.Popen(  # our own command
            step.command,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env={**environment, **step.extra},
            cwd=CHECKOUT,
            start_new_session=True,
            preexec_fn=die_with_us(signal.SIGTERM),  # noqa: PLW1509  # we have one thread
        )

    def report(self) -> Outcome:
        """Tell in one line how the step ended; its output with it when it failed, and how tests closed."""
        passed, seconds = self.process.returncode == 0, time.monotonic() - self.began
        with self.output as output:
            output.seek(0)
            lines = output.read().decode(errors="replace").rstrip().splitlines()
        if not passed:
            tell("\n".join(["", *lines]))
        tell(f"{'ok    ' if passed else 'FAILED'}  {self.step.title:<32} {seconds:6.1f} s")
        if passed and "pytest" in self.step.command and lines:
            tell(lines[-1])
        return Outcome(self.step, passed)


def run(state: State, environment: Mapping[str, str], lanes: Sequence[Iterable[Step]]) -> list[Outcome]:
    """Run the lanes side by side, the steps of each one after the other, and report as they end."""
    queues = [deque(lane) for lane in lanes]
    active: dict[int, Running] = {}
    outcomes = []
    try:
        while active or any(queues):
            for number, queue in enumerate(queues):
                if queue and number not in active:
                    active[number] = Running(queue.popleft(), state, environment)
            for number, step in list(active.items()):
                if step.process.poll() is not None:
                    outcomes.append(active.pop(number).report())
            time.sleep(0.05)
    finally:
        for step in active.values():
            kill_group(step.process.pid)
    return outcomes


# --- a state to throw away ---


@contextmanager
def scratch_state() -> Iterator[State]:
    """Give a state folder on a RAM disk if there is one, and remove it afterwards."""
    disk = _disk()
    _sweep(disk)
    with tempfile.TemporaryDirectory(prefix="wattledger-test-", dir=disk, ignore_cleanup_errors=True) as name:
        state = State(Path(name))
        with locks.own(state.root, "bin/test"):
            try:
                state.prepare()
                yield state
            finally:
                postgres.remove_nobodys(state)


def _disk() -> Path:
    """Return the RAM disk when it is there and large enough, else the usual folder."""
    memory = Path("/dev/shm")  # noqa: S108  # only the disk; the folder in it is ours alone
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > SPACE_FOR_TESTS:
        return memory
    return Path(tempfile.gettempdir())


def _sweep(disk: Path) -> None:
    """Remove folders of runs that were killed: ours, not owned by anybody who lives, and not brand new."""
    for folder in disk.glob("wattledger-test-*"):
        with suppress(OSError):
            facts = folder.stat()
            is_new = time.time() - facts.st_mtime < 60
            if facts.st_uid == os.geteuid() and not is_new and not locks.is_owned(folder):
                postgres.remove_nobodys(State(folder))
                shutil.rmtree(folder, ignore_errors=True)


def test_environment(state: State, supervisor: Supervisor) -> dict[str, str]:
    """Start the servers and return the environment of tests, free of the caller's own settings."""
    for name in NOT_FOR_TESTS:
        os.environ.pop(name, None)
    os.environ["WATTLEDGER_ENV"] = "test"
    running.compile_catalogues()
    return servers.environment(state, servers.start(state, supervisor, durable=False))
