"""The platform's log: its people leave traces, though they belong to no operator."""

import re

from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from portal.tests import app_role
from portal.tests.at_platform import at_platform
from portal.tests.cast import PASSWORD
from tenants.log import sign_ins
from tenants.models import PlatformEvent, PlatformMember
from tenants.services.platform import members as platform_members


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def recorded():
    """What the log holds but for how the test's people came to be, oldest first."""
    with app_role.as_platform():
        return list(PlatformEvent.objects.exclude(event=platform_members.ADDED).order_by("pk"))


def test_failed_sign_ins_leave_a_trace_in_either_process(petra):
    client = Client()
    client.post("/account/sign-in/", {"email": petra.email, "password": "wrong one 12"})
    client.post("/account/sign-in/", {"email": petra.email, "password": PASSWORD})
    client.post("/account/challenge/", {"code": "000000"}, HTTP_USER_AGENT="Firefox/1")
    wrong = {"email": petra.email, "password": "wrong one 12"}
    at_platform(Client()).post("/account/sign-in/", wrong, REMOTE_ADDR="10.1.2.3")
    events = recorded()
    assert [(event.event, event.user_id, event.address) for event in events] == [
        (sign_ins.WRONG_PASSWORD, petra.pk, "127.0.0.1"),
        (sign_ins.WRONG_CODE, petra.pk, "127.0.0.1"),
        (sign_ins.WRONG_PASSWORD, petra.pk, "10.1.2.3"),
    ]
    assert events[1].user_agent == "Firefox/1"


def test_people_of_operators_leave_none_here(olga):
    Client().post("/account/sign-in/", {"email": olga.email, "password": "wrong one 12"})
    assert recorded() == []


def test_who_was_taken_off_is_told_with_by_whom(platform, petra, pelle):
    platform.post(f"/platform/members/{pelle.public_id}/remove/")
    (event,) = recorded()
    assert (event.event, event.user_id, event.actor_id) == (platform_members.TAKEN_OFF, pelle.pk, petra.pk)
    sign_ins.record(pelle, sign_ins.SIGNED_OUT)
    assert len(recorded()) == 1, "who is no member any more has no place in it"


def test_the_page_says_it_in_words(platform, petra, pelle):
    platform.post(f"/platform/members/{pelle.public_id}/remove/")
    sign_ins.record(petra, sign_ins.RECOVERY_CODE_USED, left=3)
    shown = text(platform.get("/platform/log/"))
    for words in ("Pelle", "Was taken off the platform", "by Petra", "Used a recovery code", "left: 3"):
        assert words in shown
    assert not PlatformMember.objects.get(user=pelle).is_active


def test_who_is_added_by_a_command_is_told_so(platform):
    with app_role.as_platform():
        call_command("platform_member", "add", "nora@example.com", "--name", "Nora")
    shown = text(platform.get("/platform/log/"))
    assert "Became a member of the platform" in shown
    assert "by the command platform_member" in shown


def test_the_page_is_cut_into_pages(platform, petra, django_assert_max_num_queries):
    for _ in range(60):
        sign_ins.record(petra, sign_ins.PROVED)
    with django_assert_max_num_queries(12):
        first = platform.get("/platform/log/")
    assert len(first.context["lines"]) == 50
    assert len(platform.get(f"/platform/log/?{first.context['page'].older}").context["lines"]) > 0


def test_facts_are_said_in_words(platform, petra):
    with app_role.as_platform():
        for facts in ({"second_factor": "code"}, {"fields": ["language"]}):
            PlatformEvent.objects.create(event=sign_ins.WRONG_CODE, user_id=petra.pk, at=timezone.now(), facts=facts)
    shown = text(platform.get("/platform/log/"))
    assert "second factor: code from the app" in shown
    assert "fields: language" in shown
