"""An import undone: its sessions with their prices, and what it added to the network and nobody else uses.

Nothing of it may ever have stood on an invoice, not even on a draft. Sessions that somebody has decided on or that a
later file corrected go all the same. All or nothing: one transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from billing.models import BilledSession
from billing.services import rating
from charging.domain.errors import Code, ImportRefused
from charging.events import Event
from charging.models import ChargingSession, Connector, Correction, FileImport, ImportUndo, RejectedRow, Site, Station
from charging.site_scope import limited_to
from tenants import work
from tenants.log.audit import record
from tenants.models import User
from tenants.scoping import tenant_scope

BATCH = 20_000

# Nobody charged with it, nobody had it, no payer has it, nothing was merged into it.
_TOKENS = """
DELETE FROM charging_token t WHERE t.operator_id = %(operator)s AND t.file_import_id = %(import)s
  AND NOT EXISTS (SELECT 1 FROM charging_chargingsession s WHERE s.operator_id = %(operator)s AND s.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_accountmember a WHERE a.operator_id = %(operator)s AND a.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_earlierholder h WHERE h.operator_id = %(operator)s AND h.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_token m WHERE m.operator_id = %(operator)s AND m.merged_into_id = t.id)
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
  AND NOT EXISTS (SELECT 1 FROM charging_chargingsession s WHERE s.operator_id = d.operator_id AND s.token_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM charging_chargingsession s WHERE s.operator_id = d.operator_id AND s.driver_id = d.id)
"""
_SESSIONS = "DELETE FROM charging_chargingsession WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)"
_CARD = "DELETE FROM charging_token WHERE operator_id = %s AND id = %s"
_IDENTITY = "DELETE FROM tenants_driveridentity WHERE operator_id = %s AND driver_id = %s"
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
            _undo(operator_id, FileImport.objects.select_for_update().get(pk=undo.file_import_id))
            work.finish(undo)
    except ImportRefused as refusal:
        with tenant_scope(operator_id):
            work.fail(undo, refusal.code, refusal.facts)


def _undo(operator_id: int, row: FileImport) -> None:
    sessions = ChargingSession.objects.filter(file_import=row)
    energy_wh = sum(energy or 0 for energy in sessions.values_list("energy_wh", flat=True).iterator())
    found = list(sessions.order_by("pk").values_list("pk", flat=True))
    rating.hold_prices(found)
    _refuse_billed(found)
    for ids in _batches(found):
        _run(_PRICES, operator=operator_id, ids=ids)
        _run(_CORRECTIONS, operator=operator_id, ids=ids)
        _run(_SESSIONS, operator=operator_id, ids=ids)
    drivers = _drivers(operator_id, row)
    tokens = drivers + _run(_TOKENS, operator=operator_id, **{"import": row.pk})
    gone = {"drivers": drivers, "tokens": tokens, **_network(operator_id, row)}
    RejectedRow.objects.filter(file_import=row).delete()
    Correction.objects.filter(file_import=row, state=Correction.State.OPEN).delete()
    row.state = FileImport.State.UNDONE
    row.save(update_fields=["state", "updated_at"])
    record(Event.IMPORT_UNDONE, about=row, sha256=row.file_sha256, sessions=len(found), energy_wh=energy_wh, **gone)


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
            for statement, pk in ((_CARD, token_id), (_IDENTITY, driver_id), (_DRIVER, driver_id)):
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


def _batches(found: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(found), BATCH):
        yield found[start : start + BATCH]


def _run(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
