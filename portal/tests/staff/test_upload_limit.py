"""Files that are too large to take, and files that grow when they are unpacked."""

import gzip
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from charging.domain.errors import UnreadableFile
from charging.ingest import text
from charging.ingest.sizes import Sizes
from charging.ingest.sources import opened
from charging.models import FileImport
from portal.files import uploads
from tenants.scoping import tenant_scope

NEW = "/o/north/imports/new/"
HEAD = b"id;start;end;kWh\n"
ROW = b"1;2026-10-01 08:00;2026-10-01 09:00;10\n"


def sent(browser, size):
    return browser.post(NEW, {"file": SimpleUploadedFile("october.csv", HEAD + b"x" * size), "profile": ""})


def test_a_file_over_the_limit_is_refused_at_its_field(sign_in, otto, north, settings):
    settings.UPLOAD_LIMIT_MB = 1
    answer = sent(sign_in(otto), uploads.MEGABYTE)
    assert "2 MB; at most 1 are taken" in str(answer.context["form"].errors["file"])
    with tenant_scope(north.pk):
        assert not FileImport.objects.exists()


def test_a_request_far_over_the_limit_is_not_even_read(sign_in, otto, north, settings):
    settings.UPLOAD_LIMIT_MB = 1
    answer = sent(sign_in(otto), 3 * uploads.MEGABYTE)
    assert answer.status_code == 413
    assert "at most 1 are taken" in answer.content.decode()


LARGE = 150 * uploads.MEGABYTE
SMALL = 1_000


@pytest.fixture
def announced():
    """Returns a function that sends a request whose head announces a body of some size, and none of that body."""

    def send(browser, path, size=LARGE, **head):
        browser.handler.enforce_csrf_checks = True
        more = {"CONTENT_LENGTH": str(size), "CONTENT_TYPE": "multipart/form-data; boundary=b", **head}
        return browser.generic("POST", path, b"", **more)

    return send


@pytest.mark.parametrize("path", ["/account/sign-in/", "/o/north/", "/o/north/drivers/new/", "/nowhere/", NEW])
def test_a_stranger_sends_nothing_large_anywhere(client, north, announced, path):
    answer = announced(client, path)
    assert answer.status_code == (404 if path == "/nowhere/" else 413)
    assert answer.wsgi_request._read_started is False
    assert path == "/nowhere/" or "150 MB; at most 2 are taken here" in answer.content.decode()


def test_who_may_not_import_sends_no_large_file_to_the_import_either(sign_in, otto, axel, south, announced):
    assert announced(sign_in(axel), NEW).status_code == 413
    assert announced(sign_in(otto), "/o/south/imports/new/").status_code == 413
    assert announced(sign_in(otto), "/o/north/drivers/new/").status_code == 413


def test_who_may_import_may_send_a_large_file(sign_in, otto, north, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    assert sent(sign_in(otto), 3 * uploads.MEGABYTE).status_code == 302


@pytest.mark.parametrize("path", ["/account/sign-in/", NEW])
def test_a_body_of_unknown_size_is_not_read(sign_in, otto, north, announced, path):
    answer = announced(sign_in(otto), path, size="", HTTP_TRANSFER_ENCODING="chunked")
    assert answer.status_code == 413
    assert answer.wsgi_request._read_started is False
    assert "does not say how large" in answer.content.decode()


def test_the_api_answers_a_large_body_in_its_own_form(client, north, announced):
    answer = announced(client, "/o/north/api/v1/me")
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")


def test_a_file_within_the_limit_is_taken(sign_in, otto, north, settings, tmp_path):
    settings.UPLOAD_LIMIT_MB, settings.MEDIA_ROOT = 1, str(tmp_path)
    assert sent(sign_in(otto), 10).status_code == 302


@pytest.mark.parametrize("line", [ROW, b"x" * 70_000, b'{"id": 1}\n', b"\n"], ids=["rows", "one line", "json", "blank"])
def test_a_file_that_grows_too_much_is_given_up(line):
    start = b"" if line.startswith((b"{", b"\n")) else HEAD
    packed = io.BytesIO(gzip.compress(start + line * (10_000_000 // len(line))))
    assert len(packed.getvalue()) < 100_000
    with pytest.raises(UnreadableFile, match="file_too_large"):
        for _ in opened(packed, sizes=Sizes(unpacked=3_000_000)).chunks():
            pass


def test_a_compressed_file_of_a_usual_size_reads_as_before():
    plain, packed = HEAD + ROW * 5_000, io.BytesIO(gzip.compress(HEAD + ROW * 5_000))
    assert text.unpacked(packed).read() == plain
    assert sum(chunk.rows for chunk in opened(packed).chunks()) == 5_000
