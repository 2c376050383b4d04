"""What changes who pays or at what price, at the moment at which somebody else does: one comes after the other."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from billing.models import BilledSession, InvoiceRun, SessionPrice, Tariff
from billing.services import account_moves, dealers, drafted_prices, group_changes, merging, runs, tariffs
from billing.tests.companies import BUYER
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, flat, rate_all, session, tariff
from charging.models import AccountMember, Station
from tenants.models import Account, DriverGroup
from tenants.scoping import tenant_scope
from tenants.services.people import accounts, drivers


def firm(name="A"):
    return accounts.create(kind=Account.Kind.COMPANY, name=name, country="SE")


class AtOnce(ThreadPoolExecutor):
    """Acts of somebody else, on a connection of their own."""

    def __init__(self, operator):
        super().__init__(1)
        self.operator, self.pids = operator, []

    def begin(self, act):
        """Let it run until it waits for a lock, or is done."""
        begun = self.submit(self._act, act)
        deadline = time.monotonic() + 60
        while not begun.done() and not self._waits():
            assert time.monotonic() < deadline, "It neither waits nor ends."
            time.sleep(0.02)
        return begun

    def _act(self, act):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pids += cursor.fetchone()
            with tenant_scope(self.operator.pk):
                return act()
        finally:
            connection.close()

    def _waits(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM unnest(%s::int[]) p WHERE pg_blocking_pids(p) <> '{}')", [self.pids]
            )
            return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_come_one_after_the_other(north):
    with tenant_scope(north.pk):
        dana, firms = driver("Dana"), [firm(name) for name in "AB"]

    def move(to):
        try:
            with tenant_scope(north.pk):
                account_moves.move(dana, to=to, since=OCTOBER)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(move, firms))
    with tenant_scope(north.pk):
        (only,) = AccountMember.objects.filter(driver=dana)
        assert only.account in firms


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_outdated", [False, True])
@pytest.mark.parametrize("what", ["move", "assign", "regroup"])
def test_what_changes_prices_while_drafts_are_discarded_comes_before_or_after(north, monkeypatch, what, is_outdated):
    """Neither waits for what the other holds, and no remark is left on a run that is gone."""
    with tenant_scope(north.pk):
        tariff()
        dana, group, to = driver("Dana"), DriverGroup.objects.create(name="Staff"), firm()
        own = tariff(flat("1.00"), name="Own", group=group)
        tariffs.assign(own, valid_from=OCTOBER, account=to)
        charged = session(connector(), dana)
        run = drafted()
        if is_outdated:
            account_moves.move(dana, to=firm("Before"), since=OCTOBER)
    facts: dict[str, Any] = {"customer_number": dana.customer_number, "is_active": True}
    acts = {
        "move": lambda: account_moves.move(dana, to=to, since=OCTOBER),
        "assign": lambda: tariffs.assign(Tariff.objects.get(name="Own"), driver=dana, valid_from=OCTOBER),
        "regroup": lambda: group_changes.change(dana, group=group, group_since=OCTOBER, **facts),
    }
    begun, outdated = [], drafted_prices.outdated

    def and_then_somebody_comes(run):
        found = outdated(run)
        assert bool(found) == is_outdated
        begun.append(others.begin(acts[what]))
        return found

    monkeypatch.setattr(drafted_prices, "outdated", and_then_somebody_comes)
    with AtOnce(north) as others, tenant_scope(north.pk):
        runs.discard(run, by=None)
    begun[0].result()
    with tenant_scope(north.pk):
        assert not InvoiceRun.objects.exists()
        assert not BilledSession.objects.exists()
        rate_all()
        assert SessionPrice.objects.get(session=charged).tariff_version.tariff == own


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["driver", "account", "station", "parted"])
def test_who_is_changed_while_they_are_assigned_a_tariff_waits_for_it_or_is_waited_for(north, monkeypatch, what):
    with tenant_scope(north.pk):
        own = tariff(name="Own")
        dana, group, payer = driver("Dana"), DriverGroup.objects.create(name="Staff"), accounts.create(**BUYER)
        kept = connector().station
        gone = Station.objects.create(site=kept.site, identifier="GONE")
        if what == "parted":
            merging.merge_stations(gone, kept, reason="one")
            gone.refresh_from_db()
    facts: dict[str, Any] = {"customer_number": dana.customer_number, "is_active": True}
    dealing = {"dealer_since": OCTOBER.date(), "dealer_evidence": "Certificate", "customer_number": "K-9"}
    cases: dict[str, tuple[dict[str, Any], Any, tuple[Any, str]]] = {
        "driver": ({"driver": dana}, lambda: group_changes.change(dana, group=group, **facts), (drivers, "change")),
        "account": ({"account": payer}, lambda: dealers.change(payer, at=NOVEMBER, **dealing), (accounts, "change")),
        "station": ({"station": gone}, lambda: merging.merge_stations(gone, kept, reason="one"), (merging, "_both")),
        "parted": ({"station": gone}, lambda: merging.part_stations(gone), (merging, "_merged")),
    }
    target, act, at = cases[what]
    begun, does = [], getattr(*at)

    def and_then_somebody_comes(*args, **facts):
        found = does(*args, **facts)
        begun.append(others.begin(lambda: tariffs.assign(own, valid_from=OCTOBER, **target)))
        return found

    monkeypatch.setattr(*at, and_then_somebody_comes)
    with AtOnce(north) as others, tenant_scope(north.pk):
        act()
    assert begun[0].result().pk
