"""Reads of consent: what is asked, what is in force, and the proof."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tenants import crypto
from tenants.models import ConsentEvent, ConsentNotice, ConsentPurpose, Driver, Operator, ProcessingLimit

GIVEN = ConsentEvent.Decision.GIVEN


def fingerprint(title: str, text: str) -> str:
    """Return the SHA-256 of the exact words: title, an empty line, text, in UTF-8."""
    return hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """A purpose as one driver meets it: the newest words in their language and their present answer.

    covers_from: the newest version that asked again; a yes to earlier words covers what is asked now no more.
    """

    purpose: ConsentPurpose
    notice: ConsentNotice
    event: ConsentEvent | None
    covers_from: int = 0

    @property
    def is_given(self) -> bool:
        """Whether consent is in force. Silence is no consent."""
        return self.event is not None and self.event.decision == GIVEN and not self.is_asked_again

    @property
    def is_asked_again(self) -> bool:
        """Whether the driver said yes to words that have been replaced by others that say something new."""
        event = self.event
        return event is not None and event.decision == GIVEN and event.notice.version < self.covers_from

    @property
    def is_outdated(self) -> bool:
        """Whether the answer was to earlier words."""
        return self.event is not None and self.event.notice.version != self.notice.version


@dataclass(frozen=True, slots=True)
class Proof:
    """A decision with the words it was given to, checked against the hash of that moment."""

    event: ConsentEvent

    @property
    def notice(self) -> ConsentNotice:
        """The words."""
        notice: ConsentNotice = self.event.notice
        return notice

    @property
    def is_intact(self) -> bool:
        """Whether the stored words are still those that were decided about."""
        return fingerprint(self.notice.title, self.notice.text) == self.event.text_sha256


@dataclass(frozen=True, slots=True)
class Tally:
    """How the active drivers answered one purpose."""

    purpose: ConsentPurpose
    title: str
    version: int
    given: int
    withdrawn: int
    asked_again: int
    silent: int


def questions(driver: Driver, *, language: str) -> list[Question]:
    """What the driver is asked now, with their answers. Four queries."""
    purposes = list(ConsentPurpose.objects.filter(is_active=True).order_by("code"))
    words = notices_in(purposes, language)
    own = ConsentEvent.objects.select_related("notice").filter(driver=driver, purpose__in=purposes)
    answers = {event.purpose_id: event for event in own.order_by("purpose", "-id").distinct("purpose")}
    again = _asked_again_from(purposes)
    return [
        Question(purpose, words[purpose.pk], answers.get(purpose.pk), again.get(purpose.pk, 0))
        for purpose in purposes
        if purpose.pk in words
    ]


def agreed(purpose: str) -> QuerySet[Driver]:
    """The active drivers whose data may be used for what needs consent: the one question such code asks.

    purpose: the code of what drivers are asked. Nobody without a yes in force to the words that hold, and nobody who
    objects or whose data is restricted (GDPR art. 6(1)(a), 7(3), 18, 21(3)).
    """
    again = ConsentNotice.objects.filter(purpose=OuterRef("purpose"), asks_again=True)
    newer = again.filter(version__gt=OuterRef("notice__version"))
    given = newest_events().filter(purpose__code=purpose, purpose__is_active=True, decision=GIVEN)
    limited = ProcessingLimit.objects.filter(driver=OuterRef("pk"), until=None)
    said_yes = given.filter(~Exists(newer)).values("driver")
    return Driver.objects.filter(~Exists(limited), is_active=True, pk__in=said_yes)


def is_asked_again(driver: Driver) -> bool:
    """Whether a yes of the driver waits for another answer, as the words say something new now. One query."""
    later = ConsentNotice.objects.filter(
        purpose=OuterRef("purpose"), asks_again=True, version__gt=OuterRef("notice__version")
    )
    given = newest_events().filter(driver=driver, decision=GIVEN, purpose__is_active=True)
    return given.filter(Exists(later)).exists()


def _asked_again_from(purposes: Iterable[ConsentPurpose]) -> dict[int, int]:
    """The newest version of each purpose that asked again, by its number."""
    found = ConsentNotice.objects.filter(purpose__in=list(purposes), asks_again=True)
    return dict(found.order_by().values_list("purpose").annotate(Max("version")))


def notice_in(purpose: ConsentPurpose, language: str) -> ConsentNotice | None:
    """The newest words, in the language if it has them, otherwise in one it has."""
    return notices_in([purpose], language).get(purpose.pk)


def notices_in(purposes: Iterable[ConsentPurpose], language: str) -> dict[int, ConsentNotice]:
    """The same for several purposes by their numbers; one without any words is missing. One query."""
    newest = ConsentNotice.objects.filter(purpose__in=list(purposes)).order_by("purpose", "language", "-version")
    found: dict[int, ConsentNotice] = {}
    for notice in newest.distinct("purpose", "language"):
        known = found.get(notice.purpose_id)
        rank = (notice.version, notice.language == language)
        if known is None or rank > (known.version, known.language == language):
            found[notice.purpose_id] = notice
    return found


def in_force(driver: Driver, purpose: ConsentPurpose) -> ConsentEvent | None:
    """The driver's newest decision about the purpose."""
    events = ConsentEvent.objects.select_related("notice").filter(driver=driver, purpose=purpose)
    return events.order_by("-id").first()


def proofs(driver: Driver) -> list[Proof]:
    """Every decision of the driver, newest first."""
    events = ConsentEvent.objects.select_related("notice", "purpose").filter(driver=driver).order_by("-id")
    return [Proof(event) for event in events]


def newest_events() -> QuerySet[ConsentEvent]:
    """For each driver and purpose the decision in force."""
    later = ConsentEvent.objects.filter(driver=OuterRef("driver"), purpose=OuterRef("purpose"), id__gt=OuterRef("id"))
    return ConsentEvent.objects.filter(~Exists(later))


def tallies(*, language: str) -> list[Tally]:
    """How the active drivers answered each purpose."""
    drivers = Driver.objects.filter(is_active=True).count()
    again = ConsentNotice.objects.filter(purpose=OuterRef("purpose"), asks_again=True).order_by("-version")
    covered = Q(notice__version__gte=F("covers_from"))
    answers = {
        row["purpose"]: row
        for row in newest_events()
        .filter(driver__is_active=True)
        .alias(covers_from=Coalesce(Subquery(again.values("version")[:1]), 0))
        .values("purpose")
        .annotate(
            given=Count("id", filter=Q(decision=GIVEN) & covered),
            asked_again=Count("id", filter=Q(decision=GIVEN) & ~covered),
            withdrawn=Count("id", filter=~Q(decision=GIVEN)),
        )
    }
    purposes = list(_purposes())
    words = notices_in(purposes, language)
    return [_tally(purpose, answers.get(purpose.pk), drivers, words.get(purpose.pk)) for purpose in purposes]


def _purposes() -> QuerySet[ConsentPurpose]:
    return ConsentPurpose.objects.order_by("code")


def _tally(purpose: ConsentPurpose, answers: Any, drivers: int, notice: ConsentNotice | None) -> Tally:
    given, again, withdrawn = (answers[name] if answers else 0 for name in ("given", "asked_again", "withdrawn"))
    return Tally(
        purpose=purpose,
        title=notice.title if notice else purpose.code,
        version=notice.version if notice else 0,
        given=given,
        withdrawn=withdrawn,
        asked_again=again,
        silent=drivers - given - again - withdrawn,
    )


def receipt(operator: Operator, driver: Driver) -> dict[str, Any]:
    """The driver's decisions as a consent record in the shape of ISO/IEC TS 27560:2023, signed with the instance's key.

    Each notice stands in it word by word with its hash, so that the record can be checked without us
    (`bin/verify-receipt`).
    """
    record = {
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": str(driver.public_id),
        "pii_principal_id": driver.customer_number,
        "pii_controllers": [
            {
                "name": operator.legal_name or operator.name,
                "registration_number": operator.organisation_number,
                "email": operator.email,
                "country": operator.country,
            }
        ],
        "hash": "SHA-256 of the notice's title, an empty line and its text, UTF-8",
        "events": [_receipt_event(proof) for proof in reversed(proofs(driver))],
    }
    return {**record, "proof": _signed(record)}


def _signed(record: dict[str, Any]) -> dict[str, str]:
    """The signature of the record, and the key it is checked with: the one that seals the audit log."""
    key = crypto.signing_key()
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "type": "Ed25519 (RFC 8032)",
        "over": "this object without proof, as JSON with sorted names and no spaces, UTF-8",
        "key": key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
        "signature": key.sign(text.encode()).hex(),
    }


def _receipt_event(proof: Proof) -> dict[str, Any]:
    event, notice = proof.event, proof.notice
    return {
        "event_id": str(event.public_id),
        "event_time": event.happened_at.isoformat(),
        "event_type": "explicit",
        "event_state": event.decision,
        "entity_id": "principal" if event.channel == ConsentEvent.Channel.PORTAL else f"person {event.recorded_by_id}",
        "channel": event.channel,
        "pii_processing": {"purpose": event.purpose.code, "lawful_basis": "consent, GDPR art. 6(1)(a)"},
        "privacy_notice": {
            "version": notice.version,
            "language": notice.language,
            "published": notice.published_at.isoformat(),
            "title": notice.title,
            "text": notice.text,
            "sha256_at_decision": event.text_sha256,
            "sha256_matches": proof.is_intact,
        },
    }
