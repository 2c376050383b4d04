"""Imports: upload, questions, a look before anything is written, progress, result, correct and import again."""

import csv
import gzip
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from charging.ingest import apart
from charging.ingest.network import Thing
from charging.ingest.profiles import ready_made
from charging.models import ChargingSession, FileImport, ImportProfile
from charging.services import imports, looks
from charging.tests.ingest.workbooks import cell, row, workbook
from portal.tests.reading import words
from tenants import work as background
from tenants.actor import acting
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope
from tenants.work import do_next, kind_named

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
    """The imports that were asked to be done soon."""
    rows: list[FileImport] = []

    def enqueue(row, **_):
        if isinstance(row, FileImport):
            rows.append(row)

    monkeypatch.setattr(background, "enqueue", enqueue)
    return rows


def upload(client, world, *rows, header=HEADER, name="march.csv", profile=""):
    content = "\n".join([header, *rows]).encode()
    data = {"file": SimpleUploadedFile(name, content, "text/csv"), "profile": profile}
    return looked_at(client, world, client.post(world.url("imports/new/"), data))


def looked_at(client, world, answer):
    """Follow an answer to its page, once a worker has had its look at the file."""
    assert answer.status_code == 302
    waiting = client.get(answer["Location"])
    assert waiting.status_code == 200
    if "staff/imports/reading.html" in {template.name for template in waiting.templates}:
        while do_next(kind_named("import_look"), world.operator.pk, clock=timezone.now):
            pass
    return client.get(answer["Location"])


def answers(page, **said):
    """The form as the page shows it, with some answers filled in."""
    form = page.context["form"]
    shown = {field.html_name: field.value() or "" for field in form}
    shown = {name: value for name, value in shown.items() if value is not False}
    return {**shown, "creates": list(Thing), "news_shown": "on", **said}


def start(client, world, page, **said):
    url = page.request["PATH_INFO"].removesuffix("start/") + "start/"
    return looked_at(client, world, client.post(url, {**answers(page, **said), "start": "yes"}))


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


def test_the_page_tells_what_is_read_as_nothing_and_where(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD, GOOD.replace("A1", "A2").replace("04AA", "unknown"))
    said = answers(page, time_zone="Europe/Stockholm")
    looked = looked_at(client, world, client.post(page.request["PATH_INFO"] + "start/", {**said, "look": "again"}))
    assert "“unknown” Card, in column “Card” 1 row, line 3" in words(looked)


def test_an_answered_question_shows_what_would_come_of_the_file(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD, BAD)
    said = answers(page, time_zone="Europe/Stockholm")
    looked = looked_at(client, world, client.post(page.request["PATH_INFO"] + "start/", {**said, "look": "again"}))
    preview = looked.context["preview"]
    assert (preview.accepted, preview.rejected, preview.accepted_wh) == (1, 1, 12_500)
    assert "The session ends before it starts." in looked.content.decode()


def test_a_file_that_does_not_prove_its_date_order_is_not_imported_before_it_is_said(world, sign_in, otto, sent):
    client = sign_in(otto)
    page = upload(client, world, UNCLEAR)
    refused = start(client, world, page, time_zone="Europe/Stockholm")
    assert "In which order are they written?" in refused.content.decode()
    assert sent == []
    start(client, world, refused, date_order="mdy", time_zone="Europe/Stockholm")
    work(world)
    with tenant_scope(world.operator.pk):
        assert ChargingSession.objects.get().started_at.month == 6


def test_an_import_from_upload_to_result(world, sign_in, otto, sent):
    client = sign_in(otto)
    page = upload(client, world, GOOD, BAD)
    running = start(client, world, page, time_zone="Europe/Stockholm", source="provider")
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
    start(client, world, upload(client, world, GOOD, BAD), time_zone="Europe/Stockholm", source="provider")
    row = work(world)
    response = client.get(world.url(f"imports/{row.public_id}/rejected/"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    (line,) = csv.DictReader(StringIO(text))
    assert line["rejected_line"] == "3"
    assert line["rejected_because"] == "end_before_start"
    corrected = text.replace("2026-10-15 11:00", "2026-10-15 13:00")
    header, *rows = corrected.splitlines()
    page = upload(client, world, *[one for one in rows if one], header=header, name="corrected.csv")
    start(client, world, page, time_zone="Europe/Stockholm", source="provider")
    again = work(world)
    assert (again.accepted, again.rejected) == (1, 0)
    with tenant_scope(world.operator.pk):
        assert AuditEntry.objects.filter(event="import.rejected_downloaded", actor=otto).count() == 1


def test_the_same_file_again_changes_nothing_and_says_so(world, sign_in, otto):
    client = sign_in(otto)
    start(client, world, upload(client, world, GOOD), time_zone="Europe/Stockholm", source="provider")
    work(world)
    page = upload(client, world, GOOD)
    assert "This file has been uploaded before" in page.content.decode()
    start(client, world, page, time_zone="Europe/Stockholm", source="provider")
    again = work(world)
    assert (again.accepted, again.known) == (0, 1)


def test_a_kept_profile_answers_the_next_file(world, sign_in, otto):
    client = sign_in(otto)
    start(
        client,
        world,
        upload(client, world, GOOD),
        time_zone="Europe/Stockholm",
        source="provider",
        save_as="Our provider",
    )
    with tenant_scope(world.operator.pk):
        assert ImportProfile.objects.get().name == "Our provider"
    page = upload(client, world, GOOD, profile="Our provider")
    assert page.context["preview"].questions == []
    assert page.context["form"]["source"].value() == "provider"


def test_a_column_can_be_chosen_by_hand(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD)
    started = start(client, world, page, time_zone="Europe/Stockholm", column_token="")
    assert started.context["row"].state == "queued"
    work(world)
    with tenant_scope(world.operator.pk):
        assert ChargingSession.objects.get().token is None


def test_a_file_that_is_not_what_it_says_is_refused_with_the_reason(world, sign_in, otto):
    page = upload(sign_in(otto), world, header="PK\x03\x04 broken", name="march.xlsx")
    assert "The file cannot be read like this" in page.content.decode()


def test_a_profile_that_does_not_fit_says_which_column_is_missing(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        imports.save_profile("Theirs", layout=ready_made()["dundee-2018"].layout)
    page = upload(sign_in(otto), world, GOOD, profile="Theirs")
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


def test_while_a_look_goes_on_the_page_asks_itself_and_writes_nothing(world, sign_in, otto):
    client = sign_in(otto)
    data = {"file": SimpleUploadedFile("march.csv", f"{HEADER}\n{GOOD}\n".encode()), "profile": ""}
    page = client.post(world.url("imports/new/"), data, follow=True)
    text = page.content.decode()
    assert "Reading the file" in text
    assert 'hx-headers=\'{"X-Poll": "1"}\'' in text
    assert page.context["look"].is_open


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook(row(1, cell("A1", "id")) + row(1_048_576, cell("XFD1048576", "x"))), "lie too far apart"),
        (gzip.compress(b"x" * 300_000_000, 1), "has more than 65536 characters"),
        (b'{"id":' * 600 + b"1" + b"}" * 600, "nested at most 32"),
        (b";;;;\n" * 40, "nothing but delimiters"),
        (",".join(f"c{n}" for n in range(4_000)).encode(), "4000 columns; at most 200"),
    ],
    ids=["corners", "line", "deep", "delimiters", "columns"],
)
def test_files_made_to_harm_are_answered_in_words_on_small_pages(world, sign_in, otto, content, words):
    client = sign_in(otto)
    answer = client.post(world.url("imports/new/"), {"file": SimpleUploadedFile("x.bin", content), "profile": ""})
    page = looked_at(client, world, answer)
    assert words in page.content.decode()
    assert len(page.content) < 100_000
    discarded = client.post(page.request["PATH_INFO"] + "discard/", follow=True)
    assert "The file was discarded." in discarded.content.decode()
    with tenant_scope(world.operator.pk):
        assert not FileImport.objects.exists()
        assert AuditEntry.objects.filter(event="import.discarded").count() == 1


def test_wide_files_make_no_wide_pages(world, sign_in, otto):
    header = ",".join(
        ["Session ID", "Charge point", "Start", "End", "Energy (kWh)", *(f"{n:0>90}" for n in range(195))]
    )
    page = upload(sign_in(otto), world, ",".join(["x" * 3_000] * 200), header=header)
    assert page.context["preview"].rows == 1
    assert len(page.content) < 1_500_000
    assert "x" * 300 not in page.content.decode()


@pytest.mark.parametrize("name", ["a\x00b", "9" * 3000, "no such one"])
def test_a_profile_there_is_not_is_forgotten(world, sign_in, otto, name):
    client = sign_in(otto)
    page = upload(client, world, GOOD)
    said = answers(page, time_zone="Europe/Stockholm", profile=name)
    looked = looked_at(client, world, client.post(page.request["PATH_INFO"] + "start/", {**said, "look": "again"}))
    assert looked.context["preview"].accepted == 1
    assert looked.context["profile"] == ""


def test_a_profile_can_be_chosen_after_the_first_look(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD)
    url = page.request["PATH_INFO"] + "start/"
    looked = looked_at(client, world, client.post(url, {"profile": "dundee-2018", "profile_only": "yes"}))
    assert "The file cannot be read like this" in looked.content.decode()
    back = looked_at(client, world, client.post(url, {"profile": "", "profile_only": "yes"}))
    assert [question.about for question in back.context["preview"].questions] == ["time_zone"]


def test_what_the_first_look_found_out_about_the_text_is_not_found_out_again(world, sign_in, otto, monkeypatch):
    client = sign_in(otto)
    page = upload(client, world, GOOD.replace("Torget", "Torget Öst"))
    asked = []
    look = apart.look

    def noted(stored, layout, **more):
        asked.append(layout)
        return look(stored, layout, **more)

    monkeypatch.setattr(apart, "look", noted)
    start(client, world, page, time_zone="Europe/Stockholm", source="provider")
    assert [(layout.encoding, layout.delimiter) for layout in asked] == [("utf-8", ",")]
    with tenant_scope(world.operator.pk):
        found = FileImport.objects.get()
    assert (found.mapping["encoding"], found.mapping["delimiter"], found.state) == ("utf-8", ",", "queued")


def test_a_person_has_room_for_so_many_files_that_wait(world, sign_in, otto, monkeypatch):
    monkeypatch.setattr(imports, "MOST_OF_ONE", 1)
    client = sign_in(otto)
    upload(client, world, GOOD)
    data = {"file": SimpleUploadedFile("more.csv", GOOD.encode()), "profile": ""}
    refused = client.post(world.url("imports/new/"), data)
    assert "You have 1 files here that wait" in refused.content.decode()


def test_a_file_nobody_had_imported_is_removed_after_two_weeks(world, sign_in, otto):
    upload(sign_in(otto), world, GOOD)
    with tenant_scope(world.operator.pk):
        waiting = FileImport.objects.get()
        looks.clear_away(waiting.created_at + looks.KEPT)
        assert FileImport.objects.exists()
        with acting(task="sweep"):
            looks.clear_away(waiting.created_at + looks.KEPT + timedelta(seconds=1))
        assert not FileImport.objects.exists()


def test_an_import_under_way_or_done_cannot_be_discarded(world, sign_in, otto):
    client = sign_in(otto)
    page = start(client, world, upload(client, world, GOOD), time_zone="Europe/Stockholm", source="provider")
    for _ in range(2):
        client.post(page.request["PATH_INFO"] + "discard/")
        with tenant_scope(world.operator.pk):
            assert FileImport.objects.exists()
        work(world)


def test_an_import_is_undone_from_its_page(world, sign_in, otto):
    client = sign_in(otto)
    start(client, world, upload(client, world, GOOD), time_zone="Europe/Stockholm")
    row = work(world)
    url = world.url(f"imports/{row.public_id}/")
    assert "Undo this import?" in client.get(url).content.decode()
    assert "Undoing the import" in client.post(f"{url}undo/", follow=True).content.decode()
    do_next(kind_named("import_undo"), world.operator.pk, clock=timezone.now)
    assert "The import was undone" in client.get(url).content.decode()
    with tenant_scope(world.operator.pk):
        assert not ChargingSession.objects.exists()
    assert "undone" in client.get(world.url("imports/")).content.decode()


def test_a_file_that_names_new_stations_is_not_imported_before_somebody_says_so(world, sign_in, otto):
    client = sign_in(otto)
    page = upload(client, world, GOOD)
    held_up = start(client, world, page, time_zone="Europe/Stockholm", news_shown="", creates=[])
    assert "Nothing is imported yet" in held_up.content.decode()
    assert {new["thing"]: new["ticked"] for new in held_up.context["news"]}["stations"] is False
    with tenant_scope(world.operator.pk):
        assert FileImport.objects.get().state == "uploaded"


def rejected(client, world, *rows):
    """Import rows and return the import, done."""
    start(client, world, upload(client, world, *rows), time_zone="Europe/Stockholm", source="provider")
    return work(world)


def cells(page, **said):
    """The cells of a row as its page shows them, some of them changed, by their headings."""
    form = page.context["form"]
    return {field.html_name: said.get(field.label, field.value()) for field in form if "cell" in field.html_name}


def test_a_rejected_row_is_corrected_in_the_page(world, sign_in, otto):
    client = sign_in(otto)
    row = rejected(client, world, GOOD, BAD)
    address = world.url(f"imports/{row.public_id}/rows/3/")
    assert address in client.get(world.url(f"imports/{row.public_id}/")).content.decode()
    page = client.get(address)
    (field,) = [field for field in page.context["form"] if field.errors]
    assert (field.label, field.field.widget.attrs["autofocus"]) == ("End", True)
    assert "The session ends before it starts." in str(field.errors)
    still = client.post(address, cells(page, End="when it was done"), follow=True)
    assert still.request["PATH_INFO"] == address
    assert "1 row still cannot be imported; what you wrote is kept." in still.content.decode()
    assert "In the file: 2026-10-15 11:00" in still.content.decode()
    done = client.post(address, cells(still, End="2026-10-15 13:00"), follow=True)
    assert "1 row was imported." in done.content.decode()
    assert (done.context["row"].accepted, done.context["row"].rejected) == (2, 0)
    settled = client.get(world.url(f"imports/{row.public_id}/?settled=yes")).content.decode()
    assert "2026-10-15 13:00" in settled
    assert str(otto) in settled
    assert client.get(address).status_code == 404


def test_a_station_by_a_wrong_name_is_put_right_in_every_row_at_once(world, sign_in, otto):
    client = sign_in(otto)
    rejected(client, world, GOOD)
    typing = [f"B{number},Torget,SEE-1,04AA,2026-10-2{number} 08:00,2026-10-2{number} 09:00,1" for number in range(3)]
    page = upload(client, world, *typing)
    start(client, world, page, time_zone="Europe/Stockholm", source="provider", creates=[])
    row = work(world)
    page = client.get(world.url(f"imports/{row.public_id}/rows/2/"))
    assert page.context["alike"] == 2
    assert '<option value="SE-1">' in page.content.decode()
    said = {**cells(page, **{"Charge point": "SE-1"}), "everywhere": "on"}
    done = client.post(page.request["PATH_INFO"], said, follow=True)
    assert "3 rows were imported." in done.content.decode()
    assert done.context["row"].rejected == 0


def test_rows_are_left_out_one_by_one_or_by_their_reason(world, sign_in, otto):
    client = sign_in(otto)
    others = [f"C{number},Torget,SE-1,04AA,2026-10-1{number} 12:00,2026-10-1{number} 11:00,3.0" for number in range(3)]
    row = rejected(client, world, GOOD, *others)
    page = client.get(world.url(f"imports/{row.public_id}/rows/3/"))
    after = client.post(page.context["leave_url"], follow=True)
    assert after.request["PATH_INFO"].endswith("/rows/4/")
    result = client.post(world.url(f"imports/{row.public_id}/leave/?reason=end_before_start"), follow=True)
    assert (result.context["waiting"], result.context["left_out"]) == (0, 3)
    assert "2 rows stay out." in result.content.decode()
