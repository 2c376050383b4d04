"""What Skatteverket is told: boxes in whole kronor that agree with each other, the list by buyer, and the ledger."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from billing.domain.errors import BillingError, Code
from billing.exports import tax_files
from billing.models import Export, PaymentMatch
from billing.selectors import ledger
from billing.services import host_contracts, payments, write_offs
from billing.services.exports import How
from billing.services.host_contracts import Agreed
from billing.tests.downloads import NOVEMBER_2026, NOVEMBER_DAYS, asked, content, made, worked
from billing.tests.factories import NOVEMBER
from billing.tests.test_settlements import OCT, closed, host, said
from charging.models import Site
from tenants.models import Operator
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.usefixtures("files")


def vat(rate, category, taxable, tax="0", currency="SEK"):
    return {
        "currency": currency,
        "vat_rate": None if rate is None else Decimal(rate),
        "category": category,
        "amount_excl_vat": Decimal(taxable),
        "vat": Decimal(tax),
    }


def sale(number, goods, services, currency="SEK"):
    return {"vat_number": number, "goods": Decimal(goods), "services": Decimal(services), "currency": currency}


def test_each_sale_stands_in_its_box_and_the_sum_is_of_what_is_written():
    rates = [
        vat("25.00", "S", "1000.99", "250.25"),
        vat("12.00", "S", "100.50", "12.06"),
        vat("6.00", "S", "10.99", "0.66"),
        vat("22.00", "S", "70.50", "15.51"),
        vat("0.00", "E", "5.40"),
        vat("0.00", "Z", "5.40"),
        vat("0.00", "AE", "300.00"),
        vat(None, "O", "60.00"),
    ]
    sales = [sale("DE136695976", "200.60", "30.70"), sale("FI01409351", "0", "68.70")]
    found = tax_files.boxes(rates, sales, abroad="36", input_vat=100)
    assert found == {"05": 1112, "36": 270, "39": 98, "42": 10, "10": 250, "11": 12, "48": 100, "49": 162}


def test_money_back_is_below_zero_and_nothing_is_a_sum_of_nothing():
    assert tax_files.boxes([vat("25.00", "S", "-100.99", "-25.25")], []) == {"05": -100, "10": -25, "49": -25}
    assert tax_files.boxes([], []) == {"49": 0}


@pytest.mark.parametrize("rows", [([vat("25.00", "S", "1", "0.25", "EUR")], []), ([], [sale("DE1", "1", "0", "EUR")])])
def test_another_currency_is_refused(rows):
    with pytest.raises(BillingError) as refused:
        tax_files.boxes(*rows)
    assert refused.value.code == Code.RETURN_IN_KRONOR


def test_the_file_has_its_elements_in_their_order():
    found = {"49": 162, "10": 250, "05": 1112, "48": 88}
    written = tax_files.vat_return(found, organisation_number="5560160680", last_day=date(2026, 11, 30), text="Å & ö")
    assert written.startswith(b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<!DOCTYPE eSKDUpload PUBLIC")
    assert "Å &amp; ö".encode("latin-1") in written
    root = etree.fromstring(written, etree.XMLParser(load_dtd=False))
    assert (root.tag, root.get("Version"), root.findtext("OrgNr")) == ("eSKDUpload", "6.0", "556016-0680")
    assert [(each.tag, each.text) for each in root.iterfind("Moms/*")] == [
        ("Period", "202611"),
        ("ForsMomsEjAnnan", "1112"),
        ("MomsUtgHog", "250"),
        ("MomsIngAvdr", "88"),
        ("MomsBetala", "162"),
        ("TextUpplysningMoms", "Å & ö"),
    ]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 11, 1), date(2026, 11, 30), "2611"),
        (date(2026, 10, 1), date(2026, 12, 31), "26-4"),
        (date(2027, 1, 1), date(2027, 3, 31), "27-1"),
    ],
)
def test_a_list_is_of_a_month_or_a_quarter(first, last, said):
    assert tax_files.period((first, last)) == said


@pytest.mark.parametrize("days", [(date(2026, 9, 1), date(2026, 11, 30)), (date(2026, 1, 1), date(2026, 12, 31))])
def test_other_periods_are_refused(days):
    with pytest.raises(BillingError) as refused:
        tax_files.period(days)
    assert refused.value.code == Code.RETURN_PERIOD


@pytest.fixture
def numbered(traded):
    own = {"organisation_number": "556016-0680", "legal_name": "Laddåkern; AB", "phone": "08-123 45 67"}
    with tenant_scope(traded.pk):
        Operator.objects.filter(pk=traded.pk).update(**own, email="ek@north.example.com")
    traded.refresh_from_db()
    return traded


def returned(operator, kind, **options):
    return made(operator, kind, dated_by="booked", days=NOVEMBER_DAYS, how=How(options=options))


def test_the_return_says_what_the_ledger_says(numbered):
    export = returned(numbered, Export.Kind.VAT_RETURN, abroad="42", input_vat=5)
    written = etree.fromstring(content(export, numbered))
    boxes = {element.tag: element.text or "" for element in written.iterfind("Moms/*")}
    with tenant_scope(numbered.pk):
        standard, free = ledger.taxes(NOVEMBER_2026)
    assert boxes["ForsMomsEjAnnan"] == str(standard.sales // 100)
    assert boxes["MomsUtgHog"] == str(standard.vat // 100)
    assert int(boxes["ForsOvrigt"]) + int(boxes["ForsTjSkskAnnatEg"]) == free.sales // 100
    assert (boxes["ForsOvrigt"], boxes["ForsTjSkskAnnatEg"]) == ("10", "99")
    assert int(boxes["MomsBetala"]) == standard.vat // 100 - 5
    assert export.sums["SEK"]["box_49"] == f"{standard.vat // 100 - 5}.00"


@pytest.mark.parametrize(("abroad", "goods"), [("42", ""), ("35", "10")])
def test_the_list_by_buyer_comes_to_its_boxes(numbered, abroad, goods):
    export = returned(numbered, Export.Kind.EC_RETURN, abroad=abroad)
    assert content(export, numbered).decode("latin-1").splitlines() == [
        "SKV574008;",
        "SE556016068001;2611;Laddåkern, AB;08-1234567;ek@north.example.com",
        f"DE136695976;{goods};;99;",
    ]
    assert export.sums["SEK"]["box_39"] == "99.00"
    assert export.sums["SEK"].get("box_35", "") == ("10.00" if goods else "")


def test_without_numbers_nothing_is_made(traded):
    with pytest.raises(BillingError) as refused:
        asked(traded, Export.Kind.VAT_RETURN, dated_by="booked")
    assert refused.value.code == Code.RETURN_WITHOUT_NUMBER


def test_sales_in_another_currency_stop_it_with_words(numbered, monkeypatch):
    monkeypatch.setattr(tax_files, "CURRENCY", "EUR")
    export = worked(asked(numbered, Export.Kind.VAT_RETURN, dated_by="booked"))
    assert (export.state, export.error) == (Export.State.FAILED, Code.RETURN_IN_KRONOR)


def test_the_vat_of_hosts_own_invoices_is_deducted(numbered):
    with tenant_scope(numbered.pk):
        seller = host(organisation_number="556677-8899", vat_number="SE556677889901")
        sites = list(Site.objects.all())
        agreed = Agreed(
            name="A", sites=sites, since=date(2026, 10, 1), share=Decimal(30), is_self_billed=True, agreed_on=OCT
        )
        host_contracts.add(seller, agreed, at=NOVEMBER)
        closed()
        statement = said()
        booked = ledger.deducted(NOVEMBER_2026)
    assert statement.vat >= 1
    assert booked == [("SEK", int(statement.vat * 100))]
    for options, deducted in (
        ({"input_vat": 5, "hosts": True}, 5 + int(statement.vat)),
        ({"input_vat": 5}, 5),  # asked for before hosts' invoices were known here
    ):
        export = returned(numbered, Export.Kind.VAT_RETURN, abroad="42", **options)
        assert export.sums["SEK"]["box_48"] == f"{deducted}.00"
        written = etree.fromstring(content(export, numbered))
        names = ("MomsIngAvdr", "MomsUtgHog", "MomsBetala")
        boxes = {name: int(written.findtext(f"Moms/{name}", "0")) for name in names}
        assert boxes["MomsIngAvdr"] == deducted
        assert boxes["MomsBetala"] == boxes["MomsUtgHog"] - deducted


def test_hosts_who_are_paid_in_another_currency_stop_it():
    assert tax_files.whole_kronor({"SEK": Decimal("12.99")}) == 12
    assert tax_files.whole_kronor({}) == 0
    with pytest.raises(BillingError) as refused:
        tax_files.whole_kronor({"SEK": Decimal(1), "EUR": Decimal(1)})
    assert refused.value.code == Code.RETURN_IN_KRONOR


def test_a_certain_loss_lowers_the_return_as_it_lowers_the_ledger(numbered):
    with tenant_scope(numbered.pk):
        paid = PaymentMatch.objects.get(purpose="invoice")
        payments.undo(paid, reason="Wrong", by=None)
        bill = paid.invoice
        write_offs.write_off(bill, bill.amount_due, why="bankruptcy", reason="K 1", by=None, at=NOVEMBER)
        standard = ledger.taxes(NOVEMBER_2026)[0]
    export = returned(numbered, Export.Kind.VAT_RETURN, abroad="42", input_vat=0)
    written = etree.fromstring(content(export, numbered))
    boxes = {element.tag: element.text or "" for element in written.iterfind("Moms/*")}
    assert int(boxes.get("ForsMomsEjAnnan", 0)) == standard.sales // 100
    assert int(boxes.get("MomsUtgHog", 0)) == standard.vat // 100 == int(boxes["MomsBetala"])
