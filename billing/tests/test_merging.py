"""Cards and stations that turn out to be one: what follows, what stays, what is refused, and how it is undone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from billing.models import SessionPrice
from billing.services import merging
from billing.tests import factories
from charging.domain.errors import MergeRefused
from charging.models import AccountMember, ChargingSession, Connector, Station, Token
from charging.selectors import stations as station_lists
from charging.selectors import tokens as token_lists
from charging.selectors import words
from charging.services import imports, tokens
from charging.services import stations as station_services
from charging.tests.ingest.files import PLAIN, plain
from tenants.models import AuditEntry
from tenants.services.people import accounts

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
OCTOBER = factories.OCTOBER
WHY: dict[str, Any] = {"reason": "read by two readers"}


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def dana(in_north):
    factories.tariff()
    return factories.driver()


def card(uid, driver=None, **facts):
    return Token.objects.create(uid=uid, driver=driver, **facts)


def refused(act, *things):
    with pytest.raises(MergeRefused) as refusal:
        act(*things, **WHY)
    return refusal.value.code


def test_the_sessions_of_the_one_that_goes_follow_and_are_paid_for(dana):
    gone, kept = card("04AAAA"), card("04BBBB", dana)
    row = factories.session(factories.connector(), None, token=gone)
    factories.rate_all()
    assert merging.merge_cards(gone, kept, **WHY) == 1
    row.refresh_from_db()
    assert (row.token, row.driver) == (kept, dana)
    factories.rate_all()
    assert SessionPrice.objects.get().state == "priced"
    said = AuditEntry.objects.get(event="token.merged").additional_data
    assert said == {"into": "04••••B", "sessions": 1, "reason": WHY["reason"]}


def test_holders_follow_and_pay_for_what_nobody_paid_for(dana):
    gone, kept = card("04AAAA", dana, driver_since=OCTOBER), card("04BBBB")
    row = factories.session(factories.connector(), None, token=kept, start=OCTOBER + timedelta(days=1))
    merging.merge_cards(gone, kept, **WHY)
    row.refresh_from_db()
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (row.driver, kept.driver, kept.driver_since, gone.driver) == (dana, dana, OCTOBER, None)


@pytest.mark.parametrize("block", [tokens.block, tokens.report_lost])
def test_a_card_that_is_blocked_is_so_as_the_one_it_is(dana, block):
    gone, kept = card("04AAAA", dana), card("04BBBB")
    block(gone, at=OCTOBER)
    began = timezone.now()
    merging.merge_cards(gone, kept, **WHY)
    kept.refresh_from_db()
    assert (kept.is_blocked, kept.driver) == (True, dana)
    assert kept.blocked_at >= began, "until then it could be used, and its fees are due"
    assert (kept.lost_at is not None) == (block is tokens.report_lost)


def test_a_card_of_two_people_at_the_same_time_is_two_cards(dana):
    other = factories.driver("Otto")
    assert refused(merging.merge_cards, card("04AAAA", dana), card("04BBBB", other)) == "merged_of_two_holders"


def test_two_people_after_each_other_is_one_card(dana):
    other = factories.driver("Otto")
    gone, kept = card("04AAAA"), card("04BBBB", other, driver_since=OCTOBER)
    tokens.give(gone, driver=dana, until=OCTOBER)
    merging.merge_cards(gone, kept, **WHY)
    assert [held.who for held in token_lists.histories([kept.pk])[kept.pk]] == [dana.pk, other.pk]


def test_what_is_billed_stays_as_the_document_has_it(dana):
    gone, kept = card("04AAAA", dana), card("04BBBB")
    billed = factories.session(factories.connector(), dana, token=gone)
    factories.rate_all()
    factories.issued()
    assert merging.merge_cards(gone, kept, **WHY) == 0
    billed.refresh_from_db()
    assert (billed.token, billed.driver) == (gone, dana)


def test_undone_everything_is_as_it_was(dana):
    gone, kept = card("04AAAA", dana), card("04BBBB")
    first = factories.session(factories.connector(), dana, token=gone)
    lost = factories.session(factories.connector(), None, token=kept)
    chosen = factories.session(factories.connector(), factories.driver("Otto"), token=gone)
    before = list(ChargingSession.objects.order_by("pk").values_list("token", "driver"))
    merging.merge_cards(gone, kept, **WHY)
    lost.refresh_from_db()
    chosen.refresh_from_db()
    assert (lost.driver, chosen.driver.identity.name) == (dana, "Otto")
    assert merging.part_cards(gone) == 2
    assert list(ChargingSession.objects.order_by("pk").values_list("token", "driver")) == before
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.driver, gone.merged_into, gone.merge, kept.driver) == (dana, None, None, None)
    assert first.pk


def test_it_is_not_undone_once_what_followed_is_billed(dana):
    gone, kept = card("04AAAA"), card("04BBBB", dana)
    factories.session(factories.connector(), None, token=gone)
    merging.merge_cards(gone, kept, **WHY)
    factories.rate_all()
    factories.issued()
    assert refused(merging.part_cards, gone) == "parted_billed"


def test_it_is_not_undone_once_somebody_else_got_the_card(dana):
    gone, kept = card("04AAAA"), card("04BBBB", dana)
    merging.merge_cards(gone, kept, **WHY)
    tokens.give(kept, driver=factories.driver("Otto"), since=OCTOBER)
    assert refused(merging.part_cards, gone) == "parted_held_since"


def test_merges_make_no_chains(dana):
    one, two, three = card("04AAAA"), card("04BBBB"), card("04CCCC")
    merging.merge_cards(one, two, **WHY)
    assert refused(merging.merge_cards, two, three) == "merged_stands_for_others"
    assert refused(merging.merge_cards, three, one) == "merged_already"
    assert refused(merging.merge_cards, one, three) == "merged_already"
    assert refused(merging.merge_cards, three, three) == "merged_itself"
    assert refused(merging.part_cards, three) == "not_merged"


def test_a_merged_card_is_found_by_its_number_and_is_no_row_of_its_own(dana):
    gone, kept = card("04AAAA"), card("04BBBB", dana)
    merging.merge_cards(gone, kept, **WHY)
    assert list(token_lists.listing("04AAAA")) == [kept]
    assert list(token_lists.listing()) == [kept]


def stations(sites=1):
    first = factories.connector()
    second = factories.connector(first.station.site if sites == 1 else None)
    return first, second


def test_the_sessions_of_a_station_follow_outlet_by_outlet(dana):
    old, new = stations()
    second = Connector.objects.create(station=old.station, number="2", max_power_w=22000)
    rows = [factories.session(old, dana), factories.session(second, dana)]
    assert merging.merge_stations(old.station, new.station, **WHY) == 2
    for row in rows:
        row.refresh_from_db()
    assert [row.connector.number for row in rows] == ["1", "2"]
    assert {row.station for row in rows} == {new.station}
    assert rows[1].connector.max_power_w == 22000
    assert list(station_lists.listing()) == [new.station]
    assert merging.part_stations(old.station) == 2
    for row in rows:
        row.refresh_from_db()
    assert [row.connector for row in rows] == [old, second]
    assert Station.objects.get(pk=old.station.pk).is_active


def test_two_cars_at_one_outlet_at_once_are_two_stations(dana):
    old, new = stations()
    factories.session(old, dana)
    factories.session(new, dana)
    assert refused(merging.merge_stations, old.station, new.station) == "merged_at_once"


def test_stations_at_two_sites_are_two(dana):
    old, new = stations(sites=2)
    assert refused(merging.merge_stations, old.station, new.station) == "merged_at_two_sites"


def test_billed_sessions_stay_at_the_station_of_their_invoice(dana):
    old, new = stations()
    billed = factories.session(old, dana)
    factories.rate_all()
    factories.issued()
    assert merging.merge_stations(old.station, new.station, **WHY) == 0
    billed.refresh_from_db()
    assert billed.station == old.station


def test_a_renamed_station_is_found_by_its_former_name(dana):
    outlet = factories.connector()
    station, former = outlet.station, outlet.station.identifier
    station_services.change(station, identifier="NEW-1")
    assert list(station_lists.listing(former)) == [station]
    assert list(ChargingSession.objects.filter(words.sessions_at(former))) == []
    row = factories.session(outlet, dana)
    assert list(ChargingSession.objects.filter(words.sessions_at(former))) == [row]
    upload = imports.upload(
        ContentFile(plain(f"7,{former.lower()},c1,2026-10-05 10:00,2026-10-05 11:00,5").encode()), name="a.csv"
    )
    done = imports.start(upload, PLAIN)
    imports.run(operator_id=done.operator_id, import_id=done.pk, clock=lambda: NOW)
    assert ChargingSession.objects.get(external_id="7").station == station


def test_a_former_name_is_taken_back_or_forgotten(dana):
    station = factories.connector().station
    former = station.identifier
    station_services.change(station, identifier="NEW-1")
    station_services.change(station, identifier=former)
    assert list(station.merged.values_list("identifier", flat=True)) == ["NEW-1"]
    merging.part_stations(station.merged.get())
    assert Station.objects.count() == 1


def test_the_card_that_stays_belongs_to_the_payer_of_the_one_that_goes(dana):
    gone, kept = card("04AAAA", dana), card("04BBBB", dana)
    ours, theirs = (accounts.create(kind="company", name=name) for name in ("Ours AB", "Theirs AB"))
    time = AccountMember.objects.create(account=ours, token=gone)
    merging.merge_cards(gone, kept, **WHY)
    time.refresh_from_db()
    assert time.token == kept
    merging.part_cards(gone)
    time.refresh_from_db()
    assert time.token == gone
    AccountMember.objects.create(account=theirs, token=kept)
    assert refused(merging.merge_cards, gone, kept) == "merged_of_two_payers"
