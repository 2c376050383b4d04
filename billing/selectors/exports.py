"""Downloads that were asked for."""

from uuid import UUID

from django.db.models import QuerySet

from billing.models import Export, ExportTaken


def listing() -> QuerySet[Export]:
    """All downloads, newest first, with who asked."""
    return Export.objects.select_related("requested_by").order_by("-created_at", "-pk")


def one(public_id: UUID) -> Export | None:
    """A download; None when there is no such one."""
    return Export.objects.select_related("requested_by").filter(public_id=public_id).first()


def taken() -> QuerySet[ExportTaken]:
    """Who took what, the newest first."""
    return ExportTaken.objects.select_related("taken_by").order_by("-taken_at", "-pk")
