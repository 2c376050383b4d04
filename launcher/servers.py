"""Both servers, and the environment that leads a process to them.

`DATABASE_URL` and `REDIS_URL` name servers of one's own; what they do not name, we start. The addresses
that hold for a state are noted in `run/servers.json` while they do, so that a command beside them needs
no guessing (and works when only the other terminal has the variables).
"""

import json
import os
import time
from functools import partial
from pathlib import Path

from launcher import locks, postgres, redis
from launcher.errors import Refusal
from launcher.paths import State
from launcher.supervisor import Supervisor
from launcher.waiting import wait_until

ADDRESSES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_READER_URL",
    "DATABASE_PLATFORM_URL",
    "DATABASE_GATEWAY_URL",
    "DATABASE_BACKUP_URL",
    "REDIS_URL",
)
LONGEST_START_S = 600


def embeds_postgres() -> bool:
    """Whether PostgreSQL is ours to start."""
    return not os.environ.get("DATABASE_URL")


def embeds_redis() -> bool:
    """Whether Redis is ours to start."""
    return not os.environ.get("REDIS_URL")


def kind() -> str:
    """Return which of development, test and production this is; the settings check the word."""
    return os.environ.get("WATTLEDGER_ENV") or "development"


def addresses(state: State) -> dict[str, str]:
    """Return the variables that lead to the servers: those given, else those of our own servers."""
    found = {name: os.environ[name] for name in ADDRESSES if os.environ.get(name)}
    if embeds_postgres():
        for role in ("owner", "reader", "platform", "gateway", "backup"):
            found[f"DATABASE_{role.upper()}_URL"] = postgres.url(state, role)
        found["DATABASE_URL"] = postgres.url(state, "app")
    if embeds_redis():
        found["REDIS_URL"] = redis.url(state)
    return found


def environment(state: State, servers: dict[str, str]) -> dict[str, str]:
    """Return the whole environment of a process that uses the servers."""
    complete = {**os.environ, **servers, "WATTLEDGER_STATE": str(state.root)}
    complete.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    has_key = "SECRET_KEY" in complete or "SECRET_KEY_FILE" in complete
    if kind() == "development" and not has_key:
        complete["SECRET_KEY_FILE"] = str(state.secret_key)
    if kind() == "development" and not {"ENCRYPTION_KEYS", "ENCRYPTION_KEYS_FILE"} & complete.keys():
        complete["ENCRYPTION_KEYS_FILE"] = str(state.encryption_key)
    if programs := complete.get("PORTAL_PG_BIN"):  # its own psql and pg_dump: an older pg_dump refuses
        complete["PATH"] = f"{programs}{os.pathsep}{complete.get('PATH', os.defpath)}"
    return complete


def start(state: State, supervisor: Supervisor, *, durable: bool = True) -> dict[str, str]:
    """Start what is ours to start, wait until it answers, and return the addresses.

    The two start side by side; PostgreSQL, the slower one, first.
    """
    here = None
    if embeds_postgres():
        here = postgres.cluster(state)
        postgres.create(here)
        database = supervisor.start(postgres.program(here, durable=durable))
    if embeds_redis():
        queue = supervisor.start(redis.program(state, durable=durable))
        wait_until(partial(redis.answers, state), queue, what="Redis")
    if here:
        postgres.wait(here, database)
        postgres.prepare(here)
    found = addresses(state)
    if here:
        found["PORTAL_PG_BIN"] = str(here.installation.bin)
    announce(state, found)
    return found


# --- the note for commands beside us ---


def _note(state: State) -> Path:
    return state.run / "servers.json"


def announce(state: State, found: dict[str, str]) -> None:
    """Note the addresses. They may hold passwords: the file is private like its folder."""
    fresh = _note(state).with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(found))
    fresh.replace(_note(state))


def withdraw(state: State) -> None:
    """The addresses hold no longer."""
    _note(state).unlink(missing_ok=True)


def announced(state: State) -> dict[str, str]:
    """Return the addresses that the owner of the state noted, waiting while he is still starting.

    Raises:
        Refusal: he ended before his servers answered, or they never did.
    """
    deadline = time.monotonic() + LONGEST_START_S
    while time.monotonic() < deadline:
        try:
            found: dict[str, str] = json.loads(_note(state).read_text())
        except FileNotFoundError:
            if not locks.is_owned(state.root):
                raise Refusal(
                    f"The servers in {state.root} ended while they were starting; see {state.logs}."
                ) from None
            time.sleep(0.1)
        else:
            return found
    raise Refusal(f"The servers in {state.root} do not answer; see {state.logs}.")
