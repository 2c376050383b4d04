"""Who opens a scope, reads the clock, reads the environment: each place with its reason.

Three things that a reader must be able to find, and that nobody may do in passing. A new place fails here until
somebody has said why it is one.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("tenants", "charging", "billing", "portal")

# A scope is opened by the doors, for the whole of a page or a call; by *stepped* work, whose every step is a
# transaction and whose first argument is `operator_id`; by streams, which go on when the page's scope is over; and by
# what people do, who are global while the log of it is an operator's. Everything else runs in its caller's scope.
OPENS_SCOPES: dict[str, str] = {}

# Below the doors a moment is an argument, `at` or `clock`, so that a test can choose it and all of one act has one.
READS_CLOCK: dict[str, str] = {}

READS_ENVIRONMENT = {
    "manage.py": "which settings, and which role of the database a command has",
    "portal/celery.py": "which settings",
    "portal/management/as_platform.py": "hands its own on to a process of the platform's role",
    "portal/settings/env.py": "the one reader of the portal's settings",
    "portal/wsgi.py": "which settings",
}


def product(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield path and syntax tree of each product file below the folders."""
    for folder in folders:
        top = ROOT / folder
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            name = path.relative_to(ROOT).as_posix()
            if "/tests/" not in name and "/migrations/" not in name:
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a chain of attributes, or what there is of one."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def opens_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "tenant_scope"


CLOCKS = {"timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time", "timezone.localdate"}


def reads_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and dotted(node) in CLOCKS


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(name.name in {"environ", "getenv"} for name in node.names)
    return isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.getenv", "os.environb"}


def is_below_the_doors(name: str) -> bool:
    """Tasks, commands and pages are where a moment begins."""
    return not name.startswith("portal/") and name.rpartition("/")[2] not in {"tasks.py", "tasks_base.py"}


WALLS = {
    "scope": (FLOORS, opens_scope, lambda name: True, OPENS_SCOPES),
    "clock": (FLOORS, reads_clock, is_below_the_doors, READS_CLOCK),
    "environment": ((*FLOORS, "manage.py"), reads_environment, lambda name: True, READS_ENVIRONMENT),
}


@pytest.mark.parametrize("wall", WALLS)
def test_only_these_places_do(wall):
    folders, does, counts, allowed = WALLS[wall]
    places = {name for name, tree in product(*folders) if counts(name) and any(map(does, ast.walk(tree)))}
    assert sorted(places - set(allowed)) == [], "say why in the table, or take it from the caller"
    assert sorted(set(allowed) - places) == [], "no longer: take it off the table"


def test_the_domains_read_no_clock_at_all():
    domains = product("billing/domain", "charging/domain")
    assert [name for name, tree in domains if any(map(reads_clock, ast.walk(tree)))] == []
