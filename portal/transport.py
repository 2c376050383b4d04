"""What production refuses to send in clear: to PostgreSQL, Redis and the mail server, and to browsers.

A unix socket, and a server on this very machine, need no TLS. For others the server's certificate is checked, not
only the line encrypted: otherwise whoever stands between answers in the server's place. Machines that reach each other
by a network which encrypts by itself (WireGuard, a mesh) say so with `PRIVATE_NETWORK=1`; no page is ever plain.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal import env

_HERE = ("", "localhost", "127.0.0.1", "::1")
_CHECKED = ("verify-ca", "verify-full")


def check_database(name: str) -> None:
    """Refuse the address of a PostgreSQL elsewhere whose certificate nobody checks."""
    address: dict[str, Any] = env.database(name)
    hosts = str(address["HOST"]).split(",")
    if address["OPTIONS"].get("sslmode") not in _CHECKED and not all(map(_is_near, hosts)):
        raise _refusal(name, "add sslmode=verify-full")


def check_redis(name: str) -> None:
    """Refuse the address of a Redis elsewhere whose certificate nobody checks."""
    url = urlsplit(env.text(name))
    demands = parse_qs(url.query).get("ssl_cert_reqs", ["required"])[-1].lower().removeprefix("cert_")
    is_checked = url.scheme == "rediss" and demands == "required"
    if url.scheme != "unix" and not is_checked and not _is_near(url.hostname or ""):
        raise _refusal(name, "let it begin with rediss://, without ssl_cert_reqs")


def check_mail() -> None:
    """Refuse a mail server elsewhere that would be given letters in clear: links in them open accounts."""
    if not env.flag("EMAIL_USE_TLS", default=True) and not _is_near(env.text("EMAIL_HOST", "")):
        raise _refusal("EMAIL_HOST", "set EMAIL_USE_TLS=1")


def check_pages(*names: str) -> None:
    """Refuse addresses that browsers are sent to, or believed from, and that are not of https."""
    for name in names:
        for address in env.words(name):
            if not address.startswith("https://"):
                raise ImproperlyConfigured(f"{name} holds {address!r}: production is served over https:// alone.")


def _is_near(host: str) -> bool:
    return host.startswith("/") or host in _HERE or env.flag("PRIVATE_NETWORK", default=False)


def _refusal(name: str, remedy: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{name} leads to another machine without TLS that is checked: {remedy}, or set PRIVATE_NETWORK=1 if the"
        " network between encrypts by itself."
    )
