"""A driver changes the group on a day: what was charged before has the prices of the group before, whenever priced."""

from datetime import timedelta

import pytest

from billing.domain.errors import Code
from billing.models import SessionPrice
from billing.selectors import paid, run_checks
from billing.services import group_changes, tariffs
from billing.tests.factories import EPOCH, OCTOBER, connector, drafted, driver, flat, rate_all, session, tariff
from tenants.models import Driver, DriverGroup, EarlierGroup
from tenants.services.people import drivers

pytestmark = pytest.mark.usefixtures("in_north")

DAY = timedelta(days=1)


@pytest.fixture
def groups(north):
    """Tenants pay 1.00, staff 3.00, everybody else 2.00 for a kWh without VAT."""
    tariff(flat("2.00"))
    made = {name: DriverGroup.objects.create(name=name) for name in ("Tenants", "Staff")}
    tariff(flat("1.00"), group=made["Tenants"])
    tariff(flat("3.00"), group=made["Staff"])
    return made | {"": None}


def moved(who, group, since=None):
    who = Driver.objects.get(pk=who.pk)
    facts = {"customer_number": who.customer_number, "is_active": True, "name": "Dana"}
    return group_changes.change(who, group=group, group_since=since, **facts)


def amounts():
    rate_all()
    return [int(row.amount_excl_vat) for row in SessionPrice.objects.order_by("session__started_at")]


def test_a_change_from_a_day_on_leaves_what_was_before_also_when_it_is_priced_anew(groups):
    dana, at = driver("Dana", group=groups["Tenants"]), connector()
    charged = [session(at, dana, start=OCTOBER + day * DAY) for day in range(5)]
    assert amounts() == [10] * 5
    moved(dana, groups["Staff"], OCTOBER + 2 * DAY)
    assert amounts() == [10, 10, 30, 30, 30]
    # Whatever has them priced again, and what arrives late, keeps the group of its day.
    SessionPrice.objects.all().delete()
    session(at, dana, start=OCTOBER + DAY / 2)
    assert amounts() == [10, 10, 10, 30, 30, 30]
    for one in charged:
        told = paid.paid(Driver.objects.get(pk=dana.pk), at.station, at=one.started_at)
        version = SessionPrice.objects.get(session=one).tariff_version
        assert version is not None
        assert (told.version, told.assignments[0].tariff) == (version, version.tariff)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("Staff", 3), ("", 1)], [10, 20, 20, 20, 20]),  # said anew of an earlier day: all later is replaced
        ([("Staff", 1), ("", 3)], [10, 30, 30, 20, 20]),
        ([("Staff", 1), ("", 3), ("Tenants", 2)], [10, 30, 10, 10, 10]),
        ([("Staff", 1), ("Tenants", 1)], [10, 10, 10, 10, 10]),
        ([("Staff", 2), ("Staff", 2)], [10, 10, 30, 30, 30]),
        ([("Staff", 2), ("", 2)], [10, 10, 20, 20, 20]),
        ([("Staff", 2), ("Staff", 0)], [30, 30, 30, 30, 30]),
        ([("Staff", None)], [10, 10, 10, 10, 10]),
    ],
)
def test_said_several_times_the_last_word_counts_from_its_day_on(groups, changes, expected):
    dana, at = driver("Dana", group=groups["Tenants"]), connector()
    for day in range(5):
        session(at, dana, start=OCTOBER + day * DAY)
    for name, day in changes:
        moved(dana, groups[name], None if day is None else OCTOBER + day * DAY)
    assert amounts() == expected
    SessionPrice.objects.all().delete()
    assert amounts() == expected


def test_what_is_billed_stays(groups):
    dana = driver("Dana", group=groups["Tenants"])
    session(connector(), dana)
    rate_all()
    run = drafted()
    assert Code.RUN_REASSIGNED not in {finding.code for finding in run_checks.findings(run)}
    moved(dana, groups["Staff"], OCTOBER)
    assert amounts() == [10]
    assert Code.RUN_REASSIGNED in {finding.code for finding in run_checks.findings(run)}


def test_prices_of_a_group_reach_whoever_was_of_it_then(groups):
    dana, at = driver("Dana", group=groups["Tenants"]), connector()
    session(at, dana)
    moved(dana, groups["Staff"], OCTOBER + DAY)
    assert amounts() == [10]
    cheaper = tariffs.create(name="Cheaper", currency="SEK", document=flat("0.50"))
    tariffs.publish(cheaper.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
    tariffs.assign(cheaper, valid_from=OCTOBER, group=groups["Tenants"])
    assert amounts() == [5]


def test_other_facts_change_no_group(groups):
    dana = driver("Dana", group=groups["Tenants"])
    session(connector(), dana)
    assert amounts() == [10]
    price = SessionPrice.objects.get()
    drivers.change(Driver.objects.get(pk=dana.pk), customer_number="K-9", group=groups["Tenants"], is_active=True)
    moved(dana, groups["Tenants"])
    assert (EarlierGroup.objects.count(), Driver.objects.get(pk=dana.pk).group_since) == (0, None)
    assert SessionPrice.objects.get() == price
