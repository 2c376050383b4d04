"""What stations said lies sealed in the database: what was there before, and what an older key sealed, too."""

import os
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from charging.domain.ocpp import keeping
from charging.models import SignedRecord, StationCharge, StationCommand, StationMessage, Token
from portal.tests import dump
from portal.tests.examples import example
from tenants.crypto import Unreadable
from tenants.rls import APP
from tenants.scoping import tenant_scope

UID = "04A1B2C3D4E5F6"
FRAME = f'[2,"1","Authorize",{{"idTag":"{UID.lower()}"}}]'


@pytest.fixture
def said(north):
    """A row of each kind, all of which name a card."""
    with tenant_scope(north.pk):
        (mark,) = Token.uid_marks(UID, north.pk)
        charge = example(StationCharge, id_tag=UID, said=f"1|{mark}|20261120080000|1000")
        station = charge.station
        example(StationMessage, station=station, raw=FRAME, received_at=timezone.now())
        example(StationMessage, station=station, raw=f'[2,"2","DataTransfer",{{"data":"{UID}"}}]')
        example(StationCommand, station=station, id_tag=UID, value=UID, answer=f'[3,"1",{{"parent":"{UID}"}}]')
        example(SignedRecord, station=station, number=charge.number, raw=f'OCMF|{{"ID":"{UID}"}}|{{}}')
    return north


def texts():
    """All that is said, opened, and the marks beside it."""
    return [
        *((row.raw, row.card_mark) for row in StationMessage.objects.order_by("pk")),
        *((row.id_tag, row.said) for row in StationCharge.objects.order_by("pk")),
        *((row.id_tag, row.value, row.answer, row.card_mark) for row in StationCommand.objects.order_by("pk")),
        *((row.raw,) for row in SignedRecord.objects.order_by("pk")),
    ]


def test_who_has_the_database_finds_the_card_in_no_table(said):
    assert dump.found_in_tables(UID) == {}
    with tenant_scope(said.pk):
        (mark,) = Token.uid_marks(UID, said.pk)
        assert [row.card_mark for row in StationMessage.objects.order_by("pk")] == [mark, ""]
        assert StationMessage.objects.earliest("pk").raw == FRAME
        assert StationCommand.objects.get(card_mark=mark).id_tag == UID


def test_a_row_that_is_saved_again_keeps_what_it_says(said):
    with tenant_scope(said.pk):
        before = texts()
        for model in (StationMessage, StationCharge, StationCommand, SignedRecord):
            for row in model.objects.all():
                row.save()
        assert texts() == before


def test_what_was_laid_into_another_column_does_not_open_there(said):
    with tenant_scope(said.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE charging_stationcommand SET id_tag = answer")
        with pytest.raises(Unreadable):
            _ = StationCommand.objects.get().id_tag


def test_with_a_new_key_all_is_sealed_and_marked_anew_and_the_older_can_go(said, settings, capsys):
    with tenant_scope(said.pk):
        before = [row[0] for row in texts()]
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    for again, current in ((7, 0), (0, 7)):
        call_command("rotate_encryption")
        assert f"What stations said: {again} encrypted again, {current} were current" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    with tenant_scope(said.pk):
        assert [row[0] for row in texts()] == before
        (mark,) = Token.uid_marks(UID, said.pk)
        assert [row.card_mark for row in StationMessage.objects.order_by("pk")] == [mark, ""]
        assert StationCharge.objects.get().said == f"1|{mark}|20261120080000|1000"
        assert StationCommand.objects.get().card_mark == mark


def test_what_does_not_open_stops_nothing_else(said, settings, capsys):
    with tenant_scope(said.pk), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE charging_stationmessage"
            " SET raw = set_byte(raw, length(raw) - 1, 255 - get_byte(raw, length(raw) - 1))"
            " WHERE id = (SELECT min(id) FROM charging_stationmessage)"
        )
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    with pytest.raises(CommandError, match="1 open with no listed key"):
        call_command("rotate_encryption")
    assert "What stations said: 6 encrypted again, 0 were current" in capsys.readouterr().out


def test_what_lay_in_clear_is_sealed_in_batches_and_it_goes_on_where_it_stopped(said):
    sealing = import_module("charging.migrations.0037_what_stations_say_is_sealed")
    with tenant_scope(said.pk):
        before = texts()
        first = StationMessage.objects.earliest("pk").pk
    with connection.cursor() as cursor, pytest.MonkeyPatch.context() as patch:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        _into_clear(cursor, sealing, before)
        assert set(dump.found_in_tables(UID)) == set(sealing.TABLES)
        cursor.execute("RESET ROLE")
        patch.setattr(sealing, "BATCH", 1)
        for table, columns in sealing.TABLES.items():
            sealing._make_room(cursor, table, columns)
        assert sealing._seal_some("charging_stationmessage", 0) == first
        sealing.seal()
        sealing.seal()
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'was\\_%'")
        assert cursor.fetchone() == (0,)
        cursor.execute(f"SET ROLE {APP}")
    assert dump.found_in_tables(UID) == {}
    with tenant_scope(said.pk):
        assert texts() == before


def _into_clear(cursor, sealing, before):
    """Have the tables as they were: texts in clear, charges named by their card, and no marks."""
    for table, columns in sealing.TABLES.items():
        cursor.execute(f"SELECT id, operator_id, {', '.join(columns)} FROM {table}")
        rows = cursor.fetchall()
        for column in columns:
            cursor.execute(f"ALTER TABLE {table} DROP {column}, ADD {column} text NOT NULL DEFAULT ''")
        for pk, operator, *boxes in rows:
            for column, box in zip(columns, boxes, strict=True):
                text = keeping.unseal(bytes(box), f"{table}.{column}", operator, sealing.crypto.card_keys())
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [text, pk])
        if sealing.MARKED.get(table) == "card_mark":
            cursor.execute(f"ALTER TABLE {table} DROP card_mark")
    cursor.execute("UPDATE charging_stationcharge SET said = %s", [f"1|{UID}|20261120080000|1000"])
