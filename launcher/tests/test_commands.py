"""The three commands' own decisions: ports, who needs servers, what a check reports."""

import base64
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from launcher import browser, checking, managing, running, servers
from launcher.checking import Step
from launcher.errors import Refusal
from launcher.paths import CHECKOUT, State

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded")


@pytest.mark.parametrize("port", ["0", "65536", "80a", "-1", "8000 "])
def test_a_senseless_port_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(Refusal, match=f"PORT is '{port}'"):
        running.read_ports()


def test_the_platform_has_the_next_port_or_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8100")
    monkeypatch.delenv("PLATFORM_PORT", raising=False)
    monkeypatch.delenv("GATEWAY_PORT", raising=False)
    assert running.read_ports() == running.Ports(8100, 8101, 8102)
    monkeypatch.setenv("PLATFORM_PORT", "9000")
    monkeypatch.setenv("GATEWAY_PORT", "9001")
    assert running.read_ports() == running.Ports(8100, 9000, 9001)
    monkeypatch.delenv("PLATFORM_PORT")
    monkeypatch.setenv("PORT", "65535")
    with pytest.raises(Refusal, match="PLATFORM_PORT is '65536'"):
        running.read_ports()


def test_a_taken_port_is_refused_in_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=f"Port {port} is taken"):
            running.check_port(port)
    running.check_port(port)


EVERY_ROLE = {f"DATABASE_{role}URL": role for role in ("", "OWNER_", "PLATFORM_", "READER_", "GATEWAY_", "BACKUP_")}


def test_the_portal_is_told_how_to_be_the_app_and_nobody_else() -> None:
    assert running.as_app(EVERY_ROLE) == {"DATABASE_URL": ""}


def test_the_platform_is_told_how_to_be_the_platform_and_nobody_else() -> None:
    environment = running.as_platform(EVERY_ROLE)
    assert {name for name in environment if name.endswith("_URL")} == {"DATABASE_PLATFORM_URL"}
    assert environment["DATABASE_ROLE"] == "platform"
    assert running.platform_program(environment, 8001).name == "platform"


def test_the_gateway_is_told_how_to_be_the_gateway_and_holds_no_keys_but_those_of_cards(tmp_path: Path) -> None:
    secrets = {"SECRET_KEY_FILE": "x", "ENCRYPTION_KEYS": "x", "REDIS_URL": "x", "EMAIL_HOST_PASSWORD": "x"}
    environment = running.as_gateway({**EVERY_ROLE, **secrets, "PATH": "/bin"})
    assert environment == {"DATABASE_GATEWAY_URL": "GATEWAY_", "PATH": "/bin"}
    keys = [bytes(range(32)), bytes(32)]
    path = tmp_path / "keys"
    path.write_text(" ".join(base64.b64encode(key).decode() for key in keys) + "\n")
    hkdf = [HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"wattledger:cards").derive(key) for key in keys]
    made = " ".join(base64.b64encode(key).decode() for key in hkdf)
    for said in ({"ENCRYPTION_KEYS": path.read_text()}, {"ENCRYPTION_KEYS_FILE": str(path)}):
        assert running.as_gateway({**EVERY_ROLE, **said})["CARD_KEYS"] == made
    assert running.as_gateway({**EVERY_ROLE, **secrets, "CARD_KEYS": "own"})["CARD_KEYS"] == "own"
    assert running.gateway_program(environment, 8002).environment["GATEWAY_PORT"] == "8002"


def test_backups_are_made_as_their_own_role_where_they_are_wanted() -> None:
    environment = running.as_backup({**EVERY_ROLE, "BACKUP_FOLDER": "/backups"})
    assert environment == {
        "DATABASE_BACKUP_URL": "BACKUP_", "DATABASE_ROLE": "backup", "BACKUP_FOLDER": "/backups",
    }  # fmt: skip
    assert running.backup_program(environment).command[-2:] == ["backup", "--watch"]
    assert running.has_backups(environment)
    assert not running.has_backups({**EVERY_ROLE, "BACKUP_FOLDER": ""})


def test_without_the_platform_s_address_its_pages_are_not_served() -> None:
    assert not running.has_platform({"DATABASE_URL": "app"})
    assert running.has_platform(EVERY_ROLE)


def test_addresses_of_ones_own_win_over_the_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = running.Ports(8000, 8001, 8002)
    monkeypatch.setenv("WATTLEDGER_ENV", "development")
    assert running.with_addresses({}, ports)["PLATFORM_ADDRESS"] == "http://127.0.0.1:8001"
    assert running.with_addresses({"PORTAL_ADDRESS": "http://x"}, ports)["PORTAL_ADDRESS"] == "http://x"
    monkeypatch.setenv("WATTLEDGER_ENV", "production")
    assert running.with_addresses({}, ports) == {}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["help"], False),
        ([], False),
        (["migrate", "--help"], False),
        (["price", "session.json"], False),
        (["migrate"], True),
        (["import_sessions", "file.csv"], True),
    ],
)
def test_servers_are_started_only_for_commands_that_may_need_them(
    arguments: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in servers.ADDRESSES:
        monkeypatch.delenv(name, raising=False)
    assert managing.needs_servers(arguments) is expected


def test_no_servers_are_started_beside_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db.example/portal")
    monkeypatch.setenv("REDIS_URL", "redis://queue.example:6379/0")
    assert managing.needs_servers(["migrate"]) is False


def test_a_command_ends_with_the_status_a_shell_would_see() -> None:
    script = "from launcher import managing; import sys; sys.exit(managing.run(sys.argv[1:], {}))"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    for command, status in (("exit 7", 7), ("kill -KILL $$", 137)):
        ended = subprocess.run([sys.executable, "-c", script, "/bin/sh", "-c", command], env=environment, check=False)
        assert ended.returncode == status


def test_every_check_runs_and_a_failed_one_shows_what_it_said(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    bad = Step("bad", ["/bin/sh", "-c", "echo the reason; exit 3"])
    good = Step("good", ["/bin/sh", "-c", "echo 'not worth showing'; test \"$CHROMIUM\" = here"], {"CHROMIUM": "here"})
    outcomes = checking.run(state, dict(os.environ), [[bad, good], [good]])
    assert sorted(outcome.passed for outcome in outcomes) == [False, True, True]
    shown = capsys.readouterr().out
    assert "the reason" in shown
    assert "FAILED  bad" in shown
    assert "not worth showing" not in shown


def test_how_the_tests_closed_is_always_shown(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    fake = Step("tests", ["/bin/sh", "-c", "echo '.....'; echo '5 passed in 0.1s'", "pytest"])
    checking.run(state, dict(os.environ), [[fake]])
    assert capsys.readouterr().out.splitlines()[-1] == "5 passed in 0.1s"


def test_a_browser_that_is_no_program_is_refused() -> None:
    with pytest.raises(Refusal, match="CHROMIUM is /nowhere/chromium"):
        browser.find({"CHROMIUM": "/nowhere/chromium"})


def test_a_killed_runs_folder_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    dead, fresh, foreign = (tmp_path / f"wattledger-test-{name}" for name in ("dead", "fresh", "x"))
    for folder in (dead, fresh):
        folder.mkdir()
    foreign.symlink_to("/nowhere")
    os.utime(dead, (0, 0))
    checking._sweep(tmp_path)
    assert not dead.exists()
    assert fresh.exists()


def test_a_python_that_is_too_old_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\nif [ "$1" = --version ]; then echo "Python 3.9.2"; else exit 1; fi\n')
    old.chmod(0o755)
    script = f'root="{CHECKOUT}"; . "$root/bin/_setup"; base_python'
    ended = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Wattledger needs Python 3.11 or newer; here is Python 3.9.2.")
