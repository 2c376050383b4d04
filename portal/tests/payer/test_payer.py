"""What the people of a payer see: its invoices, and of its drivers what the operator lets them."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Dispute, DocumentOpening
from billing.models.invoice import with_check_digit
from billing.services import account_moves
from billing.tests import factories
from tenants.models import Account, AccountPerson, Membership, User
from tenants.scoping import tenant_scope
from tenants.services.people import accounts, invitations, memberships
from tenants.tests.cast import invited

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm(north, danas_driver):
    with tenant_scope(north.pk):
        return accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE", shows="sessions")


@pytest.fixture
def pia(north, firm):
    user = User.objects.create_user("pia@example.com", "a long enough password", name="Pia")
    with tenant_scope(north.pk):
        accounts.let_see(firm, user=user)
    return user


@pytest.fixture
def charged(north, firm, danas_driver):
    """Dana charges for the firm on two days and for herself on a third; another driver for himself."""
    with tenant_scope(north.pk):
        factories.tariff()
        at, other = factories.connector(), factories.driver("Olle Övrig")
        account_moves.move(danas_driver, to=firm, until=factories.OCTOBER + timedelta(days=2))
        for day in range(3):
            factories.session(at, danas_driver, start=factories.OCTOBER + timedelta(days=day), kwh=10 + day)
        factories.session(at, other)
        factories.issued()


def page(client: Any, path: str) -> str:
    answer = client.get(f"/o/north/payer/{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_its_invoices_and_nobody_else_s(north, firm, pia, charged, sign_in):
    client = sign_in(pia)
    answer = client.get("/o/north/payer/")
    with tenant_scope(north.pk):
        (own,) = firm.invoices.all()
        others = firm.invoices.model.objects.exclude(account=firm)
        assert [invoice.pk for invoice in answer.context["page"]] == [own.pk]
        assert others.count() == 2
        addresses = [f"/o/north/payer/invoices/{invoice.public_id}/pdf/" for invoice in (own, *others)]
    assert [client.get(address).status_code for address in addresses] == [200, 404, 404]
    with tenant_scope(north.pk):
        assert [opening.invoice_id for opening in DocumentOpening.objects.all()] == [own.pk], "noted, and no others"


def test_it_says_what_is_wrong_with_a_session_that_it_pays_for(north, firm, pia, dana, charged, danas_driver, sign_in):
    client, form = sign_in(pia), {"about": "energy", "text": "Only Pia reads this."}
    with tenant_scope(north.pk):
        sessions = list(danas_driver.sessions.order_by("started_at"))
    addresses = [f"/o/north/payer/sessions/{session.public_id}/dispute/" for session in sessions]
    assert addresses[0] in page(client, "sessions/?month=2026-10")
    assert [client.post(address, form).status_code for address in addresses] == [302, 302, 404]
    shown = page(client, "sessions/?month=2026-10")
    assert "Dana" in shown
    assert addresses[0] not in shown, "it is disputed already"
    assert page(client, "disputes/").count("Only Pia reads this.") == 2
    assert b"This is disputed already" in client.post(addresses[0], form).content
    driver = sign_in(dana)
    shown = driver.get(f"/o/north/my/sessions/{sessions[0].public_id}/").content.decode()
    assert "Only Pia reads this." not in shown
    assert "Say what it is" not in shown, "it is disputed already"
    assert "Say what it is" in driver.get(f"/o/north/my/sessions/{sessions[2].public_id}/").content.decode()
    with tenant_scope(north.pk):
        accounts.change(firm, shows="totals")
    assert client.get(addresses[0]).status_code == 403


def test_what_it_was_billed_it_disputes_though_the_driver_pays_alone_by_now(
    north, firm, pia, dana, charged, danas_driver, sign_in
):
    form = {"about": "energy", "text": "Not ours."}
    with tenant_scope(north.pk):
        account_moves.move(danas_driver, to=None)
        first, second, _ = danas_driver.sessions.order_by("started_at")
    sign_in(pia).post(f"/o/north/payer/sessions/{first.public_id}/dispute/", form)
    sign_in(dana).post(f"/o/north/my/sessions/{second.public_id}/dispute/", form)
    with tenant_scope(north.pk):
        assert [(row.account, row.driver) for row in Dispute.objects.order_by("pk")] == [
            (firm, None),
            (firm, danas_driver),
        ]


def test_the_operator_s_own_address_leads_to_them(north, pia, sign_in):
    assert sign_in(pia).get("/o/north/")["Location"] == "/o/north/payer/"


def test_it_sees_where_and_with_which_number_to_pay(north, firm, pia, charged, sign_in):
    with tenant_scope(north.pk):
        (own,) = firm.invoices.all()
    shown = page(sign_in(pia), "")
    assert with_check_digit(own.number) in shown
    assert "Due date" in shown


def test_its_drivers_sums_and_sessions_of_a_month(firm, pia, charged, danas_driver, sign_in):
    client = sign_in(pia)
    shown = client.get("/o/north/payer/drivers/?month=2026-10").context
    totals, (summed,) = shown["totals"], shown["sums"]
    assert [(row.driver, row.sessions, row.energy_wh) for row in totals] == [(danas_driver, 2, 21_000)]
    assert (summed.sessions, summed.energy_wh, summed.amount) == (2, 21_000, totals[0].amount)
    sessions = client.get("/o/north/payer/sessions/?month=2026-10")
    assert sum(entry.session.energy_wh for entry in sessions.context["entries"]) == 21_000
    assert sum(entry.amount for entry in sessions.context["entries"]) == totals[0].amount
    assert "Olle" not in sessions.content.decode()


def test_what_has_no_price_yet_is_counted_with_the_rest_of_its_driver(north, firm, pia, charged, danas_driver, sign_in):
    with tenant_scope(north.pk):
        factories.session(factories.connector(), danas_driver, start=factories.OCTOBER + timedelta(hours=5), kwh=3)
    (row,) = sign_in(pia).get("/o/north/payer/drivers/?month=2026-10").context["totals"]
    assert (row.driver, row.sessions, row.energy_wh) == (danas_driver, 3, 24_000)


@pytest.mark.parametrize(
    ("shows", "opens"),
    [("invoices", (200, 403, 403)), ("totals", (200, 200, 403)), ("sessions", (200, 200, 200))],
)
def test_as_far_as_the_operator_lets_them(north, firm, pia, sign_in, shows, opens):
    with tenant_scope(north.pk):
        accounts.change(firm, shows=shows)
    client = sign_in(pia)
    answers = [client.get(f"/o/north/payer/{path}") for path in ("", "drivers/", "sessions/")]
    assert tuple(answer.status_code for answer in answers) == opens
    links = [name for name in ("drivers", "sessions") if f"/payer/{name}/" in answers[0].content.decode()]
    assert links == [name for name, status in zip(("drivers", "sessions"), opens[1:], strict=True) if status == 200]


def test_they_come_by_invitation_and_go_when_they_are_removed(north, firm, fina, sign_in):
    staff = sign_in(fina)
    back = f"/o/north/payers/{firm.public_id}/"
    answer = staff.post(f"{back}invite/", {"email": "per@example.com", "name": "Per"})
    assert answer.status_code in {200, 302}
    per = User.objects.create_user("per@example.com", "a long enough password")
    invitation = invited("per@example.com", north).get()
    invitations.accept(invitation, user=per)
    assert page(sign_in(per), "")
    with tenant_scope(north.pk):
        person = AccountPerson.objects.get(user=per)
    staff.post(f"{back}remove-person/", {"which": person.public_id})
    assert not Membership.objects.filter(user=per).exists()
    assert sign_in(per).get("/o/north/payer/").status_code == 404


def test_nobody_is_invited_to_what_a_driver_pays_alone(north, danas_driver, fina, sign_in):
    with tenant_scope(north.pk):
        own = Account.objects.get(driver=danas_driver)
    answer = sign_in(fina).post(f"/o/north/payers/{own.public_id}/invite/", {"email": "per@example.com"})
    assert answer.status_code == 404
    assert not invited("per@example.com", north).exists()


def test_what_a_driver_was_billed_alone_stays_theirs_when_they_join(north, firm, pia, charged, danas_driver, sign_in):
    client, month = sign_in(pia), f"?month={factories.OCTOBER:%Y-%m}"
    before = client.get(f"/o/north/payer/sessions/{month}").context["entries"]
    with tenant_scope(north.pk):
        account_moves.move(danas_driver, to=firm)
    assert len(before) == 2
    assert client.get(f"/o/north/payer/sessions/{month}").context["entries"] == before
    (total,) = client.get(f"/o/north/payer/drivers/{month}").context["totals"]
    assert total.sessions == 2


def test_an_invitation_is_withdrawn(north, firm, fina, sign_in):
    staff = sign_in(fina)
    staff.post(f"/o/north/payers/{firm.public_id}/invite/", {"email": "per@example.com"})
    invitation = invited("per@example.com", north).get()
    staff.post(f"/o/north/payers/{firm.public_id}/uninvite/", {"which": invitation.public_id})
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None


def test_whoever_loses_the_place_loses_the_pages(north, pia):
    with tenant_scope(north.pk):
        memberships.remove(Membership.objects.get(user=pia))
        assert not AccountPerson.objects.exists()


def test_a_payers_person_is_no_staff(north, pia, sign_in):
    client = sign_in(pia)
    assert [client.get(f"/o/north/{path}").status_code for path in ("drivers/", "payers/", "my/")] == [403] * 3
    assert client.get("/o/north/").headers["Location"] == "/o/north/payer/"
