"""Charging sessions with what became of them in billing: price, bucket and invoice.

The floor below narrows sessions (`charging.selectors.sessions`); this module adds the money to whatever rows
it is given. A page, its totals and its export all come through here, so that their sums agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from billing.models import BilledSession, Invoice, SessionPrice
from charging.models import ChargingSession
from charging.selectors import sessions

BATCH = 2000
Review = ChargingSession.Review


class Standing(models.TextChoices):
    """Where a session stands on its way to an invoice: the four buckets, the third and fourth told apart further."""

    INVOICED = "invoiced", _("invoiced")
    FREE = "free", _("free")
    WRITTEN_OFF = "written_off", _("written off")
    UNDER_REVIEW = "under_review", _("under review")
    PROBLEM = "problem", _("cannot be priced")
    PRICED = "priced", _("to be invoiced")
    UNPRICED = "unpriced", _("not priced yet")
    ACTIVE = "active", _("in progress")


@dataclass(frozen=True, slots=True)
class Entry:
    """A session with its price and the invoice it stands on, if there are any."""

    session: ChargingSession
    price: SessionPrice | None = None
    invoice: Invoice | None = None

    @property
    def standing(self) -> Standing:
        """Where the session stands now."""
        if self.invoice is not None:
            return Standing.INVOICED
        if self.session.state == ChargingSession.State.ACTIVE:
            return Standing.ACTIVE
        if self.session.review == Review.PENDING:
            return Standing.UNDER_REVIEW
        if self.session.review == Review.WRITTEN_OFF:
            return Standing.WRITTEN_OFF
        return Standing(self.price.state) if self.price is not None else Standing.UNPRICED

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


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a list. `amounts`: (currency, price including VAT) of the priced sessions."""

    sessions: int
    energy_wh: int
    duration_s: int
    amounts: Sequence[tuple[str, Decimal]]


def standing(rows: QuerySet[ChargingSession], where: str) -> QuerySet[ChargingSession]:
    """Keep the sessions that stand there. An empty or unknown `where` keeps all."""
    conditions = _CONDITIONS.get(where)
    return rows.filter(*conditions()) if conditions else rows


def totals(rows: QuerySet[ChargingSession]) -> Totals:
    """Sum the rows in the database, exactly: nothing is rounded before the sum."""
    counted = sessions.totals(rows)
    prices = SessionPrice.objects.filter(session__in=rows.order_by().values("pk")).exclude(
        state=SessionPrice.State.PROBLEM
    )
    sums = prices.values_list("currency").annotate(Sum("amount_incl_vat")).order_by("currency")
    return Totals(counted.sessions, counted.energy_wh, counted.duration_s, [(c, a) for c, a in sums])


def entries(rows: Sequence[ChargingSession]) -> list[Entry]:
    """Return the entries of these sessions, in their order. Two queries."""
    keys = [row.pk for row in rows]
    found = SessionPrice.objects.filter(session__in=keys).defer("lines")
    prices = {price.session_id: price for price in found}
    billed = BilledSession.objects.filter(session__in=keys, released_by__isnull=True).select_related("invoice")
    invoices = {row.session_id: row.invoice for row in billed}
    return [Entry(row, prices.get(row.pk), invoices.get(row.pk)) for row in rows]


def stream(rows: QuerySet[ChargingSession]) -> Iterator[Entry]:
    """Yield the entries of any number of sessions, newest first, holding one batch in memory."""
    found = sessions.shown(rows).order_by("-started_at", "-pk").iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        yield from entries(batch)


def _billed() -> Exists:
    return Exists(BilledSession.objects.filter(session=OuterRef("pk"), released_by__isnull=True))


def _priced_as(state: str) -> Exists:
    return Exists(SessionPrice.objects.filter(session=OuterRef("pk"), state=state))


def _open(review: Q = ~Q(review__in=[Review.PENDING, Review.WRITTEN_OFF])) -> list[Q | Exists]:  # noqa: B008
    return [Q(state=ChargingSession.State.COMPLETED), review, ~_billed()]


_CONDITIONS = {
    Standing.INVOICED: lambda: [_billed()],
    Standing.FREE: lambda: [*_open(), _priced_as(SessionPrice.State.FREE)],
    Standing.WRITTEN_OFF: lambda: _open(Q(review=Review.WRITTEN_OFF)),
    Standing.UNDER_REVIEW: lambda: _open(Q(review=Review.PENDING)),
    Standing.PROBLEM: lambda: [*_open(), _priced_as(SessionPrice.State.PROBLEM)],
    Standing.PRICED: lambda: [*_open(), _priced_as(SessionPrice.State.PRICED)],
    Standing.UNPRICED: lambda: [*_open(), ~Exists(SessionPrice.objects.filter(session=OuterRef("pk")))],
    Standing.ACTIVE: lambda: [Q(state=ChargingSession.State.ACTIVE)],
}
