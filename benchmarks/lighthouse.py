"""What Lighthouse says of the ten main pages on a phone: performance and accessibility, each of a hundred.

Run: `bin/benchmark lighthouse`, after `bin/benchmark fill`, where Chromium and Node are; npm lays Lighthouse into
`benchmarks/npm`, checked against its lock. A slow phone on a slow net is simulated from what the browser did, so
the figures want a machine that does nothing else. Pages are served as in production: gunicorn, collected files.

With --gate the program fails below 95 and 100.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.test import Client

from benchmarks import visitors
from benchmarks.visitors import Visitors
from billing.models import Invoice
from charging.models import ChargingSession
from launcher import browser
from tenants.models import Operator
from tenants.scoping import tenant_scope

SLUG = "one-million"
LEAST = {"performance": 95, "accessibility": 100}
FOLDER = Path(__file__).parent / "npm"
PROGRAM = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"


def main() -> None:
    """Measure every page and print a row of each."""
    chromium, node = browser.find(os.environ), shutil.which("node")
    if not (chromium and node and shutil.which("npm")):
        print("Not measured: Lighthouse needs Chromium and Node.")
        return
    if not PROGRAM.exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    operator = Operator.objects.get(slug=SLUG)
    short = []
    print("| page | performance | accessibility |\n|---|---|---|")
    with serving() as address:
        for name, client, path in pages(visitors.of(operator), operator):
            scores = judged(f"{address}{path}", client, node=node, chromium=chromium)
            print(f"| {name} | {scores['performance']} | {scores['accessibility']} |")
            short += [name for category, least in LEAST.items() if scores[category] < least]
    if short and "--gate" in sys.argv:
        raise SystemExit(f"Below the goal: {', '.join(dict.fromkeys(short))}")


def pages(who: Visitors, operator: Operator) -> Iterator[tuple[str, Client, str]]:
    """The ten main pages, each with who opens it."""
    with tenant_scope(operator.pk):
        session = ChargingSession.objects.order_by("-pk").values_list("public_id", flat=True)[0]
        invoice = Invoice.objects.order_by("-pk").values_list("public_id", flat=True).first()
    base = f"/o/{operator.slug}"
    assert who.driver  # every operator that is filled has one
    yield "start", who.stranger, "/"
    yield "sign in", who.stranger, "/account/sign-in/"
    yield "overview", who.owner, f"{base}/"
    yield "sessions", who.owner, f"{base}/sessions/"
    yield "session", who.owner, f"{base}/sessions/{session}/"
    yield "drivers", who.owner, f"{base}/drivers/"
    yield "new tariff", who.owner, f"{base}/finance/tariffs/new/"
    yield "invoices", who.owner, f"{base}/finance/invoices/"
    yield "invoice", who.owner, f"{base}/finance/invoices/{invoice}/"
    yield "driver's history", who.driver, f"{base}/my/"


def judged(address: str, client: Client, *, node: str, chromium: str) -> dict[str, int]:
    """The scores of a page as the client is shown it."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    asked = json.dumps({"address": address, "cookies": cookies, "categories": list(LEAST)})
    command = [node, str(FOLDER / "judge.mjs"), asked]
    environment = {**os.environ, "CHROME_PATH": chromium}
    answer = subprocess.run(command, env=environment, check=True, timeout=300, stdout=subprocess.PIPE, text=True)
    found: dict[str, int] = json.loads(answer.stdout)
    return found


@contextmanager
def serving() -> Iterator[str]:
    """Serve the portal on a free port; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://localhost:{port}/healthz", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The web server did not start.")


if __name__ == "__main__":
    main()
