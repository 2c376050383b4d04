"""Drafts held against the terms of now: sessions with another version, another payer or another VAT than was drafted.

It is the one comparison for whoever asks before a run is issued (`billing.selectors.run_checks`), and for what is
priced anew once it is discarded (`billing.services.drafted_prices`). A batch at a time is in memory.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson
from django.db.models import QuerySet

from billing import batches
from billing.models import BilledSession, Invoice, SessionPrice
from billing.models.invoice import IN_FORCE
from billing.selectors import terms
from billing.selectors.pricing import priced_groups
from billing.selectors.terms import PriceBook
from tenants.scoping import current_operator_id

BATCH: Final = 20_000
#: Where the lines stand in a row for COPY (`billing.batches.priced`).
_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Of a batch of drafted sessions those with another version, another payer or another VAT by now."""

    version: list[int]
    payer: list[int]
    vat: list[int]

    @property
    def sessions(self) -> set[int]:
        """All of them."""
        return {*self.version, *self.payer, *self.vat}


def otherwise(drafts: QuerySet[Invoice], *, dealers: Collection[int] = ()) -> Iterator[Otherwise]:
    """Hold the sessions of these drafts against the terms of now, a batch at a time.

    dealers: accounts of whom it was changed how they resell: on their drafts VAT is looked at, and only there.
    """
    rows = BilledSession.objects.filter(IN_FORCE, invoice__in=drafts.values("pk"))
    found = rows.values_list("session", "invoice__account", "session__prices__tariff_version").iterator(BATCH)
    book: PriceBook | None = None
    while part := list(islice(found, BATCH)):
        book = book or terms.price_book()
        yield _held(book, part, dealers)


def _held(book: PriceBook, part: Sequence[tuple[int, int, int | None]], dealers: Collection[int]) -> Otherwise:
    batch = batches.read(current_operator_id(), [session for session, _, _ in part])
    versions, chosen = book.choose(batch)
    by = [versions[number].pk if number >= 0 else None for number in chosen.tolist()]
    now = dict(zip(batch.id.tolist(), zip(by, batch.payer.tolist(), strict=True), strict=True))
    return Otherwise(
        version=[session for session, _, version in part if now[session][0] != version],
        payer=[session for session, account, _ in part if now[session][1] != account],
        vat=taxed_otherwise(book, [session for session, account, _ in part if account in dealers]),
    )


def taxed_otherwise(book: PriceBook, session_ids: Sequence[int]) -> list[int]:
    """Those of the sessions that would have lines of other rates: they are priced as whoever rates them would."""
    if not session_ids:
        return []
    batch, now = batches.read(current_operator_id(), session_ids), dict[int, set[Any]]()
    for rows, needed, rated in priced_groups(book, batch, *book.choose(batch)):
        priced = batches.priced(rated, ids=batch.id[rows], versions=[version.pk for version in needed])
        for fields in (row.split("\t") for row in priced.splitlines()):
            now[int(fields[0])] = _rates(orjson.loads(fields[_LINES]))
    was = SessionPrice.objects.filter(session__in=session_ids).values_list("session", "lines")
    return [session for session, lines in was if now.get(session) != _rates(lines)]


def _rates(lines: Sequence[dict[str, Any]]) -> set[Any]:
    """The rates of VAT of lines, each with whether the prices include it; no rate is another than 0 %."""
    return {(line["vat_rate"], bool(line.get("tax_included"))) for line in lines}
