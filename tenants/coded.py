"""What is wrong, as a code and the facts about it: the one form in which these floors speak of a failure.

Nothing below the doors writes sentences for people. A code is stable, is stored and sent to machines; the facts
name what it is about. `portal.words` has the sentence of each code, in every language.

This module is pure, so that the floors' domains may use it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

Plain = str | int | bool | list[Any] | dict[str, Any] | None


class Coded(Exception):
    """Something that cannot be done, or that went wrong.

    Its text is the bare code: facts may name people, and tracebacks stand in logs.
    """

    def __init__(self, code: str, /, **facts: object) -> None:
        super().__init__(str(code))
        self.code = str(code)
        self.facts: dict[str, Plain] = {name: plain(fact) for name, fact in facts.items()}

    def __str__(self) -> str:
        return self.code

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers of a pool hand errors over as bytes; subclasses take other arguments than this class does.
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[Coded], args: tuple[object, ...]) -> Coded:
    return kind.__new__(kind, *args)


def plain(fact: object) -> Plain:
    """A fact as JSON can hold it: exact numbers and days as text, rows and the like by their names."""
    if fact is None or isinstance(fact, bool | int):
        return fact
    if isinstance(fact, date):  # and its subclass `datetime`
        return fact.isoformat()
    if isinstance(fact, str):
        return str(fact)
    if isinstance(fact, Mapping):
        return {str(name): plain(part) for name, part in fact.items()}
    if isinstance(fact, Iterable) and not isinstance(fact, bytes):
        return [plain(part) for part in fact]
    return str(fact)
