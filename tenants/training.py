"""Training in security and privacy: its questions as they are written, and until when a confirmation holds.

A confirmation holds for a year. Who has none yet, or is asked anew by words that say something new, has thirty days.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from tenants.errors import Code, Refused
from tenants.months import months_after

HOLDS_MONTHS = 12
#: For who has just come, or is asked again; and so long before its day a confirmation is asked for.
TIME = timedelta(days=30)
FEWEST, MOST = 4, 6
_RIGHT, _WRONG = "+", "-"


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its answers, and the place of the right one."""

    text: str
    answers: tuple[str, ...]
    right: int

    def stored(self) -> dict[str, object]:
        """As JSON holds it."""
        return {"question": self.text, "answers": list(self.answers), "right": self.right}


@dataclass(frozen=True, slots=True)
class Course:
    """A version of the training in one language. Version 0 is the portal's own."""

    version: int
    language: str
    title: str
    text: str
    questions: tuple[Question, ...]

    @property
    def sha256(self) -> str:
        """The hash of title, text and questions, parted by empty lines (UTF-8)."""
        return hashlib.sha256("\n\n".join([self.title, self.text, written(self.questions)]).encode()).hexdigest()

    def wrong(self, answers: Sequence[int | None]) -> list[int]:
        """The places of the questions that are not answered rightly."""
        given = [*answers, *[None] * len(self.questions)]
        return [at for at, question in enumerate(self.questions) if given[at] != question.right]


class State(StrEnum):
    """How a member stands."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a member has a confirmation, the day until which the next is due, and how that stands today."""

    state: State
    due_on: date
    has_confirmed: bool

    @property
    def opens_data(self) -> bool:
        """Whether it lets them see personal data where the operator makes that depend on it."""
        return self.has_confirmed and self.state != State.OVERDUE


def standing(*, came: date, confirmed: date | None, asked_again: date | None, today: date) -> Standing:
    """How a member stands who came on a day, confirmed last on a day, and was asked anew after that on a day."""
    due_on = came + TIME if confirmed is None else months_after(confirmed, HOLDS_MONTHS)
    if confirmed is not None and asked_again is not None:
        due_on = min(due_on, asked_again + TIME)
    is_early = confirmed is not None and asked_again is None and today < due_on - TIME
    state = State.OVERDUE if today > due_on else State.DONE if is_early else State.DUE
    return Standing(state, due_on, confirmed is not None)


def read(words: str) -> tuple[Question, ...]:
    """Read questions as they are written: a line, below it the answers, `+` before the right one, `-` before others.

    Raises:
        Refused: a line is none of these, a question has not one right answer and a wrong one, or there are too few
            questions or too many.
    """
    blocks: list[tuple[str, list[tuple[bool, str]]]] = []
    for number, line in enumerate(words.splitlines(), 1):
        text = line.strip()
        mark, said = text[:1], text[1:].strip()
        if not text:
            continue
        if mark not in (_RIGHT, _WRONG):
            blocks.append((text, []))
        elif not said or not blocks:
            raise Refused(Code.TRAINING_LINE, line=number)
        else:
            blocks[-1][1].append((mark == _RIGHT, said))
    if not FEWEST <= len(blocks) <= MOST:
        raise Refused(Code.TRAINING_QUESTIONS, count=len(blocks), fewest=FEWEST, most=MOST)
    return tuple(_question(text, answers) for text, answers in blocks)


def _question(text: str, answers: list[tuple[bool, str]]) -> Question:
    rights = [at for at, (is_right, _) in enumerate(answers) if is_right]
    if len(rights) != 1 or len(answers) < 2 or len({said for _, said in answers}) < len(answers):
        raise Refused(Code.TRAINING_ANSWERS, question=text)
    return Question(text, tuple(said for _, said in answers), rights[0])


def written(questions: Iterable[Question]) -> str:
    """Write questions as `read` reads them."""
    return "\n\n".join(
        "\n".join([each.text, *(f"{_RIGHT if at == each.right else _WRONG} {said}" for at, said in _numbered(each))])
        for each in questions
    )


def _numbered(question: Question) -> Iterable[tuple[int, str]]:
    return enumerate(question.answers)
