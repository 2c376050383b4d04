"""Whether the log is still as it was sealed: comparing every entry with its seal, and every seal with the chain."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from tenants import crypto
from tenants.log import chain, hashing, heads, written
from tenants.models import AuditSeal
from tenants.scoping import current_operator_id


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


def noted_heads() -> list[str]:
    """Return what must be part of the current operator's chain, by the notes of this machine."""
    noted = heads.noted(current_operator_id())
    return [noted.hash] if noted is not None and noted.number else []


def check_chain(*, noted_heads: Iterable[str] = ()) -> Report:
    """Check the current operator's whole chain against the log, up to the first thing that differs.

    noted_heads: hashes of seals that were written down earlier, outside the database; each must still be part of
    the chain. Memory: one seal with its entries at a time.
    """
    report = Report(head=hashing.BEGINNING)
    eras, fault = _sound_seals()
    before: AuditSeal | None = None
    for number in eras:
        before = AuditSeal.objects.get(number=number)
        report.finding = _entry_finding(before, chain.ceiling(before, eras))
        if report.finding is not None:
            return report
        report.seals, report.head = number, before.hash
        report.entries += len(before.entry_ids)
        report.heads.add(before.hash)
    if fault is not None:
        report.finding = fault
        return report
    from_xid, above_id = (before.to_xid, before.above_id) if before else (0, 0)
    report.unsealed, everything = written.waiting_and_all(from_xid=from_xid, above_id=above_id)
    if set(noted_heads) - report.heads:
        report.finding = Finding("seal", report.seals, detail="a head noted earlier is not part of the chain")
    elif report.entries + report.unsealed != everything:
        report.finding = Finding("inserted", report.seals, detail="entries stand outside every seal")
    return report


def _sound_seals() -> tuple[dict[int, int], Finding | None]:
    """Return the seals that fit their facts and their place, as number and era, up to the first that does not."""
    keys = [key.public_key() for key in crypto.signing_keys()]
    sound: dict[int, int] = {}
    before: AuditSeal | None = None
    for seal in chain.seals():
        fault = chain.fault_of(seal, before, keys)
        if fault:
            return sound, Finding("seal", seal.number, detail=fault)
        sound[seal.number] = seal.above_id
        before = seal
    return sound, None


def _entry_finding(seal: AuditSeal, ceiling: int | None) -> Finding | None:
    """Say which entry of the stretch is the first that was changed, removed or inserted."""
    sealed = dict(zip(seal.entry_ids, chain.cut(bytes(seal.leaves)), strict=True))
    found = {
        entry_id: hashing.leaf(text)
        for entry_id, text in written.written(
            form=seal.form, from_xid=seal.from_xid, to_xid=seal.to_xid, above_id=seal.above_id, up_to_id=ceiling
        )
    }
    if sealed == found:
        return None
    first = min(entry_id for entry_id in sealed.keys() | found.keys() if sealed.get(entry_id) != found.get(entry_id))
    kind = "inserted" if first not in sealed else "removed" if first not in found else "changed"
    return Finding(kind, seal.number, entry_id=first)
