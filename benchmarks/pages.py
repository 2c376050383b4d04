"""How long the server works on the pages people open most, with a million sessions of one operator.

Run: `bin/benchmark pages [SESSIONS]`. Each page is asked for 200 times in this process, through the
whole stack of middleware and templates; the network and the browser are not in the figure. Beside
it stands the time the database needs for the page's rows alone.
"""

import statistics
import sys
import time
from collections.abc import Callable
from random import Random

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import network
from charging.models import ChargingSession
from tenants.models import Driver, User
from tenants.scoping import tenant_scope
from tenants.services.proof import two_factor

ROUNDS = 200


def main(sessions: int = 1_000_000) -> None:
    """Build the operator, measure, print a table in Markdown."""
    slug = f"bench{int(time.time())}"
    began = time.perf_counter()
    operator, owner = network.build(slug, sessions=sessions)
    person = network.add_driver_sign_in(operator)
    print(f"{sessions:,} sessions made in {time.perf_counter() - began:.0f} s\n")
    base, random = f"/o/{slug}", Random(1)
    with tenant_scope(operator.pk):
        driver = Driver.objects.get(user=person)
        ids = list(ChargingSession.objects.values_list("public_id", flat=True)[: sessions : max(1, sessions // 500)])
        own = list(ChargingSession.objects.filter(driver=driver).values_list("public_id", flat=True)[:100])
        deep = ChargingSession.objects.order_by("started_at")[sessions // 4]
    staff, driving = _client(owner), _client(person)
    since = f"{deep.started_at:%Y-%m-%d}"
    pages: dict[str, tuple[Client, Callable[[], str]]] = {
        "sessions list, last 30 days": (staff, lambda: f"{base}/sessions/"),
        "sessions list, all time": (staff, lambda: f"{base}/sessions/?from=2000-01-01"),
        "sessions list, deep page": (
            staff,
            lambda: (
                f"{base}/sessions/?from=2000-01-01&after={deep.started_at.isoformat().replace('+', '%2B')}~{deep.pk}"
            ),
        ),
        "sessions list, under review": (staff, lambda: f"{base}/sessions/?from={since}&review=pending"),
        "session page": (staff, lambda: f"{base}/sessions/{random.choice(ids)}/"),
        "driver history": (driving, lambda: f"{base}/my/"),
        "driver's session": (driving, lambda: f"{base}/my/sessions/{random.choice(own)}/"),
        "overview": (staff, lambda: f"{base}/"),
        "drivers list": (staff, lambda: f"{base}/drivers/"),
    }
    print("| page | median ms | p95 ms | queries | of it database, median ms |\n|---|---|---|---|---|")
    for name, (client, url) in pages.items():
        print(_measure(name, client, url), flush=True)


def _client(user: User) -> Client:
    client = Client(HTTP_HOST="localhost")
    device = two_factor.new_device(user, name="bench")
    client.force_login(user)
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session.save()
    return client


def _measure(name: str, client: Client, url: Callable[[], str]) -> str:
    for _ in range(3):
        response = client.get(url())
        if response.status_code != 200:
            return f"| {name} | answered {response.status_code} for {url()} | | | |"
    taken, database, queries = [], [], 0
    for turn in range(ROUNDS):
        address = url()
        if turn % 20 == 0:  # recording queries costs time, so it is done on some rounds of its own
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            queries = max(queries, len(captured))
            database.append(sum(float(query["time"]) for query in captured.captured_queries) * 1000)
        began = time.perf_counter()
        client.get(address)
        taken.append((time.perf_counter() - began) * 1000)
    p95 = statistics.quantiles(taken, n=20)[18]
    return f"| {name} | {statistics.median(taken):.1f} | {p95:.1f} | {queries} | {statistics.median(database):.1f} |"


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    main(*(int(argument) for argument in sys.argv[1:2]))
