"""Who people are and what they write lies sealed: what a dump still says of them is known, and grows no more."""

from itertools import count

from django.db import models

from portal.tests import dump
from portal.tests.examples import GLOBAL, example
from tenants.privacy import sources
from tenants.privacy.sources import Kind
from tenants.scoping import tenant_scope
from tenants.sealed_fields import SealedField

#: What lies in clear, as lists sort by it, SQL looks for it or stations are asked with it (decision 55).
IN_CLEAR = {
    "tenants.Driver": {"customer_number"},
    "tenants.Account": {"customer_number"},
    "charging.StationMessage": {"answer"},
    "charging.StationCommand": {"wanted"},
}
#: Whoever writes it seals it before (`tenants.services.proof.password_letters`).
SEALED_BEFORE = {("tenants.PasswordLetter", "sealed_to")}
_SHORTEST, _WORDS = 12, 100


def is_said(field, kind):
    """Whether a field says who somebody is, quotes a file, or holds what people wrote; codes and hashes are shorter."""
    if field.choices or not isinstance(field, models.CharField | models.TextField | models.JSONField | SealedField):
        return False
    length = getattr(field, "max_length", None) or _WORDS
    return length >= (_SHORTEST if kind in (Kind.IDENTITY, Kind.QUOTED) else _WORDS)


def said_of(source):
    """The names of a model's fields that say something in words."""
    kinds = {Kind.IDENTITY, Kind.QUOTED, Kind.CONDUCT}
    fields = [(source.model._meta.get_field(name), kind) for name, kind in source.fields.items() if kind in kinds]
    names = [field.name for field, kind in fields if is_said(field, kind)]
    return [name for name in names if (source.model._meta.label, name) not in SEALED_BEFORE]


def test_what_a_dump_says_of_people_is_what_is_known(north):
    numbers = count(1000)
    canaries = {}
    with tenant_scope(north.pk):
        for source in sources.all_sources():
            given = {}
            for name in said_of(source):
                field, canary = source.model._meta.get_field(name), f"kanari{next(numbers)}"
                canaries[canary] = (source.model._meta.label, name)
                as_text = f"{canary}@example.com" if isinstance(field, models.EmailField) else canary
                is_text = isinstance(field, models.CharField | models.TextField)
                given[name] = as_text if is_text else [as_text]
            if given:
                example(source.model, **given, **({"operator": north} if source.model in GLOBAL else {}))
    rows = "\n".join(dump.tables().values())
    found: dict[str, set[str]] = {}
    for canary, (label, name) in canaries.items():
        if dump.holds(rows, canary):
            found.setdefault(label, set()).add(name)
    assert found == IN_CLEAR
    assert len(canaries) > 40, "the register is asked"
