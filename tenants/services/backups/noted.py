"""Notes in JSON, signed with the instance's key: nobody without it can lay a backup, or a proof, among ours."""

import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature

from tenants import crypto
from tenants.log.chain import key_name


class NotOurs(Exception):
    """A note is missing, unreadable, or not signed by a key of this instance."""


def write(path: Path, facts: dict[str, Any]) -> None:
    """Write a note, whole or not at all, and wait until it is on the disk."""
    key = crypto.signing_key()
    note = {"facts": facts, "key": key_name(key.public_key()), "signature": key.sign(_text(path, facts)).hex()}
    fresh = path.with_name(f".{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(note, indent=1, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read(path: Path, *, signed: bool = True) -> dict[str, Any]:
    """Return what a note says. signed: refuse one that no key of ours has signed.

    Raises:
        NotOurs: there is none, it cannot be read, or the signature is not ours.
    """
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        facts, named, signature = note["facts"], str(note["key"]), bytes.fromhex(note["signature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotOurs(f"{path.name} cannot be read") from error
    if not isinstance(facts, dict):
        raise NotOurs(f"{path.name} cannot be read")
    if signed and not _is_signed(_text(path, facts), named, signature):
        raise NotOurs(f"{path.name} is not signed by a key of ENCRYPTION_KEYS")
    return facts


def _text(path: Path, facts: dict[str, Any]) -> bytes:
    """What is signed: the kind of note and its facts, in the one order they can have."""
    return f"wattledger:{path.name}\n{json.dumps(facts, sort_keys=True, ensure_ascii=False)}".encode()


def _is_signed(text: bytes, named: str, signature: bytes) -> bool:
    for key in crypto.signing_keys():
        if key_name(key.public_key()) == named:
            try:
                key.public_key().verify(signature, text)
            except InvalidSignature:
                return False
            return True
    return False
