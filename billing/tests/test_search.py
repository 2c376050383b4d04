"""The index of what is searched: terms, postings, and the work that keeps it."""

import time
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import Q
from django.utils import timezone

from billing.models import Invoice
from billing.selectors import amounts
from billing.services.credit_notes import credit
from billing.tests import factories
from charging.models import ChargingSession, Token
from charging.selectors import numbers
from tenants import crypto
from tenants.models import DriverIdentity, SearchIndex, SearchSegment, SearchTerm
from tenants.scoping import tenant_scope
from tenants.search import postings, subjects, terms
from tenants.selectors import names, search
from tenants.services import indexing
from tenants.work import claim, kind_named


def charged(external_id):
    return factories.session(factories.connector(), None, external_id=external_id)


def indexed(name):
    """Index all there is of a subject, as the sweep and the worker do once everything is settled."""
    subject = subjects.named(name)
    last = subject.model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
    row, _ = SearchIndex.objects.get_or_create(subject=name, defaults={"key": crypto.newest_key_name()})
    while row.up_to < last:
        row.up_to = indexing.index(subject, after=row.up_to, last=last)
    row.save()
    return row


@pytest.mark.parametrize(
    ("text", "part", "has"),
    [
        ("NORTH-018979", "018979", True),
        ("NORTH-018979", "north-01", True),
        ("NORTH-018979", "7", True),
        ("NORTH-018979", "79", True),
        ("NORTH-018979", "979", True),
        ("NORTH-018979", "97N", False),
        ("NORTH-018979", "018978", False),
        ("A\u00e5B12", "\u00c5b1", True),
        ("ab", "abc", False),
    ],
)
def test_a_text_has_the_terms_of_its_parts(text, part, has):
    own, owners = terms.parts_of(["zz", text])
    mine = set(own[owners == 1].tolist())
    wanted = terms.part(part)
    if wanted.span:
        assert any(wanted.span[0] <= term <= wanted.span[1] for term in mine) is has
    else:
        assert (set(wanted.terms) <= mine) is has


@pytest.mark.parametrize("gaps", [[1, 1, 1], [300, 2], [70_000], [2**33, 5]])
def test_postings_come_back_as_they_were(gaps):
    ids = 17 + np.cumsum(np.array(gaps, np.int64))
    assert postings.unpack(postings.pack(ids, after=17), after=17).tolist() == ids.tolist()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lund", True),
        ("lundberg sara", True),
        ("SARA", True),
        ("berg", False),
        ("asa", True),
        ("x", True),
        ("nobody", False),
    ],
)
@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.django_db
def test_people_are_found_by_the_beginnings_of_their_words(in_north, text, found, is_indexed):
    factories.driver(name="Sara Åsa Lundberg-Xyz")
    for _ in range(3):
        factories.driver(name="Otto Other")
    if is_indexed:
        indexed("names")
        assert SearchTerm.objects.exists()
    known = DriverIdentity.objects.filter(pk__in=names.like(text))
    assert [row.name for row in known] == (["Sara Åsa Lundberg-Xyz"] if found else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("WL-482913", True),
        ("wl 4829", True),
        ("wl482913", True),
        ("4829", True),
        ("2913", True),
        ("82913", True),
        ("913", False),
        ("8291", False),
        ("WL-482914", False),
        ("482 913", False),
    ],
)
@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.django_db
def test_cards_are_found_by_how_a_printed_number_begins_or_ends(in_north, text, found, is_indexed):
    card = Token.objects.create(uid="AAAA", visual_number="WL-482913", driver=factories.driver())
    Token.objects.create(uid="BBBB", visual_number="XX-777777")
    Token.objects.create(uid="CCCC")
    if is_indexed:
        indexed("printed numbers")
        assert SearchTerm.objects.exists()
    assert list(Token.objects.filter(numbers.of_card(text))) == ([card] if found else [])
    assert numbers.newest_cards(text, most=5) == ([card.pk] if found else [])
    assert numbers.newest_cards(text, most=5, which=Q(driver=None)) == []


@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.django_db
def test_of_a_long_printed_number_all_of_it_counts(in_north, is_indexed):
    card = Token.objects.create(uid="AAAA", visual_number="SE-1234567890123")
    Token.objects.create(uid="BBBB", visual_number="SE-1234567890124")
    if is_indexed:
        indexed("printed numbers")
    assert list(Token.objects.filter(numbers.of_card("1234567890123"))) == [card]
    assert list(Token.objects.filter(numbers.of_whole_card("se-123456 7890123"))) == [card]
    assert list(Token.objects.filter(numbers.of_whole_card("aaaa"))) == [card]
    assert not Token.objects.filter(numbers.of_whole_card("SE-12345678")).exists()


@pytest.mark.django_db
def test_the_same_printed_number_is_marked_otherwise_at_another_operator(north, south):
    marks = []
    for operator in (north, south):
        with tenant_scope(operator.pk):
            card = Token.objects.create(uid="AAAA", visual_number="WL-482913")
            indexed("printed numbers")
            marks.append({card.number_mark, *SearchTerm.objects.values_list("term", flat=True)})
    assert all(len(each) > 5 for each in marks)
    assert not marks[0] & marks[1]


@pytest.mark.django_db
def test_a_session_is_found_by_any_part_of_its_id_before_and_after_it_is_indexed(in_north):
    first = charged("NORTH-018979")
    charged("NORTH-018980")
    for _ in range(2):
        for part in ("8979", "018979", "north-018979", "97", "9"):
            found = ChargingSession.objects.filter(numbers.of_session(part))
            assert first in found
        assert [row.external_id for row in ChargingSession.objects.filter(numbers.of_session("18980"))] == [
            "NORTH-018980"
        ]
        indexed("sessions")
    later = charged("NORTH-118979")
    assert set(ChargingSession.objects.filter(numbers.of_session("8979"))) == {first, later}


@pytest.mark.django_db
def test_small_segments_become_one(in_north):
    for number in range(9):
        charged(f"S-{number}")
        indexed("sessions")
    assert SearchSegment.objects.filter(subject="sessions").count() <= 4
    assert sum(SearchSegment.objects.values_list("rows", flat=True)) == ChargingSession.objects.count()
    assert ChargingSession.objects.filter(numbers.of_session("s-3")).count() == 1


@pytest.mark.django_db
def test_another_operators_terms_are_not_found(north, south):
    with tenant_scope(north.pk):
        factories.driver(name="Sara Lundberg")
        indexed("names")
    with tenant_scope(south.pk):
        assert names.like("lundberg") == []


@pytest.mark.django_db
def test_the_same_name_is_marked_otherwise_at_another_operator(north, south):
    marks = []
    for operator in (north, south):
        with tenant_scope(operator.pk):
            factories.driver(name="Sara Lundberg")
            indexed("names")
            marks.append(set(SearchTerm.objects.values_list("term", flat=True)))
    assert all(marks)
    assert not marks[0] & marks[1]


@pytest.mark.django_db(transaction=True)
def test_the_worker_indexes_what_was_handed_out_before(north, monkeypatch):
    subject = subjects.named("sessions")
    monkeypatch.setattr(indexing, "SETTLING", timedelta())
    with tenant_scope(north.pk):
        kept = charged("NORTH-018979")
        indexing.ask_if_behind(timezone.now())
    kind = kind_named(SearchIndex.work_kind)
    object.__setattr__(subject, "behind", 0)
    try:
        until = time.monotonic() + 120  # any transaction of this server that is not over keeps the index waiting
        while time.monotonic() < until:
            with tenant_scope(north.pk):
                row = claim(kind, at=timezone.now(), pk=SearchIndex.objects.get(subject="sessions").pk)
            if row is None:
                break
            indexing.carry_out(north.pk, row, clock=timezone.now)
            time.sleep(0.05)
        with tenant_scope(north.pk):
            row = SearchIndex.objects.get(subject="sessions")
            assert row.up_to >= kept.pk
            assert row.state == SearchIndex.State.DONE
            assert search.find(subject, terms.part("8979"), most=5).ids == [kept.pk]
    finally:
        object.__setattr__(subject, "behind", 8_000)


@pytest.mark.django_db
def test_with_a_new_key_everything_is_marked_anew(in_north, settings):
    factories.driver(name="Sara Lundberg")
    row = indexed("names")
    settings.ENCRYPTION_KEYS = [b"k" * 32, *settings.ENCRYPTION_KEYS]
    assert len(names.like("lundberg")) == 1  # looked through, as nothing could be found by the old marks
    indexing.ask_if_behind(timezone.now())
    row.refresh_from_db()
    assert row.state == SearchIndex.State.WAITING


@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.django_db
def test_documents_are_found_by_their_amount(in_north, is_indexed):
    factories.tariff()
    for kwh in (10, 20):
        factories.session(factories.connector(), factories.driver(), kwh=kwh)
    factories.rate_all()
    factories.issued()
    small, large = Invoice.objects.order_by("amount_due")
    note = credit(large, reason="Wrong", by=None, at=timezone.now())
    if is_indexed:
        indexed("amounts")
    assert amounts.documents(large.amount_due, most=9) == [note.pk, large.pk]
    assert amounts.documents(large.amount_due, most=1) == [note.pk]
    assert amounts.documents(small.amount_due, most=9) == [small.pk]
    assert amounts.documents(small.amount_due + 1, most=9) == []


@pytest.mark.django_db
def test_the_newest_are_found_a_few_at_a_time(in_north, monkeypatch):
    monkeypatch.setattr(numbers, "_AT_ONCE", (1, 2, 9))
    rows = [charged(f"AB{number}") for number in range(5)]
    other = charged("ABX")
    indexed("sessions")
    fresh = charged("AB9")
    ChargingSession.objects.filter(pk=rows[3].pk).update(external_id="changed")  # the index names it, the row does not
    newest = [fresh.pk, other.pk, rows[4].pk, rows[2].pk]
    for most in (1, 2, 4):
        assert numbers.newest_sessions("ab", most=most) == newest[:most]


@pytest.mark.django_db
def test_a_part_that_nearly_all_have_is_looked_for_by_walking(in_north, monkeypatch):
    early, late = charged("S-1"), charged("S-2")
    later = late.ended_at + timedelta(hours=9)
    ChargingSession.objects.filter(pk=early.pk).update(started_at=later, ended_at=later + timedelta(hours=1))
    indexed("sessions")
    monkeypatch.setattr(search, "_OCCURRENCES", 0)
    found = search.find(subjects.named("sessions"), terms.part("s"), most=5)
    assert (found.ids, found.is_all) == ((), False)
    assert numbers.newest_sessions("s", most=1) == [early.pk]
    assert ChargingSession.objects.filter(numbers.of_session("s")).count() == 2


@pytest.mark.django_db
def test_of_very_many_people_the_newest_are_looked_at(in_north):
    drivers = [factories.driver(name=f"Sara {number}") for number in range(4)]
    indexed("names")
    assert names.like("sara", most=2) == [each.identity_id for each in reversed(drivers)][:2]
