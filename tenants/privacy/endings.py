"""What of this floor ends by itself: ended invitations, requests that were answered long ago, keys of bookkeeping."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from tenants.models import (
    BooksKey,
    Erasure,
    Invitation,
    KeptKey,
    Operator,
    PersonPackage,
    PersonRequest,
    ProcessingLimit,
)
from tenants.privacy import retention
from tenants.privacy.retention import DataClass
from tenants.scoping import current_operator_id
from tenants.services import books_keys

#: That a request was answered can be shown for so long (GDPR art. 12(3)); three years, one of them a leap year.
THREE_YEARS = 1096


def register() -> None:
    """Enter this floor's classes."""
    retention.register(DataClass("invitations", 365, 30, 1095, _invitations, _remove_invitations))
    retention.register(DataClass("requests", THREE_YEARS, THREE_YEARS, THREE_YEARS, _requests, _remove_requests))
    retention.register(DataClass("books", 0, 0, 0, _books, _destroy_books))


def _books(before: datetime) -> QuerySet[BooksKey]:
    """Keys whose last day is over by the operator's clock, unless somebody of whom they keep something is held."""
    today = before.astimezone(Operator.objects.get(pk=current_operator_id()).zone).date()
    held = KeptKey.objects.filter(identity__driver__in=retention.held_drivers(), books_key=OuterRef("pk"))
    return BooksKey.objects.filter(~Exists(held), until__lt=today, destroyed_at=None).order_by("pk")


def _destroy_books(rows: Sequence[Any]) -> int:
    return books_keys.destroy(rows)


def _invitations(before: datetime) -> QuerySet[Invitation]:
    over = Q(accepted_at__lt=before) | Q(withdrawn_at__lt=before) | Q(accepted_at=None, expires_at__lt=before)
    held = retention.held_drivers().values("public_id")
    rows = Invitation.objects.filter(over, operator_id=current_operator_id())
    return rows.exclude(driver_public_id__isnull=False, driver_public_id__in=held).order_by("pk")


def _remove_invitations(rows: Sequence[Any]) -> int:
    Invitation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _requests(before: datetime) -> QuerySet[PersonRequest]:
    """Closed before this moment, and nothing of them holds any more: no limit, no copy to be fetched."""
    holds = ProcessingLimit.objects.filter(request=OuterRef("pk"), until=None)
    lies = PersonPackage.objects.filter(request=OuterRef("pk")).exclude(file="")
    rows = PersonRequest.objects.filter(closed_at__lt=before).exclude(driver__in=retention.held_drivers())
    return rows.filter(~Exists(holds), ~Exists(lies)).order_by("pk")


def _remove_requests(rows: Sequence[Any]) -> int:
    which = [row.pk for row in rows]
    PersonPackage.objects.filter(request__in=which).delete()
    ProcessingLimit.objects.filter(request__in=which).delete()
    Erasure.objects.filter(request__in=which).update(request=None)
    PersonRequest.objects.filter(pk__in=which).delete()
    return len(rows)
