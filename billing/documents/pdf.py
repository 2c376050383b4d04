"""The PDF of a page model, by typst: PDF/A-3b for the archive, PDF/UA-1 for screen readers.

Trap: a process that has compiled must not fork; the child would wait for threads that do not exist there.
Web and task workers fork before they serve, so compiling only in them is safe; a child of a process that
has compiled refuses here instead of hanging.
"""

import os
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
import typst
from django.conf import settings

from billing.documents import factur_x, signs
from billing.domain.errors import BillingError, Code

INVOICE: Final = "invoice.typ"
PROBE: Final = "signs.typ"
STANDARDS: Final = ["a-3b", "ua-1"]
_compiled_by: list[int] = []


class CompiledBeforeFork(RuntimeError):
    """This process was forked from one that had compiled a document; compiling here would never end."""


class CannotBeSet(BillingError):
    """A page that typst refuses even with every doubtful sign replaced. It does not say whose."""

    usual = Code.CANNOT_BE_SET


def render(
    page: dict[str, Any], *, logo: bytes = b"", at: datetime, template: str = INVOICE, factur_x_file: bytes = b""
) -> bytes:
    """Return the PDF of a page model, such as `layout.page`. The same arguments give the same bytes.

    logo: a PNG of ours; the seller's name stands in its place if it cannot be shown.
    template: a file of `templates/documents` that places the page.
    factur_x_file: the document for machines, embedded: the PDF is then Factur-X.

    Raises:
        CannotBeSet: it cannot be made, whatever is replaced.
    """
    made = _set(page, logo, _archived(at), template, factur_x_file)
    return factur_x.described(made) if factur_x_file else made


def picture(page: dict[str, Any], *, logo: bytes = b"") -> bytes:
    """Return the first page as a PNG, for a screen: what a look comes to. Raises as `render`."""
    return _set(page, logo, {"format": "png", "ppi": 110}, INVOICE)


def _set(page: dict[str, Any], logo: bytes, how: dict[str, Any], template: str, embedded: bytes = b"") -> bytes:
    ready = signs.tidied(page)
    try:
        return _compiled(template, ready, logo=logo, embedded=embedded, **how)
    except typst.TypstError:
        ready = signs.shown(ready, _shows)
    for shown in dict.fromkeys((logo, b"")):
        try:
            return _compiled(template, ready, logo=shown, embedded=embedded, **how)
        except typst.TypstError:
            continue
    raise CannotBeSet from None  # typst's own words would name people


@lru_cache(maxsize=4096)
def _shows(text: str) -> bool:
    """Whether our fonts show every sign of the text, in the styles the template uses."""
    try:
        _compiled(PROBE, text, **_archived(datetime.fromtimestamp(0, UTC)))
    except typst.TypstError:
        return False
    return True


def _archived(at: datetime) -> dict[str, Any]:
    return {"format": "pdf", "pdf_standards": STANDARDS, "timestamp": int(at.timestamp())}


def _compiled(template: str, page: Any, *, logo: bytes = b"", embedded: bytes = b"", **how: Any) -> bytes:
    inputs = {
        "page": orjson.dumps(page).decode(),
        "logo": orjson.dumps(list(logo)).decode(),
        "embedded": embedded.decode(),
    }
    made = _compiler(template).compile(sys_inputs=inputs, **how)
    return bytes(made[0] if isinstance(made, list) else made)


def _compiler(template: str) -> Any:
    if not _compiled_by:
        _compiled_by.append(os.getpid())
    if _compiled_by != [os.getpid()]:
        raise CompiledBeforeFork("Documents were compiled before this process was forked. Compile in workers only.")
    return _made(template)


@lru_cache(maxsize=4)
def _made(template: str) -> Any:
    """One compiler a process and template: fonts are read once."""
    folder = Path(settings.BASE_DIR) / "templates" / "documents"
    return typst.Compiler(
        str(folder / template), root=str(folder), ignore_system_fonts=True, font_paths=signs.folders()
    )
