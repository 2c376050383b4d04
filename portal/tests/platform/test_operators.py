"""Operators as those see and run them who run the instance."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.tests import app_role
from portal.tests.at_platform import at_platform
from portal.tests.cast import PASSWORD, begin, events
from portal.tests.links import through
from tenants.models import ConsentPurpose, Invitation, Membership, Operator, User
from tenants.roles import STAFF
from tenants.scoping import tenant_scope
from tenants.services.people import invitations, memberships, operators
from tenants.services.platform import members as platform_members

REASON = "Unpaid since the spring"


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def reload(operator):
    return Operator.objects.get(pk=operator.pk)


def test_the_list_shows_people_state_and_last_sign_in(platform, north, south, olga, otto, dana):
    olga.last_login = timezone.now()
    olga.save()
    shown = text(platform.get("/platform/"))
    assert "North Charging AB" in shown
    assert "South Charging AB" in shown
    assert [(each.slug, each.people) for each in platform.get("/platform/").context["page"]] == [
        ("north", 2),
        ("south", 0),
    ]


def test_the_list_is_searched_by_name_and_address_and_filtered_by_state(platform, north, south):
    found = platform.get("/platform/?search=outh ch").context["page"].object_list
    assert [each.slug for each in found] == ["south"]
    assert [each.slug for each in platform.get("/platform/?search=NORTH").context["page"]] == ["north"]
    assert "No operator found" in text(platform.get("/platform/?state=closed"))


def test_an_operator_is_created_with_its_first_owner_invited(platform, petra):
    facts = {"name": "East AB", "legal_name": "East Charging AB", "slug": "east", "owner": "Eva@example.com"}
    answer = platform.post("/platform/operators/new/", facts)
    assert answer.status_code == 200
    link = re.search(r"/account/invitations/[^\"<\s]+", text(answer))
    assert link
    east = Operator.objects.get(slug="east")
    assert (east.state, east.legal_name) == ("active", "East Charging AB")
    invitation = Invitation.objects.get(operator=east)
    assert (invitation.email, invitation.role, invitation.invited_by_id) == ("eva@example.com", "owner", petra.pk)
    with tenant_scope(east.pk):
        assert ConsentPurpose.objects.count() == 2
    recorded = events(east)
    assert recorded[0].event == "operator.created"
    assert {(entry.is_platform, entry.actor_id) for entry in recorded} == {(True, petra.pk)}
    browser = Client()
    assert browser.get(through(browser, link[0])).status_code == 200, "the portal opens the link"


def test_with_a_mail_server_the_link_is_in_the_letter_and_nowhere_else(
    platform, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example"
    facts = {"name": "East AB", "legal_name": "", "slug": "east", "owner": "eva@example.com"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = platform.post("/platform/operators/new/", facts)
    assert answer.status_code == 302
    assert "/account/invitations/" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"slug": "north"}, "already exists"), ({"slug": "No spaces"}, "slug"), ({"owner": "nobody"}, "valid email")],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_made(platform, north, wrong, said):
    facts = {"name": "East AB", "legal_name": "", "slug": "east", "owner": "eva@example.com", **wrong}
    answer = platform.post("/platform/operators/new/", facts)
    assert answer.status_code == 400
    assert said in text(answer)
    assert Operator.objects.count() == 1
    assert not Invitation.objects.exists()


def test_a_suspended_operator_s_people_find_a_page_that_says_so(platform, north, olga, dana, sign_in):
    answer = platform.post("/platform/operators/north/suspend/", {"reason": REASON})
    assert answer.status_code == 302
    for person in (olga, dana):
        page = sign_in(person).get("/o/north/my/" if person == dana else "/o/north/")
        assert page.status_code == 403
        assert "is suspended" in text(page)
    assert reload(north).state == "suspended"
    entry = events(north, "operator.suspended")[0]
    assert entry.is_platform
    assert entry.additional_data == {"reason": REASON}


def test_a_suspended_operator_is_still_among_its_people_s(platform, north, olga, sign_in):
    with app_role.as_platform():
        operators.suspend(north, reason=REASON)
    answer = sign_in(olga).get("/account/operators/", follow=True)
    assert "is suspended" in text(answer)


def test_a_resumed_operator_works_as_before(platform, north, olga, sign_in):
    with app_role.as_platform():
        operators.suspend(north, reason=REASON)
    assert platform.post("/platform/operators/north/resume/").status_code == 302
    assert sign_in(olga).get("/o/north/").status_code == 200
    assert [entry.event for entry in events(north, "operator.")][-1] == "operator.resumed"


def test_closing_wants_the_address_and_a_reason(platform, north):
    for typed, reason in (("south", REASON), ("north", "no"), ("north", "")):
        answer = platform.post("/platform/operators/north/close/", {"slug": typed, "reason": reason})
        assert answer.status_code == 400
    assert "it is north, you typed south" in text(
        platform.post("/platform/operators/north/close/", {"slug": "south", "reason": REASON})
    )
    assert reload(north).state == "active"


def test_a_closed_operator_lets_nobody_in_and_keeps_its_data(platform, north, olga, petra, sign_in):
    visit = begin(north, petra)
    with app_role.as_platform():
        invitations.invite(north, email="new@example.com", role="finance")
    answer = platform.post("/platform/operators/north/close/", {"slug": "north", "reason": REASON})
    assert answer.status_code == 302
    assert sign_in(olga).get("/o/north/").status_code == 404
    assert sign_in(petra).get("/o/north/").status_code == 404
    visit.refresh_from_db()
    assert visit.ended_at is not None
    assert Invitation.objects.get().withdrawn_at is not None
    assert Membership.objects.filter(operator=north).exists()
    assert [entry.event for entry in events(north, "operator.")][-1] == "operator.closed"


def test_closing_is_final(platform, north):
    with app_role.as_platform():
        operators.close(north, reason=REASON, at=timezone.now())
    platform.post("/platform/operators/north/resume/")
    assert reload(north).state == "closed"
    assert platform.get("/platform/operators/north/").status_code == 200
    assert platform.get("/platform/operators/north/visit/").status_code == 404
    answer = platform.post("/platform/operators/north/suspend/", {"reason": REASON})
    assert answer.status_code == 400
    assert "North Charging AB is closed" in text(answer)


@pytest.mark.parametrize("page", ["operators/new/", "operators/north/suspend/", "operators/north/close/",
                                  "operators/north/invite/", "operators/north/visit/", "members/add/"])  # fmt: skip
def test_great_acts_want_a_fresh_proof(page, petra, north, sign_in):
    client = sign_in(petra)
    session = client.session
    session["proved_at"] = 0
    session.save()
    client = at_platform(client)
    assert client.get(f"/platform/{page}").status_code == 200
    answer = client.post(f"/platform/{page}")
    assert answer.status_code == 302
    assert answer["Location"] == "/account/confirm/?next=%2Faccount%2Fkept%2F"


def test_an_owner_can_be_invited_where_there_is_none(platform, north, otto):
    answer = platform.post("/platform/operators/north/invite/", {"owner": "new@example.com"})
    assert "/account/invitations/" in text(answer)
    assert Invitation.objects.get().role == "owner"


def test_no_owner_is_invited_where_there_is_one(platform, north, olga):
    answer = platform.post("/platform/operators/north/invite/", {"owner": "new@example.com"})
    assert answer.status_code == 400
    assert "North Charging AB has an owner. Ask them to invite others." in text(answer)
    assert not Invitation.objects.exists()


def test_an_owner_whose_account_is_shut_counts_as_none(platform, north, olga):
    User.objects.filter(pk=olga.pk).update(is_active=False)
    assert platform.post("/platform/operators/north/invite/", {"owner": "new@example.com"}).status_code == 200


def test_the_platform_s_invitation_ends_when_an_owner_has_come(platform, north, sven):
    """A second one, kept back for later, would open the operator behind its owner's back."""
    platform.post("/platform/operators/north/invite/", {"owner": "kept@example.com"})
    memberships.add(sven, operator=north, role="owner")
    kept = User.objects.create_user("kept@example.com", PASSWORD)
    with pytest.raises(invitations.Ended):
        invitations.accept(Invitation.objects.get(), user=kept)
    assert not Membership.objects.filter(user=kept).exists()


@pytest.mark.parametrize("role", sorted(STAFF))
def test_who_runs_the_instance_gets_no_place_at_an_operator(platform, north, petra, olga, role):
    with pytest.raises(invitations.RunsTheInstance):
        invitations.invite(north, email=petra.email.upper(), role=role, by=olga)
    assert not Invitation.objects.exists()


def test_no_member_of_the_platform_invites_themselves(platform, north, petra):
    answer = platform.post("/platform/operators/north/invite/", {"owner": petra.email})
    assert answer.status_code == 400
    assert "runs the instance" in text(answer)
    facts = {"name": "East AB", "legal_name": "", "slug": "east", "owner": petra.email}
    assert platform.post("/platform/operators/new/", facts).status_code == 400
    assert not Operator.objects.filter(slug="east").exists()


def test_who_joined_the_platform_meanwhile_does_not_accept(north, olga, sven, sign_in):
    made = invitations.invite(north, email=sven.email, role="owner", by=olga)
    with app_role.as_platform():
        platform_members.add(email=sven.email, meant=sven.public_id)
    with pytest.raises(invitations.RunsTheInstance):
        invitations.accept(made.invitation, user=sven)
    browser = sign_in(sven)
    link = f"/account/invitations/{made.invitation.public_id}/{made.secret}/"
    answer = browser.post(through(browser, link))
    assert "runs the instance" in text(answer)
    assert not Membership.objects.filter(user=sven, operator=north).exists()


def test_the_list_costs_the_same_for_many_operators(platform, north, south, django_assert_max_num_queries):
    platform.get("/platform/")
    with app_role.as_platform():
        for number in range(20):
            operators.create(slug=f"o{number}", name=f"O{number}")
    with django_assert_max_num_queries(20, connection=connection):
        platform.get("/platform/")
