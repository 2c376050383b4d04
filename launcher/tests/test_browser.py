"""Where the browser of the journeys comes from, and that nothing is installed unannounced."""

import json
import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

from launcher import browser


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine without a browser, but with npm and apt, where we are root."""
    monkeypatch.setattr(browser, "NAMES", ())
    monkeypatch.setattr(browser, "BROUGHT", tmp_path / "run")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(sys, "platform", "linux")
    return monkeypatch


def test_what_was_brought_serves_where_nothing_is_installed(bare: pytest.MonkeyPatch) -> None:
    assert browser.find({}) is None
    browser.BROUGHT.touch()
    assert browser.find({}) == str(browser.BROUGHT)


def test_a_package_is_preferred_to_the_system(bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "apt-get" not in " ".join(browser.way())
    assert "nothing is installed into the system" in "".join(capsys.readouterr())


def test_the_system_is_told_of_before_it_is_changed(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare.setattr(platform, "machine", lambda: "aarch64")
    assert "apt-get install" in browser.way()[-1]
    said = "".join(capsys.readouterr())
    assert "chromium and fonts-liberation INTO THE SYSTEM" in said
    assert "CHROMIUM" in said


def test_nobody_but_root_is_offered_the_system(bare: pytest.MonkeyPatch) -> None:
    bare.setattr(platform, "machine", lambda: "aarch64")
    bare.setattr(os, "geteuid", lambda: 1000)
    assert browser.way() == []


def test_the_package_is_pinned_with_its_hash() -> None:
    wanted = json.loads((browser.FOLDER / "package.json").read_text())["dependencies"]
    locked = json.loads((browser.FOLDER / "package-lock.json").read_text())["packages"]
    assert all(version[0].isdigit() for version in wanted.values())
    assert all(entry["integrity"].startswith("sha512-") for name, entry in locked.items() if name)
