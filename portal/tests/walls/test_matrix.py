"""Every URL of an operator x every role, strangers, and people without their second factor.

What is expected follows from the URLconf and the role table, so a new page is walled before it has a
test of its own. A page answers a permitted person with anything but 403, 404 and 500; what it answers
is the business of its own test.
"""

import pytest
from django.test import Client
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from portal.gate.access import CUSTOMERS_BEGIN
from portal.tests import app_role
from portal.tests.house import DOORS, address, status
from tenants.models import Membership, User
from tenants.roles import PERMISSIONS
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, memberships, operators

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter
Role = Membership.Role
CAST = {
    Role.OWNER: "olga",
    Role.OPERATIONS: "otto",
    Role.FINANCE: "fina",
    Role.SUPPORT: "sara",
    Role.AUDITOR: "axel",
    Role.PRIVACY: "pri",
    Role.DRIVER: "dana",
    Role.PAYER: "pia",
}


def wrong(client, world, is_right):
    """The URLs that answer something else than they should, with their answers."""
    client.raise_request_exception = False
    answers = {door: status(client, address(door, world)) for door in DOORS}
    return {door.name: answer for door, answer in answers.items() if not is_right(door, answer)}


def allowed(role, door):
    return door.access == "members" or door.access in PERMISSIONS[role]


@pytest.mark.parametrize("role", Role)
def test_members_open_what_their_role_allows_and_nothing_else(role, world, request, sign_in):
    client = sign_in(request.getfixturevalue(CAST[role]))

    def is_right(door, answer):
        if role == Role.PAYER and allowed(role, door) and "<uuid:" in door.route and "statement" not in door.name:
            return answer == 404  # the house's documents are dana's own; its statement is of the host pia pays for
        if door.name == "staff:overview" and role in CUSTOMERS_BEGIN:
            return answer == 302  # to their own pages
        if allowed(role, door):
            return answer in {200, 302, 303, 400, 409, 422}
        return answer == 403

    assert wrong(client, world, is_right) == {}


def test_strangers_find_nothing(world, sven, sign_in):
    assert wrong(sign_in(sven), world, lambda door, answer: answer == 404) == {}


@pytest.mark.parametrize("role", [role for role in Role if role not in Membership.CUSTOMERS])
def test_staff_without_their_second_factor_are_sent_to_it(role, world, request):
    client = Client()
    client.force_login(request.getfixturevalue(CAST[role]))
    expected = {False: "302 /account/challenge/", True: 403}
    assert wrong(client, world, lambda door, answer: answer == expected[door.is_api]) == {}


def test_staff_who_have_not_enrolled_are_sent_to_do_it(world, olga):
    olga.totp_devices.all().delete()
    client = Client()
    client.force_login(olga)
    expected = {False: "302 /account/second-factor/", True: 403}
    assert wrong(client, world, lambda door, answer: answer == expected[door.is_api]) == {}


def test_a_passkey_is_asked_for_like_any_other_second_factor(world, olga):
    """The password alone opens nothing to a person whose only factor is a passkey."""
    olga.totp_devices.all().delete()
    WebAuthnCredential.objects.create(user=olga, name="key", credential_id=b"1", public_key=b"2")
    client = Client()
    client.force_login(olga)
    expected = {False: "302 /account/challenge/", True: 403}
    assert wrong(client, world, lambda door, answer: answer == expected[door.is_api]) == {}


def test_a_removed_member_is_a_stranger_at_once(world, north, otto, sign_in):
    client = sign_in(otto)
    assert client.get("/o/north/people/").status_code == 403
    with tenant_scope(north.pk):
        memberships.remove(Membership.objects.get(user=otto))
    assert client.get("/o/north/people/")["Location"].startswith("/account/sign-in/")  # their sign-ins have ended
    assert wrong(sign_in(otto), world, lambda door, answer: answer == 404) == {}


def test_a_closed_operator_is_nowhere(world, north, olga, sign_in):
    with app_role.as_platform():
        operators.close(north, reason="Gone out of business", at=timezone.now())
    assert wrong(sign_in(olga), world, lambda door, answer: answer == 404) == {}


def test_superusers_have_no_key(world, sven, sign_in):
    sven.is_superuser = True
    sven.save()
    assert wrong(sign_in(sven), world, lambda door, answer: answer == 404) == {}


def test_another_operator_s_rows_are_not_found_under_one_s_own_name(world, south, sven, sign_in):
    """Sven owns south; north's identifiers in south's addresses lead nowhere."""
    client = sign_in(sven)
    client.raise_request_exception = False
    found = {}
    for door in DOORS:
        path = address(door, world)
        if any(f"/{each}/" in path for each in world.values()) and allowed(Role.OWNER, door):
            answer = status(client, path.replace("/o/north/", "/o/south/"))
            if answer != 404:
                found[door.name] = answer
    assert found == {}


def test_another_driver_s_rows_are_not_found(world, north, sign_in):
    """A driver signed in at north opens none of dana's sessions, invoices and cards."""
    erik = User.objects.create_user("erik@example.com", None)
    with tenant_scope(north.pk):
        drivers.link_user(drivers.create(name="Erik"), user=erik)
    client = sign_in(erik)
    client.raise_request_exception = False
    about_dana = {str(world[name]) for name in ("sessions", "invoices", "cards", "tokens")}
    found = {}
    for door in DOORS:
        path = address(door, world)
        if allowed(Role.DRIVER, door) and any(each in path for each in about_dana):
            answer = status(client, path)
            if answer != 404:
                found[door.name] = answer
    assert found == {}
