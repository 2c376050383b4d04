"""Clients that send slowly, against gunicorn as it is configured: they hold nobody up, and end."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings

from portal.serving import patient_worker

THREADS = 2
SLOW = 20


@pytest.fixture
def server(tmp_path):
    """A port, and the file with what the server writes."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    log = tmp_path / "log"
    command = ["gunicorn", f"--bind=127.0.0.1:{port}", "--workers=1", f"--threads={THREADS}", "--no-control-socket"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "portal.tests.tiny_wsgi:application"],
            cwd=settings.BASE_DIR, stdout=output, stderr=output, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        time.sleep(0.1)
    yield port, log
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def connected(port, *sent):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    for piece in sent:
        connection.sendall(piece)
    return connection


def asked(port, path="/healthz"):
    """The answer, and how long it took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse().read()
    connection.close()
    return answer, time.monotonic() - began


HEADERS = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nslow"


@pytest.mark.parametrize("begun", [b"", b"G", HEADERS, BODY], ids=["nothing", "a letter", "headers", "body"])
def test_slow_connections_hold_nobody_up(server, begun):
    port, _log = server
    asked(port)
    slow = [connected(port, begun) for _ in range(SLOW)]
    for _ in range(3):
        answer, took_s = asked(port)
        assert answer == b"/healthz 0"
        assert took_s < 2
        for connection in slow:  # one byte more now and then does not buy a thread either
            if begun:
                connection.sendall(b"x")
    for connection in slow:
        connection.close()


def test_what_does_not_become_whole_is_closed(server):
    port, _log = server
    began = time.monotonic()
    with connected(port, HEADERS) as slow, contextlib.suppress(ConnectionResetError):
        while slow.recv(100):
            pass
    assert patient_worker.HEADERS_S - 2 < time.monotonic() - began < patient_worker.HEADERS_S + 20


def test_requests_in_pieces_and_one_after_the_other_are_answered(server):
    port, _log = server
    connection = connected(port)
    for length in (0, 5, 200_000, 3_000_000):
        head = f"POST /{length} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
        whole = head + b"x" * length
        for start in range(0, len(whole), 50_000):
            connection.sendall(whole[start : start + 50_000])
        connection.settimeout(30)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.read() == f"/{length} {length}".encode()
    connection.close()


def test_a_file_is_asked_about_before_it_is_sent(server):
    port, _log = server
    connection = connected(port, b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.status == 403
    connection.close()


def test_a_malformed_request_leaves_no_address_and_no_secret_in_the_log(server):
    port, log = server
    connection = connected(port, b"GET /account/invitations/1/SECRET/ HTTP/9.9\r\nHo st: x\r\n\r\n")
    assert b" 400 " in connection.recv(1000)
    connection.close()
    deadline = time.monotonic() + 10
    while "Invalid" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "Invalid request from ip=…" in log.read_text()
    assert "127.0.0.1:" not in log.read_text().split("Invalid", 1)[1]
    assert "ip=127" not in log.read_text()
    assert "SECRET" not in log.read_text()
