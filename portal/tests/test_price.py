"""The price command: JSON lines in and out, one record explained, and an exit status that tells."""

from __future__ import annotations

import argparse
import json
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from portal.management.commands import price as command

CASE = Path(settings.BASE_DIR) / "billing" / "tests" / "domain" / "cases" / "cdr_reservation_used"


def line() -> bytes:
    session = json.loads((CASE / "session.json").read_text())
    return json.dumps(session | {"tariff": json.loads((CASE / "tariff.json").read_text())}).encode()


@pytest.fixture
def cdr(tmp_path):
    path = tmp_path / "cdr.json"
    path.write_text(json.dumps(json.loads((CASE / "session.json").read_text())["cdr"], indent=1))
    return path


def run(source: bytes, *arguments: str) -> tuple[int, str, str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    target, errors = BytesIO(), StringIO()
    status = command.run(parser.parse_args(arguments), BytesIO(source), target, errors)
    return status, target.getvalue().decode(), errors.getvalue()


def test_lines_from_standard_input_are_priced_in_order():
    status, out, _ = run(line() + b"\n" + line(), "--json")
    first, second = map(json.loads, out.splitlines())
    assert status == 0
    assert first == second
    assert first["total_reservation_cost"]["excl_vat"] == "3.2500"


def test_one_bad_line_is_told_by_the_exit_status(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"{}\n" + line() + b"\n")
    status, out, _ = run(b"", "--json", str(path))
    assert status == 1
    assert json.loads(out.splitlines()[0])["error"]["code"] == "invalid_session"
    assert json.loads(out.splitlines()[1])["currency"] == "SEK"


def test_one_record_is_explained_for_a_person(cdr):
    status, out, _ = run(
        b"", "--tariff", str(CASE / "tariff.json"), "--cdr", str(cdr), "--time-zone", "Europe/Stockholm"
    )
    assert status == 0
    assert "10:00–10:15, 15 min reserved at 5.00 SEK an hour: 1.25 SEK" in out.splitlines()
    _, swedish, _ = run(b"", "--tariff", str(CASE / "tariff.json"), "--cdr", str(cdr), "--language", "sv")
    assert swedish.splitlines()[-1].startswith("Summa: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--json"),
        (("--json", "/nowhere"), "/nowhere: No such file"),
        (("--tariff", "/nowhere", "--cdr", "/x"), "No such"),
    ],
)
def test_what_it_cannot_do_it_says(arguments, message):
    status, _, errors = run(b"", *arguments)
    assert status == 1
    assert message in errors


def test_a_record_that_cannot_be_priced_is_told_in_words(tmp_path, cdr):
    tariff = tmp_path / "tariff.json"
    tariff.write_text("{}")
    status, _, errors = run(b"", "--tariff", str(tariff), "--cdr", str(cdr))
    assert (status, errors) == (1, "tariff.elements must be a list with at least one element, not [].\n")


def test_the_management_command_ends_with_the_status(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"{}\n")
    with pytest.raises(SystemExit) as ended:
        call_command("price", str(path), as_json=True)
    assert ended.value.code == 1
