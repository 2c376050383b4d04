"""`manage.py reconcile` and `manage.py bill_month`."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from billing.models import Invoice
from billing.selectors import reconciliation
from billing.tests.factories import connector, driver, session, tariff
from tenants.scoping import tenant_scope


@pytest.fixture
def charged(north):
    with tenant_scope(north.pk):
        tariff()
        session(connector(), driver(), start=datetime(2025, 3, 5, tzinfo=UTC))
        session(connector(), None, start=datetime(2025, 3, 6, tzinfo=UTC))
    return north


def test_a_month_is_billed_issued_and_reconciled(charged, capsys):
    call_command("bill_month", "2025-03", "--operator", "north", "--issue")
    assert "1 invoices, 1 sessions, 25.00 SEK" in capsys.readouterr().out
    call_command("bill_month", "2025-03", "--operator", "north", "--issue")
    with tenant_scope(charged.pk):
        assert Invoice.objects.get().number == 1
    capsys.readouterr()
    call_command("reconcile", "--operator", "north", "--month", "2025-03")
    out = capsys.readouterr().out
    assert "The sums agree." in out
    assert [line.split()[:3] for line in out.splitlines()][2:4] == [
        ["invoiced", "1", "10.000"],
        ["under_review", "no_driver", "1"],
    ]


def test_reconcile_fails_when_the_sums_differ(charged, monkeypatch):
    call_command("bill_month", "2025-03", "--operator", "north", "--issue")
    monkeypatch.setattr(reconciliation, "_JOINED", reconciliation._JOINED + " AND i.id IS NULL ")
    with pytest.raises(CommandError, match="sums differ"):
        call_command("reconcile", "--operator", "north")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["reconcile", "--operator", "nobody"], "no operator"),
        (["reconcile", "--operator", "north", "--month", "March"], "2026-03"),
        (["bill_month", "2199-01", "--operator", "north"], "has not ended"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(north, command, message):
    with pytest.raises(CommandError, match=message):
        call_command(*command)
