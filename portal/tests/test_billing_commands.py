"""`manage.py reconcile` and `manage.py bill_month`."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import DaySum, Invoice
from billing.selectors import reconciliation
from billing.services import day_sums, host_contracts, settlements
from billing.tests.factories import connector, driver, session, tariff
from billing.tests.test_ledger import behind_the_walls
from charging.models import Site
from tenants import work
from tenants.models import Account
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

APRIL = datetime(2025, 4, 2, 9, tzinfo=UTC)


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
    lost = reconciliation._STANDING.replace("{where}", "{where} AND i.id IS NULL")
    monkeypatch.setattr(reconciliation, "_STANDING", lost)
    with pytest.raises(CommandError, match="sums differ: a session is missing"):
        call_command("reconcile", "--operator", "north")


def test_reconcile_names_the_sum_that_pages_show_and_the_sessions_do_not_say(charged, capsys):
    call_command("bill_month", "2025-03", "--operator", "north", "--issue")
    with tenant_scope(charged.pk):
        while day_sums.refresh():
            pass
        DaySum.objects.filter(status="invoiced").update(energy_wh=9_000)
    with pytest.raises(CommandError, match="1 of the sums by day"):
        call_command("reconcile", "--operator", "north")
    assert "2025-03 " in (out := capsys.readouterr().out)
    assert "invoiced: sums by day say 1 sessions and 9,000 Wh, the sessions 1 and 10,000 Wh." in out


def test_reconcile_names_a_statement_to_a_host_that_its_sessions_do_not_bear_out(charged, capsys):
    with tenant_scope(charged.pk):
        host = accounts.create(kind=Account.Kind.COMPANY, name="Värden AB", country="SE")
        march = date(2025, 3, 1)
        terms: dict[str, Any] = {
            "name": "Avtal 1",
            "sites": list(Site.objects.order_by("pk")[:1]),
            "since": march,
            "share": Decimal(30),
        }
        host_contracts.add(host, host_contracts.Agreed(**terms), at=APRIL)
    call_command("bill_month", "2025-03", "--operator", "north", "--issue")
    with tenant_scope(charged.pk):
        month = settlements.ask(march, by=None, at=APRIL)
        work.do_next(work.kind_named("settlement"), charged.pk, clock=lambda: APRIL)
        settlements.close(month, by=None, at=APRIL)
    call_command("reconcile", "--operator", "north")
    assert "Hosts earned 6.00 SEK" in capsys.readouterr().out
    with tenant_scope(charged.pk):
        behind_the_walls("UPDATE billing_hostline SET net = net - 1")
    with pytest.raises(CommandError, match="1 statements to hosts"):
        call_command("reconcile", "--operator", "north")
    assert "Avtal 1: its months are not the sums of their sessions." in capsys.readouterr().out


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
