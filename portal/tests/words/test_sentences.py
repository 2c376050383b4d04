"""Every code has its sentence in both languages, and the facts that are given are those it names."""

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from django.utils import translation

import billing.domain.errors
import charging.domain.errors
import tenants.errors
from billing.domain.documents import Wanted
from billing.domain.errors import BillingError
from billing.domain.lint.remarks import Remark, lint_tariff
from billing.domain.sessions.columns import Flag
from billing.domain.tariff.model import parse_tariff
from billing.e_invoices.rules import Rule
from billing.models.billing_status import CREDITED
from billing.services import letter_steps
from billing.services.disputes import DISPUTED
from billing.services.export_steps import DOCUMENTS_MISSING, LEFT_OUT
from charging.domain import reasons
from charging.domain.reasons import Reject
from charging.ingest.evidence import Asks
from charging.ingest.layout import DateOrder
from charging.ingest.profiles import ready_made
from portal.words.imports import PROFILES
from portal.words.say import SENTENCES, say, why
from tenants import work
from tenants.bounds import Bound

ROOT = Path(__file__).resolve().parents[3]
CODES: list[type[StrEnum]] = [
    tenants.errors.Code,
    Bound,
    charging.domain.errors.Code,
    billing.domain.errors.Code,
    Wanted,
    Remark,
    Rule,
    Asks,
    DateOrder,
    Reject,
    reasons.Flag,
]
#: Why work in the background failed, where no error of the floors says it.
OF_LETTERS = {letter_steps.NO_ADDRESS, letter_steps.REFUSED, letter_steps.NOT_KNOWN, letter_steps.TOO_LATE}
OF_LETTERS |= {letter_steps.AWAY, letter_steps.LATER}
OF_WORK = {"unexpected", work.WORKER_LOST, DOCUMENTS_MISSING, LEFT_OUT} | OF_LETTERS
NAMES = {CREDITED, DISPUTED} | OF_WORK | {name for name in Flag.__members__ if name != "NONE"}
#: Facts that are more than a text or a number.
ODD: dict[str, object] = {
    "lacking": {"start": ["A"]},
    "hours": {"daily": ["08:00–10:00"]},
    "roles": ["support"],
    "booked_sum": [2, "SEK"],
    "told_sum": [2, "SEK"],
}
SAME = {"text", "JSON (2)"}


def every_code() -> list[str]:
    return [str(code) for kind in CODES for code in kind] + sorted(NAMES)


def test_no_two_kinds_of_codes_share_one():
    assert sorted(every_code()) == sorted(set(every_code()))


def test_every_code_has_a_sentence_and_every_sentence_a_code():
    assert set(SENTENCES) == set(every_code())


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_is_said_in_both_languages(code: str) -> None:
    facts: dict[str, object] = {name: ODD.get(name, 2) for name in named(code)}
    with translation.override("en"):
        english = say(code, facts)
    with translation.override("sv"):
        swedish = say(code, facts)
    assert english
    assert english != swedish or english in SAME
    assert "%(" not in english + swedish


def named(code: str) -> set[str]:
    """The facts a sentence names."""
    asked = _Asked()
    str(SENTENCES[code] % asked)
    return asked.names


class _Asked(dict[str, int]):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __missing__(self, name: str) -> int:
        self.names.add(name)
        return 2


def raised(tree: ast.AST) -> Iterator[tuple[int, str, set[str]]]:
    """Where a module raises a code: the code and the names of the facts given with it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Attribute):
            first = node.args[0]
            if getattr(first.value, "id", "") == "Code":
                yield node.lineno, first.attr.lower(), {word.arg for word in node.keywords if word.arg}


MODULES = [
    path
    for floor in ("tenants", "charging", "billing", "portal")
    for path in sorted((ROOT / floor).rglob("*.py"))
    if "tests" not in path.parts and "Code." in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_facts_that_a_sentence_names_are_given(module: Path) -> None:
    lacking = {
        (line, code): missing
        for line, code, given in raised(ast.parse(module.read_text(encoding="utf-8")))
        if code in SENTENCES and (missing := named(code) - given - {"field", "value"})
    }
    assert lacking == {}


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
        assert remark in [say(finding.code, finding.facts) for finding in lint_tariff(tariff)]


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
        assert why(refused.value) == told


def test_days_are_named_in_the_readers_language() -> None:
    hours = {"MONDAY": ["00:00–24:00"], "SUNDAY": ["08:00–10:00"]}
    with translation.override("sv"):
        assert say(Remark.ENERGY_GAP, {"hours": hours}) == (
            "Energi har inget pris måndag 00:00–24:00; söndag 08:00–10:00."
        )


def test_every_ready_made_profile_has_its_title() -> None:
    assert set(ready_made()) == set(PROFILES)


def test_a_code_of_a_newer_version_is_told_as_such() -> None:
    with translation.override("sv"):
        assert say("made_up") == "Något gick fel som den här versionen saknar ord för: made_up."
