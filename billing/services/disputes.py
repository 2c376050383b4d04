"""Disputes: raised by whoever pays or charged, answered by staff with a reason and a letter, or taken back.

From the moment it is raised the thing waits. A session on no invoice goes under review, so that nobody bills it before
somebody has decided; what a session or a fee comes to on an issued invoice, or all of it, is not asked for (the
database keeps how much: `Receivable.disputed`). It is put right by what puts things right anyway: the review of the
session, a credit note, or a write-off. The answer comes after that, and says what was done.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from billing.domain.calendar import day_of
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.letters import Letter
from billing.models import BilledFee, BilledSession, Dispute, Invoice
from billing.models.billing_status import OPEN_REVIEWS
from billing.models.invoice import IN_FORCE
from billing.selectors import disputes
from billing.services import rating
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants.conflicts import refused_as
from tenants.log import audit
from tenants.models import Account, Driver, Operator, User
from tenants.services import mail

State = Dispute.State
DISPUTED: Final = "disputed"
#: In which field stands what is disputed.
_FIELDS: Final = {ChargingSession: "session", BilledFee: "fee", Invoice: "invoice"}
#: So long staff have to answer.
ANSWERED_WITHIN: Final = timedelta(days=14)


class DisputeRefused(BillingError):
    """The dispute cannot take this step."""


@transaction.atomic
@limited_to(None)  # who raises it has no sites
def raise_(
    account: Account,
    of: ChargingSession | BilledFee | Invoice,
    *,
    about: str,
    text: str,
    by: User,
    at: datetime,
    driver: Driver | None = None,
) -> Dispute:
    """Enter what is wrong with a session, a fee on an issued invoice, or such an invoice as a whole.

    A session on no invoice waits from now.

    Raises:
        DisputeRefused: nothing is said, or a dispute of it is open already.
    """
    if not 0 < len(text.strip()) <= 2000:
        raise DisputeRefused(Code.DISPUTE_WITHOUT_WORDS, field="text")
    operator = Operator.objects.get(pk=account.operator_id)
    _hold_issued(of)
    if isinstance(of, ChargingSession):
        _hold(of)
    what = _FIELDS[type(of)]
    with refused_as(DisputeRefused(Code.DISPUTED_ALREADY, field="text"), constraint=f"dispute_of_{what}_once"):
        row = Dispute.objects.create(
            account=account,
            driver=driver,
            about=Dispute.About(about),
            text=text.strip(),
            raised_by=by,
            raised_at=at,
            due_on=day_of(at, operator.time_zone) + ANSWERED_WITHIN,
            **{what: of},
        )
    audit.record(Event.DISPUTE_RAISED, about=row, disputed=row.about)
    _write(row, Letter.DISPUTE_RECEIVED)
    return row


@transaction.atomic
def answer(dispute: Dispute, *, state: str, text: str, by: User | None, at: datetime) -> Dispute:
    """Grant or refuse it, in words that the person reads.

    What is written off of an invoice is of the part that is not disputed first, and then none of it can be credited: so
    it is granted for a write-off since, too.

    Raises:
        DisputeRefused: it is closed already, nothing is said, its session waits in the review still, or it would be
            granted although nothing was credited or written off.
    """
    row = _open(dispute)
    if not 0 < len(text.strip()) <= 2000:
        raise DisputeRefused(Code.DISPUTE_WITHOUT_WORDS, field="answer")
    if row.session_id and ChargingSession.objects.filter(pk=row.session_id, review=_PENDING).exists():
        raise DisputeRefused(Code.DISPUTE_IN_REVIEW, field="session")
    granted = State(state) == State.GRANTED
    if granted and disputes.billed_on(row) is not None and not _is_put_right(row):
        raise DisputeRefused(Code.DISPUTE_NOT_CREDITED, field="state")
    _close(row, State.GRANTED if granted else State.REFUSED, text=text, by=by, at=at)
    audit.record(Event.DISPUTE_GRANTED if granted else Event.DISPUTE_REFUSED, about=row, disputed=row.about)
    _write(row, Letter.DISPUTE_GRANTED if granted else Letter.DISPUTE_REFUSED)
    return row


@transaction.atomic
def withdraw(dispute: Dispute, *, by: User, at: datetime) -> Dispute:
    """Take it back. A session that waits in the review stays there: staff have a reason to look at it.

    Raises:
        DisputeRefused: it is closed already.
    """
    row = _open(dispute)
    _close(row, State.WITHDRAWN, text="", by=by, at=at)
    audit.record(Event.DISPUTE_WITHDRAWN, about=row, disputed=row.about)
    return row


_PENDING = ChargingSession.Review.PENDING


def _hold_issued(of: ChargingSession | BilledFee | Invoice) -> None:
    """Wait for whoever credits, bills anew or gives up the issued invoice it stands on, or let them wait.

    They too hold the invoice first, and then what is open of it and the prices on it: in another order, two wait for
    each other. A draft is not held, as whoever discards drafts holds terms and prices before them.
    """
    if isinstance(of, ChargingSession):
        meant = Q(pk__in=BilledSession.objects.filter(IN_FORCE, session=of).values("invoice"))
    else:
        meant = Q(pk=of.invoice_id if isinstance(of, BilledFee) else of.pk)
    issued = Invoice.objects.filter(meant, state=Invoice.State.ISSUED)
    list(issued.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _hold(session: ChargingSession) -> None:
    """Let nobody bill the session before somebody has decided, unless it stands on an invoice or a draft already."""
    rating.hold_prices([session.pk])
    if BilledSession.objects.filter(IN_FORCE, session=session).exists():
        return
    row = ChargingSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if row.review in OPEN_REVIEWS:
        row.review, row.flags = _PENDING, [*(flag for flag in row.flags if flag != DISPUTED), DISPUTED]
        row.save(update_fields=["review", "flags"])


def _is_put_right(row: Dispute) -> bool:
    return bool(disputes.credited_since(row) or disputes.given_up_since(row))


def _open(dispute: Dispute) -> Dispute:
    row = Dispute.objects.select_for_update(of=("self",)).get(pk=dispute.pk)
    if row.state != State.OPEN:
        raise DisputeRefused(Code.DISPUTE_CLOSED, field="state", value=row.state)
    return row


def _close(row: Dispute, state: str, *, text: str, by: User | None, at: datetime) -> None:
    row.state, row.answer, row.closed_by, row.closed_at = state, text.strip(), by, at
    row.save(update_fields=["state", "answer", "closed_by", "closed_at"])


def _write(row: Dispute, letter: Letter) -> None:
    """Write to who raised it, in their language."""
    if row.raised_by is not None:
        operator = Operator.objects.get(pk=row.operator_id)
        mail.send(
            row.raised_by,
            letter,
            operator=operator,
            disputed=row.about,
            raised=row.raised_at.astimezone(operator.zone).date(),
            until=row.due_on,
            answer=row.answer,
        )
