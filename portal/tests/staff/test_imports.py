"""Imports: upload, questions, a look before anything is written, progress, result, correct and import again."""

import csv
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from charging import tasks
from charging.models import ChargingSession, FileImport, ImportProfile
from charging.services import imports
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
HEADER = "Session ID,Location,Charge point,Card,Start,End,Energy (kWh)"
GOOD = "A1,Torget,SE-1,04AA,2026-10-15 08:00,2026-10-15 09:30,12.5"
BAD = "A2,Torget,SE-1,04AA,2026-10-15 12:00,2026-10-15 11:00,3.0"
UNCLEAR = "A1,Torget,SE-1,04AA,06/09/2026 08:00,06/09/2026 09:30,12.5"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """The messages that would have gone to a worker."""
    messages: list[FileImport] = []
    monkeypatch.setattr(tasks, "hurry_import", messages.append)
    return messages


def upload(client, world, *rows, header=HEADER, name="march.csv", profile=""):
    content = "\n".join([header, *rows]).encode()
    data = {"file": SimpleUploadedFile(name, content, "text/csv"), "profile": profile}
    response = client.post(world.url("imports/new/"), data, follow=True)
    assert response.status_code == 200
    return response


def answers(page, **said):
    """The form as the page shows it, with some answers filled in."""
    form = page.context["form"]
    shown = {field.html_name: field.value() or "" for field in form}
    shown = {name: value for name, value in shown.items() if value is not False}
    return {**shown, "create_missing": "on", **said}


def start(client, page, **said):
    url = page.request["PATH_INFO"].removesuffix("start/") + "start/"
    return client.post(url, {**answers(page, **said), "start": "yes"}, follow=True)


def work(world, clock=timezone.now):
    with tenant_scope(world.operator.pk):
        row = FileImport.objects.latest("pk")
        return imports.run(operator_id=world.operator.pk, import_id=row.pk, clock=clock)


def test_a_look_writes_nothing_and_shows_how_the_file_is_read(world, sign_in, otto):
    page = upload(sign_in(otto), world, GOOD, BAD)
    preview = page.context["preview"]
    assert [question.about for question in preview.questions] == ["time_zone"]
    text = page.content.decode()
    assert "In which time zone were they written?" in text
    assert "2026-10-15 08:00" in text
    with tenant_scope(world.operator.pk):
        assert not ChargingSession.objects.exists()


def test_an_answered_question_shows_what_would_come_of_the_file(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD, BAD)
    said = answers(page, time_zone="Europe/Stockholm")
    looked = client.post(page.request["PATH_INFO"] + "start/", {**said, "look": "again"})
    preview = looked.context["preview"]
    assert (preview.accepted, preview.rejected, preview.accepted_wh) == (1, 1, 12_500)
    assert "The session ends before it starts." in looked.content.decode()


def test_a_file_that_does_not_prove_its_date_order_is_not_imported_before_it_is_said(world, sign_in, otto, sent):
    client = sign_in(otto)
    page = upload(client, world, UNCLEAR)
    refused = start(client, page, time_zone="Europe/Stockholm")
    assert "In which order are they written?" in refused.content.decode()
    assert sent == []
    start(client, refused, date_order="mdy", time_zone="Europe/Stockholm")
    work(world)
    with tenant_scope(world.operator.pk):
        assert ChargingSession.objects.get().started_at.month == 6


def test_an_import_from_upload_to_result(world, sign_in, otto, sent):
    client = sign_in(otto)
    page = upload(client, world, GOOD, BAD)
    running = start(client, page, time_zone="Europe/Stockholm", source="provider")
    assert len(sent) == 1
    assert 'hx-trigger="every 2s"' in running.content.decode()
    work(world)
    result = client.get(running.request["PATH_INFO"])
    row = result.context["row"]
    assert (row.rows_read, row.accepted, row.known, row.rejected) == (2, 1, 0, 1)
    assert (row.accepted_wh, row.rejected_wh) == (12_500, 3_000)
    text = result.content.decode()
    assert "The session ends before it starts." in text
    assert "12.500\u00a0kWh" in text
    listed = client.get(world.url("imports/")).content.decode()
    assert "march.csv" in listed


def test_the_rejected_rows_come_back_corrected(world, sign_in, otto):
    client = sign_in(otto)
    start(client, upload(client, world, GOOD, BAD), time_zone="Europe/Stockholm", source="provider")
    row = work(world)
    response = client.get(world.url(f"imports/{row.public_id}/rejected/"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    (line,) = csv.DictReader(StringIO(text))
    assert line["rejected_line"] == "3"
    assert line["rejected_because"] == "end_before_start"
    corrected = text.replace("2026-10-15 11:00", "2026-10-15 13:00")
    header, *rows = corrected.splitlines()
    page = upload(client, world, *[one for one in rows if one], header=header, name="corrected.csv")
    start(client, page, time_zone="Europe/Stockholm", source="provider")
    again = work(world)
    assert (again.accepted, again.rejected) == (1, 0)
    with tenant_scope(world.operator.pk):
        assert AuditEntry.objects.filter(event="import.rejected_downloaded", actor=otto).count() == 1


def test_the_same_file_again_changes_nothing_and_says_so(world, sign_in, otto):
    client = sign_in(otto)
    start(client, upload(client, world, GOOD), time_zone="Europe/Stockholm", source="provider")
    work(world)
    page = upload(client, world, GOOD)
    assert "This file has been here before" in page.content.decode()
    start(client, page, time_zone="Europe/Stockholm", source="provider")
    again = work(world)
    assert (again.accepted, again.known) == (0, 1)


def test_a_kept_profile_answers_the_next_file(world, sign_in, otto):
    client = sign_in(otto)
    start(client, upload(client, world, GOOD), time_zone="Europe/Stockholm", source="provider", save_as="Our provider")
    with tenant_scope(world.operator.pk):
        assert ImportProfile.objects.get().name == "Our provider"
    page = upload(client, world, GOOD, profile="Our provider")
    assert page.context["preview"].questions == []
    assert page.context["form"]["source"].value() == "provider"


def test_a_column_can_be_chosen_by_hand(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD)
    started = start(client, page, time_zone="Europe/Stockholm", column_token="")
    assert started.context["row"].state == "queued"
    work(world)
    with tenant_scope(world.operator.pk):
        assert ChargingSession.objects.get().token is None


def test_a_file_that_is_not_what_it_says_is_refused_with_the_reason(world, sign_in, otto):
    page = upload(sign_in(otto), world, header="PK\x03\x04 broken", name="march.xlsx")
    assert "The file cannot be read like this" in page.content.decode()


def test_a_profile_that_does_not_fit_says_which_column_is_missing(world, sign_in, otto):
    page = upload(sign_in(otto), world, GOOD, profile="dundee-2018")
    assert "The file cannot be read like this" in page.content.decode()


def test_without_imports_the_list_explains_what_can_be_imported(world, sign_in, otto):
    assert "No imports yet" in sign_in(otto).get(world.url("imports/")).content.decode()


def test_an_empty_form_asks_for_a_file(world, sign_in, otto):
    page = sign_in(otto).post(world.url("imports/new/"), {"profile": ""})
    assert page.context["form"].errors["file"]


@pytest.mark.parametrize("who", ["fina", "axel", "sara"])
def test_only_those_who_may_import_get_in(world, sign_in, request, who):
    client = sign_in(request.getfixturevalue(who))
    assert client.get(world.url("imports/")).status_code == 403
    assert client.get(world.url("imports/new/")).status_code == 403
