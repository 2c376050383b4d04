"""Facts of a session made others: by what a file said, or by a person. The first values are kept, and who decided why.

A session on an invoice, also on a draft, is not changed: credit the invoice, or discard the draft, and decide then. One
that was ever on an issued invoice keeps its facts for good, as the document and its credit note rest on them: in its
place a new session with the corrected facts is billed, and the old one is written off.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.models import BilledSession, Invoice, SessionPrice
from billing.models.billing_status import CREDITED
from billing.selectors import differences
from billing.services import rating
from charging.domain import corrections as said_of
from charging.domain.errors import ChargingError, Code, NothingToReview
from charging.domain.reasons import DOUBTED_FACTS, JUDGED, SETTLING
from charging.events import Event
from charging.models import ChargingSession, Connector, Correction
from charging.selectors import sessions as session_rows
from charging.services import differences as files
from charging.services import judging
from tenants.log.audit import record

Review = ChargingSession.Review
State = Correction.State
_LONGEST_ID = 90
#: Somebody has set the doubts aside.
_SET_ASIDE = (Review.APPROVED, Review.ENERGY_ONLY)


class CorrectionRefused(ChargingError):
    """The facts of the session cannot be others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many corrections were taken over, and why others were not."""

    taken: int
    refused: Sequence[CorrectionRefused]


@transaction.atomic
def take_over(rows: Sequence[Correction], *, reason: str, at: datetime) -> Outcome:
    """Let the sessions be as the corrections say. One that cannot be taken over stays open and stops no other.

    Raises:
        NothingToReview: one of them was decided on meanwhile; then nothing is changed.
    """
    held = _held(rows)
    known = _locked({row.session_id for row in held})
    refused: list[CorrectionRefused] = []
    taken = []
    for row in held:
        # A second saying about a session meets it as the first one left it, whatever became of that.
        session = known.pop(row.session_id, None) or _locked({row.session_id})[row.session_id]
        try:
            with transaction.atomic():
                _take(row, session, reason=reason, at=at)
            taken.append(row)
        except CorrectionRefused as refusal:
            refused.append(refusal)
    files.settle(taken)
    _settle_the_same({row.session_id for row in taken}, reason=reason, at=at)
    rating.ask()
    return Outcome(len(taken), refused)


@transaction.atomic
def keep(rows: Sequence[Correction], *, reason: str, at: datetime) -> int:
    """Leave the sessions as they are stored, billed or not. Returns how many corrections that settles.

    Raises:
        NothingToReview: one of them was decided on meanwhile; then nothing is changed.
    """
    held = _held(rows)
    for row in held:
        _settle(row, State.KEPT, reason=reason, at=at)
        record(Event.SESSION_CORRECTION_KEPT, about=row.session, reason=reason)
    files.settle(held)
    return len(held)


@transaction.atomic
def correct(session: ChargingSession, facts: Mapping[str, Any], *, reason: str, at: datetime) -> ChargingSession:
    """Give the session other facts, by their column names; return it, or the one that is billed in its place.

    Raises:
        CorrectionRefused: it is on an invoice, or with these facts it cannot be a session.
    """
    known = _locked({session.pk})[session.pk]
    row = Correction(session=known.session, said=said_of.written(facts))
    changed = _take(row, known, reason=reason, at=at)
    rating.ask()
    return changed


@dataclass(frozen=True, slots=True)
class _Known:
    """A session that is held: whether it is on a draft or an issued invoice now, and whether it ever was on one."""

    session: ChargingSession
    on_draft: bool
    on_invoice: bool
    was_billed: bool


def _held(rows: Sequence[Correction]) -> list[Correction]:
    wanted = Correction.objects.filter(pk__in=[row.pk for row in rows], state=State.OPEN)
    found = list(wanted.select_related("session").select_for_update(of=("self",)).order_by("pk"))
    if gone := len(rows) - len(found):
        raise NothingToReview(Code.NOT_WAITING_FOR_REVIEW, count=gone)
    return found


def _locked(ids: set[int]) -> dict[int, _Known]:
    rating.hold_prices(sorted(ids))
    rows = session_rows.whole(ChargingSession.objects.filter(pk__in=ids))
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    ledger = BilledSession.objects.filter(session__in=ids).values_list("session", "released_by", "invoice__state")
    drafts, issued, ever = set[int](), set[int](), set[int]()
    for session, released_by, state in ledger:
        ever.add(session)
        if released_by is None:
            (issued if state == Invoice.State.ISSUED else drafts).add(session)
    return {row.pk: _Known(row, row.pk in drafts, row.pk in issued, row.pk in ever) for row in found}


def _take(row: Correction, known: _Known, *, reason: str, at: datetime) -> ChargingSession:
    """Let the session, or a new one in its place, be as the correction says; keep what stood there."""
    _check(row, known)
    session = known.session
    before, first = said_of.stored(session), _spoken(session)
    changed = said_of.changes(before, row.said)
    histories = differences.cards([(session, changed)])
    after = _anew(session) if known.was_billed else session
    if after is not session:
        session.review, session.review_note = Review.WRITTEN_OFF, reason[:300]
        session.save(update_fields=["review", "review_note"])
    _change(after, changed, payer=differences.payer(session, changed, histories), reason=reason, at=at)
    row.replaced_by = after if after is not session else None
    row.before = said_of.written({name: before[name] for name in changed})
    _settle(row, State.TAKEN_OVER, reason=reason, at=at)
    shown = [name for name in said_of.COMPARED if name in changed]
    then = _spoken(after)
    record(
        Event.SESSION_CORRECTED,
        about=session,
        reason=reason,
        before={name: first[name] for name in shown},
        then={name: then[name] for name in shown},
    )
    return after


def _check(row: Correction, known: _Known) -> None:
    if known.on_invoice:
        raise CorrectionRefused(Code.CORRECTED_ON_INVOICE, session=known.session.external_id)
    if known.on_draft:
        raise CorrectionRefused(Code.CORRECTED_ON_DRAFT, session=known.session.external_id)
    if known.was_billed and known.session.review == Review.WRITTEN_OFF:
        raise CorrectionRefused(Code.CORRECTED_WRITTEN_OFF, session=known.session.external_id)
    for name in said_of.unknown(row.said):
        raise CorrectionRefused(_UNKNOWN[name], name=str(row.said[name]), session=known.session.external_id)


_UNKNOWN = {"station": Code.CORRECTED_STATION_UNKNOWN, "token": Code.CORRECTED_CARD_UNKNOWN}


def _change(
    session: ChargingSession, changed: Mapping[str, Any], *, payer: int | None, reason: str, at: datetime
) -> None:
    """Set the facts, drop the price made of the old ones, and judge the new ones as those of a file are."""
    for name, fact in changed.items():
        setattr(session, name, fact)
    if "connector_id" in changed:
        outlet = Connector.objects.select_related("station__site").filter(pk=changed["connector_id"]).first()
        if outlet is None:
            raise CorrectionRefused(Code.CORRECTED_STATION_UNKNOWN, name="", session=session.external_id)
        session.connector, session.station, session.site = outlet, outlet.station, outlet.station.site
    for code in judging.rejections(session, at=at):
        raise CorrectionRefused(code)
    session.driver_id = payer
    session.review_note = reason[:300]
    SessionPrice.objects.filter(session=session.pk).delete()
    with transaction.atomic():
        session.save()
        if changed.keys() - {"token_id"}:
            _judge(session, changed)


def _judge(session: ChargingSession, changed: Iterable[str]) -> None:
    """A doubt that nobody has set aside yet sends the session to the review; one without any leaves it.

    What a person wrote off stays so, and what a guest charged; what was written off as nothing was charged stays so
    while nothing was, and is one like any other once something was.
    Doubts of its source about what is as it was stay: another outlet does not make a wrong meter right.
    """
    stays = [flag for flag in session.flags if flag not in JUDGED and not {*changed} & {*DOUBTED_FACTS.get(flag, ())}]
    set_aside, stays_off = session.review in _SET_ASIDE, session.pk in differences.stays_off([session])
    doubts = list(dict.fromkeys([*stays, *judging.flags(session)]))
    fresh = set(doubts) - set(session.flags) if set_aside else set(doubts)
    session.flags = doubts
    is_still_nothing = session.review == Review.WRITTEN_OFF and doubts == [SETTLING]
    if not stays_off and not is_still_nothing:
        session.review = Review.PENDING if fresh else session.review if set_aside else Review.APPROVED
    session.save(update_fields=["flags", "review"])


def _anew(session: ChargingSession) -> ChargingSession:
    """The session once more, not stored yet, under an id of its own.

    Doubts that were set aside when the old one was left to be billed anew are set aside of it too, and whoever decided
    that the energy alone is billed has decided that of it. Of one that waits for a person also what it is doubted for
    waits: what its source doubted cannot be seen by its facts.
    """
    own = {"id", "public_id", "created_at", "external_id"}
    facts = {field.attname: getattr(session, field.attname) for field in session._meta.concrete_fields}
    ids = (f"{session.external_id[:_LONGEST_ID]}#{number}" for number in range(2, 10_000))
    rows = ChargingSession.objects.filter(source=session.source)
    free = next(one for one in ids if not rows.filter(external_id=one).exists())
    facts["flags"] = [flag for flag in session.flags if flag != CREDITED]
    if session.review not in _SET_ASIDE:
        facts["review"] = Review.PENDING if facts["flags"] else Review.NONE
    return ChargingSession(external_id=free, **{name: fact for name, fact in facts.items() if name not in own})


def _settle(row: Correction, state: str, *, reason: str, at: datetime) -> None:
    row.state, row.reason, row.settled_at = state, reason[:300], at
    row.save()


def _settle_the_same(ids: set[int], *, reason: str, at: datetime) -> None:
    """What else was said of these sessions and now stands there needs no decision of its own."""
    rows = Correction.objects.filter(session__in=ids, state=State.OPEN).select_related("session")
    same = [row for row in rows if not said_of.changes(said_of.stored(row.session), row.said)]
    for row in same:
        _settle(row, State.TAKEN_OVER, reason=reason, at=at)
    files.settle(same)


def _spoken(session: ChargingSession) -> dict[str, Any]:
    """The facts as the log may hold them for good: an outlet by its name, a card by the end of its number."""
    names = {"connector_id": str(session.connector), "token_id": session.token.log_name if session.token else ""}
    return said_of.written({name: getattr(session, name) for name in said_of.COMPARED} | names)
