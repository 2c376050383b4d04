"""The register of personal data: every model that points at a person, field by field.

Each floor registers its models in `registers.py`, saying for each field what kind of data it is; the
kind says how an export, an erasure and the record of processing (GDPR art. 15, 17, 30) have to treat it, and the
model how long it is kept. `portal/tests/test_personal_data.py` refuses a field that stands nowhere in it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import models

from tenants.models import Account, Driver, Invitation, PlatformEvent, PlatformMember, PlatformVisit
from tenants.privacy.purposes import Purpose


class Kind(StrEnum):
    """What a field says about a person."""

    IDENTITY = "identity"  # who they are and how to reach them
    CONDUCT = "conduct"  # what they did, when and where
    LEDGER = "ledger"  # what bookkeeping law demands
    TRACE = "trace"  # how and from where they used the portal
    QUOTED = "quoted"  # what files say of whom nobody knows yet: it may name anybody
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
    Kind.QUOTED: Treatment(is_exported=False, at_erasure=AtErasure.EMPTIED),
    Kind.SECRET: Treatment(is_exported=False, at_erasure=AtErasure.DELETED),
    Kind.TECHNICAL: Treatment(is_exported=False, at_erasure=AtErasure.UNLINKED),
}


class Retention(StrEnum):
    """How long rows are kept."""

    ACCOUNT = "while the person has an account"
    CONTRACT = "while the person is a customer, and three years for claims"
    MESSAGES = "as long as the operator has set, usually thirty days, as proof of what a station said"
    BOOKS = "through the seventh year after the financial year (BFL 7 kap. 2 §)"
    SENT = "until it has been sent, a day at most"
    LOG = "seven years, as the history of processing that explains the books (BFL 5 kap. 11 §)"
    REQUESTS = "three years, as proof that what people asked was answered (GDPR art. 12(3))"
    COPY = "fourteen days, sealed until it is fetched"
    BREACH = "with the documentation of the breach (GDPR art. 33(5))"
    PROOF = "as long as the consent is relied on, and three years for claims (GDPR art. 7(1))"


class People(StrEnum):
    """Whom rows are about, as the record of processing puts people together (GDPR art. 30(1)(c))."""

    DRIVERS = "drivers"
    USERS = "users"
    INVITED = "invited"
    PLATFORM = "platform"


#: Whose rows lead to a person who signs in, and are about a narrower circle.
_CIRCLES: dict[type[models.Model], People] = {
    Invitation: People.INVITED,
    PlatformMember: People.PLATFORM,
    PlatformEvent: People.PLATFORM,
    PlatformVisit: People.PLATFORM,
    Account: People.DRIVERS,
}
#: Instead of a path: no reference leads to the person, but the row holds numbers of cards, by which theirs are found.
BY_CARD = "by card"


@dataclass(frozen=True, slots=True)
class Source:
    """One model: how its rows lead to the person, how long they are kept, what for, and its fields by kind."""

    model: type[models.Model]
    person: str
    kept: Retention
    serves: tuple[Purpose, ...]
    fields: dict[str, Kind]
    find: "Find | None" = None

    def of_kind(self, kind: Kind) -> list[str]:
        """The names of the fields of this kind."""
        return [name for name, each in self.fields.items() if each is kind]

    @property
    def people(self) -> People:
        """Whom the rows are about."""
        is_of_drivers = self.person == BY_CARD or "driver" in self.person or self.model._meta.model_name == "driver"
        return _CIRCLES.get(self.model, People.DRIVERS if is_of_drivers else People.USERS)


#: How the rows of a driver are found where no path leads to them. Works in the operator's scope.
Find = Callable[[Driver], "models.QuerySet[Any]"]
_register: dict[type[models.Model], Source] = {}


def register(
    model: type[models.Model],
    *,
    person: str,
    kept: Retention,
    serves: str,
    find: Find | None = None,
    **fields: str,
) -> None:
    """Enter a model, its fields' names given by kind: `identity="name email", technical="id"`.

    person: the path from a row to the person it is about (`account__driver`: by way of another row);
        `self` when the row is the person; `BY_CARD`.
    find: how a driver's rows are found where `person` is no path: `self` of another model than theirs, `BY_CARD`.
    serves: the purposes, parted by spaces (`tenants.privacy.purposes`).
    Raises `ValueError` for a field that the model does not have or that is named twice, and an unknown purpose.
    """
    purposes = tuple(Purpose(name) for name in serves.split())
    by_name: dict[str, Kind] = {}
    for kind, names in fields.items():
        for name in names.split():
            if name in by_name:
                raise ValueError(f"{model._meta.label}.{name} has two kinds: {by_name[name]} and {kind}.")
            model._meta.get_field(name)
            by_name[name] = Kind(kind)
    _register[model] = Source(model, person, kept, purposes, by_name, find)


def all_sources() -> list[Source]:
    """Every model in the register, lower floors first."""
    return list(_register.values())


def source(model: type[models.Model]) -> Source | None:
    """The model's entry; None when it has none."""
    return _register.get(model)
