"""UIDs and printed numbers of cards at rest: sealed for whoever has the card, found by marks."""

import base64
import os
from datetime import UTC, datetime
from importlib import import_module

import polars as pl
import pytest
from django.core.management import call_command
from django.db import connection

from charging.domain import card_numbers
from charging.domain.errors import TokenTaken
from charging.ingest.network import Network
from charging.models import Token
from charging.selectors import numbers
from charging.services import tokens
from tenants import crypto
from tenants.crypto import Unreadable
from tenants.models import PersonKey
from tenants.rls import APP
from tenants.scoping import memory, tenant_scope
from tenants.services.people import drivers

NUMBER = "WL-482913"
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anna(in_north):
    return drivers.create(name="Anna")


@pytest.fixture
def bo(in_north):
    return drivers.create(name="Bo")


def afresh(card):
    """The card, as who has opened nothing yet reads it."""
    memory().clear()
    return Token.objects.get(pk=card.pk)


def kept(card):
    """What the database holds of it: boxes of UID and number, and the marks."""
    columns = "uid, visual_number, uid_mark, uid_exact, number_mark"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM charging_token WHERE id = %s", [card.pk])
        uid, number, *marks = cursor.fetchone()
    return bytes(uid), bytes(number), marks


def test_numbers_are_read_as_they_were_written_and_the_table_holds_none_of_them(anna):
    for uid, driver in (("04A2B9C1", anna), ("04A2B9C2", None)):
        card = tokens.create(uid=uid, visual_number=NUMBER, driver=driver)
        *boxes, marks = kept(card)
        held = b" ".join(boxes).decode("latin1") + " ".join(marks)
        assert uid.lower() not in held.lower()
        assert "482913" not in held
        assert (afresh(card).uid, afresh(card).visual_number) == (uid, NUMBER)
    _, number, marks = kept(tokens.create(uid="CC"))
    assert (number, marks[-1]) == (b"", "")
    assert all(marks[:-1])


def test_a_uid_is_had_once_in_the_same_signs_and_found_in_any(in_north):
    card = tokens.create(uid="04A2B9C1")
    other = tokens.create(uid="04a2b9c1")
    assert set(Token.objects.filter(numbers.of_uid("04:a2:B9:c1"))) == {card, other}
    with pytest.raises(TokenTaken):
        tokens.create(uid="04A2B9C1")


def test_a_uid_that_an_older_key_has_marked_is_taken_too(in_north, settings):
    tokens.create(uid="04A2B9C1")
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    with pytest.raises(TokenTaken):
        tokens.create(uid="04A2B9C1")
    assert Token.objects.filter(numbers.of_uid("04a2b9c1")).count() == 1


def test_a_card_that_nobody_has_opens_as_no_other_card(in_north):
    one, other = tokens.create(uid="AA", visual_number="A-1"), tokens.create(uid="BB", visual_number="B-1")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE charging_token SET visual_number = (SELECT visual_number FROM charging_token WHERE id = %s)"
            " WHERE id = %s",
            [one.pk, other.pk],
        )
    assert afresh(one).visual_number == "A-1"
    with pytest.raises(Unreadable):
        str(afresh(other))


def test_numbers_move_with_the_card_from_key_to_key(anna, bo):
    card = tokens.create(uid="AA", visual_number=NUMBER)
    boxes, marked = [], set()
    for driver in (anna, bo, None):
        tokens.give(afresh(card), driver=driver, since=JUNE)
        assert (afresh(card).uid, afresh(card).visual_number) == ("AA", NUMBER)
        uid, number, marks = kept(card)
        boxes += [uid, number]
        marked.add(tuple(marks))
    assert len(set(boxes)) == 6
    assert len(marked) == 1
    tokens.give(afresh(card), driver=bo, since=JUNE)
    PersonKey.objects.filter(driver=anna).delete()
    assert (afresh(card).uid, afresh(card).visual_number) == ("AA", NUMBER), "nothing is needed of who had it before"
    PersonKey.objects.filter(driver=bo).delete()
    for name in ("uid", "visual_number"):
        with pytest.raises(Unreadable):
            getattr(afresh(card), name)


def test_what_was_said_of_an_earlier_time_leaves_the_number_with_who_has_the_card(anna, bo):
    card = tokens.create(uid="AA", visual_number=NUMBER, driver=anna)
    before = kept(card)
    tokens.give(afresh(card), driver=bo, until=JUNE)
    assert kept(card) == before
    assert afresh(card).visual_number == NUMBER


def test_each_text_of_a_file_is_marked_once(in_north, monkeypatch):
    tokens.create(uid="AA", visual_number=NUMBER)
    network, marked = Network(), []
    network.load()
    own = Token.uid_marks

    def marks(uid, operator_id):
        marked.append(uid)
        return own(uid, operator_id)

    monkeypatch.setattr(Token, "uid_marks", staticmethod(marks))
    for _ in range(3):
        found = network._cards_of(pl.Series(["AA", "wl-482913", None, "nobody", "wl-482913"])).to_list()
        network.load()
    assert [key is None for key in found] == [False, False, True, True, False]
    assert sorted(marked) == ["AA", "nobody", "wl-482913"]


def test_with_a_new_key_numbers_are_found_before_and_after_they_are_marked_anew(north, settings, capsys):
    with tenant_scope(north.pk):
        anna = drivers.create(name="Anna")
        card = tokens.create(uid="AA", visual_number=NUMBER, driver=anna)
        tokens.create(uid="BB", visual_number="B-1")
        old = kept(card)[2]
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    for said in ("Numbers of cards: 2 marked again, 0 were", "Numbers of cards: 0 marked again, 2 were"):
        with tenant_scope(north.pk):
            assert list(Token.objects.filter(numbers.printed_as("wl-482 913"))) == [card]
            assert list(Token.objects.filter(numbers.of_uid("aa"))) == [card]
        call_command("rotate_encryption")
        assert said in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    with tenant_scope(north.pk):
        assert not set(kept(card)[2]) & set(old)
        assert list(Token.objects.filter(numbers.printed_as("wl-482 913"))) == [card]
        assert list(Token.objects.filter(numbers.of_uid("aa"))) == [card]
        assert afresh(card).visual_number == NUMBER


def test_what_the_gateway_is_given_finds_cards_and_is_no_key_of_the_instance(in_north, settings, capsys):
    card = tokens.create(uid="04A2B9C1")
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    call_command("card_keys")
    keys = [base64.b64decode(each) for each in capsys.readouterr().out.split()]
    assert len(keys) == len(settings.ENCRYPTION_KEYS)
    assert not set(keys) & {*settings.ENCRYPTION_KEYS, *crypto.index_keys(), *crypto.text_keys().values()}
    assert afresh(card).uid_mark in card_numbers.uid_marks("04:a2:b9:c1", in_north.pk, keys)


@pytest.fixture
def cards(north):
    with tenant_scope(north.pk):
        anna = drivers.create(name="Anna")
        return [tokens.create(uid=f"A{at}", driver=anna if at % 2 else None) for at in range(5)]


def in_clear(name, column, prepare):
    """Bring what lies in clear to where the migration seals it, and let it be stopped after its first batch."""
    sealing = import_module(f"charging.migrations.{name}")
    with connection.cursor() as cursor, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "BATCH", 2)
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE charging_token ADD {column} varchar(64) NOT NULL DEFAULT ''")
        cursor.execute(prepare)
        stopped = sealing._seal_some(0)
        sealing.seal()
        sealing.seal()
        return stopped


def test_numbers_that_lay_in_clear_are_sealed_in_batches_and_it_goes_on_where_it_stopped(north, cards):
    numbered = (
        "UPDATE charging_token SET was_visual_number = 'N-' || id WHERE id <> (SELECT max(id) FROM charging_token)"
    )
    stopped = in_clear("0032_numbers_are_sealed", "was_visual_number", numbered)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(was_visual_number, '') FROM charging_token")
        assert cursor.fetchone() == ("",)
        cursor.execute(f"ALTER TABLE charging_token DROP was_visual_number; SET ROLE {APP}")
    assert stopped == cards[1].pk
    with tenant_scope(north.pk):
        *some, bare = [afresh(card).visual_number for card in cards]
        assert (some, bare) == ([f"N-{card.pk}" for card in cards[:-1]], "")
        assert Token.objects.get(numbers.printed_as(f"n-{cards[3].pk}")) == cards[3]


def test_uids_that_lay_in_clear_are_sealed_in_batches_and_those_of_the_erased_left_out(north, cards):
    *known, erased = cards
    prepare = f"""
        DROP INDEX token_uid_once;
        DROP INDEX token_by_uid;
        UPDATE charging_token SET was_uid = CASE WHEN id = {erased.pk} THEN 'X-' ELSE '04:aa:' END || id, uid = '',
            uid_mark = '', uid_exact = ''
    """
    stopped = in_clear("0033_uids_are_sealed", "was_uid", prepare)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = 'token_uid_once'")
        assert cursor.fetchone() == (1,)
        cursor.execute(f"SET ROLE {APP}")
    assert stopped == cards[1].pk
    with tenant_scope(north.pk):
        assert [afresh(card).uid for card in known] == [f"04:aa:{card.pk}" for card in known]
        assert Token.objects.get(numbers.of_uid(f"04:AA:{known[2].pk}")) == known[2]
        uid, _, marks = kept(erased)
        assert (uid, marks) == (b"", ["", f"X-{erased.pk}", ""])
