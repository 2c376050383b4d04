import pytest
from django.forms.models import model_to_dict

from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

SETTINGS = "/o/north/settings/"


@pytest.fixture
def fields(north):
    return {name: value for name, value in model_to_dict(north).items() if value not in (None, False)}


def test_particulars_are_kept_and_logged(sign_in, olga, north, fields):
    new = {**fields, "legal_name": "North AB", "organisation_number": "5590011007", "vat_number": "se 5590011007-01"}
    assert sign_in(olga).post(SETTINGS, new)["Location"] == SETTINGS
    north.refresh_from_db()
    assert (north.legal_name, north.organisation_number, north.vat_number) == (
        "North AB",
        "559001-1007",
        "SE559001100701",
    )
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(content_type__model="operator").latest("pk")
    assert (entry.changes or {})["legal_name"] == ["North Charging AB", "North AB"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("organisation_number", "12345"),
        ("vat_number", "SE123"),
        ("country", "Sweden"),
        ("time_zone", "Mars/Base"),
        ("email", "nowhere"),
        ("bankgiro", "123-4567"),
        ("bankgiro", "50501"),
        ("iban", "SE45 5000 0000 0583 9825 7467"),
        ("iban", "5050-1055"),
    ],
)
def test_what_cannot_stand_on_an_invoice_is_refused_at_its_field(sign_in, olga, north, fields, field, value):
    answer = sign_in(olga).post(SETTINGS, {**fields, field: value})
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    before = getattr(north, field)
    north.refresh_from_db()
    assert getattr(north, field) == before


def test_accounts_are_kept_as_people_and_banks_write_them(sign_in, olga, north, fields):
    sign_in(olga).post(SETTINGS, {**fields, "bankgiro": "50501055", "iban": "se45 5000 0000 0583 9825 7466"})
    north.refresh_from_db()
    assert (north.bankgiro, north.iban) == ("5050-1055", "SE4550000000058398257466")


def test_address_and_currency_stay(sign_in, olga, north, fields):
    sign_in(olga).post(SETTINGS, {**fields, "slug": "taken", "currency": "EUR", "state": "closed"})
    north.refresh_from_db()
    assert (north.slug, north.currency, north.state) == ("north", "SEK", "active")
