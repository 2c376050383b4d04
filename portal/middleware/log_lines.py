"""What a log line holds: the number of its request, and no secret.

- Addresses of links that open something are cut where their secret begins, and API keys after their name, whoever
  writes the line and wherever it goes: when the record is made, and again when it is written, with its traceback.
- A page that was refused (403, 404, 400 …) is one line, not a traceback: somebody's doing, not a fault of ours.
"""

import logging
import logging.config
import re
from typing import Any

from portal.gate.requests import current_request_id

_END = r"(?:/|%2[fF])"
_PART = r"(?:(?!%2[fF])[^/\s?#&\"'<>])+"
# The addresses of `portal.web.account.urls` that hold a secret, also inside another address (`next=…`).
_LINKS = re.compile(
    rf"(account{_END}"
    rf"(?:invitations{_END}{_PART}|password{_END}reset{_END}{_PART}|password{_END}(?!reset\b){_PART}"
    rf"|second-factor{_END}reset{_END}stop|email{_END}(?:agree|prove)){_END})"
    rf"(?!letter\b){_PART}"
)
_KEYS = re.compile(r"(wl_[a-z]+_[A-Za-z0-9]+_)[A-Za-z0-9_-]+")
CUT = "…"


def without_secrets(text: str) -> str:
    """Return the text with what opens something cut out of it."""
    return _KEYS.sub(rf"\1{CUT}", _LINKS.sub(rf"\1{CUT}", text))


class Line(logging.Formatter):
    """A line as it is written, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class RequestIdFilter(logging.Filter):
    """Put the request's number on the line; Django writes of a refused page when the request is over."""

    def filter(self, record: logging.LogRecord) -> bool:
        of_request = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = current_request_id() or of_request or "-"
        return True


class RefusedInOneLine(logging.Filter):
    """Drop the traceback of a page that was refused."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = record.stack_info = None
        return True


def configure(settings: dict[str, Any]) -> None:
    """Set up logging (`LOGGING_CONFIG`): records are made without secrets, whoever handles them."""
    logging.config.dictConfig(settings)
    logging.setLogRecordFactory(_record)


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    if isinstance(record.msg, str):
        record.msg = without_secrets(record.msg)
    if isinstance(record.args, tuple):
        record.args = tuple(_clean(value) for value in record.args)
    elif isinstance(record.args, dict):
        record.args = {name: _clean(value) for name, value in record.args.items()}
    return record


def _clean(value: object) -> object:
    """Clean a text; what will be written as text and holds a secret becomes that text."""
    if isinstance(value, int | float | None):
        return value
    text = str(value)
    cleaned = without_secrets(text)
    return value if cleaned == text else cleaned
