"""The schema of the tests: made by the migrations once, and copied for each process that tests.

The migrations take some seconds of a core, and bin/test has five such processes. The schema is kept beside the
packages as a dump, named by the files it is made of; the daily loop and a part of the tests take it from there.
All of bin/test runs the migrations anew, so that they are tested, and keeps what they made.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from launcher import postgres
from launcher.managing import command_line
from launcher.paths import CHECKOUT, State
from launcher.processes import as_user

#: The database that is copied. Nothing connects to it, or PostgreSQL would refuse to.
NAME = "wattledger_schema"
_KEPT = Path(sys.prefix) / "schemas"
_MOST_KEPT = 8
_MADE_OF = ("*/migrations/*", "*/rls/*", "*/registers.py", "*/permissions.py", "*/roles.py", "launcher/*.sql",
            "requirements*.txt")  # fmt: skip


def made(state: State, environment: Mapping[str, str], *, anew: bool) -> dict[str, str]:
    """Make the schema, and return the variable that tells the tests of it: nothing when a migration failed.

    The tests then migrate for themselves and say what failed.
    """
    here = postgres.cluster(state)
    dump = _KEPT / f"{_digest(here.installation.version)}.dump"
    if anew or not _restored(here, dump):
        if subprocess.run(command_line(["migrate", "--verbosity=0"]), env={**environment, "DATABASE_ROLE": "owner"},
                          cwd=CHECKOUT, check=False, capture_output=True).returncode:  # fmt: skip
            return {}
        postgres.execute(here, f"CREATE DATABASE {NAME} TEMPLATE {postgres.DATABASE} OWNER wattledger_owner")
        _keep(here, dump)
    return {"WATTLEDGER_TEST_TEMPLATE": NAME}


def _digest(version: int) -> str:
    found = hashlib.sha256(f"{sys.version} {version}".encode())
    for path in sorted(_files()):
        found.update(f"{path.relative_to(CHECKOUT)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:32]


def _files() -> Iterator[Path]:
    for pattern in _MADE_OF:
        yield from (path for path in CHECKOUT.glob(pattern) if path.is_file())


def _restored(here: postgres.Cluster, dump: Path) -> bool:
    if not dump.exists():
        return False
    postgres.execute(here, f"CREATE DATABASE {NAME} TEMPLATE template0 OWNER wattledger_owner")
    with dump.open("rb") as kept:
        done = _program(here, "pg_restore", "--exit-on-error", f"--dbname={NAME}", stdin=kept)
    if not done:
        postgres.execute(here, f"DROP DATABASE {NAME}")
    return done


def _keep(here: postgres.Cluster, dump: Path) -> None:
    """Keep the schema for the next time; not being able to costs that time these seconds and nothing else."""
    with suppress(OSError):
        _KEPT.mkdir(exist_ok=True)
        unfinished = dump.with_suffix(f".{os.getpid()}")
        with unfinished.open("wb") as file:
            done = _program(here, "pg_dump", "--format=custom", f"--dbname={NAME}", stdout=file)
        if done:
            unfinished.replace(dump)
        unfinished.unlink(missing_ok=True)
        for old in sorted(_KEPT.glob("*.dump"), key=lambda path: path.stat().st_mtime)[:-_MOST_KEPT]:
            old.unlink(missing_ok=True)


def _program(here: postgres.Cluster, name: str, *options: str, **streams: IO[bytes]) -> bool:
    """Run one of PostgreSQL's programs as the superuser. Returns whether it ended well."""
    program = here.installation.bin / name
    if not program.exists():
        return False
    command = [*here.prefix, str(program), f"--host={here.sockets}", "--username=postgres", *options]
    how: dict[str, Any] = {**streams, **as_user(here.user)}
    done = subprocess.run(command, check=False, stderr=subprocess.DEVNULL, cwd="/", **how)
    return done.returncode == 0
