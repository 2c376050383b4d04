"""One program as a child: its log, how it is asked to stop, and that it never outlives us.

A child leads its own session, so that Ctrl-C reaches only us and we stop things in order. Linux tells
it when we die, even by SIGKILL (`PR_SET_PDEATHSIG`); the signal is chosen so that the program takes
its own children with it. Whatever is stuck all the same is ended by the keeper beside us, and what even
he left (another system, a machine that was switched off) by the next start; both go by the notes in `run/`.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from launcher.paths import CHECKOUT, State

PR_SET_PDEATHSIG = 1
LARGEST_LOG = 20 * 1024 * 1024
#: Files of ours are for our own user: 0600, folders 0700.
NOBODY_ELSE = 0o077
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
        turn_over(self.log)
        with open(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
            self.process = subprocess.Popen(  # our own command
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=program.environment,
                cwd=program.folder,
                start_new_session=True,
                umask=NOBODY_ELSE,
                preexec_fn=die_with_us(program.orphaned),  # noqa: PLW1509  # we have one thread
                **as_user(program.user),
            )
        self.started_at = time.monotonic()
        remember(state, program, self.process.pid)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def effort(self) -> tuple[int, int]:
        """What it has done so far: processor time of all its processes, and the length of its log.

        The time is in ticks of the kernel on Linux, in seconds elsewhere; only a change of it says anything.
        """
        return sum(used for used, _ in _session(self.process.pid)), self.log.stat().st_size

    def is_at_it(self) -> bool:
        """Whether one of its processes runs, waits for its turn, or for the disk, at this very moment."""
        return any(state in "RD" for _, state in _session(self.process.pid))

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


def _session(leader: int) -> list[tuple[int, str]]:
    """Return processor time and state of each process of the session that the child leads."""
    if sys.platform != "linux":
        listed = subprocess.run(
            ["ps", "-o", "time=,state=", "-g", str(leader)], capture_output=True, text=True, check=False
        )
        rows = [line.split() for line in listed.stdout.splitlines()]
        return [(_seconds(row[0]), row[1]) for row in rows if len(row) == 2]
    return [
        (int(fields[11]) + int(fields[12]), fields[0])
        for fields in map(_stat, Path("/proc").glob("[0-9]*/stat"))
        if fields and fields[3] == str(leader)
    ]


def _stat(path: Path) -> list[str]:
    """Return the fields of a process from its state on (proc(5), field 3); nothing when it is gone."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(clock: str) -> int:
    """Return the seconds of `ps`'s `[hours:]minutes:seconds`."""
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(float(part))
    return total


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


def turn_over(log: Path) -> None:
    """Keep one older log beside the current one, once it is large; also while its program goes on writing.

    The program holds the file open and always writes at its end, so the file is copied and emptied, not renamed.
    What is written in the moment between the two is lost: a few lines of twenty megabytes.
    """
    if not log.exists() or log.stat().st_size <= LARGEST_LOG:
        return
    older = log.with_suffix(".log.1")
    with log.open("rb") as full, open(os.open(older, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as kept:
        shutil.copyfileobj(full, kept)
    os.truncate(log, 0)


# --- notes of what runs, for those who must end it when we cannot ---


@dataclass(frozen=True)
class Note:
    """A child that was started. Its beginning tells it from a later process of the same number."""

    name: str
    pid: int
    began: str
    is_server: bool

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        return bool(self.began) and beginning(self.pid) == self.began


def _notes_file(state: State) -> Path:
    return state.run / "processes.json"


def _notes(state: State) -> list[Note]:
    try:
        return [Note(**note) for note in json.loads(_notes_file(state).read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def remember(state: State, program: Program, pid: int) -> None:
    """Note a child."""
    notes = [note for note in _notes(state) if note.name != program.name]
    notes.append(Note(program.name, pid, beginning(pid), program.is_server))
    fresh = _notes_file(state).with_suffix(".new")
    fresh.write_text(json.dumps([asdict(note) for note in notes]))
    fresh.replace(_notes_file(state))


def forget(state: State) -> None:
    """Everything of ours has ended."""
    _notes_file(state).unlink(missing_ok=True)


def alive(state: State) -> list[Note]:
    """Return the noted children that still run."""
    return [note for note in _notes(state) if note.is_alive]


def beginning(pid: int) -> str:
    """Return when a process began, which tells it from a later one of the same number; '' if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if sys.platform == "linux":
            return ""
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def end_leftovers(state: State, patience_s: float = 20) -> bool:
    """Wait for children of an earlier start that died, then end them. Returns whether that start died.

    They were told to stop at its death and normally need a moment; PostgreSQL writes a checkpoint.
    """
    died = _notes_file(state).exists()
    deadline = time.monotonic() + patience_s
    while left := alive(state):
        if time.monotonic() > deadline:
            for note in left:
                kill_group(note.pid)
        time.sleep(0.05)
    forget(state)
    return died
