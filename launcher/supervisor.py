"""Keeps programs running and stops them in order.

A program that ends by itself is reported and started again. One that keeps ending is broken, not
unlucky: after a few ends within a minute the whole run stops, because half a portal that looks like a
whole one is worse than none.
"""

import signal
import subprocess
import time
from collections import defaultdict, deque
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from launcher import keeper, processes
from launcher.errors import Refusal
from launcher.paths import State
from launcher.processes import Child, Program
from launcher.terminal import say

ENDS_THAT_ARE_TOO_MANY = 4
WITHIN_S = 60.0


class Stopped(BaseException):
    """Somebody asked us to stop: Ctrl-C, a closed terminal, `kill`."""


class Supervisor:
    """The programs of one run. As a context it stops them all at the end, the last started first."""

    def __init__(self, state: State, *, tell: Callable[[str], None] = say) -> None:
        self.state = state
        self.children: list[Child] = []
        self.errands: list[subprocess.Popen[str]] = []  # short commands, such as the migrations
        self._ends: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=ENDS_THAT_ARE_TOO_MANY))
        self._tell = tell
        self._asked_to_stop = False

    def __enter__(self) -> "Supervisor":
        self._keeper = keeper.start(self.state)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_asked)
        return self

    def _stop_asked(self, _number: int, _frame: FrameType | None) -> None:
        # Python drops an exception that a signal raises inside some callbacks (those around a fork, for
        # example). The mark stays, and `heed` finds it.
        self._asked_to_stop = True
        raise Stopped

    def heed(self) -> None:
        """Raise `Stopped` if somebody asked us to stop, even where the exception itself was lost."""
        if self._asked_to_stop:
            raise Stopped

    def __exit__(self, *_: object) -> None:
        # A second Ctrl-C must not cut the orderly end short: PostgreSQL is writing its last checkpoint.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.stop()
        keeper.dismiss(self._keeper)

    def start(self, program: Program) -> Child:
        """Start a program and look after it from now on."""
        self.heed()
        child = Child(program, self.state)
        self.children.append(child)
        return child

    def stop(self) -> None:
        """Stop everything: first what uses the servers, side by side, then the servers one by one."""
        for errand in self.errands:  # first, before its database goes
            if errand.poll() is None:
                errand.terminate()
                errand.wait()
        users = [child for child in self.children if not child.program.is_server]
        servers = [child for child in self.children if child.program.is_server]
        for child in users:
            child.ask_to_stop()
        for child in reversed(users):
            child.wait_or_kill()
        for child in reversed(servers):
            child.ask_to_stop()
            child.wait_or_kill()
        self.children.clear()
        processes.forget(self.state)

    def look(self) -> None:
        """Report and restart what ended; turn over logs that have grown large.

        Raises `Refusal` when something ends again and again.
        """
        for position, child in enumerate(self.children):
            processes.turn_over(child.log)
            if not child.is_running:
                self.children[position] = self._restart(child)

    def _restart(self, child: Child) -> Child:
        name, ends = child.program.name, self._ends[child.program.name]
        ends.append(time.monotonic())
        processes.kill_group(child.process.pid)  # its own children, if it left any
        if len(ends) == ENDS_THAT_ARE_TOO_MANY and ends[-1] - ends[0] < WITHIN_S:
            raise Refusal(f"{name} ended {len(ends)} times within a minute ({child.ending}); see {child.log}.")
        self._tell(f"{name} ended by itself ({child.ending}) and is started again; see {child.log}.")
        return Child(child.program, self.state)

    def watch(self, interval_s: float = 0.5) -> NoReturn:
        """Look after the children until `Stopped` is raised."""
        while True:
            self.heed()
            self.look()
            time.sleep(interval_s)
