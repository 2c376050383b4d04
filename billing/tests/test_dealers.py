"""Who buys to resell: taxed where it is established, from a day to a day, whatever tariffs and sites say."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.domain.errors import Code
from billing.models import Invoice, InvoiceLine, SessionPrice
from billing.selectors import prices, run_checks
from billing.services import account_moves, dealers, e_invoices, operator_changes, runs, seller_numbers, site_changes
from billing.services.runs import RunRefused
from billing.tests.companies import BUYER, SELLER
from billing.tests.factories import (
    NOVEMBER,
    OCTOBER,
    connector,
    drafted,
    driver,
    flat,
    issued,
    rate_all,
    session,
    tariff,
)
from charging.models import Site
from tenants.errors import Refused
from tenants.models import Account, Operator
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("in_north")

DAY = timedelta(days=1)
GERMAN: dict[str, Any] = {
    "kind": Account.Kind.ROAMING,
    "name": "Ladeverbund GmbH",
    "country": "DE",
    "vat_number": "DE136695976",
    "street": "Hafen 1",
    "postal_code": "20457",
    "city": "Hamburg",
    "buyer_reference": "EV 1",
    "dealer_since": date(2026, 1, 1),
    "dealer_evidence": "Certificate 2026-01-01, VIES WAPIAAAA1",
}


@pytest.fixture(autouse=True)
def seller(in_north):
    Operator.objects.update(**SELLER)


def of(facts):
    """A driver for whom an account with these facts pays."""
    member = driver()
    firm = accounts.create(**facts)
    account_moves.move(member, to=firm)
    return member, firm


def explained_total(charged):
    told = prices.explained(charged)
    assert told is not None
    return told.total.incl_vat


def including(price, **limits):
    return {**flat(price), "tax_included": "YES", **limits}


def test_a_dealer_in_another_member_state_accounts_for_the_vat_of_what_it_resells():
    tariff()
    member, _ = of(GERMAN)
    session(connector(), member)
    issued()
    invoice = Invoice.objects.get()
    (row,) = invoice.vat_rows.all()
    assert (row.vat_rate, row.taxable, row.vat, invoice.amount_due) == (
        Decimal(0),
        Decimal(20),
        Decimal(0),
        Decimal(20),
    )
    assert b"<cbc:ID>AE</cbc:ID>" in e_invoices.xml(invoice, at=NOVEMBER)


def test_vat_is_taken_out_of_prices_that_include_it_and_the_page_of_the_session_says_the_same():
    tariff(including("3.99", max_price={"excl_vat": "24.00", "incl_vat": "30.00"}))
    member, _ = of(GERMAN)
    small, large = session(connector(), member), session(connector(), member, start=OCTOBER + DAY, kwh=20)
    issued()
    assert InvoiceLine.objects.filter(session=small, component="ENERGY").get().unit_price == Decimal("3.192")
    for charged in (small, large):
        told = SessionPrice.objects.get(session=charged)
        assert told.amount_incl_vat == told.amount_excl_vat == Decimal("24")
        assert explained_total(charged) == told.amount_incl_vat
    assert Invoice.objects.get().amount_due == Decimal("48.00")


@pytest.mark.parametrize(("since", "until", "free"), [(2, None, [2, 3, 4]), (1, 2, [1, 2]), (0, 4, [0, 1, 2, 3, 4])])
def test_evidence_holds_from_a_day_to_a_day_by_the_end_of_the_session(since, until, free):
    tariff()
    begin = date(2026, 10, 10)
    days = {"dealer_since": begin + since * DAY, "dealer_until": until and begin + until * DAY}
    member, _ = of({**GERMAN, **days})
    at = connector()
    # Each ends half an hour after midnight in Stockholm.
    begins = datetime(2026, 10, 9, 21, 30, tzinfo=UTC)
    charged = [session(at, member, start=begins + day * DAY).pk for day in range(5)]
    rate_all()
    issued()
    rows = dict(InvoiceLine.objects.values_list("session", "vat_rate"))
    assert [day for day, pk in enumerate(charged) if rows[pk] == 0] == free
    assert Invoice.objects.get().amount_due == Decimal(20) * len(free) + Decimal(25) * (5 - len(free))


def test_outside_the_union_it_is_outside_the_scope():
    tariff()
    member, _ = of({**GERMAN, "country": "NO", "vat_number": "NO995525828MVA"})
    session(connector(), member)
    issued()
    assert [(row.vat_rate, row.vat) for row in Invoice.objects.get().vat_rows.all()] == [(None, Decimal(0))]


def test_a_dealer_at_home_has_the_vat_of_home_wherever_the_car_charged():
    tariff()
    seller_numbers.keep({"DE": "DE136695976"})
    abroad = connector(Site.objects.create(name="Hamburg", country="DE", time_zone="Europe/Berlin"))
    tariff({**flat("2.38", vat="19"), "tax_included": "YES"}, site=abroad.station.site)
    member, _ = of({**BUYER, "dealer_since": date(2026, 10, 2), "dealer_evidence": "Certificate"})
    consumed = session(abroad, member)
    resold = session(abroad, member, start=OCTOBER + 5 * DAY)
    session(connector(), member, start=OCTOBER + 6 * DAY)
    issued()
    found = {invoice.vat_country: invoice for invoice in Invoice.objects.all()}
    assert {country: invoice.session_count for country, invoice in found.items()} == {"DE": 1, "SE": 2}
    assert found["SE"].amount_due == Decimal("50.00")
    assert InvoiceLine.objects.get(session=consumed).vat_rate == 19
    assert InvoiceLine.objects.get(session=resold).vat_rate == 25


def test_what_is_not_billed_follows_when_it_becomes_known_and_a_run_with_drafts_waits():
    tariff()
    member, firm = of({**GERMAN, "dealer_since": None, "dealer_evidence": ""})
    charged = session(connector(), member)
    rate_all()
    assert SessionPrice.objects.get().amount_incl_vat == 25
    run = drafted()
    dealers.change(firm, at=NOVEMBER + DAY, dealer_since=date(2026, 10, 1), dealer_evidence="Certificate")
    (finding,) = [each for each in run_checks.findings(run) if each.code == Code.RUN_DEALERS_CHANGED]
    assert (finding.count, finding.blocks, finding.about) == (1, True, [firm])
    with pytest.raises(RunRefused):
        runs.issue(run, by=None, at=NOVEMBER)
    runs.discard(run, by=None)
    rate_all()
    issued(at=NOVEMBER + 2 * DAY)
    assert InvoiceLine.objects.get(session=charged).vat_rate == 0
    # What is issued is told as it was billed, also when the evidence is withdrawn.
    dealers.change(firm, at=NOVEMBER, dealer_since=None, dealer_evidence="")
    assert explained_total(charged) == 20


@pytest.mark.parametrize("to_dealer", [True, False])
def test_who_is_moved_to_or_from_a_dealer_after_the_draft_has_the_vat_of_whoever_pays_by_now(to_dealer):
    """By the same tariff both ways: of a version nothing can be told."""
    tariff()
    member, _ = of(BUYER if to_dealer else GERMAN)
    other = accounts.create(**(GERMAN if to_dealer else BUYER))
    session(connector(), member)
    run = drafted()
    account_moves.move(member, to=other)
    assert [finding.code for finding in run_checks.blocking(run)] == [Code.RUN_MOVED]
    runs.discard(run, by=None)
    issued(at=NOVEMBER + DAY)
    invoice = Invoice.objects.get()
    assert (invoice.account, invoice.amount_due) == (other, Decimal(20 if to_dealer else 25))


def test_what_touches_no_drafted_session_neither_keeps_the_run_nor_forgets_a_price():
    """A letter in the evidence, a year more, or the day after the last one drafted."""
    tariff()
    member, firm = of({**GERMAN, "dealer_until": date(2026, 12, 31)})
    session(connector(), member)
    run = drafted()
    later = session(connector(), member, start=NOVEMBER)
    rate_all()
    dealers.change(firm, at=NOVEMBER + DAY, dealer_evidence="Certificate, VIES")
    assert SessionPrice.objects.filter(session=later).exists()
    for last in (date(2027, 12, 31), date(2026, 11, 1)):
        dealers.change(firm, at=NOVEMBER + DAY, dealer_until=last)
        assert run_checks.blocking(run) == []
    dealers.change(firm, at=NOVEMBER + DAY, dealer_until=date(2026, 9, 30))
    assert [finding.code for finding in run_checks.blocking(run)] == [Code.RUN_DEALERS_CHANGED]
    dealers.change(firm, at=NOVEMBER + DAY, dealer_until=None)
    assert runs.issue(run, by=None, at=NOVEMBER + DAY).issued_at


def test_unbilled_prices_follow_at_once_and_others_of_the_account_change_nothing():
    tariff()
    member, firm = of(GERMAN)
    session(connector(), member)
    rate_all()
    dealers.change(firm, at=NOVEMBER, buyer_reference="Neu")
    assert SessionPrice.objects.count() == 1
    dealers.change(firm, at=NOVEMBER, dealer_until=date(2026, 9, 30))
    rate_all()
    assert SessionPrice.objects.get().amount_incl_vat == 25


def test_a_site_whose_country_was_wrong_has_what_dealers_at_home_resell_of_it_priced_anew():
    site = Site.objects.create(name="Hamburg", country="SE", time_zone="Europe/Berlin")
    there = connector(site)
    tariff({**flat("2.38", vat="19"), "tax_included": "YES"}, site=site)
    tariff()
    member, _ = of({**BUYER, "dealer_since": date(2026, 1, 1), "dealer_evidence": "Certificate"})
    drafted_one = session(there, member)
    run = drafted()
    late = session(there, member, start=NOVEMBER)
    apart = [session(connector(), member, start=NOVEMBER), session(there, driver("Other"), start=NOVEMBER)]
    rate_all()
    kept = list(SessionPrice.objects.filter(session__in=[drafted_one, *apart]).order_by("pk"))
    site_changes.change(site, at=NOVEMBER + DAY, name="Hamburg", country="DE")
    assert not SessionPrice.objects.filter(session=late).exists()
    assert list(SessionPrice.objects.order_by("pk")) == kept
    assert Code.RUN_DEALERS_CHANGED in {finding.code for finding in run_checks.blocking(run)}
    rate_all()
    assert {line["vat_rate"] for line in SessionPrice.objects.get(session=late).lines} == {"25"}
    site_changes.change(site, at=NOVEMBER + DAY, country="FI")
    assert SessionPrice.objects.filter(session=late).exists(), "from abroad to abroad it is as it was"


def test_an_operator_whose_country_was_wrong_has_what_dealers_resell_priced_anew(north):
    tariff()
    member, _ = of({**GERMAN, "dealer_since": date(2026, 1, 1), "dealer_evidence": "Certificate"})
    drafted_one = session(connector(), member)
    run = drafted()
    resold, consumed = (
        session(connector(), member, start=NOVEMBER),
        session(connector(), driver("Other"), start=NOVEMBER),
    )
    rate_all()
    assert {line["vat_rate"] for line in SessionPrice.objects.get(session=resold).lines} == {"0"}
    operator_changes.change(north, at=NOVEMBER + DAY, country="SE", name="North")
    assert SessionPrice.objects.filter(session=resold).exists(), "it stays where it was"
    operator_changes.change(north, at=NOVEMBER + DAY, country="NO")
    left = set(SessionPrice.objects.values_list("session", flat=True))
    assert left == {drafted_one.pk, consumed.pk}
    rate_all()
    assert {line["vat_rate"] for line in SessionPrice.objects.get(session=resold).lines} == {None}
    assert Code.RUN_DEALERS_CHANGED in {finding.code for finding in run_checks.blocking(run)}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"dealer_evidence": " "}, "dealer_without_evidence"),
        ({"country": ""}, "dealer_without_country"),
        ({"vat_number": ""}, "dealer_without_vat_number"),
        ({"country": "AT"}, "dealer_without_vat_number"),
        ({"dealer_until": date(2025, 12, 31)}, "dealer_ends_first"),
        ({"dealer_since": None}, "dealer_without_beginning"),
    ],
)
def test_nobody_is_a_dealer_without_what_shows_it(facts, code):
    firm = accounts.create(**GERMAN)
    for act in (lambda: accounts.create(**{**GERMAN, **facts}), lambda: dealers.change(firm, at=NOVEMBER, **facts)):
        with pytest.raises(Refused) as refused, transaction.atomic():
            act()
        assert refused.value.code == code


def test_the_database_lets_no_private_person_resell():
    own = Account.objects.get(driver=driver())
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=own.pk).update(dealer_since=date(2026, 1, 1), dealer_evidence="x", dealer_in="DE")


@pytest.mark.parametrize("written", ["GR 094259216", "EL094259216", "el 094259216"])
def test_a_greek_number_is_known_by_the_letters_that_vies_knows(written):
    tariff(flat(vat="0"))
    member, firm = of({**GERMAN, "country": "GR", "vat_number": written})
    assert (firm.identity.vat_number, firm.dealer_in) == ("EL094259216", "GR")
    session(connector(), member)
    issued()
    assert b"<cbc:ID>AE</cbc:ID>" in e_invoices.xml(Invoice.objects.get(), at=NOVEMBER)
