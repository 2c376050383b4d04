"""bin/run: from nothing to a portal that answers, and back to nothing when it is stopped.

PostgreSQL, Redis, migrations, collected files, a demonstration for an empty database of development,
then web, platform, the gateway of stations, workers, timetable and, where they are wanted, backups. The platform's
pages and the gateway are processes of their own, on the next two ports and with database roles of their own, as is the
maker of backups; a process is given the address of its role and no other.
With DATABASE_URL and REDIS_URL set it starts no servers.
"""

import base64
import binascii
import hmac
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from launcher import catalogues, locks, servers
from launcher.errors import Refusal
from launcher.paths import CHECKOUT, State
from launcher.processes import Program, die_with_us, end_leftovers
from launcher.supervisor import Stopped, Supervisor
from launcher.terminal import say, tell
from launcher.waiting import wait_until

HOST = "127.0.0.1"
CELERY = (sys.executable, "-m", "celery", "-A", "portal")


def main(arguments: Sequence[str]) -> int:
    """Run until stopped. Returns the exit status."""
    if arguments:
        raise Refusal("bin/run takes no arguments; see docs/runbooks/running.md for its variables.")
    began = time.monotonic()
    state, ports = State.from_environment(), read_ports()
    state.prepare()
    try:
        with locks.own(state.root, "bin/run"):
            patience_s = 10 if end_leftovers(state) else 0
            check_port(ports.web, patience_s=patience_s)
            check_port(ports.platform, patience_s=patience_s, variable="PLATFORM_PORT")
            check_port(ports.gateway, patience_s=patience_s, variable="GATEWAY_PORT")
            return run(state, ports, began)
    except locks.Busy as busy:
        raise Refusal(
            f"{state.root} is already in use by {busy}. Stop that, or set WATTLEDGER_STATE and PORT for a second copy."
        ) from None


@dataclass(frozen=True)
class Ports:
    """Where the two web servers, and the gateway of stations, listen on 127.0.0.1."""

    web: int
    platform: int
    gateway: int


def run(state: State, ports: Ports, began: float) -> int:
    """Start everything, say where it is, look after it, stop it."""
    try:
        with Supervisor(state) as supervisor:
            try:
                environment = with_addresses(make_ready(state, supervisor), ports)
                asking = ask_for_people(supervisor, environment)
                open_doors(supervisor, environment, ports)
                servers.announce(state, {**servers.announced(state), "GATEWAY_PORT": str(ports.gateway)})
                app = as_app(environment)
                for program in [reader_program(app), *worker_programs(app), timetable_program(state, app)]:
                    supervisor.start(program)
                if has_backups(environment):
                    supervisor.start(backup_program(as_backup(environment)))
                people = told(asking)
                if people and has_gateway(environment) and os.environ.get("WATTLEDGER_DEMO") != "0":
                    supervisor.start(simulation_program(app, ports.gateway))
                welcome(state, ports, time.monotonic() - began, people, has_platform=has_platform(environment))
                supervisor.watch()
            finally:
                servers.withdraw(state)
                say("Stopping ...")
    except Stopped:
        say("Stopped.")
        return 0


def open_doors(supervisor: Supervisor, environment: Mapping[str, str], ports: Ports) -> None:
    """Start the web servers, side by side, and wait until each says that it is well."""
    web = supervisor.start(web_program(as_app(environment), ports.web))
    opened = [(web, ports.web, "the web server")]
    if has_platform(environment):
        platform = platform_program(as_platform(environment), ports.platform)
        opened.append((supervisor.start(platform), ports.platform, "the platform's web server"))
    else:
        say("DATABASE_PLATFORM_URL is not set: the platform's pages are not served.")
    if has_gateway(environment):
        gateway = gateway_program(as_gateway(environment), ports.gateway)
        opened.append((supervisor.start(gateway), ports.gateway, "the gateway of stations"))
    else:
        say("DATABASE_GATEWAY_URL is not set: no station can connect.")
    for child, port, what in opened:
        wait_until(partial(is_well, port, environment), child, what=what)


def read_ports() -> Ports:
    """Return PORT, else 8000, PLATFORM_PORT and GATEWAY_PORT, else the next two. Raises `Refusal` for no port."""
    web = _read_port("PORT", 8000)
    return Ports(web, _read_port("PLATFORM_PORT", web + 1), _read_port("GATEWAY_PORT", web + 2))


def _read_port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refusal(f"{variable} is {text!r}; a number from 1 to 65535 is needed.")
    return int(text)


def check_port(port: int, patience_s: float = 0, *, variable: str = "PORT") -> None:
    """Make sure that nobody listens on the port. Raises `Refusal` when somebody still does in the end."""
    deadline = time.monotonic() + patience_s
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError:
                raise Refusal(f"Port {port} is only for root. Set {variable} to one from 1024 on.") from None
            except OSError:
                if time.monotonic() > deadline:
                    raise Refusal(f"Port {port} is taken by another program. Set {variable} to a free one.") from None
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


_ADDRESSES = {name for name in servers.ADDRESSES if name.startswith("DATABASE_")}


def as_app(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the portal: it acts neither as the tables' owner nor as the platform."""
    return _without(environment, _ADDRESSES - {"DATABASE_URL"})


def as_platform(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the platform's process: it acts as the platform and nobody else."""
    others = _ADDRESSES - {"DATABASE_PLATFORM_URL"}
    return {**_without(environment, others), "DATABASE_ROLE": "platform", "WEB_CONCURRENCY": "1"}


def as_gateway(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the process that stations connect to: its own database role, keys of cards alone."""
    keys = {name for name in environment if name.startswith(("SECRET_KEY", "ENCRYPTION_KEYS", "EMAIL_"))}
    own = _without(environment, (_ADDRESSES - {"DATABASE_GATEWAY_URL"}) | keys | {"REDIS_URL"})
    if {"CARD_KEYS", "CARD_KEYS_FILE"} & own.keys():
        return own
    return own | ({"CARD_KEYS": made} if (made := card_keys(environment)) else {})


def card_keys(environment: Mapping[str, str]) -> str:
    """Return the keys by which the gateway finds cards, made of the instance's as `tenants.crypto.card_keys` does.

    HKDF (RFC 5869) of one block, as nothing of Django may be read here. Empty where the keys are none: others say so.
    """
    path = environment.get("ENCRYPTION_KEYS_FILE")
    written = Path(path).read_text(encoding="utf-8") if path else environment.get("ENCRYPTION_KEYS", "")
    try:
        keys = [base64.b64decode(each, validate=True) for each in written.split()]
    except binascii.Error:
        return ""
    extracted = [hmac.digest(bytes(32), key, "sha256") for key in keys]
    made = [hmac.digest(each, b"wattledger:cards\x01", "sha256") for each in extracted]
    return " ".join(base64.b64encode(key).decode() for key in made)


def as_backup(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the process that makes backups: it reads everything and changes nothing."""
    return {**_without(environment, _ADDRESSES - {"DATABASE_BACKUP_URL"}), "DATABASE_ROLE": "backup"}


def has_backups(environment: Mapping[str, str]) -> bool:
    """Whether backups are wanted, and we know how to act as who makes them."""
    return bool(environment.get("BACKUP_FOLDER") and environment.get("DATABASE_BACKUP_URL"))


def has_gateway(environment: Mapping[str, str]) -> bool:
    """Whether we know how to act as the gateway; servers of one's own may keep that to another machine."""
    return bool(environment.get("DATABASE_GATEWAY_URL"))


def has_platform(environment: Mapping[str, str]) -> bool:
    """Whether we know how to act as the platform; servers of one's own may keep that to another machine."""
    return bool(environment.get("DATABASE_PLATFORM_URL"))


def with_addresses(environment: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Tell the two web servers where a browser finds the other. In production a proxy puts both under one host."""
    if servers.kind() == "production":
        return dict(environment)
    ours = {"PORTAL_ADDRESS": f"http://{HOST}:{ports.web}", "PLATFORM_ADDRESS": f"http://{HOST}:{ports.platform}"}
    return {**ours, **environment}


def _without(environment: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in names}


def web_program(environment: Mapping[str, str], port: int) -> Program:
    """Return gunicorn, which reads `gunicorn.conf.py`: what holds wherever we are served stands there."""
    options = {
        "bind": f"{HOST}:{port}",
        "workers": environment.get("WEB_CONCURRENCY", "2"),
        "threads": environment.get("WEB_THREADS", "4"),
    }
    if Path("/dev/shm").is_dir():  # noqa: S108  # gunicorn's heartbeat; on a busy disk it stalls workers
        options["worker-tmp-dir"] = "/dev/shm"  # noqa: S108
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    command = [sys.executable, "-m", "gunicorn", *arguments, "--no-control-socket", "portal.wsgi:application"]
    return Program("web", command, environment, orphaned=signal.SIGQUIT)


def platform_program(environment: Mapping[str, str], port: int) -> Program:
    """Return the web server of the platform's pages: the same programs, other doors, another database role."""
    return replace(web_program(environment, port), name="platform")


def gateway_program(environment: Mapping[str, str], port: int) -> Program:
    """Return the process that stations connect to."""
    return Program("gateway", [sys.executable, "-m", "portal.gateway"], {**environment, "GATEWAY_PORT": str(port)})


def reader_program(environment: Mapping[str, str]) -> Program:
    """Return the process that makes sessions of what stations say."""
    return Program("stations", [sys.executable, str(CHECKOUT / "manage.py"), "read_stations"], environment)


def backup_program(environment: Mapping[str, str]) -> Program:
    """Return the process that makes a backup whenever one is due."""
    return Program("backup", [sys.executable, str(CHECKOUT / "manage.py"), "backup", "--watch"], environment)


def simulation_program(environment: Mapping[str, str], port: int) -> Program:
    """Return the stations of the demonstration: a charge of an hour and a half takes them a quarter of an hour."""
    command = [sys.executable, str(CHECKOUT / "manage.py"), "simulate_stations", "--minute=10", "--signed"]
    return Program("simulation", command, {**environment, "GATEWAY_PORT": str(port)})


#: The workers: what each serves (`portal.celery`), and how many processes it has. Whoever waits for a page or a file
#: is never behind a month of documents, and the timetable behind nobody. On two cores the month's work yields.
WORKERS = {
    "worker": ("clock,quick", "2"),
    "worker-waited": ("waited", None),
    "worker-bulk": ("bulk", None),
}
YIELDING = "worker-bulk"


def worker_programs(environment: Mapping[str, str]) -> list[Program]:
    """Return the Celery workers. An orphaned one drops its tasks at once: they are safe to run again."""
    return [
        _worker_program(name, queues, processes or environment.get("WORKER_CONCURRENCY", "2"), environment)
        for name, (queues, processes) in WORKERS.items()
    ]


def _worker_program(name: str, queues: str, processes: str, environment: Mapping[str, str]) -> Program:
    options = [
        f"--queues={queues}",
        f"--hostname={name}@%h",
        f"--concurrency={processes}",
        "--without-gossip",
        "--without-mingle",
    ]
    nice = shutil.which("nice") if name == YIELDING else None
    return Program(
        name,
        [*((nice, "-n", "10") if nice else ()), *CELERY, "worker", "--loglevel=INFO", *options],
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


def welcome(state: State, ports: Ports, seconds: float, people: str, *, has_platform: bool) -> None:
    """Print the addresses, who can sign in to the demonstration, and where the logs are."""
    lines = ["", f"Wattledger is ready after {seconds:.1f} s:  http://{HOST}:{ports.web}/"]
    if has_platform:
        lines.append(f"Its platform, for those who run it:  http://{HOST}:{ports.platform}/platform/")
    lines += [f"Stations connect to:  ws://{HOST}:{ports.gateway}/ocpp/OPERATOR/STATION", ""]
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
