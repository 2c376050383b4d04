"""Visits of the platform's staff, as the operator's owners see and limit them."""

import re
from datetime import timedelta

from django.utils import timezone

from portal.tests.cast import begin, events, member
from tenants.models import Operator

PAGE = "/o/north/settings/platform/"


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def leave(north):
    return Operator.objects.get(pk=north.pk).platform_may_change_until


def test_an_owner_sees_why_they_came_and_not_who(north, olga, sign_in):
    begin(north, member("petra"))
    shown = text(sign_in(olga).get(PAGE))
    assert "Case 4711: prices" in shown
    assert "Platform staff" in shown
    assert "here now" in shown
    assert "Petra" not in shown


def test_an_owner_allows_changes_for_a_while_and_takes_that_back(north, olga, sign_in):
    client = sign_in(olga)
    client.post(PAGE, {"hours": 4})
    assert timedelta(hours=3.9) < leave(north) - timezone.now() < timedelta(hours=4)
    assert "Allowed until" in text(client.get(PAGE))
    client.post(f"{PAGE}no-changes/")
    assert leave(north) is None
    assert [entry.event for entry in events(north, "platform.")] == [
        "platform.changes_allowed",
        "platform.changes_forbidden",
    ]


def test_a_senseless_time_is_refused(north, olga, sign_in):
    assert sign_in(olga).post(PAGE, {"hours": 1000}).status_code == 400
    assert leave(north) is None


def test_an_owner_ends_a_visit_at_once(north, olga, sign_in):
    petra = member("petra")
    visit = begin(north, petra)
    sign_in(olga).post(f"{PAGE}visits/{visit.public_id}/end/")
    assert sign_in(petra).get("/o/north/").status_code == 404
    entry = events(north, "platform.visit_ended")[0]
    assert (entry.is_platform, entry.actor_id) == (False, olga.pk)


def test_a_visit_elsewhere_is_not_found(north, south, olga, sign_in):
    visit = begin(south, member("petra"))
    assert sign_in(olga).post(f"{PAGE}visits/{visit.public_id}/end/").status_code == 404


def test_others_have_no_say(north, otto, axel, sign_in):
    for person in (otto, axel):
        assert sign_in(person).get(PAGE).status_code == 403


def test_the_audit_page_calls_them_platform_staff(north, olga, sign_in):
    begin(north, member("petra"))
    shown = text(sign_in(olga).get("/o/north/audit/"))
    assert "Began a visit of the platform" in shown
