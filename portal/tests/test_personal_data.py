"""The register of personal data is complete: a new field that nobody classified fails here."""

import pytest
from django.apps import apps

from tenants.models import Driver, DriverIdentity, Invitation, PasswordLetter, User
from tenants.privacy import sources
from tenants.privacy.sources import TREATMENT, AtErasure, Kind

#: An invitation is about whom it invites, a letter about whom it goes to.
PEOPLE = {User, Driver, DriverIdentity, Invitation, PasswordLetter}
# Libraries' models that could point at a person and hold no rows here.
NEVER_FILLED = {"guardian.UserObjectPermission", "auditlog.LogEntry"}


def points_at_a_person(model):
    return model in PEOPLE or any(field.related_model in PEOPLE for field in model._meta.concrete_fields)


PERSONAL = [model for model in apps.get_models() if points_at_a_person(model) and model._meta.label not in NEVER_FILLED]


@pytest.mark.parametrize("model", PERSONAL, ids=lambda model: model._meta.label)
def test_every_field_of_a_model_that_points_at_a_person_is_classified(model):
    entry = sources.source(model)
    assert entry is not None, "enter it in the floor's registers.py"
    assert {field.name for field in model._meta.concrete_fields} == set(entry.fields)


@pytest.mark.parametrize("entry", sources.all_sources(), ids=lambda entry: entry.model._meta.label)
def test_the_path_leads_to_a_person(entry):
    if entry.person == "self":
        assert entry.model in PEOPLE
    elif entry.person == sources.BY_CARD:
        assert {"raw", "id_tag"} & set(entry.fields)
    else:
        model = entry.model
        for step in entry.person.split("__"):
            model = model._meta.get_field(step).related_model
        assert model in PEOPLE


def test_never_filled_tables_are_empty_by_design(db):
    assert not apps.get_model("guardian.UserObjectPermission").objects.exists()


def test_every_kind_has_a_treatment_and_secrets_never_leave():
    assert set(TREATMENT) == set(Kind)
    assert not TREATMENT[Kind.SECRET].is_exported
    assert TREATMENT[Kind.IDENTITY].at_erasure is AtErasure.EMPTIED


def test_secrets_are_classified_as_such():
    secret = {(entry.model._meta.label, name) for entry in sources.all_sources() for name in entry.of_kind(Kind.SECRET)}
    assert {
        ("tenants.User", "password"),
        ("tenants.TotpDevice", "sealed_seed"),
        ("tenants.RecoveryCode", "code_hash"),
    } <= secret


def test_a_field_cannot_have_two_kinds():
    with pytest.raises(ValueError, match="two kinds"):
        sources.register(
            User, person="self", kept=sources.Retention.ACCOUNT, serves="access", identity="email", trace="email"
        )
