"""How long PostgreSQL works for one page of an audit log of five million entries, filter by filter.

Run: `bin/benchmark audit`, or `python -m benchmarks.audit [ENTRIES]`. The log is one operator's, beside two
others of a tenth; entries are made by the database itself in a mix as a busy operator has it, with rare
values planted. Each question is the page's own: 51 entries, newest first, asked as the app role through
row security, with other values in every round. Beside it stands the same question as bare SQL that returns
nothing but numbers. The plan of each is read: it has to start in an index and must not read the whole log.

Then a year of it is downloaded: entries a second and the growth of memory; and entries are added one by one.
"""

import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.db.models import QuerySet

from benchmarks import network, visitors
from benchmarks.export import peak_mb
from portal import env
from tenants.log import audit
from tenants.log import reading as audit_log
from tenants.log.reading import Who
from tenants.models import AuditEntry, Operator, User
from tenants.scoping import tenant_scope

ROUNDS = 100
PAGE = 51
GOAL_MS = 100
YEARS = 5
PEOPLE = 40
RARE_ADDRESS = "203.0.113.77"
# weight in 100,000 · event · kind · action · task
MIX = (
    (24_000, "sign_in.succeeded", "tenants.user", 3, ""),
    (2_000, "sign_in.wrong_password", "tenants.user", 3, ""),
    (17_000, "driver.viewed", "tenants.driver", 3, ""),
    (15_000, "invoice.downloaded", "billing.invoice", 3, ""),
    (12_000, "", "billing.invoice", 0, "billing.tasks.bill_chunk"),
    (12_000, "", "billing.invoice", 1, "billing.tasks.bill_chunk"),
    (8_000, "", "charging.token", 1, ""),
    (4_000, "", "charging.station", 1, "charging.tasks.run_import"),
    (3_000, "consent.given", "tenants.driver", 3, ""),
    (1_900, "sessions.exported", "tenants.operator", 3, ""),
    (1_000, "access.refused", "tenants.operator", 3, ""),
    (90, "", "billing.tariffversion", 1, ""),
    (9, "run.issued", "billing.invoicerun", 3, ""),
    (1, "", "charging.site", 2, ""),
)

_FILL = """
INSERT INTO tenants_auditentry (operator_id, public_id, actor_id, content_type_id, object_pk, object_id, object_repr,
    action, changes, changes_text, cid, remote_addr, timestamp, additional_data, event, task, user_agent,
    on_behalf_of, api_key_id, is_platform, viewing_as)
SELECT %(operator)s, gen_random_uuid(),
    CASE WHEN m.task = '' AND i %% 50 <> 0 THEN (%(people)s::bigint[])[1 + (i * 7919 %% %(person_count)s)] END,
    m.kind, o.object::text, o.object, 'object ' || o.object, m.action,
    CASE m.action WHEN 3 THEN NULL WHEN 0 THEN jsonb_build_object('state', jsonb_build_array(NULL, 'draft'),
        'total', jsonb_build_array(NULL, (i %% 90000)::text), 'driver', jsonb_build_array(NULL, i %% 5000))
        ELSE jsonb_build_object('state', jsonb_build_array('draft', 'issued'),
        'number', jsonb_build_array('', (10000 + i)::text)) END, '',
    CASE WHEN i %% 3 = 0 THEN md5((i / 2)::text) ELSE md5(i::text) END,
    CASE WHEN m.task = '' THEN ('10.' || i %% 8 || '.' || i / 8 %% 16 || '.' || i / 128 %% 32)::inet END,
    now() - interval '%(years)s years' + i * (interval '%(years)s years' / %(entries)s),
    CASE WHEN m.action = 3 THEN jsonb_build_object('number', i %% 1000) END, m.event, m.task,
    CASE WHEN m.task = '' THEN 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' ELSE '' END,
    CASE WHEN i %% 50 = 0 OR m.task <> '' AND i %% 3 = 0 THEN (%(people)s::bigint[])[1 + (i / 50 %% 12)] END,
    CASE WHEN m.task = '' AND i %% 50 = 0 THEN 1 + i / 50 %% 6 END, i %% 20000 = 7, ''
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i
CROSS JOIN LATERAL (SELECT * FROM bench_mix WHERE above > (hashint8(i) & 2147483647) %% 100000 ORDER BY above LIMIT 1) m
CROSS JOIN LATERAL (SELECT 1 + i * 104729 %% 50000 AS object) o
"""
_BLOCK = 250_000


def main(entries: int = 5_000_000) -> None:
    """Fill the log, measure, print a table in Markdown."""
    operator, people = _built(entries)
    with tenant_scope(operator.pk):
        _print_questions(operator, people)
    connections.close_all()
    _print_download(operator)
    _print_writing(operator)


def _built(entries: int) -> tuple[Operator, list[User]]:
    slug = f"bench{int(time.time())}"
    people = people_of(slug)
    begun = time.perf_counter()
    operator = fill(network.create_operator(slug), people, entries)
    for other in ("a", "b"):
        fill(network.create_operator(f"{slug}{other}"), people, entries // 10)
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE tenants_auditentry")
        size = owner.execute("SELECT pg_table_size(oid), pg_indexes_size(oid) FROM pg_class WHERE relname = %s",
                             [AuditEntry._meta.db_table]).fetchone()  # fmt: skip
    assert size is not None
    print(
        f"{entries:,} entries of one operator and {entries // 5:,} of two others, made in "
        f"{time.perf_counter() - begun:.0f} s: {size[0] / 1e6:,.0f} MB, and indexes of {size[1] / 1e6:,.0f} MB.\n"
    )
    return operator, people


def people_of(slug: str) -> list[User]:
    """Make those who act in a log."""
    return [visitors.person(f"p{number}@{slug}.example.com") for number in range(PEOPLE)]


def fill(operator: Operator, people: list[User], entries: int) -> Operator:
    """Add entries as the owner of the tables: the app role may not name another time than now."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        owner.execute("CREATE TEMP TABLE bench_mix (above int, event text, kind int, action int, task text)")
        above = 0
        for weight, event, kind, action, task in MIX:
            above += weight
            number = ContentType.objects.get_by_natural_key(*kind.split(".")).pk
            owner.execute("INSERT INTO bench_mix VALUES (%s, %s, %s, %s, %s)", [above, event, number, action, task])
        facts = {"operator": operator.pk, "people": [user.pk for user in people[:-1]], "person_count": PEOPLE - 1}
        for first in range(1, entries + 1, _BLOCK):
            last = min(first + _BLOCK - 1, entries)
            owner.execute(_FILL.replace("%(years)s", str(YEARS)),
                          {**facts, "entries": entries, "first": first, "last": last})  # fmt: skip
        _plant(owner, operator, people[-1])
    return operator


def _plant(owner: Any, operator: Operator, rare: User) -> None:
    """Three entries from an address and ten of a person that nobody else has, spread over the years."""
    for number in range(10):
        owner.execute(
            "INSERT INTO tenants_auditentry (operator_id, public_id, actor_id, content_type_id, object_pk, object_id, "
            "object_repr, action, changes_text, cid, remote_addr, timestamp, event, task, user_agent, is_platform, "
            "viewing_as) SELECT %s, gen_random_uuid(), %s, kind, '1', 1, 'rare', 3, '', 'rare', %s, "
            "now() - %s * interval '170 days', event, '', '', false, '' FROM bench_mix WHERE event = 'driver.viewed'",
            [operator.pk, rare.pk, RARE_ADDRESS if number < 3 else None, number],
        )


Question = Callable[[Random], QuerySet[AuditEntry]]


def _questions(people: list[User]) -> dict[str, Question]:
    """What a person may ask on the page."""
    ask = audit_log.entries

    def somebody(random: Random) -> Who:
        return Who(person=random.choice(people[:-1]).pk)

    def address(random: Random) -> str:
        i = random.randrange(4_096)
        return f"10.{i % 8}.{i // 8 % 16}.{i // 128 % 32}"

    def moment(random: Random) -> datetime:
        return datetime.now(UTC) - timedelta(days=random.randrange(30, YEARS * 365))

    def deep(rows: QuerySet[AuditEntry], random: Random) -> QuerySet[AuditEntry]:
        return rows.filter(timestamp__lte=moment(random))

    rare = Who(person=people[-1].pk)
    return {
        "newest": lambda r: ask(),
        "any page, by its key": lambda r: deep(ask(), r),
        "a day": lambda r: ask(until=(at := moment(r)), since=at - timedelta(days=1)),
        "a person": lambda r: ask(who=somebody(r)),
        "a person, deep page": lambda r: deep(ask(who=somebody(r)), r),
        "a person with ten entries": lambda r: ask(who=rare),
        "a person who never acted": lambda r: ask(who=Who(person=2**60)),
        "one task": lambda r: ask(who=Who(task="charging.tasks.run_import")),
        "a key": lambda r: ask(who=Who(key=r.randrange(1, 7))),
        "for a person": lambda r: ask(who=Who(on_behalf_of=r.choice(people[:12]).pk)),
        "the platform": lambda r: ask(who=Who(is_platform=True)),
        "sign-ins": lambda r: ask(act="sign_in"),
        "added": lambda r: ask(act="created"),
        "removed (about 50)": lambda r: ask(act="deleted"),
        "runs (about 450)": lambda r: ask(act="run"),
        "passwords (none)": lambda r: ask(act="password"),
        "kind: invoice": lambda r: ask(kind="billing.invoice"),
        "kind: tariff version": lambda r: ask(kind="billing.tariffversion"),
        "kind: consent purpose (none)": lambda r: ask(kind="tenants.consentpurpose"),
        "one object": lambda r: ask(objects=[(_model("billing.invoice"), r.randrange(1, 50_000))]),
        "an address": lambda r: ask(address=address(r)),
        "an address with three entries": lambda r: ask(address=RARE_ADDRESS),
        "a request": lambda r: ask(request=_md5(r.randrange(1_000_000))),
        "person, act": lambda r: ask(who=somebody(r), act="driver"),
        "person, act (none in common)": lambda r: ask(who=somebody(r), act="password"),
        "person, kind (rare in common)": lambda r: ask(who=somebody(r), kind="billing.tariffversion"),
        "person, kind (none in common)": lambda r: ask(who=somebody(r), kind="charging.station"),
        "person, address": lambda r: ask(who=somebody(r), address=address(r)),
        "person, a month": lambda r: ask(who=somebody(r), until=(at := moment(r)), since=at - timedelta(days=30)),
        "act, kind": lambda r: ask(act="changed", kind="charging.token"),
        "act, kind (none in common)": lambda r: ask(act="sign_in", kind="billing.invoice"),
        "task, kind (none in common)": lambda r: ask(who=Who(task="billing.tasks.bill_chunk"), kind="charging.token"),
        "key, act, kind, a year": lambda r: ask(
            who=Who(key=r.randrange(1, 7)), act="changed", kind="charging.token",
            until=(at := moment(r)), since=at - timedelta(days=365),
        ),
        "address, act": lambda r: ask(address=address(r), act="consent"),
        "address, a day": lambda r: ask(address=address(r), until=(at := moment(r)), since=at - timedelta(days=1)),
    }  # fmt: skip


def _model(label: str) -> Any:
    return ContentType.objects.get_by_natural_key(*label.split(".")).model_class()


def _md5(number: int) -> str:
    from hashlib import md5  # noqa: PLC0415

    return md5(str(number).encode(), usedforsecurity=False).hexdigest()


def _print_questions(operator: Operator, people: list[User]) -> None:
    print("| question | median ms | p95 ms | bare SQL, median ms | starts in | rows read, worst |")
    print("|---|---|---|---|---|---|")
    missed = []
    for name, question in _questions(people).items():
        taken, bare, read = [], [], 0
        index = ""
        for turn in range(ROUNDS):
            rows = question(Random(turn)).order_by("-timestamp", "-pk")[:PAGE]
            taken.append(_timed(*rows.query.sql_with_params()))
            bare.append(_timed(*rows.values_list("pk").query.sql_with_params()))
            if turn < 10:
                index, visited = _plan(rows)
                read = max(read, visited)
        p95 = statistics.quantiles(taken, n=20)[18]
        if p95 > GOAL_MS or index == "!":
            missed.append(name)
        print(f"| {name} | {statistics.median(taken):.1f} | {p95:.1f} | {statistics.median(bare):.1f} | {index} | {read:,} |",
              flush=True)  # fmt: skip
    for column in ("actor_id", "task", "api_key_id", "on_behalf_of"):
        begun = time.perf_counter()
        found = len(audit_log.seen(column))
        print(f"| choices: {column} ({found}) | {(time.perf_counter() - begun) * 1000:.1f} | | | | |", flush=True)
    print(f"\n{'Above ' + str(GOAL_MS) + ' ms: ' + ', '.join(missed) if missed else f'All within {GOAL_MS} ms'}.\n")


def _timed(statement: str, parameters: Any) -> float:
    with connection.cursor() as cursor:
        begun = time.perf_counter()
        cursor.execute(statement, parameters)
        cursor.fetchall()
        return (time.perf_counter() - begun) * 1000


def _plan(rows: Any) -> tuple[str, int]:
    """Where the plan starts (`!` when it reads the whole log), and how many entries it looked at."""
    found = json.loads(rows.explain(format="json", analyze=True))[0]["Plan"]
    nodes = list(_nodes(found))
    if any(node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "tenants_auditentry" for node in nodes):
        return "!", 0
    scans = [node for node in nodes if node.get("Index Name", "").startswith(("audit_", "tenants_auditentry"))]
    visited = sum(node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0) for node in scans)
    return ", ".join(dict.fromkeys(node["Index Name"] for node in scans)), int(visited)


def _nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _print_download(operator: Operator) -> None:
    print("| download of the last year | entries | seconds | entries a second | memory, MB | of it by the work |")
    print("|---|---|---|---|---|---|")
    for name in ("csv", "jsonl"):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found, seconds, peak, before = pool.apply(_download, (operator.pk, name))
        print(f"| {name} | {found:,} | {seconds:.0f} | {found / seconds:,.0f} | {peak:.0f} | {peak - before:.0f} |",
              flush=True)  # fmt: skip
    print()


def _download(operator_id: int, form: str) -> tuple[int, float, float, float]:
    from portal.files import audit_log as files  # noqa: PLC0415

    operator = Operator.objects.get(pk=operator_id)
    with tenant_scope(operator_id):
        list(audit_log.entries()[:10])
    for _line in files.answer(operator, form, {"who": Who(is_platform=True)}):
        pass  # whatever is loaded once
    before, begun, found = peak_mb(), time.perf_counter(), -1 if form == "csv" else 0
    for block in files.answer(operator, form, {"since": datetime.now(UTC) - timedelta(days=365)}):
        found += block.count(b"\n")
    return found, time.perf_counter() - begun, peak_mb(), before


def _print_writing(operator: Operator) -> None:
    """What one entry costs its writer, all indexes included."""
    print("| adding one entry | median ms |\n|---|---|")
    print(f"| with all indexes | {_writing(operator):.3f} |")


def _writing(operator: Operator) -> float:
    taken = []
    with tenant_scope(operator.pk):
        for _turn in range(2_000):
            begun = time.perf_counter()
            audit.record("driver.viewed")
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
