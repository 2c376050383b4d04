"""gunicorn's own lines: no secrets, and not whose request was malformed. There is no access log at all."""

import logging
import re
from typing import Any

from gunicorn.glogging import Logger

from portal.middleware.log_lines import Line

_ADDRESS = re.compile(r"\bip=[^\s:]*(?::[0-9a-fA-F:.%]+(?=: ))?")


class WebLine(Line):
    """A line without the client's address."""

    def format(self, record: logging.LogRecord) -> str:
        return _ADDRESS.sub("ip=…", super().format(record))


class WebLog(Logger):
    """gunicorn's logger, writing such lines."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers as gunicorn does, then let them write our lines."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(WebLine(self.error_fmt, self.datefmt))
