"""QR codes as pictures: what a phone or the app of a bank reads off a page, a sign or an invoice."""

from typing import Any
from urllib.parse import quote

import numpy as np
import zxingcpp

#: Error correction M: a seventh of the code may be hidden or dirty.
LEVEL = "M"
#: Modules left white around the code: readers ask for four.
MARGIN = 4


def svg(text: str) -> str:
    """The code as SVG, one unit a module, black on white. Holds the UTF-8 of the text, unmarked.

    Raises:
        ValueError: the text is longer than a code holds (2,331 bytes).
    """
    # As bytes: of a text the library makes Latin-1 where it can, and payment codes say that they are UTF-8.
    code = zxingcpp.create_barcode(text.encode(), zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL)
    modules = np.asarray(code.to_image(add_quiet_zones=False))
    side = len(modules) + 2 * MARGIN
    black = "".join(f"M{x} {y}h{wide}v1h-{wide}z" for x, y, wide in _runs(modules))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{black}"/></svg>'
    )


def data_uri(text: str, *, module: int) -> str:
    """The code as the address of an image, `module` pixels a module. Raises as `svg`."""
    made = svg(text)
    side = int(made.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0]) * module
    return "data:image/svg+xml," + quote(made.replace("<svg ", f'<svg width="{side}" height="{side}" ', 1))


def _runs(modules: Any) -> list[list[int]]:
    """Where black begins, row by row, and how many modules wide it is."""
    edges = np.diff(np.pad(modules == 0, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, columns = np.nonzero(edges)  # a beginning and an end by turns
    begins, ends = columns[::2], columns[1::2]
    return np.stack([begins + MARGIN, rows[::2] + MARGIN, ends - begins], axis=1).tolist()  # type: ignore[no-any-return]
