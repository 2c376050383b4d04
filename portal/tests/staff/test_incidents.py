"""The breach desk: clocks, notes that are only added, whom an incident concerns, one letter each, the evidence."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing.tests import factories
from tenants import breach, work
from tenants.actor import acting
from tenants.breach import Clock
from tenants.log import audit
from tenants.models import (
    AuditEntry,
    Incident,
    IncidentAffected,
    IncidentBundle,
    IncidentLetter,
    IncidentLetters,
    IncidentList,
    IncidentNote,
    IncidentReport,
    User,
)
from tenants.privacy import evidence
from tenants.scoping import tenant_scope
from tenants.selectors import incidents as selector
from tenants.services.people import drivers
from tenants.tests.settled import seal_settled

PAGE = "/o/north/privacy/incidents/"
NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
WORDS = {"text_sv": "Någon läste era uppgifter.", "text_en": "Somebody read your data."}


def typed(moment, operator):
    return moment.astimezone(operator.zone).strftime("%Y-%m-%dT%H:%M")


def facts(north, *, known=timedelta(hours=1), **changes):
    return {
        "title": "A list went astray",
        "kinds": ["confidentiality"],
        "known_at": typed(timezone.now() - known, north),
        "risk": "high",
        "is_significant": "on",
        "text": "Otto mailed a list.",
        **changes,
    }


@pytest.fixture
def desk(sign_in, pri):
    return sign_in(pri)


def opened(desk, north, **changes):
    answer = desk.post(f"{PAGE}new/", facts(north, **changes))
    assert answer.status_code == 302, answer.context["form"].errors
    with tenant_scope(north.pk):
        return Incident.objects.latest("pk")


def act(desk, row, what, **sent):
    return desk.post(f"{PAGE}{row.public_id}/{what}/", sent)


def carry_out(north, model):
    while work.do_next(work.kind_named(model.work_kind), north.pk, clock=timezone.now):
        pass


def find(desk, row, north, **asked):
    span = {
        "since": typed(timezone.now() - timedelta(days=2), north),
        "until": typed(timezone.now() + timedelta(minutes=2), north),
    }
    answer = act(desk, row, "find", **{**span, **asked})
    assert answer.status_code == 302, answer.context["find_form"].errors
    carry_out(north, IncidentList)
    with tenant_scope(north.pk):
        found = IncidentList.objects.latest("pk")
        return found, {each.driver_id: each for each in IncidentAffected.objects.filter(list=found)}


def looked(user, driver, event="driver.viewed", *, address="192.0.2.7"):
    with acting(user=user, address=address):
        return audit.record(event, about=driver)


# Clocks


@pytest.mark.parametrize(
    ("clock", "due"),
    [
        (Clock.WARNING, datetime(2026, 11, 30, 4, tzinfo=UTC)),
        (Clock.NOTICE, datetime(2026, 12, 2, 4, tzinfo=UTC)),
        (Clock.AUTHORITY, datetime(2026, 12, 2, 4, tzinfo=UTC)),
        (Clock.REPORT, datetime(2026, 12, 29, 4, tzinfo=UTC)),
        (Clock.PEOPLE, None),
    ],
)
def test_each_clock_counts_from_when_it_was_known(north, clock, due):
    assert breach.due_at(clock, NOW, north.zone) == due


def test_a_month_ends_on_its_last_day_and_hours_run_through_the_change_of_time(north):
    last = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert breach.due_at(Clock.REPORT, last, north.zone) == datetime(2027, 2, 28, 12, tzinfo=UTC)
    spring = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert breach.due_at(Clock.WARNING, spring, north.zone) == spring + timedelta(hours=24)


@pytest.mark.parametrize(
    ("risk", "is_significant", "running"),
    [
        ("high", True, set(Clock)),
        ("risk", False, {Clock.AUTHORITY}),
        ("none", True, {Clock.WARNING, Clock.NOTICE, Clock.REPORT}),
        ("none", False, set()),
        ("high", False, {Clock.AUTHORITY, Clock.PEOPLE}),
    ],
)
def test_which_clocks_run(risk, is_significant, running):
    assert {clock for clock in Clock if breach.runs(clock, is_significant=is_significant, risk=risk)} == running


def test_who_was_told_is_entered_once_and_a_late_one_says_why(desk, north):
    row = opened(desk, north, known=timedelta(hours=30))
    late = {"clock": "nis2_warning", "told_at": typed(timezone.now(), north), "reference": "IMY-2026-1"}
    refused = act(desk, row, "report", **late)
    assert refused.status_code == 400
    assert "Say why it is late" in refused.content.decode()
    assert act(desk, row, "report", **late, late_reason="Nobody was on duty.").status_code == 302
    assert act(desk, row, "report", **late, late_reason="Again.").status_code == 400
    in_time = {"clock": "gdpr_authority", "told_at": typed(timezone.now(), north), "late_reason": "Not late."}
    assert act(desk, row, "report", **in_time).status_code == 302
    with tenant_scope(north.pk):
        kept = {report.clock: report for report in IncidentReport.objects.all()}
        assert kept["nis2_warning"].late_reason == "Nobody was on duty."
        assert kept["nis2_warning"].reference == "IMY-2026-1"
        assert kept["gdpr_authority"].late_reason == ""
        events: Any = AuditEntry.objects.filter(event="incident.reported").order_by("pk")
        assert [entry.additional_data["late"] for entry in events] == [True, False]


@pytest.mark.parametrize("moment", [timedelta(hours=2), timedelta(hours=-2)])
def test_nobody_was_told_before_it_was_known_or_in_the_future(desk, north, moment):
    row = opened(desk, north)
    told = {"clock": "gdpr_people", "told_at": typed(timezone.now() - moment, north)}
    assert act(desk, row, "report", **told).status_code == 400
    with tenant_scope(north.pk):
        assert not IncidentReport.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"known": timedelta(hours=-1)},
        {"kinds": []},
        {"kinds": ["theft"]},
        {"title": ""},
        {"text": ""},
        {"began_at": "2026-10-02T08:00", "ended_at": "2026-10-01T08:00"},
    ],
)
def test_what_cannot_be_is_not_opened(desk, north, wrong):
    assert desk.post(f"{PAGE}new/", facts(north, **wrong)).status_code == 400
    with tenant_scope(north.pk):
        assert not Incident.objects.exists()


def test_the_overview_names_who_has_to_be_told_and_the_list_what_is_late(desk, north):
    row = opened(desk, north, known=timedelta(hours=30))
    tasks = [task for task in desk.get("/o/north/").context["tasks"] if task.note == row.title]
    assert len(tasks) == len(Clock)
    assert desk.get(PAGE).context["rows"][0][1:] == (len(Clock), True)


def test_it_is_closed_when_everybody_was_told(desk, north):
    row = opened(desk, north, risk="risk", is_significant="")
    assert act(desk, row, "close", text="We learnt.").status_code == 400
    assert act(desk, row, "judge", risk="none", reason="It was encrypted.").status_code == 302
    assert act(desk, row, "close", text="We learnt.").status_code == 302
    assert act(desk, row, "judge", risk="high", reason="Not so.").status_code == 400
    known = {"text": "The receiver confirmed.", "happened_at": typed(timezone.now(), north)}
    assert act(desk, row, "note", **known).status_code == 302, "what is learnt later belongs to it"
    with tenant_scope(north.pk):
        texts = set(IncidentNote.objects.values_list("text", flat=True))
    assert texts == {"Otto mailed a list.", "It was encrypted.", "We learnt.", "The receiver confirmed."}


@pytest.mark.parametrize("model", [IncidentNote, IncidentReport, IncidentAffected, IncidentLetter])
def test_what_was_written_is_never_changed(desk, north, danas_driver, model):
    row = opened(desk, north)
    with tenant_scope(north.pk):
        for change in ("DELETE FROM", "TRUNCATE"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"{change} {model._meta.db_table}")
        assert row.notes.count() == 1


# Whom it concerns


def test_whose_data_somebody_saw_is_found_by_person_address_and_time(desk, north, otto, fina, danas_driver):
    with tenant_scope(north.pk):
        elsa, gun, nils = (factories.driver(name) for name in ("Elsa", "Gun", "Nils"))
        for _ in range(2):
            looked(otto, danas_driver)
        looked(otto, elsa, address="198.51.100.9")
        looked(fina, gun)
        with acting(user=otto, address="192.0.2.7"):
            drivers.change_identity(nils, phone="070-1")
    row = opened(desk, north)
    _, by_otto = find(desk, row, north, who=f"person-{otto.public_id}")
    assert set(by_otto) == {danas_driver.pk, elsa.pk, nils.pk}, "a change counts as well as a look"
    assert by_otto[danas_driver.pk].times == 2
    _, from_there = find(desk, row, north, address="192.0.2.7")
    assert set(from_there) == {danas_driver.pk, gun.pk, nils.pk}
    _, both = find(desk, row, north, who=f"person-{otto.public_id}", address="198.51.100.9")
    assert set(both) == {elsa.pk}
    early = {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00"}
    assert find(desk, row, north, **early)[1] == {}


def test_what_leads_to_a_driver_by_another_row_is_found(desk, north, otto, danas_driver):
    with tenant_scope(north.pk):
        looked(otto, danas_driver.identity, "example.seen")
        looked(otto, danas_driver.user, "example.seen")
    row = opened(desk, north)
    found, people = find(desk, row, north, who=f"person-{otto.public_id}")
    assert {pk: each.times for pk, each in people.items()} == {danas_driver.pk: 2}
    assert found.others == {}


def test_what_a_driver_does_with_their_own_data_is_no_breach(desk, north, dana, otto, danas_driver):
    with tenant_scope(north.pk):
        looked(dana, danas_driver)
        elsa = factories.driver("Elsa")
        looked(dana, elsa)
    row = opened(desk, north)
    _, found = find(desk, row, north, who=f"person-{dana.public_id}")
    assert set(found) == {elsa.pk}


def test_lists_that_were_taken_out_are_named_and_everybody_can_be_frozen(desk, north, otto, danas_driver):
    with tenant_scope(north.pk):
        elsa = factories.driver("Elsa")
        with acting(user=otto):
            audit.record("drivers.exported", count=2)
    row = opened(desk, north)
    found, people = find(desk, row, north, who=f"person-{otto.public_id}")
    assert (people, found.others["drivers.exported"]) == ({}, 1)
    assert "Downloaded the personal data of all drivers" in desk.get(f"{PAGE}{row.public_id}/").content.decode()
    _, everybody = find(desk, row, north, is_everybody="on")
    assert {danas_driver.pk, elsa.pk} <= set(everybody)
    with tenant_scope(north.pk):
        assert selector.count_affected(row) == len(everybody)


def test_the_frozen_answer_has_the_hash_of_its_lines_and_stays_as_it_was(desk, north, otto, danas_driver):
    with tenant_scope(north.pk):
        entry = looked(otto, danas_driver)
    row = opened(desk, north)
    found, _ = find(desk, row, north, who=f"person-{otto.public_id}")
    moment = entry.timestamp.isoformat()
    assert found.sha256 == hashlib.sha256(f"{danas_driver.pk},1,{moment},{moment}\n".encode()).hexdigest()
    with tenant_scope(north.pk):
        looked(otto, factories.driver("Elsa"))
        frozen: Any = AuditEntry.objects.get(event="incident.frozen")
        assert frozen.additional_data["sha256"] == found.sha256
        assert IncidentAffected.objects.count() == 1


def test_another_operator_s_log_is_not_asked(desk, north, south, otto, danas_driver):
    with tenant_scope(south.pk):
        looked(otto, factories.driver("Sven's"))
    row = opened(desk, north)
    assert find(desk, row, north, who=f"person-{otto.public_id}")[1] == {}


# Letters


def test_each_is_written_to_once_in_their_language(
    desk, north, otto, dana, danas_driver, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr("tenants.privacy.affected.LETTERS_A_STEP", 1)
    User.objects.filter(pk=dana.pk).update(language="en")
    with tenant_scope(north.pk):
        elsa, mute = factories.driver("Elsa", email="elsa@example.com"), factories.driver("Mute")
        for driver in (danas_driver, elsa, mute):
            looked(otto, driver)
    row = opened(desk, north)
    assert act(desk, row, "write", **WORDS).status_code == 400, "nobody has been found yet"
    for _ in range(2):  # on two lists: still one letter
        find(desk, row, north, who=f"person-{otto.public_id}")
    assert act(desk, row, "write", text_sv="Bara svenska.").status_code == 400
    assert act(desk, row, "write", **WORDS).status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        carry_out(north, IncidentLetters)
    bodies = {letter.to[0]: letter.body for letter in outbox.outbox}
    assert set(bodies) == {"dana@example.com", "elsa@example.com"}
    assert WORDS["text_en"] in bodies["dana@example.com"]
    assert WORDS["text_sv"] in bodies["elsa@example.com"]
    assert act(desk, row, "write", **WORDS).status_code == 400
    with tenant_scope(north.pk):
        assert IncidentLetter.objects.get(driver=mute).has_address is False
        assert IncidentReport.objects.filter(clock="gdpr_people").count() == 1
        IncidentLetters.objects.update(state="queued")
    with django_capture_on_commit_callbacks(execute=True):
        carry_out(north, IncidentLetters)
    assert len(outbox.outbox) == 2


# Evidence


@pytest.fixture
def _own_heads(settings, tmp_path):
    settings.SEAL_HEADS_DIR = str(tmp_path / "heads")


@pytest.fixture
def bundle(_own_heads, desk, north, otto, danas_driver):
    """Evidence of an incident with an answer, made; its incident, row and files."""
    with tenant_scope(north.pk):
        audit.record("example.before")
    seal_settled(north)
    began = timezone.now()
    with tenant_scope(north.pk):
        looked(otto, danas_driver)
    row = opened(desk, north)
    with tenant_scope(north.pk):
        Incident.objects.update(began_at=began)
    find(desk, row, north, who=f"person-{otto.public_id}")
    seal_settled(north)
    assert act(desk, row, "bundle").status_code == 302
    carry_out(north, IncidentBundle)
    with tenant_scope(north.pk):
        return IncidentBundle.objects.get()


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.django_db(transaction=True)
def test_the_evidence_holds_everything_and_each_file_its_hash(desk, bundle, north, danas_driver):
    with default_storage.open(bundle.file.name) as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == bundle.sha256
    files = unzipped(content)
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    told = json.loads(files["incident.json"])
    assert told["title"] == "A list went astray"
    assert {clock["clock"] for clock in told["clocks"]} == set(Clock)
    assert told["notes"][0]["text"] == "Otto mailed a list."
    assert danas_driver.customer_number in files["affected.csv"].decode()
    assert "Otto mailed a list." in files["notes.csv"].decode()


@pytest.mark.django_db(transaction=True)
def test_the_log_in_it_is_checked_with_the_script_in_it_alone(bundle, tmp_path):
    with default_storage.open(bundle.file.name) as file:
        files = unzipped(file.read())
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, str(tmp_path / "verify-seals.py"), str(tmp_path / "audit-log.jsonl")]
    assert "INTACT" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    log = files["audit-log.jsonl"].decode()
    assert "driver.viewed" in log
    assert "example.before" not in log
    assert json.loads(log.splitlines()[0])["audit_log"]["after"]["number"] == 1
    (tmp_path / "audit-log.jsonl").write_text(log.replace("driver.viewed", "driver.vlewed"))
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 1


@pytest.mark.django_db(transaction=True)
def test_it_is_handed_out_after_a_fresh_proof_recorded_and_ends(desk, sign_in, pri, axel, bundle, north):
    address = f"/o/north/privacy/evidence/{bundle.public_id}/"
    assert sign_in(axel).get(address).status_code == 403
    client = sign_in(pri)
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert "/account/" in client.get(address)["Location"]
    answer = sign_in(pri).get(address)
    assert b"".join(answer.streaming_content).startswith(b"PK")
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="incident.bundle_fetched").count() == 1
        assert evidence.remove_old(at=bundle.expires_at - timedelta(seconds=1)) == 0
        assert evidence.remove_old(at=bundle.expires_at) == 1
        row = Incident.objects.get()
    assert client.post(f"{PAGE}{row.public_id}/bundle/").status_code == 302


def test_who_only_reads_sees_the_desk_and_changes_nothing(sign_in, axel, desk, north):
    row = opened(desk, north)
    client = sign_in(axel)
    assert client.get(f"{PAGE}{row.public_id}/").status_code == 200
    for what in ("note", "report", "judge", "find", "write", "close", "bundle"):
        assert client.post(f"{PAGE}{row.public_id}/{what}/").status_code == 403


def test_looking_at_whom_it_concerns_is_recorded(desk, north):
    row = opened(desk, north)
    assert desk.get(f"{PAGE}{row.public_id}/affected/").status_code == 200
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="incident.affected_viewed", object_id=row.pk).exists()
