"""The page of the seals: what it shows, the check it begins, the file and the script it sends."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants import work
from tenants.log import audit
from tenants.models import AuditCheck, AuditEntry
from tenants.scoping import tenant_scope
from tenants.tests.settled import seal_settled

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/o/north/audit/seals/"


@pytest.fixture(autouse=True)
def _own_notes(settings, tmp_path):
    settings.SEAL_HEADS_DIR = str(tmp_path / "heads")


@pytest.fixture
def sealed(north):
    with tenant_scope(north.pk):
        audit.record("example.made", text="räksmörgås")
    seal_settled(north)
    return north


def test_before_the_first_seal_the_page_says_so(north, axel, sign_in):
    assert "Nothing is sealed yet" in sign_in(axel).get(PAGE).content.decode()


def test_a_check_is_begun_by_a_person_and_done_by_a_worker(sealed, axel, sign_in):
    client = sign_in(axel)
    assert client.post(f"{PAGE}check/").status_code == 302
    client.post(f"{PAGE}check/")  # pressed twice
    with tenant_scope(sealed.pk):
        assert AuditCheck.objects.count() == 1
        assert AuditEntry.objects.filter(event="audit.check_asked", actor=axel).count() == 1
    assert 'hx-trigger="every 2s"' in client.get(PAGE).content.decode()
    work.do_next(work.kind_named("audit_check"), sealed.pk, clock=timezone.now)
    with tenant_scope(sealed.pk):
        check = AuditCheck.objects.get()
    assert (check.state, check.finding) == ("intact", {})
    assert "every 2s" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("state", "minutes", "is_begun"),
    [("intact", 9, False), ("intact", 11, True), ("broken", 1, True)],
)
def test_a_check_that_found_nothing_is_not_repeated_at_once(state, minutes, is_begun, sealed, axel, sign_in):
    asked_at = timezone.now() - timedelta(minutes=minutes)
    with tenant_scope(sealed.pk):
        AuditCheck.objects.create(state=state, requested_at=asked_at, finished_at=asked_at)
    page = sign_in(axel).post(f"{PAGE}check/", follow=True).content.decode()
    assert ("The check has begun." in page) is is_begun
    again = f"{(asked_at + timedelta(minutes=10)).astimezone(sealed.zone):%H:%M}"
    assert (f"You can ask for another check from {again}." in page) is not is_begun
    with tenant_scope(sealed.pk):
        assert AuditCheck.objects.count() == 1 + is_begun


def test_the_download_is_what_the_script_checks(sealed, axel, sign_in, tmp_path):
    client = sign_in(axel)
    script, export = tmp_path / "verify-seals.py", tmp_path / "log.jsonl"
    script.write_bytes(b"".join(client.get(f"{PAGE}script/").streaming_content))
    export.write_bytes(b"".join(client.get(f"{PAGE}export/").streaming_content))
    assert "räksmörgås" in export.read_text(encoding="utf-8")
    ran = subprocess.run([sys.executable, "-I", "-S", script, export], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("INTACT")
    with tenant_scope(sealed.pk):
        assert AuditEntry.objects.filter(event="audit.seals_exported", actor=axel).exists()
