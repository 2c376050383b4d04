"""The client certificate of a station (OCPP security profile 3): whose it is, until when, what tells it from others.

Whoever ends TLS has had the station prove that it holds the key. Which certificate is a station's is said here by
people, one by one, so nothing depends on who signed it, and one that is taken away is dead at once.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

#: A certificate takes one to two thousand signs.
LONGEST = 16_000
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class NoCertificate(Exception):
    """What was written is no certificate."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """digest: SHA-256 of its DER form, in hex. name: the common name, else the first name of the subject."""

    digest: str
    name: str
    since: datetime
    until: datetime


def read(written: str) -> Certificate:
    """Read a certificate from PEM, of several the first one.

    Raises:
        NoCertificate: it is none.
    """
    try:
        found = x509.load_der_x509_certificate(_der(written[:LONGEST]))
        names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME) or list(found.subject)
        name = str(names[0].value)[:200] if names else ""
        digest = sha256(found.public_bytes(Encoding.DER)).hexdigest()
        return Certificate(digest, name, found.not_valid_before_utc, found.not_valid_after_utc)
    except ValueError:
        raise NoCertificate from None


def digest(header: str) -> str:
    """Return what tells the certificate in a proxy's header from others; empty where there is none.

    header: PEM with its signs as in addresses (nginx: `$ssl_client_escaped_cert`).
    """
    try:
        return sha256(_der(unquote(header[:LONGEST]))).hexdigest() if header else ""
    except ValueError:
        return ""


def _der(written: str) -> bytes:
    found = _PEM.search(written)
    try:
        return base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        return b""
