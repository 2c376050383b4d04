"""bin/run: from nothing to a portal that answers, and back to nothing when it is stopped.

PostgreSQL, Redis, migrations, collected files, a demonstration for an empty database of development,
then web, worker and timetable. With DATABASE_URL and REDIS_URL set it starts no servers.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.embedded import catalogues, locks, servers
from portal.embedded.errors import Refusal
from portal.embedded.paths import CHECKOUT, State
from portal.embedded.processes import Child, Program, die_with_us, end_leftovers
from portal.embedded.supervisor import Stopped, Supervisor
from portal.embedded.terminal import say, tell

HOST = "127.0.0.1"
LONGEST_WEB_START_S = 60.0
CELERY = (sys.executable, "-m", "celery", "-A", "portal")


def main(arguments: Sequence[str]) -> int:
    """Run until stopped. Returns the exit status."""
    if arguments:
        raise Refusal("bin/run takes no arguments; see docs/runbooks/running.md for its variables.")
    began = time.monotonic()
    state, port = State.from_environment(), read_port()
    state.prepare()
    try:
        with locks.own(state.root, "bin/run"):
            check_port(port, patience_s=10 if end_leftovers(state) else 0)
            return run(state, port, began)
    except locks.Busy as busy:
        raise Refusal(
            f"{state.root} is already in use by {busy}. Stop that, or set WATTLEDGER_STATE and PORT for a second copy."
        ) from None


def run(state: State, port: int, began: float) -> int:
    """Start everything, say where it is, look after it, stop it."""
    try:
        with Supervisor(state) as supervisor:
            try:
                environment = make_ready(state, supervisor)
                asking = ask_for_people(supervisor, environment)
                web = supervisor.start(web_program(without_owner(environment), port))
                wait_for(web, port, environment)
                for program in (worker_program, timetable_program):
                    supervisor.start(program(state, without_owner(environment)))
                welcome(state, port, time.monotonic() - began, told(asking))
                supervisor.watch()
            finally:
                servers.withdraw(state)
                say("Stopping ...")
    except Stopped:
        say("Stopped.")
        return 0


def read_port() -> int:
    """Return PORT, 8000 without it. Raises `Refusal` when it is no port."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refusal(f"PORT is {text!r}; a number from 1 to 65535 is needed.")
    return int(text)


def check_port(port: int, patience_s: float = 0) -> None:
    """Make sure that nobody listens on the port. Raises `Refusal` when somebody still does in the end."""
    deadline = time.monotonic() + patience_s
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError:
                raise Refusal(f"Port {port} is only for root. Set PORT to one from 1024 on.") from None
            except OSError:
                if time.monotonic() > deadline:
                    raise Refusal(f"Port {port} is taken by another program. Set PORT to a free one.") from None
                time.sleep(0.1)
            else:
                return


# --- before the doors open ---


def make_ready(state: State, supervisor: Supervisor) -> dict[str, str]:
    """Start the servers and bring translations, schema, collected files and demonstration up to date.

    Returns the environment of everything that uses them.
    """
    compile_catalogues()
    collecting = begin_command(
        supervisor,
        ["collectstatic", "--noinput", "--verbosity=0"],
        servers.environment(state, servers.addresses(state)),
    )
    environment = servers.environment(state, servers.start(state, supervisor))
    migrate(supervisor, environment)
    if collecting.wait():
        raise Refusal("The style sheets and scripts could not be collected; the reason is above.")
    if wants_demonstration(environment):
        say("Building the demonstration (once) ...")
        if begin_command(supervisor, ["demo"], environment).wait():
            raise Refusal(
                "The demonstration could not be built; the reason is above. "
                f"Remove {state.root} and start again, or set WATTLEDGER_DEMO=0 to go on without it."
            )
    return environment


def compile_catalogues() -> None:
    """Compile translations; a checkout that cannot be written keeps those it has."""
    try:
        catalogues.compile_all(CHECKOUT / "locale")
    except OSError as error:
        say(f"Translations were not compiled: {error.filename or CHECKOUT} cannot be written.")


def begin_command(
    supervisor: Supervisor, arguments: Sequence[str], environment: Mapping[str, str], *, captured: bool = False
) -> subprocess.Popen[str]:
    """Start a management command that ends when we do; its output may be captured and its errors dropped."""
    command = subprocess.Popen(  # our own command
        [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if captured else None,
        stderr=subprocess.DEVNULL if captured else None,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_us(signal.SIGTERM),  # noqa: PLW1509  # we have one thread
    )
    supervisor.errands.append(command)
    return command


def migrate(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """Bring the schema up to date as its owner; without his address, make sure that it is.

    Raises:
        Refusal: a migration failed, or is missing and we may not run it.
    """
    if environment.get("DATABASE_OWNER_URL"):
        if begin_command(supervisor, ["migrate", "--noinput", "--verbosity=0"], environment).wait():
            raise Refusal("The migrations failed; the reason is above.")
        return
    say("DATABASE_OWNER_URL is not set: migrations are checked, not run.")
    as_app = {**environment, "DATABASE_ROLE": "app"}
    if begin_command(supervisor, ["migrate", "--check", "--verbosity=0"], as_app).wait():
        raise Refusal(
            "The database misses migrations, or cannot be reached. "
            "Run `bin/manage migrate` with DATABASE_OWNER_URL set to the owner's address."
        )


def wants_demonstration(environment: Mapping[str, str]) -> bool:
    """Whether this is development, WATTLEDGER_DEMO is not 0 and the database holds no operator."""
    if servers.kind() != "development" or os.environ.get("WATTLEDGER_DEMO") == "0":
        return False
    import psycopg  # noqa: PLC0415  # a quarter of a second that other commands need not pay

    address = environment.get("DATABASE_OWNER_URL") or environment["DATABASE_URL"]
    with psycopg.connect(address) as connection:
        return connection.execute("SELECT FROM tenants_operator LIMIT 1").fetchone() is None


# --- web, worker, timetable ---


def without_owner(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the portal: it never acts as the tables' owner."""
    return {name: value for name, value in environment.items() if name != "DATABASE_OWNER_URL"}


def web_program(environment: Mapping[str, str], port: int) -> Program:
    """Return gunicorn with threads. It writes no access log: addresses and searches are personal data."""
    options = {
        "bind": f"{HOST}:{port}",
        "worker-class": "gthread",
        "workers": environment.get("WEB_CONCURRENCY", "2"),
        "threads": environment.get("WEB_THREADS", "4"),
        "timeout": "60",
        "graceful-timeout": "10",
        "keep-alive": "5",
    }
    if Path("/dev/shm").is_dir():  # noqa: S108  # gunicorn's heartbeat; on a busy disk it stalls workers
        options["worker-tmp-dir"] = "/dev/shm"  # noqa: S108
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    command = [sys.executable, "-m", "gunicorn", *arguments, "--no-control-socket", "portal.wsgi:application"]
    return Program("web", command, environment, orphaned=signal.SIGQUIT)


def worker_program(_state: State, environment: Mapping[str, str]) -> Program:
    """Return the Celery worker. An orphaned one drops its tasks at once: they are safe to run again."""
    options = [
        f"--concurrency={environment.get('WORKER_CONCURRENCY', '2')}",
        "--without-gossip",
        "--without-mingle",
    ]
    return Program(
        "worker",
        [*CELERY, "worker", "--loglevel=INFO", *options],
        environment,
        orphaned=signal.SIGQUIT,
        patience_s=20,
    )


def timetable_program(state: State, environment: Mapping[str, str]) -> Program:
    """Return Celery's beat, which remembers in `run/` when each entry was last due."""
    return Program(
        "beat",
        [*CELERY, "beat", "--loglevel=INFO", f"--schedule={state.run / 'timetable'}", "--pidfile="],
        environment,
    )


def wait_for(web: Child, port: int, environment: Mapping[str, str]) -> None:
    """Wait until the portal says that it is well. Raises `Refusal` when it ends or never says so."""
    deadline = time.monotonic() + LONGEST_WEB_START_S
    while not is_well(port, environment):
        if not web.is_running or time.monotonic() > deadline:
            raise Refusal(f"The web server did not start; see {web.log}:\n{web.last_words()}")
        time.sleep(0.05)


def is_well(port: int, environment: Mapping[str, str]) -> bool:
    """Ask `/healthz` as a proxy would: with the portal's own host name, over what was https outside."""
    host = environment.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(state: State, port: int, seconds: float, people: str) -> None:
    """Print the address, who can sign in to the demonstration, and where the logs are."""
    lines = ["", f"Wattledger is ready after {seconds:.1f} s:  http://{HOST}:{port}/", ""]
    if people:
        lines += [people, ""]
    lines += [f"Logs: {state.logs}    Commands beside it: bin/manage help    Stop: Ctrl-C", ""]
    tell("\n".join(lines))


def ask_for_people(supervisor: Supervisor, environment: Mapping[str, str]) -> subprocess.Popen[str] | None:
    """Begin to ask the demonstration who can sign in; outside development there is none."""
    if servers.kind() != "development":
        return None
    return begin_command(supervisor, ["demo", "--sign-ins"], environment, captured=True)


def told(asking: subprocess.Popen[str] | None) -> str:
    """Return the answer; nothing when there is no demonstration."""
    if asking is None:
        return ""
    said, _ = asking.communicate()
    return said.rstrip().lstrip("\n") if asking.returncode == 0 else ""
