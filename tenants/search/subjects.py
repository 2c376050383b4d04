"""What can be searched: each table entered once by its floor, as a work's kind is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import models

from tenants.search.terms import Pairs


@dataclass(frozen=True, slots=True)
class Subject:
    """A table whose rows are found by terms.

    fields: what of a row is searched, joined by spaces.
    terms_of: the terms of such texts.
    behind: so many ids may be handed out (to anybody) before what is new is indexed: they are looked through.
    whose: fields that say whose the texts are, where sealed ones are not opened without.
    """

    name: str
    model: type[models.Model]
    fields: tuple[str, ...]
    terms_of: Callable[[Sequence[str]], Pairs]
    behind: int
    whose: tuple[str, ...] = ()


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> Subject:
    """Enter a table, and return it."""
    _subjects[subject.name] = subject
    return subject


def subjects() -> list[Subject]:
    """All that can be searched."""
    return list(_subjects.values())


def named(name: str) -> Subject:
    """Return the subject of this name."""
    return _subjects[name]
