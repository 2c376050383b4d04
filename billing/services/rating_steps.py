"""Pricing what waits, in the background: a batch a transaction, then the next operator's turn."""

from collections.abc import Callable
from datetime import datetime

from billing.models import Pricing
from billing.services import rating
from tenants import work
from tenants.scoping import tenant_scope


def price_waiting(operator_id: int, row: Pricing, *, clock: Callable[[], datetime]) -> None:
    """Price one batch of the operator's waiting sessions; when it was full, the rest waits for the next turn.

    It is finished when nothing waits from the first one on: some may have come to wait behind its back.
    """
    with tenant_scope(operator_id):
        done, reached = rating.rate_beyond(row.reached, limit=rating.BATCH)
        if done < rating.BATCH and row.reached == 0:
            work.finish(row)
        else:
            work.keep(row, at=clock(), reached=reached if done >= rating.BATCH else 0)
            work.put_back(row)
