"""The colours keep their promises: both themes complete, the dark one the same in both places, readable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.settings.base import BASE_DIR

CSS = BASE_DIR / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()
GROUNDS = ("desk", "sheet", "well", "hover")
PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent-text") for ground in GROUNDS),
    *((ink, "overlay") for ink in ("ink", "ink-2", "ink-3")),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("accent-soft-ink", "accent-soft"),
    ("ink-inverse", "danger"),
    ("ink-inverse", "danger-hover"),
    *((f"{tone}-ink", f"{tone}-soft") for tone in ("good", "warn", "bad", "info", "mute")),
    *((f"{tone}-ink", "sheet") for tone in ("good", "bad")),
]
LINES = [
    ("field-rule", "sheet"),
    ("focus", "sheet"),
    ("focus", "desk"),
    *((f"series-{n}", "sheet") for n in (1, 3, 4, 5)),
]


def block(selector: str) -> dict[str, str]:
    found = re.search(re.escape(selector) + r" \{(.*?)\}", TOKENS, re.DOTALL)
    assert found, selector
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", found.group(1)))


LIGHT = block(":root")
DARK = {**LIGHT, **block(':root[data-theme="dark"]')}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_dark_theme_is_the_same_by_choice_and_by_system():
    assert block(':root[data-theme="dark"]') == block(':root:not([data-theme="light"])')


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(theme, ink, ground):
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), LINES)
def test_what_marks_a_control_or_a_figure_stands_out(theme, line, ground):
    assert contrast(theme[line], theme[ground]) >= 3


@pytest.mark.parametrize("sheet", sorted(CSS.glob("*.css")), ids=lambda sheet: sheet.name)
def test_every_token_that_is_used_is_defined(sheet: Path):
    text = sheet.read_text()
    local = set(re.findall(r"--([\w-]+):", text))
    assert set(re.findall(r"var\(--([\w-]+)", text)) <= set(LIGHT) | local


def test_colours_are_written_only_among_the_tokens():
    named = {"tokens.css", "print.css"}
    for sheet in CSS.glob("*.css"):
        if sheet.name not in named:
            assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb\(", sheet.read_text()), sheet.name
