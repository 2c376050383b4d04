"""Rows for the driver pages: Dana and another driver at north, both charged in October, both invoiced."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from billing.models import Invoice
from billing.tests import factories
from charging.models import ChargingSession, Token
from tenants.models import Driver, Operator
from tenants.scoping import tenant_scope


@dataclass(frozen=True)
class Own:
    """What one driver has."""

    driver: Driver
    session: ChargingSession
    token: Token
    invoice: Invoice


@pytest.fixture
def drivers_rows(north: Operator, danas_driver: Driver) -> dict[str, Own]:
    with tenant_scope(north.pk):
        factories.tariff(factories.DAY_NIGHT, name="Day and night")
        people = {"dana": danas_driver, "other": factories.driver("Other Driver")}
        connector = factories.connector()
        # 21:00 in Stockholm, so that the hour of the price's change lies within
        start = factories.OCTOBER + timedelta(hours=19, minutes=30)
        sessions = {name: factories.session(connector, driver, start=start) for name, driver in people.items()}
        tokens = {
            name: Token.objects.create(uid=f"04{name}", visual_number=f"CARD-{name}", driver=driver)
            for name, driver in people.items()
        }
        factories.rate_all()
        run = factories.issued()
        invoices = {invoice.account.driver_id: invoice for invoice in Invoice.objects.filter(run=run)}
        return {name: Own(driver, sessions[name], tokens[name], invoices[driver.pk]) for name, driver in people.items()}


@pytest.fixture
def hers(drivers_rows: dict[str, Own]) -> Own:
    return drivers_rows["dana"]


@pytest.fixture
def anothers(drivers_rows: dict[str, Own]) -> Own:
    return drivers_rows["other"]


@pytest.fixture
def danas_browser(dana: Any, sign_in: Any) -> Any:
    return sign_in(dana)


@pytest.fixture
def url(north: Operator) -> Callable[..., str]:
    """The address of a driver page of north."""
    return lambda path="": f"/o/{north.slug}/my/{path}"
