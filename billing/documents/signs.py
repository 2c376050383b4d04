"""Text of people made ready for a document: every name there is gives a valid PDF.

Names come from forms, uploaded files and other systems. PDF/A forbids a sign that no font shows, so one such name would
keep its invoice from ever being made. Two steps:

- `tidied`: signs that no text may hold and unseen marks go, line ends become spaces, accents are composed. Always.
- `shown`: a sign that none of our fonts can show becomes a box. Only for a page that could not be set, as looking at
  each sign costs as much as a page.

The fonts are the portal's typeface (`templates/documents/fonts`), typst's own and the Noto fonts of the packages in
`FONTS`: a page is set the same on every machine.
"""

import re
import unicodedata
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tenants.bounds import CONTROL, MARK, tidy

#: Packages that hold nothing but fonts, under the SIL Open Font License.
FONTS: Final = ("manimgx_fonts", "manimgx_fonts_cjk")
#: The portal's typeface, under the same license: its Latin letters, in the two weights of a document.
OWN: Final = Path(__file__).resolve().parents[2] / "templates" / "documents" / "fonts"
BOX: Final = "\u25a1"
#: What typst's own fonts show whatever happens: Latin with the accents of western Europe.
_PLAIN_UNTIL: Final = "\u017f"
_LINE_ENDS: Final = dict.fromkeys(map(ord, "\t\n\v\f\r\u0085\u2028\u2029"), " ")
#: What goes or becomes a space: nearly no text has any of it, and looking is faster than changing each sign.
_ODD: Final = re.compile(f"{CONTROL}|{MARK}|[\\u2028\\u2029\\ud800-\\udfff]")

Shows = Callable[[str], bool]


def folders() -> list[str]:
    """Where the fonts lie."""
    return [str(OWN), *(folder for name in FONTS for folder in _folder(name))]


def _folder(package: str) -> list[str]:
    spec = find_spec(package)
    if spec is None:
        raise RuntimeError(f"Documents need the fonts of {package}, which is not installed.")
    return list(spec.submodule_search_locations or ())


def tidied(page: Any) -> Any:
    """A page model, or a part of one, with each text as fonts and archives can take it."""
    return _each_text(page, _tidied)


def shown(page: Any, shows: Shows) -> Any:
    """A tidied page model with a box for each sign that cannot be shown. shows: whether a text can be set."""
    return _each_text(page, lambda text: _shown(text, shows))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(part, change) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(part, change) for part in value]
    return value


def _tidied(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if not _ODD.search(text):
        return unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", tidy(text.translate(_LINE_ENDS), instead=""))


def _shown(text: str, shows: Shows) -> str:
    if all(sign <= _PLAIN_UNTIL for sign in text) or shows(text):
        return text
    boxed = "".join(sign if sign <= _PLAIN_UNTIL or shows(sign) else BOX for sign in text)
    if shows(boxed):
        return boxed
    # Signs that can be shown alone and not together: marks that find no letter in their font.
    return "".join(sign if sign <= _PLAIN_UNTIL else BOX for sign in boxed)
