"""Sentences of the pure floors in Swedish: every one that code can say has its pattern."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from charging.ingest.profiles import ready_made
from portal.words.plain_words import FILES, PROFILES, _expression, in_words

ROOT = Path(__file__).resolve().parents[2]
#: Where a person's files and tariffs are read.
MODULES = [
    *sorted((ROOT / "charging" / "ingest").glob("*.py")),
    ROOT / "charging" / "services" / "imports.py",
    ROOT / "billing" / "domain" / "lint" / "remarks.py",
    ROOT / "billing" / "domain" / "tariff" / "model.py",
]
ERRORS = {"UnreadableFile", "WrongColumns", "ChargingError", "ImportRefused", "TariffError", "Finding"}


def said(module: Path) -> Iterator[str]:
    """What the errors and findings of a module say, with `X` for each fact."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
            text = node.args[0]
            if isinstance(text, ast.JoinedStr | ast.Constant):
                parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts)


SENTENCES = sorted(
    {sentence for module in MODULES for sentence in said(module) if not re.fullmatch(r"X+\.?", sentence)}
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_has_its_pattern(sentence: str) -> None:
    assert any(_expression(pattern).fullmatch(sentence) for pattern in FILES)


def test_every_ready_made_profile_has_its_title_here() -> None:
    assert {profile.title for profile in ready_made().values()} == set(PROFILES)


def test_the_sentences_are_found() -> None:
    assert len(SENTENCES) > 10


def test_english_and_unknown_sentences_stay_as_they_are() -> None:
    with translation.override("en"):
        assert in_words("The file is empty.") == "The file is empty."
    with translation.override("sv"):
        assert in_words("Nobody wrote a pattern for this.") == "Nobody wrote a pattern for this."
