"""PostgreSQL's own `pg_dump` and `pg_restore`, on the database of this process.

They are looked for on the path, where `bin/run` puts those of its own server; `PORTAL_PG_BIN` names others.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from django.db import connection

#: Everybody signs in anew after a restore: a session that was ended since must not live again.
WITHOUT_ROWS = ("tenants_browsersession",)


class ProgramFailed(Exception):
    """One of PostgreSQL's programs is missing or ended with an error."""


@contextmanager
def dumping(snapshot: str) -> Iterator[IO[bytes]]:
    """Give the dump of an exported snapshot as a stream: what was there then, in PostgreSQL's custom format.

    Raises:
        ProgramFailed: when it ended, if it did not end well. What was read until then is no dump.
    """
    options = [
        "--format=custom",
        "--compress=1",
        "--no-password",
        "--lock-wait-timeout=60000",
        f"--snapshot={snapshot}",
        *(f"--exclude-table-data=public.{table}" for table in WITHOUT_ROWS),
    ]
    with _running("pg_dump", options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout


@contextmanager
def loading() -> Iterator[IO[bytes]]:
    """Take a dump as a stream into the database, all of it or nothing.

    Raises:
        ProgramFailed: when it ended, if it did not end well. The database is then as it was.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-password"]
    with _running("pg_restore", options, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
        finally:
            with suppress(BrokenPipeError):  # it has ended, and says why
                process.stdin.close()


@contextmanager
def _running(
    program: str, options: list[str], *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    path = shutil.which(program)
    if path is None:
        raise ProgramFailed(f"There is no {program} on the path: name the folder of PostgreSQL's in PORTAL_PG_BIN.")
    command, address = connection.client.settings_to_cmd_args_env(connection.settings_dict, [*options, "--dbname"])
    environment = {**os.environ, **(address or {})}
    with tempfile.TemporaryFile() as said:
        with (
            subprocess.Popen(  # noqa: S603  # a program of PostgreSQL's
                [path, *command[1:]], stdin=stdin, stdout=stdout, stderr=said, env=environment
            ) as process
        ):
            try:
                yield process
            except BrokenPipeError:
                pass  # it has ended, and says why
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise ProgramFailed(f"{program} ended with an error: {_first_error(said)}")


def _first_error(said: IO[bytes]) -> str:
    """Return the first line that names an error; those after it may quote rows, which are people's."""
    said.seek(0)
    lines = said.read().decode(errors="replace").splitlines()
    return next((line for line in lines if "error:" in line), f"exit without a word, {len(lines)} lines.")
