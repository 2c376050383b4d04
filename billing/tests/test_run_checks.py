"""What is found before a run is issued: what would make an invoice wrong keeps it, the rest is told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing import batches
from billing.domain.errors import Code
from billing.models import Invoice, InvoiceRun, Tariff
from billing.selectors import drafted as drafted_rows
from billing.selectors import run_checks
from billing.selectors import runs as run_rows
from billing.services import account_moves, drafted_prices, runs, tariffs
from billing.services.credit_notes import credit
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, flat, issued, session, tariff
from charging.models import ChargingSession, Correction, Site, Token
from tenants.models import Account, Driver, Operator
from tenants.services.people import accounts, operators

pytestmark = pytest.mark.usefixtures("in_north")
#: When October begins by the operator's clock.
MIDNIGHT = OCTOBER - timedelta(hours=2)


def found(run: InvoiceRun) -> dict[Code, int]:
    return {finding.code: finding.count for finding in run_checks.findings(run)}


def company(**facts) -> Account:
    return accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE", **facts)


def paying(account: Account, price: str = "2.00") -> None:
    """A driver of the account charges 10 kWh at a site with this price."""
    member, at = driver(), connector()
    account_moves.move(member, to=account)
    tariff(flat(price), site=at.station.site)
    session(at, member)


@pytest.fixture
def charged(north: Operator) -> Driver:
    tariff(flat("2.00"), name="Everywhere")
    payer = driver()
    session(connector(), payer)
    return payer


def refused(run: InvoiceRun) -> str:
    with pytest.raises(runs.RunRefused) as refusal:
        runs.issue(run, by=None, at=NOVEMBER)
    run.refresh_from_db()
    assert run.state == InvoiceRun.State.READY
    return refusal.value.code


def test_a_run_that_is_right_has_nothing_to_tell(charged):
    run = drafted()
    assert found(run) == {}
    assert runs.issue(run, by=None, at=NOVEMBER).state == InvoiceRun.State.ISSUED


@pytest.mark.parametrize("what", ["published", "assigned", "moved", "nobody"])
def test_discarded_drafts_are_made_anew_by_the_prices_of_now(charged, what):
    firm, card = company(), Token.objects.create(uid="04POOL")
    tariff(flat("1.00"), account=firm)
    at = connector()
    account_moves.move(card, to=company(customer_number="K-2"))
    session(at, None, token=card, kwh=100)
    run = drafted()
    if what == "published":
        version = tariffs.save_draft(Tariff.objects.get(name="Everywhere"), document=flat("3.00"))
        tariffs.publish(version, valid_from=OCTOBER, by=None, at=NOVEMBER + timedelta(hours=1))
    elif what == "assigned":
        tariffs.assign(Tariff.objects.get(assignments__account=firm), driver=charged, valid_from=OCTOBER)
    elif what == "moved":
        account_moves.move(charged, to=firm)
    else:
        account_moves.move(card, to=None)
    assert refused(run) in {Code.RUN_OLD_PRICES, Code.RUN_REASSIGNED, Code.RUN_MOVED}
    runs.discard(run, by=None)
    again = drafted(at=NOVEMBER + timedelta(hours=2))
    assert found(again) == ({Code.RUN_PRICES_CHANGED: 1} if what == "published" else {})
    amounts = sorted(Invoice.objects.values_list("amount_due", flat=True))
    expected = {
        "published": ["37.50", "375.00"],
        "moved": ["12.50", "250.00"],
        "assigned": ["12.50", "250.00"],
        "nobody": ["25.00"],
    }[what]
    assert amounts == [Decimal(amount) for amount in expected]


@pytest.mark.parametrize(
    ("country", "vat", "month", "odd"),
    [
        ("FI", "25", OCTOBER, True),  # the tariff of home reaches a site abroad
        ("FI", "25.5", OCTOBER, False),
        ("FI", "24", datetime(2024, 8, 1, tzinfo=UTC), False),
        ("FI", "24", datetime(2024, 9, 1, tzinfo=UTC), True),  # the rate went up, and the tariff did not
        ("SE", "12", OCTOBER, True),
        ("SE", "0", OCTOBER, False),
        ("US", "7", OCTOBER, False),  # of which no rate is known
    ],
)
def test_another_rate_than_the_standard_one_of_the_month_is_told(north, country, vat, month, odd):
    at = connector(Site.objects.create(name="There", country=country, time_zone="Europe/Helsinki"))
    tariff(flat("2.00", vat=vat), site=at.station.site)
    session(at, driver(), start=month + timedelta(days=9))
    run = drafted(month)
    told = [each for each in run_checks.findings(run) if each.code == Code.RUN_OTHER_RATES]
    expected = [(1, False, [Invoice.objects.get()])] if odd else []
    assert [(finding.count, finding.blocks, finding.about) for finding in told] == expected


@pytest.mark.parametrize("review", ["pending", "written_off"])
def test_a_drafted_session_that_is_under_review_or_written_off_keeps_it(charged, review):
    run = drafted()
    ChargingSession.objects.update(review=review)
    assert found(run) == {Code.RUN_UNDER_REVIEW: 1}
    assert refused(run) == Code.RUN_UNDER_REVIEW


def test_a_session_that_another_payer_pays_for_by_now_keeps_it_until_it_is_moved_back(charged):
    run = drafted()
    other = company()
    account_moves.move(charged, to=other)
    (finding,) = run_checks.findings(run)
    assert (finding.code, finding.count, finding.about) == (Code.RUN_MOVED, 1, [Invoice.objects.get()])
    assert refused(run) == Code.RUN_MOVED
    account_moves.move(charged, to=None)
    assert found(run) == {}


def test_prices_published_for_the_drafted_time_keep_it(charged):
    run = drafted()
    version = tariffs.save_draft(Tariff.objects.get(), document=flat("1.00"))
    tariffs.publish(version, valid_from=OCTOBER, by=None, at=NOVEMBER + timedelta(hours=1))
    assert Code.RUN_OLD_PRICES in found(run)
    assert refused(run) == Code.RUN_OLD_PRICES


def test_a_tariff_assigned_for_the_drafted_time_keeps_it_until_it_is_taken_away(charged):
    """Not published since, but assigned: the driver's own price holds for October, and another's does not matter."""
    own, for_another = tariff(flat("1.00"), name="Own", driver=driver()), driver()
    run = drafted()
    tariffs.assign(own, driver=for_another, valid_from=OCTOBER)
    tariffs.assign(own, driver=charged, valid_from=NOVEMBER)
    assert found(run) == {}
    late = tariffs.assign(own, driver=charged, valid_from=OCTOBER)
    (finding,) = run_checks.findings(run)
    assert (finding.code, finding.count, finding.about) == (Code.RUN_REASSIGNED, 1, [Invoice.objects.get()])
    assert refused(run) == Code.RUN_REASSIGNED
    tariffs.unassign(late, at=OCTOBER)
    assert found(run) == {}
    assert list(run_rows.remarks(run)) == []


@pytest.mark.parametrize("most", [2, 3])
def test_of_many_sessions_no_more_are_looked_for_than_say_so_and_none_counts_unseen(charged, monkeypatch, most):
    """Two of three are priced otherwise, whatever is compared at a time."""
    monkeypatch.setattr(drafted_rows, "BATCH", 1)
    monkeypatch.setattr(run_checks, "COMPARED_AT_MOST", most)
    at = connector()
    for day in (1, 2):
        session(at, charged, start=OCTOBER + timedelta(days=day))
    run = drafted()
    own = tariff(flat("1.00"), name="Own", driver=driver())
    tariffs.assign(own, driver=charged, valid_from=OCTOBER + timedelta(hours=2))
    (finding,) = run_checks.findings(run)
    code = Code.RUN_MANY_REASSIGNED if most == 2 else Code.RUN_REASSIGNED
    assert (finding.code, finding.count, finding.blocks) == (code, 2, True)


def test_only_drafts_that_were_noted_are_held_against_the_terms_unless_prices_were_published(charged, monkeypatch):
    other = driver("Other")
    apart = session(connector(), other)
    run, asked = drafted(), []
    read = batches.read

    def noted(operator, ids):
        asked.append(sorted(ids))
        return read(operator, ids)

    monkeypatch.setattr(batches, "read", noted)
    tariffs.assign(tariff(flat("1.00"), account=company()), driver=charged, valid_from=OCTOBER)
    (own,) = ChargingSession.objects.filter(driver=charged).values_list("pk", flat=True)
    assert drafted_prices.outdated(run) == [own]
    assert asked == [[own]]
    version = tariffs.save_draft(Tariff.objects.get(name="Everywhere"), document=flat("3.00"))
    tariffs.publish(version, valid_from=OCTOBER, by=None, at=NOVEMBER + timedelta(hours=1))
    assert sorted(drafted_prices.outdated(run)) == sorted([own, apart.pk])


def test_a_weaker_assignment_for_the_drafted_time_does_not(charged):
    own = tariff(flat("1.00"), name="Own", driver=charged)
    run = drafted()
    tariffs.assign(own, valid_from=OCTOBER)
    assert found(run) == {}
    tariffs.unassign(own.assignments.get(driver=charged), at=OCTOBER + timedelta(hours=1))
    assert found(run) == {}, "what began before is priced as it was"


def test_prices_for_later_do_not(charged):
    run = drafted()
    version = tariffs.save_draft(Tariff.objects.get(), document=flat("1.00"))
    tariffs.publish(version, valid_from=NOVEMBER, by=None, at=NOVEMBER + timedelta(hours=1))
    assert found(run) == {}


def test_vat_needs_the_sellers_number(charged, north):
    run = drafted()
    operators.change(north, vat_number="")
    assert found(run) == {Code.SELLER_WITHOUT_VAT_NUMBER: 1}
    assert refused(run) == Code.SELLER_WITHOUT_VAT_NUMBER


def test_no_vat_needs_none(north):
    tariff(flat("2.00", vat=None))
    session(connector(), driver())
    operators.change(north, vat_number="")
    assert found(drafted()) == {}


@pytest.mark.parametrize(
    ("price", "codes"), [("320.00", set()), ("320.01", {Code.SELLER_WITHOUT_ADDRESS, Code.BUYER_WITHOUT_ADDRESS})]
)
def test_above_the_limit_of_a_simplified_invoice_both_addresses_are_needed(charged, north, price, codes):
    """10 kWh at 320.00 and 25 % are 4,000.00."""
    operators.change(north, street="", city="")
    firm = company()
    paying(firm, price)
    run = drafted()
    assert set(found(run)) == codes
    operators.change(north, street="Storgatan 1", city="Umeå")
    accounts.change(firm, street="Kungsgatan 2", city="Umeå")
    assert found(run) == {}


def test_a_private_person_needs_no_address(charged, north):
    at = connector()
    tariff(flat("2000.00"), site=at.station.site)
    session(at, charged)
    assert found(drafted()) == {}


def test_whose_invoice_goes_nowhere_is_named(charged):
    firm = company(delivery=Account.Delivery.EMAIL)
    paying(firm)
    (finding,) = run_checks.findings(drafted())
    assert (finding.code, finding.about) == (Code.BUYER_WITHOUT_EMAIL, [firm])


def test_whose_e_invoice_would_lack_something_is_named_and_the_run_is_issued(charged, north):
    firm = company(delivery=Account.Delivery.E_INVOICE, organisation_number="", buyer_reference="")
    paying(firm)
    run = drafted()
    findings = {finding.code: finding for finding in run_checks.findings(run)}
    assert findings[Code.BUYER_LACKS_FOR_E_INVOICE].about == [firm]
    assert findings[Code.SELLER_LACKS_FOR_E_INVOICE].count == 1
    assert not run_checks.blocking(run)
    operators.change(north, organisation_number="556016-0680", bankgiro="5050-1055")
    accounts.change(firm, organisation_number="5560360793", buyer_reference="Ref 17", country="SE")
    assert found(run) == {}


def test_what_is_below_the_smallest_invoice_is_told(charged):
    account = Account.objects.get(driver=charged)
    Account.objects.update(least_amount=Decimal(1000))
    run = drafted()
    (finding,) = run_checks.findings(run)
    assert (finding.code, finding.count, finding.about) == (Code.RUN_CARRIED_OVER, 1, [account])


def test_late_sessions_and_changed_prices_are_told(charged):
    session(connector(), charged, start=OCTOBER - timedelta(days=9))
    version = tariffs.save_draft(Tariff.objects.get(), document=flat("1.00"))
    tariffs.publish(version, valid_from=OCTOBER + timedelta(days=9), by=None, at=OCTOBER)
    assert found(drafted()) == {Code.RUN_LATE_SESSIONS: 1, Code.RUN_PRICES_CHANGED: 1}


def test_what_a_later_file_says_of_a_drafted_session_is_told(charged):
    run = drafted()
    Correction.objects.create(session=ChargingSession.objects.get(), said={"energy_wh": 4000})
    assert found(run) == {Code.RUN_DIFFERENCES: 1}


def test_it_stands_beside_the_month_before_and_the_same_month_a_year_ago(charged):
    for earlier in (datetime(2025, 10, 3, tzinfo=OCTOBER.tzinfo), datetime(2026, 9, 3, tzinfo=OCTOBER.tzinfo)):
        session(connector(), charged, start=earlier, kwh=5)
        issued(earlier, at=earlier + timedelta(days=40))
    before, year_ago = run_checks.compared(drafted())
    assert (before.month, year_ago.month) == (date(2026, 9, 1), date(2025, 10, 1))
    assert (before.invoices, before.amount_due, before.change) == (1, Decimal("12.50"), Decimal(1))


def test_what_was_credited_wholly_says_nothing_of_what_a_payer_usually_pays(charged):
    """Ten times the usual energy in August was a mistake of the meter's: October is no less than usual."""
    for number, kwh in ((7, 10), (8, 100), (9, 10)):
        start = datetime(2026, number, 3, tzinfo=OCTOBER.tzinfo)
        session(connector(), charged, start=start, kwh=kwh)
        issued(start, at=start + timedelta(days=40))
    wrong = Invoice.objects.get(amount_due=250)
    credit(wrong, reason="The meter", by=None, at=NOVEMBER, then="written_off")
    assert not run_rows.remarks(drafted()).exists()


@pytest.fixture
def gone(charged):
    """A driver who was billed in both months before and does not charge any more."""
    once = driver("Gone Driver")
    for number in (8, 9):
        start = datetime(2026, number, 3, tzinfo=OCTOBER.tzinfo)
        session(connector(), once, start=start)
        issued(start, at=start + timedelta(days=40))
    return once


def test_who_got_an_invoice_twice_and_gets_none_now_is_among_what_is_odd(gone):
    run = drafted()
    remark = run_rows.remarks(run).get()
    assert (remark.code, remark.invoice.account.driver, remark.usual) == ("nothing", gone, Decimal("25.00"))
    runs.discard(run, by=None)
    assert Invoice.objects.filter(pk=remark.invoice_id).exists()


@pytest.mark.parametrize(("since", "is_odd"), [(MIDNIGHT, False), (MIDNIGHT + timedelta(days=1), True)])
def test_who_gets_none_because_a_company_pays_all_the_month_is_not(gone, since, is_odd):
    account_moves.move(gone, to=company(), since=since)
    assert run_rows.remarks(drafted()).exists() == is_odd


def test_who_gets_none_though_only_hosted_is_odd(gone):
    association = accounts.create(kind=Account.Kind.HOUSING, name="Brf Gården")
    account_moves.move(gone, to=association, pays=False)
    assert run_rows.remarks(drafted()).get().code == "nothing"
