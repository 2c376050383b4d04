"""Every resource of the API x every kind of key, derived from the URLconf: a new one is walled before its own test."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.tests.cast import with_key
from portal.tests.doors import doors

RESOURCES = [door for door in doors() if door.is_api]
every_resource = pytest.mark.parametrize("door", RESOURCES, ids=str)


def answer(door, key):
    return with_key(key).get(reverse(door.name, args=["north"])).status_code


def test_there_are_resources():
    assert len(RESOURCES) >= 2


@every_resource
def test_a_key_with_the_scope_is_let_in_and_one_without_is_not(door, north, olga, make_key):
    is_for_members = door.access == "members"
    assert answer(door, make_key(north, olga, scopes=[str(door.access)])) == 200
    assert answer(door, make_key(north, olga, scopes=[])) == (200 if is_for_members else 403)


@every_resource
def test_what_is_no_key_of_this_operator_is_refused(door, north, south, olga, sven, make_key):
    now = timezone.now()
    keys = {
        "of south": make_key(south, sven),
        "expired": make_key(north, olga, expires_at=now),
        "expired long ago": make_key(north, olga, expires_at=now - timedelta(days=400)),
        "revoked": make_key(north, olga, revoked_at=now),
        "invented": f"wl_live_{'a' * 12}_{'b' * 43}",
    }
    assert {what: answer(door, key) for what, key in keys.items()} == dict.fromkeys(keys, 401)


@every_resource
def test_a_key_changes_nothing_where_a_resource_only_reads(door, north, olga, make_key):
    client = with_key(make_key(north, olga, scopes=[str(door.access)]))
    path = reverse(door.name, args=["north"])
    methods = (client.post, client.put, client.patch, client.delete, client.options)
    assert {method(path).status_code for method in methods} == {405}
