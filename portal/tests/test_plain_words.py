"""Sentences of the pure floors in Swedish: every one that code can say has its pattern."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from billing.domain.errors import BillingError
from billing.domain.lint.remarks import lint_tariff
from billing.domain.tariff.model import parse_tariff
from charging.ingest.profiles import ready_made
from portal.words.plain_words import FILES, PROFILES, TARIFFS, _expression, in_words

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
            text = node.args[2 if node.func.id == "Finding" else 0]  # type: ignore[attr-defined]
            if isinstance(text, ast.JoinedStr | ast.Constant):
                parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts)


SENTENCES = sorted(
    {sentence for module in MODULES for sentence in said(module) if not re.fullmatch(r"X+\.?", sentence)}
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_has_its_pattern(sentence: str) -> None:
    assert any(_expression(pattern).fullmatch(sentence) for pattern in (*TARIFFS, *FILES))


def test_every_ready_made_profile_has_its_title_here() -> None:
    assert {profile.title for profile in ready_made().values()} == set(PROFILES)


def test_the_sentences_are_found() -> None:
    assert len(SENTENCES) > 20


def price(kind: str, amount: str, **more: object) -> dict[str, object]:
    return {"price_components": [{"type": kind, "price": amount, "step_size": 1, **more}]}


NIGHT = price("ENERGY", "1.5") | {"restrictions": {"start_time": "22:00", "end_time": "06:00"}}


@pytest.mark.parametrize(
    ("elements", "remark"),
    [
        ([NIGHT], "Energi har inget pris dagligen 06:00–22:00."),
        ([price("FLAT", "5")], "Ingen prisregel prissätter energi; den är gratis."),
        (
            [price("TIME", "0.5"), price("ENERGY", "1")],
            "0.5 är priset för en timme; om det var tänkt för en minut, skriv 30.0.",
        ),
        (
            [price("ENERGY", "1"), NIGHT],
            "Tidigare prisregler vinner alltid, så priset för energi gäller aldrig.",
        ),
    ],
)
def test_remarks_about_a_tariff_are_told_in_swedish(elements: list[dict[str, object]], remark: str) -> None:
    tariff = parse_tariff({"id": "T", "currency": "SEK", "elements": elements})
    with translation.override("sv"):
        assert remark in [in_words(finding.sentence) for finding in lint_tariff(tariff)]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"currency": "SEK"}, "elements måste vara en lista med minst en prisregel, inte []."),
        (
            {"currency": "SEK", "elements": [price("ENERGY", "dear")]},
            "elements[0].price_components[0].price måste vara ett tal, inte 'dear'.",
        ),
    ],
)
def test_what_is_wrong_with_a_document_is_told_in_swedish(document: dict[str, object], told: str) -> None:
    with pytest.raises(BillingError) as refused:
        parse_tariff({"id": "T", **document})
    with translation.override("sv"):
        assert in_words(str(refused.value)) == told


def test_days_are_named_in_the_readers_language() -> None:
    with translation.override("sv"):
        assert in_words("Energy has no price Monday 00:00–24:00; Sunday 08:00–10:00.") == (
            "Energi har inget pris måndag 00:00–24:00; söndag 08:00–10:00."
        )


def test_english_and_unknown_sentences_stay_as_they_are() -> None:
    with translation.override("en"):
        assert in_words("The file is empty.") == "The file is empty."
    with translation.override("sv"):
        assert in_words("Nobody wrote a pattern for this.") == "Nobody wrote a pattern for this."
