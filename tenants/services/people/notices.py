"""Privacy notices and wordings of consents: written as drafts, published as versions, and told to whom they concern.

What has been published is never changed (GDPR art. 5(2)). A consent covers what it was given to (art. 4(11)): words
that say something new ask again, and an earlier yes counts no more; words that only say the same better do not.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max

from tenants import work
from tenants.conflicts import refused_as
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import ConsentPurpose, Driver, NoticeDraft, NoticeLetters, Operator, PrivacyNotice, User
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.selectors import notices
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.people import consents
from tenants.services.people.consents import Words

#: What the privacy notice is called where a consent has its code.
NOTICE: Final = "privacy-notice"
#: So many drivers are written to in one transaction.
LETTERS_A_STEP = 50


@transaction.atomic
def add_purpose(code: str) -> ConsentPurpose:
    """Add something that drivers are to be asked. Nobody is, until its words are published."""
    taken = Refused(Code.PURPOSE_TAKEN, purpose=code)
    if code == NOTICE:
        raise taken
    with refused_as(taken, constraint="consent_purpose_code_once"):
        return ConsentPurpose.objects.create(code=code)


@transaction.atomic
def ask_for(purpose: ConsentPurpose, *, is_asked: bool) -> None:
    """Ask drivers about the purpose, or no more. What they have answered stays."""
    row = ConsentPurpose.objects.select_for_update().get(pk=purpose.pk)
    row.is_active = is_asked
    row.save(update_fields=["is_active"])


@transaction.atomic
def write(purpose: ConsentPurpose | None, texts: Mapping[str, Words], *, by: User, at: datetime) -> NoticeDraft:
    """Keep words as a draft; a language without any is left out."""
    said = {code: {"title": words.title, "text": words.text} for code, words in texts.items() if words.text}
    kept = {"words": said, "changed_by_id": by.pk, "changed_at": at}
    return NoticeDraft.objects.update_or_create(purpose=purpose, defaults=kept)[0]


@transaction.atomic
def publish(
    purpose: ConsentPurpose | None, *, seen: datetime, asks_again: bool, by: User, at: datetime, link: str
) -> int:
    """Publish the draft as the next version, write to those it concerns, and return its version.

    seen: when the draft was changed that the person has read; another one is refused.
    asks_again: of a consent, whether an earlier yes counts no more; of the notice, whether drivers are told.
    link: where the letter leads.

    Raises:
        Refused: there is no draft, or somebody has changed it meanwhile.
    """
    draft = NoticeDraft.objects.select_for_update().filter(purpose=purpose).first()
    if draft is None or not draft.words:
        raise Refused(Code.NOTICE_WITHOUT_WORDS)
    if draft.changed_at != seen:
        raise Refused(Code.NOTICE_DRAFT_CHANGED)
    texts = {language: Words(**words) for language, words in draft.words.items()}
    if purpose is None:
        version = _publish_notice(texts, at=at)
    else:
        version = consents.publish_notice(purpose, texts, asks_again=asks_again, at=at)
    draft.delete()
    if asks_again and (count := notices.reached_by(purpose, version).count()):
        row = NoticeLetters.objects.create(
            purpose=purpose, version=version, link=link, started_by_id=by.pk, total=count, queued_at=at
        )
        work.enqueue(row)
    return version


def _publish_notice(texts: Mapping[str, Words], *, at: datetime) -> int:
    version: int = (PrivacyNotice.objects.aggregate(newest=Max("version"))["newest"] or 0) + 1
    PrivacyNotice.objects.bulk_create(
        PrivacyNotice(
            version=version,
            language=language,
            title=words.title,
            text=words.text,
            text_sha256=asked.fingerprint(words.title, words.text),
            published_at=at,
        )
        for language, words in texts.items()
    )
    hashes = {language: asked.fingerprint(words.title, words.text) for language, words in texts.items()}
    audit.record(Event.NOTICE_PUBLISHED, version=version, languages=sorted(texts), sha256=hashes)
    return version


def send_letters(operator_id: int, row: NoticeLetters, *, clock: Callable[[], datetime]) -> None:
    """Write to the drivers whom the words concern, a stretch in a transaction.

    A letter leaves when the stretch is kept, so nobody gets it twice; a worker that dies in between leaves some
    unwritten, who see it in the portal as everybody does.
    """
    is_left = True
    while is_left:
        with tenant_scope(operator_id):
            is_left = _write_some(Operator.objects.get(pk=operator_id), row, at=clock())
    with tenant_scope(operator_id):
        work.finish(row)
        audit.record(Event.NOTICE_TOLD, about=row.purpose, version=row.version, count=row.total)


def _write_some(operator: Operator, row: NoticeLetters, *, at: datetime) -> bool:
    drivers = notices.reached_by(row.purpose, row.version).select_related("user", "identity").filter(pk__gt=row.up_to)
    some = list(drivers.order_by("pk")[:LETTERS_A_STEP])
    for driver in some:
        _write_to(driver, operator, row)
    if some:
        work.keep(row, at=at, up_to=some[-1].pk, done=row.done + len(some))
    return len(some) == LETTERS_A_STEP


def _write_to(driver: Driver, operator: Operator, row: NoticeLetters) -> None:
    letter = Letter.NOTICE_CHANGED if row.purpose is None else Letter.CONSENT_ASKED_AGAIN
    if driver.user is not None:
        mail.send(driver.user, letter, operator=operator, link=row.link)
    elif driver.identity and driver.identity.email:
        known_as = f"driver {driver.pk}"
        mail.send_to_address(driver.identity.email, letter, operator=operator, known_as=known_as, link=row.link)
