"""Pricing what waits, in the background: a batch a transaction, then the next operator's turn."""

from collections.abc import Callable
from datetime import datetime

from billing.models import Pricing
from billing.services import rating
from tenants import work
from tenants.scoping import tenant_scope


def price_waiting(operator_id: int, row: Pricing, *, clock: Callable[[], datetime]) -> None:
    """Price one batch of the operator's waiting sessions; when it was full, the rest waits for the next turn."""
    with tenant_scope(operator_id):
        done = rating.rate_waiting(limit=rating.BATCH)
        if done < rating.BATCH:
            work.finish(row)
        else:
            work.put_back(row)
