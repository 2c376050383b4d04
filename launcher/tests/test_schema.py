"""The kept schema: it holds what it was made of, and is not trusted when it cannot be read."""

from pathlib import Path

import psycopg
import pytest

from launcher import postgres, schema
from launcher.paths import State


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(schema, "_KEPT", tmp_path / "schemas")
    return tmp_path / "schemas"


@pytest.fixture
def here(running: tuple[State, postgres.Cluster]) -> postgres.Cluster:
    _, cluster = running
    postgres.execute(cluster, f"DROP DATABASE IF EXISTS {schema.NAME}")
    return cluster


def tables(cluster: postgres.Cluster) -> list[str]:
    with psycopg.connect(host=str(cluster.sockets), user="postgres", dbname=schema.NAME) as connection:
        return [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def test_a_kept_schema_is_the_one_that_was_made(here: postgres.Cluster, kept: Path) -> None:
    dump = kept / "one.dump"
    postgres.execute(here, f"CREATE DATABASE {schema.NAME} OWNER wattledger_owner")
    with psycopg.connect(host=str(here.sockets), user="postgres", dbname=schema.NAME) as connection:
        connection.execute("CREATE TABLE place (name text)")
    schema._keep(here, dump)
    postgres.execute(here, f"DROP DATABASE {schema.NAME}")
    assert schema._restored(here, dump)
    assert tables(here) == ["place"]


def test_a_damaged_one_is_not_used(here: postgres.Cluster, kept: Path) -> None:
    kept.mkdir()
    (kept / "one.dump").write_bytes(b"PGDMP nothing")
    assert not schema._restored(here, kept / "one.dump")
    postgres.execute(here, f"CREATE DATABASE {schema.NAME}")  # and none is left half made
    postgres.execute(here, f"DROP DATABASE {schema.NAME}")


def test_any_change_of_a_migration_asks_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "CHECKOUT", tmp_path)
    migration = tmp_path / "tenants" / "migrations" / "0001_initial.py"
    migration.parent.mkdir(parents=True)
    migration.write_text("one")
    first = schema._digest(18)
    migration.write_text("two")
    second = schema._digest(18)
    (migration.parent / "0002_next.py").write_text("")
    assert len({first, second, schema._digest(18), schema._digest(17)}) == 4


def test_only_the_newest_are_kept(here: postgres.Cluster, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_MOST_KEPT", 2)
    postgres.execute(here, f"CREATE DATABASE {schema.NAME}")
    for name in ("a", "b", "c"):
        schema._keep(here, kept / f"{name}.dump")
    assert [path.name for path in sorted(kept.iterdir())] == ["b.dump", "c.dump"]
