"""Re-rating: worked out without a trace, decided by the figures, carried out once whatever happens."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.errors import BillingError
from billing.models import (
    BilledSession,
    Invoice,
    IssuedTariff,
    NumberSeries,
    RerateItem,
    Rerating,
    Tariff,
    TariffAssignment,
)
from billing.selectors import invoices, reconciliation, reratings
from billing.selectors.credits import Asked
from billing.services import account_moves, credit_notes, documents, fees, issuing, rating, rerating, tariffs
from billing.services.approved import NotApproved
from billing.services.fees import Agreed, Discount
from billing.services.rerating import ReratingRefused
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from charging.models import ChargingSession, Correction
from tenants import work
from tenants.models import Account, AuditEntry, Operator
from tenants.scoping import tenant_scope
from tenants.services.people import accounts, operators

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
KIND = "rerating"


def clock() -> datetime:
    return NOVEMBER


@pytest.fixture
def billed(north: Operator) -> Operator:
    """Three payers, billed in October for two sessions each; the price at one of two sites turns out to be wrong."""
    with tenant_scope(north.pk):
        wrong, right = connector(), connector()
        tariff(flat("20.00"), name="Wrong", site=wrong.station.site)
        tariff(flat("3.00"), name="Right", site=right.station.site)
        for number in range(3):
            payer = driver(f"Driver {number}")
            session(wrong, payer, start=OCTOBER + timedelta(days=number))
            session(right, payer, start=OCTOBER + timedelta(days=number, hours=3))
        issued()
    return north


def correct_the_tariff(price: str = "2.00") -> None:
    wrong = Tariff.objects.get(name="Wrong")
    tariffs.publish(tariffs.save_draft(wrong, document=flat(price)), valid_from=OCTOBER, by=None, at=NOVEMBER)


def asked(**more: Any) -> Rerating:
    wanted = {"why": "tariff", "reason": "Fel pris", "since": FIRST, "until": LAST, "sites": [], "accounts": []}
    return rerating.ask(**{**wanted, **more}, by=None, at=NOVEMBER)


def worked_off(operator: Operator, row: Rerating) -> Rerating:
    while work.do_next(work.kind_named(KIND), operator.pk, clock=clock):
        pass
    return Rerating.objects.get(pk=row.pk)


def figures() -> tuple[Any, ...]:
    """What nothing may change while it is only worked out."""
    return (
        list(Invoice.objects.order_by("pk").values_list("pk", "state", "number", "amount_due")),
        list(BilledSession.objects.order_by("pk").values_list("session", "invoice", "released_by")),
        list(ChargingSession.objects.order_by("pk").values_list("pk", "review", "flags")),
        NumberSeries.objects.get().last_number,
    )


@pytest.fixture
def worked_out(billed: Operator) -> Rerating:
    with tenant_scope(billed.pk):
        correct_the_tariff()
        before = figures()
        row = worked_off(billed, asked())
        assert figures() == before
        assert row.stage == Rerating.Stage.READY
    return row


def test_what_each_payer_gains_is_known_before_anything_happens(billed, worked_out):
    with tenant_scope(billed.pk):
        (total,) = reratings.sums(worked_out)
        assert (total.accounts, total.invoices, total.difference) == (3, 3, Decimal("-675.00"))
        rows = reratings.of_account(reratings.by_account(worked_out))
        assert [(row.sessions, row.credited, row.billed) for row in rows] == [(1, Decimal(250), Decimal(25))] * 3


def test_who_is_billed_anew_is_told_where_a_driver_was_moved_since(billed):
    """The first driver drove for a company in October, which is known since: the company pays, and the page says so."""
    with tenant_scope(billed.pk):
        correct_the_tariff()
        moved = Account.objects.get(driver__isnull=False, invoices__number=1)
        company = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")
        account_moves.move(moved.driver, to=company, since=OCTOBER)
        row = worked_off(billed, asked())
        told = {each.account.pk: each for each in reratings.of_account(reratings.by_account(row))}
        assert (told[moved.pk].credited, told[moved.pk].billed) == (Decimal("287.50"), Decimal(0))
        assert (told[company.pk].credited, told[company.pk].billed) == (Decimal(0), Decimal("62.50"))
        assert (told[company.pk].invoices, told[company.pk].sessions) == (1, 2)
        (total,) = reratings.sums(row)
        assert (total.accounts, total.difference) == (4, sum(each.difference for each in told.values()))
        assert list(row.items.filter(account=moved).values_list("sessions", flat=True)) != [[]]
        account_moves.move(moved.driver, to=None)  # and not for the company, after all
        before = figures()
        done = worked_off(billed, rerating.decide(row, by=None, at=NOVEMBER))
        assert done.items.get(account=moved).code == "rerating_outdated"
        account_moves.move(moved.driver, to=company, since=OCTOBER)
        again = worked_off(billed, asked())
        worked_off(billed, rerating.decide(again, by=None, at=NOVEMBER))
        assert figures() != before
        assert Invoice.objects.get(account=company).amount_due == Decimal("62.50")
        assert reconciliation.check().adds_up
        assert worked_off(billed, asked()).items.filter(state="changes").count() == 0


def test_carried_out_each_invoice_has_its_note_and_its_new_invoice(billed, worked_out):
    with tenant_scope(billed.pk):
        row = worked_off(billed, rerating.decide(worked_out, by=None, at=NOVEMBER))
        assert row.stage == Rerating.Stage.FINISHED
        numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, 10))
        for original in Invoice.objects.filter(number__lte=3):
            note, anew = original.credit_notes.get(), original.replacements.get()
            assert (note.amount_due, note.leaves_rest, note.reason) == (Decimal(-250), True, "Fel pris")
            assert (anew.amount_due, anew.month, anew.account_id) == (Decimal(25), original.month, original.account_id)
            (line,) = invoices.lines(anew)
            assert line.named.tariff == "Wrong"
        assert IssuedTariff.objects.filter(name="Wrong").count() == 2
        assert reconciliation.check().adds_up
        assert [entry.event for entry in AuditEntry.objects.filter(event__startswith="rerating.").order_by("pk")] == [
            "rerating.asked",
            "rerating.decided",
            "rerating.finished",
        ]


def test_the_new_invoice_says_what_it_replaces_and_keeps_its_names(billed, worked_out):
    with tenant_scope(billed.pk):
        worked_off(billed, rerating.decide(worked_out, by=None, at=NOVEMBER))
        anew = Invoice.objects.filter(replaces__isnull=False).earliest("pk")
        Tariff.objects.filter(name="Wrong").update(name="Renamed")
        assert [line.named.tariff for line in invoices.lines(anew)] == ["Wrong"]
        assert documents.pdf(anew).startswith(b"%PDF")


def crossed(dearer: str, cheaper: str) -> None:
    """Correct both tariffs."""
    for name, price in (("Wrong", cheaper), ("Right", dearer)):
        version = tariffs.save_draft(Tariff.objects.get(name=name), document=flat(price))
        tariffs.publish(version, valid_from=OCTOBER, by=None, at=NOVEMBER)


def test_changes_that_come_to_nothing_together_are_told_and_billed_session_by_session(billed):
    with tenant_scope(billed.pk):
        crossed(dearer="5.00", cheaper="18.00")
        row = worked_off(billed, asked())
        (total,) = reratings.sums(row)
        assert (total.invoices, total.difference) == (3, Decimal(0))
        assert (total.dearer, total.dearer_by) == (3, Decimal("75.00"))
        assert (total.cheaper, total.cheaper_by) == (3, Decimal("-75.00"))
        told = reratings.by_session(row, limit=4)
        assert [(each.difference, each.invoice.number) for each in told] == [
            (Decimal("-25.00"), 1),
            (Decimal("25.00"), 1),
            (Decimal("-25.00"), 2),
            (Decimal("25.00"), 2),
        ]
        done = worked_off(billed, rerating.decide(row, by=None, at=NOVEMBER))
        assert [len(item.documents) for item in done.items.all()] == [2, 2, 2]
        assert reconciliation.check().adds_up


def test_what_comes_to_the_same_by_other_sessions_is_not_what_was_decided(billed):
    with tenant_scope(billed.pk):
        crossed(dearer="5.00", cheaper="18.00")
        row = worked_off(billed, asked())
        seen = reratings.facts(row)
        crossed(dearer="4.00", cheaper="19.00")
        done = worked_off(billed, rerating.decide(row, by=None, at=NOVEMBER))
        assert {item.code for item in done.items.all()} == {"rerating_outdated"}
        again = worked_off(billed, asked())
        assert {item.credited - item.billed for item in again.items.all()} == {Decimal(0)}
        assert reratings.facts(again)["items_sha256"] != seen["items_sha256"]


def test_once_done_there_is_nothing_left_to_do(billed, worked_out):
    with tenant_scope(billed.pk):
        worked_off(billed, rerating.decide(worked_out, by=None, at=NOVEMBER))
        before = figures()
        rerating.decide(worked_out, by=None, at=NOVEMBER)
        for item in worked_out.items.all():
            rerating.carry_out(item.pk, at=NOVEMBER)
        assert figures() == before
        again = worked_off(billed, asked())
        assert set(again.items.values_list("state", flat=True)) == {"same"}
        with pytest.raises(ReratingRefused, match="rerating_changes_nothing"):
            rerating.decide(again, by=None, at=NOVEMBER)


def test_only_the_sites_and_payers_that_were_named(billed):
    with tenant_scope(billed.pk):
        correct_the_tariff()
        right = ChargingSession.objects.latest("pk").site_id
        assert set(worked_off(billed, asked(sites=[right])).items.values_list("state", flat=True)) == {"same"}
        one = Invoice.objects.earliest("pk").account_id
        assert worked_off(billed, asked(accounts=[one])).items.get().account_id == one


def test_what_comes_out_otherwise_than_was_decided_is_not_done_and_says_so(billed, worked_out):
    with tenant_scope(billed.pk):
        rerating.decide(worked_out, by=None, at=NOVEMBER)
        correct_the_tariff("1.00")
        before = figures()
        worked_off(billed, worked_out)
        assert figures() == before
        assert set(worked_out.items.values_list("state", "code")) == {("refused", "rerating_outdated")}


def test_what_was_worked_out_before_it_was_noted_what_is_said_is_carried_out(billed, worked_out):
    with tenant_scope(billed.pk):
        worked_out.items.update(said="", differences=[])
        rerating.decide(worked_out, by=None, at=NOVEMBER)
        worked_off(billed, worked_out)
        assert set(worked_out.items.values_list("state", flat=True)) == {"done"}


def test_what_was_credited_by_an_amount_is_left_alone(billed):
    with tenant_scope(billed.pk):
        correct_the_tariff()
        of = Invoice.objects.earliest("pk")
        place = of.lines.latest("amount_excl_vat").position
        some = Asked({place: Decimal(10)})
        credit_notes.credit(of, reason="Enligt överenskommelse", by=None, at=NOVEMBER, asked=some)
        found = worked_off(billed, asked())
        assert found.items.get(invoice=of).state == "same"


def test_a_corrected_meter_bills_the_corrected_session_in_its_place(billed):
    with tenant_scope(billed.pk):
        of = ChargingSession.objects.earliest("pk")
        Correction.objects.create(session=of, said={"energy_wh": 4000})
        row = worked_off(billed, asked(why="meter", reason="Fel mätvärde"))
        (item,) = row.items.all()
        assert (item.state, item.credited, item.billed) == ("changes", Decimal(250), Decimal(100))
        worked_off(billed, rerating.decide(row, by=None, at=NOVEMBER))
        assert Invoice.objects.get(replaces__isnull=False).energy_wh == 4000
        assert ChargingSession.objects.get(pk=of.pk).review == "written_off"


def test_where_issuing_needs_two_people_so_does_a_re_rating(billed, worked_out):
    operators.change(billed, four_eyes=["issue_run"])
    with tenant_scope(billed.pk), pytest.raises(NotApproved):
        rerating.decide(worked_out, by=None, at=NOVEMBER)


@pytest.mark.parametrize(
    ("change", "code"), [({"since": date(2026, 11, 1)}, "fee_ends_first"), ({"reason": " "}, "credit_needs_reason")]
)
def test_nonsense_is_refused(billed, change, code):
    with tenant_scope(billed.pk), pytest.raises(BillingError, match=code):
        asked(**change)


class Killed(BaseException):
    """As if the process had been ended: nothing catches it."""


@pytest.mark.parametrize("at_step", range(1, 9))
def test_a_worker_that_dies_anywhere_leaves_everything_to_do_once(billed, worked_out, monkeypatch, at_step):
    """It dies in the middle of an invoice, after one, or before; the next one does the rest."""
    with tenant_scope(billed.pk):
        rerating.decide(worked_out, by=None, at=NOVEMBER)
    steps = iter(range(1, 1000))

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            if next(steps) == at_step:
                raise Killed
            return real(*args, **more)

        return step

    with monkeypatch.context() as patched:
        patched.setattr(rating, "rate", dying(rating.rate))
        patched.setattr(issuing, "issue", dying(issuing.issue))
        patched.setattr(work, "keep", dying(work.keep))
        with pytest.raises(Killed):
            work.do_next(work.kind_named(KIND), billed.pk, clock=clock)
    later = NOVEMBER + timedelta(hours=1)
    while work.do_next(work.kind_named(KIND), billed.pk, clock=lambda: later):
        pass
    with tenant_scope(billed.pk):
        numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, 10))
        assert {item.state for item in RerateItem.objects.all()} == {"done"}
        # Three sessions at 25.00 instead of 250.00, and three at 37.50 that were right.
        assert sum(Invoice.objects.values_list("amount_due", flat=True)) == Decimal("187.50")
        assert BilledSession.objects.filter(released_by__isnull=True).count() == 6
        assert reconciliation.check().adds_up
        assert Rerating.objects.get().stage == "finished"


def test_utc_is_not_the_operator_s_day(billed):
    """A session that ends at half past twelve in Stockholm's night belongs to the new day."""
    with tenant_scope(billed.pk):
        correct_the_tariff()
        ends = set(ChargingSession.objects.values_list("ended_at", flat=True))
        assert datetime(2026, 10, 1, 1, tzinfo=UTC) in ends
        assert worked_off(billed, asked(until=FIRST)).items.count() == 1


def test_prices_with_vat_that_stay_the_same_are_left_alone_whatever_stands_beside_them(north):
    """What a line is without VAT is its share among those around it, and alone it may be another öre."""
    with tenant_scope(north.pk):
        at, payer = connector(), driver()
        tariff({**flat("1.11"), "tax_included": "YES"}, name="Wrong")
        for number in range(5):
            session(at, payer, start=OCTOBER + timedelta(days=number), kwh=3)
        issued()
        assert {item.state for item in worked_off(north, asked(until=FIRST)).items.all()} == {"same"}


def test_a_correction_does_not_wait_for_the_smallest_invoice_of_the_payer(billed, worked_out):
    with tenant_scope(billed.pk):
        Account.objects.update(least_amount=1000)
        again = worked_off(billed, asked())
        assert {item.billed for item in again.items.all()} == {Decimal(25)}


def test_what_could_not_be_billed_anew_is_not_credited(billed, worked_out):
    with tenant_scope(billed.pk):
        TariffAssignment.objects.filter(tariff__name="Wrong").delete()
        row = worked_off(billed, asked())
        assert set(row.items.values_list("state", "code")) == {("refused", "rerating_leaves_out")}
        assert {item.facts["value"] for item in row.items.all()} == {"1"}


def test_fees_stay_where_they_are(north):
    with tenant_scope(north.pk):
        payer = driver()
        tariff(flat("20.00"), name="Wrong")
        monthly = Agreed(kind="monthly", text="Parking space", price=Decimal(300), since=FIRST)
        fees.add(Account.objects.get(driver=payer), monthly, today=FIRST)
        session(connector(), payer)
        issued()
        correct_the_tariff()
        worked_off(north, rerating.decide(worked_off(north, asked()), by=None, at=NOVEMBER))
        original, anew = Invoice.objects.get(number=1), Invoice.objects.get(number=3)
        assert (original.amount_due, original.credit_notes.get().amount_due, anew.amount_due) == (
            Decimal(625),
            Decimal(-250),
            Decimal(25),
        )
        assert not anew.billed_fees.exists()


def test_an_invoice_that_cannot_be_re_rated_stops_no_other(billed, worked_out, monkeypatch):
    with tenant_scope(billed.pk):
        poisoned = worked_out.items.earliest("pk")
        rerating.decide(worked_out, by=None, at=NOVEMBER)
    carry_out = rerating.carry_out

    def step(item: int, *, at: datetime) -> None:
        carry_out(item, at=at)
        if item == poisoned.pk:
            raise ValueError(item)

    monkeypatch.setattr(rerating, "carry_out", step)
    with tenant_scope(billed.pk):
        assert worked_off(billed, worked_out).stage == Rerating.Stage.FINISHED
        found = dict(worked_out.items.values_list("pk", "state"))
        assert found.pop(poisoned.pk) == "refused"
        assert set(found.values()) == {"done"}
        assert not Invoice.objects.filter(credits=poisoned.invoice).exists()


def agree(payer: Account, percent: int, *, taken_off: str = "all", since: date = FIRST) -> None:
    discount = Discount(text="Stamkund", taken_off=taken_off, percent=Decimal(percent), since=since)
    fees.give(payer, discount, today=FIRST)


def test_a_discount_that_was_agreed_afterwards_is_billed_anew_though_no_price_changed(billed):
    with tenant_scope(billed.pk):
        one = Invoice.objects.order_by("number")[0]
        agree(one.account, 10)
        row = worked_off(billed, asked())
        states = dict(row.items.values_list("invoice", "state"))
        assert states.pop(one.pk) == RerateItem.State.CHANGES
        assert set(states.values()) == {RerateItem.State.SAME}
        (found,) = reratings.of_account(reratings.by_account(row))
        assert (found.sessions, found.credited, found.billed) == (2, one.amount_due, one.amount_due * Decimal("0.9"))
        worked_off(billed, rerating.decide(row, by=None, at=NOVEMBER))
        again = worked_off(billed, asked())
        assert not again.items.filter(state=RerateItem.State.CHANGES).exists()
        assert reconciliation.check().adds_up


def test_only_the_sessions_that_the_discount_is_of_are_billed_anew(north):
    with tenant_scope(north.pk):
        tariff(flat("2.00"))
        payer, at = driver(), connector()
        session(at, payer)
        concerned = session(at, payer, start=OCTOBER + timedelta(days=10))
        issued()
        agree(Account.objects.get(driver=payer), 50, since=FIRST + timedelta(days=5))
        row = worked_off(north, asked())
        item = row.items.get()
        assert (item.state, item.sessions) == (RerateItem.State.CHANGES, [concerned.pk])
        assert item.billed * 2 == item.credited


def test_a_discount_of_energy_leaves_what_has_none(north):
    with tenant_scope(north.pk):
        tariff({"elements": [{"price_components": [{"type": "FLAT", "price": "9.00", "vat": "25"}]}]})
        payer = driver()
        session(connector(), payer, kwh=1)
        issued()
        agree(Account.objects.get(driver=payer), 10, taken_off="energy")
        row = worked_off(north, asked())
        assert [item.state for item in row.items.all()] == [RerateItem.State.SAME]
