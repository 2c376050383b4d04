"""Seals over the audit log: whatever is changed behind the application's back is found and named."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from tenants import tasks, work
from tenants.log import audit, chain, checking, export, hashing, sealing, written
from tenants.models import AuditCheck, AuditEntry, AuditSeal
from tenants.scoping import tenant_scope
from tenants.services import log_checks
from tenants.tests.settled import seal_settled, wait_until_settled

pytestmark = pytest.mark.django_db(transaction=True)
SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "verify-seals"


@pytest.fixture(autouse=True)
def _own_notes(settings, tmp_path):
    settings.SEAL_HEADS_DIR = str(tmp_path / "heads")


@pytest.fixture
def log(north):
    """North with twelve entries in twelve transactions, under four seals."""
    for _ in range(4):
        for number in range(3):
            with tenant_scope(north.pk):
                audit.record("example.made", number=number, text="å\n“quoted”")
        seal_settled(north)
    return north


def check(operator, **options):
    with tenant_scope(operator.pk):
        return checking.check_chain(**options)


@contextmanager
def intruder():
    """The tables' owner with triggers off: the worst that can happen to a database."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for table in ("tenants_auditentry", "tenants_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield cursor
        finally:
            for table in ("tenants_auditentry", "tenants_auditseal"):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute("SET ROLE wattledger_app")


def entry_of(seal_number, position=1):
    return AuditSeal.objects.get(number=seal_number).entry_ids[position]


def test_an_untouched_log_is_intact(log):
    report = check(log)
    assert report.finding is None
    assert (report.seals, report.unsealed) == (4, 0)
    with tenant_scope(log.pk):
        assert report.entries == AuditEntry.objects.count()


def test_what_is_not_sealed_yet_is_counted(log):
    with tenant_scope(log.pk):
        audit.record("example.made")
    assert check(log).unsealed == 1


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE tenants_auditentry SET event = 'example.forged' WHERE id = {}", "changed"),
        ("UPDATE tenants_auditentry SET timestamp = timestamp - interval '1 microsecond' WHERE id = {}", "changed"),
        ("UPDATE tenants_auditentry SET actor_id = 4711 WHERE id = {}", "changed"),
        ("""UPDATE tenants_auditentry SET additional_data = '{{"number": 8}}' WHERE id = {}""", "changed"),
        ("UPDATE tenants_auditentry SET remote_addr = '192.0.2.1' WHERE id = {}", "changed"),
        ("DELETE FROM tenants_auditentry WHERE id = {}", "removed"),
        ("UPDATE tenants_auditentry SET id = id + 1000000 WHERE id = {}", "removed"),
    ],
)
def test_the_first_entry_that_differs_is_named(log, statement, kind):
    with tenant_scope(log.pk):
        first, later = entry_of(2), entry_of(3)
    with intruder() as cursor:
        for each in (later, first):
            cursor.execute(statement.format(each))
    found = check(log).finding
    assert (found.kind, found.seal, found.entry_id) == (kind, 2, first)


def test_an_entry_slipped_in_is_named(log):
    with tenant_scope(log.pk):
        near = AuditEntry.objects.get(pk=entry_of(3))
    columns = ", ".join(
        f'"{field.column}"'
        for field in AuditEntry._meta.concrete_fields
        if field.column not in {"id", "public_id"} and not field.generated
    )
    with intruder() as cursor:
        cursor.execute(
            f"INSERT INTO tenants_auditentry (id, public_id, {columns}) "
            f"SELECT 900000, gen_random_uuid(), {columns} FROM tenants_auditentry WHERE id = %s",
            [near.pk],
        )
    found = check(log).finding
    assert (found.kind, found.seal, found.entry_id) == ("inserted", 3, 900000)


def test_an_entry_moved_out_of_every_stretch_is_missed_where_it_was(log):
    with tenant_scope(log.pk):
        moved = entry_of(4)
    with intruder() as cursor:
        cursor.execute("UPDATE tenants_auditentry SET xid = '99999999' WHERE id = %s", [moved])
    assert check(log).finding.entry_id == moved


@pytest.mark.parametrize("column", ["number", "above_id", "from_xid", "to_xid"])
def test_a_seal_whose_facts_were_changed_does_not_fit(log, column):
    with intruder() as cursor:
        cursor.execute(f"UPDATE tenants_auditseal SET {column} = {column} + 1 WHERE number = 4")
    found = check(log).finding
    assert (found.kind, found.seal) == ("seal", 5 if column == "number" else 4)


def test_a_missing_seal_is_noticed(log):
    with intruder() as cursor:
        cursor.execute("DELETE FROM tenants_auditseal WHERE number = 2")
    assert check(log).finding.detail == "seal 2 is missing"


def test_a_forged_seal_lacks_the_signature(log):
    """Who may write anything can make hashes fit, but has not the key."""
    with tenant_scope(log.pk):
        seal = AuditSeal.objects.get(number=4)
        victim = seal.entry_ids[0]
    with intruder() as cursor:
        cursor.execute("UPDATE tenants_auditentry SET event = 'example.forged' WHERE id = %s", [victim])
        with tenant_scope(log.pk):
            texts = written.written(form=1, from_xid=seal.from_xid, to_xid=seal.to_xid, above_id=0)
            leaves = [hashing.leaf(text) for _, text in texts]
            seal.root = hashing.root(leaves).hex()
            cursor.execute(
                "UPDATE tenants_auditseal SET leaves = %s, root = %s, hash = %s WHERE number = 4",
                [b"".join(leaves), seal.root, chain.facts_of(seal).hash()],
            )
    found = check(log).finding
    assert (found.kind, found.detail) == ("seal", "its signature is not ours")


def test_a_head_noted_earlier_shows_a_chain_made_anew(log):
    noted = check(log).head
    rewind()
    assert check(log).finding is None, "the chain alone cannot know"
    assert check(log, noted_heads=[noted]).finding is not None


def rewind():
    with intruder() as cursor:
        cursor.execute("DELETE FROM tenants_auditseal WHERE number = 4")
        cursor.execute("DELETE FROM tenants_auditentry WHERE id = (SELECT max(id) FROM tenants_auditentry)")


def checked(operator):
    """The operator's check, done as a worker does it."""
    assert work.do_next(work.kind_named("audit_check"), operator.pk, clock=timezone.now)
    with tenant_scope(operator.pk):
        return AuditCheck.objects.get()


def test_a_forged_log_is_not_sealed_again(log):
    """The portal has the key: it must not sign what somebody made while its back was turned."""
    with intruder() as cursor:
        cursor.execute("DELETE FROM tenants_auditseal")
        cursor.execute("UPDATE tenants_auditentry SET event = 'example.forged' WHERE event = 'example.made'")
    with pytest.raises(sealing.ChainBroken, match="Seal 4"):
        sealing.seal_all(log.pk, at=timezone.now())
    with tenant_scope(log.pk):
        log_checks.ask(by_id=None, at=timezone.now())
    assert checked(log).state == AuditCheck.State.BROKEN
    with pytest.raises(CommandError, match="north"):
        call_command("audit", "verify")


def test_one_broken_chain_stops_no_other(log, south, caplog):
    rewind()
    with tenant_scope(south.pk):
        audit.record("example.made")
    wait_until_settled()
    tasks.seal_audit_logs()
    assert check(south).seals == 1
    assert "ChainBroken" in caplog.text


def test_a_seal_that_is_not_ours_is_not_built_upon(log):
    """The app role may add rows: a false seal stops the sealing loudly instead of leading it astray."""
    with tenant_scope(log.pk):
        newest = AuditSeal.objects.get(number=4)
        newest.pk, newest.number, newest.to_xid = None, 5, 2**62
        newest.save(force_insert=True)
    with pytest.raises(sealing.ChainBroken, match="Seal 5"):
        sealing.seal_all(log.pk, at=timezone.now())


def test_a_restored_database_goes_on_once_somebody_says_so(log, capsys):
    rewind()
    with pytest.raises(CommandError, match="north"):
        call_command("audit", "seal", "--operator", "north")
    call_command("audit", "accept-restore", "--operator", "north", "--reason", "backup of Tuesday")
    call_command("audit", "seal", "--operator", "north")
    call_command("audit", "verify", "--operator", "north")
    with tenant_scope(log.pk):
        told: dict[str, str] = AuditEntry.objects.get(event="audit.restore_accepted").additional_data or {}
    assert told["reason"] == "backup of Tuesday"
    assert len(told["lost_head"]) == 64


def test_a_damaged_note_does_not_count_as_none(log, settings):
    file = Path(settings.SEAL_HEADS_DIR) / f"operator-{log.pk}.jsonl"
    file.write_text(file.read_text() + "{\n")
    with pytest.raises(ValueError, match="no note of a head"):
        sealing.seal_all(log.pk, at=timezone.now())


def test_nobody_chooses_the_transaction_of_an_entry(north):
    with tenant_scope(north.pk):
        entry = audit.record("example.made")
        columns = "operator_id, timestamp, content_type_id, object_pk, object_repr, action, event, task, user_agent"
        columns += ", changes_text, is_platform, viewing_as"
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO tenants_auditentry (public_id, xid, {columns}) "
                f"SELECT gen_random_uuid(), '3', {columns} FROM tenants_auditentry WHERE id = %s RETURNING xid::text",
                [entry.pk],
            )
            (xid,) = cursor.fetchone()
    assert int(xid) > 3


def test_a_transaction_of_another_database_holds_nothing_back(north):
    """Tests run beside each other on one server, and so may installations."""
    seal_settled(north)
    facts = {**connection.get_connection_params(), "dbname": "postgres"}
    facts.pop("cursor_factory", None), facts.pop("context", None), facts.pop("prepare_threshold", None)
    with psycopg.connect(**{key: value for key, value in facts.items() if value not in (None, "")}) as other:
        other.execute("SELECT pg_current_xact_id()")
        with tenant_scope(north.pk):
            audit.record("example.made")
        seal_settled(north)
        assert check(north).unsealed == 0


def test_an_entry_committed_late_is_not_skipped(north):
    """A transaction that began first and ends last holds the seal back, however low its entries' numbers are."""
    written, may_end = threading.Event(), threading.Event()

    def slow():
        try:
            with tenant_scope(north.pk):
                audit.record("example.slow")
                written.set()
                assert may_end.wait(20)
        finally:
            connections.close_all()

    seal_settled(north)
    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    with tenant_scope(north.pk):
        audit.record("example.quick")
    sealing.seal_all(north.pk, at=timezone.now())
    assert check(north).unsealed == 1
    may_end.set()
    thread.join()
    seal_settled(north)
    report = check(north)
    assert (report.finding, report.unsealed) == (None, 0)
    with tenant_scope(north.pk):
        assert report.entries == AuditEntry.objects.count()


def test_a_transaction_is_never_divided(north):
    seal_settled(north)
    with tenant_scope(north.pk):
        for _ in range(10):
            audit.record("example.made")
    wait_until_settled()
    with tenant_scope(north.pk):
        seal = sealing.seal_next(at=timezone.now(), limit=3)
    assert seal is not None
    assert len(seal.entry_ids) == 10
    assert check(north).finding is None


def test_two_sealers_at_once_make_one_chain(log):
    for _ in range(30):
        with tenant_scope(log.pk):
            audit.record("example.made")
    wait_until_settled()
    failures = []

    def sealer():
        try:
            for _ in range(10):
                with tenant_scope(log.pk):
                    sealing.seal_next(at=timezone.now(), limit=1)
        except Exception as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sealer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = check(log)
    assert (failures, report.finding, report.unsealed) == ([], None, 0)


def test_the_chain_goes_on_in_a_restored_database(log):
    """There transactions are counted anew: the old ones lie ahead of the new."""
    with tenant_scope(log.pk):
        audit.record("example.left_over")
    with intruder() as cursor:  # what was written elsewhere had higher transactions
        cursor.execute("DELETE FROM tenants_auditseal")
        cursor.execute("UPDATE tenants_auditentry SET xid = (xid::text::bigint + 5000000000)::text::xid8")
    with tenant_scope(log.pk):
        first = AuditEntry.objects.order_by("pk").values_list("xid", flat=True)[2]
        key = sealing._add(None, from_xid=0, to_xid=first + 1, above_id=0, at=timezone.now())
    assert key.number == 1
    for _ in range(3):
        with tenant_scope(log.pk):
            audit.record("example.after_the_restore")
        seal_settled(log)
    report = check(log)
    assert (report.finding, report.unsealed) == (None, 0)
    with tenant_scope(log.pk):
        assert report.entries == AuditEntry.objects.count()
        above = list(AuditSeal.objects.order_by("number").values_list("above_id", flat=True))
    assert above[:2] == [0, 0]
    assert above[2] > 0
    assert set(above[2:]) == {above[2]}


def test_a_seal_that_is_not_full_is_the_last_of_its_time(log, monkeypatch):
    """Else a log that is written to all the time would be sealed entry by entry, for ever."""
    once, asked = sealing.seal_next, []

    def counted(*, at):
        asked.append(at)
        return once(at=at, limit=4)

    monkeypatch.setattr(sealing, "AT_ONCE", 4)
    monkeypatch.setattr(sealing, "seal_next", counted)
    for _ in range(10):
        with tenant_scope(log.pk):
            audit.record("example.made")
    assert seal_settled(log) == 10
    assert len(asked) == 3


def test_an_older_key_is_still_ours_while_it_is_listed(log, settings):
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [os.urandom(32), *old]
    with tenant_scope(log.pk):
        audit.record("example.made")
    seal_settled(log)
    assert check(log).finding is None
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert check(log).finding.detail == "its signature is not ours"


@pytest.mark.parametrize("statement", ["UPDATE tenants_auditseal SET number = 9", "DELETE FROM tenants_auditseal"])
def test_the_portal_cannot_change_a_seal(log, statement):
    with tenant_scope(log.pk), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_every_column_of_the_log_is_sealed():
    """A new column needs a new form, or it could be changed without a trace."""
    columns = {field.column for field in AuditEntry._meta.concrete_fields if not field.generated}
    assert columns == set(written.FORMS[written.FORM])


def test_another_operator_s_chain_is_its_own(log, south):
    with tenant_scope(south.pk):
        audit.record("example.made")
    seal_settled(south)
    assert check(south).seals == 1
    assert check(log).seals == 4


@pytest.fixture
def exported(log, tmp_path):
    with tenant_scope(log.pk):
        lines = list(export.export_lines())
    file = tmp_path / "log.jsonl"

    def file_of(change=lambda lines: lines):
        file.write_text("".join(f"{line}\n" for line in change(list(lines))), encoding="utf-8")
        return file

    return file_of


def verify(file, *options):
    """The script in an empty environment, with a Python that has nothing but itself."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(file), *options]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env={})
    return ran.returncode, ran.stdout + ran.stderr


def test_an_export_is_verified_with_nothing_else_at_hand(log, exported):
    status, said = verify(exported())
    assert (status, said.splitlines()[0][:7]) == (0, "INTACT:")
    assert check(log).head in said


def _position(lines, word, nth=0):
    return [number for number, line in enumerate(lines) if word in line][nth]


CHANGES = {
    "an entry changed": lambda lines: [line.replace("example.made", "example.fake") for line in lines],
    "an entry removed": lambda lines: lines[:-1],
    "an entry added": lambda lines: [*lines, lines[-1]],
    "two entries exchanged": lambda lines: [*lines[:-2], lines[-1], lines[-2]],
    "a seal removed": lambda lines: [line for line in lines if '"number": 2,' not in line],
    "the last seal removed": lambda lines: lines[: _position(lines, '{"seal"', -1)],
    "another signature": lambda lines: [
        line.replace('"signature": "', '"signature": "00') if '{"seal"' in line else line for line in lines
    ],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_export_is_found_out(exported, change):
    status, said = verify(exported(change))
    assert (status, said[:7]) == (1, "BROKEN:"), said


def test_an_export_signed_by_somebody_else_is_found_out(log, exported, settings):
    key = json.loads(exported().read_text(encoding="utf-8").splitlines()[0])["audit_log"]["public_keys"][0]
    assert verify(exported(), "--key", key)[0] == 0
    assert verify(exported(), "--key", "00" * 32)[0] == 1
    assert verify(exported(), "--head", "00" * 32)[0] == 1


def test_what_is_no_export_is_said_to_be_none(tmp_path):
    file = tmp_path / "x.jsonl"
    for text in ("", "hello\n", "[]\n", '{"audit_log": {}}\n'):
        file.write_text(text)
        assert verify(file)[0] == 2, text


def test_the_command_seals_checks_and_exports(log, tmp_path, capsys):
    call_command("audit", "seal")
    call_command("audit", "verify", "--operator", "north")
    assert "north: intact" in capsys.readouterr().out
    call_command("audit", "export", "--operator", "north", str(tmp_path / "log.jsonl"))
    assert verify(tmp_path / "log.jsonl")[0] == 0
    with tenant_scope(log.pk):
        victim = entry_of(1)
    with intruder() as cursor:
        cursor.execute("DELETE FROM tenants_auditentry WHERE id = %s", [victim])
    with pytest.raises(CommandError, match="north"):
        call_command("audit", "verify")
    assert f"entry {victim} was removed" in capsys.readouterr().out


def test_a_check_keeps_what_it_found(log):
    with tenant_scope(log.pk):
        asked = log_checks.ask(by_id=7, at=timezone.now())
        assert log_checks.ask(by_id=8, at=timezone.now()) == asked
    done = checked(log)
    assert (done.state, done.seals) == (AuditCheck.State.INTACT, 4)


#: Exported by an earlier version of this code. It is never made anew: what was once handed out must verify for ever.
OLD_EXPORT = Path(__file__).parent / "data" / "sealed-log-form-1.jsonl"


def test_a_chain_exported_before_is_still_verified():
    lines = OLD_EXPORT.read_text(encoding="utf-8").splitlines()
    key = json.loads(lines[0])["audit_log"]["public_keys"][0]
    head = "af736e07e5a9e6c0c63db5c3b71ce752e3c75465b86300fea47bbd848a0df284"
    status, said = verify(OLD_EXPORT, "--key", key, "--head", head)
    assert status == 0, said
    assert "10 entries under 3 seals" in said


def test_the_hashes_of_a_chain_exported_before_are_made_the_same_way():
    """Neither a fact renamed, nor one added, nor another order may change what an old seal hashes to."""
    leaves: list[bytes] = []
    for line in reversed(OLD_EXPORT.read_text(encoding="utf-8").splitlines()[1:]):
        seal = json.loads(line).get("seal")
        if seal is None:
            leaves.insert(0, hashing.leaf(line))
            continue
        facts = hashing.SealFacts(**{name: seal[name] for name in hashing.FACTS})
        assert facts.hash() == seal["hash"]
        assert hashing.root(leaves).hex() == seal["root"]
        leaves = []
