"""`accounts`: companies and others by key, and no private person."""

from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from billing.services import dealers
from portal.tests.cast import with_key
from tenants.models import Account
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(north, olga, danas_driver, make_key) -> Client:
    with tenant_scope(north.pk):
        for kind, name in ((Account.Kind.COMPANY, "Bolaget AB"), (Account.Kind.HOUSING, "Brf Eken")):
            accounts.create(kind=kind, name=name, country="SE", organisation_number="556036-0793")
    return with_key(make_key(north, olga, scopes=["view_drivers"]))


def test_it_lists_all_but_private_persons(client):
    answer = client.get("/o/north/api/v1/accounts").json()
    assert [row["name"] for row in answer["results"]] == ["Brf Eken", "Bolaget AB"]
    assert (answer["results"][0]["organisation_number"], answer["results"][0]["days_to_pay"]) == ("5560360793", 30)


def test_only_a_kind_and_page_by_page(client):
    housing = client.get("/o/north/api/v1/accounts", {"kind": "housing"}).json()
    assert [row["kind"] for row in housing["results"]] == ["housing"]
    first = client.get("/o/north/api/v1/accounts", {"page_size": 1}).json()
    assert [row["name"] for row in client.get(first["next"]).json()["results"]] == ["Bolaget AB"]


def test_a_kind_that_is_none_is_named(client):
    answer = client.get("/o/north/api/v1/accounts", {"kind": "private"})
    assert answer.status_code == 400
    assert "private" in answer.content.decode()


def test_who_buys_to_resell_is_told_with_days_and_evidence(client, north):
    with tenant_scope(north.pk):
        firm = Account.objects.get(kind=Account.Kind.COMPANY)
        facts = {"dealer_since": date(2026, 1, 1), "dealer_until": date(2026, 12, 31)}
        dealers.change(firm, at=timezone.now(), **facts, dealer_evidence="VIES", vat_number="SE556036079301")
    other, firm = client.get("/o/north/api/v1/accounts").json()["results"]
    told = [firm[name] for name in ("dealer_since", "dealer_until", "dealer_in", "dealer_evidence")]
    assert told == ["2026-01-01", "2026-12-31", "SE", "VIES"]
    assert (other["dealer_since"], other["dealer_until"], other["dealer_evidence"]) == (None, None, "")
