"""Reads of the training: the words in force, and how each member stands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery

from tenants.models import Membership, Operator, TrainingDone, TrainingText, User
from tenants.training import Course, Question, Standing, State, standing


@dataclass(frozen=True, slots=True)
class Line:
    """One member in the list of who has confirmed."""

    user: User
    standing: Standing
    confirmed_at: datetime | None


def in_force(language: str) -> Course | None:
    """The operator's own newest words, in the language if they have it; None where the portal's hold."""
    newest = TrainingText.objects.aggregate(newest=Max("version"))["newest"] or 0
    found = list(TrainingText.objects.filter(version=newest).order_by("language"))
    row = next((text for text in found if text.language == language), found[0] if found else None)
    return course(row) if row else None


def course(row: TrainingText) -> Course:
    """A stored version."""
    questions = (Question(each["question"], tuple(each["answers"]), each["right"]) for each in row.questions)
    return Course(row.version, row.language, row.title, row.text, tuple(questions))


def of_version(version: int) -> dict[str, Course]:
    """A version in each of its languages."""
    return {row.language: course(row) for row in TrainingText.objects.filter(version=version)}


def history() -> list[TrainingText]:
    """Every version in every language, newest first; without the words."""
    return list(TrainingText.objects.defer("text", "questions").order_by("-version", "language"))


def of_member(user: User, operator: Operator, *, at: datetime) -> Standing | None:
    """How one member stands; None for who does not work here. One query."""
    place = _members(operator).filter(user=user).first()
    return _standing(operator, place, at) if place else None


def of_everybody(operator: Operator, *, at: datetime) -> list[Line]:
    """How every member stands, who is late first. One query, however many there are."""
    first: dict[int, Any] = {}
    for place in _members(operator).select_related("user"):
        first.setdefault(place.user_id, place)
    lines = [Line(place.user, _standing(operator, place, at), place.confirmed_at) for place in first.values()]
    return sorted(lines, key=lambda line: (line.standing.due_on, str(line.user)))


def count_overdue(operator: Operator, *, at: datetime) -> int:
    """How many members are late."""
    return sum(line.standing.state == State.OVERDUE for line in of_everybody(operator, at=at))


def _members(operator: Operator) -> QuerySet[Any]:
    """The places of the staff, the oldest first, with what each confirmed last and whether they were asked anew."""
    done = TrainingDone.objects.filter(user=OuterRef("user")).order_by("-confirmed_at")
    again = TrainingText.objects.filter(asks_again=True, version__gt=OuterRef("confirmed_version")).order_by("version")
    places = Membership.objects.filter(operator=operator, user__is_active=True).exclude(role__in=Membership.CUSTOMERS)
    return places.annotate(
        confirmed_version=Subquery(done.values("version")[:1]),
        confirmed_at=Subquery(done.values("confirmed_at")[:1]),
        asked_again_at=Subquery(again.values("published_at")[:1]),
    ).order_by("created_at")


def _standing(operator: Operator, place: Any, at: datetime) -> Standing:
    def day(moment: datetime | None) -> date | None:
        return moment.astimezone(operator.zone).date() if moment else None

    came = max(place.created_at.astimezone(operator.zone).date(), operator.training_since)
    today = at.astimezone(operator.zone).date()
    return standing(came=came, confirmed=day(place.confirmed_at), asked_again=day(place.asked_again_at), today=today)
