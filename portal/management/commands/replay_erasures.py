"""Erase again, in a restored database, whoever was erased since the backup. See docs/runbooks/restore.md."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tenants.actor import acting
from tenants.privacy import erasure
from tenants.work import each_operator


class Command(BaseCommand):
    """May be run at any time, and twice: who is erased already is left alone."""

    help = "Erase again whom the ledger of erasures names and this database still holds."

    def handle(self, *args: Any, **options: Any) -> None:
        again: list[int] = []
        with acting(task="replay_erasures"):
            each_operator(
                lambda operator_id: again.append(erasure.replay(operator_id, at=timezone.now())), active=False
            )
        self.stdout.write(f"{sum(again)} erased again.")
