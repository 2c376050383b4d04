"""Who pays: a company for its drivers and cards from one day to another, everybody else for themselves."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.documents import layout
from billing.models import BilledSession, Invoice, InvoiceLine, RunProblem, SessionPrice
from billing.selectors import invoices, paid
from billing.services import account_moves, credit_notes, documents
from billing.sql.payers import JOINED, PAYER
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
from charging.models import AccountMember, Token
from tenants.errors import Refused
from tenants.models import Account, DriverGroup
from tenants.services.people import accounts, drivers

pytestmark = pytest.mark.usefixtures("in_north")
DAY = timedelta(days=1)


def company(name="Bolaget AB", **facts):
    return accounts.create(kind=Account.Kind.COMPANY, name=name, country="SE", **facts)


def on_invoices():
    """Each account of the newest run with the sessions on its invoice."""
    rows = BilledSession.objects.values_list("invoice__account_id", "session_id")
    return {account: {pk for of, pk in rows if of == account} for account, _ in rows}


def own(of):
    return Account.objects.get(driver=of).pk


def test_every_driver_has_an_account_that_follows_them():
    dana = driver("Dana Driver")
    account = Account.objects.get(driver=dana)
    assert (account.kind, account.name, account.customer_number) == ("private", "Dana Driver", dana.customer_number)
    drivers.change(dana, customer_number="K-7", group=None, is_active=True, name="Dana Ek")
    account.refresh_from_db()
    assert (account.identity, account.name, account.customer_number) == (dana.identity, "Dana Ek", "K-7")


def test_a_customer_number_is_one_customers():
    with pytest.raises(Refused) as refused:
        drivers.create(name="Dana", customer_number=company().customer_number)
    assert refused.value.code == "customer_number_taken"
    drivers.create(name="Dana", customer_number="K-1")
    with pytest.raises(Refused) as refused:
        company(customer_number="K-1")
    assert refused.value.facts == {"number": "K-1"}


@pytest.mark.parametrize(
    ("facts", "plain"),
    [
        ({"organisation_number": "556036-0793", "vat_number": "se 556036-0793 01"}, ("5560360793", "SE556036079301")),
        ({"vat_number": "DE 136 695 976"}, ("", "DE136695976")),
        ({"organisation_number": "HRB 1", "country": "DE"}, ("HRB1", "")),
    ],
)
def test_numbers_of_a_company_are_written_plainly(facts, plain):
    identity = accounts.create(kind="company", name="X", **{"country": "SE", **facts}).identity
    assert (identity.organisation_number, identity.vat_number) == plain


@pytest.mark.parametrize(
    "facts", [{"organisation_number": "556036-0794"}, {"vat_number": "SE556036079401"}, {"vat_number": "5560360793"}]
)
def test_a_wrong_number_is_refused_by_name(facts):
    with pytest.raises(Refused) as refused:
        company(**facts)
    assert refused.value.facts["number"] in facts.values()


def test_a_company_pays_from_a_day_to_a_day_and_the_driver_before_and_after():
    tariff()
    dana, firm, at = driver("Dana"), company(), connector()
    charged = [session(at, dana, start=OCTOBER + day * DAY).pk for day in range(5)]
    rate_all()
    account_moves.move(dana, to=firm, since=OCTOBER + DAY, until=OCTOBER + 3 * DAY)
    run = issued()
    assert on_invoices() == {firm.pk: set(charged[1:3]), own(dana): {charged[0], *charged[3:]}}
    invoice = run.invoices.get(account=firm)
    assert (invoice.buyer.name, invoice.customer_number) == ("Bolaget AB", firm.customer_number)


def test_a_card_of_a_company_is_paid_by_it_whoever_holds_it_also_nobody():
    tariff()
    dana, firm, at = driver("Dana"), company(), connector()
    pool = Token.objects.create(uid="04POOL", driver=None)
    nobodys = session(at, None, token=pool)
    hers = session(at, dana, token=pool, start=OCTOBER + DAY)
    private = session(at, dana, start=OCTOBER + 2 * DAY)
    rate_all()
    assert SessionPrice.objects.get(session=nobodys).problem == "no_driver"
    account_moves.move(pool, to=firm)
    rate_all()
    issued()
    assert on_invoices() == {firm.pk: {nobodys.pk, hers.pk}, own(dana): {private.pk}}


def test_who_is_only_hosted_pays_by_themselves():
    tariff()
    dana, house = driver("Dana"), accounts.create(kind=Account.Kind.HOUSING, name="Brf Eken", country="SE")
    charged = session(connector(), dana)
    account_moves.move(dana, to=house, pays=False)
    issued()
    assert on_invoices() == {own(dana): {charged.pk}}


def test_what_is_billed_stays_and_is_decided_anew_once_it_is_credited():
    tariff()
    dana, firm = driver("Dana"), company()
    charged = session(connector(), dana)
    issued()
    moved = account_moves.move(dana, to=firm)
    assert (moved.sessions, moved.billed) == (0, 1)
    assert on_invoices() == {own(dana): {charged.pk}}
    credit_notes.credit(Invoice.objects.get(), reason="The company pays", by=None, at=NOVEMBER)
    charged.review = "approved"
    charged.save(update_fields=["review"])
    issued(month=OCTOBER + 31 * DAY, at=NOVEMBER + 31 * DAY)
    assert Invoice.objects.get(account=firm).session_count == 1


def test_terms_of_the_account_are_those_of_its_invoice():
    tariff()
    dana, firm = (
        driver("Dana"),
        company(payment_terms_days=10, language="en", buyer_reference="A 17", order_number="PO 9"),
    )
    session(connector(), dana)
    account_moves.move(dana, to=firm)
    invoice = issued().invoices.get()
    assert (invoice.due_on, invoice.seller["language"]) == (NOVEMBER.date() + 10 * DAY, "en")
    assert (invoice.buyer.buyer_reference, invoice.buyer.order_number) == ("A 17", "PO 9")
    accounts.change(firm, buyer_reference="B 18")
    invoice.refresh_from_db()
    assert invoice.buyer.buyer_reference == "A 17"


def test_a_small_invoice_waits_until_there_is_enough():
    tariff(flat("1.00"))
    dana, firm, at = driver("Dana"), company(least_amount=Decimal(20)), connector()
    account_moves.move(dana, to=firm)
    early, late = session(at, dana), session(at, dana, start=OCTOBER + 31 * DAY)
    assert not drafted().invoices.exists()
    assert [(row.account, row.code) for row in RunProblem.objects.all()] == [(firm, "carried_over")]
    assert issued(month=OCTOBER + 31 * DAY, at=NOVEMBER + 31 * DAY).invoices.get().amount_due == 25
    assert on_invoices() == {firm.pk: {early.pk, late.pk}}


def test_a_run_of_companies_and_private_persons_comes_to_what_its_sessions_do():
    tariff(flat("1.37"))
    firm, at = company(), connector()
    people = [driver(f"Driver {number}") for number in range(6)]
    for number, who in enumerate(people):
        for day in range(3):
            session(at, who, start=OCTOBER + day * DAY, kwh=1 + number + day)
        if number % 2:
            account_moves.move(who, to=firm, since=OCTOBER + DAY)
    run = issued()
    assert run.invoices.count() == 7
    lines = InvoiceLine.objects.filter(invoice__run=run)
    assert lines.count() == lines.values("session").distinct().count() == 18
    exact = {row.session_id: row.amount_excl_vat for row in SessionPrice.objects.all()}
    assert sum(line.amount_excl_vat for line in lines) == sum(round(amount, 2) for amount in exact.values())
    assert sum(row.amount_excl_vat for row in run.invoices.all()) == sum(line.amount_excl_vat for line in lines)
    # On the company's invoice the sessions of a driver stand together.
    order = list(lines.filter(invoice__account=firm).order_by("position").values_list("session__driver_id", flat=True))
    assert order == sorted(order)


times = st.one_of(st.none(), st.integers(0, 9))
moves = st.lists(st.tuples(st.integers(0, 3), times, times), max_size=6)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(moves)
def test_whatever_is_moved_every_day_has_one_payer_and_it_is_who_was_said_last(said):
    with transaction.atomic():
        dana, firms = driver("Dana"), [None, *(company(f"Firm {number}") for number in range(3))]
        expected = [own(dana)] * 10
        for number, begin, end in said:
            if begin is not None and end is not None and end <= begin:
                continue
            since, until = (None if day is None else OCTOBER + day * DAY for day in (begin, end))
            account_moves.move(dana, to=firms[number], since=since, until=until)
            for day in range(begin or 0, 10 if end is None else end):
                expected[day] = firms[number].pk if number else own(dana)
        at = connector()
        for day in range(10):
            session(at, dana, start=OCTOBER + day * DAY + timedelta(hours=1))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {PAYER} FROM charging_chargingsession s {JOINED} WHERE s.driver_id = %s ORDER BY s.started_at",
                [dana.pk],
            )
            assert [payer for (payer,) in cursor.fetchall()] == expected
        transaction.set_rollback(True)


def test_the_database_refuses_two_accounts_at_a_time():
    dana, firm, other = driver("Dana"), company("A"), company("B")
    AccountMember.objects.create(account=firm, driver=dana, since=None, until=OCTOBER + DAY)
    with pytest.raises(IntegrityError, match="once_a_time"), transaction.atomic():
        AccountMember.objects.create(account=other, driver=dana, since=OCTOBER)
    AccountMember.objects.create(account=other, driver=dana, since=OCTOBER + DAY)


def test_the_document_of_a_company_says_who_buys_and_whose_each_session_is():
    tariff(flat("2.00"))
    anna, bo, at = driver("Anna"), driver("Bo"), connector()
    firm = company(organisation_number="556036-0793", buyer_reference="Ref 17", order_number="PO 9")
    pool = Token.objects.create(uid="04POOL", visual_number="POOL-1")
    for who in (anna, bo, pool):
        account_moves.move(who, to=firm)
    for day, who in enumerate((bo, anna, bo)):
        session(at, who, start=OCTOBER + day * DAY)
    session(at, None, token=pool)
    invoice = issued().invoices.get()
    page = layout.page(
        invoice, seller=invoice.seller, lines=invoices.lines(invoice, with_terms=True), vat=invoice.vat_rows.all()
    )
    assert page["buyer"] == ["Bolaget AB", "Org.nr 556036-0793"]
    assert ["Er referens", "Ref 17"] in page["facts"]
    assert ["Ordernummer", "PO 9"] in page["facts"]
    headings = [session["who"] for session in page["sessions"] if session["who"]]
    assert headings == [
        [f"Anna ({anna})", "20,00"],
        [f"Bo ({bo})", "40,00"],
        ["Kort POOL-1", "20,00"],
    ]
    assert len(documents.pdf(invoice)) > 5000


@pytest.mark.parametrize(("is_mixed", "sums"), [(False, ["50,00", "25,00"]), (True, ["40,00", "40,00"])])
def test_what_stands_beside_a_name_is_the_sum_of_the_amounts_under_it(is_mixed, sums):
    tariff({**flat("2.50"), "tax_included": "YES"})
    anna, bo, at = driver("Anna"), driver("Bo"), connector()
    firm = company()
    for who in (anna, bo):
        account_moves.move(who, to=firm)
    if is_mixed:
        tariff(flat("4.00"), driver=bo)  # without VAT, as all sums then are
    for day, who in enumerate((anna, anna, bo)):
        session(at, who, start=OCTOBER + day * DAY)
    invoice = issued().invoices.get()
    page = layout.page(
        invoice, seller=invoice.seller, lines=invoices.lines(invoice, with_terms=True), vat=invoice.vat_rows.all()
    )
    assert [session["who"][1] for session in page["sessions"] if session["who"]] == sums
    if not is_mixed:
        assert [session["amount"] for session in page["sessions"]] == ["25,00"] * 3


def test_the_most_particular_tariff_prices_who_before_where_and_the_page_says_so():
    dana, firm, at = driver("Dana"), company(), connector()
    group = DriverGroup.objects.create(name="Residents")
    dana.group = group
    dana.save(update_fields=["group"])
    account_moves.move(dana, to=firm, since=OCTOBER)
    charged = session(at, dana)
    rate_all()
    targets = [
        ("everywhere", {}),
        ("site", {"site": at.station.site}),
        ("station", {"station": at.station}),
        ("group", {"group": group}),
        ("account", {"account": firm}),
        ("driver", {"driver": dana}),
    ]
    for number, (name, target) in enumerate(targets, start=1):
        made = tariff(flat(f"{number}.00"), name=name, **target)
        rate_all()
        price = SessionPrice.objects.get(session=charged)
        assert price.tariff_version is not None
        assert price.tariff_version.tariff == made
        assert price.amount_excl_vat == 10 * number
        known = paid.paid(dana, at.station, at=charged.started_at)
        assert (known.version, known.payer) == (price.tariff_version, firm)
        assert known.assignments[0].level == name
        assert len(known.assignments) == number


def test_a_tariff_of_an_account_holds_while_somebody_belongs_to_it():
    dana, firm, at = driver("Dana"), company(), connector()
    tariff(flat("2.00"))
    tariff(flat("1.00"), account=firm)
    charged = [session(at, dana, start=OCTOBER + day * DAY) for day in range(3)]
    account_moves.move(dana, to=firm, since=OCTOBER + DAY, until=OCTOBER + 2 * DAY, pays=False)
    rate_all()
    prices = {price.session_id: price.amount_excl_vat for price in SessionPrice.objects.all()}
    assert [prices[one.pk] for one in charged] == [20, 10, 20]
