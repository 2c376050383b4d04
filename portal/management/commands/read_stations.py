"""Makes sessions of what stations say, as it comes, until it is told to stop.

The gateway says by a notification of PostgreSQL that something came; where one is lost the next look finds it.
"""

import logging
import os
import signal
import time
from typing import Any

import psycopg
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from billing.services import unasked_costs
from charging.services import station_steps
from tenants.actor import acting
from tenants.rls.at_start import assert_app_role
from tenants.scoping import tenant_scope
from tenants.work import each_operator

log = logging.getLogger(__name__)

#: How often it looks when nothing is said, and how often for sessions whose stop is missing.
LOOK_S, ABANDONED_S = 2.0, 60.0
#: It leaves the processor to the gateway and PostgreSQL first: a station waits for its answer, nobody for this.
LESS = 5


class Command(BaseCommand):
    """`bin/manage read_stations`: one of them is enough; several share the stations between them."""

    help = "Make sessions of what stations say, until stopped."

    def handle(self, **_: Any) -> None:
        """Look, wait, look again."""
        self._is_told_to_stop = False
        os.nice(LESS)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        abandoned_at, is_fit = 0.0, False
        while not self._is_told_to_stop:
            try:
                if not is_fit:  # once, and not before PostgreSQL is there: it may come up after this process
                    assert_app_role()
                    is_fit = True
                with acting(task="charging.stations"):
                    each_operator(_read)
                    if time.monotonic() - abandoned_at > ABANDONED_S:
                        abandoned_at = time.monotonic()
                        each_operator(_close_abandoned)
                _wait()
            except (OperationalError, InterfaceError, psycopg.OperationalError):
                log.warning("PostgreSQL does not answer")
                connection.close()
                time.sleep(LOOK_S)

    def _stop(self, *_: object) -> None:
        self._is_told_to_stop = True


def _read(operator_id: int) -> None:
    station_steps.read_waiting(operator_id, clock=timezone.now)


def _close_abandoned(operator_id: int) -> None:
    station_steps.close_abandoned(operator_id, clock=timezone.now)
    with tenant_scope(operator_id):
        unasked_costs.count(at=timezone.now())


def _wait() -> None:
    """Wait until a station says something, or until it is time to look anyway."""
    with connection.cursor() as cursor:
        cursor.execute("LISTEN stations")
    for _ in connection.connection.notifies(timeout=LOOK_S, stop_after=1):
        pass
