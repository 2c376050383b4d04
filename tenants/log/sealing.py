"""Sealing the audit log: every few minutes what was added since is bound into the chain of seals.

Nothing is done while an entry is written, so sealing costs writers nothing. The stretch to seal is told by
transactions (see `AuditSeal`): all that began before the oldest one still running are over, so none of them
can add an entry behind the seal's back.

A chain is extended only while it is ours: its newest seal is signed by us, and the seal noted last outside the
database (`heads`) is still in it.
"""

import logging
from datetime import datetime
from functools import partial

from django.db import connection, transaction

from tenants import crypto
from tenants.log import audit, chain, checking, hashing, heads, written
from tenants.log.events import Event
from tenants.log.heads import Head
from tenants.models import AuditSeal
from tenants.scoping import current_operator_id, tenant_scope

log = logging.getLogger(__name__)

AT_ONCE = 20_000
#: Of two sealers of one operator the second waits; the first number only sets these locks apart from others.
_LOCK = 0x5EA1


class ChainBroken(Exception):
    """The chain is not as we left it: nothing may be added until somebody has looked."""


def seal_all(operator_id: int, *, at: datetime) -> int:
    """Seal what of the operator is settled now, a transaction a seal. Returns the number of entries.

    It ends with the first seal that is not full: what is added meanwhile waits for the next time, or a busy log would
    be sealed entry by entry for ever.
    """
    done, found = 0, AT_ONCE
    while found >= AT_ONCE:
        with tenant_scope(operator_id):
            seal = seal_next(at=at)
        found = len(seal.entry_ids) if seal else 0
        done += found
    return done


@transaction.atomic
def seal_next(*, at: datetime, limit: int = AT_ONCE) -> AuditSeal | None:
    """Add the next seal to the current operator's chain; None when nothing new is settled.

    Safe to run twice and at once: sealers of one operator take turns.

    Raises:
        ChainBroken: its newest seal is not signed by us, or a seal noted outside the database is gone.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, current_operator_id() % 2**31])
    before = _trusted_newest()
    horizon = written.horizon()
    from_xid, above_id, below = _next_stretch(before, horizon)
    last = written.last_of_batch(from_xid=from_xid, below_xid=below, above_id=above_id, limit=limit)
    if last is None and before is not None and below is None:  # all of the era before the restore is sealed
        from_xid, above_id, below = 0, _newest_sealed_id(), horizon
        last = written.last_of_batch(from_xid=from_xid, below_xid=below, above_id=above_id, limit=limit)
    if last is None:
        return None
    return _add(before, from_xid=from_xid, to_xid=last + 1, above_id=above_id, at=at)


def accept_restore(*, reason: str, at: datetime) -> Head:
    """Take the chain as it is now for the right one, though a noted head is missing: the database was restored.

    The act is recorded in the audit log with the head that was lost, and stays among the notes.

    Raises:
        ChainBroken: the chain as it is now does not hold either.
    """
    operator_id = current_operator_id()
    lost = heads.noted(operator_id)
    report = checking.check_chain()
    if report.finding is not None:
        raise ChainBroken(f"The chain is broken at seal {report.finding.seal}: {report.finding.detail}.")
    newest = chain.newest()
    head = Head(newest.number, newest.hash) if newest else Head(0, "")
    audit.record(Event.AUDIT_RESTORE_ACCEPTED, reason=reason, lost_head=lost.hash if lost else "", kept_head=head.hash)
    heads.note(operator_id, head, at=at, accepted=reason)
    return head


def _trusted_newest() -> AuditSeal | None:
    """Return the newest seal, if the chain is as this machine left it."""
    newest = AuditSeal.objects.defer("leaves").order_by("-number").first()
    noted = heads.noted(current_operator_id())
    if newest is not None and not chain.is_sound(newest):
        raise ChainBroken(f"Seal {newest.number} is not one of ours.")
    if noted and noted.number and not AuditSeal.objects.filter(number=noted.number, hash=noted.hash).exists():
        raise ChainBroken(f"Seal {noted.number}, noted as {noted.hash[:16]}…, is gone from the chain.")
    return newest


def _next_stretch(before: AuditSeal | None, horizon: int) -> tuple[int, int, int | None]:
    """Return where the next seal begins, above which entry, and below which transaction it must end.

    After a restore the transactions of the chain lie ahead of those of this server: what is left of that era
    is sealed to its end (no bound), then a new era begins.
    """
    if before is None:
        return 0, 0, horizon
    is_restored = before.to_xid > _next_xid()
    return before.to_xid, before.above_id, None if is_restored else horizon


def _next_xid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        return int(cursor.fetchone()[0])


def _newest_sealed_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(entry_ids[array_upper(entry_ids, 1)]) FROM tenants_auditseal WHERE operator_id = %s",
            [current_operator_id()],
        )
        return int(cursor.fetchone()[0])


def _add(before: AuditSeal | None, *, from_xid: int, to_xid: int, above_id: int, at: datetime) -> AuditSeal:
    entries = written.written(form=written.FORM, from_xid=from_xid, to_xid=to_xid, above_id=above_id)
    leaves = [hashing.leaf(text) for _, text in entries]
    key = crypto.signing_key()
    seal = AuditSeal(
        operator_id=current_operator_id(),
        number=before.number + 1 if before else 1,
        form=written.FORM,
        above_id=above_id,
        from_xid=from_xid,
        to_xid=to_xid,
        entry_ids=[entry_id for entry_id, _ in entries],
        leaves=b"".join(leaves),
        root=hashing.root(leaves).hex(),
        previous=before.hash if before else hashing.BEGINNING,
        key_id=chain.key_name(key.public_key()),
        sealed_at=at,
    )
    seal.hash = chain.facts_of(seal).hash()
    seal.signature = key.sign(seal.hash.encode()).hex()
    seal.save()
    transaction.on_commit(partial(_note, seal.operator_id, Head(seal.number, seal.hash), at))
    return seal


def _note(operator_id: int, head: Head, at: datetime) -> None:
    heads.note(operator_id, head, at=at)
    log.info("Operator %s: seal %s is %s.", operator_id, head.number, head.hash)  # wherever logs go, it is noted too
