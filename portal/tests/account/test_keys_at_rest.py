"""Seeds are encrypted, bound to their row and person, and follow the newest key."""

import os

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now

from portal.tests.account.test_sign_in import CHALLENGE, SIGN_IN, code_of
from portal.tests.cast import PASSWORD
from tenants import crypto
from tenants.models import TotpDevice
from tenants.services.proof import encryption, two_factor


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    """A folder of files of its own: other tests' operators are gone, their files are not."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def device(olga):
    return two_factor.authenticator(olga)


@pytest.fixture
def new_key(settings, device):
    """A newer key than the one that encrypted the device's seed."""
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]


@pytest.fixture
def under_a_lost_key(settings):
    """Return a function that encrypts a device's seed with a key that is in no list, as if it had been left out."""

    def lose(device: TotpDevice) -> None:
        seed, kept = device.seed, settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = [os.urandom(32)]
        TotpDevice.objects.filter(pk=device.pk).update(sealed_seed=crypto.encrypt(seed, about=device.about))
        settings.ENCRYPTION_KEYS = kept

    return lose


def test_the_seed_does_not_stand_in_the_database(device):
    assert device.seed not in bytes(device.sealed_seed)
    assert len(device.seed) == 20


def test_a_seed_moved_to_another_row_or_person_does_not_open(device, otto):
    his = TotpDevice.objects.get(user=otto)
    TotpDevice.objects.filter(pk=his.pk).update(sealed_seed=device.sealed_seed)
    TotpDevice.objects.filter(pk=device.pk).update(user=otto)
    for moved in TotpDevice.objects.all():
        with pytest.raises(crypto.Unreadable):
            _ = moved.seed


def test_rotation_lets_the_old_key_go(device, otto, new_key, settings, capsys):
    seed, code = device.seed, code_of(device)
    call_command("rotate_encryption")
    assert "2 encrypted again, 0 were current" in capsys.readouterr().out
    call_command("rotate_encryption")
    assert "0 encrypted again, 2 were current" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    device.refresh_from_db()
    assert device.seed == seed
    assert two_factor.verify(device.user, code=code)


def test_files_of_no_operator_are_counted_and_left_alone(files, device, new_key, capsys):
    orphan = files / "operators" / "999999999" / "old.csv"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"whose am I?")
    call_command("rotate_encryption")
    said = capsys.readouterr()
    assert "no operator of this database: 1 files" in said.err
    assert "Files: 0 encrypted again, 0 were current" in said.out
    assert orphan.read_bytes() == b"whose am I?"


def test_rotation_goes_in_batches(device, otto, new_key, monkeypatch):
    monkeypatch.setattr(encryption, "BATCH", 1)
    assert encryption.rotate() == encryption.Rotation(again=2)


def test_rotation_says_what_does_not_open(device, under_a_lost_key):
    under_a_lost_key(device)
    with pytest.raises(CommandError, match="1 open with no listed key"):
        call_command("rotate_encryption")


def test_without_its_keys_an_instance_signs_nobody_in(device, olga, settings):
    settings.ENCRYPTION_KEYS = [os.urandom(32)]
    client = Client()
    assert client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD}).status_code == 400
    assert "_auth_user_id" not in client.session


def test_a_seed_that_does_not_open_is_refused_in_words_and_logged(device, olga, under_a_lost_key, caplog):
    code = code_of(device)
    under_a_lost_key(device)
    client = Client()
    assert client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})["Location"] == CHALLENGE
    answer = client.post(CHALLENGE, {"code": code})
    assert answer.status_code == 400
    assert "cannot be checked any more" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert "does not open: is a key missing" in caplog.text
    recovery, *_ = two_factor.new_recovery_codes(olga)
    assert client.post("/account/challenge/recovery/", {"code": recovery})["Location"] == "/account/profile/"
    assert client.get("/account/second-factor/").status_code == 200, "and sets the authenticator up anew"
    offered = TotpDevice.objects.get(user=olga, confirmed=False)
    assert client.post("/account/second-factor/", {"code": code_of(offered)}).status_code == 200


def test_an_offer_made_under_a_lost_key_is_made_anew(new_person, under_a_lost_key):
    offered = two_factor.offered_device(new_person)
    under_a_lost_key(offered)
    again = two_factor.offered_device(new_person)
    assert again.pk == offered.pk
    assert again.seed


def test_a_code_of_such_an_offer_is_answered_in_words(new_person, under_a_lost_key, sign_in):
    client, offered = sign_in(new_person), two_factor.offered_device(new_person)
    code = code_of(offered)
    under_a_lost_key(offered)
    answer = client.post("/account/second-factor/", {"code": code})
    assert answer.status_code == 400
    assert "cannot be checked" in answer.content.decode()
    assert two_factor.device(new_person) is None


@pytest.fixture
def new_person(dana):
    return dana


def test_codes_hold_for_a_step_on_each_side_and_no_longer(device, olga):
    for steps, expected in ((-2, False), (2, False), (-1, True), (0, True), (1, True)):
        TotpDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        assert (two_factor.verify(olga, code=code_of(device, steps)) is not None) is expected, steps
    TotpDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert two_factor.verify(olga, code=code_of(device, 0)) is None, "an older step than the last is over"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1e1000"])
def test_what_is_no_code_is_refused(olga, code):
    assert two_factor.verify(olga, code=code) is None


def test_after_many_failures_the_wait_is_told_and_has_an_end(device, olga):
    TotpDevice.objects.update(throttling_failure_count=40, throttling_failure_timestamp=None)
    two_factor.verify(olga, code="000000")
    device.refresh_from_db()
    assert device.throttling_failure_count == TotpDevice.MOST_FAILURES
    TotpDevice.objects.update(throttling_failure_timestamp=now())
    with pytest.raises(two_factor.Paused) as pause:
        two_factor.verify(olga, code=code_of(device))
    assert 2000 < pause.value.wait_s <= 2048
    client = Client()
    client.post(SIGN_IN, {"email": olga.email, "password": PASSWORD})
    answer = client.post(CHALLENGE, {"code": code_of(device)})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 2000
