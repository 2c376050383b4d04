"""The process in which a stranger's file is read: alone, without secrets, within limits, for one file.

It is started by `apart`, which says on standard input what to do and passes the opened file; it answers on standard
output and ends. It knows no Django, no database and no settings, its environment is empty, it may write no file, and
what kills it, kills nobody else. A message is its length in eight bytes, JSON, and as many further bytes as the JSON
announces in `parts`.
"""

import ctypes
import os
import resource
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO

import orjson

from tenants.coded import Coded

#: Bytes that say how long a message is.
LENGTH = 8
_NO_NEW_PRIVILEGES = 38

Messages = Iterable[tuple[dict[str, Any], list[bytes]]]
Job = Callable[[BinaryIO, dict[str, Any]], Messages]


def work(jobs: Mapping[str, Job]) -> None:
    """Do the one job that standard input names; a refusal goes back as its code and facts."""
    job = orjson.loads(sys.stdin.buffer.readline())
    shut_in(memory=job["memory"], seconds=job["seconds"])
    with os.fdopen(job["file"], "rb") as stored:
        try:
            for message, parts in jobs[job["do"]](stored, job):
                _send(message, parts)
        except Coded as problem:
            _send({"refused": type(problem).__name__, "code": problem.code, "facts": problem.facts})
        except MemoryError:
            _send({"broken": "memory"})
        except BaseException as problem:  # also a panic of native code; whatever it is, it ends here
            _send({"broken": type(problem).__name__, "where": _where(problem)})


def shut_in(*, memory: int, seconds: int) -> None:
    """Take on the limits; they cannot be raised again."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _send(message: dict[str, Any], parts: Iterable[bytes] = ()) -> None:
    written = list(parts)
    out = sys.stdout.buffer
    said = orjson.dumps(message | {"parts": [len(part) for part in written]}, option=orjson.OPT_NON_STR_KEYS)
    out.write(len(said).to_bytes(LENGTH) + said)
    for part in written:
        out.write(part)
    out.flush()


def _where(problem: BaseException) -> str:
    """Return where a problem arose, in files and lines only: its text may hold what stands in the file."""
    frames = traceback.extract_tb(problem.__traceback__)[-3:]
    return " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)
