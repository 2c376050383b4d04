"""Typed, loud reading of the environment: the only module of the portal that does.

A missing or senseless value stops the program with a sentence that names the variable.
A secret may also come from a file: `SECRET_KEY_FILE` instead of `SECRET_KEY`.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
KINDS = ("development", "test", "production")


def text(name: str, default: str | None = None) -> str:
    """Return the variable, or the default. Raises `ImproperlyConfigured` when neither is there."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set.")
    return default


def secret(name: str, default: str | None = None) -> str:
    """Return a secret from the variable or from the file named by `<name>_FILE`."""
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return text(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names {path!r}, which cannot be read: {error}.") from error


def flag(name: str, *, default: bool) -> bool:
    """Return a yes/no variable (1, true, yes, on / 0, false, no, off)."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; use 1 or 0.")


def number(name: str, default: int) -> int:
    """Return a whole number."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; a whole number is needed.") from error


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list, without empty entries."""
    return [word.strip() for word in text(name, default or ",").split(",") if word.strip()]


def keys(name: str, default: str | None = None) -> list[bytes]:
    """Return secret keys: base64 of 32 bytes each, separated by spaces, newest first."""
    found = []
    for position, written in enumerate(secret(name, default).split(), start=1):
        try:
            key = base64.b64decode(written, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ImproperlyConfigured(f"{name}: key {position} is not base64 of {KEY_BYTES} bytes.")
        found.append(key)
    return found


def kind() -> str:
    """Return which of development, test and production this process is."""
    value = text("WATTLEDGER_ENV", "development")
    if value not in KINDS:
        raise ImproperlyConfigured(f"WATTLEDGER_ENV is {value!r}; it is one of {', '.join(KINDS)}.")
    return value


def state_dir(base: Path) -> Path:
    """Return the folder of all run-time data."""
    return Path(text("WATTLEDGER_STATE", str(base / "var"))).absolute()


def database(name: str) -> dict[str, Any]:
    """Read a `postgresql://user:password@host:port/name?option=value` URL into Django's shape.

    A unix socket folder goes into `?host=/path`, as libpq does it.
    """
    url = urlsplit(text(name, "postgresql://wattledger_app@localhost/wattledger"))
    if url.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"{name} is not a postgresql:// address.")
    options = {key: values[-1] for key, values in parse_qs(url.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", url.hostname or ""),
        "PORT": str(url.port or options.pop("port", "")),
        "OPTIONS": options,
    }
