"""The audit log names every field in the reader's language."""

from auditlog.registry import auditlog
from django.utils import translation
from django.utils.functional import Promise

from portal.words.log.fields import NAMES, name_of

#: Never shown: who owns the row, and its own numbers.
SILENT = {"id", "public_id", "operator"}


def unnamed() -> set[str]:
    """The audited fields whose model gives them no name to translate."""
    return {
        field.name
        for model in auditlog.get_models()
        for field in model._meta.concrete_fields
        if field.name not in {*SILENT, *auditlog.get_model_fields(model)["exclude_fields"]}
        and not isinstance(field.verbose_name, Promise)
    }


def test_every_audited_field_has_a_name() -> None:
    assert unnamed() - set(NAMES) == set()


def test_a_field_keeps_the_name_its_model_gives_it() -> None:
    assert name_of("stop_reason", "Orsak till slutet") == "Orsak till slutet"
    with translation.override("sv"):
        assert name_of("energy_wh", "energy wh") == "energi, Wh"


def test_an_unknown_fact_is_shown_as_it_is() -> None:
    assert name_of("some_new_fact") == "some new fact"
