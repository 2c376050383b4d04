"""Public keys of meters: read in any of the forms that makers write them in, and asked whether a signature is theirs.

OCMF signs with ECDSA or RSA (PKCS #1 v1.5) over SHA-256, whichever the curve or the size. Keys on secp192k1, which OCMF
knows too, are refused by name: `cryptography` has no such curve.
"""

import base64
import binascii
import re

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

#: The curves by OCMF's names. Makers write `brainpoolP256r1` too.
CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp256k1": ec.SECP256K1(),
    "secp384r1": ec.SECP384R1(),
    "secp192r1": ec.SECP192R1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
}
#: Bits of an RSA key: fewer are no proof, more are none of OCMF's.
RSA_BITS = range(2048, 4097)
#: A key is some 60 to 250 signs long, however it is written; one of RSA up to 1,200.
LONGEST = 2_000
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_SEQUENCE = 0x30


Public = ec.EllipticCurvePublicKey | RSAPublicKey


class NoKey(Exception):
    """What was written is no public key that can be used here.

    needs_curve: it may be one, but does not say on which curve. is_unknown_kind: it is one of a kind that is not known.
    """

    def __init__(self, *, needs_curve: bool = False, is_unknown_kind: bool = False) -> None:
        super().__init__("This is no public key of a meter.")
        self.needs_curve, self.is_unknown_kind = needs_curve, is_unknown_kind


def curve_name(named: str) -> str:
    """Return a curve's name as OCMF writes it, however it is spelled; empty for one that is not known."""
    plain = named.strip().casefold().replace("brainpoolp", "brainpool")
    return plain if plain in CURVES else ""


def read(written: str, curve: str = "") -> tuple[str, str]:
    """Return a public key as hex of its DER form (SubjectPublicKeyInfo), and the name of its curve, or `RSA-2048`.

    written: PEM, or the DER form or the bare point in hex or base64. curve: that of a bare point, which does not say.

    Raises:
        NoKey: it is none.
    """
    key = _loaded(written.strip()[:LONGEST], curve)
    if not (name := _named(key)):
        raise NoKey(is_unknown_kind=True)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(), name


def _named(key: Public) -> str:
    if isinstance(key, RSAPublicKey):
        return f"RSA-{key.key_size}" if key.key_size in RSA_BITS else ""
    return next((name for name, known in CURVES.items() if known.name == key.curve.name), "")


def bytes_of(written: bytes) -> bytes | None:
    """Return what hex or base64 stands for, with blanks anywhere; None for what is neither."""
    plain = b"".join(written.split())
    if _HEX.fullmatch(plain):
        return bytes.fromhex(plain.decode())
    try:
        return base64.b64decode(plain, validate=True) if plain else None
    except binascii.Error:
        return None


def is_signed(payload: bytes, signature: bytes, key: str) -> bool:
    """Whether the signature, as DER or as two bare numbers, is that of the key (`read`) under exactly these bytes."""
    known = load_der_public_key(bytes.fromhex(key))
    assert isinstance(known, Public)
    try:
        if isinstance(known, RSAPublicKey):
            known.verify(signature, payload, PKCS1v15(), SHA256())
        else:
            known.verify(_as_der(signature, (known.key_size + 7) // 8), payload, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _as_der(signature: bytes, size: int) -> bytes:
    is_der = len(signature) > 2 and signature[0] == _SEQUENCE and signature[1] == len(signature) - 2
    if is_der or len(signature) != 2 * size:
        return signature
    return encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))


def _loaded(written: str, curve: str) -> Public:
    data = written.encode() if written.startswith("-----") else bytes_of(written.encode())
    if not data:
        raise NoKey
    try:
        key = load_pem_public_key(data) if written.startswith("-----") else load_der_public_key(data)
    except UnsupportedAlgorithm:
        raise NoKey(is_unknown_kind=True) from None
    except ValueError:
        return _point(data, curve)
    if not isinstance(key, Public):
        raise NoKey(is_unknown_kind=True)
    return key


def _point(data: bytes, curve: str) -> ec.EllipticCurvePublicKey:
    sizes = {(known.key_size + 7) // 8 for known in CURVES.values()}
    is_bare = len(data) in {2 * size for size in sizes}
    is_point = is_bare or (data[0] == 4 and len(data) - 1 in {2 * size for size in sizes})
    if not is_point or curve not in CURVES:
        raise NoKey(needs_curve=is_point and not curve)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], b"\x04" + data if is_bare else data)
    except ValueError:
        raise NoKey from None
