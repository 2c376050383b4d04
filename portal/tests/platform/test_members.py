"""The people who run the instance."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.tests import app_role
from portal.tests.at_platform import at_platform
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from tenants.models import PlatformMember, User
from tenants.services.people import memberships
from tenants.services.platform import members as platform_members
from tenants.services.platform.members import LastPlatformMember
from tenants.services.proof import password_links


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_somebody_new_gets_a_link_for_a_password_once(platform):
    answer = platform.post("/platform/members/add/", {"email": "New@example.com", "name": "Nora"})
    link = re.search(r"/account/password/[^\"<\s]+", text(answer))
    assert link
    assert PlatformMember.objects.get(user__email="new@example.com").is_active
    browser = at_platform(Client())
    assert browser.get(through(browser, link[0])).status_code == 200


def add_known(client, user):
    """Add somebody who has an account: look at it, and mean it."""
    shown = client.post("/platform/members/add/", {"email": user.email, "name": ""})
    assert not PlatformMember.objects.filter(user=user, is_active=True).exists(), "nothing is done before"
    meant = re.search(r'name="meant" value="([^"]+)"', text(shown))
    assert meant
    return shown, client.post("/platform/members/add/", {"email": user.email, "meant": meant[1]})


def test_somebody_known_is_shown_first_and_keeps_their_password(platform, olga):
    shown, answer = add_known(platform, olga)
    for words in ("olga@example.com has an account already", "Roles at operators", "Nothing proves whose account"):
        assert words in text(shown)
    assert answer.status_code == 302
    assert "Olga" in text(platform.get("/platform/members/"))
    olga.refresh_from_db()
    assert olga.check_password(PASSWORD)


def test_another_account_than_the_one_that_was_looked_at_is_not_added(platform, olga, otto):
    platform.post("/platform/members/add/", {"email": otto.email, "meant": olga.public_id})
    assert not PlatformMember.objects.filter(user=otto).exists()


def test_with_a_mail_server_the_mailbox_must_have_been_proved(platform, sara, settings):
    """An invitation that was handed over lets anybody make an account with somebody else's address."""
    settings.EMAIL_HOST = "mail.example"
    facts = {"email": sara.email, "meant": sara.public_id}
    answer = platform.post("/platform/members/add/", facts)
    assert answer.status_code == 400
    assert "nobody has proved that the mailbox is theirs" in text(answer)
    assert not PlatformMember.objects.filter(user=sara).exists()
    User.objects.filter(pk=sara.pk).update(email_proved_at=timezone.now())
    assert platform.post("/platform/members/add/", facts).status_code == 302
    assert PlatformMember.objects.get(user=sara).is_active


def test_the_command_shows_an_account_that_exists_and_wants_it_to_be_meant(north, sara, capsys):
    with app_role.as_platform():
        with pytest.raises(CommandError, match="--existing"):
            call_command("platform_member", "add", sara.email)
        assert "places at operators: 1, mailbox never proved" in capsys.readouterr().out
        assert not PlatformMember.objects.exists()
        call_command("platform_member", "add", sara.email, "--existing")
    assert PlatformMember.objects.get().user == sara


def test_nobody_is_a_member_twice(platform, petra):
    answer = platform.post("/platform/members/add/", {"email": petra.email, "name": ""})
    assert answer.status_code == 400
    assert "petra@example.com is a member of the platform already" in text(answer)


def test_a_member_is_taken_off_and_added_again(platform, pelle, sign_in):
    theirs = at_platform(sign_in(pelle))
    assert theirs.get("/platform/").status_code == 200
    platform.post(f"/platform/members/{pelle.public_id}/remove/")
    assert theirs.get("/platform/").status_code == 404
    add_known(platform, pelle)
    assert theirs.get("/platform/").status_code == 200


def test_the_last_member_stays(platform, petra):
    platform.post(f"/platform/members/{petra.public_id}/remove/")
    assert PlatformMember.objects.get(user=petra).is_active
    assert "needs at least one member" in text(platform.get("/platform/members/"))


def test_a_member_whose_account_is_shut_does_not_count_as_one_left(petra, pelle):
    User.objects.filter(pk=pelle.pk).update(is_active=False)
    with app_role.as_platform(), pytest.raises(LastPlatformMember):
        platform_members.deactivate(PlatformMember.objects.get(user=petra))


def test_a_link_made_before_opens_no_platform(db):
    """Whoever holds it got it for something else."""
    user = User.objects.create_user("nora@example.com", None)
    person, token = password_links.FIRST.parts(user)
    assert password_links.FIRST.person_of(person, token=token) == user
    with app_role.as_platform():
        platform_members.add(email=user.email, meant=user.public_id)
    assert password_links.FIRST.person_of(person, token=token) is None


def test_the_first_member_is_made_by_a_command(db, capsys):
    with app_role.as_platform():
        call_command("platform_member", "add", "first@example.com", "--name", "First")
        assert "/account/password/" in capsys.readouterr().out
        call_command("platform_member", "list")
        assert "first@example.com" in capsys.readouterr().out
        with pytest.raises(CommandError, match="at least one member"):
            call_command("platform_member", "remove", "first@example.com")
        with pytest.raises(CommandError, match="no member"):
            call_command("platform_member", "remove", "other@example.com")


def test_a_member_from_before_addresses_were_looked_at_is_taken_off(petra):
    with app_role.as_platform():
        platform_members.add(email="eva", name="Eva")
        call_command("platform_member", "remove", "Eva")
    assert not PlatformMember.objects.get(user__email="eva").is_active


def test_signing_in_at_the_platform_takes_both_factors(petra):
    client = at_platform(Client())
    answer = client.post("/account/sign-in/", {"email": petra.email, "password": PASSWORD})
    assert answer["Location"] == "/account/challenge/"
    assert client.get("/platform/")["Location"].startswith("/account/sign-in/")


def test_a_password_alone_opens_nothing(petra):
    client = Client()
    client.force_login(petra)
    assert at_platform(client).get("/platform/")["Location"].startswith("/account/challenge/")


def test_an_owner_finds_no_platform_in_either_process(olga, sign_in):
    assert sign_in(olga).get("/platform/").status_code == 404
    assert at_platform(sign_in(olga)).get("/platform/").status_code == 404


def test_a_member_finds_no_platform_in_the_portal_s_process(portal):
    for page in ("/platform/", "/platform/operators/north/", "/platform/health/"):
        assert portal.get(page).status_code == 404


def test_the_portal_leads_members_to_the_platform(portal, north, petra, settings):
    assert portal.get("/account/operators/")["Location"] == "/platform/"
    settings.PLATFORM_ADDRESS = "http://platform.example"
    assert portal.get("/account/operators/").status_code == 200, "no form may lead to another host, a link may"
    memberships.add(petra, operator=north, role="support")
    shown = text(portal.get("/account/operators/"))
    assert "http://platform.example/platform/" in shown
    assert "/o/north/" in shown
