"""Step-up: which doors ask for a fresh proof, how it is given, and that nothing typed is lost on the way."""

import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP

from portal.gate import throttle
from portal.gate.step_up import FRESH_S
from portal.tests.cast import PASSWORD
from portal.tests.doors import PLATFORM, doors
from portal.words import dangerous
from tenants.models import ApiKey, AuditEntry
from tenants.scoping import tenant_scope
from tenants.services.proof import two_factor

# Why each of these asks who one is, however long ago one signed in. Nothing else does.
DANGEROUS = {
    # Who may do what
    "staff:member_edit": "gives somebody other rights",
    "staff:member_remove": "takes somebody's place away",
    "staff:member_sites": "lets somebody see other sites",
    "staff:invitation_new": "lets somebody in",
    "staff:invitation_renew": "lets somebody in",
    "account:leave": "gives one's own place up",
    "account:close": "ends one's own account",
    "account:email": "changes what one signs in with",
    # How people prove who they are
    "account:enrol": "changes the second factor",
    "account:recovery_codes": "makes ways in without the device",
    "account:remove_factor": "changes the second factor",
    "account:passkey_new": "adds a second factor",
    "account:passkey_new_options": "adds a second factor",
    "account:passkey_rename": "changes a second factor",
    "account:passkey_remove": "removes a second factor",
    "staff:factor_reset": "takes somebody's second factor away",
    "staff:factor_reset_withdraw": "decides about somebody's second factor",
    "staff:security": "decides how people prove themselves and what needs two",
    "staff:training_rule": "decides who sees personal data",
    "staff:platform_visits": "lets the platform's staff change something",
    "staff:platform_leave_take_back": "decides what the platform's staff may",
    "staff:platform_visit_end": "decides what the platform's staff may",
    "staff:key_new": "lets a machine in",
    "staff:key_rotate": "lets a machine in",
    "staff:key_revoke": "shuts a machine out",
    "staff:station_password": "lets a station in",
    "staff:station_certificate_set": "lets a station in",
    "staff:station_certificate_remove": "says by what a station is let in",
    "staff:stations_order": "changes what many stations do",
    "staff:site_limit_set": "changes what many stations do",
    "staff:template_align": "changes what many stations do",
    "staff:meter_register": "says whose signature is believed",
    "staff:meter_hold": "says when whose signature is believed",
    "staff:meter_remove": "takes away what sessions are proven by",
    "staff:card_rules": "lets cards charge that nobody was asked about",
    "staff:partner_link": "says to whom numbers of cards are sent, and who lets them in",
    "staff:partner_link_remove": "says who lets cards in",
    "staff:meter_rule": "lets sessions be billed that no meter proves",
    "staff:station_order": "starts what somebody pays for, or takes a station out of use",
    "staff:knock_adopt": "lets a station in",
    # What binds customers
    "staff:seller_numbers": "the numbers on invoices",
    "staff:settings": "names the account that invoices are paid to",
    "staff:sending_way": "says where e-invoices are sent to",
    "finance:tariff_publish": "can never be changed",
    "finance:tariff_assign": "changes what customers pay",
    "finance:tariff_unassign": "changes what customers pay",
    "finance:run_issue": "can never be changed",
    "finance:settlement_close": "can never be changed, and what it says is paid out",
    "finance:invoice_credit": "can never be changed",
    "finance:invoice_write_off": "gives up what is owed",
    "finance:rerating_carry_out": "credits and bills many invoices at once",
    "staff:approval_decide": "is the second of four eyes",
    # What takes names out of the portal
    "finance:invoice_kept": "opens what is kept of somebody erased",
    "staff:driver_export": "holds all drivers' names and addresses",
    "staff:driver_list_export": "holds the listed drivers' names and addresses",
    "staff:incident_write": "writes to many people, and cannot be taken back",
    "staff:incident_file": "holds whom an incident concerns, and the log of that time",
    "staff:person_erase": "can never be undone",
    "staff:person_copy_file": "holds all about one person",
    "driver:copy_file": "holds all about one person",
    "staff:audit_csv": "holds whole people's doings, with addresses",
    "staff:audit_jsonl": "holds whole people's doings, with addresses",
    "staff:seal_export": "holds the whole log",
    "staff:station_messages_file": "takes out when and where people charged",
    "staff:session_export": "holds where and when each driver charged",
    "staff:review_export": "holds where and when each driver charged",
    "staff:account_export": "holds the payers' names and addresses",
    "staff:token_export": "holds the cards and whose they are",
    "staff:member_export": "holds the members' names and addresses",
    "staff:consent_agreed": "holds the addresses of who has said yes",
    "staff:consent_paper_file": "holds somebody's name and signature",
    "staff:consent_export": "holds what each driver consented to",
    "finance:invoice_export": "holds the customers' names",
    "finance:letter_export": "holds the payers' names and addresses",
    "finance:reminder_export": "holds the payers' names and addresses",
    "finance:sending_export": "holds the payers' names",
    "finance:host_export": "holds the hosts' names and what they get",
    "finance:settlement_export": "holds the hosts' names and what they get",
    "finance:ageing_export": "holds the payers' names and what they owe",
    "staff:dispute_export": "holds who says that what is wrong",
    "staff:difference_export": "holds where and when each driver charged",
    "staff:person_request_export": "holds who has asked what about their data",
    "staff:incident_export": "holds titles, which may name somebody",
    "finance:reminder_send": "issues documents that ask for money",
    "finance:payment_export": "holds the payers' names and accounts",
    "finance:timetable_confirm": "sends files with the customers' names to a server from now on",
    "finance:timetable_new": "sends files with the customers' names by itself",
    "finance:timetable_try": "sends a file with the customers' names now",
    "finance:package_file": "holds the customers' names, and every document",
    "finance:export_file": "holds the customers' names",
}
# The same of the platform's own process.
DANGEROUS_AT_PLATFORM = {
    "platform:member_remove": "decides who runs the instance",
    "platform:member_add": "lets somebody run the instance",
    "platform:operator_close": "ends an operator",
    "platform:operator_new": "makes an operator",
    "platform:owner_invite": "lets a first owner in",
    "platform:operator_resume": "lets an operator's people in",
    "platform:operator_suspend": "shuts an operator's people out",
    "platform:visit_new": "enters an operator",
}
INVITE = "/o/north/invitations/new/"
INVITED = {"email": "ines@example.com", "name": "Ines", "role": "support"}
SAMPLES = {"uuid": "018f0000-0000-7000-8000-000000000000", "slug": "north", "int": 1, "str": "x"}
STEP_UP_DOORS = [door for door in doors() if getattr(door.callback, "step_up", False)]


def address(door):
    converters = [part.split(">")[0].partition(":") for part in door.route.split("<")[1:]]
    return reverse(door.name, kwargs={name or kind: SAMPLES[kind] for kind, _, name in converters})


def prove_ago(client, seconds):
    session = client.session
    session["proved_at"] = time.time() - seconds
    session.save()


def code(user):
    device: Any = two_factor.authenticator(user)
    return f"{TOTP(device.seed, device.STEP_S, digits=device.DIGITS).token():06d}"


def wrong_code(user):
    return f"{(int(code(user)) + 1) % 1_000_000:06d}"


def events(operator):
    with tenant_scope(operator.pk):
        return list(AuditEntry.objects.exclude(event="").order_by("pk").values_list("event", flat=True))


# Which doors


def test_exactly_the_dangerous_doors_ask():
    assert {door.name for door in STEP_UP_DOORS} == set(DANGEROUS)


def test_exactly_the_dangerous_doors_of_the_platform_ask():
    asking = {door.name for door in doors(PLATFORM) if getattr(door.callback, "step_up", False)}
    assert {name for name in asking if name.startswith("platform:")} == set(DANGEROUS_AT_PLATFORM)


def is_for_looking(door):
    """Whether the door asks also of who only opens the page: files, and what proves a person."""
    return door.takes_out or door.access == "account"


@pytest.mark.parametrize("door", STEP_UP_DOORS, ids=str)
def test_an_old_proof_leads_to_the_page_that_asks_and_a_fresh_one_past_it(door, olga, dana, sign_in):
    client = sign_in(dana if door.name.startswith("driver:") else olga)
    client.raise_request_exception = False
    prove_ago(client, FRESH_S + 1)
    for method in ("get", "post") if is_for_looking(door) else ("post",):
        answer = getattr(client, method)(address(door))
        if answer.status_code != 405:
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/account/confirm/")
    prove_ago(client, FRESH_S - 60)
    for answer in (client.get(address(door)), client.post(address(door))):
        assert not str(answer.headers.get("Location", "")).startswith("/account/confirm/")


@pytest.mark.parametrize("door", [door for door in STEP_UP_DOORS if not is_for_looking(door)], ids=str)
def test_nobody_is_asked_for_looking(door, olga, sign_in):
    client = sign_in(olga)
    client.raise_request_exception = False
    prove_ago(client, FRESH_S + 1)
    answer = client.get(address(door))
    assert not str(answer.headers.get("Location", "")).startswith("/account/confirm/")


@pytest.mark.parametrize("name", sorted({*DANGEROUS, *DANGEROUS_AT_PLATFORM}))
def test_each_dangerous_act_has_its_words(name):
    assert str(dangerous.ACTS[name][0])


def test_no_act_has_words_that_nobody_reads():
    assert set(dangerous.ACTS) == {*DANGEROUS, *DANGEROUS_AT_PLATFORM}


def test_who_may_not_open_a_door_is_not_asked_to_prove_anything(axel, sven, sign_in, north):
    for person, status in ((axel, 403), (sven, 404)):
        client = sign_in(person)
        prove_ago(client, FRESH_S + 1)
        assert client.post("/o/north/settings/security/").status_code == status


# The way there and back


def test_a_page_leads_there_with_its_whole_address_and_back(olga, sign_in, north):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    asked = client.get("/o/north/drivers/export/?a=1&b=2")
    assert asked["Location"] == "/account/confirm/?next=%2Fo%2Fnorth%2Fdrivers%2Fexport%2F%3Fa%3D1%26b%3D2"
    page = client.get(asked["Location"])
    assert 'name="next" value="/o/north/drivers/export/?a=1&amp;b=2"' in page.content.decode()
    answer = client.post(asked["Location"], {"code": code(olga)})
    assert answer["Location"] == "/o/north/drivers/export/?a=1&b=2"
    assert "Press the button again" not in client.get(answer["Location"]).content.decode()


def test_what_a_form_sent_goes_on_with_the_proof(olga, otto, sign_in, north):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    asked = client.post(INVITE, INVITED, HTTP_REFERER=f"http://testserver{INVITE}")
    assert asked["Location"] == "/account/confirm/?next=%2Faccount%2Fkept%2F"
    assert "Invite ines@example.com" in client.get(asked["Location"]).content.decode()
    answer = client.post(asked["Location"], {"code": code(olga)})
    assert answer["Location"] == "/account/kept/"
    page = client.get(answer["Location"]).content.decode()
    assert "data-sends-at-once" in page
    assert f'action="{INVITE}"' in page
    for name, value in INVITED.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert client.get("/account/kept/")["Location"] == "/account/operators/"


def test_a_proof_names_the_thing_it_is_for(olga, sign_in, north, make_key):
    make_key(north, olga)
    with tenant_scope(north.pk):
        key = ApiKey.objects.get()
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    asked = client.post(f"/o/north/settings/keys/{key.public_id}/revoke/")
    assert "Revoke the API key Nightly export" in client.get(asked["Location"]).content.decode()


def test_nobody_learns_names_by_asking_for_a_proof(axel, olga, sign_in, north, make_key):
    make_key(north, olga)
    with tenant_scope(north.pk):
        key = ApiKey.objects.get()
    page = sign_in(axel).get(f"/account/confirm/?next=/o/north/settings/keys/{key.public_id}/revoke/")
    assert "Nightly export" not in page.content.decode()


def test_an_account_page_leads_back_to_where_its_button_stands(olga, sign_in, north):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    here = "/account/operators/north/leave/"
    asked = client.post(here, HTTP_REFERER=f"http://testserver{here}?page=1")
    assert asked["Location"] == "/account/confirm/?next=%2Faccount%2Foperators%2Fnorth%2Fleave%2F%3Fpage%3D1"
    answer = client.post(asked["Location"], {"code": code(olga)})
    assert answer["Location"] == f"{here}?page=1"
    assert "Confirmed. Press the button again." in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    "referer", ["https://evil.example/o/north/", "", "javascript:alert(1)", "http://testserver//evil.example/"]
)
def test_it_leads_back_to_our_own_pages_only(referer, olga, sign_in, north):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    url = "/account/operators/north/leave/"
    assert client.post(url, HTTP_REFERER=referer)["Location"] == "/account/confirm/"
    answer = client.post("/account/confirm/", {"code": code(olga), "next": "https://evil.example/"})
    assert answer["Location"] == "/account/profile/"


# The proof


def test_a_right_code_is_a_proof_for_a_quarter_of_an_hour(olga, sign_in, north):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    client.post("/account/confirm/", {"code": code(olga)})
    assert client.post("/o/north/settings/security/").status_code == 200
    assert time.time() - client.session["proved_at"] < 60
    assert events(north)[-1] == "sign_in.proved_again"


def test_a_wrong_code_proves_nothing_and_leaves_a_trace(olga, sign_in, north):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    answer = client.post("/account/confirm/", {"code": wrong_code(olga)})
    assert answer.status_code == 400
    assert "This code is not right" in answer.content.decode()
    assert events(north)[-1] == "sign_in.wrong_code"
    assert client.post("/o/north/settings/security/").status_code == 302


def test_a_recovery_code_is_a_proof_once(olga, sign_in, north):
    client = sign_in(olga)
    recovery = two_factor.new_recovery_codes(olga)[0]
    for status in (302, 400):
        prove_ago(client, FRESH_S + 1)
        assert client.post("/account/confirm/", {"code": recovery}).status_code == status


def test_who_has_no_factor_gives_the_password(dana, sign_in, north):
    client = sign_in(dana)
    prove_ago(client, FRESH_S + 1)
    assert "Password" in client.get("/account/confirm/").content.decode()
    assert client.post("/account/confirm/", {"password": "not it at all"}).status_code == 400
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 302
    assert time.time() - client.session["proved_at"] < 60
    assert events(north)[-2:] == ["sign_in.wrong_password", "sign_in.proved_again"]


def test_the_password_is_no_proof_for_who_has_a_factor(olga, sign_in):
    client = sign_in(olga)
    prove_ago(client, FRESH_S + 1)
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 400
    assert time.time() - client.session["proved_at"] > FRESH_S


@pytest.mark.parametrize("person", ["olga", "dana"])
def test_guessing_is_limited_as_at_sign_in(person, request, sign_in):
    user = request.getfixturevalue(person)
    client = sign_in(user)
    limit = throttle.CODE_OF_PERSON if person == "olga" else throttle.PASSWORD_WITHIN
    guess = {"code": "0", "password": "wrong, wrong, wrong"}
    answers = [client.post("/account/confirm/", guess).status_code for _ in range(limit.burst + 1)]
    assert answers == [400] * limit.burst + [429]


def test_strangers_and_half_signed_in_people_are_sent_away(olga):
    client = Client()
    assert client.get("/account/confirm/")["Location"].startswith("/account/sign-in/")
    client.force_login(olga)
    assert client.get("/account/confirm/")["Location"].startswith("/account/challenge/")


def test_a_key_is_offered_to_who_has_one(olga, sign_in):
    page = sign_in(olga).get("/account/confirm/").content.decode()
    assert "Use a passkey" not in page
