"""Meters of tests: whoever reads what they sign must agree with them, byte by byte."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SPKI = PublicFormat.SubjectPublicKeyInfo


class Meter:
    """A meter with a key on a curve, or of RSA with so many bits. Its records count up its pages."""

    def __init__(self, curve: ec.EllipticCurve | None = None, serial: str = "M1", *, bits: int = 0) -> None:
        self.key: Any = ec.generate_private_key(curve or ec.SECP256R1())
        if bits:
            self.key = rsa.generate_private_key(65537, bits)
        self.serial, self.page = serial, 0

    @property
    def der(self) -> bytes:
        return bytes(self.key.public_key().public_bytes(Encoding.DER, SPKI))

    @property
    def point(self) -> bytes:
        return bytes(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def signed(self, payload: str, *, bare: bool = False, **more: Any) -> str:
        """The record around these bytes. bare: the signature's two numbers instead of DER."""
        is_rsa = isinstance(self.key, rsa.RSAPrivateKey)
        how = (PKCS1v15(), SHA256()) if is_rsa else (ec.ECDSA(SHA256()),)
        signature = bytes(self.key.sign(payload.encode(), *how))
        if bare:
            size = (self.key.key_size + 7) // 8
            signature = b"".join(number.to_bytes(size) for number in decode_dss_signature(signature))
        return f"OCMF|{payload}|{json.dumps({'SD': signature.hex(), **more})}"

    def record(self, *readings: dict[str, Any], page: str = "", card: str = "", **more: Any) -> str:
        """A record of these readings: what each leaves out is as usual."""
        self.page += 1
        usual = {"RU": "Wh", "RI": "1-0:1.8.0", "ST": "G", "EF": "", "TM": "2026-11-20T08:00:00,000+0000 S"}
        named = {"IS": True, "ID": card} if card else {}
        rows = [usual | reading for reading in readings]
        return self.signed(
            json.dumps({"FV": "1.0", "PG": page or f"T{self.page}", "MS": self.serial, **named, "RD": rows, **more})
        )

    def whole(self, began: Any, ended: Any, **more: Any) -> str:
        """A record of a whole charge, from one reading of the register to another."""
        return self.record({"TX": "B", "RV": began}, {"TX": "E", "RV": ended}, **more)
