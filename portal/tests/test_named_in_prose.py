"""What prose names is there: a path, a module and what is looked for in it.

A docstring or a document is believed. One that sends a reader to a module that moved, or to a function that is called
otherwise by now, costs more than none. Names in backticks are held to the code: a path to the tree, `module.name` to
what a module of that name defines or imports, a name after a file to that file.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOPS = (
    "tenants",
    "charging",
    "billing",
    "portal",
    "launcher",
    "benchmarks",
    "docs",
    "bin",
    "templates",
    "static",
    "locale",
)
TICKED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.-]+)+/?")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
IN_FILE = re.compile(r"([\w/]+\.py): (\w+)")
#: Named as they are elsewhere, or only once we run.
ELSEWHERE = {
    "06/09/2018": "a date",
    "N/A": "a text",
    "application/xml": "a type of content",
    "run/servers.json": "written when the servers run",
    "portal/tests/e2e/browser/node_modules": "made by npm",
    "invoice.downloaded": "an event",
    "charging.chargingsession": "the label of a model",
    "session.json": "a field of a message",
    "portal.example.com": "a host",
    "backup.json": "a file of a backup",
    "restored.json": "the same",
    "database.dump.age": "the same",
    "keys.json": "the same",
    "keys.dump.age": "the same",
}
ENDINGS = {"py", "sql", "js", "md", "toml", "html", "txt", "json"}


@cache
def files() -> frozenset[str]:
    tops = [ROOT / top for top in TOPS]
    found = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    found += [path for path in ROOT.iterdir() if path.is_file()]
    return frozenset(
        path.relative_to(ROOT).as_posix()
        for path in found
        if path.is_file() and not {"node_modules", "__pycache__"} & {*path.parts}
    )


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


@cache
def paths() -> frozenset[str]:
    """Every file and folder, by each of its endings: `web/lists.py` is one of `portal/web/lists.py`."""
    found: set[str] = set()
    for name in files():
        parts = name.split("/")
        for end in range(1, len(parts) + 1):
            found.update("/".join(parts[start:end]) for start in range(end))
    return frozenset(found | {name.removesuffix(".py") for name in found})


@cache
def modules() -> dict[str, set[str]]:
    """What can be asked of a module, a package or a class, by its last name."""
    known: dict[str, set[str]] = {}
    for name in files():
        path = Path(name)
        own = path.parent if path.stem == "__init__" else path.with_suffix("")
        known.setdefault(own.parent.name, set()).add(own.name)
        known.setdefault(path.parent.parent.name, set()).add(path.parent.name)
        if path.suffix == ".py" and "migrations" not in path.parts:
            owner = "settings" if path.parent.name == "settings" else own.name  # they are read as one module
            words(parsed(name), owner, known)
    return known


def words(tree: ast.AST, owner: str, known: dict[str, set[str]]) -> None:
    mine = known.setdefault(owner, set())
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name):
                mine.add(name)
            case ast.ClassDef(name=name):
                mine.add(name)
                if node is not tree:
                    words(node, name, known)
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                mine.add(name)
            case ast.alias(name=name, asname=other):
                mine.add((other or name).split(".")[-1])


def prose() -> Iterator[tuple[str, str]]:
    """Each document and docstring, and each comment, with the file it stands in."""
    for name in sorted(files()):
        if name.endswith(".md") and name != "docs/CHANGELOG.md":
            yield name, (ROOT / name).read_text(encoding="utf-8")
        elif name.endswith(".py") and "/migrations/" not in name:
            for node in ast.walk(parsed(name)):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    yield name, ast.get_docstring(node) or ""
            lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
            yield name, "\n".join(line for line in lines if line.lstrip().startswith("#"))


def is_there(named: str) -> bool:
    """Whether the tree has what is named so; whatever is neither a path nor a dotted name is not ours to judge."""
    if named in ELSEWHERE or named.startswith(("var/", "/")):
        return True
    if said := IN_FILE.fullmatch(named):
        return any(
            re.search(rf"\b{said[2]}\b", (ROOT / name).read_text(encoding="utf-8"))
            for name in files()
            if f"/{name}".endswith(f"/{said[1]}")
        )
    if PATH.fullmatch(named):
        return named.rstrip("/") in paths()
    if DOTTED.fullmatch(named):
        parts = named.split(".")
        if parts[-1] in ENDINGS:
            return named in paths()
        return all(second in modules()[first] for first, second in pairwise(parts) if first in modules())
    return True


def test_what_prose_names_is_there() -> None:
    missing = {(where, named) for where, text in prose() for named in TICKED.findall(text) if not is_there(named)}
    assert missing == set()


def test_a_word_stands_in_the_glossary_once() -> None:
    rows = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
    heads = [row.split("|")[1].strip() for row in rows if row.startswith("| **")]
    assert [head for head, count in Counter(heads).items() if count > 1] == []


@pytest.mark.parametrize(
    "named", ["portal/web/nowhere.py", "scoping.no_such_name", "tenants.nowhere.thing", "tenants/scoping.py: nothing"]
)
def test_what_is_not_there_is_seen(named: str) -> None:
    assert not is_there(named)


@pytest.mark.parametrize(
    "named", ["tenants/scoping.py", "tenants.scoping", "scoping.tenant_scope", "tenants/work.py: work"]
)
def test_what_is_there_is_let_through(named: str) -> None:
    assert is_there(named)
