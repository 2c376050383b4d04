"""VAT numbers as people write them, by the rules of their country."""

import pytest

from tenants import company_numbers
from tenants.errors import Refused


@pytest.mark.parametrize(
    ("typed", "kept", "country"),
    [
        ("se 556036-0793 01", "SE556036079301", "SE"),
        ("EL 094259216", "EL094259216", "GR"),
        ("GR 094259216", "EL094259216", "GR"),
        ("GB 980 7806 84", "GB980780684", "GB"),
        ("XI 980 7806 84", "XI980780684", "GB"),
        ("CHE-107.787.577 MWST", "CHE107787577MWST", "CH"),
        ("CHE-107.787.577 TVA", "CHE107787577TVA", "CH"),
        ("CHE-107.787.577 MWST", "CHE107787577MWST", "LI"),
        ("LI 54 321", "LI54321", "LI"),
        ("974 760 673 MVA", "NO974760673MVA", "NO"),
    ],
)
def test_a_vat_number_is_kept_plainly_and_is_its_country_s(typed, kept, country):
    assert company_numbers.vat(typed) == kept
    assert company_numbers.vat_of(country, kept)


@pytest.mark.parametrize(
    "typed",
    ["XI 980 7806 85", "CHE-107.787.578 MWST", "CHE-107.787.577", "LI 5432", "LI 543210", "LI 5432A", "GR 094259217"],
)
def test_a_vat_number_that_is_none_is_refused_by_what_was_typed(typed):
    with pytest.raises(Refused) as refusal:
        company_numbers.vat(typed)
    assert refusal.value.facts["number"] == typed


@pytest.mark.parametrize(("country", "number"), [("SE", "EL094259216"), ("CH", "LI54321"), ("IE", "XI980780684")])
def test_letters_of_one_country_are_not_another_s(country, number):
    assert not company_numbers.vat_of(country, number)
