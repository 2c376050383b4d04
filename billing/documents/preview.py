"""Pages of a kept PDF as pictures, for a screen that has no reader of PDFs in it, as telephones have not.

Drawn when somebody looks, from the file itself, and kept nowhere: a picture would be one more copy of what names
people. Only documents that we have set ourselves come here; what strangers send is never opened so.
"""

from io import BytesIO
from threading import Lock
from typing import Final

import pypdfium2  # type: ignore[import-untyped]

#: Dots an inch, as `pdf.picture` has them: a sheet of A4 is then 910 by 1287.
DOTS: Final = 110
_POINTS: Final = 72
#: The library draws for one thread at a time.
_drawing = Lock()


def count(content: bytes) -> int:
    """How many pages the document has."""
    with _drawing, pypdfium2.PdfDocument(content) as document:
        return len(document)


def page(content: bytes, number: int) -> bytes:
    """Return a page, counted from 1, as a PNG.

    Raises:
        IndexError: there is no such page.
    """
    with _drawing, pypdfium2.PdfDocument(content) as document:
        if not 1 <= number <= len(document):
            raise IndexError(number)
        drawn = document[number - 1].render(scale=DOTS / _POINTS).to_pil()
    png = BytesIO()
    drawn.save(png, format="PNG")
    return png.getvalue()
