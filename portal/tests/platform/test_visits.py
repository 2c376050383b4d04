"""Visits of platform staff: with a reason, for a while, in the operator's sight."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.tests import app_role
from portal.tests.cast import begin, events
from tenants.errors import Refused
from tenants.models import Operator, PlatformMember, PlatformVisit
from tenants.scoping import tenant_scope
from tenants.services.people import operators
from tenants.services.platform import members as platform_members
from tenants.services.platform import visits as platform_visits

FACTS = {"reason": "Case 4711: prices look wrong", "minutes": 30}


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def allow_changes(operator):
    with tenant_scope(operator.pk):
        platform_visits.allow_changes(operator, lasting=timedelta(hours=1))


def test_without_a_visit_platform_staff_are_strangers(portal, north):
    assert portal.get("/o/north/").status_code == 404


def test_a_visit_begins_with_a_reason_and_leads_there(platform, portal, petra, north):
    answer = platform.post("/platform/operators/north/visit/", FACTS)
    assert answer["Location"] == "/o/north/"
    visit = PlatformVisit.objects.get()
    assert (visit.user, visit.may_change) == (petra, False)
    assert visit.ends_at - visit.began_at == timedelta(minutes=30)
    entry = events(north, "platform.visit_began")[0]
    assert (entry.is_platform, entry.actor_id) == (True, petra.pk)
    facts = entry.additional_data or {}
    assert facts["reason"] == FACTS["reason"]
    assert facts["may_change"] is False
    assert portal.get("/o/north/").status_code == 200


def test_between_two_hosts_a_link_leads_there_and_back_as_no_form_may(platform, portal, north, settings):
    settings.PORTAL_ADDRESS, settings.PLATFORM_ADDRESS = "http://portal.example", "http://platform.example"
    answer = platform.post("/platform/operators/north/visit/", FACTS)
    assert answer["Location"] == "/platform/operators/north/"
    assert "http://portal.example/o/north/" in text(platform.get("/platform/operators/north/"))
    leave = f"/account/visits/{PlatformVisit.objects.get().public_id}/leave/"
    assert portal.post(leave)["Location"] == "/account/operators/?all"


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": "look"}, {"minutes": 300}, {"minutes": "x"}])
def test_a_visit_without_a_reason_or_for_too_long_does_not_begin(platform, north, wrong):
    assert platform.post("/platform/operators/north/visit/", {**FACTS, **wrong}).status_code == 400
    assert not PlatformVisit.objects.exists()


@pytest.mark.parametrize("wrong", [{"reason": "          "}, {"lasting": timedelta(hours=4, seconds=1)},
                                   {"lasting": timedelta(0)}, {"may_change": True}])  # fmt: skip
def test_the_service_refuses_what_the_page_would(north, petra, wrong):
    with pytest.raises(Refused):
        begin(north, petra, **wrong)


def test_only_members_of_the_platform_visit(north, olga):
    with pytest.raises(Refused):
        begin(north, olga)


def test_a_banner_on_every_page_names_operator_end_and_reason(portal, north, visit):
    for page in ("/o/north/", "/o/north/sessions/", "/o/north/finance/invoices/", "/o/north/audit/"):
        shown = text(portal.get(page))
        assert "You visit North Charging AB as platform staff until" in shown
        assert "Reason: Case 4711: prices" in shown
        assert f"/account/visits/{visit.public_id}/leave/" in shown


def test_members_see_no_banner(north, visit, olga, sign_in):
    assert "as platform staff" not in text(sign_in(olga).get("/o/north/"))


def test_each_page_is_an_event_by_its_name_without_the_question(portal, north, visit, petra):
    portal.get("/o/north/drivers/?search=Dana")
    entry = events(north, "platform.page_opened")[-1]
    assert (entry.additional_data or {})["page"] == "staff:driver_list"
    assert "Dana" not in str(vars(entry))
    assert (entry.is_platform, entry.actor_id) == (True, petra.pk)


def test_a_page_that_fails_was_opened_all_the_same(portal, north, visit):
    portal.raise_request_exception = False
    assert portal.get("/o/north/drivers/018f0000-0000-7000-8000-000000000000/").status_code == 404
    assert (events(north, "platform.page_opened")[-1].additional_data or {})["page"] == "staff:driver_detail"


def test_members_pages_are_no_events(north, olga, sign_in):
    sign_in(olga).get("/o/north/")
    assert events(north, "platform.") == []


def test_a_visitor_changes_nothing(portal, north, visit):
    answer = portal.post("/o/north/sites/new/", {"name": "Torget"})
    assert answer.status_code == 403
    assert events(north, "access.refused")[-1].is_platform


def test_people_keys_and_settings_are_never_a_visitor_s(portal, north, petra):
    allow_changes(north)
    begin(north, petra, may_change=True)
    for page in ("people/", "settings/", "settings/platform/", "settings/keys/", "settings/keys/new/"):
        assert portal.get(f"/o/north/{page}").status_code == 403, page


def test_with_an_owner_s_leave_a_visitor_changes_something(platform, portal, north):
    assert "may_change" not in text(platform.get("/platform/operators/north/visit/"))
    allow_changes(north)
    platform.post("/platform/operators/north/visit/", {**FACTS, "may_change": "on"})
    assert portal.get("/o/north/sites/new/").status_code == 200
    assert "An owner allows you to change something" in text(portal.get("/o/north/"))


def test_leave_that_is_taken_back_ends_changes_with_the_next_page(portal, north, petra):
    allow_changes(north)
    begin(north, petra, may_change=True)
    with tenant_scope(north.pk):
        platform_visits.take_back_leave(north)
    assert portal.post("/o/north/sites/new/", {"name": "Torget"}).status_code == 403
    assert portal.get("/o/north/").status_code == 200


def test_leave_that_ran_out_is_none(portal, north, petra):
    allow_changes(north)
    begin(north, petra, may_change=True)
    with tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(platform_may_change_until=timezone.now() - timedelta(seconds=1))
    assert portal.get("/o/north/sites/new/").status_code == 403


def test_a_visit_that_ran_out_opens_nothing(portal, north, visit):
    with app_role.as_platform(), tenant_scope(north.pk):
        PlatformVisit.objects.update(
            began_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now() - timedelta(seconds=1)
        )
    assert portal.get("/o/north/").status_code == 404


def test_leaving_ends_the_visit_and_leads_back(portal, north, visit, petra):
    answer = portal.post(f"/account/visits/{visit.public_id}/leave/")
    assert answer["Location"] == "/platform/operators/north/"
    assert portal.get("/o/north/").status_code == 404
    entry = events(north, "platform.visit_ended")[0]
    assert (entry.is_platform, entry.actor_id) == (True, petra.pk)
    portal.post(f"/account/visits/{visit.public_id}/leave/")
    assert len(events(north, "platform.visit_ended")) == 1


def test_nobody_leaves_for_somebody_else(north, visit, olga, sign_in):
    assert sign_in(olga).post(f"/account/visits/{visit.public_id}/leave/").status_code == 404


def test_a_second_visit_replaces_the_first(north, petra, visit):
    second = begin(north, petra, reason="Case 4712: another thing")
    visit.refresh_from_db()
    assert visit.ended_at is not None
    assert second.ended_at is None


def test_who_is_taken_off_the_platform_is_out_at_once(portal, north, visit, petra, pelle):
    with app_role.as_platform():
        platform_members.deactivate(PlatformMember.objects.get(user=petra))
    assert portal.get("/o/north/").status_code == 404


def test_a_visit_reaches_no_other_operator(portal, north, south, visit):
    assert portal.get("/o/south/").status_code == 404


def test_a_suspended_operator_can_be_visited(portal, north, petra):
    with app_role.as_platform():
        operators.suspend(north, reason="Unpaid since the spring")
    begin(north, petra)
    assert portal.get("/o/north/").status_code == 200


def test_a_visitor_without_the_second_factor_is_sent_to_it(north, visit, petra, client):
    client.force_login(petra)
    assert client.get("/o/north/")["Location"].startswith("/account/challenge/")


def test_a_colleague_can_end_a_visit(platform, north, pelle):
    visit = begin(north, pelle)
    platform.post(f"/platform/visits/{visit.public_id}/end/")
    visit.refresh_from_db()
    assert visit.ended_at is not None
