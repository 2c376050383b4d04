"""Every URL of the platform x its members, everybody else and people without their second factor, in both processes;
and every URL of an operator x visitors of the platform.
"""

import re

import pytest
from django.test import Client
from django.urls import reverse

from portal.tests import app_role
from portal.tests.at_platform import at_platform
from portal.tests.doors import PLATFORM, doors
from portal.tests.house import DOORS, address, status
from portal.tests.walls.test_matrix import wrong
from tenants.models import PlatformMember, PlatformVisit
from tenants.roles import PLATFORM_SEES
from tenants.services.platform import members as platform_members

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter
PLATFORM_DOORS = [door for door in doors(PLATFORM) if door.route.startswith("platform/")]


@pytest.fixture
def visited(petra, pelle):
    """The examples of what a route of the platform names."""
    return {"operators": "north", "visits": PlatformVisit.objects.get().public_id, "members": pelle.public_id}


def platform_wrong(client, visited, is_right):
    """The URLs of the platform that answer something else than they should, with their answers."""
    client.raise_request_exception = False
    found = {}
    for door in PLATFORM_DOORS:
        names = {name: visited[before] for before, name in re.findall(r"([a-z-]*)/<\w+:(\w+)>", door.route)}
        answer = status(client, reverse(door.name, urlconf=PLATFORM, kwargs=names))
        if not is_right(answer):
            found[door.name] = answer
    return found


def test_members_open_every_page_of_the_platform(petra, visited, sign_in):
    right = {200, 302}
    assert platform_wrong(at_platform(sign_in(petra)), visited, lambda answer: answer in right) == {}


@pytest.mark.parametrize("name", ["olga", "sven", "dana", "otto"])
def test_nobody_else_finds_the_platform_in_its_own_process(name, visited, request, sign_in):
    client = at_platform(sign_in(request.getfixturevalue(name)))
    assert platform_wrong(client, visited, lambda answer: answer == 404) == {}


@pytest.mark.parametrize("name", ["petra", "olga"])
def test_nobody_finds_the_platform_in_the_portal_s_process(name, visited, request, sign_in):
    assert platform_wrong(sign_in(request.getfixturevalue(name)), visited, lambda answer: answer == 404) == {}


def test_members_of_the_platform_need_their_second_factor(petra, pelle, visited):
    for person, page in ((petra, "challenge"), (pelle, "second-factor")):
        client = Client()
        client.force_login(person)
        expected = f"302 /account/{page}/"
        assert platform_wrong(at_platform(client), visited, lambda answer, expected=expected: answer == expected) == {}


def test_who_was_taken_off_the_platform_is_a_stranger_at_once(petra, pelle, visited, sign_in):
    client = at_platform(sign_in(petra))
    with app_role.as_platform():
        platform_members.deactivate(PlatformMember.objects.get(user=petra))
    assert platform_wrong(client, visited, lambda answer: answer == 404) == {}


def test_visitors_of_the_platform_look_and_do_nothing(world, petra, sign_in):
    """Every URL of the operator they visit: reading as `PLATFORM_SEES` says, everything else refused."""
    client = sign_in(petra)
    client.raise_request_exception = False
    found = {}
    for door in DOORS:
        if door.is_api:
            continue  # machines come with keys; a session of a browser is walled by the same declaration
        sees = door.access in PLATFORM_SEES
        answer = status(client, address(door, world))
        is_act = answer == 403 and client.get(address(door, world)).status_code in {403, 405}
        if not (answer in {200, 302, 303, 400, 409, 422} if sees else answer == 403) and not is_act:
            found[door.name] = answer
    assert found == {}


def test_platform_staff_without_a_visit_are_strangers(world, pelle, sign_in):
    assert wrong(sign_in(pelle), world, lambda door, answer: answer == 404) == {}
