import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.documents import pdf
from billing.tests import factories
from tenants import crypto
from tenants.models import AuditEntry, ConsentEvent, ConsentNotice, ConsentPaper, ConsentPurpose
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.services.people import consents
from tenants.services.people.consents import Words

CONSENTS = "/o/north/consents/"
SCRIPT = Path(__file__).resolve().parents[3] / "bin" / "verify-receipt"


@pytest.fixture
def purpose(north):
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        return ConsentPurpose.objects.get(code="marketing-email")


@pytest.fixture
def given(north, purpose, danas_driver, dana):
    with tenant_scope(north.pk):
        return consents.record(
            danas_driver,
            purpose,
            "given",
            channel="portal",
            at=timezone.now(),
            language="sv",
            by=dana,
            address="192.0.2.1",
        )


def test_the_defaults_are_installed_once(in_north, north, purpose):
    consents.install_defaults(north)
    assert ConsentPurpose.objects.count() == 2
    assert ConsentNotice.objects.count() == 4


def test_the_list_counts_answers_and_silence(sign_in, sara, given):
    tally = sign_in(sara).get(CONSENTS).context["tallies"][0]
    assert (tally.given, tally.withdrawn, tally.silent) == (1, 0, 0)


def test_a_purpose_shows_its_words_and_answers(sign_in, sara, purpose, given):
    client, address = sign_in(sara), f"{CONSENTS}{purpose.public_id}/"
    page = client.get(address)
    assert given.text_sha256 in page.content.decode()
    assert [event.pk for event in page.context["page"]] == [given.pk]
    assert (page.context["total"], "1 answer in all" in page.text) == (1, True)
    for narrowed in ({"decision": "withdrawn"}, {"period": "last_month"}, {"since": "x"}):
        assert len(client.get(address, narrowed).context["page"]) == 0
    assert [event.pk for event in client.get(address, {"period": "today"}).context["page"]] == [given.pk]


def test_the_proof_is_checked_against_the_hash_and_looking_is_recorded(sign_in, sara, danas_driver, given, north):
    page = sign_in(sara).get(f"{CONSENTS}drivers/{danas_driver.public_id}/")
    (proof, by, _paper), *_ = page.context["proofs"]
    assert proof.is_intact
    assert (str(by), proof.event.address) == ("Dana", "192.0.2.1")
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.get(event="consents.viewed")
    assert (entry.actor_id, entry.object_repr) == (sara.pk, "1001")


def test_words_changed_behind_our_back_are_seen(in_north, given):
    proof = asked.Proof(given)
    proof.notice.text += " And everything else."
    assert not proof.is_intact


def test_the_proof_is_downloaded_word_by_word(sign_in, sara, danas_driver, given):
    answer = sign_in(sara).get(f"{CONSENTS}drivers/{danas_driver.public_id}/proof.json")
    assert "attachment" in answer["Content-Disposition"]
    record = json.loads(answer.content)
    event = record["events"][0]
    assert (event["event_state"], event["privacy_notice"]["language"]) == ("given", "sv")
    notice = event["privacy_notice"]
    assert asked.fingerprint(notice["title"], notice["text"]) == notice["sha256_at_decision"]


def checked(record, tmp_path, *more):
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    return subprocess.run([sys.executable, SCRIPT, file, *more], capture_output=True, text=True, check=False)


def test_a_stranger_checks_signature_and_words(sign_in, sara, danas_driver, given, tmp_path):
    answer = sign_in(sara).get(f"{CONSENTS}drivers/{danas_driver.public_id}/proof.json")
    record = json.loads(answer.content)
    whole = checked(record, tmp_path)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "INTACT: 1 decisions." in whole.stdout
    assert checked(record, tmp_path, "--key", record["proof"]["key"]).returncode == 0
    assert "not by the noted key" in checked(record, tmp_path, "--key", "00" * 32).stdout
    later = {**record, "events": [{**record["events"][0], "event_state": "withdrawn"}]}
    assert checked(later, tmp_path).stdout == "BROKEN: its signature does not fit\n"
    words = {**record["events"][0]["privacy_notice"], "text": "Everything."}
    other = {**record, "events": [{**record["events"][0], "privacy_notice": words}]}
    assert "the words are not those that were shown" in checked(other, tmp_path).stdout
    assert checked({"events": []}, tmp_path).returncode == 2


def test_a_new_wording_is_a_new_version_and_old_answers_keep_theirs(in_north, purpose, given, danas_driver):
    assert consents.publish_notice(purpose, {"en": Words("News", "Weekly.")}, at=timezone.now()) == 2
    question = next(q for q in asked.questions(danas_driver, language="en") if q.purpose == purpose)
    assert question.is_given
    assert question.is_outdated
    assert question.notice.text == "Weekly."
    assert asked.proofs(danas_driver)[0].notice.version == 1


def test_the_same_answer_again_adds_nothing(in_north, purpose, given, danas_driver):
    now = timezone.now()
    assert consents.record(danas_driver, purpose, "given", channel="portal", at=now, language="sv") == given
    assert consents.record(danas_driver, purpose, "withdrawn", channel="portal", at=now, language="sv") != given
    assert len(asked.proofs(danas_driver)) == 2


# Consent on paper, the receipt as a document, and who has agreed

PDF = b"%PDF-1.7\nsigned"


def paper(client, driver, notice, **changes):
    sent = {
        "words": notice.pk,
        "decision": "given",
        "signed_on": timezone.localdate(timezone=driver.operator.zone).isoformat(),
        **changes,
    }
    scan = sent.pop("scan", PDF)
    return client.post(
        f"/o/north/consents/drivers/{driver.public_id}/paper/", {**sent, "scan": SimpleUploadedFile("p.pdf", scan)}
    )


@pytest.fixture
def notice(north):
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        return ConsentNotice.objects.select_related("purpose").get(purpose__code="marketing-email", language="sv")


def test_a_paper_is_recorded_with_its_scan_sealed_and_handed_out_after_a_fresh_proof(
    sign_in, pri, danas_driver, notice, north
):
    client = sign_in(pri)
    assert paper(client, danas_driver, notice).status_code == 302
    with tenant_scope(north.pk):
        kept = ConsentPaper.objects.select_related("event").get()
        assert (kept.event.channel, kept.event.decision, kept.event.recorded_by_id) == ("paper", "given", pri.pk)
        assert kept.event.text_sha256 == notice.text_sha256
        assert kept.sha256 == hashlib.sha256(PDF).hexdigest()
        assert asked.agreed("marketing-email").get().pk == danas_driver.pk
    answer = client.get(f"/o/north/consents/papers/{kept.public_id}/")
    assert b"".join(answer.streaming_content) == PDF
    assert "attachment" in answer["Content-Disposition"]
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert "/account/" in client.get(f"/o/north/consents/papers/{kept.public_id}/")["Location"]


@pytest.mark.parametrize(
    "wrong", [{"scan": b"MZ\x90"}, {"scan": b"<svg/>"}, {"signed_on": "2200-01-01"}, {"signed_on": "1999-01-01"}]
)
def test_what_is_no_paper_is_refused_and_nothing_is_kept(sign_in, pri, danas_driver, notice, north, wrong):
    assert paper(sign_in(pri), danas_driver, notice, **wrong).status_code == 400
    with tenant_scope(north.pk):
        assert not ConsentEvent.objects.exists()
        assert not ConsentPaper.objects.exists()


def test_a_later_answer_is_not_overruled_by_an_older_paper(sign_in, pri, dana, danas_driver, notice, north):
    with tenant_scope(north.pk):
        facts = {"channel": "portal", "language": "sv", "by": dana, "at": timezone.now()}
        consents.record(danas_driver, notice.purpose, "withdrawn", **facts)
    assert paper(sign_in(pri), danas_driver, notice).status_code == 400


def test_who_may_not_manage_privacy_records_no_paper(sign_in, sara, danas_driver, notice):
    assert paper(sign_in(sara), danas_driver, notice).status_code == 403


def test_the_receipt_comes_as_a_document_too(sign_in, pri, danas_driver, notice, monkeypatch):
    client = sign_in(pri)
    paper(client, danas_driver, notice)
    pages, real = [], pdf.render

    def render(page, **how):
        pages.append(page)
        return real(page, **how)

    monkeypatch.setattr(pdf, "render", render)
    answer = client.get(f"/o/north/consents/drivers/{danas_driver.public_id}/proof.pdf")
    assert answer.content.startswith(b"%PDF")
    (page,) = pages
    assert page["events"][0]["title"] == notice.title
    assert page["signed"][1][1] == crypto.signing_key().public_key().public_bytes_raw().hex()


def test_who_has_agreed_is_a_file_of_addresses_and_nobody_else_s(sign_in, pri, danas_driver, notice, north):
    client = sign_in(pri)
    with tenant_scope(north.pk):
        factories.driver("Silent Sam", email="sam@example.com")
    address = f"/o/north/consents/{notice.purpose.public_id}/agreed/"
    assert b"dana@example.com" not in b"".join(client.get(address).streaming_content)
    paper(client, danas_driver, notice)
    content = b"".join(client.get(address).streaming_content)
    assert b"dana@example.com" in content
    assert b"sam@example.com" not in content
    with tenant_scope(north.pk):
        entries: Any = AuditEntry.objects.filter(event="consents.agreed_taken")
        counts = [entry.additional_data["count"] for entry in entries]
    assert sorted(counts) == [0, 1]
