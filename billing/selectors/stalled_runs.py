"""Runs that stand still, as a count: for people who may know that, and nothing else about them."""

from datetime import datetime

from django.db.models import Q

from billing.models import InvoiceRun, RunChunk


def count(*, at: datetime) -> int:
    """How many of the current operator's running runs have a part that nobody works on."""
    abandoned = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
    chunks = RunChunk.objects.filter(abandoned, is_done=False, run__state=InvoiceRun.State.RUNNING)
    return chunks.values("run_id").distinct().count()
