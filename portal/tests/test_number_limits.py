"""The limits of entry are the limits of storage: what a form takes as a number fits every column it reaches.

Tariffs by their document: `billing/tests/test_tariff_entry.py`. Files: `charging/tests/ingest`.
"""

from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.db import connection

from billing.domain.tariff import kept
from charging.models import Connector
from portal.tests.test_unfit_signs import our_forms
from portal.web.finance.tariff_forms import PriceField, TermsForm, WindowForm
from portal.web.finance.tariff_terms import ENTERED_DECIMALS, Terms, Window
from tenants.models import Operator

#: Where each number of a form goes: a column with the factor on the way, a tariff, or nowhere.
TARIFF, NOWHERE = "a tariff", "nowhere"
REACHES: dict[str, Any] = {
    "OperatorForm.payment_terms_days": (Operator, "payment_terms_days", 1),
    "OutletForm.max_power_kw": (Connector, "max_power_w", 1000),
    "WindowForm.price": TARIFF,
    **dict.fromkeys((f"ExampleForm.{name}" for name in ("kwh", "charging_hours", "parked_hours")), NOWHERE),
    **dict.fromkeys(
        (
            f"TermsForm.{name}"
            for name in ("vat", "energy", "start_fee", "charging_price", "parking_minute", "minimum", "maximum")
        ),
        TARIFF,
    ),
    "TermsForm.parking_free_minutes": TARIFF,
}
NUMBERS = (forms.IntegerField, forms.DecimalField, forms.FloatField)


def number_fields() -> dict[str, Any]:
    return {
        f"{form.__name__}.{name}": field
        for form in our_forms()
        for name, field in form.base_fields.items()
        if isinstance(field, NUMBERS)
    }


def test_every_number_of_a_form_is_known_with_what_it_reaches():
    assert set(number_fields()) == set(REACHES)


@pytest.mark.parametrize("name", [name for name, reach in REACHES.items() if isinstance(reach, tuple)])
def test_the_greatest_number_fits_its_column(name: str) -> None:
    field = number_fields()[name]
    model, column, factor = REACHES[name]
    kind: Any = model._meta.get_field(column)
    least, most = connection.ops.integer_field_range(kind.get_internal_type())
    limit = field.max_value if field.max_value is not None else most  # a form of a model: its own field refuses more
    assert least <= field.min_value * factor
    assert limit * factor <= most
    for value in (least - 1, most + 1):
        with pytest.raises(forms.ValidationError):
            kind.clean(value, None)


@pytest.mark.parametrize("with_vat", [True, False])
def test_the_greatest_prices_of_the_form_make_a_tariff_that_is_kept(with_vat):
    most: Any = PriceField().max_value
    free_minutes: Any = TermsForm.base_fields["parking_free_minutes"]
    terms = Terms(
        currency="SEK",
        energy=most,
        windows=(Window(most, days=("MONDAY",)),),
        start_fee=most,
        charging_hour=most * 60,
        parking_hour=most * 60,
        parking_free_minutes=free_minutes.max_value,
        minimum=most,
        maximum=most,
        vat=Decimal(100),
        with_vat=with_vat,
    )
    kept.check_kept(terms.tariff("T"))


@pytest.mark.parametrize("written", ["99999.0001", "0.00001", "-0.01", "1e9", "NaN", "9" * 400])
def test_a_price_beyond_them_is_refused(written):
    for field in (WindowForm.base_fields["price"], TermsForm.base_fields["energy"]):
        with pytest.raises(forms.ValidationError):
            field.clean(written)


@pytest.mark.parametrize("written", ["25.125", "100.01", "-1"])
def test_a_rate_of_vat_beyond_its_column_is_refused(written):
    form = TermsForm({"name": "T", "currency": "SEK", "charging_unit": "hour", "vat": written, "energy": "1"})
    assert "vat" in form.errors


def test_the_finest_price_of_the_form_is_kept():
    finest = Decimal(1).scaleb(-ENTERED_DECIMALS)
    terms = Terms(currency="SEK", charging_hour=finest * 60, energy=finest, vat=Decimal("25.5"), with_vat=True)
    tariff = terms.tariff("T")
    kept.check_kept(tariff)
    assert all(part.price > 0 for element in tariff.elements for part in element.price_components)
