"""An import undone: its sessions with their prices, and what it added to the network and nobody else uses.

What another file holds too stays and is that file's from now on: sessions that it named again, and those that it
corrected. Its rows that said something else of a session that goes come in instead. Nothing of what goes may ever have
stood on an invoice, not even on a draft; sessions that somebody has decided on go all the same. All or nothing: one
transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum

from billing.models import BilledSession
from billing.services import rating
from charging.domain.errors import Code, ImportRefused
from charging.domain.reasons import Reject
from charging.events import Event
from charging.models import (
    ChargingSession,
    Connector,
    Correction,
    FileImport,
    ImportUndo,
    KnownSessions,
    RejectedRow,
    Site,
    Station,
)
from charging.services import mending
from charging.site_scope import limited_to
from tenants import work
from tenants.log.audit import record
from tenants.models import User
from tenants.scoping import tenant_scope

BATCH = 20_000

# Nobody charged with it, nobody had it, no payer has it, nothing was merged into it, and nothing odd was noticed of it.
_TOKENS = """
DELETE FROM charging_token t WHERE t.operator_id = %(operator)s AND t.file_import_id = %(import)s
  AND NOT EXISTS (SELECT 1 FROM charging_chargingsession s WHERE s.operator_id = %(operator)s AND s.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_accountmember a WHERE a.operator_id = %(operator)s AND a.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_earlierholder h WHERE h.operator_id = %(operator)s AND h.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM billing_billedfee f WHERE f.operator_id = %(operator)s AND f.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_token m WHERE m.operator_id = %(operator)s AND m.merged_into_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_cardnotice n WHERE n.operator_id = %(operator)s AND n.token_id = t.id)
  AND t.driver_id IS NULL
"""
# What was said of its sessions, and what it says of others and nobody has decided on.
_CORRECTIONS = "DELETE FROM charging_correction WHERE operator_id = %(operator)s AND session_id = ANY(%(ids)s)"
# Drivers made for a card by the import that met it first, of whom nothing else is known: the card came with them,
# nobody charged, and neither a name nor anything else was written since.
_MADE = """
SELECT t.id, d.id FROM charging_token t
JOIN tenants_driver d ON d.operator_id = t.operator_id AND d.id = t.driver_id
WHERE t.operator_id = %(operator)s AND t.file_import_id = %(import)s AND d.user_id IS NULL AND d.group_id IS NULL
  AND t.created_at BETWEEN d.created_at AND d.created_at + interval '1 minute'
  AND (SELECT count(*) FROM tenants_driveridentity i WHERE i.operator_id = d.operator_id AND i.driver_id = d.id) = 1
  AND (SELECT count(*) FROM charging_token o WHERE o.operator_id = d.operator_id AND o.driver_id = d.id) = 1
  AND NOT EXISTS (SELECT 1 FROM charging_token m WHERE m.operator_id = d.operator_id AND m.merged_into_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_earlierholder h WHERE h.operator_id = d.operator_id
    AND (h.driver_id = d.id OR h.token_id = t.id))
  AND NOT EXISTS (SELECT 1 FROM charging_accountmember a WHERE a.operator_id = d.operator_id
    AND (a.token_id = t.id OR a.driver_id = d.id))
  AND NOT EXISTS (SELECT 1 FROM charging_cardnotice n WHERE n.operator_id = d.operator_id
    AND (n.token_id = t.id OR n.driver_id = d.id))
  AND NOT EXISTS (SELECT 1 FROM charging_chargingsession s WHERE s.operator_id = d.operator_id AND s.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_chargingsession s WHERE s.operator_id = d.operator_id AND s.driver_id = d.id)
"""
# Which other import holds a session of this one too: the first that named it again, or whose correction was taken over.
_HELD = """
SELECT DISTINCT ON (s.id) s.id, held.import_id
FROM (
    SELECT k.file_import_id AS import_id, unnest(k.sessions) AS session_id
    FROM charging_knownsessions k WHERE k.operator_id = %(operator)s
    UNION ALL
    SELECT c.file_import_id, c.session_id FROM charging_correction c
    WHERE c.operator_id = %(operator)s AND c.state = 'taken_over' AND c.file_import_id IS NOT NULL
) held
JOIN charging_fileimport i ON i.operator_id = %(operator)s AND i.id = held.import_id AND i.state = 'done'
    AND i.id <> %(import)s
JOIN charging_chargingsession s ON s.operator_id = %(operator)s AND s.id = held.session_id
    AND s.file_import_id = %(import)s
ORDER BY s.id, held.import_id
"""
_HAND_OVER = """
UPDATE charging_chargingsession SET file_import_id = %(import)s WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)
"""
# Later files of the same source whose known sessions were counted, but not kept one by one.
_NOT_TOLD = """
SELECT i.file_name FROM charging_fileimport i
WHERE i.operator_id = %(operator)s AND i.id > %(import)s AND i.source = %(source)s AND i.state = 'done' AND i.known > (
    SELECT coalesce(sum(cardinality(k.sessions)), 0) FROM charging_knownsessions k
    WHERE k.operator_id = i.operator_id AND k.file_import_id = i.id)
ORDER BY i.id LIMIT 1
"""
_SESSIONS = "DELETE FROM charging_chargingsession WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)"
_CARD = "DELETE FROM charging_token WHERE operator_id = %s AND id = %s"
_IDENTITY = "DELETE FROM tenants_driveridentity WHERE operator_id = %s AND driver_id = %s"
_KEY = "DELETE FROM tenants_personkey WHERE operator_id = %s AND driver_id = %s"
_DRIVER = "DELETE FROM tenants_driver WHERE operator_id = %s AND id = %s"
_PRICES = "DELETE FROM billing_sessionprice WHERE operator_id = %(operator)s AND session_id = ANY(%(ids)s)"
_SUMS = "DELETE FROM billing_daysum WHERE operator_id = %(operator)s AND site_id = %(site)s"


@transaction.atomic
def ask(row: FileImport, *, by: User | None) -> None:
    """Have the import undone soon. Asking again while it is under way changes nothing.

    Raises:
        ImportRefused: it has not come to its end.
    """
    row = FileImport.objects.select_for_update().get(pk=row.pk)
    if row.state != FileImport.State.DONE:
        raise ImportRefused(Code.IMPORT_NOT_DONE, import_state=row.state)
    newest = latest(row)
    if newest is None or not newest.is_open:
        work.enqueue(ImportUndo.objects.create(file_import=row, requested_by_id=by.pk if by else None))


def latest(row: FileImport) -> ImportUndo | None:
    """Return the last time that somebody asked to undo the import."""
    return ImportUndo.objects.filter(file_import=row).order_by("-pk").first()


@limited_to(None)  # a file may hold sessions of any site
def carry_out(operator_id: int, undo: ImportUndo, *, clock: Callable[[], datetime]) -> None:
    """Undo the import, or fail when some of it is billed. Stepped; safe to repeat."""
    try:
        with tenant_scope(operator_id):
            _undo(operator_id, FileImport.objects.select_for_update().get(pk=undo.file_import_id), at=clock())
            work.finish(undo)
    except ImportRefused as refusal:
        with tenant_scope(operator_id):
            work.fail(undo, refusal.code, refusal.facts)


def _undo(operator_id: int, row: FileImport, *, at: datetime) -> None:
    kept = _handed_over(operator_id, row)
    sessions = ChargingSession.objects.filter(file_import=row).order_by("pk")
    facts = list(sessions.values_list("pk", "external_id", "energy_wh"))
    found, energy_wh = [pk for pk, _, _ in facts], sum(energy or 0 for _, _, energy in facts)
    rating.hold_prices(found)
    _refuse_billed(found)
    for ids in _batches(found):
        _run(_PRICES, operator=operator_id, ids=ids)
        _run(_CORRECTIONS, operator=operator_id, ids=ids)
        _run(_SESSIONS, operator=operator_id, ids=ids)
    others = _said_otherwise(row, {external_id for _, external_id, _ in facts}, at=at)
    drivers = _drivers(operator_id, row)
    tokens = drivers + _run(_TOKENS, operator=operator_id, **{"import": row.pk})
    gone = {"drivers": drivers, "tokens": tokens, **_network(operator_id, row)}
    RejectedRow.objects.filter(file_import=row).delete()
    KnownSessions.objects.filter(file_import=row).delete()
    Correction.objects.filter(file_import=row, state=Correction.State.OPEN).delete()
    row.state = FileImport.State.UNDONE
    row.save(update_fields=["state", "updated_at"])
    came = {"left_to_others": kept, "taken_in": others}
    record(
        Event.IMPORT_UNDONE, about=row, sha256=row.file_sha256, sessions=len(found), energy_wh=energy_wh, **came, **gone
    )


def _handed_over(operator_id: int, row: FileImport) -> int:
    """Let sessions that another import holds too be that one's. Returns how many they are.

    Raises:
        ImportRefused: it cannot be told which of them a later file held.
    """
    whose: dict[str, Any] = {"operator": operator_id, "import": row.pk, "source": row.source}
    with connection.cursor() as cursor:
        cursor.execute(_NOT_TOLD, whose)
        if later := cursor.fetchone():
            raise ImportRefused(Code.IMPORT_HELD_LATER, file=later[0])
        cursor.execute(_HELD, whose)
        held: defaultdict[int, list[int]] = defaultdict(list)
        for session, heir in cursor.fetchall():
            held[heir].append(session)
    for heir, ids in held.items():
        theirs = ChargingSession.objects.filter(pk__in=ids)
        energy_wh = theirs.aggregate(sum=Sum("energy_wh"))["sum"] or 0
        for some in _batches(ids):
            _run(_HAND_OVER, operator=operator_id, ids=some, **{"import": heir})
        FileImport.objects.filter(pk=heir).update(
            known=F("known") - len(ids), accepted=F("accepted") + len(ids), accepted_wh=F("accepted_wh") + energy_wh
        )
    return sum(map(len, held.values()))


def _said_otherwise(row: FileImport, gone: set[str], *, at: datetime) -> int:
    """Take in the rows of other files that said something else of sessions that are gone. Returns how many came in."""
    rows = RejectedRow.objects.filter(
        reason=Reject.CHANGED,
        settled__in=[RejectedRow.Settled.NO, RejectedRow.Settled.LEFT],
        file_import__source=row.source,
        file_import__state=FileImport.State.DONE,
        file_import__options__has_key="header",
    ).exclude(file_import=row)
    named = rows.only("facts", "file_import").order_by("file_import_id", "line_number")
    wanted = [each.pk for each in named.iterator() if (each.facts or {}).get("external_id") in gone]
    came = 0
    for some in _batches(wanted, mending.MOST_AT_ONCE):
        found = RejectedRow.objects.filter(pk__in=some).order_by("file_import_id", "line_number")
        for origin_id, theirs in groupby(found, key=lambda one: one.file_import_id):
            origin = FileImport.objects.select_for_update().get(pk=origin_id)
            came += mending.take_again(origin, list(theirs), at=at).accepted
    return came


def _refuse_billed(found: Sequence[int]) -> None:
    ledger = BilledSession.objects.values("session").distinct()
    billed = sum(ledger.filter(session__in=ids).count() for ids in _batches(found))
    if billed:
        raise ImportRefused(Code.IMPORT_BILLED, count=billed)


def _drivers(operator_id: int, row: FileImport) -> int:
    """Remove the drivers that the import made for its cards, each with the card, unless something refers to them."""
    with connection.cursor() as cursor:
        cursor.execute(_MADE, {"operator": operator_id, "import": row.pk})
        made = cursor.fetchall()
    return sum(_driver_removed(operator_id, token_id, driver_id) for token_id, driver_id in made)


def _driver_removed(operator_id: int, token_id: int, driver_id: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement, pk in ((_CARD, token_id), (_IDENTITY, driver_id), (_KEY, driver_id), (_DRIVER, driver_id)):
                cursor.execute(statement, [operator_id, pk])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError:
        return False
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return True


def _network(operator_id: int, row: FileImport) -> dict[str, int]:
    """Remove what the import added, from the outlets up; whatever something else refers to stays."""
    gone = {"connectors": 0, "stations": 0, "sites": 0}
    for name, model in (("connectors", Connector), ("stations", Station), ("sites", Site)):
        for thing in model.objects.filter(file_import=row).order_by("pk"):
            gone[name] += _removed(operator_id, thing)
    return gone


def _removed(operator_id: int, thing: Any) -> bool:
    """Delete a row unless something refers to it; references that are checked late are checked now."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            if isinstance(thing, Site):
                if ChargingSession.objects.filter(site=thing).exists():
                    return False
                cursor.execute(_SUMS, {"operator": operator_id, "site": thing.pk})
            table = thing._meta.db_table
            cursor.execute(f"DELETE FROM {table} WHERE operator_id = %s AND id = %s", [operator_id, thing.pk])  # noqa: S608
    except IntegrityError:
        return False
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return True


def _batches(found: Sequence[int], size: int = BATCH) -> Iterator[Sequence[int]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]


def _run(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
