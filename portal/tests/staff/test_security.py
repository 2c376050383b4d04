"""The security settings: of whom a second factor is required, and switching four eyes on and off."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from billing.services.approved import ISSUE
from portal.tests.cast import PASSWORD, somebody
from portal.tests.reading import read, words
from tenants.errors import Refused
from tenants.models import Approval, AuditEntry, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services import four_eyes
from tenants.services.people import memberships, security

PAGE = "/o/north/settings/security/"


def fresh(operator):
    return Operator.objects.get(pk=operator.pk)


@pytest.fixture
def orla(north):
    return somebody(north, "orla", "owner")


@pytest.fixture
def lena(north):
    """Works in operations and has no second factor."""
    user = User.objects.create_user("lena@example.com", PASSWORD, name="Lena Larsson")
    memberships.add(user, operator=north, role=Membership.Role.OPERATIONS)
    return user


def test_the_page_tells_who_has_no_second_factor(olga, lena, dana, sign_in):
    page = words(sign_in(olga).get(PAGE))
    assert "Operations: Lena Larsson" in page
    assert "Driver: 1 person" in page
    assert "Dana" not in page


def test_a_factor_is_required_of_the_chosen_roles_and_always_of_owners(olga, north, sign_in):
    sign_in(olga).post(PAGE, {"form": "factors", "support": "on", "driver": "on"})
    assert fresh(north).factor_required_of == ["owner", "support", "driver"]


def test_who_is_newly_required_sets_one_up_before_the_next_page(olga, dana, north, sign_in):
    client = sign_in(dana)
    assert client.get("/o/north/my/").status_code == 200
    sign_in(olga).post(PAGE, {"form": "factors", "driver": "on"})
    assert client.get("/o/north/my/")["Location"].startswith("/account/second-factor/")


def test_the_database_keeps_the_owners_factor(north):
    with pytest.raises(IntegrityError, match="owners_need_a_factor"), tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(factor_required_of=["support"])


def test_unknown_roles_and_acts_are_refused(north, olga):
    with tenant_scope(north.pk):
        with pytest.raises(Refused, match="unknown_role"):
            security.require_factor(north, of=["king"])
        for act in ("everything", security.SWITCH_OFF):
            with pytest.raises(Refused, match="unknown_act"):
                security.choose_four_eyes(north, acts=[act], by=olga, at=timezone.now())


def test_four_eyes_are_switched_on_by_one_owner(olga, north, sign_in):
    sign_in(olga).post(PAGE, {"form": "four_eyes", "issue_run": "on", "publish_tariff": "on"})
    assert fresh(north).four_eyes == ["publish_tariff", "issue_run"]


def test_the_only_owner_switches_them_off_alone_and_it_is_recorded(olga, north, sign_in):
    client = sign_in(olga)
    client.post(PAGE, {"form": "four_eyes", "issue_run": "on"})
    assert "You are the only owner" in client.get(PAGE).content.decode()
    client.post(PAGE, {"form": "four_eyes"})
    assert fresh(north).four_eyes == []
    with tenant_scope(north.pk):
        assert AuditEntry.objects.get(event="security.four_eyes_off").additional_data == {"acts": ["issue_run"]}


def test_with_another_owner_switching_off_needs_them(olga, orla, north, sign_in):
    first, second = sign_in(olga), sign_in(orla)
    first.post(PAGE, {"form": "four_eyes", "issue_run": "on"})
    page = first.post(PAGE, {"form": "four_eyes", "publish_tariff": "on"}, follow=True).content.decode()
    assert "it waits for a second person" in page
    assert fresh(north).four_eyes == ["publish_tariff", "issue_run"]  # what is safer holds at once
    assert "Switching off waits for another owner" in first.get(PAGE).content.decode()
    with tenant_scope(north.pk):
        approval = Approval.objects.get()
        with pytest.raises(Refused, match="own_request"):
            four_eyes.approve(approval, by=olga, at=timezone.now())
    second.post(f"/o/north/approvals/{approval.public_id}/decide/", {"approve": ""})
    assert fresh(north).four_eyes == ["publish_tariff"]


def switch_off(operator, by):
    with tenant_scope(operator.pk):
        return security.choose_four_eyes(fresh(operator), acts=[], by=by, at=timezone.now())


@pytest.mark.parametrize("how", ["removed", "made an auditor"])
def test_an_owner_who_takes_the_others_place_is_not_alone_for_three_days(how, olga, orla, north):
    with tenant_scope(north.pk):
        security.choose_four_eyes(north, acts=[ISSUE], by=olga, at=timezone.now())
        place = Membership.objects.get(user=orla)
        if how == "removed":
            memberships.remove(place)
        else:
            memberships.change_role(place, role=Membership.Role.AUDITOR)
    with pytest.raises(Refused, match="owner_left_lately"):
        switch_off(north, olga)
    assert fresh(north).four_eyes == ["issue_run"]
    with tenant_scope(north.pk):
        later = timezone.now() + four_eyes.SETTLED
        assert security.choose_four_eyes(fresh(north), acts=[], by=olga, at=later) is None
    assert fresh(north).four_eyes == []


def test_that_somebody_else_left_changes_nothing(olga, otto, north):
    with tenant_scope(north.pk):
        security.choose_four_eyes(north, acts=[ISSUE], by=olga, at=timezone.now())
        memberships.remove(Membership.objects.get(user=otto))
    assert switch_off(north, olga) is None
    assert fresh(north).four_eyes == []


def test_the_other_owners_have_a_letter_when_it_is_switched_off(olga, orla, north, settings, mailoutbox,
                                                               django_capture_on_commit_callbacks):  # fmt: skip
    settings.EMAIL_HOST = "mail.example"
    third = somebody(north, "oskar", "owner")
    with tenant_scope(north.pk):
        security.choose_four_eyes(north, acts=[ISSUE], by=olga, at=timezone.now())
    approval = switch_off(north, olga)
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(north.pk):
        four_eyes.approve(approval, by=orla, at=timezone.now())
    assert {letter.to[0] for letter in mailoutbox} == {orla.email, third.email}
    assert "Olga" in mailoutbox[0].body


def test_where_there_are_not_two_people_the_page_warns(olga, north, sign_in, request):
    page = sign_in(olga).get(PAGE).content.decode()
    assert "There are not two people who may do this" in page
    request.getfixturevalue("fina")
    request.getfixturevalue("orla")
    assert "There are not two people who may do this" not in sign_in(olga).get(PAGE).content.decode()


def test_the_settings_are_tabs_of_what_one_may_open(olga, sign_in):
    answer = sign_in(olga).get(PAGE)
    page = answer.content.decode()
    for path in ("settings/", "settings/security/", "settings/platform/", "settings/keys/"):
        assert f'href="/o/north/{path}"' in page
    (tabs,) = read(answer).find("nav", "tabs")
    assert [tab.text for tab in tabs.find("a") if tab.attributes.get("aria-current") == "page"] == ["Security"]
