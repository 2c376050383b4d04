"""The Swedish catalogue: complete, faithful, and everything visible asks for it.

What a template shows is found by taking away comments, tags and what is inside `blocktranslate`; letters
that are left have not been marked. Whether the catalogue still has the sentences of the sources is
answered by GNU gettext, where that is installed.
"""

import ast
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polib  # type: ignore[import-untyped]
import pytest
from django.core.management import call_command
from django.utils import translation

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "sv" / "LC_MESSAGES" / "django.po"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SOURCES = ("portal", "billing", "charging", "tenants", "templates")

#: Names and units that are the same in every language; `&nbsp;` and its like.
NAMES = re.compile(r"\b(?:Wattledger|SHA-256|UTC|PDF|kWh?|ms|PostgreSQL|Redis|OpenAPI)\b|&\w+;")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")
#: What a machine reads is the same in every language.
CODE = re.compile(r"<(code|pre)\b.*?</\1>", re.S)
COMMENTS = re.compile(r"\{#.*?#\}|<!--.*?-->|\{%\s*comment\b.*?\{%\s*endcomment\s*%\}", re.S)
TRANSLATED = re.compile(r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}", re.S)
CLASS_BLOCKS = re.compile(r"\{%\s*block (?:page|main)_class\s*%\}.*?\{%\s*endblock\s*%\}", re.S)
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)
SPOKEN_ATTRIBUTES = re.compile(r'\b(?:aria-label|data-label|placeholder|title|alt)="([^"]*)"')
ELEMENTS = re.compile(r"<[^>]*>", re.S)
#: Components, which take words as they are: the first after the tag's name, or by the name of the argument.
TAG_STRINGS = re.compile(
    r"""\{%\s*(?:include|panel|page_header|alert|empty_state|table_frame|dialog|confirm|stat|badge|dot|crumb|copy"""
    r"""|field|file_drop|saved_form|pager|pages|progress|share|skeleton|tabs|week_clock|price_slices)\b(?:"[^"]*"|'[^']*'|[^%])*%\}"""
)
TAG_WORDS = re.compile(
    r"""(?:\b(?:label|title|text|lead|note|confirm|unit|badge|delta|shown)=|(?<=\s))(["'])((?:(?!\1).)*)\1(?=[\s|])"""
)
#: What a tag is told that nobody reads: names of templates, identifiers, classes.
NOT_WORDS = re.compile(r"^(?:[a-z]+(?:[-_/.][a-z_]*)*)?$")
WORD = re.compile(r"[^\W\d_]{2,}")


def entries() -> list[dict[str, str]]:
    """Every entry of the catalogue, also those without a translation."""
    return read(CATALOGUE)


def read(path: Path) -> list[dict[str, str]]:
    """The entries of a catalogue, each as keyword -> text."""
    found = []
    for entry in polib.pofile(str(path)):
        if not entry.obsolete and not entry.fuzzy:
            plural = {"msgid_plural": entry.msgid_plural} if entry.msgid_plural else {}
            texts = {f"msgstr[{number}]": text for number, text in entry.msgstr_plural.items()}
            context = {"msgctxt": entry.msgctxt} if entry.msgctxt else {}
            found.append({**context, "msgid": entry.msgid, **plural, **(texts or {"msgstr": entry.msgstr})})
    return found


def forms(entry: dict[str, str]) -> list[str]:
    return [text for keyword, text in entry.items() if keyword.startswith("msgstr")]


def wrong(entry: dict[str, str]) -> str:
    """What is wrong with the translation of an entry; nothing if it is faithful."""
    source, texts = entry["msgid"], forms(entry)
    if not all(texts):
        return "has no translation"
    if "msgid_plural" in entry and len(texts) != 2:
        return "needs two forms"
    wanted = set(PLACEHOLDER.findall(entry.get("msgid_plural", source)))
    allowed = wanted | set(PLACEHOLDER.findall(source))
    for text in texts:
        found = set(PLACEHOLDER.findall(text))
        if not (found == wanted or ("msgid_plural" in entry and set(PLACEHOLDER.findall(source)) <= found <= allowed)):
            return f"has the placeholders {sorted(found)} in {text!r}"
        if text.startswith("\n") != source.startswith("\n") or text.endswith("\n") != source.endswith("\n"):
            return "begins or ends with another line break"
    return ""


def test_a_thing_has_one_swedish_name():
    """E-mail is e-post: the other word for it stood beside it, on the same pages."""
    printed = (ROOT / "billing" / "documents" / "words.py").read_text(encoding="utf-8")
    texts = [text for entry in entries() for name, text in entry.items() if name.startswith("msgstr")]
    assert len(texts) > 1000
    assert [text for text in (*texts, *printed.splitlines()) if re.search(r"(?i)mejl", text)] == []


def test_every_entry_is_translated_faithfully() -> None:
    assert {entry["msgid"]: wrong(entry) for entry in entries() if wrong(entry)} == {}


def test_no_entry_is_fuzzy_or_left_over() -> None:
    lines = CATALOGUE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("#~") or (line.startswith("#,") and "fuzzy" in line)] == []


def test_no_entry_stands_twice() -> None:
    counts = Counter((entry.get("msgctxt"), entry["msgid"]) for entry in entries())
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no translation"),
        ("%(n)s filer", ""),
        ("%(count)s filer", "has the placeholders ['count'] in '%(count)s filer'"),
        ("filer", "has the placeholders [] in 'filer'"),
    ],
)
def test_a_lost_placeholder_is_noticed(text: str, fault: str) -> None:
    assert wrong({"msgid": "%(n)s files", "msgstr": text}) == fault


def unmarked(source: str) -> Iterator[str]:
    """The visible words of a template that no tag translates."""
    for gone in (COMMENTS, TRANSLATED, CLASS_BLOCKS, CODE):
        source = gone.sub("", source)
    for tag in TAG_STRINGS.findall(source):
        words = (text for _quote, text in TAG_WORDS.findall(tag))
        yield from (text for text in words if spoken(text) and not NOT_WORDS.match(text))
    source = TAGS.sub(" ", source)
    pieces = [*SPOKEN_ATTRIBUTES.findall(source), *ELEMENTS.split(source)]
    yield from (piece.strip() for piece in pieces if spoken(piece))


def spoken(text: str) -> bool:
    """Whether there are words in it that another language would say otherwise."""
    return WORD.search(NAMES.sub(" ", text)) is not None


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_visible_word_is_marked(template: Path) -> None:
    assert list(unmarked(template.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>{% translate 'Sites' %}</p><!-- a remark --><b>Wattledger</b>", []),
        ("<p>Sites {{ count }}</p>", ["Sites"]),
        ('<a aria-label="Close">{% icon "x" %}</a>', ["Close"]),
        ("{% panel title='All sites' %}", ["All sites"]),
        ("{% panel 'All sites' %}", ["All sites"]),
        ('{% stat "Energy" value note="of all" url=x %}', ["Energy", "of all"]),
        ('{% stat _("Energy") value note=_("of all") %}', []),
        ('{% confirm "end" url _("End") "Really?" %}', ["Really?"]),
        ("{% blocktranslate %}Hello{% endblocktranslate %}", []),
    ],
)
def test_an_unmarked_word_is_noticed(source: str, words: list[str]) -> None:
    assert list(unmarked(source)) == words


def literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts that code shows to people without asking for a translation: labels, help, messages."""
    shown = {"label", "help_text", "empty_label"}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [word.value for word in node.keywords if word.arg in shown]
        of_log = getattr(getattr(node.func, "value", None), "id", "") == "log"
        given += node.args if not of_log and name in {"success", "error", "warning", "info", "ValidationError"} else []
        yield from (
            (node.lineno, ast.unparse(one))
            for one in given
            if isinstance(one, ast.JoinedStr | ast.Constant) and WORD.search(str(getattr(one, "value", "")))
        )


@pytest.mark.parametrize(
    "module", sorted((ROOT / "portal" / "web").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT / "portal"))
)
def test_every_label_and_message_is_marked(module: Path) -> None:
    assert list(literals(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("sentence", ["Sessions", "Duration", "Invoice", "Sites"])
def test_our_words_win_over_those_of_the_framework(sentence: str) -> None:
    ours = {entry["msgid"]: entry["msgstr"] for entry in entries() if "msgstr" in entry and "msgctxt" not in entry}
    with translation.override("sv"):
        assert translation.gettext(sentence) == ours[sentence]


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")
def test_the_catalogue_has_the_sentences_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in SOURCES:
        ignored = shutil.ignore_patterns("tests", "__pycache__", "migrations", "node_modules")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    (tmp_path / "locale").mkdir()
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", locale=["sv"], no_location=True, no_wrap=True, verbosity=0)
    fresh = tmp_path / "locale" / "sv" / "LC_MESSAGES" / "django.po"
    wanted = {(entry.get("msgctxt"), entry["msgid"]) for entry in read(fresh)}
    kept = {(entry.get("msgctxt"), entry["msgid"]) for entry in entries()}
    assert {"missing": wanted - kept, "left over": kept - wanted} == {"missing": set(), "left over": set()}
