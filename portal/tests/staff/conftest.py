"""Rows for the staff pages: a small network at north with sessions of every standing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.tests import factories
from charging.models import ChargingSession, Connector, Token
from tenants.models import Driver, Operator
from tenants.scoping import tenant_scope


@dataclass(frozen=True)
class World:
    """What stands at north."""

    operator: Operator
    connector: Connector
    driver: Driver
    card: Token
    lost_card: Token
    now: datetime

    def session(self, **facts: Any) -> ChargingSession:
        """Add a session of one hour and 10 kWh that began two hours ago, unless told otherwise."""
        with tenant_scope(self.operator.pk):
            start = facts.pop("start", self.now - timedelta(hours=2))
            payer = facts.pop("payer", self.driver)
            added: ChargingSession = factories.session(facts.pop("at", self.connector), payer, start=start, **facts)
            return added

    def url(self, path: str) -> str:
        """The address of a page of north."""
        return f"/o/{self.operator.slug}/{path}"


@pytest.fixture
def world(north: Operator) -> World:
    with tenant_scope(north.pk):
        connector = factories.connector()
        driver = factories.driver("Dana Driver", email="dana@example.com")
        card = Token.objects.create(uid="04A2B9C1", visual_number="WL-1", driver=driver)
        lost_card = Token.objects.create(uid="04FFFFFF", visual_number="WL-2")
        factories.tariff()
    return World(north, connector, driver, card, lost_card, timezone.now())


@pytest.fixture
def rated(world: World) -> Any:
    """Return a function that prices everything that waits."""

    def rate() -> int:
        with tenant_scope(world.operator.pk):
            return factories.rate_all()

    return rate
