"""One program as a child: its log, how it is asked to stop, and that it never outlives us.

A child leads its own session, so that Ctrl-C reaches only us and we stop things in order. Linux tells
it when we die, even by SIGKILL (`PR_SET_PDEATHSIG`); the signal is chosen so that the program takes
its own children with it. Where something is left all the same (another system, a program that was
stuck), the next start finds it by the notes in `run/` and ends it.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.embedded.paths import CHECKOUT, State

PR_SET_PDEATHSIG = 1
LARGEST_LOG = 20 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to start and how it ends.

    `stop` is the signal for an orderly end, which may take `patience_s` seconds; `orphaned` the one the
    kernel sends when we are gone. `user` is a numeric user to run as (only root may say so). A server is
    stopped after everything that uses it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    folder: Path = CHECKOUT
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGTERM
    patience_s: float = 15
    user: int | None = None
    is_server: bool = False


class Child:
    """A running program."""

    def __init__(self, program: Program, state: State) -> None:
        self.program = program
        self.log = state.logs / f"{program.name}.log"
        _turn_over(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own command
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=program.environment,
                cwd=program.folder,
                start_new_session=True,
                preexec_fn=die_with_us(program.orphaned),  # noqa: PLW1509  # we have one thread
                **as_user(program.user),
            )
        self.started_at = time.monotonic()
        remember(state, program.name, self.process.pid)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def ask_to_stop(self) -> None:
        """Send the signal of an orderly end."""
        if self.is_running:
            self.process.send_signal(self.program.stop)

    def wait_or_kill(self) -> None:
        """Wait for the orderly end, then end the program and whatever it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.program.patience_s)
        kill_group(self.process.pid)
        self.process.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def die_with_us(sign: signal.Signals) -> Callable[[], None]:
    """Return what a child does before its program begins: ask the kernel for `sign` at our death."""
    parent = os.getpid()

    def ask() -> None:
        # Python ignores SIGINT's default in background shells; a program must hear its stop signals.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(sign))
            if os.getppid() != parent:  # we died between the fork and the line above
                os._exit(1)

    return ask


def as_user(user: int | None) -> dict[str, Any]:
    """Return the arguments of `Popen` that make a program run as another user, with no group of ours."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def kill_group(leader: int) -> None:
    """End a child's whole session group at once, if anything of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _turn_over(log: Path) -> None:
    """Keep one older log beside the current one."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


# --- what an earlier start may have left behind ---


def _notes(state: State) -> Path:
    return state.run / "processes.json"


def _read_notes(state: State) -> dict[str, list[str]]:
    try:
        notes: dict[str, list[str]] = json.loads(_notes(state).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return notes


def remember(state: State, name: str, pid: int) -> None:
    """Note a child, with the moment it began: a number alone may be somebody else's by then."""
    notes = _read_notes(state)
    notes[name] = [str(pid), beginning(pid)]
    fresh = _notes(state).with_suffix(".new")
    fresh.write_text(json.dumps(notes))
    fresh.replace(_notes(state))


def forget(state: State) -> None:
    """Everything of ours has ended."""
    _notes(state).unlink(missing_ok=True)


def beginning(pid: int) -> str:
    """Return when a process began, which tells it from a later one of the same number; '' if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if sys.platform == "linux":
            return ""
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def end_leftovers(state: State, patience_s: float = 20) -> bool:
    """Wait for children of an earlier start that died, then end them. Returns whether that start died.

    They were told to stop at its death and normally need a moment; PostgreSQL writes a checkpoint.
    """
    notes = _read_notes(state)
    left = {int(pid): began for pid, began in notes.values() if began}
    deadline = time.monotonic() + patience_s
    while left and time.monotonic() < deadline:
        left = {pid: began for pid, began in left.items() if beginning(pid) == began}
        time.sleep(0.05 if left else 0)
    for pid in left:
        kill_group(pid)
    forget(state)
    return bool(notes)
