"""Meters of tests: whoever reads what they sign must agree with them, byte by byte."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SPKI = PublicFormat.SubjectPublicKeyInfo


class Meter:
    """A meter with a key on a curve. Its records count up its pages."""

    def __init__(self, curve: ec.EllipticCurve | None = None, serial: str = "M1") -> None:
        self.key, self.serial, self.page = ec.generate_private_key(curve or ec.SECP256R1()), serial, 0

    @property
    def der(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, SPKI)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def signed(self, payload: str, *, bare: bool = False, **more: Any) -> str:
        """The record around these bytes. bare: the signature's two numbers instead of DER."""
        signature = self.key.sign(payload.encode(), ec.ECDSA(SHA256()))
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
