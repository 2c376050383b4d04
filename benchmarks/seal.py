"""What sealing the audit log costs: to eight writers at once, and by itself. `bin/benchmark seal`, or `python -m benchmarks.seal`.

Eight processes add entries as the portal does, a transaction an entry. In turns, with and without a sealer that seals
everything new every two seconds (the timetable says every three minutes: this is a hard case), and the medians of the
turns are compared. Then a large log is sealed and checked, beside reading the same rows plainly.
"""

import multiprocessing
import statistics
import sys
import time
from multiprocessing.synchronize import Barrier, Event
from typing import Any

from django.db import connection, connections
from django.utils import timezone

from benchmarks import network
from tenants.log import audit, checking, sealing
from tenants.models import Operator
from tenants.scoping import tenant_scope

WRITERS, TURNS, SECONDS, SEAL_EVERY_S = 8, 5, 8.0, 2.0

_MANY = """
INSERT INTO tenants_auditentry (public_id, operator_id, timestamp, content_type_id, object_pk, object_id, object_repr, action,
    event, task, user_agent, changes, changes_text, additional_data, actor_id, remote_addr, cid, is_platform, viewing_as)
SELECT gen_random_uuid(), %(operator)s, now() - (%(rows)s - i) * interval '1 second', (SELECT min(id) FROM django_content_type),
    (i %% 5000)::text, i %% 5000, 'object ' || i %% 5000, 1, '', '', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0',
    jsonb_build_object('name', jsonb_build_array('before ' || i, 'after ' || i)), '', NULL, i %% 40, '192.0.2.7', md5(i::text),
    false, ''
FROM generate_series(%(first)s, %(last)s) i
"""


def main(rows: int = 500_000) -> None:
    """Measure and print both tables in Markdown."""
    operator = network.create_operator(f"seal-{time.time_ns()}")
    connections.close_all()
    writers(operator)
    large_log(operator, rows)


def writers(operator: Operator) -> None:
    """Compare turns with and without sealing."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    turn(operator, is_sealing=False)  # warm
    for number in range(TURNS * 2):
        is_sealing = number % 2 == 1
        rates[is_sealing].append(turn(operator, is_sealing=is_sealing))
    without, with_seals = (statistics.median(rates[each]) for each in (False, True))
    print(f"{WRITERS} writers, {TURNS} turns of {SECONDS:.0f} s each way; a seal every {SEAL_EVERY_S:.0f} s.\n")
    print("| entries a second | median | lowest | highest |\n|---|---|---|---|")
    for name, each in (("without sealing", rates[False]), ("with sealing", rates[True])):
        print(f"| {name} | {statistics.median(each):,.0f} | {min(each):,.0f} | {max(each):,.0f} |")
    print(f"\nSealing costs the writers {100 * (1 - with_seals / without):.1f} %.\n", flush=True)


def turn(operator: Operator, *, is_sealing: bool) -> float:
    """Entries a second of all writers together."""
    with tenant_scope(operator.pk):
        sealing.seal_next(at=timezone.now(), limit=10**7)  # what earlier turns left is not this one's work
    connections.close_all()
    context = multiprocessing.get_context("spawn")  # a forked process would share our connections
    ready, stop, written = context.Barrier(WRITERS + is_sealing + 1), context.Event(), context.Queue()
    processes = [context.Process(target=write, args=(operator.pk, ready, stop, written)) for _ in range(WRITERS)]
    if is_sealing:
        processes.append(context.Process(target=seal, args=(operator.pk, ready, stop)))
    for process in processes:
        process.start()
    ready.wait()
    begun = time.perf_counter()
    time.sleep(SECONDS)
    stop.set()
    seconds = time.perf_counter() - begun
    total: int = sum(written.get() for _ in range(WRITERS))
    for process in processes:
        process.join()
    return total / seconds


def write(operator_id: int, ready: Barrier, stop: Event, written: Any) -> None:
    """Add entries until told to stop."""
    with tenant_scope(operator_id):
        audit.record("example.made", number=0)  # connected, and everything loaded
    ready.wait()
    number = 0
    while not stop.is_set():
        with tenant_scope(operator_id):
            audit.record("example.made", number=number)
        number += 1
    connections.close_all()
    written.put(number)


def seal(operator_id: int, ready: Barrier, stop: Event) -> None:
    """Seal all that is new, now and then."""
    sealing.seal_all(operator_id, at=timezone.now())
    ready.wait()
    while not stop.wait(SEAL_EVERY_S):
        sealing.seal_all(operator_id, at=timezone.now())
    connections.close_all()


def large_log(operator: Operator, rows: int) -> None:
    """Seal and check many entries, a transaction a thousand."""
    for first in range(1, rows, 1000):
        with tenant_scope(operator.pk), connection.cursor() as cursor:
            cursor.execute(
                _MANY, {"operator": operator.pk, "rows": rows, "first": first, "last": min(first + 999, rows)}
            )
    begun = time.perf_counter()
    done = sealing.seal_all(operator.pk, at=timezone.now())
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    with tenant_scope(operator.pk):
        report = checking.check_chain()
    check_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    with tenant_scope(operator.pk), connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM tenants_auditentry e WHERE operator_id = %s", [operator.pk])
        while cursor.fetchmany(20_000):
            pass
    plain = time.perf_counter() - begun
    print("| what | entries | seconds | entries a second | times the plain reading |\n|---|---|---|---|---|")
    print(f"| reading alone | {report.entries:,} | {plain:.1f} | {report.entries / plain:,.0f} | 1.0 |")
    per_row = plain / report.entries
    print(f"| sealing | {done:,} | {seconds:.1f} | {done / seconds:,.0f} | {seconds / done / per_row:.1f} |")
    ratio = check_seconds / report.entries / per_row
    print(
        f"| checking | {report.entries:,} | {check_seconds:.1f} | {report.entries / check_seconds:,.0f} | {ratio:.1f} |"
    )
    assert report.finding is None


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
