"""Sentences for codes: the one place where a code and its facts become something a person reads.

`SENTENCES` of a subject's module holds a lazy pattern for each code; `facts` writes what the pattern names.
The sentence is in the reader's language, so it is made when it is shown and never stored.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.words import bounds, e_invoices, facts, imports, measures, pricing, refusals, work
from tenants.bounds import OutOfBounds
from tenants.coded import Coded

SENTENCES: dict[str, str | Promise] = {
    **refusals.SENTENCES,
    **pricing.SENTENCES,
    **e_invoices.SENTENCES,
    **imports.SENTENCES,
    **work.SENTENCES,
    **bounds.SENTENCES,
}
#: Of a code that is not known here: a row that a newer version stored.
UNKNOWN = _("Something went wrong that this version has no words for: %(code)s.")


def say(code: str, about: Mapping[str, Any] | None = None) -> str:
    """The sentence of a code, with what it is about."""
    pattern = SENTENCES.get(code)
    if pattern is None:
        return str(UNKNOWN) % {"code": code}
    return str(pattern % _Written(about or {}))


class _Written(dict[str, Any]):
    """Facts by name, as a sentence shows them. One that an old row lacks is a dash."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        super().__init__({name: _written(name, fact) for name, fact in about.items()})

    def __missing__(self, name: str) -> Any:
        return _Uncounted() if name == "count" else measures.DASH


class _Uncounted(int):
    """A number nobody knows: it has a plural, and is written as a dash."""

    def __str__(self) -> str:
        return measures.DASH


def _written(name: str, fact: Any) -> Any:
    """One fact as its sentence shows it. A fact with a code of its own is a sentence within."""
    if isinstance(fact, Mapping) and "code" in fact:
        return say(fact["code"], {name: part for name, part in fact.items() if name != "code"})
    return facts.written(name, fact)


def why(problem: Coded | OutOfBounds) -> str:
    """The sentence of what was raised."""
    return say(problem.code, problem.facts)
