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
