"""Charging sessions with what became of them in billing: price, bucket and invoice.

The floor below narrows sessions (`charging.selectors.sessions`); this module adds the money to whatever rows
it is given. A page, its totals and its export all come through here, so that their sums agree.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from billing.models import BilledSession, Invoice, SessionPrice
from billing.selectors.reconciliation import Bucket
from charging.models import ChargingSession
from charging.selectors import sessions

BATCH = 2000
Review = ChargingSession.Review


class Standing(models.TextChoices):
    """Where a session stands on its way to an invoice: the four buckets of `reconciliation`, told apart further."""

    INVOICED = "invoiced", _("invoiced")
    ZERO_PRICE = "zero_price", _("free")
    WRITTEN_OFF = "written_off", _("written off")
    PENDING = "pending", _("under review")
    PROBLEM = "problem", _("cannot be priced")
    WAITING = "waiting_for_run", _("to be invoiced")
    DRAFTED = "drafted", _("on a draft")
    UNRATED = "unrated", _("not priced yet")
    ACTIVE = "active", _("in progress")


BUCKETS: dict[Bucket, tuple[Standing, ...]] = {
    Bucket.INVOICED: (Standing.INVOICED,),
    Bucket.FREE: (Standing.ZERO_PRICE, Standing.WRITTEN_OFF),
    Bucket.UNDER_REVIEW: (Standing.PENDING, Standing.PROBLEM),
    Bucket.NOT_YET: (Standing.WAITING, Standing.DRAFTED, Standing.UNRATED, Standing.ACTIVE),
}
_OF_PRICE: dict[str, Standing] = {
    SessionPrice.State.PROBLEM.value: Standing.PROBLEM,
    SessionPrice.State.FREE.value: Standing.ZERO_PRICE,
    SessionPrice.State.PRICED.value: Standing.WAITING,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A session with its price and the invoice it stands on, if there are any."""

    session: ChargingSession
    price: SessionPrice | None = None
    invoice: Invoice | None = None

    @property
    def standing(self) -> Standing:
        """Where the session stands now."""
        return standing_of(
            review=self.session.review,
            state=self.session.state,
            invoice=self.invoice.state if self.invoice is not None else None,
            price=self.price.state if self.price is not None else None,
        )

    @property
    def bucket(self) -> Bucket:
        """The one of the four buckets that the session is in."""
        return next(bucket for bucket, parts in BUCKETS.items() if self.standing in parts)

    @property
    def duration_s(self) -> int | None:
        """Seconds from start to end; None while the session lasts."""
        ended_at = self.session.ended_at
        return None if ended_at is None else int((ended_at - self.session.started_at).total_seconds())

    @property
    def average_w(self) -> int | None:
        """Energy over the whole time, in W; None while either is not known."""
        if not self.duration_s or self.session.energy_wh is None:
            return None
        return self.session.energy_wh * 3600 // self.duration_s

    @property
    def amount(self) -> Decimal | None:
        """The price including VAT; None while there is none."""
        if self.price is None or self.price.state == SessionPrice.State.PROBLEM:
            return None
        return self.price.amount_incl_vat


class Row(NamedTuple):
    """A session for a long list: plain values, as a million model instances would take minutes."""

    external_id: str
    public_id: UUID
    source: str
    site: str
    time_zone: str
    station: str
    connector: str
    customer_number: str | None
    card_number: str | None
    card_uid: str | None
    started_at: datetime
    ended_at: datetime | None
    energy_wh: int | None
    state: str
    stop_reason: str
    review: str
    flags: list[str]
    price_state: str | None
    currency: str | None
    amount_excl_vat: Decimal | None
    amount_incl_vat: Decimal | None
    invoice_state: str | None
    invoice_series: str | None
    invoice_number: int | None

    @property
    def standing(self) -> Standing:
        """Where the session stands now."""
        return standing_of(review=self.review, state=self.state, invoice=self.invoice_state, price=self.price_state)

    @property
    def is_priced(self) -> bool:
        """Whether the amounts say what the session costs."""
        return self.price_state not in (None, SessionPrice.State.PROBLEM)


#: Where the values of a row stand, in its order.
_COLUMNS = {
    **{name: name for name in Row._fields},
    "site": "site__name",
    "time_zone": "site__time_zone",
    "station": "station__identifier",
    "connector": "connector__number",
    "customer_number": "driver__customer_number",
    "card_number": "token__visual_number",
    "card_uid": "token__uid",
    "price_state": "prices__state",
    "currency": "prices__currency",
    "amount_excl_vat": "prices__amount_excl_vat",
    "amount_incl_vat": "prices__amount_incl_vat",
    "invoice_state": "billed__invoice__state",
    "invoice_series": "billed__invoice__series",
    "invoice_number": "billed__invoice__number",
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a list. `amounts`: (currency, price including VAT) of the priced sessions."""

    sessions: int
    energy_wh: int
    duration_s: int
    amounts: Sequence[tuple[str, Decimal]]


def standing(rows: QuerySet[ChargingSession], where: str) -> QuerySet[ChargingSession]:
    """Keep the sessions that stand there: a `Standing` or a bucket. An empty or unknown `where` keeps all."""
    if where in Standing:
        return rows.filter(_CONDITIONS[Standing(where)]())
    if where in Bucket:
        return rows.filter(reduce(or_, (_CONDITIONS[part]() for part in BUCKETS[Bucket(where)])))
    return rows


def totals(rows: QuerySet[ChargingSession]) -> Totals:
    """Sum the rows in the database, exactly: nothing is rounded before the sum."""
    counted = sessions.totals(rows)
    return Totals(counted.sessions, counted.energy_wh, counted.duration_s, amounts(rows))


def amounts(rows: QuerySet[ChargingSession]) -> list[tuple[str, Decimal]]:
    """Sum the prices including VAT of the rows that have one, by currency."""
    prices = SessionPrice.objects.filter(session__in=rows.order_by().values("pk")).exclude(
        state=SessionPrice.State.PROBLEM
    )
    sums = prices.values_list("currency").annotate(Sum("amount_incl_vat")).order_by("currency")
    return list(sums)


def entries(rows: Iterable[ChargingSession]) -> list[Entry]:
    """Return the entries of these sessions, in their order. Two queries, and the one for the rows if it is open."""
    listed = list(rows)
    keys = [row.pk for row in listed]
    found = SessionPrice.objects.filter(session__in=keys).defer("lines")
    prices = {price.session_id: price for price in found}
    billed = BilledSession.objects.filter(session__in=keys, released_by__isnull=True).select_related("invoice")
    invoices = {row.session_id: row.invoice for row in billed}
    return [Entry(row, prices.get(row.pk), invoices.get(row.pk)) for row in listed]


def stream(rows: QuerySet[ChargingSession]) -> Iterator[Row]:
    """Yield any number of sessions, newest first, holding one batch in memory: one query, no model instances."""
    standing_on = FilteredRelation("billings", condition=Q(billings__released_by__isnull=True))
    found = rows.annotate(billed=standing_on).order_by("-started_at", "-pk").values_list(*_COLUMNS.values())
    return map(Row._make, found.iterator(chunk_size=BATCH))


def standing_of(*, review: str, state: str, invoice: str | None, price: str | None) -> Standing:
    """Tell where a session stands by its own states and those of its invoice and price, None when there is none.

    The same questions in the same order as in `reconciliation`.
    """
    if invoice == Invoice.State.ISSUED:
        return Standing.INVOICED
    if review in (Review.WRITTEN_OFF, Review.PENDING):
        return Standing(review)
    if state == ChargingSession.State.ACTIVE:
        return Standing.ACTIVE
    if invoice is not None:
        return Standing.DRAFTED
    return _OF_PRICE[price] if price is not None else Standing.UNRATED


def _on(**invoice: str) -> Q:
    rows = BilledSession.objects.filter(session=OuterRef("pk"), released_by__isnull=True, **invoice)
    return Q(Exists(rows))


def _priced(**price: str) -> Q:
    return Q(Exists(SessionPrice.objects.filter(session=OuterRef("pk"), **price)))


def _reviewed_as(review: str) -> Q:
    return Q(review=review) & ~_on(invoice__state=Invoice.State.ISSUED)


def _open() -> Q:
    """Closed, nobody's decision is needed, and on no invoice."""
    return _DECIDED & Q(state=ChargingSession.State.COMPLETED) & ~_on()


#: Nobody has to decide about the session, and nobody wrote it off.
_DECIDED = Q(review__in=[Review.NONE, Review.APPROVED])


_CONDITIONS: dict[Standing, Callable[[], Q]] = {
    Standing.INVOICED: lambda: _on(invoice__state=Invoice.State.ISSUED),
    Standing.ZERO_PRICE: lambda: _open() & _priced(state=SessionPrice.State.FREE),
    Standing.WRITTEN_OFF: lambda: _reviewed_as(Review.WRITTEN_OFF),
    Standing.PENDING: lambda: _reviewed_as(Review.PENDING),
    Standing.PROBLEM: lambda: _open() & _priced(state=SessionPrice.State.PROBLEM),
    Standing.WAITING: lambda: _open() & _priced(state=SessionPrice.State.PRICED),
    Standing.DRAFTED: lambda: _DECIDED & _on(invoice__state=Invoice.State.DRAFT),
    Standing.UNRATED: lambda: _open() & ~_priced(),
    Standing.ACTIVE: lambda: _DECIDED & Q(state=ChargingSession.State.ACTIVE),
}
