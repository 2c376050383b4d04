"""Settling with site hosts: every session once, what comes late as a difference, frozen once it is closed."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing.documents import statement as layout
from billing.documents.writer import Writer
from billing.domain import hosting
from billing.domain.errors import BillingError, Code
from billing.domain.hosting import Terms
from billing.models import (
    HostAnswer,
    HostContract,
    HostLine,
    HostMonth,
    HostPayout,
    HostSite,
    HostStatement,
    Invoice,
    LedgerRow,
    LedgerSum,
    Settlement,
    Standing,
)
from billing.selectors import ledger
from billing.selectors import settlements as selector
from billing.services import (
    approved,
    credit_notes,
    fees,
    host_answers,
    host_contracts,
    payouts,
    settlement_steps,
    settlements,
)
from billing.services import statement_documents as documents
from billing.services.approved import NotApproved
from billing.services.fees import Discount
from billing.services.host_contracts import Agreed, HostRefused
from billing.services.settlements import SettlementRefused
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from charging.models import Connector
from tenants import work
from tenants.models import Account, Operator, User
from tenants.scoping import current_operator_id, tenant_scope
from tenants.services.people import accounts, operators

pytestmark = pytest.mark.usefixtures("in_north")

DAY = timedelta(days=1)
DECEMBER = datetime(2026, 12, 2, 9, tzinfo=UTC)
OCT, NOV = date(2026, 10, 1), date(2026, 11, 1)


def host(name: str = "Värden AB", **facts: Any) -> Account:
    return accounts.create(kind=Account.Kind.COMPANY, name=name, country="SE", **facts)


@pytest.fixture
def outlet() -> Connector:
    """An outlet of a site where energy costs 2.00 without VAT."""
    tariff(flat("2.00"))
    return connector()


def contract(at: Connector, account: Account | None = None, **facts: Any) -> HostContract:
    terms = {"name": "Avtal 1", "sites": [at.station.site], "since": OCT, "share": Decimal(30), **facts}
    return host_contracts.add(account or host(), Agreed(**terms), at=NOVEMBER)


def worked_out(month: date = OCT, *, at: datetime = NOVEMBER) -> Settlement:
    settlements.ask(month, by=None, at=at)
    while work.do_next(work.kind_named("settlement"), current_operator_id(), clock=lambda: at):
        pass
    return Settlement.objects.get(month=month)


def closed(month: date = OCT, *, at: datetime = NOVEMBER) -> Settlement:
    return settlements.close(worked_out(month, at=at), by=None, at=at)


def said(month: date = OCT) -> Any:
    return HostStatement.objects.get(month=month)


def parts(statement: Any) -> dict[date, tuple[int, Decimal, Decimal]]:
    return {row.month: (row.sessions, row.net, row.amount) for row in statement.months.all()}


def test_a_host_gets_its_share_of_what_was_billed_at_its_site_without_vat(outlet):
    agreed = contract(outlet)
    elsewhere = connector()
    session(outlet, driver("A"), kwh=10)
    session(outlet, driver("B"), kwh=20)
    session(elsewhere, driver("C"), kwh=90)
    session(outlet, driver("D"), kwh=40, start=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))  # November by the clock
    issued()
    closed()
    statement = said()
    assert (statement.contract, statement.sessions, statement.energy_wh) == (agreed, 2, 30_000)
    assert (statement.net, statement.amount, statement.payout) == (60, 18, 18)
    assert (statement.vat_rate, statement.vat, statement.total) == (25, Decimal("4.50"), Decimal("22.50"))
    assert sum(line.net for line in statement.lines.all()) == statement.net
    assert statement.number is None


def test_energy_at_cost_fixed_amounts_by_days_and_a_floor(outlet):
    since, until = date(2026, 10, 17), date(2026, 10, 31)
    contract(outlet, share=Decimal(0), kwh_price=Decimal("0.8333"), rent=Decimal(310), fee=Decimal(31), since=since)
    second = connector()
    contract(second, share=Decimal(10), floor=Decimal(310), since=since, until=until)
    session(outlet, driver(), kwh=10, start=OCTOBER + 20 * DAY)
    session(outlet, driver(), kwh=10, start=OCTOBER + 2 * DAY)  # before the contract
    issued()
    closed()
    rows: Any = HostStatement.objects.order_by("pk")
    first, other = rows
    # 10 kWh × 0.8333 + 15 of 31 days of 310 - 31
    assert first.amount == Decimal("8.33") + 15 * Decimal("9.00")
    assert (other.amount, other.net, other.sessions) == (150, 0, 0)


def test_what_comes_late_or_is_credited_stands_in_the_next_one_as_a_difference(outlet):
    contract(outlet)
    kept, gone = session(outlet, driver("A"), kwh=10), session(outlet, driver("B"), kwh=20)
    issued()
    closed()
    session(outlet, driver("C"), kwh=50)  # of October, and billed with November
    session(outlet, driver("D"), kwh=100, start=OCTOBER + 40 * DAY)
    invoice = Invoice.objects.get(billed_sessions__session=gone)
    credit_notes.credit(invoice, reason="Fel", by=None, at=NOVEMBER)
    issued(OCTOBER + 35 * DAY, at=DECEMBER)
    closed(NOV, at=DECEMBER)
    october, november = said(), said(NOV)
    assert (october.net, october.amount) == (60, 18)  # as it was closed
    assert parts(november) == {OCT: (2, Decimal(60), Decimal(18)), NOV: (1, Decimal(200), Decimal(60))}
    lines = {line.session_id: (line.energy_wh, line.net) for line in november.lines.all()}
    assert kept.pk not in lines
    assert lines[gone.pk] == (-20_000, Decimal(-40))
    # Everything that was ever said adds up to what stands on invoices now.
    net = sum(line.net for line in HostLine.objects.all())
    assert net == sum(row.amount_excl_vat for row in Invoice.objects.filter(state="issued"))
    assert november.carried_in == october.carried_out == 0


def test_a_credit_below_the_floor_takes_nothing_from_the_host(outlet):
    contract(outlet, share=Decimal(50), floor=Decimal(25))
    session(outlet, driver(), kwh=10)  # half of 20 is below the floor
    issued()
    closed()
    assert said().amount == 25
    credit_notes.credit(Invoice.objects.get(), reason="Fel", by=None, at=NOVEMBER)
    closed(NOV, at=DECEMBER)
    assert parts(said(NOV)) == {OCT: (1, Decimal(-20), Decimal(0)), NOV: (0, Decimal(0), Decimal(25))}


def test_too_little_and_less_than_nothing_are_carried_over_until_the_contract_ends(outlet):
    agreed = contract(outlet, least_payout=Decimal(100))
    session(outlet, driver(), kwh=100)
    issued()
    closed()
    assert (said().amount, said().payout, said().carried_out) == (60, 0, 60)
    host_contracts.end(agreed, until=date(2026, 11, 30), at=DECEMBER)
    closed(NOV, at=DECEMBER)
    last = said(NOV)
    assert (last.carried_in, last.amount, last.payout, last.carried_out) == (60, 0, 60, 0)
    credit_notes.credit(Invoice.objects.get(), reason="Fel", by=None, at=DECEMBER)
    january = datetime(2027, 1, 2, 9, tzinfo=UTC)
    closed(date(2026, 12, 1), at=january)
    owed = said(date(2026, 12, 1))
    assert (owed.amount, owed.payout, owed.vat, owed.carried_out) == (-60, 0, 0, -60)
    closed(date(2027, 1, 1), at=january + 31 * DAY)  # nothing is new, and nothing to pay
    assert HostStatement.objects.count() == 3


@pytest.fixture
def renewed(outlet) -> tuple[HostContract, HostContract]:
    """A contract that ended with October owes 60.00, as all of its month was credited; the next one earned 20.00."""
    account = host()
    ended = contract(outlet, account, until=date(2026, 10, 31))
    gone = session(outlet, driver("A"), kwh=100)
    issued()
    closed()
    following = contract(outlet, account, name="Avtal 2", since=NOV, share=Decimal(50))
    session(outlet, driver("B"), kwh=20, start=OCTOBER + 40 * DAY)
    credit_notes.credit(Invoice.objects.get(billed_sessions__session=gone), reason="Fel", by=None, at=NOVEMBER)
    issued(OCTOBER + 35 * DAY, at=DECEMBER)
    return ended, following


def settled(agreed: HostContract) -> list[tuple[Any, ...]]:
    rows = agreed.statements.order_by("month")
    return list(rows.values_list("carried_in", "amount", "set_off", "payout", "vat", "total", "carried_out"))


def test_what_is_owed_of_an_ended_contract_is_set_off_against_the_next_one(outlet, renewed):
    ended, following = renewed
    for _ in range(2):  # worked out anew it is set off once
        worked_out(NOV, at=DECEMBER)
    closed(NOV, at=DECEMBER)
    session(outlet, driver("C"), kwh=100, start=OCTOBER + 70 * DAY)
    january = datetime(2027, 1, 2, 9, tzinfo=UTC)
    issued(OCTOBER + 65 * DAY, at=january)
    for month, at in ((date(2026, 12, 1), january), (date(2027, 1, 1), january + 31 * DAY)):
        closed(month, at=at)
    assert settled(ended)[1:] == [(0, -60, 20, 0, 0, 0, -40), (-40, 0, 40, 0, 0, 0, 0)]
    assert settled(following)[:2] == [(0, 20, -20, 0, 0, 0, 0), (0, 100, -40, 60, 15, 75, 0)]
    parts_of = layout.parts(following.statements.get(month=date(2026, 12, 1)), [], Writer("sv"))
    assert [(part.what, part.amount) for part in parts_of] == [("Kvittat mellan avtal", Decimal(-40))]
    for month in (date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)):
        assert [check for check in ledger.checks(month) if not check.holds] == []
    assert stands("host_carried") == 0


@pytest.mark.parametrize("other", [{"has_standard_rate": False}, {"is_self_billed": True, "agreed_on": OCT}])
def test_nothing_is_set_off_where_its_vat_would_be_another_or_another_writes_the_invoice(outlet, renewed, other):
    ended, following = renewed
    accounts.change(following.account, vat_number="SE556036079301")
    terms: dict[str, Any] = {"name": "Avtal 2", "sites": [outlet.station.site], "since": NOV, "share": Decimal(50)}
    host_contracts.change(following, Agreed(**terms, **other), at=NOVEMBER)
    closed(NOV, at=DECEMBER)
    assert settled(ended)[1:] == [(0, -60, 0, 0, 0, 0, -60)]
    assert following.statements.get().payout == 20


def test_self_billed_invoices_have_a_series_of_their_host_and_none_without_its_vat_number(outlet):
    facts = {"is_self_billed": True, "agreed_on": OCT, "objection_days": 10}
    one, two, three = host("Ett", vat_number="SE556036079301"), host("Två", vat_number="SE556036079301"), host("Tre")
    others = [connector() for _ in range(3)]
    contract(outlet, one, **facts)
    for account, at in zip((one, two, three), others, strict=True):
        contract(at, account, **facts)
    for at in (outlet, *others):
        session(at, driver(), kwh=10)
    issued()
    closed()
    rows = HostStatement.objects.filter(state="closed").order_by("account", "number")
    assert [(row.account, row.number) for row in rows] == [(one, 1), (one, 2), (two, 1)]
    (left_out,) = HostStatement.objects.filter(state="left_out")
    assert (left_out.account, left_out.problem) == (three, Code.HOST_WITHOUT_VAT_NUMBER)
    accounts.change(three, vat_number="SE556036079301")
    closed(NOV, at=DECEMBER)
    late: Any = HostStatement.objects.get(account=three, state="closed")
    assert (late.number, late.net, late.sessions) == (1, 20, 1)  # nothing of what was left out is lost
    assert rows.get(account=two, month=OCT).object_until == date(2026, 11, 12)
    assert HostStatement.objects.filter(month=NOV, number__isnull=False).count() == 1


@pytest.mark.parametrize(("days", "number"), [(-1, 1), (0, 1), (1, None)])
def test_nothing_is_the_hosts_invoice_before_that_was_agreed(outlet, days, number):
    agreed_on = NOVEMBER.date() + days * DAY
    contract(outlet, is_self_billed=True, agreed_on=agreed_on, has_standard_rate=False)
    session(outlet, driver(), kwh=10)
    issued()
    closed()
    assert (said().number, said().payout) == (number, 6)


def test_a_host_needs_a_vat_number_from_when_its_statements_are_its_invoices(outlet):
    """Agreed from tomorrow, with VAT: today it is paid without a number; what is closed tomorrow needs one."""
    contract(outlet, is_self_billed=True, agreed_on=NOVEMBER.date() + DAY)
    session(outlet, driver(), kwh=10)
    issued()
    settlement = worked_out()
    assert (said().state, said().vat, said().problem) == ("draft", Decimal("1.50"), "")
    with pytest.raises(SettlementRefused) as refused:
        settlements.close(settlement, by=None, at=NOVEMBER + DAY)
    assert (refused.value.code, refused.value.facts["name"]) == (Code.SETTLEMENT_WITHOUT_VAT_NUMBER, "Avtal 1")
    assert worked_out(at=NOVEMBER + DAY).statements.get().problem == Code.HOST_WITHOUT_VAT_NUMBER
    settlements.close(worked_out(), by=None, at=NOVEMBER)
    assert (said().state, said().number, said().total) == ("closed", None, Decimal("7.50"))


def test_a_host_that_is_not_registered_charges_no_vat(outlet):
    contract(outlet, is_self_billed=True, agreed_on=OCT, has_standard_rate=False)
    session(outlet, driver(), kwh=10)
    issued()
    closed()
    assert (said().vat_rate, said().vat, said().total, said().number) == (None, 0, 6, 1)


def test_what_is_closed_never_changes(outlet):
    agreed = contract(outlet, is_self_billed=True, agreed_on=OCT, has_standard_rate=False)
    session(outlet, driver(), kwh=10)
    issued()
    closed()
    statement, line = said(), HostLine.objects.get()
    documents.pdf(statement)
    answer = host_answers.approve(statement, by=person(), at=NOVEMBER)
    for change in (
        lambda: HostStatement.objects.update(payout=1, total=1, carried_out=5),
        lambda: HostStatement.objects.update(state="draft", number=None, closed_at=None),
        lambda: HostLine.objects.update(net=1),
        lambda: HostLine.objects.all()._raw_delete("default"),
        lambda: HostMonth.objects.all()._raw_delete("default"),
        lambda: HostLine.objects.create(statement=statement, session=line.session, month=OCT, energy_wh=1, net=1),
        lambda: HostContract.objects.update(share=90),
        lambda: HostContract.objects.update(until=date(2026, 10, 30)),
        lambda: HostSite.objects.all()._raw_delete("default"),
        lambda: HostSite.objects.update(until=date(2026, 12, 1)),
        lambda: HostSite.objects.create(contract=agreed, site=connector().station.site, since=OCT),
        lambda: HostAnswer.objects.update(kind="contested"),
        answer.delete,
        lambda: statement.documents.update(sha256="0"),
        lambda: Settlement.objects.update(stage="ready"),
        lambda: HostStatement.objects.create(
            settlement=Settlement.objects.get(), contract=agreed, account=agreed.account, month=NOV, currency="SEK",
            state="closed", drafted_at=NOVEMBER, closed_at=NOVEMBER,
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert said().payout == 6


def test_a_statement_that_is_not_the_sum_of_its_parts_or_skips_a_number_cannot_close(outlet):
    contract(outlet)
    session(outlet, driver(), kwh=10)
    issued()
    worked_out()
    facts: dict[str, Any] = {"state": "closed", "closed_at": NOVEMBER}
    for wrong in ({"net": 1}, {"sessions": 2}, {"energy_wh": 1}, {"number": 2},
                  {"amount": 7, "payout": 7, "vat": 0, "total": 7}):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            HostStatement.objects.update(**facts, **wrong)
    HostStatement.objects.update(**facts, number=1)


def test_months_are_settled_in_order_one_at_a_time(outlet):
    contract(outlet)
    for month, at in ((NOV, NOVEMBER), (date(2026, 12, 1), DECEMBER)):
        with pytest.raises(SettlementRefused):
            settlements.ask(month, by=None, at=at)
    worked_out()
    with pytest.raises(SettlementRefused):
        settlements.ask(NOV, by=None, at=DECEMBER)
    settlements.close(Settlement.objects.get(), by=None, at=NOVEMBER)
    with pytest.raises(SettlementRefused):
        settlements.ask(OCT, by=None, at=NOVEMBER)
    assert selector.months_to_settle(date(2027, 1, 5)) == [date(2026, 12, 1), NOV]


def test_worked_out_again_it_replaces_itself_and_closing_twice_is_closing_once(outlet):
    agreed = contract(outlet)
    session(outlet, driver(), kwh=10)
    issued()
    assert worked_out().statements.get().amount == 6
    host_contracts.change(
        agreed, Agreed(name="Avtal 1", sites=[outlet.station.site], since=OCT, share=Decimal(50)),
        at=NOVEMBER + DAY / 24,
    )  # fmt: skip
    with pytest.raises(SettlementRefused) as refused:
        settlements.close(Settlement.objects.get(), by=None, at=NOVEMBER)
    assert refused.value.code == Code.SETTLEMENT_OUTDATED
    settlement = worked_out(at=NOVEMBER + DAY / 12)
    assert settlement.statements.get().amount == 10
    for _ in range(2):
        settlements.close(settlement, by=None, at=NOVEMBER + DAY / 12)
    assert HostStatement.objects.count() == HostLine.objects.count() == 1


def _at(at: datetime) -> datetime:
    return at


@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere_it_is_done_once(outlet, seed, monkeypatch):
    outlets = [outlet, *(connector() for _ in range(4))]
    for number, at in enumerate(outlets):
        contract(at, host(f"Värd {number}"))
        session(at, driver(), kwh=10 + number)
    issued()
    chance, real = random.Random(seed), HostMonth.objects.bulk_create

    def killed(*args: Any, **more: Any) -> Any:
        if chance.random() < 0.3:
            raise MemoryError
        return real(*args, **more)

    monkeypatch.setattr(HostMonth.objects, "bulk_create", killed)
    row = settlements.ask(OCT, by=None, at=NOVEMBER)
    for attempt in range(60):
        at = NOVEMBER + attempt * timedelta(hours=1)
        claimed = work.claim(work.kind_named("settlement"), at=at)
        if claimed is None:
            break
        try:
            settlement_steps.work_out(current_operator_id(), claimed, clock=partial(_at, at))
        except MemoryError:
            Settlement.objects.filter(pk=row.pk).update(attempts=0)
    settlements.close(row, by=None, at=NOVEMBER)
    amounts = HostStatement.objects.order_by("pk").values_list("amount", flat=True)
    assert sorted(amounts) == [Decimal(6) + number * Decimal("0.60") for number in range(5)]
    assert HostLine.objects.count() == HostMonth.objects.count() == 5


def test_one_host_that_cannot_be_worked_out_stops_no_other(outlet, monkeypatch):
    for number, at in enumerate((outlet, connector())):
        contract(at, host(f"Värd {number}"))
        session(at, driver(), kwh=10)
    issued()
    first = HostContract.objects.earliest("pk")
    real: Any = hosting.earned

    def earned(terms: Terms, *args: Any, **more: Any) -> Any:
        if HostStatement.objects.latest("pk").contract_id == first.pk:
            raise ZeroDivisionError
        return real(terms, *args, **more)

    monkeypatch.setattr(hosting, "earned", earned)
    closed()
    states: Any = HostStatement.objects.order_by("contract").values_list("state", "problem", "amount")
    assert list(states) == [("left_out", Code.SETTLEMENT_FAILED, 0), ("closed", "", 6)]


def test_a_contract_gives_something_for_sites_that_no_other_one_is_about(outlet):
    agreed = contract(outlet, until=date(2026, 10, 31))
    for facts, code in (
        ({}, Code.HOST_SITE_TAKEN),
        ({"since": NOV, "sites": []}, Code.HOST_WITHOUT_SITE),
        ({"since": NOV, "share": Decimal(0)}, Code.HOST_GETS_NOTHING),
        ({"since": NOV, "rent": Decimal("0.001")}, Code.HOST_AMOUNT),
        ({"since": NOV, "until": OCT}, Code.FEE_ENDS_FIRST),
        ({"since": date(2020, 1, 1)}, Code.FEE_TOO_LONG_AGO),
        ({"since": NOV, "is_self_billed": True}, Code.SELF_BILLING_NOT_AGREED),
    ):
        with pytest.raises(HostRefused) as refused:
            contract(outlet, **facts)
        assert refused.value.code == code
    contract(outlet, since=NOV)
    with pytest.raises(HostRefused):
        host_contracts.end(agreed, until=None, at=NOVEMBER)
    with pytest.raises(DatabaseError), transaction.atomic():
        HostSite.objects.create(contract=agreed, site=outlet.station.site, since=NOV)


def test_once_settled_a_contract_can_only_be_ended_later(outlet):
    agreed = contract(outlet)
    closed()
    with pytest.raises(HostRefused) as refused:
        host_contracts.change(agreed, Agreed(name="x", sites=[outlet.station.site], since=OCT), at=NOVEMBER)
    assert refused.value.code == Code.HOST_CONTRACT_STAYS
    with pytest.raises(HostRefused) as refused:
        host_contracts.end(agreed, until=date(2026, 10, 30), at=NOVEMBER)
    assert refused.value.code == Code.HOST_SETTLED_UNTIL
    host_contracts.end(agreed, until=date(2026, 10, 31), at=NOVEMBER)
    contract(outlet, since=NOV)


def test_closing_needs_a_second_person_wherever_issuing_does(outlet):
    contract(outlet)
    settlement = worked_out()
    operators.change(Operator.objects.get(pk=current_operator_id()), four_eyes=[approved.ISSUE])
    with tenant_scope(settlement.operator_id), pytest.raises(NotApproved):
        settlements.close(settlement, by=None, at=NOVEMBER)


def person() -> User:
    return User.objects.create_user("hedda@example.com", "a long enough password", name="Hedda")


def test_a_host_answers_and_silence_is_consent_only_where_it_was_agreed(outlet):
    second, third = connector(), connector()
    facts = {"is_self_billed": True, "agreed_on": OCT, "has_standard_rate": False}
    contract(outlet, host("A"), **facts, objection_days=10)
    contract(second, host("B"), **facts)
    contract(third, host("C"))
    for at in (outlet, second, third):
        session(at, driver(), kwh=10)
    issued()
    worked_out()
    hedda = person()
    with pytest.raises(BillingError):
        host_answers.approve(HostStatement.objects.earliest("pk"), by=hedda, at=NOVEMBER)
    settlements.close(Settlement.objects.get(), by=None, at=NOVEMBER)
    silent, asked, plain = HostStatement.objects.order_by("account")
    early, late = date(2026, 11, 12), date(2026, 11, 13)
    assert [row.standing(early) for row in (silent, asked, plain)] == ["waiting", "waiting", "closed"]
    assert [row.standing(late) for row in (silent, asked)] == ["silent", "waiting"]
    with pytest.raises(HostRefused):
        host_answers.contest(silent, " ", by=hedda, at=NOVEMBER)
    host_answers.contest(silent, "För lite", by=hedda, at=NOVEMBER)
    assert silent.standing(late) == Standing.CONTESTED
    for _ in range(2):
        host_answers.approve(silent, by=hedda, at=NOVEMBER)
    assert silent.standing(early) == Standing.APPROVED
    assert silent.answers.count() == 2


def test_the_document_is_the_same_file_for_ever_and_says_self_billing(outlet):
    contract(outlet, is_self_billed=True, agreed_on=OCT, has_standard_rate=False)
    session(outlet, driver(), kwh=10)
    issued()
    closed()
    statement: Any = selector.statement(said().public_id)
    first = documents.pdf(statement)
    accounts.change(statement.account, name="Heter nu något annat")
    assert documents.pdf(statement) == first
    assert first.startswith(b"%PDF")
    page = layout.page(statement, statement.months.all())
    assert page["host"][0] == "Värden AB"
    assert any(name == page["words"]["self_billing"] for name, _ in page["facts"])


@pytest.mark.parametrize(("language", "title"), [("en", "Statement"), ("", "Avräkningsnota")])
def test_the_document_is_in_the_language_of_the_host_or_else_of_the_operator(outlet, language, title):
    Operator.objects.update(language="sv")
    contract(outlet, host(language=language))
    session(outlet, driver(), kwh=10)
    issued()
    closed()
    assert layout.page(said(), [])["title"] == title


def test_closed_statements_can_be_read_by_when_they_were_closed(outlet):
    contract(outlet)
    session(outlet, driver(), kwh=10)
    issued()
    closed()
    assert [row.total for row in selector.closed(NOVEMBER, DECEMBER)] == [Decimal("7.50")]
    assert not selector.closed(DECEMBER, DECEMBER + DAY)


AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)
CHANGES = st.lists(st.tuples(st.decimals(min_value=-500, max_value=500, places=2), st.integers(-50_000, 50_000)))


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.none() | AMOUNTS, CHANGES)
def test_the_parts_of_a_month_always_add_up_to_what_it_comes_to(share, rent, fee, floor, changes):
    terms = Terms(
        since=date(2026, 10, 9), until=None, share=min(share, Decimal(100)), kwh_price=Decimal("0.7777"),
        rent=rent, fee=fee, floor=floor, currency="SEK",
    )  # fmt: skip
    net, energy_wh, told = Decimal(0), 0, Decimal(0)
    for more, wh in changes:
        net, energy_wh = net + more, energy_wh + wh
        told += hosting.earned(terms, OCT, net=net, energy_wh=energy_wh) - told
    assert told == (hosting.earned(terms, OCT, net=net, energy_wh=energy_wh) if changes else 0)


def stands(use: str) -> int:
    """What is booked for a use, debit positive."""
    return sum(row.debit - row.credit for row in LedgerSum.objects.filter(use=use))


def test_a_closed_statement_is_booked_for_what_it_owes_and_carries(outlet):
    contract(outlet, least_payout=Decimal(20))
    session(outlet, driver("A"), kwh=10)  # 6.00 of 20.00
    issued()
    closed()
    assert (stands("host_share"), stands("host_carried"), stands("host_debt")) == (600, -600, 0)
    session(outlet, driver("B"), kwh=100, start=OCTOBER + 31 * DAY)
    issued(OCTOBER + 31 * DAY, at=DECEMBER)
    closed(NOV, at=DECEMBER)
    assert (stands("host_share"), stands("host_carried")) == (6600, 0)
    assert (stands("host_debt"), stands("input_later"), stands("input_vat")) == (-8250, 1650, 0)
    for month in (NOV, date(2026, 12, 1)):
        assert [check for check in ledger.checks(month) if not check.holds] == []
    site = LedgerRow.objects.filter(use="host_share").values_list("site", flat=True).distinct()
    assert list(site) == [outlet.station.site_id]


def test_of_a_self_billed_statement_the_vat_is_deducted(outlet):
    contract(outlet, host(vat_number="SE556016068001"), is_self_billed=True, agreed_on=OCT)
    session(outlet, driver("A"), kwh=10)
    issued()
    closed()
    assert (stands("host_share"), stands("input_vat"), stands("input_later"), stands("host_debt")) == (
        600,
        150,
        0,
        -750,
    )
    assert [account.number for account, _ in ledger.bookings_of("statement", said().pk)] == ["5090", "2641", "2890"]


def test_a_statement_is_paid_once_wholly_and_that_is_taken_back(outlet):
    contract(outlet)
    session(outlet, driver("A"), kwh=10)
    issued()
    closed()
    statement = said()
    assert selector.owed() == [("SEK", 1, Decimal("7.50"))]
    for day in (date(2026, 11, 1), date(2026, 12, 3)):  # before it was closed, and ahead
        with pytest.raises(BillingError) as refused:
            payouts.record(statement, paid_on=day, text="", by=None, at=DECEMBER)
        assert refused.value.code == Code.PAYOUT_DAY
    row = payouts.record(statement, paid_on=date(2026, 11, 20), text="BG", by=None, at=DECEMBER)
    assert (row.amount, stands("host_debt"), stands("bank")) == (750, 0, -750)
    assert selector.owed() == []
    with pytest.raises(BillingError) as refused:
        payouts.record(statement, paid_on=date(2026, 11, 20), text="", by=None, at=DECEMBER)
    assert refused.value.code == Code.PAYOUT_TWICE
    back = payouts.undo(row, by=None, at=DECEMBER)
    assert (stands("host_debt"), stands("bank")) == (-750, 0)
    with pytest.raises(BillingError) as refused:
        payouts.undo(back, by=None, at=DECEMBER)
    assert refused.value.code == Code.MATCH_UNDONE
    for month in (NOV, date(2026, 12, 1)):
        assert [check for check in ledger.checks(month) if not check.holds] == []
    assert payouts.record(statement, paid_on=date(2026, 11, 21), text="", by=None, at=DECEMBER).amount == 750


@pytest.mark.parametrize("amount", [749, 751, 1500, -750])
def test_the_database_refuses_a_payout_that_is_not_just_what_is_owed(outlet, amount):
    contract(outlet)
    session(outlet, driver("A"), kwh=10)
    issued()
    closed()
    with pytest.raises(DatabaseError), transaction.atomic():
        HostPayout.objects.create(statement=said(), amount=amount, paid_on=NOV)


def test_what_owes_nothing_is_not_paid(outlet):
    contract(outlet, least_payout=Decimal(20))
    session(outlet, driver("A"), kwh=10)
    issued()
    closed()
    with pytest.raises(BillingError) as refused:
        payouts.record(said(), paid_on=NOV, text="", by=None, at=DECEMBER)
    assert refused.value.code == Code.PAYOUT_OF_NOTHING


def test_a_discount_of_the_payer_is_the_operator_s_and_not_the_host_s(outlet):
    contract(outlet)
    payer = driver("A")
    session(outlet, payer, kwh=10)
    discount = Discount(text="Stamkund", taken_off="all", percent=Decimal(50), since=OCT)
    fees.give(Account.objects.get(driver=payer), discount, today=OCT)
    issued()
    assert Invoice.objects.get().amount_excl_vat == 10
    closed()
    assert (said().net, said().amount) == (20, 6)
