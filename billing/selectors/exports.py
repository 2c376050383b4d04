"""Downloads that were asked for."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.models import Export


def listing() -> QuerySet[Export]:
    """All downloads, newest first, with who asked."""
    return Export.objects.select_related("requested_by").order_by("-created_at", "-pk")


def one(public_id: UUID) -> Export | None:
    """A download; None when there is no such one."""
    return Export.objects.select_related("requested_by").filter(public_id=public_id).first()


def unfinished(*, at: datetime) -> QuerySet[Export]:
    """Downloads that nobody works on: waiting, or begun so long ago that the worker must be gone."""
    waiting = Q(state=Export.State.QUEUED) | Q(state=Export.State.RUNNING)
    return Export.objects.filter(waiting).filter(Q(leased_until__isnull=True) | Q(leased_until__lt=at))
