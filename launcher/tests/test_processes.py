"""Children: their end, and that they never outlive us, not even a SIGKILL or their own stubbornness."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher import keeper, processes
from launcher.paths import CHECKOUT, State
from launcher.processes import Child, Program
from launcher.tests.conftest import python, until

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded")

STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"

# Starts two children, of which one does not listen, and waits to be killed.
RUNNER = f"""
import sys, time
from pathlib import Path
from launcher.paths import State
from launcher.processes import Program
from launcher.supervisor import Supervisor
with Supervisor(State(Path(sys.argv[1]))) as supervisor:
    obedient = supervisor.start(Program("obedient", ["sleep", "60"]))
    stubborn = supervisor.start(Program("stubborn", [sys.executable, "-S", "-c", {STUBBORN!r}]))
    while not stubborn.log.read_text():
        time.sleep(0.01)
    print(obedient.process.pid, stubborn.process.pid, flush=True)
    time.sleep(60)
"""

Start = Callable[[Program], Child]


def test_output_goes_into_the_log(start: Start) -> None:
    child = start(python("import sys; print('seen'); sys.exit(3)"))
    child.process.wait()
    assert child.last_words() == "seen"
    assert child.ending == "exit status 3"


def test_a_child_that_does_not_listen_is_killed_with_its_own_children(start: Start, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    source = f"import subprocess; p = subprocess.Popen(['sleep', '60']); open({str(note)!r}, 'w').write(str(p.pid));"
    child = start(python(source + STUBBORN, patience_s=0.1))
    assert until(child.last_words)
    child.ask_to_stop()
    child.wait_or_kill()
    assert child.ending == "signal SIGKILL"
    assert until(lambda: processes.beginning(int(note.read_text())) == "")


def test_a_large_log_is_turned_over(state: State, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGEST_LOG", 3)
    (state.logs / "program.log").write_text("old and long")
    start(python("print('new')")).process.wait()
    assert (state.logs / "program.log").read_text() == "new\n"
    assert (state.logs / "program.log.1").read_text() == "old and long"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of our death")
def test_nothing_is_left_of_a_killed_runner_but_what_the_keeper_ends(state: State) -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(state.root)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert runner.stdout
    with runner.stdout:
        obedient, stubborn = map(int, runner.stdout.readline().split())
    runner.kill()
    runner.wait()
    assert until(lambda: not processes.beginning(obedient), patience_s=2)
    assert processes.beginning(stubborn), "this test needs a child that ignores the signal"
    assert until(lambda: not processes.beginning(stubborn), patience_s=keeper.USERS_MAY_TAKE_S + 5)


def test_the_keeper_gives_servers_more_time(state: State, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "USERS_MAY_TAKE_S", 0)
    monkeypatch.setattr(keeper, "SERVERS_MAY_TAKE_S", 0.3)
    user, server = start(python(STUBBORN, "user")), start(python(STUBBORN, "server", is_server=True))
    ends: list[str] = []

    def kill(leader: int) -> None:
        child = user if leader == user.process.pid else server
        if child.is_running:
            ends.append(child.program.name)
            child.process.kill()
            child.process.wait()

    monkeypatch.setattr(processes, "kill_group", kill)
    keeper.finish(state)
    assert ends == ["user", "server"]


def test_leftovers_of_an_earlier_start_are_ended(state: State, start: Start) -> None:
    child = start(python(STUBBORN))
    assert processes.end_leftovers(state, patience_s=0) is True
    assert child.process.wait() == -signal.SIGKILL
    assert processes.end_leftovers(state) is False, "there is nothing left to report the second time"


def test_a_stranger_with_the_number_of_a_dead_child_is_left_alone(state: State, start: Start) -> None:
    stranger = start(python("import time; time.sleep(60)"))
    notes = state.run / "processes.json"
    notes.write_text(notes.read_text().replace(processes.beginning(stranger.process.pid), "1"))
    assert processes.end_leftovers(state, patience_s=0) is True
    assert stranger.is_running
