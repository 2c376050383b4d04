"""PostgreSQL's own `pg_dump`, `pg_restore` and `psql`, on the database of this process.

They are looked for on the path, where `bin/run` puts those of its own server; `PORTAL_PG_BIN` names others.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from django.db import connection, models

from tenants.models import BooksKey, KeptKey, OperatorKey, PersonKey

#: Everybody signs in anew after a restore: a session that was ended since must not live again.
WITHOUT_ROWS = ("tenants_browsersession",)
#: The wrapped keys, those that others refer to first. They leave in a part of their own: no other opens without it.
KEYS: tuple[type[models.Model], ...] = (OperatorKey, BooksKey, PersonKey, KeptKey)
KEY_TABLES = tuple(model._meta.db_table for model in KEYS)

#: Takes away keys of whom the rest does not know, if both are not of one moment. `psql` runs what the question answers.
_OF_NOBODY = """
SELECT 'DELETE FROM public.{table} k WHERE k.{column} IS NOT NULL
    AND NOT EXISTS (SELECT FROM public.{other} o WHERE o.id = k.{column})'
WHERE EXISTS (SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = pg_catalog.to_regclass('public.{table}') AND attname = '{column}') \\gexec
"""


class ProgramFailed(Exception):
    """One of PostgreSQL's programs is missing or ended with an error."""


@contextmanager
def dumping(snapshot: str, *, of_keys: bool = False) -> Iterator[IO[bytes]]:
    """Give the dump of an exported snapshot as a stream: what was there then, in PostgreSQL's custom format.

    of_keys: the wrapped keys alone; else everything but their rows.

    Raises:
        ProgramFailed: when it ended, if it did not end well. What was read until then is no dump.
    """
    options = [
        "--format=custom",
        "--compress=1",
        "--no-password",
        "--lock-wait-timeout=60000",
        f"--snapshot={snapshot}",
    ]
    if of_keys:
        options += ["--data-only", *(f"--table=public.{table}" for table in KEY_TABLES)]
    else:
        options += [f"--exclude-table-data=public.{table}" for table in (*WITHOUT_ROWS, *KEY_TABLES)]
    with _running("pg_dump", options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout


class Loading:
    """A database that is being loaded, in one transaction."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to

    @contextmanager
    def part(self, *sections: str) -> Iterator[IO[bytes]]:
        """Take a dump as a stream, these sections of it or all."""
        options = ["--no-owner", "--file=-", *(f"--section={section}" for section in sections)]
        with _running("pg_restore", options, stdin=subprocess.PIPE, stdout=self._to, names_database=False) as process:
            assert process.stdin is not None
            try:
                yield process.stdin
            finally:
                with suppress(BrokenPipeError):  # it has ended, and says why; or it needs no more of it
                    process.stdin.close()

    def say(self, statement: str) -> None:
        """Have a statement carried out."""
        self._to.write(f"{statement}\n".encode())
        self._to.flush()

    def leave_out_keys_of_nobody(self) -> None:
        """Take away the keys of whom the dump does not know. To be said before its references are there."""
        for model in KEYS:
            for field in model._meta.concrete_fields:
                if isinstance(field, models.ForeignKey):
                    table, other = model._meta.db_table, field.remote_field.model._meta.db_table
                    self.say(_OF_NOBODY.format(table=table, column=field.column, other=other))


@contextmanager
def loading() -> Iterator[Loading]:
    """Load dumps into the database, all of them or nothing.

    Raises:
        ProgramFailed: when it ended, if it did not end well. The database is then as it was.
    """
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password"]
    with _running("psql", options, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        loading = Loading(process.stdin)
        try:
            loading.say("BEGIN;")
            yield loading
            loading.say("COMMIT;")  # what ends without it was never there
            process.stdin.close()
        except (ProgramFailed, BrokenPipeError):
            with suppress(BrokenPipeError):
                process.stdin.close()
            if process.wait() == 0:
                raise  # it took what it got; else it has ended, and says why


@contextmanager
def _running(
    program: str,
    options: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    names_database: bool = True,
) -> Iterator[subprocess.Popen[bytes]]:
    path = shutil.which(program)
    if path is None:
        raise ProgramFailed(f"There is no {program} on the path: name the folder of PostgreSQL's in PORTAL_PG_BIN.")
    command, environment = [program, *options], dict(os.environ)
    if names_database:
        named, address = connection.client.settings_to_cmd_args_env(connection.settings_dict, [*options, "--dbname"])
        command, environment = list(named), {**environment, **(address or {})}
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
    return next((line for line in lines if "error:" in line.lower()), f"exit without a word, {len(lines)} lines.")
