"""Vouchers of issued documents, one a document or one a day; and of each other kind of event, one a day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from billing.documents.words import SWEDISH
from billing.exports.sie import Row, Voucher

#: The series that vouchers of documents are numbered in; the accounting program gives the numbers.
SERIES: Final = "F"
#: Of other kinds of events (`LedgerEntry.Kind`): their series, and what a day of them is called.
OTHERS: Final = {
    "payment": ("I", "Inbetalningar"),
    "match": ("I", "Inbetalningar"),
    "write_off": ("K", "Kundförluster"),
    "statement": ("V", "Värdavräkningar"),
    "payout": ("U", "Utbetalningar till värdar"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a document comes to on an account, at a site (its code) or at none."""

    document: int
    name: str
    kind: str
    day: date
    account: str
    site: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Event:
    """What events of a kind on a day come to on an account, at a site (its code) or at none."""

    day: date
    kind: str
    account: str
    site: str
    amount: Decimal


def of_documents(entries: Iterable[Entry]) -> Iterator[Voucher]:
    """A voucher for each document; entries come in their order."""
    for _document, found in groupby(entries, key=lambda entry: entry.document):
        own = list(found)
        first = own[0]
        yield Voucher(SERIES, first.day, f"{SWEDISH[first.kind]} {first.name}", _rows(own, text=first.name))


def of_days(entries: Iterable[Entry]) -> Iterator[Voucher]:
    """A voucher for each day, with a row an account and site. As much stays in memory as there are of these."""
    days: dict[date, dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for entry in entries:
        days[entry.day][entry.account, entry.site] += entry.amount
    for day, amounts in sorted(days.items()):
        yield Voucher(SERIES, day, f"Fakturor {day}", _written(amounts, text=""))


def of_events(events: Iterable[Event]) -> Iterator[Voucher]:
    """A voucher for each day and series in which something happened; events come by day."""
    for day, found in groupby(events, key=lambda event: event.day):
        series: dict[tuple[str, str], dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for event in found:
            series[OTHERS[event.kind]][event.account, event.site] += event.amount
        for (code, name), amounts in series.items():
            if rows := _written(amounts, text=""):
                yield Voucher(code, day, f"{name} {day}", rows)


def _rows(entries: Iterable[Entry], *, text: str) -> tuple[Row, ...]:
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        amounts[entry.account, entry.site] += entry.amount
    return _written(amounts, text=text)


def _written(amounts: Mapping[tuple[str, str], Decimal], *, text: str) -> tuple[Row, ...]:
    return tuple(Row(account, amount, site, text) for (account, site), amount in amounts.items() if amount)
