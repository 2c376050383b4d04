"""What people ask about their data: received, put off, answered, refused, taken back; and limits, which hold at once.

A request is answered within one month of its receipt, which may be extended once by two further months for reasons
that the person is told within the first (GDPR art. 12(3)). A month ends on the same day of the next one, or on its
last day; the clock is never stretched over a weekend, though Regulation 1182/71 art. 3(4) would let it be.
"""

from datetime import date, datetime
from typing import Final

from django.db import transaction

from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import ConsentEvent, Driver, Operator, PersonRequest, ProcessingLimit, User
from tenants.months import months_after
from tenants.selectors import consents as asked
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.people import consents

Kind, State, Channel = PersonRequest.Kind, PersonRequest.State, PersonRequest.Channel
#: What holds from the moment it is asked for.
AT_ONCE: Final = {Kind.RESTRICTION: ProcessingLimit.Kind.RESTRICTION, Kind.OBJECTION: ProcessingLimit.Kind.OBJECTION}
MONTHS, MONTHS_EXTENDED = 1, 3


@transaction.atomic
def receive(  # a request has as many particulars
    driver: Driver,
    kind: str,
    *,
    by: User,
    at: datetime,
    text: str = "",
    channel: str = Channel.PORTAL,
    identity_checked: str = "",
    received_on: date | None = None,
) -> PersonRequest:
    """Enter a request; a restriction or an objection holds from now on.

    by: the driver, or who of the staff enters it, then with how the identity was checked (art. 12(6)).
    received_on: the day on which the clock began; today without.

    Raises:
        Refused: the day lies ahead, or nobody says how the identity was checked.
    """
    operator = Operator.objects.get(pk=driver.operator_id)
    today = at.astimezone(operator.zone).date()
    day = received_on or today
    if day > today:
        raise Refused(Code.REQUEST_AHEAD)
    is_own = driver.user_id == by.pk
    if not is_own and not identity_checked.strip():
        raise Refused(Code.IDENTITY_UNCHECKED)
    request = PersonRequest.objects.create(
        driver=driver,
        kind=Kind(kind),
        channel=Channel(channel),
        text=text,
        identity_checked=identity_checked,
        received_on=day,
        due_on=months_after(day, MONTHS),
        entered_by_id=None if is_own else by.pk,
    )
    audit.record(Event.REQUEST_RECEIVED, about=request, right=request.kind, channel=request.channel)
    if request.kind in AT_ONCE:
        _limit(request, by=by, at=at)
    _write(request, Letter.REQUEST_RECEIVED)
    return request


@transaction.atomic
def extend(request: PersonRequest, *, reason: str, at: datetime) -> PersonRequest:
    """Take two further months, and tell the person why (art. 12(3)).

    Raises:
        Refused: without a reason, a second time, or when the first month is over.
    """
    row = _open(request)
    if not reason.strip():
        raise Refused(Code.EXTENSION_WITHOUT_REASON)
    today = at.astimezone(Operator.objects.get(pk=row.operator_id).zone).date()
    if row.extended_at is not None or today > row.due_on:
        raise Refused(Code.EXTENSION_TOO_LATE)
    row.extended_at, row.extension_reason = at, reason
    row.due_on = months_after(row.received_on, MONTHS_EXTENDED)
    row.save(update_fields=["extended_at", "extension_reason", "due_on"])
    audit.record(Event.REQUEST_EXTENDED, about=row, until=row.due_on.isoformat())
    _write(row, Letter.REQUEST_EXTENDED)
    return row


@transaction.atomic
def close(request: PersonRequest, *, state: str, answer: str, by: User | None, at: datetime) -> PersonRequest:
    """Answer or refuse the request, in words that the person reads; a refusal says why (art. 12(4)).

    Raises:
        Refused: it is closed already, or nothing is said.
    """
    row = _open(request)
    if not answer.strip():
        raise Refused(Code.ANSWER_WITHOUT_WORDS)
    _closed(row, State(state), answer=answer, by=by, at=at)
    refused = row.state == State.REFUSED
    audit.record(Event.REQUEST_REFUSED if refused else Event.REQUEST_ANSWERED, about=row, right=row.kind)
    _write(row, Letter.REQUEST_REFUSED if refused else Letter.REQUEST_ANSWERED)
    return row


@transaction.atomic
def fulfil(request: PersonRequest, *, at: datetime) -> None:
    """Close a request for a copy, which lies there to be fetched. One that was closed meanwhile stays as it is."""
    row = PersonRequest.objects.select_for_update().get(pk=request.pk)
    if row.state == State.OPEN:
        _closed(row, State.ANSWERED, answer="", by=None, at=at)
        audit.record(Event.REQUEST_ANSWERED, about=row, right=row.kind)
    _write(row, Letter.PACKAGE_READY)


@transaction.atomic
def withdraw(request: PersonRequest, *, by: User, at: datetime) -> None:
    """Take a request back."""
    row = _open(request)
    _closed(row, State.WITHDRAWN, answer="", by=by, at=at)
    audit.record(Event.REQUEST_WITHDRAWN, about=row, right=row.kind)


@transaction.atomic
def lift(limit: ProcessingLimit, *, at: datetime) -> None:
    """End a limit. Of a restriction the person is told before (art. 18(3)): by the letter that this sends."""
    row = ProcessingLimit.objects.select_for_update().select_related("request").get(pk=limit.pk)
    if row.until is None:
        row.until = at
        row.save(update_fields=["until"])
        audit.record(Event.LIMIT_ENDED, about=row.driver, right=row.kind)
        _write(row.request, Letter.LIMIT_LIFTED)


def _limit(request: PersonRequest, *, by: User, at: datetime) -> None:
    """Limit the use of the driver's data, and take back what they had agreed to: it is used for that no more."""
    driver, kind = request.driver, AT_ONCE[Kind(request.kind)]
    ProcessingLimit.objects.get_or_create(
        driver=driver, kind=kind, until=None, defaults={"request": request, "since": at}
    )
    audit.record(Event.LIMIT_BEGAN, about=driver, right=kind.value)
    is_own = driver.user_id == by.pk
    for question in asked.questions(driver, language=""):
        if question.is_given or question.is_asked_again:
            consents.record(
                driver,
                question.purpose,
                ConsentEvent.Decision.WITHDRAWN,
                channel=ConsentEvent.Channel.PORTAL if is_own else ConsentEvent.Channel.STAFF,
                at=at,
                language=question.notice.language,
                by=by,
            )


def _open(request: PersonRequest) -> PersonRequest:
    row = PersonRequest.objects.select_for_update().select_related("driver").get(pk=request.pk)
    if row.state != State.OPEN:
        raise Refused(Code.REQUEST_CLOSED)
    return row


def _closed(row: PersonRequest, state: PersonRequest.State, *, answer: str, by: User | None, at: datetime) -> None:
    row.state, row.answer, row.closed_at, row.closed_by_id = state, answer, at, by.pk if by else None
    row.save(update_fields=["state", "answer", "closed_at", "closed_by_id"])


def _write(request: PersonRequest, letter: Letter) -> None:
    """Write to the person, in their language, where there is a mailbox."""
    driver = Driver.objects.select_related("user", "identity").get(pk=request.driver_id)
    operator = Operator.objects.get(pk=request.operator_id)
    if driver.user is not None:
        mail.send(
            driver.user,
            letter,
            operator=operator,
            right=request.kind,
            received=request.received_on,
            until=request.due_on,
            reason=request.extension_reason,
            answer=request.answer,
        )
    elif driver.identity and driver.identity.email:
        mail.send_to_address(
            driver.identity.email,
            letter,
            operator=operator,
            known_as=f"driver {driver.pk}",
            right=request.kind,
            received=request.received_on,
            until=request.due_on,
            reason=request.extension_reason,
            answer=request.answer,
        )
