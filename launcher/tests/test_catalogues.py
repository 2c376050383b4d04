"""Compiled catalogues say what the written ones say; polib is the judge."""

import gettext
from pathlib import Path
from tempfile import NamedTemporaryFile

import polib  # type: ignore[import-untyped]
import pytest

from launcher import catalogues
from launcher.paths import CHECKOUT

CATALOGUE = r"""# Swedish
#, fuzzy
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#: portal/web/staff/sessions/pages.py:12
msgid "Sessions"
msgstr "Laddningar"

msgctxt "of a session"
msgid "State"
msgstr "Tillstånd"
msgid "State"
msgstr "Delstat"

#, python-format
msgid "%(count)s session"
msgid_plural "%(count)s sessions"
msgstr[0] "%(count)s laddning"
msgstr[1] "%(count)s laddningar"

msgid ""
"A long text "
"in \"two\" lines\n"
msgstr ""
"En lång text "
"på \"två\" rader\n"

#, fuzzy, python-format
msgid "Guessed"
msgstr "Gissad"

msgid "Untranslated"
msgstr ""

#~ msgid "Gone"
#~ msgstr "Borta"
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "locale" / "sv" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


def test_the_result_is_what_gettext_reads(catalogue: Path, tmp_path: Path) -> None:
    assert catalogues.compile_all(tmp_path / "locale") == [catalogue.with_suffix(".mo")]
    swedish = gettext.translation("django", tmp_path / "locale", ["sv"])
    assert swedish.gettext("Sessions") == "Laddningar"
    assert swedish.gettext("State") == "Delstat"
    assert swedish.pgettext("of a session", "State") == "Tillstånd"
    assert swedish.ngettext("%(count)s session", "%(count)s sessions", 2) == "%(count)s laddningar"
    assert swedish.gettext('A long text in "two" lines\n') == 'En lång text på "två" rader\n'
    for left_out in ("Guessed", "Untranslated", "Gone"):
        assert swedish.gettext(left_out) == left_out


def test_an_independent_reader_finds_the_same_entries(catalogue: Path) -> None:
    catalogues.compile_one(catalogue)
    ours = polib.mofile(str(catalogue.with_suffix(".mo")))
    written = polib.pofile(str(catalogue))
    assert facts(list(ours)) == facts(written.translated_entries())


def facts(entries: list[polib.POEntry]) -> set[tuple[object, ...]]:
    return {
        (one.msgctxt, one.msgid, one.msgid_plural or "", one.msgstr, *one.msgstr_plural.values()) for one in entries
    }


def _read(compiled: bytes) -> polib.MOFile:
    with NamedTemporaryFile(suffix=".mo") as file:
        file.write(compiled)
        file.flush()
        return polib.mofile(file.name)


def test_every_catalogue_of_the_portal_compiles() -> None:
    for path in sorted((CHECKOUT / "locale").glob("*/LC_MESSAGES/*.po")):
        written = polib.pofile(str(path)).translated_entries()
        assert facts(list(_read(catalogues.compiled(path)))) == facts(written), path


def test_a_catalogue_is_compiled_again_only_when_it_changed(catalogue: Path) -> None:
    assert catalogues.compile_one(catalogue) is True
    assert catalogues.compile_one(catalogue) is False
    catalogue.write_text(CATALOGUE.replace("Laddningar", "Sessioner"), encoding="utf-8")
    assert catalogues.compile_one(catalogue) is True
    assert [path.name for path in sorted(catalogue.parent.iterdir())] == ["django.mo", "django.po"]


@pytest.mark.parametrize("line", ["msgid Sessions", 'msgid "Sessions', '"belongs nowhere"', "gibberish"])
def test_a_malformed_line_is_named_and_leaves_nothing_behind(tmp_path: Path, line: str) -> None:
    path = tmp_path / "django.po"
    path.write_text(f"# Swedish\n{line}\n", encoding="utf-8")
    with pytest.raises(catalogues.Malformed, match=r"django\.po, line 2"):
        catalogues.compile_one(path)
    assert list(tmp_path.iterdir()) == [path]
