"""Every URL of an operator x every role, strangers, and people without their second factor.

What is expected follows from the URLconf and the role table, so a new page is walled before it has a
test of its own. A page answers a permitted person with anything but 403, 404 and 500; what it answers
is the business of its own test.
"""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from billing.models import Export, Invoice, InvoiceRun, Tariff, TariffAssignment
from billing.services import exports, second_person, tariffs
from billing.tests import factories
from charging.models import ChargingSession, FileImport, ImportProfile, Site, Station, Token
from portal.tests import app_role
from portal.tests.doors import doors
from portal.tests.examples import example
from tenants import work
from tenants.models import (
    ApiKey,
    Approval,
    AuditEntry,
    ConsentPurpose,
    Driver,
    DriverGroup,
    Invitation,
    Membership,
    PlatformVisit,
    User,
)
from tenants.roles import PERMISSIONS
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.services.people import consents, drivers, invitations, memberships, operators
from tenants.services.platform import members as platform_members
from tenants.services.platform import visits as platform_visits
from tenants.services.proof import two_factor

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter
DOORS = [door for door in doors() if door.is_of_operator]
Role = Membership.Role
CAST = {
    Role.OWNER: "olga",
    Role.OPERATIONS: "otto",
    Role.FINANCE: "fina",
    Role.SUPPORT: "sara",
    Role.AUDITOR: "axel",
    Role.DRIVER: "dana",
}
# The word before an identifier in a route, and what it identifies.
OBJECTS = {
    "approvals": Approval,
    "audit": AuditEntry,
    "sessions": ChargingSession,
    "sites": Site,
    "stations": Station,
    "drivers": Driver,
    "groups": DriverGroup,
    "cards": Token,
    "tokens": Token,
    "imports": FileImport,
    "profiles": ImportProfile,
    "tariffs": Tariff,
    "runs": InvoiceRun,
    "invoices": Invoice,
    "exports": Export,
    "downloads": Export,
    "consents": ConsentPurpose,
    "privacy": ConsentPurpose,
    "people": Membership,
    "visits": PlatformVisit,
    "invitations": Invitation,
    "keys": ApiKey,
}
# Other parts of an address.
VALUES = {
    "month": "2026-10",
    "number": 1,
    "table": "invoices",
    "year": 2026,
    "kind": "invoices",
    "name": "invoices",
    "work_kind": "run_part",
}


@pytest.fixture
def petra(north):
    """A member of the platform with a second factor, who visits north to look."""
    user = User.objects.create_user("petra@example.com", None, name="Petra")
    two_factor.new_device(user, name="phone")
    now, hour = timezone.now(), timedelta(hours=1)
    with app_role.as_platform():
        platform_members.add(email=user.email, meant=user.public_id)
        platform_visits.begin(north, by=user, reason="Case 4711: prices", lasting=hour, may_change=False, at=now)
    return user


@pytest.fixture
def world(north, olga, otto, fina, sara, axel, dana, danas_driver, sven, petra, settings, tmp_path):
    """North with a little of everything, all of it dana's where it is anybody's."""
    settings.MEDIA_ROOT = str(tmp_path)
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        at = factories.connector()
        draft = tariffs.save_draft(factories.tariff(by=olga), document=factories.flat("3.00"))  # to publish
        second_person.ask_to_publish(draft, valid_from=factories.NOVEMBER, by=fina, at=timezone.now())
        card = Token.objects.create(driver=danas_driver, uid="04AABBCC")
        factories.session(at, danas_driver, token=card)
        factories.rate_all()
        factories.issued()
        purpose = ConsentPurpose.objects.earliest("pk")
        consents.record(danas_driver, purpose, "given", channel="portal", at=factories.NOVEMBER, language="sv", by=dana)
        assert asked.proofs(danas_driver)
        example(DriverGroup)
        (tmp_path / "october.csv").write_text("id;start;end;kWh\n1;2026-10-01 08:00;2026-10-01 09:00;10\n")
        example(FileImport, state="done", file="october.csv")
        example(ImportProfile)
        example(ApiKey)
        invitations.invite(north, email="ines@example.com", role="support")
        exports.request(kind="xlsx", month=factories.OCTOBER.date(), by=fina, at=timezone.now())
        work.do_next(work.kind_named("export_xlsx"), north.pk, clock=timezone.now)
        world = {name: _newest(model, otto) for name, model in OBJECTS.items()}
        return {**world, "assignment_id": TariffAssignment.objects.get().pk}


def _newest(model, otto):
    if model is Membership:
        return Membership.objects.get(user=otto).public_id
    return model.objects.order_by("-pk").first().public_id


def address(door, world):
    parameters = {"operator_slug": "north"}
    for before, kind, name in re.findall(r"([a-z-]*)/?<(\w+):(\w+)>", door.route):
        if name == "operator_slug":
            continue
        if kind == "uuid":
            assert before in world, f"Name the example object of {door.route} in OBJECTS."
            parameters[name] = world[before]
        else:
            values = {**VALUES, **world}
            assert name in values, f"Name an example of <{kind}:{name}> of {door.route} in VALUES."
            parameters[name] = values[name]
    return reverse(door.name, kwargs=parameters)


def status(client, path):
    """What the page answers, by POST where it takes nothing else. Nothing of it is kept."""
    with transaction.atomic():
        answer = client.get(path)
        if answer.status_code == 405:
            answer = client.post(path)
        for close in answer._resource_closers:  # not answer.close(): that would end the test's connection
            close()
        transaction.set_rollback(True)
    to_account = answer.status_code == 302 and answer["Location"].startswith("/account/")
    return f"302 {answer['Location'].split('?')[0]}" if to_account else answer.status_code


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
        if allowed(role, door):
            return answer in {200, 302, 303, 400, 409, 422}
        return answer == 403

    assert wrong(client, world, is_right) == {}


def test_strangers_find_nothing(world, sven, sign_in):
    assert wrong(sign_in(sven), world, lambda door, answer: answer == 404) == {}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.DRIVER])
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
