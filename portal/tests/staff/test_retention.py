"""Retention: rules within bounds, a preview, the night's work in batches that goes on where it was, holds that win."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from billing.models import Export
from billing.tests import factories
from charging.models import CardNotice, ChargingSession, FileImport, StationCommand, StationMessage
from portal.tests.examples import example
from portal.words.privacy import CLASSES
from tenants import work
from tenants.models import (
    AuditEntry,
    BooksKey,
    Invitation,
    LegalHold,
    PersonRequest,
    RetentionNight,
    RetentionRule,
)
from tenants.privacy import retention
from tenants.scoping import tenant_scope
from tenants.services import books_keys
from tenants.services.people import invitations
from tenants.tests.cast import invited

CLASSES_HERE = [
    *("invitations", "requests", "books", "uploads", "messages", "commands", "card_notices", "exports", "sessions")
]
USUAL = {"invitations": 365, "uploads": 365, "exports": 14, "messages": 30, "commands": 30, "card_notices": 90}
USUAL |= {"sessions": 1096}
PAGE = "/o/north/privacy/retention/"
WRITTEN_OFF = ChargingSession.Review.WRITTEN_OFF
#: Tonight, as North's people tell the time: what pages show is counted from the day on which the test runs.
NIGHT = timezone.now().astimezone(ZoneInfo("Europe/Stockholm")).replace(hour=3, minute=30, second=0, microsecond=0)


def night(north, at=NIGHT):
    """A night's work, as the timetable queues it and a worker does it."""
    with tenant_scope(north.pk):
        retention.ask_tonight(at)
    while work.do_next(work.kind_named(RetentionNight.work_kind), north.pk, clock=lambda: at):
        pass


def counts(north):
    with tenant_scope(north.pk):
        return RetentionNight.objects.latest("pk").counts


@pytest.fixture
def old(north, danas_driver):
    """One old thing of each class, and a young one. The names of the uploaded files, by age."""
    names = {}
    with tenant_scope(north.pk):
        for age in (3000, 1):
            at = NIGHT - timedelta(days=age)
            names[age] = default_storage.save(f"operators/{north.pk}/old-{age}.csv", ContentFile(b"x"))
            file = example(FileImport, state="done", file=names[age])
            FileImport.objects.filter(pk=file.pk).update(created_at=at)
            example(
                Export,
                state="done",
                file=default_storage.save(f"operators/{north.pk}/made-{age}.xlsx", ContentFile(b"x")),
                finished_at=at,
            )
            example(StationMessage, received_at=at)
            example(StationCommand, asked_at=at)
            example(CardNotice, at=at, kind="two_places" if age == 1 else "too_fast")
            example(PersonRequest, driver=danas_driver, state="answered", closed_at=at)
            books_keys.until((at + timedelta(days=2)).date())
            start = at - timedelta(hours=2)
            factories.session(factories.connector(), danas_driver, start=start, review=WRITTEN_OFF)
            invitations.invite(north, email=f"a{age}@example.com", role="support")
            invited(f"a{age}@example.com", north).update(expires_at=at, withdrawn_at=at)
    return names


def left(north):
    with tenant_scope(north.pk):
        return {
            "invitations": Invitation.objects.filter(operator=north, withdrawn_at__isnull=False).count(),
            "requests": PersonRequest.objects.count(),
            "books": BooksKey.objects.exclude(wrapped=None).count(),
            "uploads": FileImport.objects.exclude(file="").count(),
            "exports": Export.objects.exclude(file="").count(),
            "messages": StationMessage.objects.count(),
            "commands": StationCommand.objects.count(),
            "card_notices": CardNotice.objects.count(),
            "sessions": ChargingSession.objects.filter(review=WRITTEN_OFF).count(),
        }


def test_the_night_takes_what_is_old_leaves_what_is_young_and_says_how_many(north, old):
    night(north)
    each = dict.fromkeys(CLASSES_HERE, 1)
    assert left(north) == each
    assert counts(north) == each
    assert not default_storage.exists(old[3000])
    assert default_storage.exists(old[1])
    with tenant_scope(north.pk):
        assert AuditEntry.objects.get(event="retention.done").additional_data == each
        assert FileImport.objects.count() == 2, "what was imported stays known"


def test_it_is_done_once_a_night_and_not_before_two(north, old):
    night(north, NIGHT.replace(hour=1, minute=30))
    with tenant_scope(north.pk):
        assert not RetentionNight.objects.exists(), "half past one in Stockholm"
    night(north)
    night(north, NIGHT + timedelta(hours=3))
    with tenant_scope(north.pk):
        assert RetentionNight.objects.count() == 1


def test_a_night_that_was_cut_short_goes_on_where_it_was(north, old, monkeypatch):
    monkeypatch.setattr(retention, "TOGETHER", 1)
    with tenant_scope(north.pk):
        example(StationMessage, received_at=NIGHT - timedelta(days=400))
    messages, calls = retention._classes["messages"], []

    def dies(rows):
        calls.append(rows)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return messages.remove(rows)

    monkeypatch.setitem(retention._classes, "messages", replace(messages, remove=dies))
    with pytest.raises(KeyboardInterrupt):
        night(north)
    assert counts(north)["messages"] == 1
    assert "commands" not in counts(north)
    night(north, NIGHT + timedelta(hours=1))
    assert counts(north) == dict.fromkeys(CLASSES_HERE, 1) | {"messages": 2}


def test_a_batch_is_as_large_as_the_one_before_lets_it(north, monkeypatch):
    with tenant_scope(north.pk):
        for age in range(1000):
            example(StationMessage, received_at=NIGHT - timedelta(days=400, minutes=age))
    messages, sizes, now = retention._classes["messages"], [], [0.0]
    monkeypatch.setattr("tenants.privacy.retention.time.perf_counter", lambda: now[0])

    def slow(rows):
        sizes.append(len(rows))
        now[0] += len(rows) * (0.0001 if len(sizes) < 4 else 0.0025)  # the machine is busy from the fourth on
        return messages.remove(rows)

    monkeypatch.setitem(retention._classes, "messages", replace(messages, remove=slow))
    night(north)
    assert sizes == [100, 200, 400, 300]
    sizes.clear()
    with tenant_scope(north.pk):
        RetentionNight.objects.all().delete()
        for age in range(200):
            example(StationMessage, received_at=NIGHT - timedelta(days=400, minutes=age))
    monkeypatch.setattr(retention, "LEAST", 10)
    now[0] = 0.0
    sizes.extend([0] * 4)
    night(north)
    assert sizes[4:] == [10, *[18] * 10, 10], "0.0025 s a row, and 0.045 s"


def test_after_a_slow_batch_the_next_ones_grow_in_small_steps():
    pace, sizes = retention.Pace(), []
    pace.took(100, 0.001)
    assert pace.size == 200
    pace.took(200, 0.11)
    assert pace.size == retention.LEAST
    for _ in range(retention.SMALL_STEPS + 1):
        pace.took(pace.size, 0.001)
        sizes.append(pace.size)
    assert sizes == [110, 121, 133, 146, 160, 176, 193, 212, 233, 466, 932]


def test_a_hold_that_begins_while_a_class_goes_is_seen_by_the_next_batch(north, danas_driver, fina, monkeypatch):
    monkeypatch.setattr(retention, "TOGETHER", 1)
    with tenant_scope(north.pk):
        for _each in range(3):
            example(CardNotice, driver=danas_driver, at=NIGHT - timedelta(days=400))
    notices = retention._classes["card_notices"]

    def held_after(rows):
        retention.hold(driver=danas_driver, reason="claim", by=fina, at=NIGHT)
        return notices.remove(rows)

    monkeypatch.setitem(retention._classes, "card_notices", replace(notices, remove=held_after))
    night(north)
    with tenant_scope(north.pk):
        assert CardNotice.objects.count() == 2


def test_a_rule_moves_the_time_within_what_the_law_lets(sign_in, pri, north, old):
    client = sign_in(pri)
    days = USUAL
    assert client.post(f"{PAGE}change/", days | {"uploads": 1}).status_code == 400
    assert client.post(f"{PAGE}change/", days | {"uploads": 2900, "exports": 90}).status_code == 302
    page = client.get(PAGE)
    assert {each.name: each.due for each in page.context["preview"]}["uploaded files"] == "1"
    assert client.post(f"{PAGE}change/", days | {"messages": 365}).status_code == 302
    with tenant_scope(north.pk):
        StationMessage.objects.update(received_at=timezone.now() - timedelta(days=100))
        assert {each.of.code: each.due for each in retention.standings(at=timezone.now())}["messages"] == 0


def test_the_preview_is_what_the_night_does(sign_in, axel, north, old):
    page = sign_in(axel).get(PAGE)
    shown = page.context["preview"]
    assert {each.name for each in shown} == {str(name) for name, _what in CLASSES.values()}
    assert {each.due for each in shown} == {"1"}
    assert "1 answered request, 1 key of bookkeeping, 1 uploaded file, 1 message of a station" in " ".join(said(page))
    night(north)
    assert sum(counts(north).values()) == len(shown)


def said(page):
    return page.content.decode().split()


def test_times_are_tried_before_they_are_kept(sign_in, pri, north, old):
    client = sign_in(pri)
    with tenant_scope(north.pk):
        StationMessage.objects.update(received_at=timezone.now() - timedelta(days=20))
    page = client.post(f"{PAGE}change/", USUAL | {"messages": 7, "try": "1"})
    assert {each.name: each.due for each in page.context["preview"]}["messages of stations"] == "2"
    assert "Nothing is saved yet." in page.content.decode()
    with tenant_scope(north.pk):
        assert not RetentionRule.objects.exists()
    page = client.get(PAGE)
    assert {each.name: each.due for each in page.context["preview"]}["messages of stations"] == "0"


def test_sessions_that_wait_for_somebody_are_told_and_stay(sign_in, pri, north, old, danas_driver):
    with tenant_scope(north.pk):
        waits = factories.session(factories.connector(), danas_driver, start=NIGHT - timedelta(days=2000))
    page = sign_in(pri).get(PAGE)
    assert page.context["undecided"] == 1
    assert "1 session is older than that and stays" in " ".join(said(page))
    night(north)
    with tenant_scope(north.pk):
        assert ChargingSession.objects.filter(pk=waits.pk).exists()


def test_a_class_that_cannot_go_stops_no_other(north, old, monkeypatch):
    first = retention.classes()[0]
    broken = retention.DataClass(first.code, 1, 1, 1, first.due, lambda rows: 1 // 0)
    monkeypatch.setitem(retention._classes, first.code, broken)
    night(north)
    assert counts(north) == {code: 1 for code in CLASSES_HERE if code != first.code}
    with tenant_scope(north.pk):
        assert RetentionNight.objects.get().error == "unexpected"
        assert not AuditEntry.objects.filter(event="retention.done").exists()


def test_a_file_that_cannot_go_stops_no_other(north, old, monkeypatch):
    with tenant_scope(north.pk):
        last = example(
            FileImport, state="done", file=default_storage.save(f"operators/{north.pk}/later.csv", ContentFile(b"x"))
        )
        later = last.file.name
        FileImport.objects.filter(pk=last.pk).update(created_at=NIGHT - timedelta(days=2000))
    delete = default_storage.delete

    def refuse(name):
        if name == old[3000]:
            raise PermissionError
        delete(name)

    monkeypatch.setattr(default_storage, "delete", refuse)
    night(north)
    assert counts(north)["uploads"] == 1
    assert default_storage.exists(old[3000])
    assert not default_storage.exists(later)


def test_a_hold_on_everything_stops_every_rule(sign_in, pri, north, old):
    client = sign_in(pri)
    assert client.post(f"{PAGE}holds/new/", {"reason": "Case 4711"}).status_code == 302
    night(north)
    assert counts(north) == {}
    with tenant_scope(north.pk):
        said = AuditEntry.objects.get(event="retention.done").additional_data
        assert said == dict.fromkeys(CLASSES_HERE, 0)
    assert set(left(north).values()) == {2}
    with tenant_scope(north.pk):
        hold = LegalHold.objects.get()
    assert client.post(f"{PAGE}holds/{hold.public_id}/lift/").status_code == 302
    night(north, NIGHT + timedelta(days=1))
    assert set(left(north).values()) == {1}


def test_a_hold_on_a_driver_keeps_what_is_about_them(sign_in, pri, north, old, danas_driver):
    client = sign_in(pri)
    assert client.post(f"{PAGE}holds/new/", {"reason": "Claim", "customer_number": "9999"}).status_code == 400
    assert client.post(f"{PAGE}holds/new/", {"reason": "Claim", "customer_number": "1001"}).status_code == 302
    with tenant_scope(north.pk):
        theirs = FileImport.objects.get(file=old[3000])
        session = factories.session(factories.connector(), danas_driver)
        ChargingSession.objects.filter(pk=session.pk).update(file_import=theirs, source="ocpp", external_id="77")
        StationMessage.objects.filter(received_at__lt=NIGHT - timedelta(days=40)).update(number=77)
    night(north)
    assert left(north) == dict.fromkeys(CLASSES_HERE, 1) | {"uploads": 2, "messages": 2, "requests": 2, "sessions": 2}


def test_every_class_has_its_words_and_bounds_that_hold_the_usual_time():
    assert set(CLASSES) == {each.code for each in retention.classes()}
    assert all(each.least <= each.days <= each.most for each in retention.classes())
