"""Charging sessions with what became of them in billing: price, bucket and invoice.

The floor below narrows sessions (`charging.selectors.sessions`); this module adds the money to whatever rows
it is given. A page, its totals and its export all come through here, so that their sums agree.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Sum

from billing.models import BilledSession, Invoice, SessionPrice
from billing.models.billing_status import BUCKET_OF, BUCKETS, RULES, BillingStatus, Bucket, Fact, status_of
from billing.models.invoice import IN_FORCE
from charging.models import ChargingSession, Token
from charging.selectors import sessions
from tenants.sealed_fields import Person, Sealed, together

BATCH = 2000
_MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A session with its price and the invoice it stands on, if there are any."""

    session: ChargingSession
    price: SessionPrice | None = None
    invoice: Invoice | None = None

    @property
    def status(self) -> BillingStatus:
        """Where the session stands now."""
        return status_of(
            review=self.session.review,
            state=self.session.state,
            invoice=self.invoice.state if self.invoice is not None else None,
            price=self.price.state if self.price is not None else None,
        )

    @property
    def bucket(self) -> Bucket:
        """The one of the four buckets that the session is in."""
        return BUCKET_OF[self.status]

    @property
    def duration_s(self) -> int | None:
        """Seconds from start to end; None while the session lasts."""
        ended_at = self.session.ended_at
        return None if ended_at is None else int((ended_at - self.session.started_at).total_seconds())

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
    station_name: str
    connector: str
    customer_number: str | None
    driver_name: str | None
    card_number: str | None
    card_uid: str | None
    card_id: UUID | None
    card_driver_id: int | None
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
    def status(self) -> BillingStatus:
        """Where the session stands now."""
        return status_of(review=self.review, state=self.state, invoice=self.invoice_state, price=self.price_state)

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
    "station_name": "station__name",
    "connector": "connector__number",
    "customer_number": "driver__customer_number",
    "driver_name": "driver__identity__name",
    "card_number": "token__visual_number",
    "card_uid": "token__uid",
    "card_id": "token__public_id",
    "card_driver_id": "token__driver_id",
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


def having(rows: QuerySet[ChargingSession], where: str) -> QuerySet[ChargingSession]:
    """Keep the sessions that stand there: a `BillingStatus` or a `Bucket`. An empty or unknown `where` keeps all.

    What it costs: a review or a session in progress is read from an index of its own. The rest walks the sessions of
    `rows`, newest first, and looks up price and ledger of each, so a status that few of very many sessions have takes
    as long as the stretch of time that `rows` is bounded to.
    """
    if where in BillingStatus:
        return rows.filter(condition(BillingStatus(where)))
    if where in Bucket:
        return rows.filter(reduce(or_, (condition(part) for part in BUCKETS[Bucket(where)])))
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
    billed = BilledSession.objects.filter(IN_FORCE, session__in=keys).select_related("invoice")
    invoices = {row.session_id: row.invoice for row in billed}
    return [Entry(row, prices.get(row.pk), invoices.get(row.pk)) for row in listed]


def stream(rows: QuerySet[ChargingSession]) -> Iterator[Row]:
    """Yield any number of sessions in their order, holding one batch in memory: one query, no model instances."""
    standing_on = FilteredRelation("billings", condition=Q(billings__released_by__isnull=True))
    found = rows.annotate(billed=standing_on).values_list(*_COLUMNS.values())
    return _named(together(map(Row._make, found.iterator(chunk_size=BATCH)), at_once=BATCH))


def _named(rows: Iterable[Row]) -> Iterator[Row]:
    """Open the names of drivers and the numbers of cards, each once as long as a batch's come again."""
    known: dict[bytes, str] = {}
    for row in rows:
        name: Any = row.driver_name
        opened: dict[str, Any] = {}
        if isinstance(name, Sealed):
            opened["driver_name"] = _text(name, known, None)
        if row.card_id is not None:
            whose = Token.whose(row.card_driver_id, row.card_id)
            numbers: dict[str, Any] = {"card_number": row.card_number, "card_uid": row.card_uid}
            opened |= {key: _text(text, known, whose) for key, text in numbers.items() if isinstance(text, Sealed)}
        yield row._replace(**opened) if opened else row


def _text(sealed: Sealed, known: dict[bytes, str], of: Person | None) -> str:
    if sealed.box not in known:
        if len(known) > _MOST_KNOWN:
            known.clear()
        known[sealed.box] = sealed.open(of=of)
    return known[sealed.box]


def condition(status: BillingStatus) -> Q:
    """The rule of the status holds, and none of those before it."""
    index = next((index for index, rule in enumerate(RULES) if rule.status == status), len(RULES))
    found, own = Q(), None
    if index < len(RULES):
        own = RULES[index].fact
        found = _has(own, {RULES[index].value})
    for fact in Fact:
        values = {rule.value for rule in RULES[:index] if rule.fact is fact}
        if values and fact is not own:  # a fact has one value
            found &= _has_none(fact, values)
    return found


_VALUES = {
    Fact.INVOICE: set(Invoice.State.values),
    Fact.REVIEW: set(ChargingSession.Review.values),
    Fact.STATE: set(ChargingSession.State.values),
    Fact.PRICE: set(SessionPrice.State.values),
}


def _has(fact: Fact, values: Collection[str]) -> Q:
    if fact is Fact.INVOICE:
        rows = BilledSession.objects.filter(IN_FORCE, session=OuterRef("pk"))
        return Q(Exists(rows if values == _VALUES[fact] else rows.filter(_one_of("invoice__state", values))))
    if fact is Fact.PRICE:
        prices = SessionPrice.objects.filter(session=OuterRef("pk"))
        return Q(Exists(prices if values == _VALUES[fact] else prices.filter(_one_of("state", values))))
    return _one_of(fact.value, values)


def _has_none(fact: Fact, values: set[str]) -> Q:
    """Neither of these values; what a session itself says is asked by the others, which an index can answer."""
    return ~_has(fact, values) if fact in (Fact.INVOICE, Fact.PRICE) else _has(fact, _VALUES[fact] - values)


def _one_of(name: str, values: Collection[str]) -> Q:
    return Q(**{name: next(iter(values))}) if len(values) == 1 else Q(**{f"{name}__in": sorted(values)})
