"""The record of processing (GDPR art. 30(1)): what an operator processes personal data for, as the registers have it.

Purposes of the portal take their people, kinds of data, times and recipients from the registers, so a model or a
recipient that a floor adds stands in the record of every operator at once. The operator's own words go before the
portal's; purposes of its own say everything themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from tenants.models import ConsentNotice, ConsentPurpose, ProcessingPurpose
from tenants.privacy import sources
from tenants.privacy.purposes import BY_CONSENT, GROUNDS, Basis, Ground, Purpose
from tenants.privacy.recipients import Recipient, all_recipients
from tenants.privacy.sources import Kind, People, Retention
from tenants.selectors import consents

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Processing:
    """One purpose in the record.

    known: the portal's purpose; None for one of the operator's own, or one that only its consent knows.
    said: the operator's own words, where there are any. notice: what drivers are asked, of a purpose by consent.
    """

    code: str
    known: Purpose | None
    said: ProcessingPurpose | None
    notice: ConsentNotice | None
    ground: Ground
    people: tuple[People, ...]
    kinds: tuple[Kind, ...]
    kept: tuple[Retention, ...]
    recipients: tuple[Recipient, ...]
    tables: tuple[str, ...]


def processings(*, language: str) -> list[Processing]:
    """Every purpose in use, in the order of the record. Three queries; works in the operator's scope."""
    said = {row.code: row for row in ProcessingPurpose.objects.order_by("pk")}
    asked = list(ConsentPurpose.objects.filter(is_active=True).order_by("pk"))
    words = consents.notices_in(asked, language)
    notices = {purpose.code: words[purpose.pk] for purpose in asked if purpose.pk in words}
    known = [_known(purpose, said.get(purpose), notices.get(purpose)) for purpose in _used(notices)]
    others = [code for code in notices if code not in set(Purpose)]
    by_consent = [_said(code, said.get(code), notices[code]) for code in others]
    own = [_said(row.code, row, None) for row in said.values() if row.is_used and _is_own(row.code, notices)]
    return [*known, *by_consent, *own]


def unsaid(processing: Processing) -> Processing:
    """The purpose as the portal has it, without the operator's words."""
    return _known(processing.known, None, processing.notice) if processing.known else processing


def not_used() -> list[ProcessingPurpose]:
    """The operator's own purposes that it no longer has, by title."""
    return list(ProcessingPurpose.objects.filter(is_used=False).order_by("title"))


def _used(notices: Iterable[str]) -> list[Purpose]:
    return [purpose for purpose in Purpose if purpose not in BY_CONSENT or purpose in set(notices)]


def _is_own(code: str, notices: Iterable[str]) -> bool:
    return code not in set(Purpose) and code not in set(notices)


def _known(purpose: Purpose, said: ProcessingPurpose | None, notice: ConsentNotice | None) -> Processing:
    serving = [source for source in sources.all_sources() if purpose in source.serves]
    ground = GROUNDS[purpose]
    kinds = {kind for source in serving for kind in source.fields.values()} - {Kind.TECHNICAL}
    return Processing(
        code=purpose.value,
        known=purpose,
        said=said,
        notice=notice,
        ground=Ground(Basis(said.basis) if said and said.basis else ground.basis, (said and said.law) or ground.law),
        people=_in_order(People, {source.people for source in serving}),
        kinds=_in_order(Kind, kinds),
        kept=_in_order(Retention, {source.kept for source in serving}),
        recipients=tuple(recipient for recipient in all_recipients() if purpose in recipient.serves),
        tables=tuple(source.model._meta.label for source in serving),
    )


def _said(code: str, said: ProcessingPurpose | None, notice: ConsentNotice | None) -> Processing:
    """A purpose that the portal does not know: all that is known of it is what the operator says."""
    basis = Basis(said.basis) if said and said.basis else Basis.CONSENT
    return Processing(
        code=code,
        known=None,
        said=said,
        notice=notice,
        ground=Ground(basis, said.law if said else ""),
        people=_in_order(People, said.people if said else ()),
        kinds=_in_order(Kind, said.kinds if said else ()),
        kept=(),
        recipients=(),
        tables=(),
    )


def _in_order(members: Iterable[T], found: Iterable[object]) -> tuple[T, ...]:
    """Those of the members that were found, in the order of the enumeration."""
    wanted = set(found)
    return tuple(member for member in members if member in wanted)
