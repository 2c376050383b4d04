"""Sentences of the floors that know no Django, in the reader's language.

The price engine and the reading of files say what is wrong in English, with the place and the value in
the sentence; some of it is stored, as the error of an import is. Here each such sentence has its pattern.
One that fits is said again in the reader's language, one that fits none stays as it is.
"""

import re
from collections.abc import Iterator
from functools import cache

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

#: What is wrong with a file of sessions, or with how it was to be read.
FILES = (
    _("The file is empty."),
    _("The sheet is empty."),
    _("The file cannot be read as %(encoding)s text: %(problem)s."),
    _("The file cannot be read to its end: %(problem)s."),
    _("The file is not text: it contains zero bytes."),
    _("The file is not JSON lines: no line is an object with session facts, nested at most %(depth)s deep."),
    _("The first lines of the file hold nothing but delimiters."),
    _("Line %(line)s has more than %(limit)s characters; no line of headings is that long."),
    _("Line %(line)s has %(found)s columns; at most %(limit)s are read."),
    _("Up to line %(line)s the objects have %(found)s different names; at most %(limit)s are read."),
    _(
        "The cells of the workbook lie too far apart: with %(corner)s its sheets reach over %(found)s cells, at most "
        "%(limit)s are read. Delete the stray cells, or save it as CSV."
    ),
    _("Something in the file cannot be read at all. Save it as CSV and try again."),
    _("Reading the file took more than %(limit)s seconds of work. Split it into parts."),
    _("Reading the file took more than %(limit)s MB of memory. Save it as CSV, or split it into parts."),
    _("Reading the file gave no sign of life for %(limit)s seconds."),
    _("Reading the file gave an answer that is too long. Split it into parts."),
    _("The file is not a workbook that can be read: %(problem)s."),
    _("The workbook has no sheet with rows."),
    _("The workbook is larger than %(limit)s MB when unpacked. Save it as CSV."),
    _("The file is larger than %(limit)s MB when unpacked. Split it into parts."),
    _("The compressed file is damaged: %(problem)s."),
    _("The file lacks a column for %(fact)s: %(columns)s."),
    _("The file has no column for %(facts)s. Its columns are: %(columns)s."),
    _("A profile has no setting “%(name)s”."),
    _("%(name)s cannot be “%(value)s”; it is one of %(choices)s."),
    _("There is no profile called “%(name)s”. There are: %(names)s."),
    _("A profile needs a name of at most 80 characters."),
    _("This import is %(state)s; it cannot be started."),
    _("There is no time zone called “%(name)s”. Write it like “Europe/Stockholm”."),
)
#: The profiles that come with the product, by their titles.
PROFILES = (
    _("Dundee City Council, charging sessions 2018 (with or without the user's id)"),
    _("Trondheim garages, charging reports 2018 to 2020"),
    _("Wattledger's own format, with meter readings"),
)
FACT = re.compile(r"%\\\((\w+)\\\)s")


def in_words(sentence: str) -> str:
    """Return the sentence in the reader's language."""
    if (get_language() or "en").startswith("en"):
        return sentence
    return next(_said(sentence, (*FILES, *PROFILES)), sentence)


def _said(sentence: str, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        if fit := _expression(pattern).fullmatch(sentence):
            yield gettext(pattern) % fit.groupdict()


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """The pattern as it matches: `%(kind)s` stands for any text, as little of it as fits."""
    return re.compile(FACT.sub(r"(?P<\1>.+?)", re.escape(pattern)), re.S)
