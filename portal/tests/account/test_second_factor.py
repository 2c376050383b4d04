import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from conftest import PASSWORD
from portal.tests.account.test_sign_in import code_of, events
from tenants.models import RecoveryCode
from tenants.services import two_factor

ENROL = "/account/second-factor/"
CODES = "/account/second-factor/recovery-codes/"
REMOVE = "/account/second-factor/remove/"


@pytest.fixture
def new(north, olga):
    """Olga on her first day: a password and nothing else."""
    TOTPDevice.objects.all().delete()
    client = Client()
    client.post("/account/sign-in/", {"email": olga.email, "password": PASSWORD})
    return client


def test_staff_without_a_device_are_led_to_enrol_and_then_let_in(new, olga, north):
    answer = new.get("/o/north/audit/")
    assert answer["Location"] == f"{ENROL}?next=%2Fo%2Fnorth%2Faudit%2F"
    page = new.get(answer["Location"])
    offered = TOTPDevice.objects.get(user=olga, confirmed=False)
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


def test_replacing_needs_a_code_of_the_present_device_and_ends_it(sign_in, olga, north):
    client, present = sign_in(olga), TOTPDevice.objects.get(user=olga)
    client.get(ENROL)
    offered = TOTPDevice.objects.get(user=olga, confirmed=False)
    assert client.post(ENROL, {"code": code_of(offered)}).status_code == 400
    assert client.post(ENROL, {"code": code_of(offered), "present": "123456"}).status_code == 400
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    answer = client.post(ENROL, {"code": code_of(offered), "present": code_of(present)})
    assert answer.status_code == 200
    assert list(TOTPDevice.objects.filter(user=olga)) == [offered]
    assert client.get("/account/profile/").status_code == 200
    assert "second_factor.replaced" in events(north)


def test_a_lost_device_is_replaced_with_a_recovery_code(sign_in, olga):
    client = sign_in(olga)
    code, *_ = two_factor.new_recovery_codes(olga)
    client.get(ENROL)
    offered = TOTPDevice.objects.get(user=olga, confirmed=False)
    assert client.post(ENROL, {"code": code_of(offered), "present": code}).status_code == 200
    assert not RecoveryCode.objects.filter(user=olga).exclude(used_at=None).exists(), "all codes are new"


def test_new_recovery_codes_end_the_old_ones(sign_in, olga):
    client, old = sign_in(olga), two_factor.new_recovery_codes(olga)
    assert client.post(CODES, {"present": "000000"}).status_code == 400
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    answer = client.post(CODES, {"present": code_of(TOTPDevice.objects.get(user=olga))})
    assert len(answer.context["codes"]) == 10
    assert two_factor.verify_recovery(olga, code=old[0]) is None


def test_staff_cannot_go_without(sign_in, olga):
    assert sign_in(olga).post(REMOVE, {"present": code_of(TOTPDevice.objects.get(user=olga))}).status_code == 403
    assert two_factor.device(olga) is not None


def test_a_driver_may_enrol_and_remove(dana, sign_in, north):
    device = TOTPDevice.objects.create(user=dana, name="phone")
    client = sign_in(dana)
    assert client.post(REMOVE, {"present": code_of(device)})["Location"] == "/account/profile/"
    assert two_factor.device(dana) is None
    assert client.get("/account/profile/").status_code == 200
    assert events(north) == ["second_factor.removed"]


def test_recovery_codes_are_single_use_even_at_once(olga):
    code, *_ = two_factor.new_recovery_codes(olga)
    assert [two_factor.verify_recovery(olga, code=code) is not None for _ in range(3)] == [True, False, False]


def test_one_person_s_recovery_code_is_no_good_for_another(olga, otto):
    code, *_ = two_factor.new_recovery_codes(olga)
    assert two_factor.verify_recovery(otto, code=code) is None
