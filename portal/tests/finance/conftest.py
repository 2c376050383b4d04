"""Rows for the finance pages: a driver at north who charged in October, priced, drafted or issued."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.models import Invoice, InvoiceRun, Tariff
from billing.tests import factories
from tenants.models import Driver, Operator


@pytest.fixture
def url(north: Operator) -> Callable[..., str]:
    """The address of a finance page of north."""
    return lambda path="": f"/o/{north.slug}/finance/{path}"


@pytest.fixture
def fina_browser(fina: Any, sign_in: Any) -> Any:
    return sign_in(fina)


@pytest.fixture
def tariff(in_north: Operator) -> Tariff:
    """A published day and night tariff that applies everywhere."""
    return factories.tariff(factories.DAY_NIGHT, name="Day and night")


@pytest.fixture
def charged(tariff: Tariff, danas_driver: Driver) -> list[Any]:
    """Three of Dana's sessions in October, priced."""
    connector = factories.connector()
    starts = [factories.OCTOBER + timedelta(days=day) for day in (1, 2, 3)]
    made = [factories.session(connector, danas_driver, start=start) for start in starts]
    factories.rate_all()
    return made


@pytest.fixture
def drafted(charged: list[Any]) -> InvoiceRun:
    return factories.drafted()


@pytest.fixture
def issued(charged: list[Any]) -> InvoiceRun:
    return factories.issued()


@pytest.fixture
def invoice(issued: InvoiceRun) -> Invoice:
    return Invoice.objects.get(run=issued)


@pytest.fixture
def after_october(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let the pages' clock show the second of November 2026."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: factories.NOVEMBER)
    return factories.NOVEMBER
