"""What is shared with hosts in the reconciliation, and closed statements against their sessions."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import HostStatement, Invoice
from billing.selectors import host_shares
from billing.selectors.host_shares import Among, HostCompartment
from billing.services import credit_notes
from billing.tests.factories import NOVEMBER, connector, driver, flat, issued, session, tariff
from billing.tests.test_ledger import behind_the_walls
from billing.tests.test_settlements import OCT, closed, contract
from charging.models import ChargingSession, Connector

pytestmark = pytest.mark.usefixtures("in_north")


@pytest.fixture
def outlet() -> Connector:
    """An outlet of a host's site, two sessions of which are settled: 60.00 without VAT, 18.00 to the host."""
    tariff(flat("2.00"))
    at = connector()
    contract(at)
    session(at, driver("A"), kwh=10)
    session(at, driver("B"), kwh=20)
    session(connector(), driver("C"), kwh=50)
    issued()
    closed()
    return at


def figures(*narrow):
    return {row.compartment: (row.sessions, row.energy_wh, row.amount) for row in host_shares.shared(*narrow)}


def listed(compartment, **narrow):
    return host_shares.having(ChargingSession.objects.all(), compartment, Among(**narrow)).count()


def test_what_is_settled_and_what_waits_by_month_and_site(outlet):
    assert figures() == {HostCompartment.SETTLED: (2, 30_000, 60), HostCompartment.WAITS: (0, 0, 0)}
    assert host_shares.earned(OCT) == [("SEK", Decimal(18))]
    gone = ChargingSession.objects.get(driver__identity=Invoice.objects.get(amount_excl_vat=40).buyer)
    credit_notes.credit(Invoice.objects.get(amount_excl_vat=40), reason="Fel", by=None, at=NOVEMBER)
    found = {HostCompartment.SETTLED: (1, 10_000, 20), HostCompartment.WAITS: (1, -20_000, -40)}
    site = outlet.station.site
    assert figures() == figures(OCT) == figures(OCT, site) == found
    assert figures(date(2026, 9, 1)) == {}
    assert figures(OCT, connector().station.site) == {}
    assert host_shares.having(ChargingSession.objects.all(), HostCompartment.WAITS, Among(OCT)).get() == gone
    assert (listed(HostCompartment.SETTLED), listed(HostCompartment.SETTLED, month=date(2026, 9, 1))) == (1, 0)
    begun = gone.started_at
    around = {"since": begun, "until": begun + timedelta(seconds=1), "site": site}
    assert listed(HostCompartment.WAITS, **around) == 1
    for narrow in ({"until": begun}, {"since": begun + timedelta(seconds=1)}, {"site": connector().station.site}):
        assert listed(HostCompartment.WAITS, **{**around, **narrow}) == 0


def test_the_statements_are_what_their_sessions_say(outlet):
    assert list(host_shares.faults()) == []
    assert list(host_shares.faults(OCT)) == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE billing_hostline SET net = net + 1", "sessions"),
        ("UPDATE billing_hostline SET energy_wh = energy_wh + 1", "sessions"),
        ("UPDATE billing_hostline SET month = '2026-09-01'", "strangers"),
        ("DELETE FROM billing_hostsite", "strangers"),
        ("DELETE FROM billing_hostline", "sessions"),
        ("UPDATE billing_hostmonth SET amount = amount + 1", "months"),
        ("UPDATE billing_hoststatement SET sessions = 3", "months"),
        ("UPDATE billing_hostcontract SET share = 31", "amount"),
    ],
)
def test_a_statement_that_says_something_else_is_found(outlet, statement, code):
    behind_the_walls(statement)
    (fault,) = host_shares.faults()
    assert (fault.statement, fault.code) == (HostStatement.objects.get(), code)
    assert [found.code for found in host_shares.faults(OCT)] == [code]
    assert list(host_shares.faults(date(2026, 8, 1))) == []
