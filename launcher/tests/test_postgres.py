"""Our own PostgreSQL: which one is chosen, and what its roles may and may not do."""

from pathlib import Path

import psycopg
import pytest

from launcher import postgres, servers
from launcher.errors import Refusal
from launcher.paths import State

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded")


def installation(folder: Path, version: str) -> Path:
    """Make a folder that looks like an installation."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian {version}-1)'\n")
        program.chmod(0o755)
    return folder


def test_the_named_installation_is_used(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = installation(tmp_path / "bin", "16.4")
    monkeypatch.setenv("PORTAL_PG_BIN", str(named))
    assert postgres.find(state) == postgres.Installation(named, 16)


def test_an_old_or_absent_installation_is_refused(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (installation(tmp_path / "old", "14.9"), tmp_path / "absent"):
        monkeypatch.setenv("PORTAL_PG_BIN", str(folder))
        with pytest.raises(Refusal, match=f"PORTAL_PG_BIN is {folder}"):
            postgres.find(state)


def test_a_cluster_of_another_version_is_refused_by_name(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_PG_BIN", str(installation(tmp_path / "bin", "16.4")))
    state.postgres.mkdir()
    (state.postgres / "PG_VERSION").write_text("13\n")
    with pytest.raises(Refusal, match="was made by PostgreSQL 13, which is not here"):
        postgres.find(state)


def attributes(state: State) -> dict[str, tuple[bool, ...]]:
    with psycopg.connect(postgres.url(state, "owner")) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname LIKE 'wattledger%'"
        )
        return {name: tuple(flags) for name, *flags in rows}


def test_only_the_owner_and_who_makes_backups_look_past_row_security(running: tuple[State, postgres.Cluster]) -> None:
    none = (False, False, False)
    assert attributes(running[0]) == {
        "wattledger_owner": (False, True, True),
        "wattledger_app": none,
        "wattledger_reader": none,
        "wattledger_platform": none,
        "wattledger_gateway": none,
        "wattledger_backup": (False, True, False),
    }


def test_preparing_again_repairs_a_role_that_was_given_too_much(running: tuple[State, postgres.Cluster]) -> None:
    state, here = running
    with psycopg.connect(host=str(here.sockets), user="postgres", dbname="postgres") as connection:
        connection.execute("ALTER ROLE wattledger_app BYPASSRLS")
    postgres.prepare(here)
    assert attributes(state)["wattledger_app"] == (False, False, False)


def test_the_app_makes_temporary_tables_and_no_others(running: tuple[State, postgres.Cluster]) -> None:
    with psycopg.connect(postgres.url(running[0], "app"), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE staging (n int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (n int)")


def test_the_reader_makes_no_tables_at_all(running: tuple[State, postgres.Cluster]) -> None:
    with psycopg.connect(postgres.url(running[0], "reader")) as connection:  # noqa: SIM117
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TEMP TABLE staging (n int)")


def test_values_of_a_failed_statement_do_not_reach_the_log(running: tuple[State, postgres.Cluster]) -> None:
    state, _ = running
    with psycopg.connect(postgres.url(state, "owner"), autocommit=True) as connection:
        connection.execute("CREATE TABLE people (email text UNIQUE)")
        connection.execute("INSERT INTO people VALUES ('dana@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('dana@example.com')")
    log = (state.logs / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "dana@example.com" not in log


def test_the_server_listens_on_no_network(running: tuple[State, postgres.Cluster]) -> None:
    with psycopg.connect(postgres.url(running[0], "owner")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_addresses_that_are_given_are_used_and_others_are_ours(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in servers.ADDRESSES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://queue.example:6379/0")
    found = servers.addresses(state)
    assert found["REDIS_URL"] == "redis://queue.example:6379/0"
    assert found["DATABASE_URL"] == f"postgresql://wattledger_app@/wattledger?host={state.sockets}"
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db.example/portal")
    assert "DATABASE_OWNER_URL" not in servers.addresses(state), "an owner nobody named must not be made up"
