"""Files at rest: sealed with the operator's key, read from any place, and opened by nothing else."""

import base64
import io
import os
import random
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from tenants import sealed_files
from tenants.crypto import Unreadable
from tenants.models import OperatorKey
from tenants.scoping import WrongOperator, tenant_scope
from tenants.sealed_files import HEADER, MARK, STRETCH
from tenants.services import operator_keys

SIZES = [0, 1, STRETCH - 1, STRETCH, STRETCH + 1, 3 * STRETCH, 3 * STRETCH + 5]


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


def kept(operator, content, name="x"):
    return default_storage.save(f"operators/{operator.pk}/exports/{name}", ContentFile(content))


def read(name):
    with default_storage.open(name) as file:
        return file.read()


def on_disk(name):
    return Path(default_storage.path(name))


@pytest.mark.parametrize("size", SIZES)
def test_what_is_read_is_what_was_written_and_the_disk_holds_none_of_it(north, size):
    content = random.Random(size).randbytes(size)
    name = kept(north, content)
    assert read(name) == content
    assert default_storage.size(name) == size
    sealed = on_disk(name).read_bytes()
    assert sealed.startswith(MARK)
    assert size < 16 or content[:16] not in sealed  # a single byte may be there by chance
    assert len(sealed) < size + HEADER + 16 * (size // STRETCH + 1) + 1


def test_a_file_is_read_from_any_place(north):
    content = random.Random(1).randbytes(5 * STRETCH + 77)
    name = kept(north, content)
    chance = random.Random(2)
    with default_storage.open(name) as file:
        for _ in range(200):
            at, length = chance.randrange(len(content) + 10), chance.randrange(2 * STRETCH)
            file.seek(at)
            assert file.read(length) == content[at : at + length]
        assert file.seek(-5, io.SEEK_END) == len(content) - 5
        assert file.read() == content[-5:]


@pytest.mark.parametrize("at", [0, 5, 13, HEADER, HEADER + STRETCH, -1])
def test_a_changed_byte_opens_nothing(north, at):
    name = kept(north, b"x" * (STRETCH + 100))
    path = on_disk(name)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    if at == 0:  # no mark: read as what it looks like, an old file, which is not what it was
        assert read(name) != b"x" * (STRETCH + 100)
        return
    with pytest.raises(Unreadable):
        read(name)


def test_a_file_that_was_cut_between_two_stretches_opens_nothing(north):
    name = kept(north, b"x" * (3 * STRETCH))
    path = on_disk(name)
    for left in (HEADER + 2 * (STRETCH + 16), HEADER + 5, HEADER, 10):
        os.truncate(path, left)
        with pytest.raises(Unreadable):
            read(name)


def test_stretches_that_change_places_open_nothing(north):
    name = kept(north, random.Random(3).randbytes(3 * STRETCH))
    path, step = on_disk(name), STRETCH + 16
    content = path.read_bytes()
    first, second = content[HEADER : HEADER + step], content[HEADER + step : HEADER + 2 * step]
    path.write_bytes(content[:HEADER] + second + first + content[HEADER + 2 * step :])
    with pytest.raises(Unreadable):
        read(name)


def test_a_file_laid_in_another_s_place_opens_nothing(north, south):
    mine, other = kept(north, b"mine"), kept(north, b"other", "y")
    theirs = kept(south, b"theirs")
    for place in (other, theirs):
        on_disk(place).write_bytes(on_disk(mine).read_bytes())
        with pytest.raises(Unreadable):
            read(place)


def test_another_operator_s_file_does_not_open_in_a_scope(north, south):
    name = kept(south, b"theirs")
    with tenant_scope(north.pk), pytest.raises(WrongOperator):
        read(name)


def test_a_file_whose_name_says_no_owner_is_not_kept(north):
    with pytest.raises(sealed_files.Ownerless):
        default_storage.save("loose.txt", ContentFile(b"x"))


def test_a_file_from_before_is_read_and_sealed_by_the_rotation(north):
    path = on_disk(f"imports/{north.pk}/old")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"id;kWh\n1;2\n")
    assert read(f"imports/{north.pk}/old") == b"id;kWh\n1;2\n"
    call_command("rotate_encryption")
    assert path.read_bytes().startswith(MARK)
    assert path.stat().st_mode & 0o077 == 0
    assert read(f"imports/{north.pk}/old") == b"id;kWh\n1;2\n"


def test_a_new_key_of_the_instance_wraps_the_keys_again_and_the_old_one_may_go(north, settings, capsys):
    name = kept(north, b"content")
    before = on_disk(name).read_bytes()
    old, new = settings.ENCRYPTION_KEYS[0], os.urandom(32)
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_encryption")
    assert "Keys of operators: 1 encrypted again" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = [new]
    assert read(name) == b"content"
    assert on_disk(name).read_bytes() == before, "the files stay as they are"
    settings.ENCRYPTION_KEYS = [old]
    with pytest.raises(Unreadable):
        read(name)
    with pytest.raises(CommandError, match="open with no listed key"):
        call_command("rotate_encryption")


def test_a_new_key_of_an_operator_seals_its_files_again_and_a_stopped_rotation_goes_on(
    north, south, monkeypatch, capsys
):
    names = [kept(north, f"content {number}".encode(), str(number)) for number in range(5)]
    seen: list[str] = []
    seal_again = sealed_files.seal_again

    def stops(storage, name):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(name)
        return seal_again(storage, name)

    with monkeypatch.context() as patch:
        patch.setattr(sealed_files, "seal_again", stops)
        with pytest.raises(KeyboardInterrupt):
            call_command("rotate_encryption", new_operator_keys=True)
    assert [read(name) for name in names] == [f"content {number}".encode() for number in range(5)]
    capsys.readouterr()
    call_command("rotate_encryption")
    assert "Files: 3 encrypted again, 2 were current" in capsys.readouterr().out
    assert [read(name) for name in names] == [f"content {number}".encode() for number in range(5)]
    with tenant_scope(north.pk):
        OperatorKey.objects.filter(number=1).delete()
    assert [read(name) for name in names] == [f"content {number}".encode() for number in range(5)]


def test_whoever_reads_while_it_is_sealed_again_goes_on(north):
    name = kept(north, b"x" * (3 * STRETCH))
    with default_storage.open(name) as file:
        assert file.read(10) == b"x" * 10
        operator_keys.renew(north.pk)
        assert sealed_files.seal_again(default_storage, name)
        assert file.read() == b"x" * (3 * STRETCH - 10)
    assert read(name) == b"x" * (3 * STRETCH)


def test_keys_are_wrapped(north):
    opened = operator_keys.current(north.pk)
    with tenant_scope(north.pk):
        row = OperatorKey.objects.get()
    assert opened.key not in bytes(row.wrapped)
    assert base64.b64encode(opened.key) not in bytes(row.wrapped)
