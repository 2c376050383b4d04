"""One request to an address that somebody typed in: to a public machine over TLS, and nowhere else.

Who speaks another tongue than HTTPS there gets the connection alone (`connected`), to a machine that is as public.

The name is resolved once, every address it has must be public, and the connection goes to the one that was looked at,
so that an answer of the name server that changes meanwhile leads nowhere. The certificate is checked for the name.
No redirect is followed, no proxy asked, nothing of the answer beyond a bound is read, and all of it ends in time.
"""

import asyncio
import http.client
import io
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Timer
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tenants.errors import Code, Refused

#: Seconds that a whole request may take, and that one answer of the network may.
DEADLINE: Final = 60
PATIENCE: Final = 20
#: So much of an answer is read.
MOST: Final = 64 * 1024
_NAMES: Final = ThreadPoolExecutor(16, thread_name_prefix="names")
#: The names that are being resolved: whoever asks for one of them meanwhile waits for the same answer.
_resolving: "dict[tuple[str, int], Future[str]]" = {}
_LENGTH: Final = re.compile(rb"\r\ncontent-length:\s*(\d{1,9})\s*(?:\r\n|$)", re.IGNORECASE)
#: IPv4 within IPv6, by which a public-looking address may lead to one that is not.
_WRAPPED: Final = ipaddress.IPv6Network("64:ff9b::/96")


class NotReached(Exception):
    """There was no answer. `code` says why, in a word that names nothing of the address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where an address leads."""

    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class SftpTarget:
    """Where an address of a file server leads: a folder of one who signs in there."""

    host: str
    port: int
    user: str
    folder: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered; of the body no more than `MOST` bytes."""

    status: int
    body: bytes


def target(address: str) -> Target:
    """Where the address leads.

    Raises:
        Refused: it is no https address, or says more than host, port and path (a password, a fragment, a query).
    """
    try:
        parts = urlsplit(address.strip())
        port = parts.port or 443
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise Refused(Code.ADDRESS_NOT_HTTPS) from None
    plain = not (parts.username or parts.password or parts.fragment or parts.query)
    if parts.scheme != "https" or not host or not plain or not parts.path.isascii() or " " in address.strip():
        raise Refused(Code.ADDRESS_NOT_HTTPS)
    return Target(host, port, parts.path or "/")


def sftp_target(address: str) -> SftpTarget:
    """Where `sftp://user@host:port/folder` leads. `/~/` begins at the user's own folder, as does no folder.

    Raises:
        Refused: it is no such address, or says more (a password, a fragment, a query).
    """
    try:
        parts = urlsplit(address.strip())
        port = parts.port or 22
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise Refused(Code.ADDRESS_NOT_SFTP) from None
    user, path = unquote(parts.username or ""), unquote(parts.path)
    plain = parts.password is None and not (parts.fragment or parts.query) and (user + path).isprintable()
    if parts.scheme != "sftp" or not (host and user and plain) or " " in address.strip():
        raise Refused(Code.ADDRESS_NOT_SFTP)
    return SftpTarget(host, port, user, path.removeprefix("/~/") or "." if path.startswith("/~/") else path or ".")


def request(method: str, where: Target, *, headers: Mapping[str, str], body: bytes = b"") -> Reply:
    """Ask once.

    Raises:
        NotReached: no answer came that can be read.
    """
    connection = _Pinned(where)
    try:
        connection.request(method, where.path, body=body or None, headers=dict(headers))
        response = connection.getresponse()
        return Reply(response.status, response.read(MOST))
    except ssl.SSLCertVerificationError:
        raise NotReached("certificate") from None
    except TimeoutError:
        raise NotReached("timeout") from None
    except (OSError, http.client.HTTPException):
        raise NotReached("no_answer") from None
    finally:
        connection.close()


async def request_in_time(
    method: str,
    where: Target,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    within: float,
    patience: float = PATIENCE,
) -> Reply:
    """Ask once, for who does much else at the same time.

    within: seconds that all of it may take; patience: those that connecting may take.

    Raises:
        NotReached: no answer came that can be read.
    """
    try:
        async with asyncio.timeout(within):
            return await _asked(method, where, headers, body, patience)
    except ssl.SSLCertVerificationError:
        raise NotReached("certificate") from None
    except TimeoutError:
        raise NotReached("timeout") from None
    except (OSError, http.client.HTTPException, asyncio.IncompleteReadError):
        raise NotReached("no_answer") from None


async def _asked(method: str, where: Target, headers: Mapping[str, str], body: bytes, patience: float) -> Reply:
    async with asyncio.timeout(patience):
        address = await _resolved(where.host, where.port)
        secure = _secure(ssl.get_default_verify_paths().cafile)
        reader, writer = await asyncio.open_connection(address, where.port, ssl=secure, server_hostname=where.host)
    try:
        host = where.host if where.port == http.client.HTTPS_PORT else f"{where.host}:{where.port}"
        told = {"Host": host, "Connection": "close", "Content-Length": str(len(body)), **headers}
        lines = [f"{method} {where.path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        writer.write("\r\n".join(lines).encode("ascii") + body)
        await writer.drain()
        return _read(await _taken(reader))
    finally:
        writer.transport.abort()


async def _resolved(host: str, port: int) -> str:
    """The address to connect to.

    Names have threads of their own, each one at a time: a name server that is silent keeps nobody else waiting, however
    often its name is asked for.
    """
    running = _resolving.get((host, port))
    if running is None:
        running = _resolving[host, port] = _NAMES.submit(_address, host, port)
        running.add_done_callback(lambda _: _resolving.pop((host, port), None))
    return await asyncio.shield(asyncio.wrap_future(running))


@cache
def _secure(_trusted: str | None) -> ssl.SSLContext:
    """What checks certificates, made once: reading all that are trusted takes as long as many questions."""
    return ssl.create_default_context()


async def _taken(reader: asyncio.StreamReader) -> bytes:
    """What is answered until the other side ends it, or has said all that it announced; bounded."""
    found = b""
    while len(found) <= MOST and (more := await reader.read(MOST)):
        found += more
        head, _, body = found.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if (length and len(body) >= int(length[1])) or found.endswith(b"\r\n0\r\n\r\n"):
            break
    if len(found) > MOST:
        raise http.client.HTTPException("more than is read")
    return found


def _read(answer: bytes) -> Reply:
    taken: Any = SimpleNamespace(makefile=lambda _mode: io.BytesIO(answer))  # a socket, as far as reading goes
    response = http.client.HTTPResponse(taken)
    response.begin()
    return Reply(response.status, response.read(MOST))


def connected(host: str, port: int) -> socket.socket:
    """A connection to a public machine, for who sees to all the rest: that it is the right one, and that it ends.

    Raises:
        NotReached: it is not public, or nobody is there.
    """
    try:
        return socket.create_connection((_address(host, port), port), timeout=PATIENCE)
    except TimeoutError:
        raise NotReached("timeout") from None
    except OSError:
        raise NotReached("no_answer") from None


class _Pinned(http.client.HTTPSConnection):
    """A connection to the address that was looked at, for the name that was asked for."""

    def __init__(self, where: Target) -> None:
        super().__init__(where.host, where.port, timeout=PATIENCE, context=ssl.create_default_context())
        self._timer: Timer | None = None

    def connect(self) -> None:
        plain = socket.create_connection((_address(self.host, self.port), self.port), timeout=PATIENCE)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        # Whoever answers a byte at a time is cut off.
        self._timer = Timer(DEADLINE, _cut, [self.sock])
        self._timer.daemon = True
        self._timer.start()
        self.sock.do_handshake()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().close()


def _cut(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


def _address(host: str, port: int) -> str:
    """The address to connect to. Raises `NotReached` where one of the name's leads into a network of somebody's own."""
    try:
        found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("unknown_name") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(is_public(each) for each in addresses):
        raise NotReached("not_public")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and no way around to another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in _WRAPPED:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.sixtofour is not None or ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast
