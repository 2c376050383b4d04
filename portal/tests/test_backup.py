"""Backups and restores, by the commands themselves: their own processes, roles and PostgreSQL's own programs."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from shutil import copytree, which

import psycopg
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from portal.tests import house
from portal.tests.backups import backup
from tenants.privacy import erasure_ledger
from tenants.services.backups import files, folder, noted, programs, reckoning, restoring, sealed
from tenants.services.backups.sealed import Part
from tenants.tests.settled import seal_settled

pytestmark = pytest.mark.slow

CANARY = b"dana@example.com"
EVERY_PART = (*folder.PARTS, folder.KEYS)


def address(role, database):
    """The address of another database on the server of the tests."""
    return os.environ[f"DATABASE_{role}URL"].replace("/wattledger?", f"/{database}?")


class Place:
    """A folder with a pair of keys, the files that rows name, and a database: what a command is run with."""

    def __init__(self, root, database):
        self.root, self.database, self.backup = root, database, root
        self.files, self.backups, self.identity = root / "files", root / "backups", root / "identity"
        self.files.mkdir(parents=True, exist_ok=True)
        private, self.public = sealed.new_identity()
        self.identity.write_text(f"# a remark\n{private}\n")

    def environment(self, **more):
        return {
            **os.environ,
            "WATTLEDGER_ENV": "test",
            "WATTLEDGER_FILES": str(self.files),
            "WATTLEDGER_SEAL_HEADS": str(self.root / "heads"),
            "WATTLEDGER_ERASURES": str(self.root / "erasures"),
            "BACKUP_FOLDER": str(self.backups),
            "BACKUP_RECIPIENTS": self.public,
            "DATABASE_URL": address("", self.database),
            "DATABASE_OWNER_URL": address("OWNER_", self.database),
            "DATABASE_BACKUP_URL": address("BACKUP_", self.database),
            **more,
        }

    def command(self, *arguments):
        return [sys.executable, str(django_settings.BASE_DIR / "manage.py"), *map(str, arguments)]

    def run(self, *arguments, **more):
        environment = self.environment(**more)
        del environment["DATABASE_ROLE"]  # the command chooses
        return subprocess.run(
            self.command(*arguments), env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    def start(self, *arguments, **more):
        environment = self.environment(**more)
        del environment["DATABASE_ROLE"]
        return subprocess.Popen(
            self.command(*arguments), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def unfinished(self):
        return [*self.backups.glob(f"{folder.MAKING}*")] if self.backups.exists() else []


@pytest.fixture(scope="module")
def saved(django_db_setup, django_db_blocker, tmp_path_factory):
    """The house, committed, with a sealed log and a backup of it. Afterwards the database is empty again."""
    root = tmp_path_factory.mktemp("saved")
    with django_db_blocker.unblock():
        place = Place(root, connection.settings_dict["NAME"])
        with override_settings(MEDIA_ROOT=str(place.files), SEAL_HEADS_DIR=str(root / "heads")):
            built = house.build()
            seal_settled(built.north)
            (place.files / "extra").mkdir()
            (place.files / "extra" / "å.bin").write_bytes(os.urandom(3_000_000))
            (place.files / "extra" / "empty").write_bytes(b"")
            made = place.run("backup")
            assert made.returncode == 0, made.stderr
            (place.backup,) = [each.path for each in folder.whole(place.backups)]
            yield place
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=False)


@pytest.fixture(autouse=True)
def db(django_db_blocker):
    """Open the database, as it is. It stands in for pytest-django's, which would empty it after each test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def copy(saved, tmp_path):
    """A copy of the backup, to be damaged."""
    return Path(copytree(saved.backup, tmp_path / saved.backup.name))


@pytest.fixture
def empty(tmp_path, saved):
    """Another machine with an empty database, and the private key."""
    name = f"restored_{os.getpid()}_{tmp_path.name[-1]}"
    with psycopg.connect(address("OWNER_", "postgres"), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}"')
        place = Place(tmp_path / "elsewhere", name)
        place.identity = saved.identity
        yield place
        _drop(server, name)


def _drop(server, name):
    """Drop a database, once the server's own vacuum is out of it: that belongs to nobody, so no owner may end it."""
    for patience in range(20, -1, -1):
        try:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        except psycopg.errors.InsufficientPrivilege:
            if not patience:
                raise
            time.sleep(1)
        else:
            return


def ask(place, statement, role="OWNER_"):
    with psycopg.connect(address(role, place.database)) as found:
        (answer,) = found.execute(statement).fetchone() or (None,)
        return answer


def is_empty(place):
    tables = ask(place, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    return tables == 0 and not any(place.files.iterdir())


def contents(top):
    return {path.relative_to(top): path.read_bytes() for path in top.rglob("*") if path.is_file()}


# --- all of it, there and back ---


def test_what_is_restored_is_what_was_saved(saved, empty, tmp_path):
    ended = empty.run(
        "restore", "--verify", saved.backup, "--identity", saved.identity, "--report", tmp_path / "r.json"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "everything is as it was" in ended.stdout
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["is_same"]
    assert report["compared"]
    assert report["rows"] > 100
    assert report["sums"] > 100
    assert [each["operator"] for each in report["seals"]] == ["north", "south"]
    assert report["seals"][0]["entries"] > 10
    assert not any(each["is_behind"] for each in report["seals"])
    assert contents(empty.files) == contents(saved.files)
    assert ask(empty, "SELECT count(*) FROM tenants_driveridentity") > 0
    assert ask(empty, "SELECT count(*) FROM tenants_driveridentity", role="") == 0, "row security came with it"
    assert ask(empty, "SELECT count(*) FROM tenants_browsersession") == 0, "everybody signs in anew"
    proof = folder.read(saved.backup).proof
    assert proof is not None
    assert proof.is_same
    # The new machine has noted how far the log went, so that a shorter one is found from now on.
    assert (empty.root / "heads").is_dir()
    again = empty.run("audit", "verify", "--operator", "north")
    assert "north: intact" in again.stdout


def test_who_was_erased_since_does_not_come_back(saved, empty):
    public_id = ask(saved, "SELECT public_id FROM tenants_driver ORDER BY id LIMIT 1")
    with override_settings(ERASURES_DIR=str(empty.root / "erasures")):
        erasure_ledger.note(public_id, at=timezone.now())
    ended = empty.run("restore", "--verify", saved.backup, "--identity", saved.identity)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "people erased again, as the ledger of erasures says: 1" in ended.stdout
    done = "SELECT count(*) FROM tenants_erasure WHERE state = 'done'"
    assert ask(empty, done) == ask(saved, done) + 1


def test_a_restore_without_comparing_says_so(saved, empty):
    ended = empty.run("restore", saved.backup, "--identity", saved.identity)
    assert ended.returncode == 0, ended.stderr
    assert "not compared" in ended.stdout


def test_who_has_the_backup_and_not_the_key_learns_nothing(saved):
    for path in saved.backup.iterdir():
        assert CANARY not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
    about = json.loads((saved.backup / folder.ABOUT).read_text())["facts"]
    assert set(about) == {"form", "made_at", "ended_at", "parts", "keys", "unfound"}
    text = BytesIO()
    sealed.decrypt(saved.backup / folder.MANIFEST, text, sealed.identities(saved.identity))
    manifest = json.loads(text.getvalue())
    assert manifest["tables"]["billing_invoice"]["rows"] == 1
    assert int(manifest["tables"]["charging_chargingsession"]["sums"]["energy_wh"]) > 0
    assert "tenants_browsersession" not in manifest["tables"]


def test_a_difference_ends_with_status_one_and_is_named(saved, copy, empty, tmp_path):
    text = BytesIO()
    sealed.decrypt(copy / folder.MANIFEST, text, sealed.identities(saved.identity))
    manifest = json.loads(text.getvalue())
    manifest["tables"]["billing_invoice"]["rows"] += 1
    manifest["heads"][next(iter(manifest["heads"]))]["hash"] = "0" * 64
    (copy / folder.MANIFEST).unlink()
    resealed(copy, folder.MANIFEST, json.dumps(manifest).encode(), saved.public)
    ended = empty.run("restore", "--verify", copy, "--identity", saved.identity, "--report", tmp_path / "r.json")
    assert ended.returncode == 1
    assert "DIFFERENT table billing_invoice, rows: was 2, is now 1" in ended.stdout
    assert "DIFFERENT seals of north" in ended.stdout
    assert len(json.loads((tmp_path / "r.json").read_text())["differences"]) == 2
    proof = folder.read(copy).proof
    assert proof is not None
    assert not proof.is_same


def resealed(backup, name, content, public):
    """Lay other contents into a backup, signed: what nobody can who has not the instance's key."""
    part = sealed.encrypt(BytesIO(content), backup / name, sealed.recipients([public]))
    said = noted.read(backup / folder.ABOUT)
    said["parts"][name] = {"bytes": part.bytes, "sha256": part.sha256}
    noted.write(backup / folder.ABOUT, said)


# --- the keys apart ---


def apart(saved, root, **more):
    """A backup whose keys lie elsewhere, for another pair of keys: the backup, the place of its keys, and their key."""
    private, public = sealed.new_identity()
    (root / "identity-of-keys").write_text(private)
    places = {"BACKUP_FOLDER": str(root / "b"), "BACKUP_KEYS_FOLDER": str(root / "k"), "BACKUP_KEYS_RECIPIENTS": public}
    ended = saved.run("backup", **places, **more)
    assert ended.returncode == 0, ended.stderr
    newest = folder.whole(root / "b")[0]
    return newest.path, root / "k", root / "identity-of-keys"


def rows_of(dump, table):
    """What a dump holds of a table, as PostgreSQL's own program writes it."""
    said = subprocess.run(["pg_restore", "--data-only", "--file=-"], input=dump, capture_output=True, check=True)
    text = said.stdout.decode(errors="replace")
    return text.partition(f"COPY public.{table} ")[2].partition("FROM stdin;\n")[2].partition("\\.\n")[0].splitlines()


def opened(path, identity):
    text = BytesIO()
    sealed.decrypt(path, text, sealed.identities(identity))
    return text.getvalue()


def test_the_dump_holds_no_key_and_their_part_nothing_else(saved):
    dump, keys = (opened(saved.backup / name, saved.identity) for name in (folder.DATABASE, folder.KEYS))
    assert len(rows_of(dump, "tenants_driveridentity")) > 0
    for table in programs.KEY_TABLES:
        assert rows_of(dump, table) == [], table
        assert len(rows_of(keys, table)) == ask(saved, f"SELECT count(*) FROM {table}"), table
    assert rows_of(keys, "tenants_personkey")
    assert rows_of(keys, "tenants_driveridentity") == []


def test_every_wrapped_key_is_among_the_keys():
    """A key that is added to the models leaves with the others, whatever it is of."""
    wrapped = {model for model in apps.get_models() if any(each.name == "wrapped" for each in model._meta.fields)}
    assert wrapped == set(programs.KEYS)


def test_keys_that_lie_elsewhere_are_put_together_with_the_rest(saved, empty, tmp_path):
    backup, place, identity = apart(saved, tmp_path)
    assert not (backup / folder.KEYS).exists()
    assert folder.KEYS not in folder.read(backup).parts
    missing = empty.run("restore", "--verify", backup, "--identity", saved.identity)
    assert missing.returncode == 1
    assert "The keys of operators and people are kept apart" in missing.stderr
    assert "--keys" in missing.stderr
    assert is_empty(empty)
    shut = empty.run("restore", "--verify", backup, "--identity", saved.identity, "--keys", place)
    assert "keys.dump.age does not open" in shut.stderr, "the keys of the rest do not open the part of keys"
    assert is_empty(empty)
    both = ("--keys", place, "--keys-identity", identity)
    ended = empty.run("restore", "--verify", backup, "--identity", saved.identity, *both)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "everything is as it was" in ended.stdout
    keys = "SELECT count(*) FROM tenants_personkey"
    assert ask(empty, keys) == ask(saved, keys) > 0


def test_without_its_keys_a_backup_gives_figures_and_opens_nobody(saved, empty, tmp_path):
    backup, _place, _identity = apart(saved, tmp_path)
    ended = empty.run("restore", "--verify", backup, "--identity", saved.identity, "--without-keys")
    assert ended.returncode == 1
    assert "the keys of operators and people are missing" in ended.stdout
    assert "DIFFERENT keys, made" in ended.stdout
    assert ended.stdout.count("DIFFERENT") == 1
    assert ask(empty, "SELECT count(*) FROM tenants_personkey") == 0
    assert ask(empty, "SELECT count(*) FROM billing_invoice") == ask(saved, "SELECT count(*) FROM billing_invoice")


def test_with_a_later_part_of_keys_nobody_opens_who_was_erased_until_then(saved, empty, tmp_path):
    """The dump names the person still; the keys, made later, hold theirs no more, but one of somebody it knows not."""
    (tmp_path / "earlier").mkdir()
    (tmp_path / "later").mkdir()
    earlier, _place, _identity = apart(saved, tmp_path / "earlier")
    with psycopg.connect(address("OWNER_", saved.database), autocommit=True) as owner:
        ((driver, public_id),) = owner.execute(
            "SELECT id, public_id FROM tenants_driver WHERE id IN (SELECT driver_id FROM tenants_personkey)"
            " AND id NOT IN (SELECT driver_id FROM tenants_erasure) ORDER BY id LIMIT 1"
        ).fetchall()
        owner.execute(f"CREATE TABLE kept_aside AS SELECT * FROM tenants_personkey WHERE driver_id = {driver}")
        try:
            owner.execute(f"DELETE FROM tenants_personkey WHERE driver_id = {driver}")
            later, place, identity = apart(saved, tmp_path / "later")
        finally:
            owner.execute("INSERT INTO tenants_personkey SELECT * FROM kept_aside")
            owner.execute("DROP TABLE kept_aside")
    with override_settings(ERASURES_DIR=str(empty.root / "erasures")):
        erasure_ledger.note(public_id, at=timezone.now())
    both = ("--keys", place / later.name, "--keys-identity", identity)
    ended = empty.run("restore", earlier, "--identity", saved.identity, *both)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "are of another backup, made" in ended.stdout
    assert "people erased again, as the ledger of erasures says: 1" in ended.stdout
    assert ask(empty, f"SELECT count(*) FROM tenants_personkey WHERE driver_id = {driver}") == 0
    assert ask(empty, f"SELECT count(*) FROM tenants_driver WHERE customer_number = 'X-{driver}'") == 1


def test_keys_of_whom_a_dump_knows_nothing_are_left_out(saved, empty, tmp_path):
    (tmp_path / "earlier").mkdir()
    (tmp_path / "later").mkdir()
    earlier, _place, _identity = apart(saved, tmp_path / "earlier")
    with psycopg.connect(address("OWNER_", saved.database), autocommit=True) as owner:
        ((driver,),) = owner.execute(
            "INSERT INTO tenants_driver (operator_id, public_id, customer_number, is_active, mails_late, created_at)"
            " SELECT operator_id, gen_random_uuid(), 'later', true, true, now() FROM tenants_operatorkey LIMIT 1"
            " RETURNING id"
        ).fetchall()
        try:
            owner.execute(
                "INSERT INTO tenants_personkey (operator_id, driver_id, operator_key_id, wrapped, made_at)"
                " SELECT d.operator_id, d.id, o.id, '', now() FROM tenants_driver d"
                f" JOIN tenants_operatorkey o ON o.operator_id = d.operator_id WHERE d.id = {driver} LIMIT 1"
            )
            later, place, identity = apart(saved, tmp_path / "later")
        finally:
            owner.execute(f"DELETE FROM tenants_personkey WHERE driver_id = {driver}")
            owner.execute(f"DELETE FROM tenants_driver WHERE id = {driver}")
    both = ("--keys", place / later.name, "--keys-identity", identity)
    ended = empty.run("restore", earlier, "--identity", saved.identity, *both)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    keys = "SELECT count(*) FROM tenants_personkey"
    assert ask(empty, keys) == ask(saved, keys) > 0


# --- what is refused, before anything is written ---


def refused(backup, identity, **options):
    with pytest.raises(CommandError, match=r"Nothing was restored\.") as caught:
        call_command("restore", str(backup), identity=identity, **options)
    return str(caught.value)


@pytest.mark.parametrize("part", EVERY_PART)
@pytest.mark.parametrize("at", [0, 0.5, -1])
def test_a_changed_byte_is_found_whatever_the_part(copy, saved, part, at):
    content = bytearray((copy / part).read_bytes())
    content[int(at * len(content)) if at > 0 else at] ^= 1
    (copy / part).write_bytes(content)
    assert part in refused(copy, saved.identity)


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_part_that_was_cut_or_is_gone_makes_no_backup(copy, saved, part):
    content = (copy / part).read_bytes()
    (copy / part).write_bytes(content[:-1])
    assert part in refused(copy, saved.identity)
    (copy / part).unlink()
    assert part in refused(copy, saved.identity)


def test_what_is_said_of_a_backup_is_believed_only_with_our_signature(copy, saved):
    said = json.loads((copy / folder.ABOUT).read_text())
    said["facts"]["unfound"] = 7
    (copy / folder.ABOUT).write_text(json.dumps(said))
    assert "not signed" in refused(copy, saved.identity)
    (copy / folder.ABOUT).write_text("{")
    assert "cannot be read" in refused(copy, saved.identity)
    (copy / folder.ABOUT).unlink()
    assert "cannot be read" in refused(copy, saved.identity)


def test_another_key_opens_nothing(saved, tmp_path):
    private, _ = sealed.new_identity()
    other = tmp_path / "other"
    other.write_text(private)
    assert "does not open" in refused(saved.backup, other)
    other.write_text("AGE-SECRET-KEY-1NONSENSE")
    said = refused(saved.backup, other)
    assert "line 1" in said
    assert "NONSENSE" not in said
    assert "cannot be read" in refused(saved.backup, tmp_path / "nowhere")


def test_a_database_or_a_folder_that_holds_something_is_left_alone(saved, empty):
    assert "is not empty" in refused(saved.backup, saved.identity)
    (empty.files / "mine").write_text("x")
    ended = empty.run("restore", saved.backup, "--identity", saved.identity)
    assert ended.returncode == 1
    assert "is not empty" in ended.stderr
    assert (empty.files / "mine").read_text() == "x"
    assert ask(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0


def test_a_dump_that_does_not_load_leaves_everything_empty(copy, saved, empty):
    dump = BytesIO()
    sealed.decrypt(copy / folder.DATABASE, dump, sealed.identities(saved.identity))
    (copy / folder.DATABASE).unlink()
    resealed(copy, folder.DATABASE, dump.getvalue()[: len(dump.getvalue()) * 2 // 3], saved.public)
    ended = empty.run("restore", "--verify", copy, "--identity", saved.identity)
    assert ended.returncode == 1
    assert "Nothing was restored." in ended.stderr
    assert is_empty(empty)


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped"])
def test_a_file_outside_the_folder_is_refused(tmp_path, name):
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    (tmp_path / "in").mkdir()
    with pytest.raises(files.OddName), files.unpacking(tmp_path / "in") as (to, _):
        to.write(stream.getvalue())
    assert not (tmp_path / "escaped").exists()


# --- what makes no backup ---


def test_of_two_at_once_one_waits_for_another_day(saved, tmp_path):
    with folder.only_one(saved.backups):
        ended = saved.run("backup")
    assert ended.returncode == 1
    assert "Another backup is being made" in ended.stderr
    both = [saved.start("backup", BACKUP_FOLDER=str(tmp_path / "b")) for _ in range(2)]
    done = sorted(process.wait(120) for process in both)
    for process in both:
        process.communicate()
    assert done in ([0, 0], [0, 1])
    assert len(folder.whole(tmp_path / "b")) == done.count(0)


def fake(tmp_path, name, script):
    """A program before PostgreSQL's own on the path."""
    path = tmp_path / "bin" / name
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{path.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_is_killed_in_the_middle_does_not_count_and_the_next_one_clears_it_away(saved, tmp_path, sign):
    there = len(folder.whole(saved.backups))
    process = saved.start("backup", PATH=fake(tmp_path, "pg_dump", "head -c 100000 /dev/zero; exec sleep 60"))
    until = time.monotonic() + 60
    while not any((each / folder.DATABASE).exists() for each in saved.unfinished()):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(sign)
    process.communicate(timeout=60)
    assert bool(saved.unfinished()) is (sign == signal.SIGKILL)
    assert len(folder.whole(saved.backups)) == there
    assert saved.run("backup").returncode == 0
    assert not saved.unfinished()
    assert len(folder.whole(saved.backups)) == there + 1


def test_a_dump_that_fails_half_way_leaves_nothing(saved, tmp_path):
    path = fake(
        tmp_path, "pg_dump", f"{which('pg_dump')} \"$@\" | head -c 5000; echo 'pg_dump: error: gone' >&2; exit 1"
    )
    ended = saved.run("backup", PATH=path, BACKUP_FOLDER=str(tmp_path / "b"))
    assert ended.returncode == 1
    assert "pg_dump: error: gone" in ended.stderr
    assert [each.name for each in (tmp_path / "b").iterdir()] == [".lock"]


@pytest.mark.parametrize("blocks", [1, 40, 2000])
def test_a_disk_that_is_full_makes_no_backup_that_looks_whole(saved, tmp_path, blocks):
    """Whatever the part that no longer fits, also its very last bytes."""
    environment = saved.environment(BACKUP_FOLDER=str(tmp_path / "b"))
    del environment["DATABASE_ROLE"]
    limited = ["/bin/sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *saved.command("backup")]
    ended = subprocess.run(limited, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert "No backup was made" in ended.stderr
    assert [each.name for each in (tmp_path / "b").iterdir()] == [".lock"]


def test_a_role_that_sees_only_some_rows_makes_no_backup(saved, tmp_path):
    ended = saved.run("backup", DATABASE_BACKUP_URL=address("", saved.database), BACKUP_FOLDER=str(tmp_path / "b"))
    assert ended.returncode == 1
    assert not folder.whole(tmp_path / "b")


def test_the_role_of_backups_changes_nothing(saved):
    with (
        psycopg.connect(address("BACKUP_", saved.database)) as found,
        pytest.raises((psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege)),
    ):
        found.execute("DELETE FROM tenants_driver")
    with psycopg.connect(address("BACKUP_", saved.database)) as found:
        found.execute("SET default_transaction_read_only = off")
        found.commit()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            found.execute("DELETE FROM tenants_driver")


@pytest.mark.parametrize(
    ("keys", "says"),
    [("age1nonsense", "key 1 is no public key"), ("PUBLIC AGE-SECRET-KEY-1ABC", "key 2 is a private one")],
)
def test_keys_that_are_none_are_named_by_their_place(saved, keys, says):
    ended = saved.run("backup", BACKUP_RECIPIENTS=keys.replace("PUBLIC", saved.public))
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "SECRET-KEY" not in ended.stderr


def test_a_folder_in_the_folder_of_files_is_refused(saved):
    ended = saved.run("backup", BACKUP_FOLDER=str(saved.files / "backups"))
    assert ended.returncode == 1
    assert "lies in" in ended.stderr


def test_files_that_are_elsewhere_are_missed(saved, tmp_path):
    (tmp_path / "nothing").mkdir()
    made = saved.run("backup", WATTLEDGER_FILES=str(tmp_path / "nothing"), BACKUP_FOLDER=str(tmp_path / "b"))
    assert made.returncode == 0
    assert "files that the database names are not in" in made.stderr
    (found,) = folder.whole(tmp_path / "b")
    assert found.unfound > 0


def test_the_watch_makes_one_when_one_is_due_and_ends_when_told(saved, tmp_path):
    process = saved.start("backup", "--watch", BACKUP_FOLDER=str(tmp_path / "b"))
    until = time.monotonic() + 90
    while not folder.whole(tmp_path / "b"):
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert len(folder.whole(tmp_path / "b")) == 1


# --- what is compared ---


def test_every_number_and_every_value_is_reckoned(saved):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        before = reckoning.reckon()
        cursor.execute("ALTER TABLE tenants_driveridentity DISABLE TRIGGER USER")
        least = "(SELECT min(id) FROM tenants_driveridentity)"
        cursor.execute(f"UPDATE tenants_driveridentity SET city = city || 'x' WHERE id = {least}")
        after = reckoning.reckon()
        manifest = restoring.Manifest([], "", before, {}, files.Packed())
        found = restoring.differences(manifest, files.Packed())
        transaction.set_rollback(True)
    assert before["tenants_driveridentity"].rows == after["tenants_driveridentity"].rows
    assert [(each.where, each.what) for each in found] == [("table tenants_driveridentity", "fingerprint")]
    assert {model._meta.db_table for model in apps.get_models()} - {*before} <= {
        *programs.WITHOUT_ROWS,
        "auditlog_logentry",
    }


# --- letting old ones go ---


def names(top):
    return sorted(int(path.name[len(folder.PREFIX) + 6 :][:2]) for path in top.glob(f"{folder.PREFIX}*"))


def test_the_newest_stay_and_the_last_proved_one(tmp_path):
    for day in range(1, 8):
        backup(tmp_path, day, proof={2: True, 3: True, 4: False}.get(day))
    assert folder.remove_older(tmp_path, keep=2) == [f"{folder.PREFIX}202611{day:02}T020000Z" for day in (5, 4, 2, 1)]
    assert names(tmp_path) == [3, 6, 7]
    assert not [*tmp_path.glob(f"{folder.MAKING}*")]


def test_what_is_not_whole_pushes_out_no_good_one(tmp_path):
    backup(tmp_path, 1)
    for day in (2, 3, 4):
        backup(tmp_path, day, cut=True)
    assert folder.remove_older(tmp_path, keep=1) == []
    assert names(tmp_path) == [1, 2, 3, 4]


def test_a_proof_of_another_backup_proves_nothing(tmp_path):
    one, other = backup(tmp_path, 1, proof=True), backup(tmp_path, 2)
    about = noted.read(other / folder.ABOUT)
    about["parts"][folder.DATABASE]["sha256"] = "1" * 64
    noted.write(other / folder.ABOUT, about)
    (other / folder.PROOF).write_bytes((one / folder.PROOF).read_bytes())
    assert folder.read(one).proof is not None
    assert folder.read(other).proof is None


def test_how_backups_stand(tmp_path):
    day, hour = timedelta(days=1), timedelta(hours=1)
    at = datetime(2026, 11, 3, 2, tzinfo=UTC)
    none = folder.standing(tmp_path, every=day, at=at)
    assert (none.newest, none.proof, none.kept, none.is_late, none.is_unproved) == (None, None, 0, True, True)
    backup(tmp_path, 2, proof=True)
    fresh = folder.standing(tmp_path, every=day, at=at + 12 * hour)
    assert (fresh.kept, fresh.is_late, fresh.is_unproved) == (1, False, False)
    assert folder.standing(tmp_path, every=day, at=at + 13 * hour).is_late
    assert folder.standing(tmp_path, every=day, at=at + 92 * day).is_unproved


def test_a_part_says_its_length_and_its_print(tmp_path):
    _, public = sealed.new_identity()
    part = sealed.encrypt(BytesIO(b"x" * 200_000), tmp_path / "part", sealed.recipients([public]))
    assert part == sealed.fingerprint(tmp_path / "part") == Part(part.bytes, part.sha256)
    assert part.bytes > 200_000
