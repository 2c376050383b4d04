"""Imports undone: sessions and what came with them, unless something of it was billed."""

from datetime import UTC, datetime
from typing import cast

import pytest
from django.core.files.base import ContentFile
from django.db.models import Model

from billing.models import DaySum, SessionPrice
from billing.services import corrections, day_sums, import_undo, run_steps
from billing.tests import factories
from charging.domain.errors import ImportRefused
from charging.models import (
    ChargingSession,
    Connector,
    Correction,
    FileImport,
    KnownSessions,
    RejectedRow,
    Site,
    Station,
    Token,
)
from charging.selectors import numbers
from charging.services import account_members, imports, tokens
from charging.tests.ingest.files import PLAIN, plain
from tenants import work
from tenants.models import Account, AuditEntry, Driver
from tenants.services.people import accounts, drivers

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ROWS = (
    "1,A,c1,2026-10-05 10:00,2026-10-05 11:00,5.5",
    "2,A,c2,2026-10-06 10:00,,6.5",
    "3,B,c3,2026-10-07 10:00,2026-10-07 11:00,1",
)


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def bring_in(*rows):
    row = imports.start(imports.upload(ContentFile(plain(*rows).encode()), name="sessions.csv"), PLAIN)
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


def undo(row):
    import_undo.ask(row, by=None)
    work.do_next(work.kind_named("import_undo"), row.operator_id, clock=lambda: NOW)
    row.refresh_from_db()
    return import_undo.latest(row)


def standing():
    return [model.objects.count() for model in (ChargingSession, Token, Connector, Station, Site, RejectedRow)]


def test_an_import_goes_with_all_that_it_added(in_north):
    factories.tariff()
    row = bring_in(*ROWS)
    factories.rate_all()
    day_sums.refresh()
    assert (SessionPrice.objects.count(), DaySum.objects.exists()) == (2, True)
    assert undo(row).state == "done"
    assert row.state == FileImport.State.UNDONE
    assert standing() == [0, 0, 0, 0, 0, 0]
    assert not SessionPrice.objects.exists()
    said = AuditEntry.objects.get(event="import.undone").additional_data or {}
    assert (said["sessions"], said["energy_wh"], said["tokens"], said["stations"]) == (2, 6500, 2, 2)
    assert bring_in(*ROWS).accepted == 2


def test_a_driver_made_for_a_card_goes_with_it_unless_somebody_has_worked_with_them(in_north):
    options = imports.Options(create_drivers=True)
    row = imports.upload(ContentFile(plain(*ROWS).encode()), name="sessions.csv")
    row = imports.start(row, PLAIN, options=options)
    row = imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)
    assert Driver.objects.count() == 2
    drivers.change_identity(Token.objects.get(numbers.of_uid("c3")).driver, name="Dana")
    assert undo(row).state == "done"
    assert [driver.identity.name for driver in Driver.objects.all()] == ["Dana"]
    assert [token.uid for token in Token.objects.all()] == ["c3"]
    said = AuditEntry.objects.get(event="import.undone").additional_data or {}
    assert (said["drivers"], said["tokens"]) == (1, 1)


def test_what_others_use_stays(in_north):
    first = bring_in(*ROWS)
    bring_in("9,A,c1,2026-10-09 10:00,2026-10-09 11:00,5.5")
    tokens.give(Token.objects.get(numbers.of_uid("c3")), driver=drivers.create(name="Dana"))
    undo(first)
    assert [session.external_id for session in ChargingSession.objects.all()] == ["9"]
    assert {card.uid for card in Token.objects.all()} == {"c1", "c3"}
    assert [station.identifier for station in Station.objects.all()] == ["A"]
    assert Site.objects.count() == 1


def test_a_card_that_a_payer_has_stays(in_north):
    row = bring_in(*ROWS)
    firm = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")
    account_members.move(Token.objects.get(numbers.of_uid("c1")), to=firm)
    assert undo(row).state == "done"
    assert {card.uid for card in Token.objects.all()} == {"c1"}


def test_whatever_refers_to_a_card_is_asked_before_it_goes():
    referring = [
        field for field in Token._meta.get_fields(include_hidden=True) if field.auto_created and field.one_to_many
    ]
    tables = {cast("type[Model]", field.related_model)._meta.db_table for field in referring}
    assert {table for table in tables if f"FROM {table} " not in import_undo._TOKENS} == set()


def test_what_a_later_file_holds_too_stays_and_is_that_ones(in_north):
    first = bring_in(*ROWS)
    second = bring_in(ROWS[0], "9,A,c1,2026-10-09 10:00,2026-10-09 11:00,2")
    assert (second.accepted, second.known) == (1, 1)
    assert undo(first).state == "done"
    second.refresh_from_db()
    held = ChargingSession.objects.order_by("external_id")
    assert [(session.external_id, session.file_import_id) for session in held] == [("1", second.pk), ("9", second.pk)]
    assert (second.accepted, second.known, second.accepted_wh) == (2, 0, 7500)
    said = AuditEntry.objects.get(event="import.undone").additional_data or {}
    assert (said["sessions"], said["left_to_others"], said["taken_in"]) == (1, 1, 0)
    assert undo(second).state == "done"
    assert standing() == [0, 1, 1, 1, 1, 0]  # the card and the outlet are the first import's, and were used since


def test_billed_sessions_that_another_file_holds_keep_no_import_from_going(in_north):
    factories.tariff()
    first, second = bring_in(ROWS[0]), bring_in(ROWS[0])
    ChargingSession.objects.update(driver=drivers.create(name="Dana"))
    run_steps.draft_month(in_north.pk, datetime(2026, 10, 1, tzinfo=UTC).date(), by=None, clock=lambda: NOW)
    assert undo(first).state == "done"
    assert ChargingSession.objects.get().file_import_id == second.pk
    assert undo(second).error == "import_billed"


def test_what_a_later_file_says_otherwise_comes_in_instead(in_north):
    first = bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 11:00,55")
    second = bring_in(ROWS[0])
    assert (second.known, second.rejected) == (0, 1)
    assert undo(first).state == "done"
    second.refresh_from_db()
    session = ChargingSession.objects.get()
    assert (session.file_import_id, session.energy_wh) == (second.pk, 5500)
    assert (second.accepted, second.rejected, RejectedRow.objects.get().settled) == (1, 0, "mended")


def test_a_correction_that_was_taken_over_stays(in_north):
    first = bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 11:00,55")
    second = bring_in(ROWS[0])
    corrections.take_over([Correction.objects.get()], reason="Meter", at=NOW)
    assert undo(first).state == "done"
    session = ChargingSession.objects.get()
    assert (session.file_import_id, session.energy_wh) == (second.pk, 5500)


def test_an_import_stays_where_nobody_knows_what_a_later_file_held(in_north):
    first, second = bring_in(*ROWS), bring_in(ROWS[0])
    KnownSessions.objects.all().delete()
    failed = undo(first)
    assert (failed.state, failed.error, failed.error_facts) == ("failed", "import_held_later", {"file": "sessions.csv"})
    assert (undo(second).state, undo(first).state) == ("done", "done")


def test_an_import_of_which_something_is_billed_stays_whole(in_north):
    factories.tariff()
    row = bring_in(*ROWS)
    ChargingSession.objects.update(driver=drivers.create(name="Dana"))
    run_steps.draft_month(in_north.pk, datetime(2026, 10, 1, tzinfo=UTC).date(), by=None, clock=lambda: NOW)
    before = standing()
    failed = undo(row)
    assert (failed.state, failed.error, failed.error_facts) == ("failed", "import_billed", {"count": 2})
    assert row.state == FileImport.State.DONE
    assert standing() == before


def test_only_an_import_that_is_done_can_be_undone(in_north):
    row = imports.upload(ContentFile(plain(*ROWS).encode()), name="sessions.csv")
    with pytest.raises(ImportRefused):
        import_undo.ask(row, by=None)
