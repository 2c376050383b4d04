"""The folder of backups: which are whole, one maker at a time, and letting old ones go.

A backup gets its name when it is whole; until then it lies under one that no reader looks at. To keep backups
elsewhere as well, copy their folders with any tool: each is four or five files, and `restore` takes one from anywhere.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tenants.services.backups import noted, sealed
from tenants.services.backups.noted import NotOurs
from tenants.services.backups.sealed import Part

PREFIX, MAKING = "wattledger-", ".making-"
ABOUT, PROOF = "backup.json", "restored.json"
DATABASE, FILES, MANIFEST = "database.dump.age", "files.tar.age", "manifest.json.age"
PARTS = (DATABASE, FILES, MANIFEST)

#: How long a restore that was proved says something of those that are made since.
PROVED_FOR = timedelta(days=92)


class NotWhole(Exception):
    """What lies there is no whole backup of this instance: the sentence says why."""


class Busy(Exception):
    """Another process is making a backup in the folder."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of restoring a backup. is_same: everything was as its manifest says."""

    at: datetime
    is_same: bool


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup. unfound: how many files that rows name were not there when it was made."""

    path: Path
    made_at: datetime
    parts: dict[str, Part]
    unfound: int
    proof: Proof | None

    @property
    def bytes(self) -> int:
        """How much it takes."""
        return sum(part.bytes for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class BackupStanding:
    """How the backups do. newest and proof (the last one) are None when there is none."""

    newest: Backup | None
    proof: Proof | None
    kept: int
    is_late: bool
    is_unproved: bool


def standing(folder: Path, *, every: timedelta, at: datetime) -> BackupStanding:
    """Say when the last backup was made, and when one was last restored.

    Late: half as long again as was wanted. Unproved: none was restored within a quarter of a year.
    """
    found = whole(folder)
    newest = found[0] if found else None
    proof = max((each.proof for each in found if each.proof), key=lambda proof: proof.at, default=None)
    is_late = newest is None or at - newest.made_at > every * 1.5
    return BackupStanding(newest, proof, len(found), is_late, proof is None or at - proof.at > PROVED_FOR)


def whole(folder: Path) -> list[Backup]:
    """Return the whole backups, newest first. One that was cut or is not ours does not count."""
    found = []
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(NotWhole):
            found.append(read(path))
    return sorted(found, key=lambda each: each.made_at, reverse=True)


def read(path: Path, *, signed: bool = True) -> Backup:
    """Return a backup by what is said of it, and check that its parts are as long as that.

    Raises:
        NotWhole: something is missing, too short, or (unless not asked for) not signed by a key of ours.
    """
    try:
        said = noted.read(path / ABOUT, signed=signed)
        parts = {name: Part(int(said["parts"][name]["bytes"]), str(said["parts"][name]["sha256"])) for name in PARTS}
        made_at, unfound = datetime.fromisoformat(said["made_at"]), int(said["unfound"])
    except NotOurs as error:
        raise NotWhole(f"{error}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise NotWhole(f"{ABOUT} says nothing that is understood here.") from error
    for name, part in parts.items():
        size = (path / name).stat().st_size if (path / name).is_file() else -1
        if size != part.bytes:
            raise NotWhole(f"{name} has {max(size, 0)} bytes and had {part.bytes}.")
    return Backup(path, made_at, parts, unfound, _proof(path, parts))


def check(backup: Backup) -> None:
    """Read every part again. Raises `NotWhole` naming the first that is not as it was written."""
    for name, part in backup.parts.items():
        if sealed.fingerprint(backup.path / name) != part:
            raise NotWhole(f"{name} is not as it was written: its bytes were changed.")


def note_proof(backup: Backup, *, at: datetime, report: dict[str, Any]) -> None:
    """Lay what came of a restore beside the backup."""
    facts = {"at": at.isoformat(), "of": backup.parts[DATABASE].sha256, "is_same": report["is_same"], "report": report}
    noted.write(backup.path / PROOF, facts)


def _proof(path: Path, parts: dict[str, Part]) -> Proof | None:
    """Return what was proved of this very backup; a note of another one, or of another's key, proves nothing."""
    try:
        said = noted.read(path / PROOF)
        if said["of"] != parts[DATABASE].sha256:
            return None
        return Proof(datetime.fromisoformat(said["at"]), said["is_same"] is True)
    except (NotOurs, KeyError, TypeError, ValueError):
        return None


# --- making and letting go ---


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time make a backup here. What a killed one left unfinished is removed.

    Raises:
        Busy: another one is at it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"Another backup is being made in {folder}.") from error
        for unfinished in folder.glob(f"{MAKING}*"):
            shutil.rmtree(unfinished)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def named_when_whole(folder: Path, at: datetime) -> Iterator[tuple[Path, Path]]:
    """Give a folder to write into, and the name it has afterwards; after an error nothing of it is left."""
    while (final := folder / f"{PREFIX}{at:%Y%m%dT%H%M%SZ}").exists():
        at += timedelta(seconds=1)
    making = folder / f"{MAKING}{final.name}"
    making.mkdir(mode=0o700)
    try:
        yield making, final
        _sync(making)
        making.rename(final)
        _sync(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def remove_older(folder: Path, *, keep: int) -> list[str]:
    """Let go of all whole backups but the newest, and return their names.

    The one that was last proved stays, whatever its age; what is not whole is left for somebody to look at.
    """
    found = whole(folder)
    proved = [each for each in found if each.proof and each.proof.is_same]
    stays = {each.path for each in [*found[: max(keep, 1)], *proved[:1]]}
    old = [each.path for each in found if each.path not in stays]
    for path in old:
        leaving = path.with_name(f"{MAKING}{path.name}")  # half removed it must not count
        path.rename(leaving)
        shutil.rmtree(leaving)
    return [path.name for path in old]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
