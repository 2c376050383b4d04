"""Files into a folder of somebody's SFTP server, whose key a person has confirmed.

A file is written under a name that nobody looks for and appears whole by its renaming, once: as in a folder of this
server, that it has appeared is seen by what it was made of being gone. A server that shows another key than the
confirmed one is told nothing, neither who we are nor a password. Nothing of this machine's own SSH is asked: no
configuration, known hosts, keys or agent.

The library takes half a second and 20 MB to load: who imports this module does so where it is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import asyncssh
from asyncssh import SFTPClient, SSHKey

from billing.e_invoices.ways import Answer, Became, Parcel
from tenants import outside
from tenants.outside import NotReached, SftpTarget

#: Seconds that a file may take on its way, that a question or a renaming may, and that a look at a key may.
WRITING: Final = 75
ASKING: Final = 30
LOOKING: Final = 10
#: The longest key of a server that is believed to be one: RSA of 16,384 bits, as the longest that OpenSSH knows.
_LONGEST_KEY: Final = 4_000

#: What is said of a failure; the first that it is counts.
_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (asyncssh.HostKeyNotVerifiable, "host_key"),
    (asyncssh.PermissionDenied, "login"),
    (asyncssh.KeyExchangeFailed, "key_exchange"),
    (asyncssh.SFTPConnectionLost, "no_answer"),
    (asyncssh.SFTPNoConnection, "no_answer"),
    (asyncssh.SFTPError, "folder"),
    (TimeoutError, "timeout"),
    (Exception, "no_answer"),
)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sftp:
    """The folder, the server's key as it was confirmed, and how we are let in: by a key of ours, or a password."""

    target: SftpTarget
    host_key: str
    key: str = ""
    password: str = ""

    def prepare(self, parcel: Parcel) -> None:
        """Write it beside, under a name that nobody looks for."""

        async def write(client: SFTPClient) -> None:
            async with client.open(self._path(_part(parcel)), "wb") as file:
                await file.write(parcel.content)
                try:
                    await file.fsync()
                except asyncssh.SFTPOpUnsupported:
                    return  # it says when the file is closed that it has it

        self._do(write, WRITING)

    def send(self, parcel: Parcel) -> Answer:
        """Let it appear. The plain renaming of the protocol overwrites nothing."""

        async def rename(client: SFTPClient) -> Answer:
            await client.rename(self._path(_part(parcel)), self._path(parcel.name))
            return Answer(Became.SENT)

        return self._do(rename, ASKING)

    def ask(self, parcel: Parcel) -> Answer | None:
        """Whether it has appeared; where it is now is the affair of who takes it."""

        async def look(client: SFTPClient) -> Answer | None:
            if await client.exists(self._path(_part(parcel))):
                return None
            if not await client.isdir(self.target.folder):
                raise NotReached("folder")
            return Answer(Became.SENT)

        return self._do(look, ASKING)

    def _path(self, name: str) -> str:
        return f"{self.target.folder.rstrip('/')}/{name}"

    def _do(self, act: Callable[[SFTPClient], Awaitable[R]], seconds: int) -> R:
        async def within() -> R:
            async with self._connected() as client:
                return await act(client)

        return _run(within(), seconds)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SFTPClient]:
        known = asyncssh.import_public_key(self.host_key)
        connection = asyncssh.connect(
            sock=await _socket(self.target),
            username=self.target.user,
            password=self.password or None,
            # An empty list would mean the keys in this machine's own folder.
            client_keys=[asyncssh.import_private_key(self.key)] if self.key else None,
            known_hosts=([known], [], []),
            config=None,
            agent_path=None,
            gss_kex=False,
            gss_auth=False,
            x509_trusted_certs=None,
        )
        async with connection as line, line.start_sftp_client() as client:
            yield client


def host_key(target: SftpTarget) -> str:
    """The key that the server shows now, as a line of OpenSSH; it is to be confirmed before anything is sent there.

    Raises:
        NotReached: nobody is there, or no server of this kind.
    """

    async def look() -> SSHKey | None:
        return await asyncssh.get_server_host_key(sock=await _socket(target), config=None)

    key = _run(look(), LOOKING)
    if key is None:
        raise NotReached("no_answer")
    line = " ".join(key.export_public_key("openssh").decode().split()[:2])
    if len(line) > _LONGEST_KEY:
        raise NotReached("key_exchange")
    return line


def fingerprint(line: str) -> str:
    """What people compare of a key: `SHA256:` and the base64 of its hash, as ssh-keygen says it."""
    return asyncssh.import_public_key(line).get_fingerprint()


def new_key() -> tuple[str, str]:
    """A key of ours, Ed25519: the private part, and the line that whoever runs the server enters."""
    made = asyncssh.generate_private_key("ssh-ed25519", comment="wattledger")
    return made.export_private_key("openssh").decode(), made.export_public_key("openssh").decode().strip()


async def _socket(target: SftpTarget) -> Any:
    return await asyncio.to_thread(outside.connected, target.host, target.port)


def _run(act: Awaitable[R], seconds: int) -> R:
    """Wait for it, so long.

    Raises:
        NotReached: it failed, in a word that names nothing of the address.
    """

    async def bounded() -> R:
        return await asyncio.wait_for(act, seconds)

    try:
        return asyncio.run(bounded())
    except (OSError, asyncssh.Error) as problem:
        word = next(word for kind, word in _WORDS if isinstance(problem, kind))
        raise NotReached(word) from None


def _part(parcel: Parcel) -> str:
    return f".{parcel.key}.part"
