"""A gunicorn worker whose threads never wait for a slow sender.

gunicorn's threaded worker gives a connection to a thread as soon as its first byte is there; ten clients that send a
byte now and then keep ten threads for as long as they like. Here a request is collected by the loop that watches all
connections anyway, and a thread gets it when it is whole. What is not whole in time is closed.

A body larger than `WHOLE_BYTES` is a file: the thread gets it with the headers, as the page decides first whether it
takes one from this person; from then on each wait for the next bytes is limited.
"""

import re
import time
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

HEADERS_S, BODY_S = 10.0, 30.0
WHOLE_BYTES = 1024 * 1024
#: Longer than all the headers that gunicorn takes: it then says itself what is wrong.
HEADER_BYTES = 128 * 1024
#: All requests together that are arriving at one worker.
ARRIVING_BYTES = 64 * 1024 * 1024
READ_S = 30.0
_PIECE = 64 * 1024
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Arrival:
    """A request on its way in."""

    since: float
    data: bytearray = field(default_factory=bytearray)
    wanted: int | None = None  # how long the request is, once its headers are there

    @property
    def is_whole(self) -> bool:
        """Whether a thread can take it without waiting."""
        if self.wanted is None:
            self.wanted = _wanted(self.data)
        return self.wanted is not None and len(self.data) >= self.wanted

    def is_late(self, now: float) -> bool:
        """Whether its time is over."""
        return now - self.since > (HEADERS_S if self.wanted is None else BODY_S)


def _wanted(data: bytearray) -> int | None:
    """How many bytes make the request whole, for our purpose; None before the headers are there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return HEADER_BYTES if len(data) > HEADER_BYTES else None
    length = _LENGTH.search(bytes(data[:end]))
    body = int(length.group(1)) if length else 0
    return end + 4 + (body if body <= WHOLE_BYTES else 0)


class PatientWorker(ThreadWorker):
    """The threaded worker, with requests collected before a thread takes them."""

    def init_process(self) -> None:
        """Begin to work."""
        self.arriving: dict[TConn, Arrival] = {}
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Collect the connection's next request. Called by the loop alone."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        arrival = Arrival(time.monotonic())
        if conn.parser is not None:
            arrival.data += conn.parser.unreader.take_buffered()
        conn.sock.settimeout(0)
        self.arriving[conn] = arrival
        self.poller.register(conn.sock, EVENT_READ, partial(self._more, conn))
        if arrival.is_whole:
            self._hand_over(conn)
        else:
            self._more(conn)

    def _more(self, conn: TConn, _file: object = None) -> None:
        """Take what has come."""
        arrival = self.arriving[conn]
        try:
            piece = conn.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(conn)
            return
        arrival.data += piece
        if not piece or sum(len(each.data) for each in self.arriving.values()) > ARRIVING_BYTES:
            self._drop(conn)
        elif arrival.is_whole:
            self._hand_over(conn)

    def _hand_over(self, conn: TConn) -> None:
        """Give the request to a thread."""
        arrival = self._forget(conn)
        conn.data_ready = True
        conn.init = partial(_init, conn, bytes(arrival.data))
        super().enqueue_req(conn)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> Arrival:
        self.poller.unregister(conn.sock)
        return self.arriving.pop(conn)

    def murder_pending(self) -> None:
        """Close what is late, and when we stop also who has not begun to ask. Called once a second or oftener."""
        super().murder_pending()
        now = time.monotonic()
        for conn, arrival in list(self.arriving.items()):
            if arrival.is_late(now) or not (self.alive or arrival.data):
                self._drop(conn)


def _init(conn: TConn, data: bytes) -> Any:
    """Prepare the connection in its thread: what was collected is read first, and no read waits for ever."""
    TConn.init(conn)
    conn.parser.unreader.unread(data)
    conn.sock.settimeout(READ_S)
