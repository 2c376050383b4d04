"""A site host reads its own statements, and approves them or objects."""

from typing import Any

import pytest

from billing.models import HostStatement
from billing.services import host_contracts, settlements
from billing.services.host_contracts import Agreed
from billing.tests import factories
from tenants import work
from tenants.models import Account, User
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = pytest.mark.django_db


def host(name: str, at: Any, terms: dict[str, Any]) -> Account:
    account = accounts.create(kind=Account.Kind.HOUSING, name=name, country="SE")
    agreed = {"name": f"Avtal {name}", "sites": [at.station.site], "since": factories.OCTOBER.date(), "share": 30}
    host_contracts.add(account, Agreed(**{**agreed, **terms}), at=factories.NOVEMBER)
    return account


@pytest.fixture
def closed(north, danas_driver):
    """Two hosts with a closed October each, the first one self-billed."""
    with tenant_scope(north.pk):
        factories.tariff()
        outlets = [factories.connector(), factories.connector()]
        terms = {"is_self_billed": True, "agreed_on": factories.OCTOBER.date(), "has_standard_rate": False}
        found = [host("Brf Ett", outlets[0], terms), host("Brf Två", outlets[1], {})]
        for at in outlets:
            factories.session(at, danas_driver)
        factories.issued()
        settlement = settlements.ask(factories.OCTOBER.date(), by=None, at=factories.NOVEMBER)
    while work.do_next(work.kind_named("settlement"), north.pk, clock=lambda: factories.NOVEMBER):
        pass
    with tenant_scope(north.pk):
        settlements.close(settlement, by=None, at=factories.NOVEMBER)
    return found


@pytest.fixture
def hedda(north, closed, sign_in):
    user = User.objects.create_user("hedda@example.com", "a long enough password", name="Hedda")
    with tenant_scope(north.pk):
        accounts.let_see(closed[0], user=user)
    return sign_in(user)


def address(path: str = "") -> str:
    return f"/o/north/payer/statements/{path}"


def test_a_host_sees_its_own_statements_and_nobody_else_s(north, closed, hedda):
    with tenant_scope(north.pk):
        own, other = HostStatement.objects.order_by("account")
    page = hedda.get(address()).content.decode()
    assert str(own) in page
    assert "Avtal Brf Två" not in page
    for part in ("", "sessions/", "pdf/"):
        assert hedda.get(address(f"{own.public_id}/{part}")).status_code == 200
        assert hedda.get(address(f"{other.public_id}/{part}")).status_code == 404
    assert hedda.post(address(f"{other.public_id}/approve/")).status_code == 404
    assert "Dana" not in hedda.get(address(f"{own.public_id}/")).content.decode()


def test_it_objects_with_words_and_approves_afterwards(north, closed, hedda):
    with tenant_scope(north.pk):
        own = HostStatement.objects.get(number=1)
    one = address(f"{own.public_id}/")
    assert hedda.post(f"{one}contest/", {"text": " "}).status_code == 400
    assert hedda.post(f"{one}contest/", {"text": "För lite"}).status_code == 302
    assert "För lite" in hedda.get(one).content.decode()
    assert hedda.post(f"{one}approve/").status_code == 302
    with tenant_scope(north.pk):
        assert [answer.kind for answer in own.answers.order_by("pk")] == ["contested", "approved"]


def test_who_hosts_nothing_is_offered_no_statements(north, hedda, sign_in):
    with tenant_scope(north.pk):
        firm = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")
        user = User.objects.create_user("pia@example.com", "a long enough password", name="Pia")
        accounts.let_see(firm, user=user)
    assert address() not in sign_in(user).get("/o/north/payer/").content.decode()
