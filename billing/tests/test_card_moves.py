"""Cards that move: each session is paid for by whoever had the card when it began."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile

from billing.models import Invoice, SessionPrice
from billing.services import card_moves, credit_notes
from billing.services.card_moves import Moved
from billing.tests import factories
from charging.domain.errors import HolderRefused
from charging.models import ChargingSession, Token
from charging.selectors import numbers, tokens
from charging.services import imports
from charging.tests.ingest.files import PLAIN, plain
from tenants.models import AuditEntry

NOW = datetime(2026, 11, 2, tzinfo=UTC)
JUNE = datetime(2024, 6, 1, tzinfo=ZoneInfo("Europe/Stockholm"))
MAY_ROWS = ("M1,ST9,MOVE1,2024-05-05 10:00,2024-05-05 11:00,5.5", "M2,ST9,MOVE1,2024-05-20 10:00,2024-05-20 11:00,6.5")
JUNE_ROW = "M3,ST9,MOVE1,2024-06-05 10:00,2024-06-05 11:00,5.5"


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anna(in_north):
    return factories.driver("Anna")


@pytest.fixture
def bo(in_north):
    return factories.driver("Bo")


def bring_in(*rows):
    row = imports.start(imports.upload(ContentFile(plain(*rows).encode()), name="sessions.csv"), PLAIN)
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


def payers():
    found = ChargingSession.objects.values_list("external_id", "driver__identity__name")
    return {session: str(name) if name else name for session, name in found}


def card():
    return Token.objects.get(numbers.of_uid("MOVE1"))


def test_sessions_of_a_later_file_go_to_the_new_holder(anna, bo):
    bring_in(*MAY_ROWS)
    assert card_moves.give(card(), driver=anna) == Moved(2, 0)
    assert card_moves.give(card(), driver=bo, since=JUNE) == Moved(0, 0)
    bring_in(JUNE_ROW)
    assert payers() == {"M1": "Anna", "M2": "Anna", "M3": "Bo"}


def test_a_card_that_moved_before_it_was_known_takes_what_was_charged_since(anna, bo):
    bring_in(*MAY_ROWS, JUNE_ROW)
    card_moves.give(card(), driver=anna)
    assert card_moves.give(card(), driver=bo, since=JUNE) == Moved(1, 0)
    assert payers() == {"M1": "Anna", "M2": "Anna", "M3": "Bo"}


def test_a_first_day_leaves_the_sessions_before_it_alone(anna):
    bring_in(*MAY_ROWS, JUNE_ROW)
    assert card_moves.give(card(), driver=anna, since=JUNE) == Moved(1, 0)
    assert payers() == {"M1": None, "M2": None, "M3": "Anna"}


def test_a_late_file_of_an_earlier_month_goes_to_the_earlier_holder(anna, bo):
    bring_in(JUNE_ROW)
    card_moves.give(card(), driver=anna)
    card_moves.give(card(), driver=bo, since=JUNE)
    bring_in(*MAY_ROWS)
    assert payers() == {"M1": "Anna", "M2": "Anna", "M3": "Bo"}


def test_a_card_given_back_is_nobodys(anna):
    bring_in(*MAY_ROWS)
    card_moves.give(card(), driver=anna)
    card_moves.give(card(), driver=None, since=JUNE)
    bring_in(JUNE_ROW)
    assert payers()["M3"] is None
    assert card().driver is None
    assert [holder.driver for holder in tokens.holders_of(card())] == [anna]


def test_sessions_that_follow_are_priced_for_their_new_payer(anna, bo):
    factories.tariff(factories.flat("2.00"))
    factories.tariff(factories.flat("3.00"), driver=bo)
    bring_in(JUNE_ROW)
    card_moves.give(card(), driver=anna)
    factories.rate_all()
    assert SessionPrice.objects.get().amount_excl_vat == 11
    card_moves.give(card(), driver=bo, since=JUNE)
    factories.rate_all()
    assert str(SessionPrice.objects.get().amount_excl_vat) == "16.500000"


def test_what_stands_on_an_invoice_stays_until_it_is_credited(anna, bo):
    factories.tariff()
    token = Token.objects.create(uid="MOVE1", driver=anna)
    at = factories.connector()
    old = factories.session(at, anna, token=token)
    factories.issued()
    new = factories.session(at, anna, token=token, start=factories.OCTOBER.replace(day=9))
    assert card_moves.give(token, driver=bo, since=factories.OCTOBER) == Moved(1, 1)
    assert [ChargingSession.objects.get(pk=pk).driver for pk in (old.pk, new.pk)] == [anna, bo]
    credit_notes.credit(Invoice.objects.get(kind="invoice"), reason="moved", by=None, at=NOW)
    assert card_moves.give(token, driver=bo, since=factories.OCTOBER) == Moved(1, 0)
    assert ChargingSession.objects.get(pk=old.pk).driver == bo


def test_a_session_that_a_person_gave_to_somebody_else_stays_theirs(anna, bo):
    cleo = factories.driver("Cleo")
    token = Token.objects.create(uid="MOVE1", driver=anna)
    given = factories.session(factories.connector(), cleo, token=token)
    assert card_moves.give(token, driver=bo) == Moved(0, 0)
    assert ChargingSession.objects.get(pk=given.pk).driver == cleo


def test_a_time_that_ends_before_it_begins_is_refused(anna):
    with pytest.raises(HolderRefused):
        card_moves.give(Token.objects.create(uid="MOVE1"), driver=anna, since=JUNE, until=JUNE)


def test_the_log_says_whose_the_card_became_and_from_when(anna):
    bring_in(*MAY_ROWS)
    card_moves.give(card(), driver=anna, until=JUNE)
    entry = AuditEntry.objects.get(event="token.sessions_given")
    said = entry.additional_data or {}
    assert (said["driver"], said["since"], said["until"]) == (anna.customer_number, "", JUNE.isoformat())
    assert (said["sessions"], said["billed"]) == (2, 0)
