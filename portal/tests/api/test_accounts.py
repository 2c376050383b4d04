"""`accounts`: companies and others by key, and no private person."""

import pytest
from django.test import Client

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
