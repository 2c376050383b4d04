"""A state folder for each test, and short programs to look after."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import processes
from launcher.paths import State
from launcher.processes import Child, Program


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
