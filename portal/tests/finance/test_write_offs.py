"""Writing off from the page of an invoice: what it says, who may, the second person, and taking it back."""

from typing import Any

import pytest

from billing.models import Receivable, WriteOff
from billing.services.approved import ISSUE
from billing.tests.factories import EPOCH
from portal.tests.reading import words
from tenants.models import Approval, Membership, Operator

FORM = {"amount": "37.50", "why": "bankruptcy", "reason": "K 1234-26"}


@pytest.fixture
def page(invoice, url, after_october) -> str:
    return str(url(f"invoices/{invoice.public_id}/"))


def left(invoice: Any) -> int:
    return int(Receivable.objects.get(invoice=invoice).rest)


def test_it_is_written_off_shown_and_taken_back(invoice, page, fina_browser, url):
    assert "Write off" in words(fina_browser.get(page))
    asked = words(fina_browser.get(f"{page}write-off/"))
    assert "the payer still owes it" in asked
    whole = left(invoice)
    answer = fina_browser.post(f"{page}write-off/", {**FORM, "amount": f"{whole / 100:.2f}"}, follow=True)
    shown = words(answer)
    for expected in ("Written off on 2 Nov 2026", "the payer is bankrupt: K 1234-26", "Left to pay"):
        assert expected in shown
    assert left(invoice) == 0
    assert "written off" in words(fina_browser.get(url("invoices/?state=written_off")))
    row = WriteOff.objects.get()
    rows = words(fina_browser.get(url("ledger/account/?month=2026-11&account=6351")))
    assert f"receivable given up {invoice}" in rows
    undo = url(f"write-offs/{row.public_id}/undo/")
    assert "Say why it is given up" in words(fina_browser.post(undo, {"reason": ""}, follow=True))
    assert "is open again" in words(fina_browser.post(undo, {"reason": "Betalades"}, follow=True))
    assert left(invoice) == whole
    assert "taken back already" in words(fina_browser.post(undo, {"reason": "Igen"}, follow=True))


def test_what_is_refused_says_so_in_the_form(invoice, page, fina_browser):
    answer = fina_browser.post(f"{page}write-off/", {**FORM, "amount": "99999"})
    assert answer.status_code == 400
    assert "is more than is open" in words(answer)
    assert not WriteOff.objects.exists()


def test_where_issuing_needs_two_people_a_second_one_is_asked(invoice, page, fina_browser):
    Operator.objects.update(four_eyes=[ISSUE])
    Membership.objects.update(held_since=EPOCH)
    assert "This needs a second person" in words(fina_browser.get(f"{page}write-off/"))
    fina_browser.post(f"{page}write-off/", {**FORM, "amount": "1.00"})
    approval = Approval.objects.get()
    assert (approval.action, approval.facts["amount"], approval.facts["why"]) == ("write_off", "1.00", "bankruptcy")
    assert "It waits for a second person" in words(fina_browser.get(f"{page}write-off/"))
    assert not WriteOff.objects.exists()


def test_a_draft_has_nothing_to_write_off(drafted, fina_browser, url):
    draft = drafted.invoices.get()
    assert fina_browser.get(url(f"invoices/{draft.public_id}/write-off/")).status_code == 404


def test_who_may_not_issue_sees_it_and_changes_nothing(invoice, page, axel, sign_in, fina_browser):
    fina_browser.post(f"{page}write-off/", {**FORM, "amount": "1.00"})
    browser = sign_in(axel)
    assert "Written off on" in words(browser.get(page))
    assert "Take it back" not in words(browser.get(page))
    assert browser.get(f"{page}write-off/").status_code == 403
