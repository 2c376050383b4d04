"""Pricing what waits, in the background: a batch a transaction, then the next operator's turn."""

from collections.abc import Callable
from datetime import datetime

from billing.models import Pricing, SessionPrice
from billing.selectors import waiting
from billing.selectors.waiting import Share
from billing.services import rating
from charging.models import ChargingSession
from tenants import analyze, work
from tenants.scoping import tenant_scope


def price_waiting(operator_id: int, row: Pricing, *, clock: Callable[[], datetime]) -> None:
    """Price one batch of a share of what waits at the operator; when it was full, the rest waits for the next turn.

    It is finished when nothing waits from the first one on: some may have come to wait behind its back.
    """
    with tenant_scope(operator_id):
        # By itself: nobody else does so before it is committed, and whoever began to would wait for the whole batch.
        analyze.refresh(ChargingSession, SessionPrice)
    with tenant_scope(operator_id):
        done, reached = rating.rate_beyond(row.reached, limit=rating.BATCH, share=Share(row.share, of=waiting.SHARES))
        if done < rating.BATCH and row.reached == 0:
            work.finish(row)
        else:
            work.keep(row, at=clock(), reached=reached if done >= rating.BATCH else 0)
            work.put_back(row)
