"""Sessions that are kept no longer: sums by hour stay, equal to the Wh and the öre; nothing leads back from them."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from billing.models import BilledSession, DaySum, Dispute, Invoice, PastHour, SessionPrice
from billing.models.billing_status import BillingStatus
from billing.selectors import day_sums, reconciliation, revenue
from billing.selectors.day_sums import Wanted
from billing.services import credit_notes, past_hours
from billing.services import day_sums as services
from billing.tests import factories
from charging.domain.ocpp import SOURCE
from charging.models import ChargingSession, Correction, FileImport, RejectedRow, SignedRecord, StationCharge
from charging.services import imports
from charging.tests.ingest.files import PLAIN, plain
from portal.tests.examples import example
from tenants.models import LegalHold, Operator, PersonRequest, ProcessingLimit
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 9, 25, tzinfo=UTC)
BEFORE = datetime(2026, 10, 25, tzinfo=UTC)
Review = ChargingSession.Review
SERIES = ("series_start", "series_interval_s", "series_wh")


@pytest.fixture
def places(in_north):
    """Two sites with sessions over the end of a month: paid for, free, written off, in doubt, of nobody, going on."""
    at = [factories.connector(), factories.connector()]
    payer, guest = factories.driver(), factories.driver()
    factories.tariff()
    factories.tariff(factories.flat("0"), driver=guest)
    chance = random.Random(7)
    for number in range(48):
        start = FIRST + timedelta(hours=9 * (number // 2) + chance.random())
        end = start + timedelta(hours=chance.choice([1, 5, 30]), seconds=number)
        facts: dict[str, Any] = {"ended_at": end, "energy_wh": 1001 * number + 1, **dict.fromkeys(SERIES)}
        factories.session(at[number % 2], (payer, guest, guest, None)[number % 4], start=start, **facts)
    chosen = list(ChargingSession.objects.filter(driver=payer).order_by("pk").values_list("pk", flat=True))
    ChargingSession.objects.filter(pk__in=chosen[:4]).update(review=Review.WRITTEN_OFF)
    ChargingSession.objects.filter(pk=chosen[4]).update(review=Review.PENDING)
    ChargingSession.objects.filter(pk=chosen[5]).update(state="ACTIVE", ended_at=None)
    factories.rate_all()
    factories.issued(datetime(2026, 9, 1, tzinfo=UTC))
    credited = Invoice.objects.filter(kind="invoice").earliest("pk")
    credit_notes.credit(credited, reason="x", by=None, at=timezone.now(), then=Review.WRITTEN_OFF)
    return [each.station.site for each in at]


def count():
    while services.refresh():
        pass


def ended(before=BEFORE):
    """Let everything go that may; returns how many went."""
    gone = 0
    while some := list(past_hours.due(before)[:7]):
        gone += past_hours.end(some)
    return gone


def told(sites):
    """What every reader of the past says: by month and site, by day, by where sessions stand."""
    found: dict[Any, Any] = {}
    for site in (None, *sites):
        found["days", site] = revenue.by_day(first=date(2026, 9, 1), last=date(2026, 11, 1), site=site)
        found["standing", site] = day_sums.totals_by_status(Wanted(site=site))
        for month in (None, date(2026, 9, 1), date(2026, 10, 1)):
            check = reconciliation.check(month, site)
            assert check.adds_up
            found["compartments", site, month] = check.rows
            found["all", site, month] = (check.sessions, check.energy_wh, check.amount)
    return found


@pytest.mark.parametrize("counted", [False, True])
def test_totals_of_the_past_stay_equal_to_the_wh_and_the_ore(places, counted):
    if counted:
        count()
    before, sessions = told(places), ChargingSession.objects.count()
    settled = day_sums.totals(Wanted(statuses=("zero_price", "written_off"))).sessions
    credited = BilledSession.objects.filter(released_by__isnull=False).count()
    gone = ended()
    assert gone == settled - credited > 20
    assert ChargingSession.objects.count() == sessions - gone
    assert told(places) == before
    assert reconciliation.uneven() == []
    count()
    assert told(places) == before
    assert reconciliation.uneven() == []
    Operator.objects.update(time_zone="America/New_York")
    count()
    assert day_sums.totals(Wanted()).energy_wh == before["all", None, None][1]


def test_what_is_left_is_of_an_hour_and_names_nothing_else(places):
    assert ended()
    assert {field.name for field in PastHour._meta.fields} == {
        "id", "operator", "site", "began", "ended_on", "status", "currency", "sessions", "energy_wh", "duration_s",
        "amount_excl_vat", "amount_incl_vat",
    }  # fmt: skip
    for row in PastHour.objects.all():
        assert (row.began.minute, row.began.second, row.began.microsecond) == (0, 0, 0)
        assert row.status in ("zero_price", "written_off")


def test_an_hour_is_added_to(in_north):
    at, guest = factories.connector(), factories.driver()
    factories.tariff(factories.flat("0"))
    for kwh in (1, 2):
        factories.session(at, guest, start=FIRST + timedelta(minutes=10 * kwh), kwh=kwh)
        factories.rate_all()
        count()
        assert ended() == 1
    left = PastHour.objects.get()
    assert (left.sessions, left.energy_wh, left.duration_s) == (2, 3000, 7200)


def free(**facts):
    """A free session that may go."""
    return factories.session(factories.connector(), factories.driver(), start=FIRST, **facts)


@pytest.fixture
def gratis(in_north):
    factories.tariff(factories.flat("0"))


def test_what_stands_on_a_document_or_may_not_go_stays(gratis):
    held, limited, disputed, from_file, replacing, said = (free() for _ in range(6))
    LegalHold.objects.create(driver=held.driver, reason="x", since=FIRST)
    request = example(PersonRequest, driver=limited.driver)
    ProcessingLimit.objects.create(driver=limited.driver, kind="restriction", request=request, since=FIRST)
    example(Dispute, invoice=None, session=disputed)
    ChargingSession.objects.filter(pk=from_file.pk).update(file_import=example(FileImport, file="x.csv", state="done"))
    example(Correction, replaced_by=replacing, state="taken_over", settled_at=FIRST)
    example(Correction, session=said, state="open")
    young = factories.session(factories.connector(), factories.driver(), start=BEFORE - timedelta(minutes=30))
    goes = free()
    factories.rate_all()
    stay = {each.pk for each in (held, limited, disputed, from_file, replacing, said, young)}
    assert ended() == 1
    assert stay <= set(ChargingSession.objects.values_list("pk", flat=True))
    assert not ChargingSession.objects.filter(pk=goes.pk).exists()


def test_one_that_was_priced_meanwhile_stays(gratis):
    session = free()
    factories.rate_all()
    found = list(past_hours.due(BEFORE))
    SessionPrice.objects.update(state="priced", amount_excl_vat=1, amount_incl_vat=1)
    assert [row.pk for row in found] == [session.pk]
    assert past_hours.end(found) == 0
    assert ChargingSession.objects.filter(pk=session.pk).exists()


def test_everything_that_told_of_it_goes_with_it(gratis):
    number = 4711
    session = free(source=SOURCE, external_id=str(number))
    other = example(StationCharge, number=number + 1, station=session.station)
    example(StationCharge, number=number, station=session.station, id_tag="KANARI")
    example(SignedRecord, number=number, station=session.station, raw="KANARI")
    example(Correction, session=session, state="kept", settled_at=FIRST, reason="KANARI")
    factories.rate_all()
    assert ended() == 1
    assert list(StationCharge.objects.all()) == [other]
    for model in (SignedRecord, Correction, SessionPrice, ChargingSession):
        assert not model.objects.exists(), model


def test_lists_find_only_what_is_kept(places):
    count()
    ended()
    count()
    assert DaySum.objects.filter(is_past=True).exists()
    for status in ("zero_price", "written_off"):
        listed = ChargingSession.objects.filter(pk__in=day_sums.find(Wanted(statuses=(status,)), rows=100) or ())
        assert day_sums.totals(Wanted(statuses=(status,), is_past=False)).sessions == listed.count()
    assert BillingStatus.ZERO_PRICE in {row.status for row in DaySum.objects.filter(is_past=True)}


def bring_in(*rows):
    row = imports.start(imports.upload(ContentFile(plain(*rows).encode()), name="sessions.csv"), PLAIN)
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: factories.NOVEMBER)


def test_a_file_that_says_it_again_is_told_so_and_counts_nothing_twice(gratis, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    rows = "1,A,c1,2026-10-05 10:00,2026-10-05 11:00,5.5", "2,A,c1,2026-10-05 13:59,2026-10-05 15:00,2"
    assert bring_in(*rows[:1]).accepted == 1
    ChargingSession.objects.update(review=Review.WRITTEN_OFF)
    assert ended() == 0, "its file is kept"
    FileImport.objects.update(file="")
    assert ended() == 1
    row = bring_in(*rows)
    assert (row.accepted, row.rejected) == (1, 1)
    assert [each.reason for each in RejectedRow.objects.filter(file_import=row)] == ["past_is_sums"]
    assert day_sums.totals(Wanted()).energy_wh == 7500


def test_sums_by_day_say_where_to_look(gratis):
    free()
    factories.rate_all()
    count()
    DaySum.objects.all().delete()
    assert ended() == 0


def test_the_list_says_what_is_kept_in_sums_alone(sign_in, sara, north):
    with tenant_scope(north.pk):
        factories.tariff(factories.flat("0"))
        free()
        stays = free()
        LegalHold.objects.create(driver=stays.driver, reason="x", since=FIRST)
        factories.rate_all()
        assert ended() == 1
    for narrowed, said in {
        "": True, "&billing=free": True, "&compartment=free&month=2026-09": True, "&compartment=written_off": False,
        "&month=2026-10": False, "&billing=invoiced": False, f"&station={stays.station}": False,
    }.items():  # fmt: skip
        page = sign_in(sara).get(f"/o/north/sessions/?period=all&totals=now{narrowed}").content.decode()
        assert ("and 1 that is kept in sums alone:" in " ".join(page.split())) is said, narrowed
