"""Opening an invitation's link: as nobody, as the person it is for, as somebody else."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from portal.tests import app_role
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from tenants.models import AuditEntry, Membership, User
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, invitations, memberships, operators

OPEN = "/account/invitations/open/"


def link_of(made):
    return f"/account/invitations/{made.invitation.public_id}/{made.secret}/"


@pytest.fixture
def to_somebody_new(north, olga):
    return link_of(invitations.invite(north, email="ines@example.com", role="support", name="Ines", by=olga))


@pytest.fixture
def to_sven(north, sven, olga):
    return link_of(invitations.invite(north, email=sven.email, role="auditor", by=olga))


def joined(**changes):
    return {"name": "Ines Isaksson", "password": PASSWORD, "again": PASSWORD, **changes}


def test_somebody_new_reads_what_is_offered_and_joins(client, to_somebody_new, north):
    page = client.get(through(client, to_somebody_new)).content.decode()
    for words in ("North Charging AB", "Support", "ines@example.com", "Olga"):
        assert words in page
    answer = client.post(through(client, to_somebody_new), joined())
    assert answer["Location"] == "/account/sign-in/"
    assert client.get("/account/profile/").status_code == 302, "joining does not sign in"
    user = User.objects.get(email="ines@example.com")
    assert (user.name, user.email_proved_at) == ("Ines Isaksson", None)
    answer = client.post("/account/sign-in/", {"email": user.email, "password": PASSWORD})
    assert client.get("/o/north/")["Location"].startswith("/account/second-factor/"), "staff enrol first"
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.get(event="invitation.accepted")
    assert entry.actor_id == user.pk


@pytest.mark.parametrize(
    "change", [{"password": "short", "again": "short"}, {"again": "another one 77"}, {"name": ""}], ids=str
)
def test_a_wrong_form_uses_nothing_up(client, to_somebody_new, change):
    assert client.post(through(client, to_somebody_new), joined(**change)).status_code == 400
    assert not User.objects.filter(email="ines@example.com").exists()
    assert client.post(through(client, to_somebody_new), joined()).status_code == 302


def test_somebody_with_an_account_is_asked_to_sign_in_and_comes_back(client, to_sven):
    page = client.get(through(client, to_sven))
    assert f"/account/sign-in/?next={OPEN.replace('/', '%2F')}" in page.content.decode()
    answer = client.post("/account/sign-in/", {"email": "sven@example.com", "password": PASSWORD, "next": OPEN})
    assert answer["Location"].startswith("/account/challenge/")


def test_the_person_it_is_for_accepts_by_pressing_the_button(sign_in, sven, to_sven):
    client = sign_in(sven)
    assert "Accept" in client.get(through(client, to_sven)).content.decode()
    assert not Membership.objects.filter(user=sven, role="auditor").exists(), "opening is not accepting"
    assert client.post(through(client, to_sven))["Location"] == "/o/north/"
    assert client.get("/o/north/").status_code == 200
    assert client.get(through(client, to_sven)).status_code == 410


def test_a_password_alone_accepts_nothing_for_a_person_with_two_factors(sven, to_sven):
    client = Client()
    client.force_login(sven)
    for answer in (client.get(through(client, to_sven)), client.post(through(client, to_sven))):
        assert answer["Location"].startswith("/account/challenge/")
    assert not Membership.objects.filter(user=sven, role="auditor").exists()


def test_somebody_else_is_told_so_and_may_sign_out(sign_in, otto, to_sven):
    client = sign_in(otto)
    page = client.get(through(client, to_sven)).content.decode()
    assert "signed in as otto@example.com" in page
    assert client.post(through(client, to_sven)).status_code == 403
    assert client.post("/account/sign-out/", {"next": OPEN})["Location"] == OPEN
    assert "Sign in to accept it" in client.get(through(client, to_sven)).content.decode()


def test_somebody_else_makes_no_account_for_the_invited_address(sign_in, otto, to_somebody_new):
    client = sign_in(otto)
    assert client.post(through(client, to_somebody_new), joined()).status_code == 403
    assert not User.objects.filter(email="ines@example.com").exists()


def test_what_is_signed_out_changes_no_account(client, sven, to_sven):
    assert client.post(through(client, to_sven), joined())["Location"] == "/account/sign-in/"
    sven.refresh_from_db()
    assert (sven.name, sven.check_password(PASSWORD)) == ("Sven", True)
    assert not Membership.objects.filter(user=sven, role="auditor").exists()


def test_ended_links_say_the_same_whatever_ended_them(client, north, south, sven):
    used = invitations.invite(north, email=sven.email, role="auditor")
    invitations.accept(used.invitation, user=sven)
    withdrawn = invitations.invite(north, email="a@example.com", role="auditor")
    invitations.withdraw(withdrawn.invitation)
    suspended = invitations.invite(south, email="b@example.com", role="auditor")
    with app_role.as_platform():
        operators.suspend(south, reason="unpaid")
    never = f"/account/invitations/018f0000-0000-7000-8000-000000000000/{'x' * 43}/"
    wrong = f"/account/invitations/{withdrawn.invitation.public_id}/{'x' * 43}/"
    pages = [client.get(link) for link in (link_of(used), link_of(withdrawn), link_of(suspended), never, wrong)]
    assert [page.status_code for page in pages] == [410] * 5
    assert len({_without_tokens(page) for page in pages}) == 1
    for words in ("North", "South", "example.com"):
        assert words not in pages[0].content.decode()


def _without_tokens(page):
    lines = page.content.decode().splitlines()
    return "\n".join(line for line in lines if "csrf" not in line.lower() and 'name="next"' not in line)


def test_a_place_as_a_driver_opens_no_place_as_staff(client, north, sara):
    """Support holds the link of a driver; what the person is given later needs the person's own sign-in."""
    with tenant_scope(north.pk):
        driver = drivers.create(name="Ines", email="ines@example.com")
        as_driver = link_of(invitations.invite_driver(driver, by=sara))
    as_owner = link_of(invitations.invite(north, email="ines@example.com", role="owner"))
    client.post(through(client, as_owner), joined())
    client.post(through(client, as_driver), joined(password="taken over 77", again="taken over 77"))
    user = User.objects.get(email="ines@example.com")
    assert user.check_password(PASSWORD)
    assert not Membership.objects.filter(user=user, role="driver").exists()


def test_a_second_place_somewhere_else_leaves_the_first_alone(sign_in, sven, to_sven, south):
    client = sign_in(sven)
    client.post(through(client, to_sven))
    assert Membership.objects.get(user=sven, operator=south).role == "owner"
    assert memberships.allowed_to(sven, operator=south)


def _shown(page, email):
    return _without_tokens(page).replace(email, "EMAIL")


def test_a_link_that_was_handed_over_does_not_tell_who_has_an_account(north, olga, sven):
    """Whoever invites holds the link, and may open it: for an address elsewhere, known here or not."""
    shown, answers = [], []
    for email in (sven.email, "sten@example.com"):
        client = Client()
        page = through(client, link_of(invitations.invite(north, email=email, role="auditor", by=olga)))
        shown.append(_shown(client.get(page), email))
        for form in (joined(password="short", again="short"), joined()):
            answer = client.post(page, form, follow=True)
            answers.append((answer.status_code, answer.redirect_chain, _shown(answer, email)))
    assert shown[0] == shown[1]
    assert answers[:2] == answers[2:]
    sven.refresh_from_db()
    assert sven.check_password(PASSWORD)
    assert Membership.objects.filter(user__email="sten@example.com", role="auditor").exists()


def test_making_an_account_hashes_as_often_whether_there_is_one(north, olga, sven, monkeypatch):
    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(*given):
        hashed.append(1)
        return encode(*given)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    counts = []
    for email in (sven.email, "sten@example.com"):
        client = Client()
        page = through(client, link_of(invitations.invite(north, email=email, role="auditor", by=olga)))
        hashed.clear()
        client.post(page, joined())
        counts.append(len(hashed))
    assert counts == [1, 1]
