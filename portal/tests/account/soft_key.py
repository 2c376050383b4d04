"""A security key in software: makes passkeys and signs challenges as a real one does (Web Authentication, §6, §7).

Every fact it states can be changed, so that tests can lie: the origin, the domain, the counter, the key.
"""

import hashlib
import json
import os
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftKey:
    """One key on one site."""

    def __init__(self, origin: str = "http://testserver", domain: str = "testserver") -> None:
        self.origin, self.domain = origin, domain
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.counter = 0

    def make(self, options: dict[str, Any]) -> str:
        """Answer creation options."""
        client = self._client_data("webauthn.create", options["challenge"])
        attested = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + self._public_key()
        data = self._authenticator_data(PRESENT | VERIFIED | ATTESTED) + attested
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "attestationObject": bytes_to_base64url(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["usb"],
        }
        return self._written(response)

    def use(self, options: dict[str, Any]) -> str:
        """Answer request options."""
        self.counter += 1
        client = self._client_data("webauthn.get", options["challenge"])
        data = self._authenticator_data(PRESENT)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
        }
        return self._written(response)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        assert base64url_to_bytes(challenge)
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        return hashlib.sha256(self.domain.encode()).digest() + bytes([flags]) + struct.pack(">I", self.counter)

    def _public_key(self) -> bytes:
        numbers = self.private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def _written(self, response: dict[str, Any]) -> str:
        facts = {"id": bytes_to_base64url(self.id), "rawId": bytes_to_base64url(self.id), "type": "public-key"}
        return json.dumps({**facts, "response": response, "clientExtensionResults": {}})
