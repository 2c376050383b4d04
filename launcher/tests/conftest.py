"""A state folder for each test, and short programs to look after."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import postgres, processes
from launcher.paths import State
from launcher.processes import Child, Program
from launcher.supervisor import Supervisor


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.prepare()
    return state


@pytest.fixture
def start(state: State) -> Iterator[Callable[[Program], Child]]:
    """Return a function that starts a program; whatever is left of it ends with the test."""
    children = []

    def started(program: Program) -> Child:
        children.append(Child(program, state))
        return children[-1]

    yield started
    for child in children:
        processes.kill_group(child.process.pid)
        child.process.wait()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[State, postgres.Cluster]]:
    """A real server, started once for all who ask."""
    state = State(tmp_path_factory.mktemp("state"))
    state.prepare()
    supervisor = Supervisor(state)
    try:
        here = postgres.cluster(state)
        postgres.create(here)
        child = supervisor.start(postgres.program(here, durable=False))
        postgres.wait(here, child)
        postgres.prepare(here)
        yield state, here
    finally:
        supervisor.stop()
        postgres.remove_nobodys(state)


def python(source: str, name: str = "program", **options: object) -> Program:
    """Return a program written in Python."""
    return Program(name, [sys.executable, "-S", "-c", source], **options)  # type: ignore[arg-type]


def until(condition: Callable[[], object], patience_s: float = 10) -> bool:
    """Wait until something holds. Returns whether it came to hold."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
