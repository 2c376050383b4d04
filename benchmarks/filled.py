"""Twenty operators, one of them with ten million sessions and one with a million, kept for the benchmarks of pages.

Run: `bin/benchmark fill`. What is there already stays; the state folder is that of `bin/benchmark pages`.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import orjson
import psycopg
from django.db import connection, connections
from django.db.models import Max

from benchmarks import audit, history, network, visitors
from benchmarks.history import Size
from billing.models import InvoiceRun, StaleDay, StaleMonth
from billing.selectors import reconciliation
from billing.selectors.sellers import seller
from billing.services import day_sums, tariffs
from portal import env
from tenants import crypto
from tenants.models import Operator, SearchIndex
from tenants.scoping import tenant_scope
from tenants.search import subjects
from tenants.services import indexing
from tenants.services.people import memberships

_INDEX = """
import sys
import benchmarks
from benchmarks import filled
filled.index_one(int(sys.argv[1]), sys.argv[2])
"""
LARGE = Size(10_000_000, drivers=200_000, sites=200, stations=1_200, rejected=100_000)
MIDDLE = Size(1_000_000, drivers=20_000, sites=40, stations=300, rejected=10_000)
SMALL = Size(20_000, drivers=1_000, sites=5, stations=40)
OPERATORS = {"ten-million": LARGE, "one-million": MIDDLE, **{f"small-{number}": SMALL for number in range(1, 19)}}
LOG = {"ten-million": 1_000_000, "one-million": 200_000}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TERMS = {
    "elements": [
        {"price_components": [{"type": "FLAT", "price": "5.00", "vat": "25"}]},
        {"price_components": [{"type": "ENERGY", "price": "3.20", "vat": "25"}]},
    ]
}


def main(*slugs: str) -> None:
    """Write the operators that are missing."""
    wanted = {slug: OPERATORS[slug] for slug in slugs or OPERATORS}
    there = set(Operator.objects.values_list("slug", flat=True))
    for slug, size in wanted.items():
        if slug not in there:
            begun = time.perf_counter()
            _fill(slug, size)
            print(f"{slug}: {size.sessions:,} sessions in {time.perf_counter() - begun:,.0f} s", flush=True)
    for operator in Operator.objects.filter(slug__in=wanted):
        count(operator)
        index(operator)
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        owner.execute("VACUUM (ANALYZE)")


def _fill(slug: str, size: Size) -> None:
    operator = network.create_operator(slug)
    owner = visitors.person(f"owner@{slug}.example.com")
    memberships.add(owner, operator=operator, role="owner")
    with tenant_scope(operator.pk):
        tariff = tariffs.create(name="By the kWh", currency="SEK", document=TERMS)
        version = tariff.versions.get()
        tariffs.publish(version, valid_from=EPOCH, by=None, at=EPOCH)
        tariffs.assign(tariff, valid_from=EPOCH)
        keeps = orjson.dumps(seller(operator)).decode()
    connections.close_all()
    history.write(operator.pk, size, version=version.pk, seller=keeps, at=history.now())
    network.say(operator, name=network.NAME, city="'Umeå'")
    network.number_cards(operator)
    history.prove(operator.pk)
    with tenant_scope(operator.pk):  # the triggers that mark days were off
        StaleDay.objects.create(started_on=None)
        StaleMonth.objects.bulk_create([StaleMonth(month=month) for month in set(_months())])
    count(operator)
    with tenant_scope(operator.pk):
        if not reconciliation.check().adds_up:
            raise SystemExit(f"The books of {slug} do not add up.")
    if slug in LOG:
        audit.fill(operator, audit.people_of(slug), LOG[slug])


def _months() -> list[date]:
    return list(InvoiceRun.objects.values_list("month", flat=True))


def count(operator: Operator) -> None:
    """Count the operator's days and months with the portal's service, all that there are at once."""
    done = 1
    while done:
        with tenant_scope(operator.pk), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '512MB'; SET LOCAL enable_nestloop = off")
            done = day_sums.refresh_months(limit=100) + day_sums.refresh(limit=10_000)


def index(operator: Operator) -> None:
    """Index what is searched with the portal's service. Nobody else writes here, so all of it is settled.

    Each subject in a process of its own, as workers would.
    """
    every = [[sys.executable, "-c", _INDEX, str(operator.pk), subject.name] for subject in subjects.subjects()]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(lambda program: subprocess.run(program, check=True), every))  # our own module


def index_one(operator: int, name: str) -> None:
    """Index one subject."""
    subject = subjects.named(name)
    with tenant_scope(operator):
        row, _ = SearchIndex.objects.get_or_create(
            subject=subject.name, defaults={"key": crypto.newest_key_name(), "state": SearchIndex.State.DONE}
        )
        last = subject.model._default_manager.aggregate(last=Max("pk"))["last"] or 0
    while row.up_to < last:
        with tenant_scope(operator):
            row.up_to = row.seen = indexing.index(subject, after=row.up_to, last=last)
            row.save(update_fields=["up_to", "seen"])


if __name__ == "__main__":
    main(*sys.argv[1:])
