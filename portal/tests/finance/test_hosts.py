"""The pages of site hosts: contracts, months settled and closed, statements with their sessions, and who may."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

from billing.models import HostContract, HostStatement, Settlement
from billing.services import settlements
from billing.tests import factories
from charging.models import Site
from portal.tests.reading import words
from portal.web.finance.settlements import STATEMENTS
from tenants import work
from tenants.models import Account, Membership
from tenants.scoping import tenant_scope
from tenants.services.people import accounts, operators

FORM: dict[str, Any] = {
    "account": "V77",
    "name": "Avtal 7",
    "since": "2026-10-01",
    "share": "30",
    "vat": "standard",
}


def text(response: Any) -> str:
    return str(response.content.decode().replace("\xa0", " "))


@pytest.fixture
def site(charged: list[Any]) -> Site:
    """Where Dana charged in October; its host is among the payers."""
    accounts.create(kind=Account.Kind.COMPANY, name="Värden AB", country="SE", customer_number="V77")
    return Site.objects.get()


@pytest.fixture
def agreed(site, fina_browser, url, after_october) -> HostContract:
    answer = fina_browser.post(url("hosts/new/"), {**FORM, "sites": [site.pk]})
    assert answer.status_code == 302
    return HostContract.objects.get()


@pytest.fixture
def settled(north, agreed, fina_browser, url) -> Settlement:
    factories.issued()
    assert fina_browser.post(url("settlements/ask/"), {"month": "2026-10"}).status_code == 302
    while work.do_next(work.kind_named("settlement"), north.pk, clock=lambda: factories.NOVEMBER):
        pass
    with tenant_scope(north.pk):
        return Settlement.objects.get()


def test_the_statements_of_a_month_are_sorted_and_taken_out_as_they_are_listed(settled, fina_browser, url):
    address = url(f"settlements/{settled.public_id}/")
    (row,) = fina_browser.get(address).context["page"].rows
    for column in STATEMENTS.columns:
        if column.is_sortable:
            assert fina_browser.get(f"{address}?sort=-{column.key}").context["page"].rows == [row]
    answer = fina_browser.get(f"{address}export/", {"format": "semicolon"})
    heads, line = csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";")
    told = dict(zip(heads, line, strict=True))
    assert (told["Host"], told["Contract"]) == ("Värden AB", "Avtal 7")
    assert Decimal(told["Incl. VAT"]) == row.total > 0
    came = [Decimal(told[name]) for name in ("Carried over from before", "Earned", "Set off between contracts")]
    went = [Decimal(told[name]) for name in ("Paid out", "Carried over to the next month")]
    assert sum(came) == sum(went)


def test_a_contract_is_agreed_shown_changed_and_ended(agreed, site, fina_browser, url):
    page = text(fina_browser.get(url("hosts/")))
    assert "Avtal 7" in page
    assert "Värden AB" in page
    address = url(f"hosts/{agreed.public_id}/")
    assert site.name in text(fina_browser.get(address))
    changed = {
        **FORM,
        "sites": [site.pk],
        "share": "40",
        "vat": "none",
        "is_self_billed": "on",
        "agreed_on": "2026-10-01",
    }
    assert "Avtal 7" in text(fina_browser.get(f"{address}edit/"))
    assert fina_browser.post(f"{address}edit/", changed).status_code == 302
    agreed.refresh_from_db()
    assert (agreed.share, agreed.vat_rate, agreed.vat_country, agreed.is_self_billed) == (40, None, "", True)
    assert fina_browser.post(f"{address}end/", {"until": "2026-12-31"}).status_code == 302
    agreed.refresh_from_db()
    assert agreed.until == date(2026, 12, 31)
    refused = fina_browser.post(f"{address}end/", {"until": "2026-09-30"})
    assert refused.status_code == 400


def test_what_cannot_be_agreed_is_said_on_the_form(agreed, site, fina_browser, url):
    answer = fina_browser.post(url("hosts/new/"), {**FORM, "sites": [site.pk]})
    assert answer.status_code == 400
    assert "Avtal 7" in text(answer)
    answer = fina_browser.post(url("hosts/new/"), {**FORM, "sites": [site.pk], "vat": "own", "account": "Nobody"})
    assert {"vat_rate", "account"} <= set(answer.context["form"].errors)


def test_a_month_is_settled_looked_over_and_closed(settled, north, fina_browser, url):
    assert "October 2026" in text(fina_browser.get(url("settlements/")))
    address = url(f"settlements/{settled.public_id}/")
    page = text(fina_browser.get(address))
    assert "Värden AB" in page
    with tenant_scope(north.pk):
        statement = HostStatement.objects.get()
    one = url(f"statements/{statement.public_id}/")
    assert fina_browser.get(f"{one}pdf/").status_code == 404  # a draft is no document
    assert fina_browser.get(f"{address}close/").status_code == 200
    assert fina_browser.post(f"{address}close/").status_code == 302
    settled.refresh_from_db()
    assert settled.stage == Settlement.Stage.CLOSED
    assert fina_browser.get(f"{one}pdf/")["Content-Type"] == "application/pdf"
    assert "Dana" not in text(fina_browser.get(one))


def test_the_sessions_come_as_a_file_that_adds_up_and_names_nobody(settled, north, fina_browser, url):
    with tenant_scope(north.pk):
        statement = HostStatement.objects.get()
    answer = fina_browser.get(url(f"statements/{statement.public_id}/sessions/"), {"format": "comma"})
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(rows) == 4
    assert "Dana" not in "".join(rows)
    amounts = [row.split(",")[-2] for row in rows[1:]]
    assert sum(map(float, amounts)) == pytest.approx(float(statement.net))


def test_closing_asks_for_a_second_person_where_issuing_does(settled, north, fina_browser, url):
    operators.change(north, four_eyes=["issue_run"])
    Membership.objects.update(held_since=factories.EPOCH)
    address = url(f"settlements/{settled.public_id}/")
    assert "second person" in text(fina_browser.get(f"{address}close/"))
    answer = fina_browser.post(f"{address}close/", follow=True)
    assert "Close the settlement of October 2026" in text(answer)
    settled.refresh_from_db()
    assert settled.stage == Settlement.Stage.READY


def test_a_month_that_cannot_be_settled_is_refused(agreed, fina_browser, url):
    for month in ("2026-11", "nonsense"):
        answer = fina_browser.post(url("settlements/ask/"), {"month": month}, follow=True)
        assert "Choose a month" in text(answer)


def test_a_closed_statement_is_booked_paid_and_that_is_taken_back(settled, north, fina_browser, url):
    fina_browser.post(url(f"settlements/{settled.public_id}/close/"))
    with tenant_scope(north.pk):
        statement = HostStatement.objects.get()
    one = url(f"statements/{statement.public_id}/")
    page = text(fina_browser.get(one))
    for expected in ("Is it paid?", "5090", "2890", "2648"):
        assert expected in page
    assert "To be paid to hosts" in text(fina_browser.get(url("settlements/")))
    refused = fina_browser.post(f"{one}paid/", {"paid_on": "2026-11-30"})
    assert refused.status_code == 400
    assert "not in the future" in text(refused)
    assert fina_browser.post(f"{one}paid/", {"paid_on": "2026-11-02", "text": "BG 4711"}).status_code == 302
    page = words(fina_browser.get(one))
    assert "Paid on 2 Nov 2026" in page
    assert "BG 4711" in page
    assert "To be paid to hosts" not in text(fina_browser.get(url("settlements/")))
    assert "paid to a host" in text(fina_browser.get(url("ledger/account/?month=2026-11&account=2890")))
    assert "is to be paid again" in text(fina_browser.post(f"{one}unpaid/", follow=True))
    assert fina_browser.post(f"{one}unpaid/").status_code == 302  # nothing to take back
    assert "To be paid to hosts" in text(fina_browser.get(url("settlements/")))


def test_what_is_shared_with_hosts_is_told_in_the_reconciliation(settled, north, fina_browser, url, sign_in, olga):
    fina_browser.post(url(f"settlements/{settled.public_id}/close/"))
    page = text(fina_browser.get(url("reconciliation/?month=2026-10&proof=now")))
    for expected in ("Shared with hosts", "Settled with the host", "To be settled with the host", "Earned by hosts"):
        assert expected in page
    link = f"/o/{north.slug}/sessions/?period=all&compartment=host_settled&month=2026-10"
    assert link.replace("&", "&amp;") in page
    olgas = sign_in(olga)
    assert len(olgas.get(link).context["entries"]) == 3
    # Without a month every session there ever was would be held against statements: none is, and none is offered.
    page = text(fina_browser.get(url("reconciliation/?proof=now")))
    assert "Choose a month to open their sessions." in page
    assert "compartment=host_settled" not in page
    everything = olgas.get(link.removesuffix("&month=2026-10"))
    assert "Choose a month, or from which day" in text(everything)
    assert "entries" not in everything.context or not everything.context["entries"]
    of_days = f"/o/{north.slug}/sessions/?since=2026-10-01&until=2026-10-31&compartment=host_settled"
    assert len(olgas.get(of_days).context["entries"]) == 3


def test_a_self_billed_statement_has_its_e_invoice_or_says_what_the_host_lacks(settled, north, fina_browser, url):
    with tenant_scope(north.pk):
        HostContract.objects.update(is_self_billed=True, agreed_on="2026-10-01", vat_country="")
        Account.objects.filter(customer_number="V77").update(delivery="e_invoice")
        contract = HostContract.objects.get()
    assert "E-invoices cannot be sent like this" in text(fina_browser.get(url(f"hosts/{contract.public_id}/")))
    with tenant_scope(north.pk):
        settlements.ask(settled.month, by=None, at=factories.NOVEMBER)
        while work.do_next(work.kind_named("settlement"), north.pk, clock=lambda: factories.NOVEMBER):
            pass
    fina_browser.post(url(f"settlements/{settled.public_id}/close/"))
    with tenant_scope(north.pk):
        statement = HostStatement.objects.get()
    assert statement.number == 1
    one = url(f"statements/{statement.public_id}/")
    assert "E-invoice (XML)" in text(fina_browser.get(one))
    lacking = text(fina_browser.get(f"{one}e-invoice/"))
    assert "V77-1 cannot be sent as an e-invoice" in lacking
    assert "The host" in lacking
    assert "no way of sending" in text(fina_browser.post(f"{one}send/", follow=True))
