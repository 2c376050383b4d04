"""Folders that look like whole backups and hold nothing, for what is said of backups without opening them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenants.services.backups import folder, noted


def backup(top: Path, day: int, *, proof: bool | None = None, cut: bool = False, unfound: int = 0) -> Path:
    """Lay one of a night of November 2026. proof: what came of restoring it. cut: its parts are too short."""
    path = top / f"{folder.PREFIX}202611{day:02}T020000Z"
    path.mkdir(parents=True)
    for name in folder.PARTS:
        (path / name).write_bytes(b"x" if cut else b"xy")
    at = datetime(2026, 11, day, 2, tzinfo=UTC)
    part = {"bytes": 2, "sha256": "0" * 64}
    noted.write(
        path / folder.ABOUT, {"made_at": at.isoformat(), "parts": dict.fromkeys(folder.PARTS, part), "unfound": unfound}
    )
    if proof is not None:
        folder.note_proof(folder.read(path), at=at + timedelta(hours=3), report={"is_same": proof})
    return path
