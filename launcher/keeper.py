"""Ends what our own death leaves running.

A runner that is killed outright can stop nothing. The kernel then tells its children to stop, but a
program may be stuck: a Celery worker whose broker went away at the same moment is. So beside every
runner sits this small process, in a session of its own, doing nothing but hold one end of a pipe. When
the pipe breaks it gives the children a while, then kills what is left. After an orderly end there is
nothing left, and it goes without a word.

    python -m launcher.keeper STATE < pipe
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

from launcher import processes
from launcher.paths import State

USERS_MAY_TAKE_S = 4
# PostgreSQL writes a checkpoint; killing it would only make the next start recover.
SERVERS_MAY_TAKE_S = 40


def start(state: State) -> "subprocess.Popen[bytes]":
    """Start the keeper of a state. It acts when its standard input closes, or we die."""
    return subprocess.Popen(  # our own command
        [sys.executable, "-P", "-m", "launcher.keeper", str(state.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )


def dismiss(keeper: "subprocess.Popen[bytes]") -> None:
    """Let the keeper see that everything has ended."""
    if keeper.stdin:
        keeper.stdin.close()
    keeper.wait()


def main() -> None:
    """Wait for the pipe to break, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    state = State(Path(sys.argv[1]))
    sys.stdin.buffer.read()
    finish(state)


def finish(state: State) -> None:
    """Give the children of a dead runner their time, then kill them."""
    began = time.monotonic()
    while left := processes.alive(state):
        passed_s = time.monotonic() - began
        for note in left:
            if passed_s > (SERVERS_MAY_TAKE_S if note.is_server else USERS_MAY_TAKE_S):
                processes.kill_group(note.pid)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
