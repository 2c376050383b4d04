"""Working out the effect of a draft, in the background: a batch of the month's sessions at a time.

Stepped: each batch has a scope of its own, so how far it is shows, and other work comes in between.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from django.db.models import Q

from billing import batches
from billing.batches import DIGITS
from billing.domain.calendar import month_bounds
from billing.models import PriceEffect, SessionPrice, TariffVersion
from billing.selectors import terms
from billing.selectors.pricing import priced_groups
from billing.selectors.terms import PriceBook
from billing.services.effects import Tally
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants import work
from tenants.models import Operator
from tenants.scoping import current_operator_id, tenant_scope

BATCH = 20_000
EVER = datetime(1970, 1, 1, tzinfo=UTC)
_PRICED = (SessionPrice.State.PRICED, SessionPrice.State.FREE)

Clock = Callable[[], datetime]
Place = tuple[datetime, int]


def work_out(operator_id: int, row: PriceEffect, *, clock: Clock) -> None:
    """Work out one effect. A draft that has changed meanwhile leaves it empty: it is asked for anew."""
    with tenant_scope(operator_id):
        draft = TariffVersion.objects.filter(tariff=row.tariff_id, document_sha256=row.document_sha256).last()
        if draft is None:
            return
        begin, end = month_bounds(row.month, Operator.objects.get(pk=operator_id).time_zone)
        sessions = Q(started_at__gte=begin, started_at__lt=end, ended_at__isnull=False)
        book = _book(draft, clock())
        tally = Tally(terms.terms([draft])[0].currency)
        total = ChargingSession.objects.filter(sessions).count()
        work.keep(row, at=clock(), done=0, total=total)
    place: Place | None = None
    done = 0
    while True:
        with tenant_scope(operator_id), limited_to(None):
            found = list(_next(sessions, place))
            if not found:
                work.finish(row, result=tally.stored(), finished_at=clock())
                return
            _count(tally, book, draft, [pk for _, pk in found])
            place = found[-1]
            done += len(found)
            work.keep(row, at=clock(), done=done)


def _book(draft: TariffVersion, at: datetime) -> PriceBook:
    """What would decide prices if the draft were in force, and its tariff applied where it does by now, ever since."""
    book = terms.price_book()
    now, tariff = int(at.timestamp()), draft.tariff_id
    rules = tuple(replace(rule, since=0) if rule.tariff == tariff and rule.until > now else rule for rule in book.rules)
    draft.valid_from = EVER
    return replace(book, rules=rules, versions={**book.versions, tariff: (draft,)})


def _next(sessions: Q, place: Place | None) -> Iterator[Place]:
    """The next sessions of the month, by their start."""
    rows = ChargingSession.objects.filter(sessions)
    if place is not None:
        rows = rows.filter(Q(started_at__gt=place[0]) | Q(started_at=place[0], pk__gt=place[1]))
        rows = rows.filter(started_at__gte=place[0])
    return rows.order_by("started_at", "pk").values_list("started_at", "pk")[:BATCH].iterator()


def _count(tally: Tally, book: PriceBook, draft: TariffVersion, session_ids: list[int]) -> None:
    """Price those of the sessions that the draft would price, and count them beside their old amounts."""
    batch = batches.read(current_operator_id(), session_ids)
    versions, chosen = book.choose(batch)
    reached = np.zeros(len(batch), dtype=np.bool_)
    for number, version in enumerate(versions):
        if version is draft:
            reached |= chosen == number
    reached &= batch.driver != 0
    ids = batch.id[reached].tolist()
    stored = SessionPrice.objects.filter(session__in=ids, state__in=_PRICED, currency=tally.currency)
    old = {key: int(amount.scaleb(DIGITS)) for key, amount in stored.values_list("session_id", "amount_incl_vat")}
    tally.unpriced += len(ids) - len(old)
    only = np.where(reached, chosen, terms.NO_TARIFF)
    for rows, _, rated in priced_groups(book, batch, versions, only):
        good = np.flatnonzero(batches.billable(rated))
        new = batches.incl_units(rated)[good].tolist()
        named = zip(batch.id[rows][good].tolist(), batch.site[rows][good].tolist(), new, strict=True)
        tally.take((session, site, old[session], amount) for session, site, amount in named if session in old)
