"""Rows that say something else of a known session: compared, taken over or not, and what was billed stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile

from billing.models import Invoice, SessionPrice
from billing.selectors import differences
from billing.services import corrections, credit_notes
from billing.services.corrections import CorrectionRefused
from billing.tests import factories
from charging.domain.errors import NothingToReview
from charging.models import ChargingSession, Connector, Correction, FileImport, RejectedRow, StationCharge, Token
from charging.services import imports, mending
from charging.site_scope import limited_to
from charging.tests.ingest.files import PLAIN, plain
from tenants.models import AuditEntry
from tenants.services.people import drivers

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
FIRST = ("1,A,c1,2026-10-05 10:00,2026-10-05 11:00,5.5", "2,A,c1,2026-10-06 10:00,2026-10-06 11:00,8")
LATER = ("1,A,c1,2026-10-05 10:00,2026-10-05 11:00,4.5", "2,A,nobody,2026-10-06 10:00,2026-10-06 11:30,8")
WHY: dict[str, Any] = {"reason": "the meter was read again", "at": NOW}


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def bring_in(*rows):
    row = imports.start(imports.upload(ContentFile(plain(*rows).encode()), name="sessions.csv"), PLAIN)
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


@pytest.fixture
def later(in_north):
    """A file that says something else of two of three sessions; all are priced, at 2.00 and 25 % VAT."""
    factories.tariff()
    outlet, dana = factories.connector(), drivers.create(name="Dana")
    card = Token.objects.create(uid="c1", driver=dana)
    for number, wh in enumerate((5500, 6500, 8000), start=1):
        start = datetime(2026, 10, number, 10, tzinfo=UTC)
        plain_facts: dict[str, Any] = {"series_start": None, "series_interval_s": None, "series_wh": None}
        factories.session(outlet, dana, external_id=f"{number}", start=start, energy_wh=wh, token=card, **plain_facts)
    factories.rate_all()
    file = FileImport.objects.create(file_name="later.csv", source="test", state="done")
    say(file, "1", energy_wh=4500)
    say(file, "2", ended_at="2026-10-02T11:30:00+00:00")
    return file


def say(file, number, **facts):
    line = file.corrections.count() + 2
    RejectedRow.objects.create(file_import=file, line_number=line, cells=[], reason="changed", reasons=["changed"])
    return Correction.objects.create(session=session(number), file_import=file, line_number=line, said=facts)


def session(number):
    return ChargingSession.objects.get(external_id=number)


def one(number):
    return Correction.objects.get(session=session(number), state="open")


def test_a_file_that_says_something_else_is_asked_about_once(in_north):
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    bring_in(*FIRST)
    again = bring_in(*LATER)
    assert (again.known, again.rejected) == (0, 2)
    first, second = sorted(differences.beside(list(differences.open_ones())), key=lambda one: one.entry.session.pk)
    assert (first.changed, first.unknown) == (("energy_wh",), ())
    assert (second.changed, second.unknown) == (("ended_at",), ("token",))
    outcome = corrections.take_over([second.correction], **WHY)
    assert [refusal.code for refusal in outcome.refused] == ["corrected_card_unknown"]
    corrections.keep([first.correction, second.correction], **WHY)
    third = bring_in(*LATER)
    assert not differences.open_ones().exists()
    assert set(RejectedRow.objects.filter(file_import=third).values_list("settled", flat=True)) == {"left"}


def test_what_a_source_says_again_after_something_else_was_taken_over_is_asked_anew(in_north):
    """5.5, then 4.5, then 5 kWh; and at last 4.5 once more, which was taken over once and does not stand there.

    What a person then types is put in place of 4.5, so that this is not asked again; 5 kWh are.
    """
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    start = "1,A,c1,2026-10-05 10:00,2026-10-05 11:00,"
    bring_in(start + "5.5")
    for kwh in ("4.5", "5", "4.5"):
        last = bring_in(start + kwh)
        (difference,) = list(differences.open_ones())
        assert difference.file_import == last
        corrections.take_over([difference], **WHY)
        assert session("1").energy_wh == float(kwh) * 1000
    corrections.correct(session("1"), {"energy_wh": 6000}, **WHY)
    last = bring_in(start + "4.5")
    assert not differences.open_ones().exists(), "a person has seen it, and typed another"
    assert RejectedRow.objects.get(file_import=last).settled == "left"
    bring_in(start + "5")
    (difference,) = list(differences.open_ones())
    corrections.keep([difference], **WHY)
    bring_in(start + "5")
    assert not differences.open_ones().exists(), "it was kept as a person had it"
    corrections.correct(session("1"), {"energy_wh": 7000}, reason="again", at=NOW + timedelta(hours=1))
    bring_in(start + "4.5")
    assert not differences.open_ones().exists()
    bring_in(start + "5")
    assert differences.open_ones().exists(), "what was kept was another value"


def test_the_same_file_asks_nothing_of_what_a_person_has_corrected(in_north):
    """The start, the end and the energy are others, one after the other; what the file said first is no news."""
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    bring_in(*FIRST[:1])
    for facts in (
        {"started_at": datetime(2026, 10, 5, 7, 55, tzinfo=UTC)},
        {"ended_at": datetime(2026, 10, 5, 9, 5, tzinfo=UTC), "energy_wh": 6000},
    ):
        corrections.correct(session("1"), facts, **WHY)
        bring_in(*FIRST[:1])
        assert not differences.open_ones().exists()
    bring_in("1,A,c2,2026-10-05 10:00,2026-10-05 11:00,5.5")
    assert differences.open_ones().exists(), "another card is"
    assert ChargingSession.objects.count() == 1


def test_what_was_decided_of_a_row_stays_when_another_one_of_its_file_is_mended(in_north):
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    bring_in(*FIRST)
    bad = "2,A,c1,2026-10-06 10:00,2026-10-06 11:00,x"
    file = bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 11:00,4.5", bad)
    corrections.take_over(list(differences.open_ones()), **WHY)
    corrections.correct(session("1"), {"energy_wh": 6000}, **WHY)
    row = RejectedRow.objects.get(file_import=file, reason="unreadable_energy")
    mending.mend(row, bad.replace(",x", ",7").split(","), everywhere=False, adds=False, by=None, at=NOW)
    assert [one.session for one in differences.open_ones()] == [session("2")]
    assert set(RejectedRow.objects.filter(file_import=file).values_list("settled", flat=True)) == {"", "taken_over"}


@pytest.mark.parametrize("by_whom", ["itself", "a person"])
def test_what_was_written_off_as_nothing_was_charged_is_billed_once_something_was(in_north, by_whom):
    """A person who wrote a session off for another reason has decided that nobody pays, however much it was."""
    factories.tariff()
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 10:02,0")
    assert session("1").review == "written_off"
    if by_whom == "a person":
        ChargingSession.objects.update(flags=["no_charge", "overlap"])
    bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 11:00,8")
    (difference,) = differences.beside(list(differences.open_ones()))
    assert (difference.now, difference.then) == (Decimal(0), Decimal(20 if by_whom == "itself" else 0))
    corrections.take_over([difference.correction], **WHY)
    assert session("1").review == ("approved" if by_whom == "itself" else "written_off")
    factories.rate_all()
    assert SessionPrice.objects.filter(amount_incl_vat=20).count() == (by_whom == "itself")


def test_what_was_written_off_as_nothing_was_charged_stays_so_while_nothing_was(in_north):
    factories.tariff({"elements": [{"price_components": [{"type": "FLAT", "price": "5.00", "vat": "25"}]}]})
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 10:02,0")
    bring_in("1,A,c1,2026-10-05 10:00,2026-10-05 10:04,0")
    (difference,) = differences.beside(list(differences.open_ones()))
    assert (difference.now, difference.then) == (Decimal(0), Decimal(0))
    corrections.take_over([difference.correction], **WHY)
    assert (session("1").review, session("1").flags) == ("written_off", ["no_charge"])


def test_what_a_guest_charged_stays_written_off_whatever_it_was(in_north):
    factories.tariff()
    outlet = factories.connector()
    for number, basis in ((7, "guest"), (8, "driver")):
        facts: dict[str, Any] = {"source": "ocpp", "external_id": f"{number}", "series_wh": None, "series_start": None}
        start = datetime(2026, 10, number, 10, tzinfo=UTC)
        row = factories.session(outlet, None, kwh=0, start=start, review="written_off", flags=["no_charge"], **facts)
        StationCharge.objects.create(
            station=outlet.station, number=number, said=f"{number}", received_at=start, verdict="Accepted", basis=basis
        )
        Correction.objects.create(session=row, said={"energy_wh": 8000})
    guest, other = sorted(differences.beside(list(differences.open_ones())), key=lambda one: one.entry.session.pk)
    assert (guest.then, other.then) == (Decimal(0), Decimal(20))
    corrections.take_over([guest.correction, other.correction], **WHY)
    assert (session("7").review, session("8").review) == ("written_off", "approved")


def test_what_a_source_says_of_a_session_that_another_is_billed_for_is_held_against_that(in_north):
    """8 kWh are billed, then credited, as 6 are said: the same once more is settled, and 5 are asked of what stands."""
    factories.tariff()
    Token.objects.create(uid="c1", driver=drivers.create(name="Dana"))
    start = "1,A,c1,2026-10-05 10:00,2026-10-05 11:00,"
    bring_in(start + "8")
    factories.rate_all()
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="The meter was wrong", by=None, at=NOW)
    bring_in(start + "6")
    assert corrections.take_over(list(differences.open_ones()), **WHY).taken == 1
    bring_in(start + "6")
    assert not differences.open_ones().exists()
    bring_in(start + "5")
    (difference,) = list(differences.open_ones())
    assert difference.session == session("1#2")
    assert corrections.take_over([difference], **WHY).taken == 1
    assert (session("1").energy_wh, session("1#2").energy_wh) == (8000, 5000)
    bring_in(start + "6")
    assert differences.open_ones().exists()


def test_what_was_billed_for_its_energy_alone_is_so_billed_anew(in_north):
    """A charge of 30 hours was billed for its energy; credited and billed anew, its hours are not billed now."""
    by_the_hour = {"type": "TIME", "price": 10, "step_size": 1, "vat": 25}
    body = factories.flat("2")
    body["elements"][0]["price_components"].append(by_the_hour)
    factories.tariff(body)
    outlet, dana = factories.connector(), drivers.create(name="Dana")
    start = datetime(2026, 10, 3, 10, tzinfo=UTC)
    facts: dict[str, Any] = {"series_start": None, "series_interval_s": None, "series_wh": None}
    row = factories.session(
        outlet,
        dana,
        start=start,
        ended_at=start + timedelta(hours=30),
        flags=["very_long"],
        review="energy_only",
        **facts,
    )
    factories.rate_all()
    factories.issued()
    invoice = Invoice.objects.get()
    assert invoice.amount_due == 25
    credit_notes.credit(invoice, reason="Fel", by=None, at=NOW, then="approved")
    factories.rate_all()
    assert SessionPrice.objects.get(session=row).amount_incl_vat == 25
    new = corrections.correct(row, {"energy_wh": 9000}, **WHY)
    factories.rate_all()
    assert (new.review, new.flags) == ("energy_only", ["very_long"]), "its length is no new doubt"
    assert SessionPrice.objects.get(session=new).amount_incl_vat == Decimal("22.5")


def test_what_differs_is_priced_beside_what_is_stored(later):
    first, second = sorted(differences.beside(list(differences.open_ones())), key=lambda one: one.entry.session.pk)
    assert (first.changed, second.changed) == (("energy_wh",), ("ended_at",))
    assert (first.now, first.then, first.more) == (Decimal("13.75"), Decimal("11.25"), Decimal("-2.5"))
    assert second.more == 0
    assert session("1").energy_wh == 5500  # a look stores nothing


def test_what_is_taken_over_is_priced_anew_and_the_first_value_stays(later):
    outcome = corrections.take_over([one("1")], **WHY)
    assert (outcome.taken, list(outcome.refused)) == (1, [])
    row, taken = session("1"), Correction.objects.get(state="taken_over")
    assert (row.energy_wh, row.review, row.flags) == (4500, "approved", [])
    assert (taken.before, taken.reason) == ({"energy_wh": 5500}, WHY["reason"])
    assert not SessionPrice.objects.filter(session=row).exists()
    factories.rate_all()
    assert SessionPrice.objects.get(session=row).amount_incl_vat == Decimal("11.25")
    said = AuditEntry.objects.get(event="session.corrected").additional_data or {}
    assert (said["before"], said["then"]) == ({"energy_wh": 5500}, {"energy_wh": 4500})
    assert RejectedRow.objects.get(line_number=taken.line_number or 0, file_import=later).settled == "taken_over"
    assert one("2")


def test_of_two_decisions_at_once_the_second_is_told(later):
    row = one("1")
    corrections.keep([row], **WHY)
    with pytest.raises(NothingToReview):
        corrections.take_over([row, one("2")], **WHY)
    assert session("2").ended_at.minute == 0


def test_what_another_file_said_too_needs_no_decision_of_its_own(later):
    say(later, "1", energy_wh=4500, stop_reason="Local")
    last = say(later, "1", energy_wh=4400)
    corrections.take_over([one_of("1")], **WHY)
    assert [row.state for row in session("1").corrections.order_by("pk")] == ["taken_over", "taken_over", "open"]
    assert last.before is None


@pytest.mark.parametrize("doubt", ["station_clock", "not_proven", "meter_mismatch"])
def test_a_credited_session_keeps_the_doubts_that_the_correction_is_not_about(later, doubt):
    """Its doubt was set aside, it was billed, and credited so that a person looks again: a correction is no answer."""
    ChargingSession.objects.filter(external_id__in=("1", "2")).update(flags=[doubt], review="energy_only")
    factories.rate_all()
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="The meter was wrong", by=None, at=NOW)
    assert corrections.take_over([one("1"), one("2")], **WHY).taken == 2
    by_energy, by_end = session("1#2"), session("2#2")
    settled: tuple[list[str], str] = ([], "approved")
    assert (by_energy.flags, by_energy.review) == (settled if doubt == "meter_mismatch" else ([doubt], "pending"))
    assert (by_end.flags, by_end.review) == (settled if doubt == "station_clock" else ([doubt], "pending"))
    factories.rate_all()
    priced = set(SessionPrice.objects.values_list("session__external_id", flat=True))
    assert priced & {"1#2", "2#2"} == {row.external_id for row in (by_energy, by_end) if row.review == "approved"}


def test_another_card_of_a_credited_session_is_no_answer_to_its_doubts(later):
    """Without any doubt it is billed to the card's holder, as it was decided by the correction."""
    ChargingSession.objects.filter(external_id="1").update(flags=["station_clock"], review="approved")
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="Another's card", by=None, at=NOW)
    card = Token.objects.create(uid="c2", driver=drivers.create(name="Erik"))
    doubted, plain_one = (corrections.correct(session(name), {"token_id": card.pk}, **WHY) for name in ("1", "3"))
    assert (doubted.flags, doubted.review) == (["station_clock"], "pending")
    assert (plain_one.flags, plain_one.review) == ([], "")


def one_of(number):
    return Correction.objects.filter(session=session(number), state="open").earliest("pk")


def test_what_stands_on_an_invoice_is_not_changed_and_stays_a_difference(later):
    factories.issued()
    outcome = corrections.take_over([one("1")], **WHY)
    assert (outcome.taken, [refusal.code for refusal in outcome.refused]) == (0, ["corrected_on_invoice"])
    assert session("1").energy_wh == 5500
    assert one("1").before is None


def test_what_stands_on_a_draft_is_not_changed(later):
    factories.drafted()
    assert [refusal.code for refusal in corrections.take_over([one("1")], **WHY).refused] == ["corrected_on_draft"]
    with pytest.raises(CorrectionRefused):
        corrections.correct(session("1"), {"energy_wh": 1000}, **WHY)


def test_once_credited_a_new_session_is_billed_and_the_document_keeps_its_own(later):
    factories.issued()
    invoice = Invoice.objects.get()
    credit_notes.credit(invoice, reason="The meter was wrong", by=None, at=NOW)
    assert corrections.take_over([one("1")], **WHY).taken == 1
    old, new = session("1"), session("1#2")
    assert (old.energy_wh, old.review) == (5500, "written_off")
    assert (new.energy_wh, new.review, new.driver_id) == (4500, "approved", old.driver_id)
    factories.rate_all()
    assert SessionPrice.objects.get(session=new).amount_incl_vat == Decimal("11.25")
    assert Correction.objects.get(replaced_by=new).before == {"energy_wh": 5500}


def test_a_credited_session_is_billed_anew_once_however_much_is_said_of_it(later):
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="The meter was wrong", by=None, at=NOW)
    outcome = corrections.take_over([one("1"), say(later, "1", energy_wh=4400)], **WHY)
    assert (outcome.taken, [refusal.code for refusal in outcome.refused]) == (1, ["corrected_written_off"])
    assert ChargingSession.objects.filter(external_id__startswith="1#").count() == 1


def test_a_credited_session_is_still_to_be_billed_when_what_is_said_of_it_cannot_be(later):
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="The meter was wrong", by=None, at=NOW)
    said = say(later, "3", ended_at="2026-10-03T09:00:00+00:00")
    assert [refusal.code for refusal in corrections.take_over([said], **WHY).refused] == ["end_before_start"]
    assert session("3").review != "written_off"
    assert one("3") == said


def test_facts_that_were_refused_do_not_come_in_with_the_next_ones(later):
    before = session("3").ended_at
    said = [say(later, "3", ended_at="2026-10-03T09:00:00+00:00"), say(later, "3", energy_wh=7000)]
    assert corrections.take_over(said, **WHY).taken == 1
    assert (session("3").ended_at, session("3").energy_wh) == (before, 7000)


def test_what_was_written_off_after_a_credit_is_billed_no_more(later):
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="The meter was wrong", by=None, at=NOW)
    ChargingSession.objects.filter(external_id="1").update(review="written_off")
    assert [refusal.code for refusal in corrections.take_over([one("1")], **WHY).refused] == ["corrected_written_off"]


def test_another_card_brings_its_holder(later):
    other = drivers.create(name="Otto")
    say(later, "3", token="c2", token_id=Token.objects.create(uid="c2", driver=other).pk)
    (difference,) = differences.beside([one("3")])
    assert (difference.changed, difference.said.driver) == (("token_id",), other)
    corrections.take_over([one("3")], **WHY)
    assert session("3").driver == other


def test_another_outlet_brings_its_site(later):
    outlet = factories.connector()
    say(later, "3", station="x", connector_id=outlet.pk)
    corrections.take_over([one("3")], **WHY)
    assert (session("3").connector, session("3").site) == (outlet, outlet.station.site)


def test_a_person_corrects_a_value_and_physics_is_asked_again(later):
    row = session("3")
    assert corrections.correct(row, {"energy_wh": 7000}, **WHY).pk == row.pk
    assert (session("3").energy_wh, session("3").review) == (7000, "approved")
    corrections.correct(session("3"), {"energy_wh": 0}, **WHY)
    assert (session("3").flags, session("3").review) == (["zero_energy"], "pending")
    assert [taken.before["energy_wh"] for taken in row.corrections.order_by("pk")] == [8000, 7000]


@pytest.mark.parametrize(("name", "minute"), [("started_at", 45), ("ended_at", 15)])
def test_when_charging_ended_is_not_known_of_a_session_that_did_not_last_then(later, name, minute):
    """It would be priced as one that stood there without charging from then on, before it began."""
    row = session("3")
    row.charging_ended_at = datetime(2026, 10, 3, 10, 30, tzinfo=UTC)
    row.save()
    moment = datetime(2026, 10, 3, 10, minute, tzinfo=UTC)
    corrections.correct(row, {name: moment, "energy_wh": 1000}, **WHY)
    assert (session("3").charging_ended_at, row.corrections.get().before["energy_wh"]) == (None, 8000)


def test_more_than_the_plug_gives_is_doubted_of_what_a_person_types_too(later):
    """Nobody wrote down what the outlet gives, but a plug of type 2 gives no 70 kWh in an hour."""
    row = session("3")
    Connector.objects.filter(pk=row.connector_id).update(standard="IEC_62196_T2", max_power_w=None)
    corrections.correct(row, {"energy_wh": 70_000}, **WHY)
    assert (session("3").flags, session("3").review) == (["above_power"], "pending")
    corrections.correct(session("3"), {"started_at": datetime(2026, 10, 3, 9, 58, tzinfo=UTC)}, **WHY)
    assert (session("3").flags, session("3").review) == (["above_power"], "pending")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"energy_wh": 40_000_000}, "absurd_energy"),
        ({"ended_at": datetime(2026, 10, 3, tzinfo=UTC)}, "end_before_start"),
        ({"started_at": datetime(1970, 1, 1, tzinfo=UTC)}, "clock_not_set"),
    ],
)
def test_what_cannot_be_a_session_is_refused(later, facts, code):
    with pytest.raises(CorrectionRefused) as refusal:
        corrections.correct(session("3"), facts, **WHY)
    assert refusal.value.code == code
    assert session("3").corrections.count() == 0


@pytest.mark.parametrize(
    ("doubt", "about"),
    [
        ("not_proven", None),
        ("name_missing", None),
        ("meter_unit", "energy_wh"),
        ("meter_mismatch", "energy_wh"),
        ("station_clock", "started_at"),
        ("start_missing", "started_at"),
    ],
)
def test_a_doubt_of_the_source_stays_until_what_it_is_about_is_another(later, doubt, about):
    """The doubt that the meter counts in another unit is no smaller once the end of the session is another."""
    facts: dict[str, Any] = {
        "energy_wh": 7000,
        "started_at": datetime(2026, 10, 3, 9, 55, tzinfo=UTC),
        "ended_at": datetime(2026, 10, 3, 11, 5, tzinfo=UTC),
    }
    if doubt == "station_clock":
        facts.pop("ended_at")
    ChargingSession.objects.filter(external_id="3").update(flags=[doubt], review="pending")
    for name in sorted(facts, key=lambda name: name == about):
        if name == about:
            assert (session("3").flags, session("3").review) == ([doubt], "pending")
        corrections.correct(session("3"), {name: facts[name]}, **WHY)
    left = ([], "approved") if about else ([doubt], "pending")
    assert (session("3").flags, session("3").review) == left


def test_readings_that_are_not_the_sessions_any_more_are_left_out(in_north):
    row = factories.session(factories.connector(), factories.driver())
    corrections.correct(row, {"energy_wh": 9000}, **WHY)
    row.refresh_from_db()
    assert (row.series_wh, row.flags, row.review) == (None, [], "approved")
    assert row.corrections.get().before["series_wh"] == [2500] * 4


def test_what_is_said_of_another_site_is_not_seen(later):
    with limited_to([]):
        assert not differences.open_ones().exists()
