"""What is sealed, and whether it is still as it was: reads for sealing, checking and exporting the audit log."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection

from tenants import crypto
from tenants.log import hashing as sealing
from tenants.models import AuditSeal
from tenants.scoping import current_operator_id

TABLE = "tenants_auditentry"
#: How entries are written, by form: these columns as `jsonb` text. A new column of the log needs a new form.
FORMS: dict[int, tuple[str, ...]] = {
    1: (
        "id",
        "public_id",
        "operator_id",
        "timestamp",
        "actor_id",
        "actor_email",
        "task",
        "on_behalf_of",
        "api_key_id",
        "is_platform",
        "viewing_as",
        "event",
        "action",
        "content_type_id",
        "object_pk",
        "object_id",
        "object_repr",
        "changes",
        "changes_text",
        "serialized_data",
        "additional_data",
        "remote_addr",
        "remote_port",
        "user_agent",
        "cid",
        "xid",
    )
}
FORM = max(FORMS)


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is not as it was sealed.

    kind: `changed`, `removed` or `inserted` entry; or a `seal` that does not fit: its `detail` says how.
    """

    kind: str
    seal: int
    entry_id: int | None = None
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return asdict(self)


@dataclass(slots=True)
class Report:
    """What a check saw: seals and entries that are as they were, up to the first that is not."""

    seals: int = 0
    entries: int = 0
    unsealed: int = 0
    head: str = ""
    finding: Finding | None = None
    heads: set[str] = field(default_factory=set)


def chain() -> Iterator[AuditSeal]:
    """The operator's seals, oldest first, one at a time: each may hold the hashes of thousands of entries."""
    for number in AuditSeal.objects.order_by("number").values_list("number", flat=True):
        yield AuditSeal.objects.get(number=number)


def newest() -> AuditSeal | None:
    """The newest seal, without its leaves."""
    return AuditSeal.objects.defer("leaves", "entry_ids").order_by("-number").first()


_HORIZON = """
WITH here AS MATERIALIZED (SELECT pg_current_snapshot() AS seen), running AS MATERIALIZED (
    SELECT pg_snapshot_xip(seen) AS xid FROM here
)
SELECT coalesce((
    SELECT min(xid::text::bigint) FROM running WHERE NOT EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND transactionid = running.xid::xid
        AND datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
    )
), (SELECT pg_snapshot_xmax(seen)::text::bigint FROM here))
"""


def horizon() -> int:
    """The transaction below which all are over: none can still add an entry.

    Of those that still run, one of another database on the server does not count: it is known by its lock, looked
    up after the list was made. One whose lock is not to be seen counts, whosever it is.
    """
    return int(_one(_HORIZON))


def last_of_batch(*, from_xid: int, below_xid: int | None, above_id: int, limit: int) -> int | None:
    """The transaction with which a batch of about `limit` entries ends; None when there is no entry.

    A transaction is never divided.
    """
    found = _one(
        f"SELECT max(xid)::text FROM (SELECT xid FROM {TABLE} WHERE operator_id = %s AND {_STRETCH}"  # noqa: S608
        " ORDER BY xid LIMIT %s) batch",
        [current_operator_id(), *_stretch(from_xid, below_xid, above_id), limit],
    )
    return None if found is None else int(found)


def written(
    *, form: int, from_xid: int, to_xid: int | None, above_id: int, up_to_id: int | None = None
) -> list[tuple[int, str]]:
    """The entries of a stretch as (id, text), in the order in which they are sealed.

    The text is made by PostgreSQL: `jsonb` has one way to write a value, with the keys in a fixed order.
    """
    statement = (
        f"SELECT id, jsonb_build_object({_pairs(form)})::text FROM {TABLE}"  # noqa: S608  # names of our own
        f" WHERE operator_id = %s AND {_STRETCH} AND (%s::bigint IS NULL OR id <= %s) ORDER BY id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [current_operator_id(), *_stretch(from_xid, to_xid, above_id), up_to_id, up_to_id])
        found: list[tuple[int, str]] = cursor.fetchall()
        return found


def check(*, noted_heads: Iterable[str] = ()) -> Report:
    """Check the current operator's whole chain against the log, up to the first thing that differs.

    noted_heads: hashes of seals that were written down earlier, outside the database; each must still be part of
    the chain. Memory: one seal with its entries at a time.
    """
    report = Report(head=sealing.BEGINNING)
    eras, fault = _sound_seals()
    before: AuditSeal | None = None
    for number in eras:
        before = AuditSeal.objects.get(number=number)
        report.finding = _entry_finding(before, _ceiling(before, eras))
        if report.finding is not None:
            return report
        report.seals, report.head = number, before.hash
        report.entries += len(before.entry_ids)
        report.heads.add(before.hash)
    if fault is not None:
        report.finding = fault
        return report
    report.unsealed, everything = _waiting_and_all(before)
    if set(noted_heads) - report.heads:
        report.finding = Finding("seal", report.seals, detail="a head noted earlier is not part of the chain")
    elif report.entries + report.unsealed != everything:
        report.finding = Finding("inserted", report.seals, detail="entries stand outside every seal")
    return report


def _waiting_and_all(after: AuditSeal | None) -> tuple[int, int]:
    """How many entries wait for the next seal, and how many there are: of one moment, as one statement asks."""
    from_xid, above_id = (after.to_xid, after.above_id) if after else (0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE {_STRETCH}), count(*) FROM {TABLE} WHERE operator_id = %s",  # noqa: S608
            [*_stretch(from_xid, None, above_id), current_operator_id()],
        )
        waiting, everything = cursor.fetchone()
        return waiting, everything


def export_lines() -> Iterator[str]:
    """The chain with its entries as JSON lines, which `bin/verify-seals` checks with nothing else at hand.

    First a line about the export; then each seal, followed by its entries exactly as they were hashed.
    """
    eras = dict(AuditSeal.objects.order_by("number").values_list("number", "above_id"))
    keys = [key_name(key.public_key()) for key in crypto.signing_keys()]
    yield json.dumps({"audit_log": {"operator_id": current_operator_id(), "seals": len(eras), "public_keys": keys}})
    for seal in chain():
        yield json.dumps({"seal": _facts(seal)})
        yield from (
            text
            for _, text in written(
                form=seal.form,
                from_xid=seal.from_xid,
                to_xid=seal.to_xid,
                above_id=seal.above_id,
                up_to_id=_ceiling(seal, eras),
            )
        )


def _facts(seal: AuditSeal) -> dict[str, Any]:
    named = ("form", "operator_id", "number", "above_id", "from_xid", "to_xid", "root", "previous", "hash", "key_id")
    return {
        **{name: getattr(seal, name) for name in named},
        "entries": len(seal.entry_ids),
        "sealed_at": seal.sealed_at.isoformat(timespec="microseconds"),
        "signature": seal.signature,
    }


def hash_of(seal: AuditSeal) -> str:
    """The hash that the seal's facts give."""
    return sealing.seal_hash(
        form=seal.form,
        operator_id=seal.operator_id,
        number=seal.number,
        above_id=seal.above_id,
        from_xid=seal.from_xid,
        to_xid=seal.to_xid,
        entries=len(seal.entry_ids),
        root=seal.root,
        previous=seal.previous,
        sealed_at=seal.sealed_at.isoformat(timespec="microseconds"),
    )


def key_name(key: Ed25519PublicKey) -> str:
    """The public key itself, in hexadecimal: it is short enough to be its own name."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _sound_seals() -> tuple[dict[int, int], Finding | None]:
    """Return the seals that fit their facts and their place, as number and era, up to the first that does not."""
    keys = [key.public_key() for key in crypto.signing_keys()]
    sound: dict[int, int] = {}
    before: AuditSeal | None = None
    for seal in chain():
        fault = _seal_finding(seal, before, keys)
        if fault is not None:
            return sound, fault
        sound[seal.number] = seal.above_id
        before = seal
    return sound, None


def _ceiling(seal: AuditSeal, eras: dict[int, int]) -> int | None:
    """The newest entry that can belong to the seal's era; None in the present one."""
    later = [above_id for above_id in eras.values() if above_id > seal.above_id]
    return min(later, default=None)


def is_sound(seal: AuditSeal) -> bool:
    """Tell whether the seal's hash is of its facts and the signature is ours."""
    return hash_of(seal) == seal.hash and _is_signed(seal, [key.public_key() for key in crypto.signing_keys()])


def _seal_finding(seal: AuditSeal, before: AuditSeal | None, keys: list[Ed25519PublicKey]) -> Finding | None:
    """Say how the seal itself, or its place in the chain, is wrong."""
    number, previous, from_xid = (before.number + 1, before.hash, before.to_xid) if before else (
        1, sealing.BEGINNING, 0,
    )  # fmt: skip
    new_era = before is not None and seal.above_id > before.above_id
    leaves = bytes(seal.leaves)
    for is_right, detail in (
        (seal.number == number, f"seal {number} is missing"),
        (seal.previous == previous, "it does not follow the seal before it"),
        (seal.from_xid == (0 if new_era else from_xid), "it does not begin where the seal before it ends"),
        (seal.form in FORMS, f"form {seal.form} is not known"),
        (len(leaves) == len(seal.entry_ids) * sealing.LEAF_BYTES, "its leaves are not as many as its entries"),
        (bool(leaves) and sealing.root(_cut(leaves)).hex() == seal.root, "its leaves do not give its root"),
        (hash_of(seal) == seal.hash, "its facts do not give its hash"),
        (_is_signed(seal, keys), "its signature is not ours"),
    ):
        if not is_right:
            return Finding("seal", seal.number, detail=detail)
    return None


def _is_signed(seal: AuditSeal, keys: list[Ed25519PublicKey]) -> bool:
    for key in keys:
        if key_name(key) == seal.key_id:
            try:
                key.verify(bytes.fromhex(seal.signature), seal.hash.encode())
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def _entry_finding(seal: AuditSeal, ceiling: int | None) -> Finding | None:
    """Say which entry of the stretch is the first that was changed, removed or inserted."""
    sealed = dict(zip(seal.entry_ids, _cut(bytes(seal.leaves)), strict=True))
    found = {
        entry_id: sealing.leaf(text)
        for entry_id, text in written(
            form=seal.form, from_xid=seal.from_xid, to_xid=seal.to_xid, above_id=seal.above_id, up_to_id=ceiling
        )
    }
    if sealed == found:
        return None
    first = min(entry_id for entry_id in sealed.keys() | found.keys() if sealed.get(entry_id) != found.get(entry_id))
    kind = "inserted" if first not in sealed else "removed" if first not in found else "changed"
    return Finding(kind, seal.number, entry_id=first)


def _cut(leaves: bytes) -> list[bytes]:
    return [leaves[at : at + sealing.LEAF_BYTES] for at in range(0, len(leaves), sealing.LEAF_BYTES)]


_STRETCH = "xid >= %s::text::xid8 AND (%s::text IS NULL OR xid < %s::text::xid8) AND id > %s"


def _stretch(from_xid: int, to_xid: int | None, above_id: int) -> list[Any]:
    upper = None if to_xid is None else str(to_xid)
    return [str(from_xid), upper, upper, above_id]


def _pairs(form: int) -> str:
    # What JSON has no form for, and a time whatever the zone of the connection.
    cast = {
        "xid": "xid::text",
        "remote_addr": "host(remote_addr)",
        "timestamp": """to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    }
    return ", ".join(f"'{name}', {cast.get(name, name)}" for name in FORMS[form])


def _one(statement: str, parameters: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or [])
        (value,) = cursor.fetchone()
        return value
