"""An owner who looks through a role's eyes sees what the role may read, and changes nothing anywhere.

Walked through the URLconf like the matrix, so that a new page is held to it before it has a test of its own.
"""

import pytest
from django.db import transaction

from portal.gate import viewing
from portal.gate.access import READ_ONLY
from portal.tests.house import DOORS, address, status
from tenants import roles
from tenants.models import AuditEntry, Membership
from tenants.roles import PERMISSIONS
from tenants.scoping import tenant_scope
from tenants.services.people import memberships

pytestmark = pytest.mark.ignore_template_errors
PAGES = [door for door in DOORS if not door.is_api]
BANNER = 'class="viewing"'


def begin(client, role):
    answer = client.post("/o/north/people/view-as/", {"role": role})
    assert answer["Location"] == "/o/north/"
    client.raise_request_exception = False
    return client


def posted(client, path):
    with transaction.atomic():
        answer = client.post(path)
        transaction.set_rollback(True)
    return answer.status_code


@pytest.mark.parametrize("role", viewing.ROLES)
def test_every_page_answers_a_reader_as_it_would_answer_the_role(role, world, olga, sign_in):
    client = begin(sign_in(olga), role)
    wrong = {}
    for door in PAGES:
        if door.access in PERMISSIONS[role] and not door.takes_out:
            expected = {200, 302, 303, 400, 405, 409, 422}
        else:
            expected = {403, 405}  # 405 where a page that only takes POST says so before it asks who comes
        answer = _status_of_get(client, address(door, world))
        if answer not in expected:
            wrong[door.name] = answer
    assert wrong == {}


def _status_of_get(client, path):
    with transaction.atomic():
        answer = client.get(path)
        for close in answer._resource_closers:  # not answer.close(): that would end the test's connection
            close()
        transaction.set_rollback(True)
    return answer.status_code


@pytest.mark.parametrize("role", viewing.ROLES)
def test_nothing_is_changed_behind_any_door(role, world, olga, sign_in):
    client = begin(sign_in(olga), role)
    answers = {door.name: posted(client, address(door, world)) for door in PAGES}
    assert {name: answer for name, answer in answers.items() if answer not in {403, 405}} == {}
    assert list(answers.values()).count(403) > 30


@pytest.mark.parametrize("role", viewing.ROLES)
def test_no_file_for_others_is_handed_out(role, world, olga, sign_in):
    client = begin(sign_in(olga), role)
    doors = [door for door in DOORS if door.takes_out]
    assert len(doors) > 10
    assert {door.name: status(client, address(door, world)) for door in doors} == {door.name: 403 for door in doors}


def _hands_out(client, path):
    """Whether the page answers with a file, asked or sent to. Nothing of it is kept."""
    for method in (client.get, client.post):
        with transaction.atomic():
            answer = method(path)
            for close in answer._resource_closers:
                close()
            transaction.set_rollback(True)
        if "Content-Disposition" in answer or answer.headers.get("Content-Type", "").startswith("text/csv"):
            return True
    return False


def test_every_page_that_answers_with_a_file_declares_it(world, olga, sign_in):
    """A driver's own invoice is not among them: nobody looks through a driver's eyes."""
    assert roles.Role.DRIVER not in viewing.ROLES
    client = sign_in(olga)
    client.raise_request_exception = False
    files = {door.name for door in PAGES if _hands_out(client, address(door, world))}
    assert files - {door.name for door in PAGES if door.takes_out} == set()
    assert len(files) > 8


def test_a_visitor_of_the_platform_takes_no_file_and_the_operator_reads_of_the_attempt(world, north, petra, sign_in):
    client = sign_in(petra)
    client.get("/o/north/sessions/export/")
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(event="access.refused").latest("pk")
    assert (entry.is_platform, (entry.additional_data or {})["reason"]) == (True, "read only")
    doors = [door for door in PAGES if door.takes_out]
    assert {door.name: status(client, address(door, world)) for door in doors} == {door.name: 403 for door in doors}


def test_an_owner_holds_what_every_role_that_is_looked_through_holds():
    for role in viewing.ROLES:
        assert PERMISSIONS[role] <= PERMISSIONS[roles.Role.OWNER]


# --- the banner, the way out, the trail ---


def test_the_banner_stands_on_every_page_and_the_navigation_is_the_roles(olga, sign_in, in_north):
    client = begin(sign_in(olga), "finance")
    page = client.get("/o/north/")
    html = page.content.decode()
    assert BANNER in html
    assert "<strong>Finance</strong> would. Nothing can be changed." in html
    assert "/o/north/finance/tariffs/" in html
    assert "/o/north/finance/runs/" in html
    assert "/o/north/finance/downloads/" in html
    assert "/o/north/people/" not in html
    for path in ("/account/profile/", "/o/north/people/"):  # their own page; one that refuses
        assert BANNER in client.get(path).content.decode()


def test_a_refusal_says_why(olga, sign_in, otto):
    client = begin(sign_in(olga), "support")
    answer = client.post("/o/north/drivers/new/", {"name": "X"})
    assert answer.status_code == 403
    assert str(READ_ONLY) in answer.content.decode()


def test_stopping_works_from_anywhere_and_gives_everything_back(olga, sign_in, otto):
    client = begin(sign_in(olga), "support")
    assert client.get("/o/north/people/").status_code == 403
    assert client.post("/account/view-as/stop/")["Location"] == "/o/north/people/"
    page = client.get("/o/north/people/")
    assert page.status_code == 200
    assert BANNER not in page.content.decode()
    assert client.post("/account/view-as/stop/")["Location"] == "/account/operators/"


def test_it_is_recorded_when_it_begins_and_ends_and_on_what_is_done_meanwhile(olga, sign_in, north):
    client = begin(sign_in(olga), "auditor")
    client.post("/o/north/drivers/new/", {"name": "X"})
    client.post("/account/sign-out/")
    with tenant_scope(north.pk):
        entries = list(AuditEntry.objects.filter(actor_id=olga.pk).order_by("pk"))
    trail = [(entry.event, entry.viewing_as) for entry in entries if entry.event.startswith(("view_as", "access"))]
    assert trail == [("view_as.began", ""), ("access.refused", "auditor"), ("view_as.ended", "")]
    facts = [(entry.additional_data or {})["role"] for entry in entries if entry.event.startswith("view_as")]
    assert facts == ["auditor", "auditor"]


def test_signing_out_ends_it(olga, sign_in):
    client = begin(sign_in(olga), "auditor")
    client.post("/account/sign-out/")
    assert "viewing_as" not in client.session


@pytest.mark.parametrize("role", ["owner", "driver", "platform", "", "nonsense"])
def test_only_lesser_roles_of_the_staff_are_looked_through(olga, sign_in, role):
    client = sign_in(olga)
    client.post("/o/north/people/view-as/", {"role": role})
    assert BANNER not in client.get("/o/north/").content.decode()


def test_who_is_no_owner_looks_through_nobody(axel, sign_in):
    assert sign_in(axel).post("/o/north/people/view-as/", {"role": "finance"}).status_code == 403


def test_at_another_operator_they_are_themselves(olga, sign_in, south):
    memberships.add(olga, operator=south, role="owner")
    client = begin(sign_in(olga), "support")
    page = client.get("/o/south/people/")
    assert page.status_code == 200
    assert BANNER not in page.content.decode()


def test_it_ends_with_the_right_to_it(olga, otto, sign_in, in_north):
    memberships.change_role(Membership.objects.get(user=otto), role="owner")
    client = begin(sign_in(olga), "finance")
    memberships.change_role(Membership.objects.get(user=olga), role="support")
    page = client.get("/o/north/")
    assert page.context["may"] == {permission.value for permission in PERMISSIONS[roles.Role.SUPPORT]}
    assert BANNER not in page.content.decode()


def test_machines_are_not_looked_through(olga, sign_in):
    """The API answers a browser's session with what the session sees, and keeps to reading."""
    client = begin(sign_in(olga), "finance")
    answer = client.get("/o/north/api/v1/me")
    assert answer.status_code == 200
    assert client.post("/o/north/api/v1/me").status_code in {403, 405}
