"""Nothing stands in the house that only tests use: whoever reads it would take it for the product.

A public name (a function, class or constant of a module, or a method) must be said somewhere in the product besides
where it is defined: in code, in a template, or in a text that names it, such as that of a task. What Python, Django or
another library asks for by name is not ours to use. Docstrings and comments use nothing.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("tenants", "charging", "billing", "portal", "launcher")
#: Asked for by name, or found by being there: classes of Django, Django REST framework and drf-spectacular, hooks of
#: their forms, fields, constraints, expressions, handlers and middleware, and those of the standard library.
ASKED_FOR = re.compile(
    r"\w+Config|\w+Scheme|Command|(test|clean|get|has|validate|default|process)_\w+|handle\w*|add_arguments"
    r"|authenticate_header|constraint_sql|create_sql|remove_sql|db_type|from_db_value|prepare_value|pre_save|read1"
    r"|set_source_expressions|seekable|receive_data_chunk|file_complete|urlpatterns"
)
#: Modules that Django, Celery or Python find by where they lie, and those that gunicorn.conf.py names.
FOUND_BY_PLACE = re.compile(
    r"__init__|__main__|/serving/|/management/commands/|/templatetags/|/settings/|/formats/|/(apps|tasks|wsgi)\.py"
)
#: What nothing in the product says, and why it stands all the same.
KEPT = {
    "refuse_privileged_role": "Celery calls it by its signal",
    "keep_files_to_ourselves": "the same",
    "look_less_for_rings": "the same",
    "PatientWorker": "gunicorn.conf.py names it",
    "WebLog": "the same",
    "settle": "the same",
    "create_attestation": "the library calls it for each passkey",
    "TREATMENT": "the register of personal data says it to the wall that holds every model to it",
    "all_sources": "the same",
    "of_kind": "the same",
    "json_of": "one of the readers of strangers' input, which are a set",
    "whole_of": "the same",
}


def sources() -> Iterator[Path]:
    for floor in FLOORS:
        yield from (path for path in (ROOT / floor).rglob("*.py") if not {"tests", "migrations"} & {*path.parts})


@cache
def trees() -> dict[Path, ast.Module]:
    """The syntax tree of each module of the product."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources()}


def asked(path: Path) -> bool:
    """Whether Django reads all that a module defines: the settings, and how days are typed."""
    return path.relative_to(ROOT).parts[:2] in (("portal", "settings"), ("portal", "formats"))


def words(text: str) -> Iterator[str]:
    return (found[0] for found in re.finditer(r"\w+", text))


def said(tree: ast.Module) -> Iterator[str]:
    """The words of a module's code: names, attributes, imports and texts, but no docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.ImportFrom(names=names):
                yield from (one.name for one in names)
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield from words(text)


def defined(tree: ast.Module) -> Iterator[str]:
    """The names that a module defines, and those of the public methods of its classes."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for body in bodies:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if body is tree.body or not node.name.startswith(
                    "_"
                ):  # a private method may be asked for by its command
                    yield node.name
            elif body is tree.body and isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from (one.id for one in targets if isinstance(one, ast.Name))


def unused() -> dict[str, str]:
    """Each name that nothing says, with the module that defines it."""
    used = Counter(word for tree in trees().values() for word in said(tree))
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]:
        used.update(words(path.read_text(encoding="utf-8")))
    return {
        name: str(path.relative_to(ROOT))
        for path, tree in trees().items()
        for name in defined(tree)
        if not name.startswith("__") and not used[name] and not ASKED_FOR.fullmatch(name) and not asked(path)
    }


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a module may have imported, by their dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def orphans() -> set[str]:
    """Modules that nothing of the product imports, though nobody else would find them."""
    reached = {name for tree in trees().values() for name in imported(tree)}
    texts = {text for tree in trees().values() for text in said(tree)}  # settings and URLs name modules, too
    found = set()
    for path in trees():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if name not in reached and path.stem not in texts and not FOUND_BY_PLACE.search(str(path.relative_to(ROOT))):
            found.add(name)
    return found


def test_every_module_is_reached_by_the_product() -> None:
    assert orphans() == set()


def test_every_name_is_used_by_the_product() -> None:
    assert {name: where for name, where in unused().items() if name not in KEPT} == {}


def test_what_is_kept_is_still_there() -> None:
    names = {name for tree in trees().values() for name in defined(tree)}
    assert KEPT.keys() - names == set()


def test_a_name_that_is_only_defined_or_described_is_found() -> None:
    tree = ast.parse('LIMIT = 3\n\ndef lonely() -> None:\n    """See `lonely`."""\n')
    assert list(defined(tree)) == ["LIMIT", "lonely"]
    assert list(said(tree)) == []
