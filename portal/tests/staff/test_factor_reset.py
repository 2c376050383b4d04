from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.utils.timezone import now
from django_otp_webauthn.models import WebAuthnCredential

from portal.celery import app
from portal.tests import app_role
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from tenants.models import AuditEntry, BrowserSession, FactorReset, Membership, RecoveryCode, TotpDevice, User
from tenants.scoping import tenant_scope
from tenants.services.people import memberships, operators
from tenants.services.platform import members as platform_members
from tenants.services.proof import factor_resets, two_factor
from tenants.tasks import reset_lost_factors

REASON = {"reason": "He called; I know his voice."}


@pytest.fixture
def path(otto):
    return f"/o/north/people/{Membership.objects.get(user=otto).public_id}/factor-reset/"


@pytest.fixture
def mail_server(settings):
    settings.EMAIL_HOST = "mail.example"


@pytest.fixture
def asked(path, sign_in, olga, otto, mail_server, django_capture_on_commit_callbacks):
    two_factor.new_recovery_codes(otto)
    with django_capture_on_commit_callbacks(execute=True):
        assert sign_in(olga).post(path, REASON).status_code == 302
    return FactorReset.objects.get()


def events(operator):
    with tenant_scope(operator.pk):
        found = AuditEntry.objects.filter(event__startswith="second_factor.reset").order_by("pk")
        return list(found.values_list("event", flat=True))


def make_due(reset):
    with tenant_scope(reset.operator_id):
        FactorReset.objects.filter(pk=reset.pk).update(due_at=now() - timedelta(seconds=1))


def factors(user):
    return TotpDevice.objects.filter(user=user).count() + RecoveryCode.objects.filter(user=user).count()


def test_an_owner_asks_and_the_person_is_told_at_once(asked, otto, olga, north, path, sign_in):
    assert asked.due_at - asked.requested_at == timedelta(hours=24)
    (letter,) = mail.outbox
    assert letter.to == [otto.email]
    assert events(north) == ["second_factor.reset_asked"]
    assert "under way" in sign_in(olga).get(path).content.decode()
    assert factors(otto) == 11, "nothing is removed yet"
    for page in ("/o/north/", "/account/profile/"):
        assert "about to be reset" in sign_in(otto).get(page).content.decode()
        assert "about to be reset" not in sign_in(olga).get(page).content.decode()


def test_the_letter_s_link_stops_it_without_signing_in_but_not_by_being_looked_at(asked, otto, north):
    link = next(word for word in mail.outbox[0].body.split() if word.startswith("http://testserver/"))
    client = Client()
    page = through(client, link)
    assert client.get(page).status_code == 200
    asked.refresh_from_db(fields=["stopped_at", "stopped_by_id", "done_at"])
    assert asked.stopped_at is None
    assert client.post(page).status_code == 200
    make_due(asked)
    reset_lost_factors()
    assert factors(otto) == 11
    assert events(north) == ["second_factor.reset_asked", "second_factor.reset_stopped"]


@pytest.mark.parametrize("word", ["x", "ImFiYyI:1abc:def"])
def test_a_made_up_link_stops_nothing(asked, word):
    assert Client().post(f"/account/second-factor/reset/stop/{word}/").status_code == 410
    asked.refresh_from_db(fields=["stopped_at", "stopped_by_id", "done_at"])
    assert asked.stopped_at is None


def test_the_person_stops_it_from_the_banner(asked, otto, sign_in):
    client = sign_in(otto)
    assert client.post("/account/second-factor/reset/stop/", {"next": "/o/north/"})["Location"] == "/o/north/"
    assert "about to be reset" not in client.get("/o/north/").content.decode()


def test_the_owner_withdraws_it_and_may_ask_again(asked, olga, path, sign_in, north):
    client = sign_in(olga)
    client.post(f"{path}withdraw/")
    assert client.post(path, REASON).status_code == 302
    assert FactorReset.objects.count() == 2
    assert events(north)[-2:] == ["second_factor.reset_stopped", "second_factor.reset_asked"]


def test_when_due_all_factors_and_sessions_end_and_the_next_sign_in_leads_to_enrolment(
    asked, otto, north, sign_in, django_capture_on_commit_callbacks
):
    client = sign_in(otto)
    WebAuthnCredential.objects.create(user=otto, name="key", credential_id=b"1", public_key=b"2")
    reset_lost_factors()
    assert factors(otto) == 11, "it is not due"
    make_due(asked)
    with django_capture_on_commit_callbacks(execute=True):
        reset_lost_factors()
        reset_lost_factors()
    assert (factors(otto), WebAuthnCredential.objects.count()) == (0, 0)
    assert not BrowserSession.objects.filter(user=otto).exists()
    assert client.get("/o/north/")["Location"].startswith("/account/sign-in/")
    assert events(north) == ["second_factor.reset_asked", "second_factor.reset_done"]
    assert len(mail.outbox) == 2
    again = Client()
    again.post("/account/sign-in/", {"email": otto.email, "password": PASSWORD})
    assert again.get("/o/north/")["Location"].startswith("/account/second-factor/")


def test_nobody_resets_their_own(olga, sign_in, north):
    path = f"/o/north/people/{Membership.objects.get(user=olga).public_id}/factor-reset/"
    answer = sign_in(olga).post(path, REASON)
    assert answer.status_code == 400
    assert "Ask another owner" in answer.content.decode()
    with pytest.raises(IntegrityError), tenant_scope(north.pk):
        FactorReset.objects.create(
            operator=north, user=olga, requested_by_id=olga.pk, reason="x", requested_at=now(), due_at=now()
        )


def test_staff_of_another_operator_too_cannot_be_reset_here(path, olga, otto, south, sign_in):
    memberships.add(otto, operator=south, role="finance")
    assert sign_in(olga).post(path, REASON).status_code == 400
    assert not FactorReset.objects.exists()


def test_a_driver_elsewhere_can_be(path, olga, otto, south, sign_in):
    memberships.add(otto, operator=south, role="driver")
    assert sign_in(olga).post(path, REASON).status_code == 302


def test_there_is_one_at_a_time_and_a_reason(path, asked, olga, sign_in):
    client = sign_in(olga)
    assert client.post(path, REASON).status_code == 200
    assert FactorReset.objects.count() == 1
    asked.delete()
    assert client.post(path, {"reason": " "}).status_code == 400


@pytest.mark.parametrize("change", ["requester_left", "works_elsewhere", "joined_platform", "person_left"])
def test_what_changed_meanwhile_stops_it(asked, olga, otto, north, south, change):
    if change == "requester_left":
        second = User.objects.create_user("oda@example.com", PASSWORD)
        memberships.add(second, operator=north, role="owner")
        with tenant_scope(north.pk):
            memberships.remove(Membership.objects.get(user=olga, operator=north))
    elif change == "works_elsewhere":
        memberships.add(otto, operator=south, role="owner")
    elif change == "joined_platform":
        User.objects.filter(pk=otto.pk).update(email_proved_at=now())
        with app_role.as_platform():
            platform_members.add(email=otto.email, meant=otto.public_id)
    else:
        with tenant_scope(north.pk):
            memberships.remove(Membership.objects.get(user=otto, operator=north))
    make_due(asked)
    reset_lost_factors()
    asked.refresh_from_db(fields=["stopped_at", "stopped_by_id", "done_at"])
    assert (asked.done_at, asked.stopped_by_id) == (None, None)
    assert asked.stopped_at is not None
    assert factors(otto) == 11
    assert events(north)[-1] == "second_factor.reset_stopped"


def test_a_suspended_operator_s_resets_wait(asked, otto, north):
    make_due(asked)
    assert factor_resets.due(now()) == [asked.pk]
    _suspend(north)
    assert factor_resets.due(now()) == []


def _suspend(operator):
    with app_role.as_platform(), tenant_scope(operator.pk):
        operators.change(operator, state="suspended")


def test_it_asks_for_a_fresh_proof_and_the_permission(path, olga, sara, sign_in):
    client = sign_in(olga)
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert client.post(path, REASON)["Location"].startswith("/account/confirm/")
    assert sign_in(sara).post(path, REASON).status_code == 403


def test_the_timetable_carries_them_out():
    assert app.conf.beat_schedule["reset-lost-factors"] == {
        "task": "tenants.tasks.reset_lost_factors",
        "schedule": 600.0,
    }
