"""Default deny: every URL declares who may open it, and signed-out people get no further than that."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.tests.at_platform import at_platform
from portal.tests.doors import PLATFORM, PORTAL, doors
from tenants.permissions import Permission

DOORS = [*doors(PORTAL), *doors(PLATFORM)]
every_door = pytest.mark.parametrize("door", DOORS, ids=str)
SAMPLES = {"uuid": "018f0000-0000-7000-8000-000000000000", "slug": "north", "int": 1, "str": "x"}

#: Public pages of which the sample operator has none: not found, as if there were no such operator.
NOTHING_THERE = {
    *("public_guest", "public_guest_stop", "public_notice", "public_notice_version"),
    *("public_outlet", "public_outlet_start"),
}

#: Those of them that only take what is sent.
ONLY_SENT_TO = {"public_guest_stop", "public_outlet_start"}


def address(door):
    converters = [part.split(">")[0].partition(":") for part in door.route.split("<")[1:]]
    arguments = {name or kind: SAMPLES[kind] for kind, _, name in converters}
    return reverse(door.name, urlconf=door.urlconf, kwargs=arguments)


def browser(door):
    return at_platform(Client()) if door.is_of_platform else Client()


@every_door
def test_every_url_has_a_name_and_declares_for_whom_it_is(door):
    assert not door.name.endswith("None"), f"{door.route} has no name"
    assert door.access is not None, f"{door.route} is declared with none of portal.gate.access"


@every_door
def test_pages_of_an_operator_name_a_permission_and_others_do_not(door):
    if door.route.startswith("platform/"):
        assert door.access == "platform"
    elif door.is_of_operator:
        assert isinstance(door.access, Permission) or (door.is_api and door.access == "members")
    else:
        assert door.access == "account" or door.access.startswith("public: ")


def test_each_process_serves_its_own_doors_and_none_of_the_other_s():
    """Behind each stands a database role that could not do the other's acts."""
    assert {door.is_of_platform for door in DOORS if door.access == "platform"} == {True}
    assert {door.is_of_platform for door in DOORS if door.is_of_operator} == {False}


def test_each_permission_opens_something():
    used = {door.access for door in DOORS}
    assert {permission for permission in Permission if permission not in used} == set()


@every_door
def test_who_is_signed_out_is_sent_to_sign_in(door, north, settings):
    settings.PORTAL_ADDRESS = "http://portal.example"  # where the platform sends people for the portal's pages
    client = browser(door)
    for method in (client.get, client.post):
        answer = method(address(door))
        if door.name in NOTHING_THERE:
            is_refused = method == client.get and door.name in ONLY_SENT_TO
            assert answer.status_code == (405 if is_refused else 404)
        elif str(door.access).startswith("public: "):
            assert answer.status_code in {200, 302, 400, 405, 410}
        elif door.is_api:
            assert answer.status_code in {401, 405}
        else:
            assert answer.status_code == 302, (method, answer.status_code)
            assert answer["Location"].startswith("/account/sign-in/?next=")


@every_door
def test_answers_carry_the_security_headers(door, north):
    answer = browser(door).get(address(door))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
