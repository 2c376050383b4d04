"""Files of payments: taken in, read apart, believed whole, then booked and matched a stretch at a time.

A file of an account that is not known as the operator's waits for a person: its references may well be the numbers of
the operator's own invoices. Known is what the settings name, and what an earlier file was booked of.

A file is booked from the first row that is not booked yet, so being killed and tried again changes nothing; a booking
of the bank's is never divided between two transactions. What another file has told before is counted as known; of the
same bytes, sent again, all is, and they are not read.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import PurePath
from typing import Any, Final

import orjson
from django.core.files import File
from django.db import connection, transaction
from django.db.models import F, Q

from billing.bank_files import apart
from billing.bank_files.told import Payment as TellsPayment
from billing.bank_files.told import UnreadablePayments
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import Invoice, Payment, PaymentFile
from billing.models.invoice import number_meant
from billing.services import for_books, ledger
from billing.sql import payments as sql
from tenants import joins, work
from tenants.company_numbers import compact
from tenants.identifiers import new_public_id
from tenants.log import audit
from tenants.models import Operator, User
from tenants.models.work import OPEN
from tenants.scoping import current_operator_id, tenant_scope

#: Payments booked in one transaction: as many, and what else belongs to the last booking.
STRETCH = 5_000
#: A booking of the bank's of a hundred thousand payments is put together in memory.
_IN_MEMORY: Final = "SET LOCAL work_mem = '64MB'"
#: How many files of an operator may wait.
MOST_OPEN: Final = 20
#: How far it is is told in thousandths, twice: read, then booked.
_PARTS: Final = 1_000
_TOLD_EVERY: Final = timedelta(seconds=1)

Clock = Callable[[], datetime]
#: So many lines go to PostgreSQL at once.
_SENT_TOGETHER: Final = 500
#: What PostgreSQL would take for more than a sign of a text.
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class TooManyPaymentFiles(BillingError):
    """So many files wait that another one has to."""

    usual = Code.TOO_MANY_PAYMENT_FILES


@transaction.atomic
def take_in(content: "File[bytes]", *, name: str, by: User | None, at: datetime) -> PaymentFile:
    """Keep a file and have it booked; the same file that waits already serves again.

    One that was booked before is done at once: its row says who sent it again, and what it told is known.

    Raises:
        TooManyPaymentFiles: so many wait already.
    """
    content.seek(0)
    digest = hashlib.file_digest(content, "sha256").hexdigest()
    unfinished = PaymentFile.objects.filter(OPEN)
    if found := unfinished.filter(file_sha256=digest).first():
        return found
    row = PaymentFile(file_name=PurePath(name).name[:200], file_sha256=digest, uploaded_by=by, queued_at=at)
    row.file_size = content.size
    if before := _booked_before(digest):
        return _known(row, before)
    if unfinished.count() >= MOST_OPEN:
        raise TooManyPaymentFiles(field="file", value=MOST_OPEN, most=MOST_OPEN)
    row.file.save(f"operators/{current_operator_id()}/payments/{row.public_id}", content, save=False)
    row.save()
    work.enqueue(row)
    return row


def _booked_before(digest: str) -> PaymentFile | None:
    """The file of these bytes that was booked whole, if it still lies there.

    Not where something was left out: whoever reads it anew may take that for a payment.
    """
    booked = PaymentFile.objects.filter(file_sha256=digest, state=PaymentFile.State.DONE, left_out={})
    row = booked.order_by("pk").first()
    return row if row is not None and row.file.storage.exists(str(row.file.name)) else None


def _known(row: PaymentFile, before: PaymentFile) -> PaymentFile:
    """Keep that a booked file came again. Its bytes lie where they did: what they tell is the same, and never goes."""
    row.file = before.file.name
    for name in ("form", "payments", "sums", "left_out", "accounts", "total"):
        setattr(row, name, getattr(before, name))
    row.known, row.done = row.payments, row.total
    row.state, row.finished_at = PaymentFile.State.DONE, row.queued_at
    row.save()
    _tell_booked(row)
    return row


def carry_out(operator_id: int, row: PaymentFile, *, clock: Clock) -> None:
    """Read and book a claimed file. One that cannot be believed fails with a code, and nothing of it is booked."""
    progress = _Progress(operator_id, row, clock)
    with tenant_scope(operator_id):
        ready = _ready(operator_id)
    try:
        with row.file.open("rb") as stored, apart.whole(stored.file, ready=ready, heard=progress.read) as whole:
            _book_all(operator_id, row, whole, progress)
    except UnreadablePayments as problem:
        with tenant_scope(operator_id):
            work.fail(row, problem.code, problem.facts, finished_at=clock())
            audit.record(Event.PAYMENTS_REFUSED, about=row, sha256=row.file_sha256, code=problem.code)


def _book_all(operator_id: int, row: PaymentFile, whole: apart.Whole, progress: "_Progress") -> None:
    told, clock = whole.told, progress.clock
    handled = row.booked + row.known
    with tenant_scope(operator_id):
        names = ("form", "payments", "sums", "left_out", "accounts")
        work.keep(row, at=clock(), **{name: getattr(told, name) for name in names})
        others = [] if handled or row.is_ours else _not_known(told.accounts)
    if others:  # what the file tells stays written down, for whoever is asked
        raise UnreadablePayments(Code.PAYMENT_FILE_ACCOUNTS, field="Acct", value=others[0], to_accounts=others)
    for stretch in _stretches(islice(whole.rows(), handled, None)):
        with tenant_scope(operator_id):
            # The count first: whoever has lost the claim books nothing.
            work.keep(row, at=clock())
            count, booked, matched = _book(operator_id, row, stretch, at=clock())
            handled += count
            counts = {"booked": F("booked") + booked, "known": F("known") + count - booked}
            PaymentFile.objects.filter(pk=row.pk).update(
                **counts, matched=F("matched") + matched, done=progress.booked(handled)
            )
    with tenant_scope(operator_id):
        row.refresh_from_db(fields=["booked", "known", "matched"])
        work.finish(row, finished_at=clock(), done=2 * _PARTS)
        _tell_booked(row)


def _tell_booked(row: PaymentFile) -> None:
    counted = {"payments": row.payments, "booked": row.booked, "known": row.known, "matched": row.matched}
    audit.record(Event.PAYMENTS_BOOKED, about=row, sha256=row.file_sha256, sums=row.sums, **counted)


def _not_known(accounts: Iterable[str]) -> list[str]:
    """Those of these accounts that are not known as the operator's; none where nothing is known yet."""
    operator = Operator.objects.get(pk=current_operator_id())
    ours = {_plain(each) for each in (operator.bankgiro, operator.iban) if each}
    before = PaymentFile.objects.filter(Q(state=PaymentFile.State.DONE) | Q(is_ours=True), accounts__isnull=False)
    ours.update(_plain(each) for found in before.values_list("accounts", flat=True) for each in found or ())
    return [each for each in accounts if _plain(each) not in ours] if ours else []


def _plain(account: str) -> str:
    """An account without signs, and a bankgiro without the zeros that files write before it."""
    return compact(account).lstrip("0")


@transaction.atomic
def confirm_accounts(row: PaymentFile, *, at: datetime) -> PaymentFile:
    """Note that a person knows the accounts of a file as the operator's, and have it booked.

    Raises:
        BillingError: it does not wait for that.
    """
    row = PaymentFile.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if row.state != PaymentFile.State.FAILED or row.error != Code.PAYMENT_FILE_ACCOUNTS:
        raise BillingError(Code.PAYMENT_FILE_UNASKED, field="file", value=str(row))
    row.is_ours, row.state, row.queued_at, row.finished_at = True, PaymentFile.State.WAITING, at, None
    row.error, row.error_facts, row.attempts, row.done, row.total = "", {}, 0, 0, 0
    row.save()
    work.enqueue(row)
    return row


def _stretches(lines: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """The payments in stretches that end where a booking does; each is to be taken before the next one."""
    rest = iter(lines)
    first = next(rest, None)
    while first is not None:
        stretch = _Stretch(first, rest)
        yield iter(stretch)
        first = stretch.next


class _Stretch:
    """Some payments, and the one after them."""

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._first, self._rest = first, rest
        self.next: bytes | None = None

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        count, entry = 1, _entry(self._first)
        for line in self._rest:
            if count >= STRETCH and _entry(line) != entry:
                self.next = line
                return
            count, entry = count + 1, _entry(line)
            yield line


def _entry(line: bytes) -> bytes:
    """Which booking a payment belongs to: the first column."""
    return line[: line.index(b"\t")]


def _book(operator_id: int, row: PaymentFile, stretch: Iterable[bytes], *, at: datetime) -> tuple[int, int, int]:
    """Book a stretch and match it by its references; return how many there were, are new, and matched whole.

    stretch: of the lines that `_ready` makes.
    """
    given: dict[str, Any] = {
        "operator": operator_id,
        "file": row.pk,
        "at": at,
        "series": Invoice._meta.get_field("series").default,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, given)
        cursor.execute(_IN_MEMORY)
        cursor.execute(sql.DROP)
        cursor.execute(sql.BEGIN)
        with cursor.connection.cursor() as raw:
            with raw.copy(sql.COPY) as copy:
                lines = iter(stretch)
                while together := b"".join(islice(lines, _SENT_TOGETHER)):
                    copy.write(together)
            count = raw.rowcount
        with joins.whole(cursor):
            cursor.execute(sql.FRESH, given)
            cursor.execute(sql.SHARE, given)
            cursor.execute(sql.LEFT)
            cursor.execute(sql.COUNT)
            booked, matched, matches = cursor.fetchone()
        if booked:
            cursor.execute(sql.BOOK, given)
            ledger.post_made(cursor, [ledger.Kind.PAYMENT, ledger.Kind.MATCH], at=at)
        cursor.execute(sql.DROP)
    if matches:
        for_books.seal_late_payers(matches)
    return count, booked, matched


def _ready(operator_id: int) -> Callable[[TellsPayment], bytes]:
    """Return what makes a line of the columns of `billing.sql.payments.BEGIN` of what a payment tells.

    What is sealed of it is sealed before it lies anywhere.
    """
    fields: list[Any] = [Payment._meta.get_field(each) for each in ("given", "text", "payer_name", "payer_account")]
    given, text, name, account = (field.sealer(Payment.OF) for field in fields)

    def row(payment: TellsPayment) -> bytes:
        numbers, parts = _meant(payment)
        public_id = new_public_id()
        of = str(public_id.int)
        values = (
            f"{payment.entry}",
            _escaped(payment.key),
            f"{payment.item}",
            f"{payment.amount}",
            _escaped(payment.currency),
            _escaped(payment.paid_on),
            _escaped(payment.to_account),
            _numbers(payment.parts),
            public_id.hex,
            _bytes(given.box(orjson.dumps(payment.references).decode() if payment.references else "", of)),
            _bytes(text.box(payment.text, of)),
            _bytes(name.box(payment.payer_name, of)),
            _bytes(account.box(payment.payer_account, of)),
            Payment.marks(payment.payer_account, operator_id)[0] if payment.payer_account else "",
            _numbers(numbers),
            _numbers(parts),
        )
        return "\t".join(values).encode() + b"\n"

    return row


@lru_cache(maxsize=100)
def _escaped(text: str) -> str:
    """A text as PostgreSQL reads it there: of a booking, so that the next payment has it again."""
    return text.translate(_ESCAPED)


def _bytes(box: bytes) -> str:
    """Bytes as PostgreSQL reads them in a line of values."""
    return f"\\\\x{box.hex()}"


def _numbers(numbers: list[int]) -> str:
    """A list of numbers, as PostgreSQL reads it there."""
    return f"{{{','.join(map(str, numbers))}}}"


def _meant(payment: TellsPayment) -> tuple[list[int], list[int]]:
    """The numbers of invoices that are meant beyond doubt, each with its part of the amount."""
    if payment.parts:
        if any(part * payment.amount <= 0 for part in payment.parts):
            return [], []  # something is taken off: a person looks at it
        pairs = zip(map(number_meant, payment.references), payment.parts, strict=True)
        known = [(number, part) for number, part in pairs if number is not None]
        return [number for number, _ in known], [part for _, part in known]
    meant = {number for number in map(number_meant, payment.references) if number is not None}
    return (list(meant), [payment.amount]) if len(meant) == 1 else ([], [])


class _Progress:
    """How far a file is, told now and then."""

    def __init__(self, operator_id: int, row: PaymentFile, clock: Clock) -> None:
        self.clock, self._operator_id, self._row = clock, operator_id, row
        self._told_at: datetime | None = None

    def read(self, at: int) -> None:
        """So many bytes have been read."""
        now = self.clock()
        if self._told_at is None or now >= self._told_at + _TOLD_EVERY:
            self._told_at = now
            with tenant_scope(self._operator_id):
                done = min(_PARTS, at * _PARTS // max(1, self._row.file_size))
                work.keep(self._row, at=now, done=done, total=2 * _PARTS)

    def booked(self, rows: int) -> int:
        """So many rows have been booked, in the same measure."""
        return _PARTS + rows * _PARTS // max(1, self._row.payments)
