"""Reads of privacy notices: the one in force, its history, drafts, and whom new words reach."""

from django.db.models import Max, QuerySet

from tenants.models import ConsentPurpose, Driver, NoticeDraft, PrivacyNotice
from tenants.selectors import consents


def in_force(language: str) -> PrivacyNotice | None:
    """The newest version, in the language if it has it, otherwise in one it has."""
    return of_version(PrivacyNotice.objects.aggregate(newest=Max("version"))["newest"] or 0, language)


def of_version(version: int, language: str) -> PrivacyNotice | None:
    """One version, in the language if it has it, otherwise in one it has; None where there is none."""
    found = list(PrivacyNotice.objects.filter(version=version).order_by("language"))
    return next((notice for notice in found if notice.language == language), found[0] if found else None)


def history() -> list[PrivacyNotice]:
    """Every version in every language, newest first; without the texts."""
    return list(PrivacyNotice.objects.defer("text").order_by("-version", "language"))


def is_intact(notice: PrivacyNotice) -> bool:
    """Whether the stored words are still those that were published."""
    return consents.fingerprint(notice.title, notice.text) == notice.text_sha256


def draft_of(purpose: ConsentPurpose | None) -> NoticeDraft | None:
    """What is being written about the purpose; of the privacy notice without one."""
    return NoticeDraft.objects.filter(purpose=purpose).first()


def reached_by(purpose: ConsentPurpose | None, version: int) -> QuerySet[Driver]:
    """The active drivers whom words of this version concern.

    Of a consent: those who said yes to earlier words. Of the privacy notice: everybody.
    """
    drivers = Driver.objects.filter(is_active=True)
    if purpose is None:
        return drivers
    earlier = consents.newest_events().filter(purpose=purpose, decision=consents.GIVEN, notice__version__lt=version)
    return drivers.filter(pk__in=earlier.values("driver"))
