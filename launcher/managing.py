"""bin/manage: one management command with servers and environment prepared.

Beside a running `bin/run` it uses those servers and simply becomes the command. Otherwise it starts
what the command needs and stops it afterwards, when nobody else uses it any more.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from launcher import locks, running, servers
from launcher.paths import CHECKOUT, State
from launcher.processes import die_with_us, end_leftovers
from launcher.supervisor import Supervisor

# These look at code and files alone.
WITHOUT_SERVERS = {
    "backup_key",
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "price",
    "startapp",
    "version",
}


def main(arguments: Sequence[str]) -> int:
    """Run the command. Returns its exit status (or never returns, having become the command)."""
    state = State.from_environment()
    state.prepare()
    running.compile_catalogues()
    if not needs_servers(arguments):
        become(arguments, servers.environment(state, servers.addresses(state)))
    while True:
        try:
            with locks.own(state.root, f"bin/manage {arguments[0]}"):
                return with_own_servers(state, arguments)
        except locks.Busy:
            beside(state, arguments)


def needs_servers(arguments: Sequence[str]) -> bool:
    """Whether the command may touch a server, and one of the servers is ours to start."""
    asks_for_help = not arguments or {"--help", "-h", "--version"} & set(arguments)
    if asks_for_help or arguments[0] in WITHOUT_SERVERS:
        return False
    return servers.embeds_postgres() or servers.embeds_redis()


def command_line(arguments: Sequence[str]) -> list[str]:
    """Return how a management command is started."""
    return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]


def become(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Replace this process by the command: input, output, signals and exit status are then its own."""
    command = command_line(arguments)
    os.execve(command[0], command, dict(environment))  # noqa: S606


def beside(state: State, arguments: Sequence[str]) -> None:
    """Become the command beside whoever owns the servers. Returns when that one has ended meanwhile."""
    with locks.use(state.root) as descriptor:
        if locks.is_owned(state.root):
            os.set_inheritable(descriptor, True)  # noqa: FBT003 # the command goes on being counted as a user
            become(arguments, servers.environment(state, servers.announced(state)))


def with_own_servers(state: State, arguments: Sequence[str]) -> int:
    """Start servers, run the command, wait for others that came to use them, stop them."""
    end_leftovers(state)
    with Supervisor(state) as supervisor:
        environment = servers.environment(state, servers.start(state, supervisor))
        try:
            supervisor.heed()
            return run(command_line(arguments), environment)
        finally:
            with locks.alone(state.root):
                servers.withdraw(state)
                supervisor.stop()


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command at our terminal and return its exit status, as a shell would tell it."""
    process = subprocess.Popen(  # our own command
        command,
        env=dict(environment),
        preexec_fn=die_with_us(signal.SIGTERM),  # noqa: PLW1509  # we have one thread
    )

    def pass_on(number: int, _frame: object) -> None:
        process.send_signal(number)

    # Ctrl-C reaches the command by the terminal; we only wait for what it makes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    status = process.wait()
    return status if status >= 0 else 128 - status
