"""The state folder: what running leaves behind lies in it.

- `postgres/`: the database
- `redis/`: the queue's journal
- `log/`: one file a program
- `static/`: collected style sheets and scripts; `files/`: documents and uploads
- `run/`: sockets and notes of what runs, rebuilt at each start
- `secret-key`: signs cookies in development; readable by its owner alone
- `encryption-key`: encrypts secrets in the database of development
"""

import base64
import hashlib
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import Refusal

CHECKOUT = Path(__file__).resolve().parents[1]

# A unix socket's path has 107 characters at most; PostgreSQL and Redis add up to 18 to the folder's.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
# Addresses of sockets are written into URLs, which different programs unquote differently.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class State:
    """One state folder. `root` is absolute."""

    root: Path

    @classmethod
    def from_environment(cls) -> "State":
        """Return the folder that WATTLEDGER_STATE names, or `var/` in the checkout."""
        return cls(Path(os.environ.get("WATTLEDGER_STATE") or CHECKOUT / "var").absolute())

    @property
    def postgres(self) -> Path:
        """The database cluster."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """The queue's append-only journal."""
        return self.root / "redis"

    @property
    def logs(self) -> Path:
        """One log file a program."""
        return self.root / "log"

    @property
    def run(self) -> Path:
        """Sockets and notes of what runs."""
        return self.root / "run"

    @property
    def static(self) -> Path:
        """Collected style sheets and scripts. The web server wants it to exist."""
        return self.root / "static"

    @property
    def secret_key(self) -> Path:
        """The file that holds the key of development."""
        return self.root / "secret-key"

    @property
    def encryption_key(self) -> Path:
        """The file that holds the key with which development encrypts."""
        return self.root / "encryption-key"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets: `run/`, or a short one elsewhere when that path is unfit."""
        if len(str(self.run)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(self.run)):
            return self.run
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        name = f"wattledger-{os.geteuid()}-{digest}"
        short = Path(tempfile.gettempdir()) / name
        return short if len(str(short)) <= LONGEST_SOCKET_FOLDER else Path("/tmp") / name  # noqa: S108  # checked by `private`

    def prepare(self) -> None:
        """Create the folders and the key. Raises `Refusal` when the folder cannot be ours."""
        for folder in (self.root, self.logs, self.run, self.static, self.sockets):
            private(folder)
        if not self.secret_key.exists():
            _write_once(self.secret_key, secrets.token_urlsafe(64))
        if not self.encryption_key.exists():
            _write_once(self.encryption_key, base64.b64encode(secrets.token_bytes(32)).decode())


def private(folder: Path) -> None:
    """Create a folder that only we can enter, or make sure that an existing one is ours and is so.

    Raises:
        Refusal: it cannot be created, belongs to somebody else or is a link.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            raise Refusal(f"{folder} belongs to somebody else. Name another folder in WATTLEDGER_STATE.")
        folder.chmod(0o700)
    except OSError as error:
        raise Refusal(
            f"The folder {folder} cannot be used ({error.strerror}). Name another one in WATTLEDGER_STATE."
        ) from error


def _write_once(path: Path, text: str) -> None:
    """Write a file that did not exist, whole or not at all, readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        os.link(name, path)
    except FileExistsError:
        pass  # another process was faster, and its key is the one that counts
    finally:
        Path(name).unlink()
