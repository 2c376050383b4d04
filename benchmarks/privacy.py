"""What sealing costs: a page of fifty drivers with sealed and with clear texts, a look-up by name, and sealing itself.

Run: `bin/benchmark privacy`, or `python -m benchmarks.privacy [DRIVERS]`. Each question is asked as the app role through
row security, with other drivers in every round, in a scope of its own: so every round reads and opens its keys anew. E-mail,
phone, street and postal code are read beside name, town and country, which lie in clear.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from random import Random

import psycopg
from django.db import connections
from django.test.utils import CaptureQueriesContext

from benchmarks import filled, network
from portal import env
from tenants.models import Driver, Operator
from tenants.scoping import tenant_scope
from tenants.selectors import names

ROUNDS = 200
PAGE = 50
GOAL_MS = 10
CLEAR = ("name", "city", "country")
SEALED = ("email", "phone", "street", "postal_code")
_SEAL = """
import benchmarks
from tenants.migrations import _sealing
_sealing.seal({f"was_{name}": (name, name) for name in ("email", "phone", "street", "postal_code")})
"""
TEXTS = {
    "email": "id || '@example.com'",
    "phone": "'070-' || id",
    "street": "'Ringvägen ' || id",
    "postal_code": "'903 26'",
}


def main(drivers: int = 200_000) -> None:
    """Write so many drivers, seal what is theirs, and print a table in Markdown."""
    operator, _owner = network.build("sealed", sessions=10, drivers=drivers)
    seconds = seal_all(operator)
    filled.index(operator)
    print(f"{drivers:,} drivers. A page is at most {GOAL_MS} ms slower.\n")
    print("| what | median ms | p95 ms | queries |\n|---|---|---|---|")
    with tenant_scope(operator.pk):
        ids = list(Driver.objects.order_by("pk").values_list("pk", flat=True))
    line("the page, what lies in clear", operator, lambda chance: page(ids, chance, CLEAR))
    line("the page, what is sealed as well", operator, lambda chance: page(ids, chance, CLEAR + SEALED))
    line("one driver, all of it", operator, lambda chance: page(ids, chance, CLEAR + SEALED, size=1))
    line("an address of e-mail, searched", operator, lambda chance: names.like(f"{chance.choice(ids)}@example.com"))
    line("a name, searched", operator, lambda chance: names.like(f"driver {1000 + chance.randrange(1, drivers)}"))
    print(f"\n{len(TEXTS) * drivers:,} texts and {drivers:,} keys were sealed in {seconds:.1f} s.")


def seal_all(operator: Operator) -> float:
    """Give each driver a phone and an address, sealed as a migration seals what lay in clear; return the seconds."""
    url = env.text("DATABASE_OWNER_URL")
    with psycopg.connect(url, autocommit=True) as owner:
        for name in TEXTS:
            owner.execute(f"ALTER TABLE tenants_driveridentity ADD was_{name} text NOT NULL DEFAULT ''")
        texts = ", ".join(f"was_{name} = {text}" for name, text in TEXTS.items())
        owner.execute(f"UPDATE tenants_driveridentity SET {texts} WHERE operator_id = {operator.pk}")
        owner.execute("VACUUM ANALYZE tenants_driveridentity")
        begun = time.perf_counter()
        subprocess.run(  # our own module
            [sys.executable, "-c", _SEAL], env={**os.environ, "DATABASE_ROLE": "owner"}, check=True
        )
        seconds = time.perf_counter() - begun
        owner.execute("VACUUM ANALYZE")
    connections.close_all()
    return seconds


def page(ids: list[int], chance: Random, texts: tuple[str, ...], *, size: int = PAGE) -> None:
    """Read drivers as the list of them does, and these of their texts."""
    for row in Driver.objects.filter(pk__in=chance.sample(ids, size)).select_related("identity"):
        for name in texts:
            if not getattr(row.identity, name) and name in SEALED:
                raise SystemExit(f"Driver {row.pk} has no {name}.")


def line(what: str, operator: Operator, question: Callable[[Random], object]) -> None:
    """Print a line of the table."""
    chance, took, queries = Random(1), [], 0  # which drivers is no secret
    for _ in range(ROUNDS):
        with tenant_scope(operator.pk):
            begun = time.perf_counter()
            question(chance)
            took.append((time.perf_counter() - begun) * 1000)
    with tenant_scope(operator.pk), CaptureQueriesContext(connections["default"]) as asked:
        question(chance)
        queries = len(asked)
    print(f"| {what} | {statistics.median(took):.1f} | {statistics.quantiles(took, n=20)[-1]:.1f} | {queries} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
