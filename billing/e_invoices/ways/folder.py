"""E-invoices into a folder, where a program of an access point takes them.

A file appears whole, under its name, once. That it has appeared is seen by what it was made of being gone: a program
may take the file away before we have noted that it is there. Answers are read from `answers/<key>.json`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from billing.e_invoices.ways import Answer, Became, Parcel, read
from tenants.outside import MOST, NotReached

_ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one operator."""

    path: Path

    def prepare(self, parcel: Parcel) -> None:
        """Write it beside, under a name that nobody looks for."""
        try:
            (self.path / _ANSWERS).mkdir(parents=True, exist_ok=True)
            with self._part(parcel).open("wb") as file:
                file.write(parcel.content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            raise NotReached("folder") from None

    def send(self, parcel: Parcel) -> Answer:
        """Let it appear."""
        try:
            self._part(parcel).rename(self.path / parcel.name)
            _sync(self.path)
        except OSError:
            raise NotReached("folder") from None
        return Answer(Became.SENT)

    def ask(self, parcel: Parcel) -> Answer | None:
        """Read the answer, if there is one."""
        if self._part(parcel).exists():
            return None
        if not self.path.is_dir():
            raise NotReached("folder")
        try:
            with (self.path / _ANSWERS / f"{parcel.key}.json").open("rb") as file:
                return read(file.read(MOST))
        except FileNotFoundError:
            return Answer(Became.SENT)
        except OSError:
            raise NotReached("folder") from None

    def _part(self, parcel: Parcel) -> Path:
        return self.path / f".{parcel.key}.part"


def _sync(folder: Path) -> None:
    """Have the new name on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
