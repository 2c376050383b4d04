"""The ledger as vouchers on the operator's accounts, for a file that an accounting program takes.

A file first takes the documents of its days that no file has taken (`claim`), write-offs and hosts' statements, and
what moved in the bank if it is asked for; then it says what it has taken: killed and begun again it says the same, and
two files asked for at once never hold the same document. Who asks for all documents of the days gets those that were
taken before as well.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from billing.exports import vouchers
from billing.exports.sie import PROFILES, STANDARD, Head, Voucher
from billing.exports.tables import Stretch
from billing.exports.vouchers import Entry, Event
from billing.models import BilledFee, Export, LedgerEntry
from billing.selectors import booking_accounts, ledger
from billing.selectors.booking_accounts import OF_FEES
from billing.sql.bookings import BEFORE, CLAIM, CLAIM_EVENTS, ENTRIES, EVENTS, OTHERS, WITHIN
from billing.sql.documents import bounds
from charging.models import Site
from tenants.models import Operator
from tenants.scoping import tenant_scope

#: What nobody else tells the accounting program, and what the bank may.
_ALWAYS: Final = (LedgerEntry.Kind.WRITE_OFF.value, LedgerEntry.Kind.STATEMENT.value)
_IN_BANK: Final = (LedgerEntry.Kind.PAYMENT.value, LedgerEntry.Kind.MATCH.value, LedgerEntry.Kind.PAYOUT.value)


class Books:
    """What one file says, read a stretch at a time, each in a scope of its own. step: says how far it is."""

    def __init__(
        self, operator: Operator, export: Export, stretches: list[Stretch], step: Callable[[int], None]
    ) -> None:
        self.operator, self.export, self.stretches, self.step = operator, export, stretches, step
        self.profile = PROFILES[export.options.get("program", STANDARD)]
        with tenant_scope(operator.pk):
            self.chart = booking_accounts.chart()
            self.sites = {site.pk: (_code(site), site.name) for site in Site.objects.order_by("pk")}

    @property
    def currency(self) -> str:
        """What they are booked in."""
        return self.operator.currency

    def head(self) -> Head:
        """What stands before the vouchers: all accounts and sites that they may name."""
        with tenant_scope(self.operator.pk):
            of_fees = set(BilledFee.objects.exclude(booking_account="").values_list("booking_account", flat=True))
        return Head(
            name=self.operator.legal_name or self.operator.name,
            organisation_number=self.operator.organisation_number,
            made_on=(self.export.as_of or self.export.created_at).astimezone(self.operator.zone).date(),
            accounts={
                **dict.fromkeys(of_fees, OF_FEES),
                **{self._own_number(account.number): account.name for account in self.chart},
            },
            sites=dict(self.sites.values()),
            years=_years(self.export),
        )

    def vouchers(self) -> Iterator[Voucher]:
        """The vouchers: of documents, one each or one a day; then of other kinds, one a day each."""
        entries = self._entries()
        yield from vouchers.of_days(entries) if self.export.by_day else vouchers.of_documents(entries)
        yield from vouchers.of_events(self._events())

    def _entries(self) -> Iterator[Entry]:
        for stretch in self.stretches:
            with tenant_scope(self.operator.pk), connection.cursor() as cursor:
                within = {"first": stretch.first, "last": stretch.last, "again": self.export.again}
                cursor.execute(_of(ENTRIES, self.export), {**_given(self.operator, self.export), **within})
                rows = cursor.fetchall()
                self.step(stretch.documents)
            yield from map(self._entry, rows)

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        document, name, kind, day, use, own_account, country, site, coins = row
        account = self._number(use, own_account, country)
        return Entry(document, name, kind, day, account, self._code(site), self._amount(coins))

    def _events(self) -> list[Event]:
        with tenant_scope(self.operator.pk), connection.cursor() as cursor:
            cursor.execute(EVENTS, {**_given(self.operator, self.export), "again": self.export.again})
            rows: list[tuple[date, str, str, str, str, int | None, int]] = cursor.fetchall()
        return [
            Event(day, kind, self._number(use, own, country), self._code(site), self._amount(coins))
            for day, kind, use, own, country, site, coins in rows
        ]

    def _code(self, site: int | None) -> str:
        return self.sites[site][0] if site is not None else ""

    def _number(self, use: str, own: str, country: str) -> str:
        return self._own_number(own or self.chart.account(use, country).number)

    def _own_number(self, number: str) -> str:
        return self.profile.instead.get(number, number)

    def _amount(self, coins: int) -> Decimal:
        return ledger.amount(int(coins), self.operator.currency)


def _years(export: Export) -> tuple[tuple[date, date], ...]:
    """The financial years that its days lie in, the last one first."""
    begins = int(export.options.get("year_begins") or 1)
    first, last = (day.year - (day.month < begins) for day in export.days)
    return tuple(
        (date(year, begins, 1), date(year + 1, begins, 1) - timedelta(days=1)) for year in range(last, first - 1, -1)
    )


def claim(operator: Operator, export: Export) -> dict[str, Any]:
    """Take the documents that are to stand in the file; return what is left out of it, for the person who asked.

    A file that is made again takes nothing: it says what the first one took. The scope is open, and closes before the
    file is written.
    """
    given = _given(operator, export)
    with connection.cursor() as cursor:
        if not export.repeats_id:
            cursor.execute(_of(CLAIM, export), given)
            cursor.execute(CLAIM_EVENTS, given)
        cursor.execute(_of(OTHERS, export), given)
        others = [name for (name,) in cursor.fetchall()]
        cursor.execute(_of(BEFORE, export), given)
        (before,) = cursor.fetchone() or (0,)
    return {"before": 0 if export.again else before, "numbers": others}


def _given(operator: Operator, export: Export) -> dict[str, Any]:
    told = {
        "operator": operator.pk,
        "export": export.repeats_id or export.pk,
        "currency": operator.currency,
        "kinds": [*_ALWAYS, *(_IN_BANK if export.payments else ())],
    }
    return {**told, **bounds(*export.days), "first": 0, "last": 2**62}


def _of(statement: str, export: Export) -> str:
    """A statement about the documents of the export's days."""
    return statement.format(within=WITHIN[export.dated_by])


def _code(site: Site) -> str:
    """What a site is called among cost centres: always the same, and short enough for any program."""
    return site.public_id.hex[-8:].upper()
