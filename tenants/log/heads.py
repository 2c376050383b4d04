"""The heads of the chains, noted outside the database.

Whoever may write anything in the database could delete the seals, forge the log and wait: the portal itself would
seal the forgery and sign it. So each process that seals notes the newest seal of each operator in a file of its own
disk (`settings.SEAL_HEADS_DIR`), and neither extends nor calls intact a chain in which a noted seal is missing. The
file is only ever added to; put it where the database's administrators cannot write.

A database restored from a backup lacks its newest seals in earnest. Somebody has to say so, with a reason, once:
`bin/manage audit accept-restore`. The note of it stays in the file, and in the audit log.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Head:
    """A seal that was noted: its number and hash; 0 and empty for a chain that was accepted without any seal."""

    number: int
    hash: str


def noted(operator_id: int) -> Head | None:
    """Return the newest head noted on this machine; None when there is none.

    Raises:
        ValueError: the file cannot be read as notes. A damaged note must not count as none.
    """
    try:
        lines = _file(operator_id).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if not lines:
        return None
    try:
        newest = json.loads(lines[-1])
        return Head(int(newest["number"]), str(newest["hash"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{_file(operator_id)}: line {len(lines)} is no note of a head.") from error


def note(operator_id: int, head: Head, *, at: datetime, **facts: Any) -> None:
    """Add a note, and wait until it is on the disk."""
    line = json.dumps({"at": at.isoformat(), "number": head.number, "hash": head.hash, **facts})
    file = _file(operator_id)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file(operator_id: int) -> Path:
    return Path(settings.SEAL_HEADS_DIR) / f"operator-{operator_id}.jsonl"
