"""Every sentence that is to be translated stands where `makemessages` finds it.

GNU gettext reads sources without running them. It finds a text in quotes, in a call of `gettext` and its kin or of
`_`; not under another name, not in an f-string, not what a variable holds, and not what is put together of parts.
What it does not find is in no catalogue and stays English, and no other test of the catalogue would see that.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FLOORS = ("tenants", "charging", "billing", "portal", "launcher")
#: What asks for a translation, and which of its arguments are texts.
TEXTS = {
    "gettext": 1,
    "gettext_lazy": 1,
    "gettext_noop": 1,
    "ngettext": 2,
    "ngettext_lazy": 2,
    "pgettext": 2,
    "pgettext_lazy": 2,
    "npgettext": 3,
    "npgettext_lazy": 3,
}
SHORT = {"gettext", "gettext_lazy"}  # what `_` may stand for: it has one text
#: Functions that take their text as it comes, and where that is found.
ASKED_OF_A_VARIABLE = {
    "portal/web/api_guide.py: _plain": "the API's description marks its sentences where they stand (portal/api)",
}
#: Tags that translate what a variable holds.
OF_A_VARIABLE = re.compile(r"\{%\s*trans(?:late)?\s+[^\"'\s].*?%\}|\b_\(\s*[^\"'\s)].*?\)")


def sources() -> Iterator[Path]:
    for floor in FLOORS:
        yield from (path for path in (ROOT / floor).rglob("*.py") if not {"tests", "migrations"} & {*path.parts})


def not_found(source: str) -> Iterator[tuple[str, str]]:
    """What is asked for where nobody finds it: the function it stands in, and what is wrong."""
    tree = ast.parse(source)
    asks = {name: name for name in TEXTS}
    for node in (each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)):
        for one in node.names:
            called = one.asname or one.name
            if one.name in TEXTS and not (called == one.name or (called == "_" and one.name in SHORT)):
                yield "", f"{one.name} under the name {called}"
            if called in {*TEXTS, "_"} and node.module != "django.utils.translation":
                yield "", f"{called} out of {node.module}"
            if one.name in TEXTS:
                asks[called] = one.name
    yield from _in(tree, "", asks, _marked(tree, asks))


def _marked(tree: ast.Module, asks: dict[str, str]) -> set[str]:
    """Constants of the module that hold a text which is marked where they are written."""
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and _asked(node.value, asks) == "gettext_noop"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _asked(node: ast.AST, asks: dict[str, str]) -> str:
    """What a call asks for a translation, if it does."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return asks.get(name, "")
        case ast.Call(func=ast.Attribute(attr=name)) if name in TEXTS:
            return name
    return ""


def _in(
    node: ast.AST, where: str, asks: dict[str, str], marked: set[str], *, of_text: bool = False
) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        where = node.name
    of_text = of_text or isinstance(node, ast.JoinedStr)
    kind = _asked(node, asks)
    if kind and isinstance(node, ast.Call):
        texts = node.args[: TEXTS[kind]]
        if of_text:
            yield where, f"inside an f-string: {ast.unparse(node)}"
        if len(texts) < TEXTS[kind] or not all(_plain(text, marked) for text in texts):
            yield where, f"no text in quotes: {ast.unparse(node)}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in asks:
        yield where, f"handed on: {node.id}"
    for child in ast.iter_child_nodes(node):
        if not (kind and isinstance(node, ast.Call) and child is node.func):
            yield from _in(child, where, asks, marked, of_text=of_text)


def _plain(text: ast.expr, marked: set[str]) -> bool:
    is_quoted = isinstance(text, ast.Constant) and isinstance(text.value, str)
    return is_quoted or (isinstance(text, ast.Name) and text.id in marked)


def test_every_sentence_of_the_code_is_found() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {where}": what
        for path in sources()
        for where, what in not_found(path.read_text(encoding="utf-8"))
    }
    assert {where: what for where, what in found.items() if where not in ASKED_OF_A_VARIABLE} == {}
    assert set(ASKED_OF_A_VARIABLE) <= set(found), "an exception that nothing needs any more"


def test_every_sentence_of_the_templates_is_found() -> None:
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in (ROOT / "templates").rglob("*.*")
        if path.suffix in {".html", ".txt"}
    }
    assert {str(path.relative_to(ROOT)): found for path, text in texts.items() if (found := variables(text))} == {}


def variables(template: str) -> list[str]:
    tags = re.findall(r"\{[%{].*?[%}]\}", template)
    return [tag for tag in tags if OF_A_VARIABLE.search(tag)]


HEAD = "from django.utils.translation import gettext as _, gettext_noop, ngettext\n"


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("_('Sites')", 0),
        ("_('All sites'\n  ' of the operator')", 0),
        ("_('%(n)s sites') % {'n': _('no')}", 0),
        ("USUAL = gettext_noop('Sites')\n_(USUAL)", 0),
        ("moment, _, name = text.partition(' ')", 0),
        ("_(name)", 1),
        ("_('All ' + 'sites')", 1),
        ("_(f'Sites of {name}')", 1),
        ("f'{_(\"Sites\")}: {count}'", 1),
        ("ngettext('site', plural, 2)", 1),
        ("_(message='Sites')", 1),
        ("map(_, names)", 1),
        ("translation.gettext(name)", 1),
        ("from django.utils.translation import gettext as said", 1),
        ("from django.utils.translation import ngettext as _", 1),
        ("from portal.words import gettext", 1),
    ],
)
def test_a_sentence_that_nobody_finds_is_noticed(source: str, faults: int) -> None:
    assert len(list(not_found(HEAD + source))) == faults


@pytest.mark.parametrize(
    ("template", "faults"),
    [
        ("{% translate 'Sites' %}{{ _('Sites') }}{% panel _(\"Sites\") %}", 0),
        ("{% translate name %}", 1),
        ("{% trans site.name as name %}", 1),
        ("{% panel _(name) %}", 1),
    ],
)
def test_a_variable_in_a_template_is_noticed(template: str, faults: int) -> None:
    assert len(variables(template)) == faults
