"""Training in security and privacy: publishing an operator's own words, and confirming what one has read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Operator, TrainingDone, TrainingText, User
from tenants.services.people import operators
from tenants.training import Course


@transaction.atomic
def publish(courses: Mapping[str, Course], *, seen: int, asks_again: bool, at: datetime) -> int:
    """Publish words of the operator's own as the next version, and return it. The versions of `courses` do not count.

    seen: the version in force when they were written; another one means that a colleague was quicker.
    asks_again: whether they say something new, so that who has confirmed earlier ones does so again.

    Raises:
        Refused: there are no words, or others have been published meanwhile.
    """
    if not courses:
        raise Refused(Code.TRAINING_WITHOUT_WORDS)
    newest: int = TrainingText.objects.aggregate(newest=Max("version"))["newest"] or 0
    if newest != seen:
        raise Refused(Code.TRAINING_CHANGED)
    rows = [
        TrainingText(
            version=newest + 1,
            language=language,
            title=course.title,
            text=course.text,
            questions=[question.stored() for question in course.questions],
            text_sha256=course.sha256,
            asks_again=asks_again,
            published_at=at,
        )
        for language, course in courses.items()
    ]
    TrainingText.objects.bulk_create(rows)
    hashes = {row.language: row.text_sha256 for row in rows}
    audit.record(Event.TRAINING_PUBLISHED, version=newest + 1, languages=sorted(hashes), sha256=hashes)
    return newest + 1


@transaction.atomic
def confirm(user: User, course: Course, *, seen: str, answers: Sequence[int | None], at: datetime) -> list[int]:
    """Confirm the training; return the places of the questions that are answered wrongly, and then keep nothing.

    seen: the hash of the words that were read.

    Raises:
        Refused: other words hold by now.
    """
    if seen != course.sha256:
        raise Refused(Code.TRAINING_CHANGED)
    wrong = course.wrong(answers)
    if not wrong:
        TrainingDone.objects.create(
            user=user, version=course.version, language=course.language, text_sha256=seen, confirmed_at=at
        )
        audit.record(Event.TRAINING_CONFIRMED, about=user, version=course.version, sha256=seen)
    return wrong


def open_data_by_it(operator: Operator, *, is_on: bool) -> None:
    """Let only members with a confirmation that holds see personal data, or everybody with the permission."""
    operators.change(operator, training_opens_data=is_on)
