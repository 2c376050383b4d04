"""Waiting as long as a program moves, and ending it only when it is dead or stuck."""

from collections.abc import Callable

import pytest

from launcher import waiting
from launcher.errors import Refusal
from launcher.processes import Child, Program
from launcher.tests.conftest import python, until
from launcher.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded")
Start = Callable[[Program], Child]

BUSY = "while True: pass"
WRITER = "import time, sys\nwhile True: print('still here', flush=True); time.sleep(0.1)"
PARENT_OF_BUSY = (
    f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-S', '-c', {BUSY!r}]); time.sleep(60)"
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program counts as stuck after 1.5 s instead of minutes."""
    monkeypatch.setattr(waiting, "STILL_S", 1.5)
    monkeypatch.setattr(waiting, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(waiting, "TELL_EVERY_S", 1.0)


def after(looks: int) -> Callable[[], bool]:
    """Answer at the given look, of which there are twenty a second."""
    left = iter([False] * looks + [True])
    return lambda: next(left)


@pytest.mark.parametrize("source", [BUSY, WRITER, PARENT_OF_BUSY], ids=["busy", "writing", "a child of it is busy"])
def test_who_moves_is_waited_for_beyond_the_time_a_stuck_one_gets(source: str, start: Start) -> None:
    wait_until(after(80), start(python(source)), what="the web server")


def test_who_stands_still_is_given_up_with_the_end_of_its_log(start: Start) -> None:
    child = start(python("import time; print('waiting for Godot', flush=True); time.sleep(60)"))
    assert until(child.last_words)
    with pytest.raises(Refusal, match=r"(?s)The web server runs but has done nothing.*waiting for Godot"):
        wait_until(lambda: False, child, what="the web server")


def test_who_ended_is_given_up_at_once(start: Start) -> None:
    child = start(python("import sys; print('no settings'); sys.exit(3)"))
    with pytest.raises(Refusal, match=r"(?s)PostgreSQL did not start .exit status 3.*no settings"):
        wait_until(lambda: False, child, what="PostgreSQL")


def test_a_person_is_told_what_is_waited_for(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    wait_until(after(40), start(python(BUSY)), what="the web server")
    assert "Still waiting for the web server after 1 s." in capsys.readouterr().err


def test_a_quick_one_is_not_talked_about(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    wait_until(after(2), start(python(BUSY)), what="the web server")
    assert capsys.readouterr().err == ""
