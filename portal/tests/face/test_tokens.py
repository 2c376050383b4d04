"""The colours keep their promises: both themes complete and readable, each colour in one place."""

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
    *((f"band-{band}-ink", f"band-{band}") for band in range(6)),
]
LINES = [
    ("field-rule", "sheet"),
    ("focus", "sheet"),
    ("focus", "desk"),
    *((f"series-{n}", "sheet") for n in range(1, 6)),
]


def tokens() -> dict[str, str]:
    found = re.search(r":root \{(.*?)\n  \}", TOKENS, re.DOTALL)
    assert found
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", found.group(1)))


def theme(place: int) -> dict[str, str]:
    """The colours of a theme: the first or the second of each pair, or the one that serves both."""
    pair = re.compile(r"light-dark\(((?:[^(),]|\([^)]*\))+), ((?:[^(),]|\([^)]*\))+)\)")
    return {name: pair.sub(lambda found: found.group(place), value) for name, value in tokens().items()}


LIGHT, DARK = theme(1), theme(2)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_colour_has_a_value_for_each_theme():
    colours = {name for name, value in tokens().items() if re.search(r"#|rgb", value)}
    assert {name for name in colours if "light-dark(" not in tokens()[name]} == set()
    assert {name for name in colours if LIGHT[name] == DARK[name]} == set()


def test_a_choice_of_the_reader_wins_over_the_system():
    assert "color-scheme: light dark;" in TOKENS
    for chosen in ("light", "dark"):
        assert re.search(rf':root\[data-theme="{chosen}"\] \{{\s*color-scheme: {chosen};', TOKENS)


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
