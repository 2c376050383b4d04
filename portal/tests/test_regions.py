"""Countries and languages by name, and a country chosen by it."""

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from portal.web.staff.country_choice import CountryField
from portal.words import regions


def test_names_are_in_the_readers_language_and_order():
    with override("sv"):
        names = [name for _code, name in regions.countries()]
        assert (regions.country("DE"), regions.language("en")) == ("Tyskland", "engelska")
        assert names[-1].startswith("Ö")
    with override("en"):
        names = [name for _code, name in regions.countries()]
        assert (regions.country("SE"), regions.language("sv")) == ("Sweden", "Swedish")
        assert names.index("Åland Islands") < names.index("Albania")
    assert not {"EU", "UN", "ZZ"} & {code for code, _name in regions.countries()}
    assert regions.country("??") == "??"


def test_a_country_is_known_by_its_code_in_any_case():
    field = CountryField()
    assert field.clean("no") == "NO"
    for wrong in ("", "EU", "Sweden", "00"):
        with pytest.raises(ValidationError):
            field.clean(wrong)
