"""Files for accounting that are made by themselves, and how they reach who they are for.

On its day a timetable asks for the file of the week or month before, as a person would. When it is made it is handed
over on its way (`billing.e_invoices.ways`, decision 51): into a folder of this server or of somebody's SFTP server, or
posted and signed; or one letter says where it can be fetched by who may. A letter leaves at most once.

An SFTP server is looked at when its timetable is added. Nothing is made for it before a person has confirmed that the
key it showed is its own, and nothing is sent to one that shows another.
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from billing.domain.errors import BillingError, Code
from billing.e_invoices.ways import Answer, Became, Parcel, Way
from billing.e_invoices.ways.folder import Folder
from billing.e_invoices.ways.https import Https
from billing.exports import formats
from billing.letters import Letter
from billing.models import Export, ExportDelivery, ExportTimetable
from billing.services import exports, letter_steps
from billing.services.exports import How, TooManyExports
from billing.services.sendings import FIRST_PAUSE, LONGEST_PAUSE, MOST_FAILURES
from billing.sql.documents import month as whole_month
from tenants import outside, sealed_content, work
from tenants.models import Membership, Operator, User
from tenants.outside import NotReached, SftpTarget
from tenants.scoping import current_operator_id, tenant_scope
from tenants.services import mail

#: Why a letter waits: the mail server is not there, or does not take it now.
_NO_MAIL_SERVER: Final = "mail_server"
#: What the secret of an address is sealed as.
_SECRET: Final = "export_timetable"  # noqa: S105
#: The largest file that is handed over; a larger one is fetched.
LARGEST: Final = 100_000_000
_TYPES: Final = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Every, To = ExportTimetable.Every, ExportTimetable.To


def has_folder() -> bool:
    """Whether this instance has a folder for files."""
    return bool(settings.E_INVOICE_FOLDER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a timetable makes, how often, and where it goes.

    address: of an address or an SFTP server alone; password: of such a server, none where it knows us by a key.
    """

    kind: str
    form: str
    dated_by: str
    every: str
    to: str
    address: str = ""
    password: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def add(wanted: Wanted, *, by: User, at: datetime) -> tuple[ExportTimetable, str]:
    """Add a timetable; return it and the secret of its address, which is shown once.

    Raises:
        ValueError: the kind is not written so, or does not go by such days.
        BillingError: it goes by months and is to be made every week.
        Refused: the address is none.
        NotReached: no SFTP server is there.
    """
    if wanted.dated_by not in formats.of(wanted.kind, wanted.form).base.within:
        raise ValueError(f"{wanted.kind} does not go by {wanted.dated_by}.")
    if wanted.dated_by == Export.DatedBy.CHARGED and wanted.every == Every.WEEK:
        raise BillingError(Code.TIMETABLE_OF_MONTHS, field="every", value=wanted.every)
    secret, more, facts = "", {}, asdict(wanted)
    sealed = facts.pop("password")
    if wanted.to == To.HTTPS:
        outside.target(wanted.address)
        sealed = secret = secrets.token_hex(32)
    elif wanted.to == To.SFTP:
        more = _shown_by(outside.sftp_target(wanted.address))
        if not sealed:
            sealed, more["public_key"] = _sftp().new_key()
    row = ExportTimetable.objects.create(
        **facts,
        **more,
        secret=sealed_content.seal(sealed.encode(), about=_SECRET) if sealed else b"",
        next_on=after(wanted.every, _today(at)),
        asked_by=by,
    )
    return row, secret


def confirm(row: ExportTimetable, fingerprint: str, *, at: datetime) -> None:
    """Note that a person knows the server by this fingerprint. From now on files go there.

    Raises:
        BillingError: it is not the one that the server showed last.
    """
    if fingerprint != row.fingerprint:
        raise BillingError(Code.FINGERPRINT_CHANGED, field="fingerprint", value=row.fingerprint)
    row.confirmed_at = at
    row.save(update_fields=["confirmed_at"])


def look_again(row: ExportTimetable) -> None:
    """Ask the server for its key. Where it is another one, somebody has to confirm it before more goes there.

    Raises:
        NotReached: nobody is there.
    """
    shown = _shown_by(outside.sftp_target(row.address))
    if shown["host_key"] == row.host_key:
        return
    row.host_key, row.fingerprint, row.confirmed_at = shown["host_key"], shown["fingerprint"], None
    row.save(update_fields=["host_key", "fingerprint", "confirmed_at"])


def _shown_by(target: SftpTarget) -> dict[str, str]:
    """The key that a server shows."""
    sftp = _sftp()
    key = sftp.host_key(target)
    return {"host_key": key, "fingerprint": sftp.fingerprint(key)}


def _sftp() -> Any:
    """The way that is loaded where it is needed alone, as its library is large."""
    return import_module("billing.e_invoices.ways.sftp")


def end(row: ExportTimetable, *, at: datetime) -> None:
    """Make no more files by it. What it has made is still handed over."""
    row.ended_at = at
    row.save(update_fields=["ended_at"])


def after(every: str, day: date) -> date:
    """The next day on which something is made: a Monday, or the first of a month."""
    if every == Every.WEEK:
        return day + timedelta(days=7 - day.weekday())
    return whole_month(day)[1] + timedelta(days=1)


def days_before(every: str, day: date) -> tuple[date, date]:
    """The week or month that is over when the day begins."""
    last = day - timedelta(days=1)
    return (day - timedelta(days=7), last) if every == Every.WEEK else (last.replace(day=1), last)


def ask_due(*, at: datetime) -> int:
    """Ask for the files of all timetables whose day has come; return how many. What is too much waits."""
    today, count = _today(at), 0
    due = ExportTimetable.objects.filter(ended_at=None, next_on__lte=today).select_related("asked_by")
    due = due.exclude(to=To.SFTP, confirmed_at=None)
    for row in due.select_for_update(of=("self",), skip_locked=True).order_by("pk"):
        try:
            _ask(row, row.next_on, by=row.asked_by, at=at)
        except TooManyExports:
            continue
        row.next_on = after(row.every, row.next_on)
        row.save(update_fields=["next_on"])
        count += 1
    return count


def try_now(row: ExportTimetable, *, by: User, at: datetime) -> Export:
    """Have the file of the last week or month that is over made and sent now, as on its day, which stays.

    Returns:
        The file that is being made; one that is not ready yet serves again.

    Raises:
        BillingError: nobody has confirmed whose server it goes to, or what the kind needs is missing.
        TooManyExports: too many were asked for.
    """
    if row.waits_for_confirmation:
        raise BillingError(Code.SERVER_NOT_CONFIRMED, field="address", value=row.address)
    today = _today(at)
    begun = today - timedelta(days=today.weekday()) if row.every == Every.WEEK else today.replace(day=1)
    return _ask(row, begun, by=by, at=at)


def _ask(row: ExportTimetable, day: date, *, by: User | None, at: datetime) -> Export:
    """Ask for the file that a timetable makes on this day."""
    days = days_before(row.every, day)
    how = How(options=row.options, timetable=row)
    return exports.request(
        kind=row.kind, form=row.form, month=days[0], days=days, dated_by=row.dated_by, by=by, at=at, how=how
    )


def _today(at: datetime) -> date:
    return at.astimezone(Operator.objects.get(pk=current_operator_id()).zone).date()


def deliver(operator_id: int, row: ExportDelivery, *, clock: Callable[[], datetime]) -> None:
    """Hand one file over, or tell of it."""
    with tenant_scope(operator_id):
        export = Export.objects.select_related("timetable__asked_by").get(pk=row.export_id)
        timetable = export.timetable
        assert timetable is not None
        is_letter = timetable.to == To.LINK
        message = _letter(row, export, timetable) if is_letter else None
    if is_letter:
        _tell(operator_id, row, message, clock=clock)
    else:
        _hand_over(operator_id, row, export, timetable, clock=clock)


def _hand_over(
    operator_id: int, row: ExportDelivery, export: Export, timetable: ExportTimetable, *, clock: Callable[[], datetime]
) -> None:
    """Hand the file over on its way, once."""
    with tenant_scope(operator_id):
        way = _way(timetable)
        if way is None:
            reason = "host_key_unseen" if timetable.waits_for_confirmation else "folder"
            work.keep(row, at=clock(), reason=reason)
            work.put_back(row, until=clock() + LONGEST_PAUSE)
            return
        parcel = _parcel(row, export, at=clock())
    if parcel is None:
        with tenant_scope(operator_id):
            work.fail(row, Code.DELIVERY_TOO_LARGE)
        return
    try:
        # Nothing of ours is locked while somebody else is waited for.
        answer = way.ask(parcel) if row.begun_at else None
        if answer is None:
            way.prepare(parcel)
            with tenant_scope(operator_id):
                work.keep(row, at=clock(), begun_at=row.begun_at or clock())
            answer = way.send(parcel)
    except NotReached as problem:
        _later(operator_id, row, problem.code, at=clock())
        return
    with tenant_scope(operator_id):
        _note(row, answer, at=clock())


def _way(timetable: ExportTimetable) -> Way | None:
    if timetable.to == To.HTTPS:
        secret = sealed_content.unseal(bytes(timetable.secret), about=_SECRET)
        return Https(outside.target(timetable.address), secret)
    if timetable.to == To.SFTP:
        return None if timetable.waits_for_confirmation else _sftp_way(timetable)
    slug = Operator.objects.values_list("slug", flat=True).get(pk=timetable.operator_id)
    return Folder(Path(settings.E_INVOICE_FOLDER) / slug / "exports") if has_folder() else None


def _sftp_way(timetable: ExportTimetable) -> Way:
    secret = sealed_content.unseal(bytes(timetable.secret), about=_SECRET).decode()
    let_in = {"key" if timetable.public_key else "password": secret}
    way: Way = _sftp().Sftp(outside.sftp_target(timetable.address), timetable.host_key, **let_in)
    return way


def _parcel(row: ExportDelivery, export: Export, *, at: datetime) -> Parcel | None:
    """The file with its key; None where it is larger than what is handed over."""
    with default_storage.open(str(export.file.name), "rb") as file:
        content = file.read(LARGEST + 1)
    stem, _point, suffix = exports.file_name(export).rpartition(".")
    name = f"{stem}-{row.key}.{suffix}"
    kind = _TYPES.get(suffix, "application/octet-stream")
    return Parcel(str(row.key), name, content, at, kind) if len(content) <= LARGEST else None


def _later(operator_id: int, row: ExportDelivery, code: str, *, at: datetime) -> None:
    """Nobody is there: try again after a while. After many failures somebody has to look."""
    with tenant_scope(operator_id):
        if row.failures >= MOST_FAILURES:
            raise BillingError(Code.NOBODY_TAKES_FILE, field="reason", value=code)
        pause = min(FIRST_PAUSE * 2 ** min(row.failures, 10), LONGEST_PAUSE)
        work.keep(row, at=at, failures=row.failures + 1, reason=code)
        work.put_back(row, until=at + pause)


def _note(row: ExportDelivery, answer: Answer, *, at: datetime) -> None:
    if answer.became is Became.REFUSED:
        facts = {"field": "reason", "value": answer.code}
        work.fail(row, Code.DELIVERY_REFUSED, facts, reason=answer.code)
        return
    work.finish(row, reason="", failures=0, sent_at=at)


def _letter(row: ExportDelivery, export: Export, timetable: ExportTimetable) -> Any:
    """What is written to who asked for the timetable; the file is fetched by who may. None where nobody is there."""
    person, operator = timetable.asked_by, Operator.objects.get(pk=timetable.operator_id)
    if person is None or not mail.can_send() or not Membership.objects.filter(operator=operator, user=person).exists():
        return None
    return mail.letter_to(
        person.email,
        Letter.EXPORT_READY,
        operator=operator,
        language=person.language or operator.language,
        message_id=f"<{row.key}.{operator.slug}@wattledger>",
        export=export,
        downloads=export,
    )


def _tell(operator_id: int, row: ExportDelivery, message: Any, *, clock: Callable[[], datetime]) -> None:
    """Give the letter to the mail server, at most once (decision 53)."""
    if message is None or row.begun_at is not None:
        with tenant_scope(operator_id):
            work.fail(row, Code.DELIVERY_TO_NOBODY if message is None else letter_steps.NOT_KNOWN)
        return
    connection = mail.opened()
    if connection is None:
        _later(operator_id, row, _NO_MAIL_SERVER, at=clock())
        return
    try:
        with tenant_scope(operator_id):
            work.keep(row, at=clock(), begun_at=clock())
        answer = mail.hand_over(connection, message)
    finally:
        connection.close()
    _answered(operator_id, row, answer, at=clock())


def _answered(operator_id: int, row: ExportDelivery, answer: int | None, *, at: datetime) -> None:
    """Write down what the mail server said; one that refuses for now is asked again."""
    with tenant_scope(operator_id):
        if answer is None:
            work.fail(row, letter_steps.NOT_KNOWN)
        elif answer == 0:
            work.finish(row, reason="", failures=0, sent_at=at)
        elif answer >= letter_steps.PERMANENT:
            work.fail(row, letter_steps.REFUSED, {"answer": answer})
        else:
            work.keep(row, at=at, begun_at=None)
    if row.is_open:
        _later(operator_id, row, _NO_MAIL_SERVER, at=at)
