"""Consent: the words that are asked, and what each driver decided.

Consent is only for what is neither contract nor law (GDPR art. 6(1)(a)). Words are published as
numbered notices and never changed; a decision is an event that points at the exact notice and
repeats its hash, so that the proof (art. 7(1)) needs no trust in whoever keeps the table.
Withdrawing takes the same one step as giving (art. 7(3)).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import ConsentEvent, ConsentNotice, ConsentPurpose, Driver, Operator, User
from tenants.selectors import consents as asked

Decision, Channel = ConsentEvent.Decision, ConsentEvent.Channel


@dataclass(frozen=True, slots=True)
class Words:
    """What is asked, in one language."""

    title: str
    text: str


DEFAULTS: dict[str, dict[str, Words]] = {
    "marketing-email": {
        "sv": Words(
            "Nyheter och erbjudanden med e-post",
            "Vi vill gärna skicka nyheter om laddplatser, priser och erbjudanden till din e-postadress, högst två "
            "gånger i månaden. Vi lämnar inte adressen vidare. Du kan när som helst ta tillbaka ditt samtycke på den "
            "här sidan, och det påverkar varken din laddning eller ditt avtal.",
        ),
        "en": Words(
            "News and offers by e-mail",
            "We would like to send news about charging sites, prices and offers to your e-mail address, at most twice "
            "a month. We pass the address to nobody. You can withdraw your consent on this page at any time, which "
            "changes neither your charging nor your contract.",
        ),
    },
    "usage-analytics": {
        "sv": Words(
            "Analys av hur du laddar",
            "Vi vill gärna använda när, var och hur mycket du laddar för att planera nya laddplatser. Uppgifterna "
            "används utan ditt namn och lämnas inte vidare. Du kan när som helst ta tillbaka ditt samtycke på den här "
            "sidan, och det påverkar varken din laddning eller ditt avtal.",
        ),
        "en": Words(
            "Analysis of how you charge",
            "We would like to use when, where and how much you charge to plan new charging sites. The facts are used "
            "without your name and passed to nobody. You can withdraw your consent on this page at any time, which "
            "changes neither your charging nor your contract.",
        ),
    },
}


@transaction.atomic
def install_defaults(operator: Operator) -> None:
    """Ask the drivers of a new operator about marketing and analytics. A second call changes nothing.

    Works in the operator's scope.
    """
    for code, texts in DEFAULTS.items():
        purpose, is_new = ConsentPurpose.objects.get_or_create(operator=operator, code=code)
        if is_new:
            publish_notice(purpose, texts, at=timezone.now())


@transaction.atomic
def publish_notice(
    purpose: ConsentPurpose, texts: Mapping[str, Words], *, at: datetime, asks_again: bool = False
) -> int:
    """Publish a new wording in all its languages and return its version.

    Earlier answers stay answers to the words they were given to. With `asks_again` a yes among them counts no more.
    """
    if not texts:
        raise Refused(Code.NOTICE_WITHOUT_WORDS)
    ConsentPurpose.objects.select_for_update().get(pk=purpose.pk)
    newest: int = purpose.notices.aggregate(newest=Max("version"))["newest"] or 0
    ConsentNotice.objects.bulk_create(
        ConsentNotice(
            purpose=purpose,
            version=newest + 1,
            language=language,
            title=words.title,
            text=words.text,
            text_sha256=asked.fingerprint(words.title, words.text),
            published_at=at,
            asks_again=asks_again,
        )
        for language, words in texts.items()
    )
    audit.record(Event.CONSENT_NOTICE_PUBLISHED, about=purpose, version=newest + 1, languages=sorted(texts))
    return newest + 1


@transaction.atomic
def record(  # noqa: PLR0913  # a proof has as many particulars
    driver: Driver,
    purpose: ConsentPurpose,
    decision: str,
    *,
    channel: str,
    at: datetime,
    language: str,
    by: User | None = None,
    address: str | None = None,
    words: str | None = None,
    notice: ConsentNotice | None = None,
) -> ConsentEvent:
    """Record what the driver decided about the newest words in their language.

    The same answer to the same words again adds nothing and returns the event in force.

    words: the hash of the words that the driver had before them, where it is known. Consent to others than those it
    would be recorded for is refused; taking it back never is.
    notice: the words themselves, where they are not the newest: those on a paper.

    Raises:
        Refused: nothing was ever asked for this purpose, or something else than the driver has read.
    """
    Driver.objects.select_for_update().only("pk").get(pk=driver.pk)
    notice = notice or asked.notice_in(purpose, language)
    if notice is None:
        raise Refused(Code.PURPOSE_WITHOUT_NOTICE, purpose=purpose.code)
    if words is not None and words != notice.text_sha256 and decision == Decision.GIVEN:
        raise Refused(Code.NOTICE_CHANGED)
    in_force = asked.in_force(driver, purpose)
    if in_force is not None and (in_force.decision, in_force.notice_id) == (decision, notice.pk):
        return in_force
    event = ConsentEvent.objects.create(
        driver=driver,
        purpose=purpose,
        notice=notice,
        decision=Decision(decision),
        text_sha256=notice.text_sha256,
        channel=Channel(channel),
        recorded_by_id=by.pk if by else None,
        address=address,
        happened_at=at,
    )
    audit.record(
        Event(f"consent.{decision}"), about=driver, purpose=purpose.code, version=notice.version, channel=channel
    )
    return event
