"""The processor time of some processes and of PostgreSQL's, second by second, as Linux counts it (`proc(5)`)."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_SERVERS = "SELECT pid, coalesce(application_name, '') FROM pg_stat_activity"
#: What PostgreSQL calls its own processes, `postgres: walwriter`, and what it calls one that serves somebody.
_TITLE = "postgres: "


@dataclass(frozen=True)
class Used:
    """What took processor time. Of a core, 1 is the whole of one; most: in the busiest second."""

    name: str
    seconds: float
    mean: float
    most: float


class Meter:
    """Counts from its first look to its last.

    known: processes by name. Servers of PostgreSQL on the same machine count under the name that whoever they serve
    has given itself (`application_name`), its other processes under their own, and all else as the rest.
    """

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = dict(known)
        self._names: dict[int, str] = {}
        self._counted: dict[int, float] = {}
        self._looks: list[tuple[float, dict[str, float]]] = []
        self._all: list[float] = []

    def look(self, watching: psycopg.Connection[Any]) -> None:
        """Count what was used since the last look; about once a second."""
        self._names |= {pid: name for name, pid in self._known.items()}
        for pid, name in watching.execute(_SERVERS).fetchall():
            if pid not in self._names and (said := _title(pid)).startswith(_TITLE):
                self._names[pid] = f"PostgreSQL: {name or said.removeprefix(_TITLE).partition(' [')[0].strip()}"
        used: dict[str, float] = defaultdict(float)
        for pid, name in list(self._names.items()):
            if (now := _seconds(pid)) is None:  # it is over
                del self._names[pid]
            else:
                # One that was not there at the first look has used all it has since then.
                used[name] += now - self._counted.get(pid, 0.0 if self._looks else now)
                self._counted[pid] = now
        self._looks.append((time.monotonic(), used))
        self._all.append(_busy_seconds())

    def used(self) -> list[Used]:
        """Return what each used, and the rest of the machine."""
        spans = [later[0] - earlier[0] for earlier, later in zip(self._looks, self._looks[1:], strict=False)]
        if not spans:
            return []
        by_name: dict[str, list[float]] = {name: [] for _, used in self._looks for name in used}
        for _, used in self._looks[1:]:
            for name, seconds in by_name.items():
                seconds.append(used.get(name, 0.0))
        busy = [later - earlier for earlier, later in zip(self._all, self._all[1:], strict=False)]
        ours = [sum(turn) for turn in zip(*by_name.values(), strict=True)]
        rest = [max(0.0, all_ - own) for all_, own in zip(busy, ours, strict=True)]
        by_name = {name: seconds for name, seconds in by_name.items() if sum(seconds) >= 0.001 * sum(spans)}
        by_name |= {"all of these": ours, "everything else on the machine": rest}
        return [
            Used(
                name,
                sum(seconds),
                sum(seconds) / sum(spans),
                max(each / span for each, span in zip(seconds, spans, strict=True)),
            )
            for name, seconds in by_name.items()
        ]


def _title(pid: int) -> str:
    """How a process calls itself; empty when it is over, or on another machine."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\x00", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _seconds(pid: int) -> float | None:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(after_name[11]) + int(after_name[12])) * _TICK_S


def _busy_seconds() -> float:
    """What all processors of the machine have worked since it started."""
    user, nice, system, _, _, irq, softirq, *_ = (
        int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) * _TICK_S
