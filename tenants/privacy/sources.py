"""The register of personal data: every model that points at a person, field by field.

Each floor registers its models in `registers.py`, saying for each field what kind of data it is; the
kind says how an export, an erasure and the record of processing (GDPR art. 15, 17, 30) have to treat it, and the
model how long it is kept. `portal/tests/test_personal_data.py` refuses a field that stands nowhere in it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.db import models


class Kind(StrEnum):
    """What a field says about a person."""

    IDENTITY = "identity"  # who they are and how to reach them
    CONDUCT = "conduct"  # what they did, when and where
    LEDGER = "ledger"  # what bookkeeping law demands
    TRACE = "trace"  # how and from where they used the portal
    SECRET = "secret"  # noqa: S105  # what opens their account
    TECHNICAL = "technical"  # keys, states and links that say nothing of their own


class AtErasure(StrEnum):
    """What becomes of a field when the person is erased."""

    EMPTIED = "emptied"
    UNLINKED = "kept without the link to the person"
    KEPT = "kept until its time is over"
    DELETED = "deleted with its row"


class Treatment(NamedTuple):
    """What happens to a kind of field."""

    is_exported: bool
    at_erasure: AtErasure


TREATMENT: dict[Kind, Treatment] = {
    Kind.IDENTITY: Treatment(is_exported=True, at_erasure=AtErasure.EMPTIED),
    Kind.CONDUCT: Treatment(is_exported=True, at_erasure=AtErasure.UNLINKED),
    Kind.LEDGER: Treatment(is_exported=True, at_erasure=AtErasure.KEPT),
    Kind.TRACE: Treatment(is_exported=True, at_erasure=AtErasure.KEPT),
    Kind.SECRET: Treatment(is_exported=False, at_erasure=AtErasure.DELETED),
    Kind.TECHNICAL: Treatment(is_exported=False, at_erasure=AtErasure.UNLINKED),
}


class Retention(StrEnum):
    """How long rows are kept."""

    ACCOUNT = "while the person has an account"
    CONTRACT = "while the person is a customer, and three years for claims"
    MESSAGES = "thirty days, as proof of what a station said"
    BOOKS = "through the seventh year after the financial year (BFL 7 kap. 2 §)"
    SENT = "until it has been sent, a day at most"
    LOG = "seven years, as the history of processing that explains the books (BFL 5 kap. 11 §)"
    PROOF = "as long as the consent is relied on, and three years for claims (GDPR art. 7(1))"


#: Instead of a path: no reference leads to the person, but the row holds numbers of cards, by which theirs are found.
BY_CARD = "by card"


@dataclass(frozen=True, slots=True)
class Source:
    """One model: how its rows lead to the person, how long they are kept, and its fields by kind."""

    model: type[models.Model]
    person: str
    kept: Retention
    fields: dict[str, Kind]

    def of_kind(self, kind: Kind) -> list[str]:
        """The names of the fields of this kind."""
        return [name for name, each in self.fields.items() if each is kind]


_register: dict[type[models.Model], Source] = {}


def register(model: type[models.Model], *, person: str, kept: Retention, **fields: str) -> None:
    """Enter a model, its fields' names given by kind: `identity="name email", technical="id"`.

    person: the path from a row to the person it is about (`account__driver`: by way of another row);
        `self` when the row is the person; `BY_CARD`.
    Raises `ValueError` for a field that the model does not have or that is named twice.
    """
    by_name: dict[str, Kind] = {}
    for kind, names in fields.items():
        for name in names.split():
            if name in by_name:
                raise ValueError(f"{model._meta.label}.{name} has two kinds: {by_name[name]} and {kind}.")
            model._meta.get_field(name)
            by_name[name] = Kind(kind)
    _register[model] = Source(model, person, kept, by_name)


def all_sources() -> list[Source]:
    """Every model in the register, lower floors first."""
    return list(_register.values())


def source(model: type[models.Model]) -> Source | None:
    """The model's entry; None when it has none."""
    return _register.get(model)
