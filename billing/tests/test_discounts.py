"""Discounts: a line for each rate they concern, the same sum everywhere to the öre, and an amount once a month."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import BilledFee, Fee, InvoiceLine, Rerating
from billing.selectors import credits, discounts, reconciliation
from billing.selectors.credits import Asked
from billing.services import credit_notes, fees, rerating
from billing.services.fees import Agreed, Discount, FeeRefused
from billing.services.rules import check
from billing.tests.domain.judge_of_invoices import judge, rounded
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from tenants.models import Account

pytestmark = pytest.mark.usefixtures("in_north")
DAY = timedelta(days=1)
TODAY = date(2026, 10, 1)
ENERGY = {"type": "ENERGY", "price": "2.4937", "vat": "25"}
FLAT = {"type": "FLAT", "price": "5", "vat": "12"}


def off(account, taken_off="energy", percent=None, amount=None, since=TODAY, **facts):
    numbers: Any = {"percent": percent and Decimal(percent), "amount": amount and Decimal(amount)}
    discount = Discount(text="Friends", taken_off=taken_off, since=since, **numbers, **facts)
    return fees.give(account, discount, today=TODAY)


def person(kwh=10, days=1, **facts):
    dana = driver("Dana")
    at = facts.pop("at", None) or connector()
    for day in range(days):
        session(at, dana, start=OCTOBER + day * DAY + timedelta(hours=9), kwh=kwh, **facts)
    return Account.objects.get(driver=dana)


def month(number, year=2026):
    begin = OCTOBER.replace(year=year, month=number)
    return issued(month=begin, at=(begin + 31 * DAY).replace(day=2))


def taken(invoice):
    lines = invoice.lines.filter(component="DISCOUNT").order_by("position")
    return [(line.vat_rate, line.amount) for line in lines]


def same_as_the_judge(invoice):
    lines = list(invoice.lines.all())
    judged = judge(
        [(line.vat_rate, line.amount) for line in lines if not line.tax_included],
        2,
        gross=[(line.vat_rate, line.amount) for line in lines if line.tax_included],
    )
    assert (invoice.amount_excl_vat, invoice.vat, invoice.amount_due) == (judged.excl_vat, judged.vat, judged.due)
    assert sum(line.amount_excl_vat for line in lines) == invoice.amount_excl_vat


def test_a_percentage_of_energy_leaves_the_start_fee():
    tariff({"elements": [{"price_components": [ENERGY, FLAT]}]})
    off(person(kwh=7), percent="10")
    invoice = month(10).invoices.get()
    assert taken(invoice) == [(25, -rounded(rounded(Decimal("17.4559"), 2) / 10, 2))]
    same_as_the_judge(invoice)


def test_a_percentage_of_all_is_a_line_for_each_rate_and_leaves_credits():
    tariff({"elements": [{"price_components": [ENERGY, FLAT]}]})
    account = person(kwh=10)
    fees.add(account, Agreed(kind="monthly", text="Seat", price=Decimal(40), since=TODAY), today=TODAY)
    fees.add(account, Agreed(kind="credit", text="Sorry", reason="R", price=Decimal(8), since=TODAY), today=TODAY)
    off(account, "all", percent="50")
    invoice = month(10).invoices.get()
    assert taken(invoice) == [(12, Decimal("-2.50")), (25, rounded(Decimal("-64.94") / 2, 2))]
    assert BilledFee.objects.filter(fee__kind="discount").count() == 1
    same_as_the_judge(invoice)


def test_it_is_of_the_days_between_its_first_and_last():
    tariff(flat("1.00"))
    account = person(kwh=10, days=6)
    off(account, percent="100", since=date(2026, 10, 2), until=date(2026, 10, 3))
    invoice = month(10).invoices.get()
    assert taken(invoice) == [(25, -20)]
    assert invoice.amount_excl_vat == 40


def test_what_comes_late_has_the_percentage_of_its_day():
    tariff(flat("1.00"))
    account = person(kwh=10)
    off(account, percent="10", until=date(2026, 10, 31))
    month(10)
    session(connector(), account.driver, start=OCTOBER + 3 * DAY, kwh=30)
    assert taken(month(11).invoices.get()) == [(25, -3)]


def test_an_amount_is_taken_once_a_month_and_at_most_what_there_is():
    tariff(flat("1.00"))
    account = person(kwh=10)
    session(connector(), account.driver, start=OCTOBER + 32 * DAY, kwh=100)
    agreed = off(account, amount="31")
    assert taken(month(10).invoices.get()) == [(25, -10)]
    assert taken(month(11).invoices.get()) == [(25, -31)]
    rows = BilledFee.objects.filter(fee=agreed).order_by("first_day")
    assert [(row.first_day, row.last_day) for row in rows] == [
        (date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 11, 1), date(2026, 11, 30)),
    ]


def test_an_amount_of_a_part_of_the_month_is_shared_by_days():
    tariff(flat("1.00"))
    account = person(kwh=10, days=20)
    off(account, amount="31", since=date(2026, 10, 12), until=date(2026, 10, 20))
    assert taken(month(10).invoices.get()) == [(25, -9)]


def test_an_amount_is_shared_out_to_rates_and_kinds_of_price_and_is_the_amount():
    firm_at, other = connector(), connector()
    tariff({"elements": [{"price_components": [ENERGY, FLAT]}], "tax_included": "YES"}, site=firm_at.station.site)
    tariff({"elements": [{"price_components": [ENERGY, FLAT]}]}, site=other.station.site)
    account = person(kwh=7, at=firm_at)
    session(other, account.driver, kwh=3, start=OCTOBER + DAY)
    off(account, "all", amount="10.01")
    invoice = month(10).invoices.get()
    assert sorted(rate for rate, _ in taken(invoice)) == [12, 12, 25, 25]
    assert sum(amount for _, amount in taken(invoice)) == Decimal("-10.01")
    same_as_the_judge(invoice)
    note = credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
    assert note.amount_due == -invoice.amount_due
    check([note.pk, invoice.pk])


def half_off(taken_off="energy"):
    """Three sessions of 10.01 with half of it taken off: 30.03 less 15.02."""
    tariff(flat("1.001"))
    account = person(days=3)
    off(account, taken_off, percent="50")
    invoice = month(10).invoices.get()
    assert taken(invoice) == [(25, Decimal("-15.02"))]
    return invoice


def one_back(invoice, number, amount=None):
    place = invoice.lines.filter(session__isnull=False).order_by("position")[number].position
    return credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER, asked=Asked({place: amount}))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_sessions_that_are_credited_one_by_one_give_back_their_share_and_end_at_zero(order):
    invoice = half_off()
    notes = [one_back(invoice, number) for number in order]
    # A third of 15.02 is 5.0066…, two thirds are 10.0133….
    assert [line.amount for note in notes for line in note.lines.filter(component="DISCOUNT")] == [
        Decimal("5.01"),
        Decimal("5.00"),
        Decimal("5.01"),
    ]
    assert sum(note.amount_due for note in notes) == -invoice.amount_due
    assert not notes[-1].leaves_rest
    assert credits.left(invoice) == credits.Left(Decimal(0), Decimal(0))
    assert reconciliation.check().adds_up


def test_a_part_of_a_line_gives_back_its_share():
    note = one_back(half_off(), 1, Decimal("4.00"))
    assert [
        (line.component, line.quantity, line.unit_price, line.amount) for line in note.lines.order_by("position")
    ] == [
        ("ENERGY", -1, Decimal("4.00"), Decimal("-4.00")),
        ("DISCOUNT", 1, Decimal("2.00"), Decimal("2.00")),
    ]
    assert note.amount_excl_vat == -2


def test_a_credit_of_what_the_discount_is_not_of_leaves_it():
    tariff({"elements": [{"price_components": [ENERGY, FLAT]}]})
    off(person(), percent="10")
    invoice = month(10).invoices.get()
    place = invoice.lines.get(component="FLAT").position
    note = credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER, asked=Asked({place: None}))
    assert note.amount_excl_vat == -5


def test_an_invoice_with_a_discount_adds_up_in_the_reconciliation():
    half_off("all")
    found = reconciliation.check()
    assert found.adds_up
    assert (found.fees_excl_vat, found.fee_lines, found.fees_charged) == (Decimal("-15.02"), 1, 1)


def test_what_is_billed_anew_has_its_discount_again():
    invoice = half_off()
    tariff(flat("2.002"))
    row = rerating.ask(
        why=Rerating.Why.TARIFF,
        reason="Wrong tariff",
        since=TODAY,
        until=date(2026, 10, 31),
        sites=[],
        accounts=[],
        by=None,
        at=NOVEMBER,
    )
    rerating.plan(row)
    rerating.work_out(row.items.get().pk, at=NOVEMBER)
    item = row.items.get()
    assert (item.credited, item.billed) == (invoice.amount_due, Decimal("37.54"))


def test_which_percentages_are_told_of_a_session():
    tariff(flat("1.00"))
    account = person(days=2)
    driver_ = account.driver
    first, second = driver_.sessions.order_by("started_at")
    off(account, "all", percent="10", until=TODAY)
    off(account, amount="5")

    def told(one, invoice=None, **whose):
        return [
            (row.text, row.percent, row.of)
            for row in discounts.of_session(one, zone="Europe/Stockholm", invoice=invoice, **whose)
        ]

    assert told(first, only_of=driver_) == [("Friends", 10, "all")]
    assert told(second) == []
    assert told(first, only_of=driver("Somebody else")) == []
    invoice = month(10).invoices.get()
    off(account, percent="99")
    assert told(first, invoice) == [("Friends", 10, "all")]


def test_without_charging_there_is_nothing_to_take_off():
    off(person(kwh=10), "all", percent="10")
    assert not month(12).invoices.exists()
    assert not BilledFee.objects.exists()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, "percent_or_amount"),
        ({"percent": "10", "amount": "5"}, "percent_or_amount"),
        ({"percent": "101"}, "discount_percent"),
        ({"percent": "0"}, "discount_percent"),
        ({"amount": "0"}, "fee_price"),
        ({"percent": "5", "until": TODAY - DAY}, "fee_ends_first"),
    ],
)
def test_what_is_no_discount_is_refused_by_name(facts, code):
    with pytest.raises(FeeRefused) as refused:
        off(person(), **facts)
    assert refused.value.code == code


def test_the_database_refuses_a_discount_twice_on_an_invoice():
    tariff(flat("1.00"))
    agreed = off(person(), percent="10")
    month(10)
    row = BilledFee.objects.get(fee=agreed)
    row.pk = None
    with pytest.raises(IntegrityError, match="percentage_once_an_invoice"), transaction.atomic():
        row.save()


def bounded(*prices, most=None, least=None, tax_included="NO"):
    bounds = {"max_price": most, "min_price": least}
    told = {name: {"excl_vat": of, "incl_vat": of} for name, of in bounds.items() if of is not None}
    return {"elements": [{"price_components": list(prices)}], "tax_included": tax_included, **told}


@pytest.mark.parametrize("gross", ["YES", "NO"])
def test_nothing_is_taken_off_energy_that_a_greatest_price_leaves_unasked(gross):
    # 24.94 and, at 12 %, 5, down to 20: of the energy 24.94 - 8.28 is asked for.
    tariff(bounded(ENERGY, FLAT, most="20", tax_included=gross))
    off(person(kwh=10), percent="100")
    invoice = month(10).invoices.get()
    assert taken(invoice) == [(25, Decimal("-16.66"))]
    assert sum(line.amount for line in invoice.lines.all()) == Decimal("3.34")
    same_as_the_judge(invoice)


def test_half_off_energy_is_half_of_what_each_session_is_asked_for():
    tariff(bounded({**ENERGY, "price": "1"}, {**FLAT, "vat": "25"}, most="20"))
    account = person(kwh=10)
    session(connector(), account.driver, start=OCTOBER + DAY, kwh=18)
    session(connector(), account.driver, start=OCTOBER + 2 * DAY, kwh=90)
    off(account, percent="50")
    # Of 10 and 5 the energy, of 18 and 5 down to 20 what is left of the energy, of 90 down to 20 all that is asked.
    assert taken(month(10).invoices.get()) == [(25, -24)]


def test_all_off_what_a_greatest_price_cut_at_several_rates_leaves_nothing():
    dear = {"type": "FLAT", "price": "30", "vat": "12"}
    tariff(bounded(ENERGY, dear, most="20"))
    off(person(kwh=10), "all", percent="100")
    invoice = month(10).invoices.get()
    assert (invoice.amount_excl_vat, invoice.vat, invoice.amount_due) == (0, 0, 0)


def test_an_amount_off_energy_is_at_most_what_a_greatest_price_leaves():
    tariff(bounded(ENERGY, FLAT, most="20"))
    off(person(kwh=10), amount="31")
    assert taken(month(10).invoices.get()) == [(25, Decimal("-16.66"))]


def test_what_a_least_price_adds_is_no_energy():
    tariff(bounded({**ENERGY, "price": "1"}, least="25"))
    off(person(kwh=10), percent="100")
    assert taken(month(10).invoices.get()) == [(25, -10)]


def cut_by_half():
    """Sessions of 10, 30 and 40 at 1.00 and at most 20, of which half is taken off: 50 less 25."""
    tariff(bounded({**ENERGY, "price": "1"}, most="20"))
    account = person(kwh=10)
    for day, kwh in enumerate([30, 40], start=1):
        session(connector(), account.driver, start=OCTOBER + day * DAY, kwh=kwh)
    off(account, percent="50")
    invoice = month(10).invoices.get()
    assert taken(invoice) == [(25, -25)]
    return invoice


def of_one(invoice, number, component=None):
    sessions = invoice.lines.filter(session__isnull=False).order_by("session__started_at")
    whose = list(dict.fromkeys(sessions.values_list("session_id", flat=True)))[number]
    rows = invoice.lines.filter(session=whose)
    return rows.filter(component=component) if component else rows


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_a_credited_session_gives_back_the_share_of_what_it_was_asked_for(order):
    invoice = cut_by_half()
    shares = [Decimal(5), Decimal(10), Decimal(10)]
    notes = []
    for number in order:
        asked = Asked({line.position: None for line in of_one(invoice, number)})
        notes.append(credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER, asked=asked))
        assert [line.amount for line in notes[-1].lines.filter(component="DISCOUNT")] == [shares[number]]
        assert notes[-1].amount_excl_vat == -shares[number]
    assert credits.left(invoice) == credits.Left(Decimal(0), Decimal(0))
    assert not notes[-1].leaves_rest


def test_an_amount_of_a_line_that_was_cut_gives_back_its_share_of_what_is_asked():
    invoice = cut_by_half()
    place = of_one(invoice, 2, "ENERGY").get().position
    asked = Asked({place: Decimal(8)})
    note = credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER, asked=asked)
    assert [line.amount for line in note.lines.filter(component="DISCOUNT")] == [4]
    assert note.amount_excl_vat == -4


components = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["ENERGY", "FLAT", "TIME"]),
            "price": st.decimals(min_value="0.0001", max_value="99.9999", places=4).map(str),
            "vat": st.sampled_from(["25", "12", "6", "0", "25.5"]),
        }
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda component: component["type"],
)
bounds = st.none() | st.decimals(min_value="1", max_value="300", places=2).map(str)
percents = st.decimals(min_value="0.01", max_value="100", places=2)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(components=components, gross=st.booleans(), percent=percents, amount=percents, everything=st.booleans())
def test_whatever_is_taken_off_the_sum_is_the_judges_and_breaks_no_rule(components, gross, percent, amount, everything):
    with transaction.atomic():
        tariff({"elements": [{"price_components": components}], "tax_included": "YES" if gross else "NO"})
        account = person(kwh=7, days=3)
        off(account, "all" if everything else "energy", percent=str(percent))
        off(account, "all", amount=str(amount))
        run = month(10)
        invoice = run.invoices.first()
        if invoice is None:  # two discounts may come to more than all
            assert run.problems.get().code == "negative_sum"
        else:
            same_as_the_judge(invoice)
            check([invoice.pk])
        assert InvoiceLine.objects.filter(component="DISCOUNT", fee__isnull=True).count() == 0
        assert Fee.objects.count() == 2
        transaction.set_rollback(True)


def energy_by_hand(invoice, on=()):
    """What is asked for energy at each rate, session by session; on: what notes took back, with the opposite sign."""
    energy: dict[Any, Decimal] = {}
    everything: dict[Any, Decimal] = {}
    for line in [*invoice.lines.all(), *(line for note in on for line in note.lines.all())]:
        key = (line.vat_rate, line.session_id)
        everything[key] = everything.get(key, 0) + line.amount
        if line.component == "ENERGY":
            energy[key] = energy.get(key, 0) + line.amount
    asked: dict[Any, Decimal] = {}
    for (rate, whose), amount in energy.items():
        if whose is not None:
            asked[rate] = asked.get(rate, Decimal(0)) + max(Decimal(0), min(amount, everything[rate, whose]))
    return {rate: amount for rate, amount in asked.items() if amount}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    data=st.data(),
    components=components,
    most=bounds,
    least=bounds,
    gross=st.booleans(),
    percent=percents.filter(lambda percent: percent <= 90),  # a coin of rounding makes no account negative
)
def test_a_percentage_is_of_the_energy_that_is_asked_for_and_follows_it_to_nothing(
    data, components, most, least, gross, percent
):
    with transaction.atomic():
        if least is not None and most is not None and Decimal(least) > Decimal(most):
            least, most = most, least
        tariff(bounded(*components, most=most, least=least, tax_included="YES" if gross else "NO"))
        account = person(kwh=7)
        session(connector(), account.driver, start=OCTOBER + DAY, kwh=31)
        session(connector(), account.driver, start=OCTOBER + 2 * DAY, kwh=1)
        off(account, percent=str(percent))
        run = month(10)
        assert not run.problems.exists()
        invoice = run.invoices.get()
        asked = energy_by_hand(invoice)
        wanted = {rate: rounded(-amount * percent / 100, 2) for rate, amount in asked.items()}
        assert dict(taken(invoice)) == {rate: amount for rate, amount in wanted.items() if amount}
        same_as_the_judge(invoice)
        notes: list[Any] = []
        for number in data.draw(st.permutations(range(3))):
            lines = list(of_one(invoice, number))
            if all(line.amount == 0 for line in lines):
                continue
            whole = Asked({line.position: None for line in lines})
            notes.append(credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER, asked=whole))
            left = energy_by_hand(invoice, notes)
            for rate, amount in taken(invoice):
                back = sum(
                    line.amount for note in notes for line in note.lines.filter(component="DISCOUNT", vat_rate=rate)
                )
                assert back == rounded(-amount * (asked[rate] - left.get(rate, 0)) / asked[rate], 2)
        assert credits.left(invoice) == credits.Left(Decimal(0), Decimal(0))
        check([invoice.pk, *(note.pk for note in notes)])
        transaction.set_rollback(True)
