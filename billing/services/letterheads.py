"""The look of an operator's documents: chosen anew as a whole, in force for what is issued from then on."""

import hashlib
from typing import BinaryIO

from billing.documents import pictures
from billing.models import Letterhead
from billing.selectors import letterheads


def choose(*, colour: str, logo: BinaryIO | None, keep_logo: bool) -> Letterhead:
    """Keep a new look and return it; the one in force, if nothing differs.

    logo: a picture that a person sent. keep_logo: without one, whether that of today stays.

    Raises:
        NoPicture: the logo cannot be taken.
    """
    row = Letterhead(colour=colour)
    today = letterheads.current()
    if logo is not None:
        drawn = pictures.drawn(logo)
        row.logo, row.width, row.height = drawn.png, drawn.width, drawn.height
        row.logo_sha256 = hashlib.sha256(drawn.png).hexdigest()
    elif keep_logo and today is not None:
        row.logo, row.logo_sha256 = bytes(today.logo), today.logo_sha256
        row.width, row.height = today.width, today.height
    if today is not None and (today.colour, today.logo_sha256) == (row.colour, row.logo_sha256):
        return today
    row.save()
    return row
