"""Sentences for codes: the one place where a code and its facts become something a person reads.

`SENTENCES` of a subject's module holds a lazy pattern for each code; `facts` writes what the pattern names.
The sentence is in the reader's language, so it is made when it is shown and never stored.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.words import facts, refusals
from tenants.coded import Coded

SENTENCES: dict[str, str | Promise] = {**refusals.SENTENCES}
#: Of a code that is not known here: a row that a newer version stored.
UNKNOWN = _("Something went wrong that this version has no words for: %(code)s.")


def say(code: str, about: Mapping[str, Any] | None = None) -> str:
    """The sentence of a code, with what it is about."""
    pattern = SENTENCES.get(code)
    if pattern is None:
        return str(UNKNOWN) % {"code": code}
    return str(pattern % facts.Written(about or {}))


def why(problem: Exception) -> str:
    """The sentence of what was raised."""
    if isinstance(problem, Coded):
        return say(problem.code, problem.facts)
    if isinstance(problem.__cause__, Coded):
        return why(problem.__cause__)
    from portal.words.plain_words import in_words  # noqa: PLC0415

    return in_words(str(problem))
