"""Sentences of the floors that know no Django, in the reader's language.

The price engine and the reading of files say what is wrong in English, with the place and the value in
the sentence; some of it is stored, as the error of an import is. Here each such sentence has its pattern.
One that fits is said again in the reader's language, one that fits none stays as it is.
"""

import re
from collections.abc import Iterator
from functools import cache

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

#: Remarks about tariffs, and what is wrong with a tariff's document.
TARIFFS = (
    _("The element already has a %(kind)s price."),
    _("A price of %(price)s pays the driver."),
    _("%(price)s is the price of an hour; if it was meant for a minute, write %(hourly)s."),
    _("A step of %(step)s is %(wh)s Wh; if kWh were meant, write %(meant)s."),
    _("A step of %(step)s is %(seconds)s seconds; if minutes were meant, write %(meant)s."),
    _("start_time and end_time are both %(time)s; that is read as the whole day."),
    _(
        "The window passes midnight and the weekday is judged at each instant: after midnight it holds only if "
        "the next day is listed too."
    ),
    _("Its restrictions exclude each other, so its %(kind)s price never holds."),
    _("Earlier elements always win, so its %(kind)s price never holds."),
    _("Its %(kind)s price overlaps an earlier element, which wins by its order."),
    _("Energy has no price %(hours)s."),
    _("At some energies, durations, dates, powers or currents energy has no price %(hours)s."),
    _("No element prices energy; it is free."),
    _("Some prices name a VAT rate and others none; none means that no VAT applies to them."),
    _("The bound names no amount including VAT; VAT is scaled with the price."),
    _("min_price.excl_vat is %(least)s, above max_price.excl_vat of %(most)s."),
    _("%(path)s must be a three-letter ISO 4217 code, not %(value)s."),
    _("currency must be the tariff's, %(currency)s, not %(value)s."),
    _("%(path)s must be %(wanted)s, not %(value)s."),
)
#: What a field of a tariff's document must be.
WANTED = (
    _("an object"),
    _("a list"),
    _("text"),
    _("a number"),
    _("a finite number"),
    _("below %(amount)s"),
    _("a whole number of at least 0"),
    _("at least 0"),
    _("a time of day as hh:mm between 00:00 and 23:59"),
    _("a date as yyyy-mm-dd"),
    _("an instant as yyyy-mm-ddThh:mm:ssZ"),
    _("a percentage between 0 and 100"),
    _("a restriction of OCPI 2.2.1"),
    _("a weekday such as MONDAY"),
    _("RESERVATION or RESERVATION_EXPIRES"),
    _("FLAT or TIME in a reservation element"),
    _("a list with at least one component"),
    _("a list with at least one element"),
    _("one of %(names)s"),
)
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
KINDS = {
    "ENERGY": _("Energy"),
    "TIME": _("Charging time"),
    "PARKING_TIME": _("Parking after charging"),
    "FLAT": _("Start fee"),
}
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = (_("at any time"), _("daily"))
FACT = re.compile(r"%\\\((\w+)\\\)s")


def in_words(sentence: str) -> str:
    """Return the sentence in the reader's language."""
    if (get_language() or "en").startswith("en"):
        return sentence
    return next(_said(sentence, (*TARIFFS, *FILES, *PROFILES)), sentence)


def _said(sentence: str, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        if fit := _expression(pattern).fullmatch(sentence):
            yield gettext(pattern) % {name: _fact(name, text) for name, text in fit.groupdict().items()}


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """The pattern as it matches: `%(kind)s` stands for any text, as little of it as fits."""
    return re.compile(FACT.sub(r"(?P<\1>.+?)", re.escape(pattern)), re.S)


def _fact(name: str, text: str) -> str:
    """A fact of a sentence; the few that are words themselves are said in the reader's language too."""
    if name == "kind" and text in KINDS:
        return gettext(KINDS[text]).lower()
    if name == "wanted":
        return next(_said(text, WANTED), text)
    return _hours(text) if name == "hours" else text


def _hours(text: str) -> str:
    """Hours of the week: `Monday 08:00–17:00; Sunday 00:00–24:00`."""
    for words in HOURS:
        text = text.replace(words, gettext(words))
    for place, day in enumerate(DAY_NAMES):
        text = text.replace(day, str(WEEKDAYS[place]))
    return text
