"""Sealing in tests that run beside others on one server."""

import time

from django.db import connection
from django.utils import timezone

from tenants.log import sealing, written
from tenants.models import Operator


def wait_until_settled() -> None:
    """Return when all transactions that have begun until now are over.

    A neighbour's transaction that ends between the two looks of `written.horizon` counts as running, rightly so: it
    holds back what a test wants sealed now.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (begun,) = cursor.fetchone()
    deadline = time.monotonic() + 60
    while written.horizon() < begun:
        assert time.monotonic() < deadline, "A transaction has been open for a minute."
        time.sleep(0.02)


def seal_settled(operator: Operator) -> int:
    """Seal all that the operator's log holds; returns the number of entries."""
    wait_until_settled()
    return sealing.seal_all(operator.pk, at=timezone.now())
