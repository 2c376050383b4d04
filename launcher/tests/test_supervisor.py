"""Programs that end are started again, broken ones end the run, and the end has an order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import processes
from launcher.errors import Refusal
from launcher.paths import State
from launcher.supervisor import ENDS_THAT_ARE_TOO_MANY, Stopped, Supervisor
from launcher.tests.conftest import python, until

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded")

# Writes its name when it is asked to stop, and takes a moment before it does.
POLITE = """
import signal, sys, time
def stop(*_):
    time.sleep({delay}); open({book!r}, "a").write({name!r} + " "); sys.exit()
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
while True: time.sleep(1)
"""


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(state: State, told: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(state, tell=told.append)  # not entered: pytest keeps its signal handlers
    yield supervisor
    supervisor.stop()


def test_a_program_that_ends_is_reported_and_started_again(supervisor: Supervisor, told: list[str]) -> None:
    child = supervisor.start(python("import time; time.sleep(60)", "web"))
    child.process.kill()
    child.process.wait()
    supervisor.look()
    assert supervisor.children[0].is_running
    assert supervisor.children[0] is not child
    assert "web ended by itself (signal SIGKILL)" in told[0]
    assert "web.log" in told[0]


def test_the_log_of_a_long_run_is_turned_over_and_is_for_us_alone(
    supervisor: Supervisor, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LARGEST_LOG", 2000)
    file = state.root / "made"
    code = f"import time; open({str(file)!r}, 'w').close()\nwhile True: print('x' * 500, flush=True); time.sleep(0.02)"
    child = supervisor.start(python(code, "web"))
    older = state.logs / "web.log.1"

    def is_turned_over() -> bool:
        supervisor.look()
        return older.exists()

    assert until(is_turned_over)
    size = child.log.stat().st_size
    until(lambda: child.log.stat().st_size != size)  # it goes on writing, at the beginning of an emptied file
    assert child.is_running
    assert child.log.stat().st_size < older.stat().st_size * 3
    assert b"\0" not in child.log.read_bytes()
    for kept in (child.log, older, file):
        assert kept.stat().st_mode & 0o777 == 0o600, kept


def test_a_program_that_keeps_ending_ends_the_run(supervisor: Supervisor, told: list[str]) -> None:
    supervisor.start(python("raise SystemExit(3)", "worker"))
    for _ in range(ENDS_THAT_ARE_TOO_MANY - 1):
        supervisor.children[0].process.wait()
        supervisor.look()
    supervisor.children[0].process.wait()
    with pytest.raises(Refusal, match=r"worker ended 4 times within a minute \(exit status 3\)"):
        supervisor.look()
    assert len(told) == ENDS_THAT_ARE_TOO_MANY - 1


def test_a_wish_to_stop_is_kept_where_the_exception_is_lost(supervisor: Supervisor) -> None:
    with pytest.raises(Stopped):
        supervisor._stop_asked(2, None)  # and somebody swallows it
    with pytest.raises(Stopped):
        supervisor.watch(interval_s=0)
    with pytest.raises(Stopped):
        supervisor.start(python("", "late"))
    assert supervisor.children == []


def test_servers_stop_after_everything_that_uses_them(supervisor: Supervisor, state: State, tmp_path: Path) -> None:
    book = tmp_path / "book"
    for name, delay, is_server in (("database", 0, True), ("queue", 0, True), ("web", 0.3, False), ("beat", 0, False)):
        source = POLITE.format(delay=delay, book=str(book), name=name)
        child = supervisor.start(python(source, name, is_server=is_server))
        assert until(child.last_words)
    supervisor.stop()
    assert book.read_text().split() == ["beat", "web", "queue", "database"]
    assert processes.alive(state) == []
