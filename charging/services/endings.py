"""Which data of this floor ends by itself: uploaded files, messages and commands of stations, notices about cards.

What was made of them stays. That somebody asked something of a station, or a card was odd, stands in the audit log.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from charging.models import CardNotice, ChargingSession, FileImport, ImportLook, StationCommand, StationMessage
from charging.selectors import station_words
from tenants.privacy import retention
from tenants.privacy.retention import DataClass

_ENDED = (FileImport.State.DONE, FileImport.State.FAILED, FileImport.State.UNDONE)


def register() -> None:
    """Enter this floor's classes."""
    # What a bill rests on, until the questions about it have come: a quarter at least.
    retention.register(DataClass("uploads", 365, 90, 2920, _uploads, _remove_uploads))
    # Proof of what a station said, for whoever asks.
    retention.register(DataClass("messages", 30, 7, 365, _messages, _remove_messages))
    retention.register(DataClass("commands", 30, 7, 365, _commands, _remove_commands))
    retention.register(DataClass("card_notices", 90, 30, 365, _card_notices, _remove_card_notices))


def _uploads(before: datetime) -> QuerySet[FileImport]:
    """Imports that ended, came before this moment and still have their file; none with sessions of whose data stays."""
    held = ChargingSession.objects.filter(driver__in=retention.kept_drivers(), file_import=OuterRef("pk"))
    rows = FileImport.objects.filter(state__in=_ENDED, created_at__lt=before).exclude(file="")
    return rows.exclude(Exists(held)).order_by("pk")


def _remove_uploads(rows: Sequence[Any]) -> int:
    """Remove the files, and what looks at them showed."""
    ImportLook.objects.filter(file_import__in=[row.pk for row in rows]).delete()
    return retention.forget_files(rows)


def _messages(before: datetime) -> QuerySet[StationMessage]:
    rows = StationMessage.objects.filter(received_at__lt=before).order_by("received_at")
    held = list(retention.kept_drivers())
    return rows.exclude(pk__in=station_words.messages_about(held).values("pk")) if held else rows


def _remove_messages(rows: Sequence[Any]) -> int:
    StationMessage.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _commands(before: datetime) -> QuerySet[StationCommand]:
    rows = StationCommand.objects.filter(asked_at__lt=before).order_by("asked_at")
    held = list(retention.kept_drivers())
    return rows.exclude(pk__in=station_words.commands_about(held).values("pk")) if held else rows


def _remove_commands(rows: Sequence[Any]) -> int:
    StationCommand.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _card_notices(before: datetime) -> QuerySet[CardNotice]:
    rows = CardNotice.objects.filter(at__lt=before).order_by("at")
    return rows.exclude(driver__in=retention.kept_drivers()) if retention.kept_drivers().exists() else rows


def _remove_card_notices(rows: Sequence[Any]) -> int:
    CardNotice.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
