"""The limits of entry are the limits of storage: what a form takes as a number fits every column it reaches.

Tariffs by their document: `billing/tests/test_tariff_entry.py`, by the form: `finance/test_tariff_rows.py`.
Files: `charging/tests/ingest`.
"""

from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.db import connection, models

from billing.models import Fee, HostContract, MailRules, Payment, ReminderStep, ReminderTerms, WriteOff
from charging.models import CardRule, ChargingSession, Connector, Site, SiteLimit
from portal.tests.test_unfit_signs import our_forms
from portal.web.finance.tariffs.form import TermsForm
from portal.web.finance.tariffs.row_form import RowForm
from tenants.models import Account, Operator

#: Where each number of a form goes: a column with the factor on the way, a tariff, or nowhere.
TARIFF, NOWHERE = "a tariff", "nowhere"
REACHES: dict[str, Any] = {
    "OperatorForm.payment_terms_days": (Operator, "payment_terms_days", 1),
    "OperatorForm.smallest_group": (Operator, "smallest_group", 1),
    "OutletForm.max_power_kw": (Connector, "max_power_w", 1000),
    "AccountForm.payment_terms_days": (Account, "payment_terms_days", 1),
    "AccountForm.least_amount": (Account, "least_amount", 1),
    "DiscountForm.percent": (Fee, "percent", 1),
    "DiscountForm.amount": (Fee, "price", 1),
    "FeeForm.price": (Fee, "price", 1),
    "RecordForm.amount": (Payment, "amount", 100),
    "WriteOffForm.amount": (WriteOff, "amount", 1000),
    "ContractForm.share": (HostContract, "share", 1),
    "ContractForm.kwh_price": (HostContract, "kwh_price", 1),
    "ContractForm.rent": (HostContract, "rent", 1),
    "ContractForm.fee": (HostContract, "fee", 1),
    "ContractForm.floor": (HostContract, "floor", 1),
    "ContractForm.least_payout": (HostContract, "least_payout", 1),
    "ContractForm.vat_rate": (HostContract, "vat_rate", 1),
    "ContractForm.objection_days": (HostContract, "objection_days", 1),
    "StepForm.days": (ReminderStep, "days", 1),
    "UsualTermsForm.least": (ReminderTerms, "least", 1),
    "RulesForm.per_minute": (MailRules, "per_minute", 1),
    "FeeForm.vat_rate": (Fee, "vat_rate", 1),
    "CorrectForm.energy": (ChargingSession, "energy_wh", 1000),
    "SiteLimitForm.limit": (SiteLimit, "limit", 1),
    "CardRuleForm.most": (CardRule, "most", 1),
    "CardRuleForm.reckoned": (CardRule, "reckoned", 1),
    "SiteForm.latitude": (Site, "latitude", 1),
    "SiteForm.longitude": (Site, "longitude", 1),
    "LimitForm.limit": NOWHERE,  # said to a station, kept as JSON
    "ReturnForm.input_vat": NOWHERE,  # written into a file for the tax agency
    "WordsForm.seen": NOWHERE,  # the version it was begun from, held against the newest
    **dict.fromkeys((f"ExampleForm.{name}" for name in ("kwh", "charging_hours", "parked_hours")), NOWHERE),
    **dict.fromkeys((f"TermsForm.{name}" for name in ("vat", "minimum", "maximum")), TARIFF),
    **dict.fromkeys(
        (
            f"RowForm.{name}"
            for name in (
                "price",
                "vat",
                "min_kwh",
                "max_kwh",
                "min_power",
                "max_power",
                "min_current",
                "max_current",
            )
        ),
        TARIFF,
    ),
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


def reach_of(column: Any) -> tuple[Any, Any]:
    if isinstance(column, models.DecimalField):
        most = Decimal(10) ** (column.max_digits - column.decimal_places) - Decimal(1).scaleb(-column.decimal_places)
        return -most, most
    reach: tuple[Any, Any] = connection.ops.integer_field_range(column.get_internal_type())
    return reach


def greatest(field: Any, most: Any) -> Any:
    """What the form takes at most; one without a limit of its own is a model's, whose field refuses more."""
    if field.max_value is not None:
        return field.max_value
    if isinstance(field, forms.DecimalField) and field.max_digits is not None and field.decimal_places is not None:
        return Decimal(10) ** (field.max_digits - field.decimal_places) - Decimal(1).scaleb(-field.decimal_places)
    return most


@pytest.mark.parametrize("name", [name for name, reach in REACHES.items() if isinstance(reach, tuple)])
def test_the_greatest_number_fits_its_column(name: str) -> None:
    field = number_fields()[name]
    model, column, factor = REACHES[name]
    kind: Any = model._meta.get_field(column)
    least, most = reach_of(kind)
    assert least <= field.min_value * factor
    assert greatest(field, most) * factor <= most
    for value in (least - 1, most + 1):
        with pytest.raises(forms.ValidationError):
            kind.clean(value, None)


@pytest.mark.parametrize("written", ["99999.0001", "0.0000001", "-0.01", "1e9", "NaN", "9" * 400])
def test_a_price_beyond_them_is_refused(written):
    for field in (RowForm.base_fields["price"], TermsForm.base_fields["minimum"]):
        with pytest.raises(forms.ValidationError):
            field.clean(written)


@pytest.mark.parametrize("written", ["25.125", "100.01", "-1"])
def test_a_rate_of_vat_beyond_its_column_is_refused(written):
    form = TermsForm({"name": "T", "currency": "SEK", "vat": written})
    assert "vat" in form.errors
