import time
from urllib.parse import unquote

import pytest
from django.test import Client
from django.utils.html import escape

from portal.gate import step_up
from portal.tests.account.test_sign_in import code_of, events
from portal.tests.cast import PASSWORD
from tenants.models import RecoveryCode, TotpDevice
from tenants.services.proof import two_factor

ENROL = "/account/second-factor/"
CODES = "/account/second-factor/recovery-codes/"
REMOVE = "/account/second-factor/remove/"
PASSKEY = "/account/passkeys/new/"


@pytest.fixture
def new(north, olga):
    """Olga on her first day: a password and nothing else."""
    TotpDevice.objects.all().delete()
    client = Client()
    client.post("/account/sign-in/", {"email": olga.email, "password": PASSWORD})
    return client


def test_staff_without_a_device_are_led_to_enrol_and_then_let_in(new, olga, north):
    answer = new.get("/o/north/audit/")
    assert answer["Location"] == f"{ENROL}?next=%2Fo%2Fnorth%2Faudit%2F"
    page = new.get(answer["Location"])
    offered = TotpDevice.objects.get(user=olga, confirmed=False)
    assert two_factor.secret_text(offered)[:4] in page.content.decode()
    assert 'src="data:image/svg+xml' in page.content.decode()
    before = new.session.session_key
    shown = new.post(ENROL, {"code": code_of(offered), "next": "/o/north/audit/"})
    assert len(shown.context["codes"]) == 10
    assert 'href="/o/north/audit/"' in shown.content.decode()
    assert new.session.session_key != before
    assert new.get("/o/north/audit/").status_code == 200
    assert events(north)[-2:] == ["second_factor.enrolled", "second_factor.recovery_codes_made"]


def test_the_offered_secret_stays_the_same_until_it_is_used(new):
    assert new.get(ENROL).context["secret"] == new.get(ENROL).context["secret"]


def test_a_wrong_code_enrols_nothing(new, olga):
    new.get(ENROL)
    assert new.post(ENROL, {"code": "000000"}).status_code == 400
    assert two_factor.device(olga) is None


def stale(client):
    """The same browser, a while after its last proof."""
    session = client.session
    session["proved_at"] = time.time() - step_up.FRESH_S - 1
    session.save()
    return client


@pytest.mark.parametrize("path", [ENROL, CODES, REMOVE, PASSKEY])
def test_whatever_changes_a_factor_asks_for_a_fresh_proof(sign_in, dana, path):
    two_factor.new_device(dana)
    client = stale(sign_in(dana))
    for answer in (client.get(path), client.post(path, {"code": "123456"})):
        assert answer["Location"].startswith("/account/confirm/")
    assert two_factor.count(dana) == 1


def test_replacing_ends_the_present_device_and_its_recovery_codes(sign_in, olga, north):
    client, old = sign_in(olga), two_factor.new_recovery_codes(olga)
    client.get(ENROL)
    offered = TotpDevice.objects.get(user=olga, confirmed=False)
    before = client.session.session_key
    answer = client.post(ENROL, {"code": code_of(offered)})
    assert answer.status_code == 200
    assert client.session.session_key != before
    assert list(TotpDevice.objects.filter(user=olga)) == [offered]
    assert client.get("/account/profile/").status_code == 200
    assert "second_factor.replaced" in events(north)
    assert two_factor.verify_recovery(olga, code=old[0]) is None


def test_a_lost_device_is_replaced_with_a_recovery_code(sign_in, olga):
    client, (code, *_) = stale(sign_in(olga)), two_factor.new_recovery_codes(olga)
    proved = client.post(f"{client.get(ENROL)['Location']}", {"code": code})
    assert proved["Location"] == ENROL
    client.get(ENROL)
    offered = TotpDevice.objects.get(user=olga, confirmed=False)
    assert client.post(ENROL, {"code": code_of(offered)}).status_code == 200
    assert not RecoveryCode.objects.filter(user=olga).exclude(used_at=None).exists(), "all codes are new"


def test_new_recovery_codes_end_the_old_ones_and_can_be_kept_as_a_file(sign_in, olga):
    client, old = sign_in(olga), two_factor.new_recovery_codes(olga)
    assert client.get(CODES).status_code == 200
    answer = client.post(CODES)
    codes = answer.context["codes"]
    assert len(codes) == 10
    assert all(code in unquote(answer.context["file"]) for code in codes)
    assert f'href="{escape(answer.context["file"])}" download=' in answer.content.decode()
    assert two_factor.verify_recovery(olga, code=old[0]) is None


def test_few_codes_left_are_a_warning(sign_in, olga):
    client, codes = sign_in(olga), two_factor.new_recovery_codes(olga)
    assert not client.get("/account/profile/").context["few_codes"]
    for code in codes[:7]:
        assert two_factor.verify_recovery(olga, code=code)
    page = client.get("/account/profile/")
    assert page.context["codes_left"] == 3
    assert "make new ones before you need them" in page.content.decode()


def test_staff_cannot_go_without(sign_in, olga):
    answer = sign_in(olga).post(REMOVE)
    assert answer.status_code == 403
    assert "required by North Charging AB" in answer.content.decode()
    assert two_factor.device(olga) is not None


def test_a_driver_may_enrol_and_remove(dana, sign_in, north):
    two_factor.new_device(dana)
    two_factor.new_recovery_codes(dana)
    client = sign_in(dana)
    assert client.get(REMOVE).status_code == 200
    assert client.post(REMOVE)["Location"] == "/account/profile/"
    assert two_factor.device(dana) is None
    assert not RecoveryCode.objects.filter(user=dana).exists()
    assert client.get("/account/profile/").status_code == 200
    assert events(north) == ["second_factor.removed"]


def test_the_person_is_told_by_mail(dana, sign_in, settings, mailoutbox, django_capture_on_commit_callbacks):
    settings.EMAIL_HOST = "mail.example"
    two_factor.new_device(dana)
    with django_capture_on_commit_callbacks(execute=True):
        sign_in(dana).post(REMOVE)
    (letter,) = mailoutbox
    assert letter.to == [dana.email]


def test_recovery_codes_are_single_use_even_at_once(olga):
    code, *_ = two_factor.new_recovery_codes(olga)
    assert [two_factor.verify_recovery(olga, code=code) is not None for _ in range(3)] == [True, False, False]


def test_one_person_s_recovery_code_is_no_good_for_another(olga, otto):
    code, *_ = two_factor.new_recovery_codes(olga)
    assert two_factor.verify_recovery(otto, code=code) is None


def test_the_person_is_told_of_new_recovery_codes_and_of_a_new_password(
    olga, sign_in, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example"
    olga.language = "en"
    olga.save()
    client, new = sign_in(olga), "a sentence nobody knows"
    with django_capture_on_commit_callbacks(execute=True):
        client.get(CODES)
        client.post(CODES)
        client.post("/account/password/", {"present": PASSWORD, "password": new, "again": new})
    codes, password = (letter.body for letter in mailoutbox)
    assert codes.startswith("New recovery codes were made for your account.")
    assert password.startswith("The password of your account was changed")
    assert "If this was not you" in codes
    assert "If this was not you" in password
