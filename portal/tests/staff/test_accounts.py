"""Payers: the list, one of them, the form, and moving drivers and cards to one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.tests import factories
from charging.models import AccountMember, Token
from tenants.models import Account, AuditEntry
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = pytest.mark.django_db


def company(name="Bolaget AB", **facts):
    return accounts.create(kind=Account.Kind.COMPANY, **{"name": name, "country": "SE", **facts})


@pytest.fixture
def firm(world):
    with tenant_scope(world.operator.pk):
        return company(organisation_number="556036-0793", buyer_reference="Ref 17")


def form(**changes):
    facts = {"kind": "company", "name": "Nya AB", "country": "SE", "delivery": "email", "least_amount": "0"}
    return {**facts, "shows": "invoices", "is_active": "on", **changes}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["Bolaget AB"]),
        ({"kind": "housing"}, []),
        ({"kind": "private"}, ["Dana"]),
        ({"q": "bolaget"}, ["Bolaget AB"]),
        ({"q": "5560360793"}, ["Bolaget AB"]),
        ({"q": "556036-0793"}, ["Bolaget AB"]),
        ({"q": "dana"}, ["Dana"]),
        ({"q": "nobody"}, []),
    ],
)
def test_the_list_has_companies_and_whom_the_words_mean(world, firm, sign_in, fina, asked, found):
    names = [account.name for account in sign_in(fina).get(world.url("payers/"), asked).context["page"]]
    assert names == [world.driver.identity.name if name == "Dana" else name for name in found]


def test_the_one_search_finds_a_payer_by_its_organisation_number(world, firm, sign_in, fina):
    page = sign_in(fina).get(world.url("search/"), {"q": "556036-0793"}).content.decode()
    assert "Bolaget AB" in page


def test_the_list_needs_the_same_queries_for_many(world, firm, sign_in, fina):
    client = sign_in(fina)
    client.get(world.url("payers/"))
    with CaptureQueriesContext(connection) as few:
        client.get(world.url("payers/"))
    with tenant_scope(world.operator.pk):
        for number in range(10):
            company(f"Firm {number}")
    with CaptureQueriesContext(connection) as many:
        client.get(world.url("payers/"))
    assert len(many) == len(few) <= 14


def test_exactly_the_listed_payers_are_a_file(world, firm, sign_in, fina):
    answer = sign_in(fina).get(world.url("payers/export/"), {"format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "5560360793" in text
    assert world.driver.customer_number not in text


def test_the_file_of_payers_says_of_a_person_no_more_than_their_name(world, firm, sign_in, sara):
    answer = sign_in(sara).get(world.url("payers/export/"), {"kind": "all", "format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert world.driver.identity.name in text
    assert "dana@example.com" not in text


def test_a_payer_is_made_shown_and_changed(world, sign_in, fina):
    client = sign_in(fina)
    answer = client.post(world.url("payers/new/"), form(organisation_number="556036-0793", order_number="PO 7"))
    page = client.get(answer["Location"]).content.decode()
    assert "Nya AB" in page
    assert "PO 7" in page
    with tenant_scope(world.operator.pk):
        account = Account.objects.get(kind="company")
        assert AuditEntry.objects.filter(event="account.viewed", object_id=account.pk).exists()
    changed = client.post(world.url(f"payers/{account.public_id}/edit/"), form(name="Ny AB", payment_terms_days="10"))
    assert changed.status_code == 302
    with tenant_scope(world.operator.pk):
        account.refresh_from_db()
        assert (account.name, account.payment_terms_days) == ("Ny AB", 10)


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("organisation_number", "556036-0794", "556036-0794"),
        ("vat_number", "SE12", "SE12"),
        ("gln", "123", "123"),
        ("name", "", "required"),
        ("least_amount", "-1", "-1 is too little"),
        ("dealer_evidence", "VIES", "from which day"),
    ],
)
def test_what_is_wrong_is_named_with_its_value_beside_its_field(world, sign_in, fina, field, wrong, said):
    answer = sign_in(fina).post(world.url("payers/new/"), form(**{field: wrong}))
    assert answer.status_code == 400
    where = "dealer_since" if field == "dealer_evidence" else field
    assert said in str(answer.context["form"].errors[where])


def test_what_no_field_is_wrong_of_stands_above_the_form(world, sign_in, fina):
    answer = sign_in(fina).post(world.url("payers/new/"), form(customer_number="1001"))
    assert "1001" in str(answer.context["form"].non_field_errors())


def test_a_driver_is_moved_and_back(world, firm, sign_in, fina):
    client = sign_in(fina)
    named = {"driver": world.driver.customer_number, "account": "Bolaget"}
    answer = client.post(world.url("payers/move/"), {**named, "since": "2026-10-05", "until": "2026-10-09"})
    assert answer.status_code == 302, answer.context["form"].errors
    with tenant_scope(world.operator.pk):
        (time,) = AccountMember.objects.all()
        days = [at.astimezone(world.operator.zone).date().isoformat() for at in (time.since, time.last) if at]
        assert (time.account, time.driver, days) == (firm, world.driver, ["2026-10-05", "2026-10-09"])
    page = client.get(world.url(f"drivers/{world.driver.public_id}/")).content.decode()
    assert "Bolaget AB" in page
    client.post(world.url("payers/move/"), {"driver": world.driver.customer_number})
    with tenant_scope(world.operator.pk):
        assert not AccountMember.objects.exists()


def test_a_card_is_moved_and_shows_its_payer(world, firm, sign_in, fina):
    with tenant_scope(world.operator.pk):
        card = Token.objects.create(uid="04POOL99", visual_number="POOL-9")
    client = sign_in(fina)
    form_page = client.get(world.url("payers/move/"), {"card": card.public_id, "account": firm.public_id})
    assert form_page.context["form"].initial["card"] == "POOL-9"
    client.post(world.url("payers/move/"), {"card": "pool-9", "account": firm.customer_number, "only_hosted": ""})
    assert "Bolaget AB" in client.get(world.url(f"cards/{card.public_id}/")).content.decode()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"driver": ""}, "driver"),
        ({"driver": "1001", "card": "04POOL"}, "card"),
        ({"driver": "1001", "account": "Nobody AB"}, "account"),
        ({"driver": "1001", "since": "2026-10-09", "until": "2026-10-01"}, "__all__"),
    ],
)
def test_a_move_that_cannot_be_is_refused_by_field(world, sign_in, fina, given, field):
    with tenant_scope(world.operator.pk):
        Token.objects.create(uid="04POOL")
    answer = sign_in(fina).post(world.url("payers/move/"), given)
    assert field in answer.context["form"].errors


def test_support_sees_payers_and_changes_none(world, firm, sign_in, sara):
    client = sign_in(sara)
    assert client.get(world.url(f"payers/{firm.public_id}/")).status_code == 200
    assert client.get(world.url("payers/new/")).status_code == 403


def test_an_invoice_of_a_company_says_who_buys_and_hides_from_its_drivers(world, rated, firm, sign_in, fina):
    world.session(start=factories.OCTOBER.replace(hour=12), kwh=10)
    client = sign_in(fina)
    client.post(world.url("payers/move/"), {"driver": world.driver.customer_number, "account": "Bolaget"})
    rated()
    with tenant_scope(world.operator.pk):
        invoice = factories.issued().invoices.get()
    page = client.get(world.url(f"finance/invoices/{invoice.public_id}/")).content.decode()
    assert "Bolaget AB" in page
    assert "Ref 17" in page
