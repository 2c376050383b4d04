"""The folder of backups: which are whole, one maker at a time, and letting old ones go.

A backup gets its name when it is whole; until then it lies under one that no reader looks at. To keep backups
elsewhere as well, copy their folders with any tool: each is a handful of files, and `restore` takes one from anywhere.

The wrapped keys are a part with a note of its own (`keys_of`), beside the others or in a folder apart: without it
nothing that is sealed opens, and with a later one nobody who was erased until then.
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
KEYS, KEYS_ABOUT = "keys.dump.age", "keys.json"

#: How long a restore that was proved says something of those that are made since.
PROVED_FOR = timedelta(days=92)


class NotWhole(Exception):
    """What lies there is no whole backup of this instance: the sentence says why."""


class Busy(Exception):
    """Another process is making a backup in the folder."""


class NoKeys(NotWhole):
    """The part with the keys does not lie where it was looked for."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The part with the wrapped keys. of: the SHA-256 of the database's part that was made with it."""

    path: Path
    part: Part
    made_at: datetime
    of: str

    def are_of(self, backup: "Backup") -> bool:
        """Whether they are of the same moment as this backup."""
        return self.of == backup.parts[DATABASE].sha256


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of restoring a backup. is_same: everything was as its manifest says."""

    at: datetime
    is_same: bool


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup. unfound: how many files that rows name were not there when it was made.

    keys: the part with the wrapped keys; None where they are in the dump. It is among `parts` if it lies beside them;
    with `keys_are_apart` it was never meant to.
    """

    path: Path
    made_at: datetime
    parts: dict[str, Part]
    keys: Part | None
    keys_are_apart: bool
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
            backup = read(path)
            if backup.keys is None or backup.keys_are_apart or KEYS in backup.parts:
                found.append(backup)
    return sorted(found, key=lambda each: each.made_at, reverse=True)


def read(path: Path, *, signed: bool = True) -> Backup:
    """Return a backup by what is said of it, and check that its parts are as long as that.

    Raises:
        NotWhole: something but the keys is missing, too short, or (unless not asked for) not signed by a key of ours.
    """
    try:
        said = noted.read(path / ABOUT, signed=signed)
        parts = {name: _part(said["parts"][name]) for name in PARTS}
        keys = _part(said["keys"]) if "keys" in said else None
        is_apart = keys is not None and said["keys"]["is_apart"] is True
        if keys is not None and not is_apart and (path / KEYS).is_file():
            parts[KEYS] = keys
        made_at, unfound = datetime.fromisoformat(said["made_at"]), int(said["unfound"])
    except NotOurs as error:
        raise NotWhole(f"{error}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise NotWhole(f"{ABOUT} says nothing that is understood here.") from error
    for name, part in parts.items():
        size = (path / name).stat().st_size if (path / name).is_file() else -1
        if size != part.bytes:
            raise NotWhole(f"{name} has {max(size, 0)} bytes and had {part.bytes}.")
    return Backup(path, made_at, parts, keys, is_apart, unfound, _proof(path, parts))


def keys_of(backup: Backup, place: Path | None, *, signed: bool = True) -> Keys:
    """Return the part with the keys: beside the backup, or in a folder that was named, or one in it of its name.

    Those of another backup are returned as well; `Keys.are_of` says whose they are.

    Raises:
        NoKeys: there is none. NotWhole: it was cut, or (unless not asked for) not signed by a key of ours.
    """
    places = [backup.path] if place is None else [place / backup.path.name, place]
    found = next((each for each in places if (each / KEYS).is_file()), None)
    if found is None:
        raise NoKeys(
            f"The keys of operators and people are kept apart from the rest, and {KEYS} is not in {places[-1]}. Name"
            " its folder with --keys. Without it nothing that is sealed opens; --without-keys restores the rest."
        )
    try:
        said = noted.read(found / KEYS_ABOUT, signed=signed)
        keys = Keys(found / KEYS, _part(said), datetime.fromisoformat(said["made_at"]), str(said["of"]))
    except NotOurs as error:
        raise NotWhole(f"{error}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise NotWhole(f"{KEYS_ABOUT} says nothing that is understood here.") from error
    return keys


def check_keys(keys: Keys) -> None:
    """Read the part with the keys again. Raises `NotWhole` unless it is as it was written."""
    if sealed.fingerprint(keys.path) != keys.part:
        raise NotWhole(f"{KEYS} is not as it was written: its bytes were changed, or it was cut.")


def _part(said: dict[str, Any]) -> Part:
    return Part(int(said["bytes"]), str(said["sha256"]))


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


@contextmanager
def keys_apart(making: Path, final: Path, place: Path | None) -> Iterator[Path]:
    """Give a folder to write the part with the keys into: the backup's own, or one of its name in a place apart.

    Apart it gets its name before the backup does, so that no whole one is without; after an error nothing is left.
    """
    if place is None:
        yield making
        return
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for unfinished in place.glob(f"{MAKING}*"):
        shutil.rmtree(unfinished)
    apart = place / f"{MAKING}{final.name}"
    apart.mkdir(mode=0o700)
    try:
        yield apart
        _sync(apart)
        apart.rename(place / final.name)
        _sync(place)
    except BaseException:
        shutil.rmtree(apart, ignore_errors=True)
        raise


def remove_older(folder: Path, *, keep: int, keys: Path | None = None) -> list[str]:
    """Let go of all whole backups but the newest, with their keys, and return their names. keys: where these lie apart.

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
        if keys is not None:
            shutil.rmtree(keys / path.name, ignore_errors=True)
    return [path.name for path in old]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
