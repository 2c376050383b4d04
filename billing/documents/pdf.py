"""The PDF of a page model, by typst: PDF/A-3b for the archive, PDF/UA-1 for screen readers.

Trap: a process that has compiled must not fork; the child would wait for threads that do not exist there.
Web and task workers fork before they serve, so compiling only in them is safe; a child of a process that
has compiled refuses here instead of hanging.
"""

import os
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
import typst
from django.conf import settings

TEMPLATE: Final = "invoice.typ"
STANDARDS: Final = ["a-3b", "ua-1"]
_compiled_by: list[int] = []


class CompiledBeforeFork(RuntimeError):
    """This process was forked from one that had compiled a document; compiling here would never end."""


def render(page: dict[str, Any], *, at: datetime) -> bytes:
    """Return the PDF of a page model (`layout.page`). The same page and instant give the same bytes."""
    result = _compiler().compile(
        sys_inputs={"page": orjson.dumps(page).decode()},
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=int(at.timestamp()),
    )
    return bytes(result)


def _compiler() -> Any:
    if not _compiled_by:
        _compiled_by.append(os.getpid())
    if _compiled_by != [os.getpid()]:
        raise CompiledBeforeFork("Documents were compiled before this process was forked. Compile in workers only.")
    return _made()


@lru_cache(maxsize=1)
def _made() -> Any:
    """One compiler a process: fonts are read once."""
    folder = Path(settings.BASE_DIR) / "templates" / "documents"
    return typst.Compiler(str(folder / TEMPLATE), root=str(folder), ignore_system_fonts=True)
