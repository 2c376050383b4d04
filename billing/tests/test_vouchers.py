"""Vouchers in SIE 4I, read back by a reader of their own: they balance, and come to what the documents come to."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.exports import sie
from billing.models import BookedInvoice, ClosedMonth, Export, HostStatement, Invoice
from billing.selectors.booking_accounts import USUAL, Account
from billing.services import (
    booking_accounts,
    exports,
    fees,
    host_contracts,
    payments,
    payouts,
    settlements,
    write_offs,
)
from billing.services.credit_notes import credit
from billing.services.fees import Agreed, Discount
from billing.tests import sie_reader
from billing.tests.downloads import content, worked
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from charging.models import Site
from tenants import work
from tenants.models import Account as Payer
from tenants.models import AuditEntry, Operator
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("files")

DAYS = (date(2026, 11, 1), date(2026, 11, 30))
MIXED = {
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": "2.57", "vat": "25"},
                {"type": "FLAT", "price": "4.99", "vat": "12"},
                {"type": "TIME", "price": "3.33"},
            ]
        }
    ],
    "tax_included": "YES",
}


@pytest.fixture
def books(north):
    """Invoices of sessions at two sites in whole kronor, one credited; and a fee with an account of its own."""
    with tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(
            legal_name="Laddåkern AB", organisation_number="556016-0680", rounds_to_crowns=True
        )
        tariff(MIXED)
        sites = [connector(Site.objects.create(name=name)) for name in ("Ängby “torg”", "Kajen – norra")]
        for number in range(5):
            session(sites[number % 2], driver(), start=OCTOBER + timedelta(hours=number), kwh=7)
        firm = accounts.create(kind=Payer.Kind.COMPANY, name="Bolaget AB", country="SE")
        agreed = Agreed(
            kind="once", text="Kort", reason="-", price=Decimal(99), since=OCTOBER.date(), booking_account="3540"
        )
        fees.add(firm, agreed, today=OCTOBER.date())
        issued()
        credit(Invoice.objects.get(number=1), reason="Fel", by=None, at=NOVEMBER)
    north.refresh_from_db()
    return north


def asked(operator, **how) -> Export:
    with tenant_scope(operator.pk):
        return exports.request(
            kind=Export.Kind.SIE, month=DAYS[0], by=None, at=NOVEMBER, days=DAYS, how=exports.How(**how)
        )


def made(operator, **how) -> tuple[Export, sie_reader.File]:
    export = worked(asked(operator, **how))
    assert (export.state, export.done) == (Export.State.DONE, export.total)
    return export, sie_reader.read(content(export, operator))


def documents(operator):
    with tenant_scope(operator.pk):
        return list(Invoice.objects.order_by("number"))


def test_each_document_is_a_voucher_that_balances_and_says_what_it_says(books):
    _, file = made(books)
    rows = documents(books)
    assert len(file.vouchers) == len(rows) == 7
    for voucher, invoice in zip(file.vouchers, rows, strict=True):
        assert voucher.balance == 0
        own = {account: amount for account, _, amount in voucher.rows}
        assert own["1510"] == invoice.amount_due
        assert own.get("3740", 0) == -invoice.rounding
        assert sum(amount for account, _, amount in voucher.rows if account[0] == "2") == -invoice.vat
        assert (
            sum(amount for account, _, amount in voucher.rows if account[:2] in ("30", "35"))
            == -invoice.amount_excl_vat
        )
    assert [voucher.text for voucher in file.vouchers] == [
        *(f"Faktura F{number}" for number in range(1, 7)),
        "Kreditfaktura F7",
    ]
    assert {voucher.day for voucher in file.vouchers} == {"20261102"}
    assert file.by_account()["3540"] == Decimal("-99.00")


def test_the_head_names_what_the_vouchers_name(books):
    _, file = made(books)
    assert file.head["FLAGGA"] == [["0"]]
    assert file.head["FORMAT"] == [["PC8"]]
    assert file.head["SIETYP"] == [["4"]]
    assert file.head["ORGNR"] == [["556016-0680"]]
    assert file.head["FNAMN"] == [["Laddåkern AB"]]
    numbers = {number for number, _ in file.head["KONTO"]}
    assert set(file.by_account()) <= numbers
    sites = {code: name for _, code, name in file.head["OBJEKT"]}
    assert sorted(sites.values()) == ["Kajen - norra", 'Ängby "torg"']
    used = {objects for voucher in file.vouchers for _, objects, _ in voucher.rows if objects}
    assert used == {("1", code) for code in sites}


def test_a_discount_is_booked_where_it_says_or_with_its_rate(north):
    with tenant_scope(north.pk):
        tariff(flat("1.00"))
        for account in ("3730", ""):
            payer = driver()
            session(connector(), payer)
            discount = Discount(
                text="Stamkund", taken_off="all", percent=Decimal(10), since=OCTOBER.date(), booking_account=account
            )
            fees.give(Payer.objects.get(driver=payer), discount, today=OCTOBER.date())
        issued()
    _, file = made(north)
    assert [voucher.balance for voucher in file.vouchers] == [0, 0]
    booked = file.by_account()
    assert booked["3730"] == Decimal("1.00")
    assert sum(amount for account, amount in booked.items() if account.startswith("3")) == Decimal("-18.00")


def test_a_voucher_a_day_comes_to_the_same(books):
    _, by_document = made(books)
    _, by_day = made(books, by_day=True, again=True)
    assert [voucher.balance for voucher in by_day.vouchers] == [0]
    assert by_day.by_account() == by_document.by_account()


def test_no_document_is_in_two_files_unless_it_is_asked_for(books):
    made(books)
    second, file = made(books)
    assert file.vouchers == []
    assert (second.error, second.error_facts) == ("vouchers_left_out", {"before": 7, "numbers": []})
    _, again = made(books, again=True)
    assert len(again.vouchers) == 7
    with tenant_scope(books.pk):
        credit(Invoice.objects.get(number=2), reason="Fel", by=None, at=NOVEMBER)
        assert BookedInvoice.objects.count() == 7
    _, later = made(books)
    assert [voucher.text for voucher in later.vouchers] == ["Kreditfaktura F8"]


def test_documents_in_another_currency_are_left_out_by_name(north):
    with tenant_scope(north.pk):
        tariff(flat(), currency="EUR")
        session(connector(), driver())
        issued()
    export, file = made(north)
    assert file.vouchers == []
    assert export.error_facts == {"before": 0, "numbers": ["F1"]}


def test_the_operator_s_own_accounts_are_used_and_the_log_says_so(books):
    with tenant_scope(books.pk):
        own = {**USUAL, "receivable": Account("1518", "Kundfordringar utanför reskontran")}
        booking_accounts.keep(own)
        event = AuditEntry.objects.get(event="export.accounts_changed")
        assert "receivable 1518" in str(event.additional_data)
    _, file = made(books)
    assert "1510" not in file.by_account()
    assert ["1518", "Kundfordringar utanför reskontran"] in file.head["KONTO"]


def test_payments_are_a_voucher_a_day_if_they_are_asked_for(books):
    paid = documents(books)[1]
    with tenant_scope(books.pk):
        payments.record(paid, paid.amount_due + 2, paid_on=DAYS[0], text="", by=None, today=DAYS[1])
        kept = payments.record(paid, Decimal(7), paid_on=DAYS[1], text="", by=None, today=DAYS[1])
    _, file = made(books)
    assert [voucher.series for voucher in file.vouchers] == ["F"] * 7
    _, file = made(books, payments=True)
    assert [(voucher.series, voucher.day, voucher.balance) for voucher in file.vouchers] == [
        ("I", "20261101", Decimal(0)),
        ("I", "20261130", Decimal(0)),
    ]
    assert {account: amount for account, _, amount in file.vouchers[0].rows} == {
        "1930": paid.amount_due + 2,
        "1510": -paid.amount_due,
        "2420": -2,
    }
    assert file.by_account()["1930"] == paid.amount_due + 2 + kept.amount // 100
    assert made(books, payments=True)[1].vouchers == []
    again = made(books, payments=True, again=True)[1]
    assert len(again.vouchers) == 9
    assert {"1930", "2420"} <= {number for number, _ in again.head["KONTO"]}


def test_the_file_waits_for_what_is_older_than_the_ledger(books, monkeypatch):
    monkeypatch.setattr("billing.selectors.ledger.is_behind", lambda: True)
    export = worked(asked(books))
    assert (export.state, export.error) == (Export.State.WAITING, "")
    monkeypatch.undo()
    with tenant_scope(books.pk):
        Export.objects.update(leased_until=None)
    assert worked(export).state == Export.State.DONE


@pytest.mark.parametrize(
    ("program", "receivable", "has_checksum"),
    [("sie", "1510", True), ("fortnox", "1510", False), ("visma", "1518", False), ("bokio", "1510", False)],
)
def test_each_program_gets_what_it_takes(books, program, receivable, has_checksum):
    export, file = made(books, options={"program": program})
    assert receivable in file.by_account()
    assert {account for account in file.by_account() if account.startswith("151")} == {receivable}
    assert [number for number, _ in file.head["KONTO"] if number.startswith("151")] == [receivable]
    written = content(export, books)
    assert (b"#KSUMMA" in written) is has_checksum
    for plain in (b"#FLAGGA 0", b"#SIETYP 4", b"#FORMAT PC8", b"#ORGNR 556016-0680"):
        assert plain in written.split(b"\r\n"), "no quotes in the head"
    assert all(len(voucher.text) <= 50 for voucher in file.vouchers)
    assert sum(file.by_account().values()) == 0


@pytest.mark.parametrize(
    ("begins", "years"),
    [
        (1, [["0", "20260101", "20261231"]]),
        (7, [["0", "20260701", "20270630"]]),
        (12, [["0", "20251201", "20261130"]]),
    ],
)
def test_the_financial_year_is_told(books, begins, years):
    _, file = made(books, options={"year_begins": begins})
    assert file.head["RAR"] == years


def test_days_of_two_financial_years_tell_both(books):
    with tenant_scope(books.pk):
        export = exports.request(
            kind=Export.Kind.SIE, month=DAYS[0], by=None, at=NOVEMBER, days=(DAYS[0], date(2027, 1, 31))
        )
    file = sie_reader.read(content(worked(export), books))
    assert file.head["RAR"] == [["0", "20270101", "20271231"], ["-1", "20260101", "20261231"]]


def test_by_booking_day_what_came_late_stands_in_the_month_that_was_open(books):
    late = NOVEMBER.replace(day=30)
    with tenant_scope(books.pk):
        ClosedMonth.objects.create(month=DAYS[0], closed_at=late)
        credit(Invoice.objects.get(number=2), reason="Fel", by=None, at=late)
        november, december = (
            exports.request(
                kind=Export.Kind.SIE, month=days[0], by=None, at=late, days=days, dated_by=Export.DatedBy.BOOKED
            )
            for days in (DAYS, (date(2026, 12, 1), date(2026, 12, 31)))
        )
    first, second = (sie_reader.read(content(worked(export), books)) for export in (november, december))
    assert (len(first.vouchers), len(second.vouchers)) == (7, 1)
    assert second.vouchers[0].day == "20261201"


def test_the_checksum_is_that_of_the_format():
    row = sie.Row("1510", Decimal("124.00"), text="1001")
    rows = (row, sie.Row("3001", Decimal("-124.00"), "S01", 'Pilot "snabb"'))
    head = sie.Head("Laddåkern AB", "", DAYS[0], {"1510": "Kundfordringar"}, {"S01": "Ängby torg"})
    file = b"".join(sie.lines(head, [sie.Voucher("F", DAYS[0], "Faktura 1001", rows)]))
    assert sie_reader.checked(file)
    with pytest.raises(AssertionError):
        sie_reader.checked(file.replace(b"124.00", b"125.00", 1))


def test_the_bytes_are_code_page_437_whatever_a_name_holds():
    record = sie.encoded('#FNAMN "Åäö é – € Łódź 株 🚗"')
    assert record == b'#FNAMN "\x8f\x84\x94 \x82 - EUR L\xa2dz ? ?"\r\n'


def test_a_voucher_that_does_not_balance_is_never_written():
    head = sie.Head("X", "", DAYS[0], {}, {})
    voucher = sie.Voucher("F", DAYS[0], "Faktura F1", (sie.Row("1510", Decimal(1)),))
    with pytest.raises(sie.OutOfBalance):
        list(sie.lines(head, [voucher]))


def test_write_offs_and_hosts_are_vouchers_of_their_own(books):
    with tenant_scope(books.pk):
        lost = Invoice.objects.get(number=2)
        write_offs.write_off(lost, lost.amount_due, why="bankruptcy", reason="K 1", by=None, at=NOVEMBER)
        hosting = accounts.create(kind=Payer.Kind.COMPANY, name="Värden AB", country="SE")
        site = Site.objects.get(name="Kajen – norra")
        terms: dict[str, Any] = {"name": "Avtal", "sites": [site], "since": OCTOBER.date(), "share": Decimal(30)}
        host_contracts.add(hosting, host_contracts.Agreed(**terms), at=NOVEMBER)
        month = settlements.ask(OCTOBER.date(), by=None, at=NOVEMBER)
        work.do_next(work.kind_named("settlement"), books.pk, clock=lambda: NOVEMBER)
        settlements.close(month, by=None, at=NOVEMBER)
        statement = HostStatement.objects.get()
        payouts.record(statement, paid_on=NOVEMBER.date(), text="", by=None, at=NOVEMBER)
    _, file = made(books)
    others = [voucher for voucher in file.vouchers if voucher.series != "F"]
    assert [voucher.series for voucher in others] == ["V", "K"]
    assert [voucher.balance for voucher in others] == [0, 0]
    own = {account: amount for account, _, amount in others[0].rows}
    assert (own["5090"], own["2890"]) == (statement.amount, -statement.total)
    assert {objects for account, objects, _ in others[0].rows if account == "5090"} == {
        ("1", site.public_id.hex[-8:].upper())
    }
    assert sum(amount for account, _, amount in others[1].rows if account == "1510") == -lost.amount_due
    _, file = made(books, payments=True)
    (paid,) = file.vouchers
    assert {account: amount for account, _, amount in paid.rows} == {"2890": statement.total, "1930": -statement.total}
