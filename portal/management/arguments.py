"""What commands are told, read so that a wrong value is refused by its name before anything is done."""

import argparse
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def email(text: str) -> str:
    """Return an e-mail address as it is kept. Raises `ArgumentTypeError`."""
    try:
        validate_email(text.strip())
    except ValidationError:
        raise argparse.ArgumentTypeError(f"{text!r} is no e-mail address") from None
    return text.strip().lower()


def time_zone(text: str) -> str:
    """Return the name of a time zone. Raises `ArgumentTypeError`."""
    if text not in available_timezones():
        raise argparse.ArgumentTypeError(f"there is no time zone {text!r}; one is written like 'Europe/Stockholm'")
    return text


def web_address(text: str) -> str:
    """Return the beginning of a portal's addresses, or nothing. Raises `ArgumentTypeError`."""
    return _address(text, "https", "http") if text else ""


def gateway(text: str) -> str:
    """Return where stations connect to. Raises `ArgumentTypeError`."""
    return _address(text, "ws", "wss")


def _address(text: str, *schemes: str) -> str:
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_one = False
    if not is_one:
        raise argparse.ArgumentTypeError(f"{text!r} is no address that begins with {schemes[0]}://")
    return text.rstrip("/")


def count(text: str) -> int:
    """Return a whole number from one on. Raises `ArgumentTypeError`."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def seconds(text: str) -> float:
    """Return a time in seconds, longer than none. Raises `ArgumentTypeError`."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return found
