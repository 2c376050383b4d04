"""An operator's chain of seals: reading it, and whether a seal is what we signed and stands where it should."""

from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenants import crypto
from tenants.log import hashing
from tenants.log.hashing import SealFacts
from tenants.log.written import FORMS
from tenants.models import AuditSeal


def seals() -> Iterator[AuditSeal]:
    """The operator's seals, oldest first, one at a time: each may hold the hashes of thousands of entries."""
    for number in AuditSeal.objects.order_by("number").values_list("number", flat=True):
        yield AuditSeal.objects.get(number=number)


def newest() -> AuditSeal | None:
    """The newest seal, without its leaves."""
    return AuditSeal.objects.defer("leaves", "entry_ids").order_by("-number").first()


def facts_of(seal: AuditSeal) -> SealFacts:
    """Return what the seal says, as it is hashed."""
    return SealFacts(
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


def ceiling(seal: AuditSeal, eras: dict[int, int]) -> int | None:
    """The newest entry that can belong to the seal's era; None in the present one."""
    later = [above_id for above_id in eras.values() if above_id > seal.above_id]
    return min(later, default=None)


def is_sound(seal: AuditSeal) -> bool:
    """Tell whether the seal's hash is of its facts and the signature is ours."""
    return facts_of(seal).hash() == seal.hash and _is_signed(seal, [key.public_key() for key in crypto.signing_keys()])


def fault_of(seal: AuditSeal, before: AuditSeal | None, keys: list[Ed25519PublicKey]) -> str:
    """Say how the seal itself, or its place in the chain, is wrong; empty when it is right."""
    number, previous, from_xid = (before.number + 1, before.hash, before.to_xid) if before else (
        1, hashing.BEGINNING, 0,
    )  # fmt: skip
    new_era = before is not None and seal.above_id > before.above_id
    leaves = bytes(seal.leaves)
    for is_right, detail in (
        (seal.number == number, f"seal {number} is missing"),
        (seal.previous == previous, "it does not follow the seal before it"),
        (seal.from_xid == (0 if new_era else from_xid), "it does not begin where the seal before it ends"),
        (seal.form in FORMS, f"form {seal.form} is not known"),
        (len(leaves) == len(seal.entry_ids) * hashing.LEAF_BYTES, "its leaves are not as many as its entries"),
        (bool(leaves) and hashing.root(cut(leaves)).hex() == seal.root, "its leaves do not give its root"),
        (facts_of(seal).hash() == seal.hash, "its facts do not give its hash"),
        (_is_signed(seal, keys), "its signature is not ours"),
    ):
        if not is_right:
            return detail
    return ""


def _is_signed(seal: AuditSeal, keys: list[Ed25519PublicKey]) -> bool:
    for key in keys:
        if key_name(key) == seal.key_id:
            try:
                key.verify(bytes.fromhex(seal.signature), seal.hash.encode())
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def cut(leaves: bytes) -> list[bytes]:
    """Return the hashes of a seal's entries, one by one."""
    return [leaves[at : at + hashing.LEAF_BYTES] for at in range(0, len(leaves), hashing.LEAF_BYTES)]
