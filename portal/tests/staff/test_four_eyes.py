"""Four eyes: what waits for a second person, who may decide, and that nothing happens any other way."""

import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.models import Invoice, InvoiceRun
from billing.services import credit_notes, runs, second_person, tariffs
from billing.services.approved import CREDIT, ISSUE, PUBLISH, NotApproved
from billing.tests import factories
from portal.tests.cast import somebody
from portal.web.staff.security import WHAT_IT_PREVENTS
from portal.words import approvals as approval_words
from tenants import tasks
from tenants.errors import Refused
from tenants.models import Approval, AuditEntry, Driver, Membership, Operator, User
from tenants.permissions import Permission
from tenants.privacy import erasure
from tenants.scoping import tenant_scope
from tenants.selectors import approvals
from tenants.services import four_eyes
from tenants.services.people import driver_exports, drivers, memberships, operators

State = Approval.State
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def strict(north):
    """North wants two people for everything that can need them."""
    with tenant_scope(north.pk):
        operators.change(north, four_eyes=[PUBLISH, ISSUE, driver_exports.ACTION])
    return north


@pytest.fixture
def orla(north):
    """Another owner."""
    return somebody(north, "orla", "owner")


@pytest.fixture
def draft(north):
    with tenant_scope(north.pk):
        tariff = tariffs.create(name="Day and night", currency="SEK", document=factories.flat("3.00"))
        return tariff.versions.select_related("tariff").get()


@pytest.fixture
def run(north, danas_driver):
    """A drafted run, from before two people were wanted."""
    with tenant_scope(north.pk):
        wanted = Operator.objects.get(pk=north.pk).four_eyes
        operators.change(north, four_eyes=[])
        factories.tariff()
        operators.change(north, four_eyes=wanted)
        factories.session(factories.connector(), danas_driver)
        factories.rate_all()
        return factories.drafted()


def ask_to_publish(draft, by):
    with tenant_scope(draft.operator_id):
        return second_person.ask_to_publish(draft, valid_from=DECEMBER, by=by, at=timezone.now())


def approve(approval, by, at=None):
    with tenant_scope(approval.operator_id):
        return four_eyes.approve(approval, by=by, at=at or timezone.now())


def fresh(row):
    with tenant_scope(row.operator_id):
        return type(row).objects.get(pk=row.pk)


def events(operator):
    with tenant_scope(operator.pk):
        rows = AuditEntry.objects.filter(event__startswith="approval.").order_by("pk")
        return [row.event.removeprefix("approval.") for row in rows]


# Nothing happens any other way


def test_switched_off_one_person_is_enough(north, draft, run, olga, fina):
    with tenant_scope(north.pk):
        assert tariffs.publish(draft, valid_from=DECEMBER, by=fina, at=timezone.now()).published_at
        assert runs.issue(run, by=fina, at=factories.NOVEMBER).state == InvoiceRun.State.ISSUED
        assert driver_exports.begin(former=False, by=olga, at=timezone.now())


@pytest.mark.parametrize("by", ["fina", None])
def test_the_services_refuse_whoever_calls(by, strict, draft, run, request):
    person = request.getfixturevalue(by) if by else None
    with tenant_scope(strict.pk):
        with pytest.raises(NotApproved, match="not_approved"):
            tariffs.publish(draft, valid_from=DECEMBER, by=person, at=timezone.now())
        with pytest.raises(NotApproved, match="not_approved"):
            runs.issue(run, by=person, at=factories.NOVEMBER)
    assert fresh(draft).published_at is None
    assert fresh(run).state == InvoiceRun.State.READY


def test_the_download_is_refused_too(strict, olga):
    with tenant_scope(strict.pk), pytest.raises(four_eyes.SecondPersonNeeded):
        driver_exports.begin(former=False, by=olga, at=timezone.now())


def test_the_command_is_refused_in_words(strict, run):
    with pytest.raises(CommandError, match="second person"):
        call_command("bill_month", "2026-10", operator="north", issue=True)
    assert fresh(run).state == InvoiceRun.State.READY


def test_the_database_itself_refuses_one_person_in_both_places(strict, draft, fina):
    approval = ask_to_publish(draft, fina)
    with tenant_scope(strict.pk), connection.cursor() as cursor:
        for state in ("approved", "used"):
            for decided_by in (fina.pk, None):
                with pytest.raises(IntegrityError, match="approval_by_a_second_person"), transaction.atomic():
                    cursor.execute(
                        "UPDATE tenants_approval SET state = %s, decided_by_id = %s WHERE id = %s",
                        [state, decided_by, approval.pk],
                    )


# Approving carries it out at once


def test_a_tariff_is_published_as_it_was_asked_for(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)
    assert fresh(draft).published_at is None
    assert approve(approval, olga).state == State.USED
    version = fresh(draft)
    assert (version.valid_from, version.published_by_id) == (DECEMBER, fina.pk)
    assert events(strict) == ["asked", "approved", "used"]


def test_a_run_is_issued_as_it_was_drafted(strict, run, fina, olga):
    with tenant_scope(strict.pk):
        approval = second_person.ask_to_issue(run, by=fina, at=timezone.now())
    assert approval.facts["invoices"] == 1
    assert approve(approval, olga).state == State.USED
    issued = fresh(run)
    assert (issued.state, issued.issued_by_id) == (InvoiceRun.State.ISSUED, fina.pk)


@pytest.fixture
def issued_invoice(strict, run, fina, olga):
    with tenant_scope(strict.pk):
        asked = second_person.ask_to_issue(run, by=fina, at=timezone.now())
    approve(asked, olga)
    with tenant_scope(strict.pk):
        return Invoice.objects.get()


def ask_to_credit(invoice, by, reason="Wrong price"):
    with tenant_scope(invoice.operator_id):
        return second_person.ask_to_credit(invoice, reason=reason, by=by, at=timezone.now())


def test_a_credit_note_needs_two_people_where_issuing_does(strict, issued_invoice, fina, olga):
    with tenant_scope(strict.pk):
        with pytest.raises(NotApproved):
            credit_notes.credit(issued_invoice, reason="Wrong price", by=fina, at=timezone.now())
        assert Invoice.objects.count() == 1
    asked = ask_to_credit(issued_invoice, fina)
    with pytest.raises(Refused):
        approve(asked, fina)
    assert approve(asked, olga).state == State.USED
    with tenant_scope(strict.pk):
        note = Invoice.objects.get(credits=issued_invoice)
        assert (note.state, note.reason) == ("issued", "Wrong price")


def test_an_approved_credit_is_of_exactly_that_reason_and_once(strict, issued_invoice, fina, olga):
    asked = ask_to_credit(issued_invoice, fina)
    with tenant_scope(strict.pk):
        operators.change(strict, four_eyes=[])
        credit_notes.credit(issued_invoice, reason="Another reason", by=fina, at=timezone.now())
        operators.change(strict, four_eyes=[ISSUE])
    assert approve(asked, olga).state == State.OUTDATED
    with tenant_scope(strict.pk):
        assert Invoice.objects.filter(credits=issued_invoice).count() == 1


def test_where_issuing_needs_one_person_so_does_a_credit_note(strict, issued_invoice, fina):
    with tenant_scope(strict.pk):
        operators.change(strict, four_eyes=[PUBLISH])
        assert credit_notes.credit(issued_invoice, reason="Wrong", by=fina, at=timezone.now()).number == 2


def test_crediting_asks_instead(strict, issued_invoice, fina, olga, sign_in):
    browser = sign_in(fina)
    page = f"/o/north/finance/invoices/{issued_invoice.public_id}/credit/"
    assert "This needs a second person" in browser.get(page).content.decode()
    answer = browser.post(page, {"reason": "Fel pris"}, follow=True)
    assert "it waits for a second person" in answer.content.decode()
    assert "It waits for a second person" in browser.get(page).content.decode()
    with tenant_scope(strict.pk):
        assert not Invoice.objects.filter(kind="credit_note").exists()
        (approval,) = Approval.objects.filter(action=CREDIT)
    told = sign_in(olga).get(f"/o/north/approvals/{approval.public_id}/").content.decode()
    assert "Credit invoice F1" in told
    assert "Fel pris" in told


def test_both_people_stand_in_the_log(strict, draft, fina, olga, sign_in):
    approval = ask_to_publish(draft, fina)
    sign_in(olga).post(f"/o/north/approvals/{approval.public_id}/decide/", {"approve": ""})
    with tenant_scope(strict.pk):
        entry = AuditEntry.objects.get(event="approval.used")
        published = AuditEntry.objects.filter(content_type__model="tariffversion").latest("pk")
    facts: Any = entry.additional_data
    assert (facts["requested_by"], facts["decided_by"]) == (fina.pk, olga.pk)
    assert facts["document_sha256"] == draft.document_sha256
    assert (published.actor_id, published.on_behalf_of) == (olga.pk, fina.pk)


def test_an_act_that_is_refused_itself_goes_on_waiting(strict, run, fina, olga, sign_in):
    with tenant_scope(strict.pk):
        approval = second_person.ask_to_issue(run, by=fina, at=timezone.now())
        session = run.invoices.get().lines.first().session
        session.review = "pending"
        session.save()
    answer = sign_in(olga).post(f"/o/north/approvals/{approval.public_id}/decide/", {"approve": ""})
    assert answer.status_code == 400
    assert "under review" in answer.content.decode()
    assert fresh(approval).state == State.WAITING
    assert fresh(run).state == InvoiceRun.State.READY


# Who decides


def test_nobody_approves_their_own(strict, draft, fina):
    with pytest.raises(Refused, match="own_request"):
        approve(ask_to_publish(draft, fina), fina)


def test_only_somebody_with_the_same_right_approves(strict, draft, fina, axel, sven):
    approval = ask_to_publish(draft, fina)
    for person in (axel, sven):
        with pytest.raises(Refused, match=r"may_not_(ask|approve)"):
            approve(approval, person)
    assert fresh(approval).state == State.WAITING


def test_only_somebody_with_the_right_asks(strict, draft, otto):
    with pytest.raises(Refused, match=r"may_not_(ask|approve)"):
        ask_to_publish(draft, otto)


def test_a_right_lost_since_is_no_right(strict, draft, fina, olga, orla):
    approval = ask_to_publish(draft, fina)
    with tenant_scope(strict.pk):
        memberships.change_role(Membership.objects.get(user=orla), role=Membership.Role.AUDITOR)
    with pytest.raises(Refused, match=r"may_not_(ask|approve)"):
        approve(approval, orla)


def test_what_a_removed_person_asked_for_does_not_happen(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)
    with tenant_scope(strict.pk):
        memberships.remove(Membership.objects.get(user=fina))
    ended = approve(approval, olga)
    assert (ended.state, ended.note) == (State.OUTDATED, four_eyes.REQUESTER_GONE)
    assert fresh(draft).published_at is None


def test_what_a_suspended_person_asked_for_does_not_happen(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)
    User.objects.filter(pk=fina.pk).update(is_active=False)
    assert approve(approval, olga).state == State.OUTDATED


# Nobody makes their own second person


def three_days_on(operator):
    """Let the operator, and everybody's place there, be older than the days that make a second person."""
    before = timezone.now() - four_eyes.SETTLED - timedelta(hours=1)
    with tenant_scope(operator.pk):
        Operator.objects.filter(pk=operator.pk).update(created_at=before - four_eyes.SETTLED)
        Membership.objects.filter(operator=operator).update(held_since=before)


def test_somebody_let_in_just_now_does_not_decide(strict, draft, olga, fina, request, sign_in):
    three_days_on(strict)
    puppet = request.getfixturevalue("orla")
    approval = ask_to_publish(draft, olga)
    with pytest.raises(Refused, match="role_too_new"):
        approve(approval, puppet)
    with pytest.raises(Refused, match="role_too_new"), tenant_scope(strict.pk):
        four_eyes.refuse(approval, by=puppet, at=timezone.now(), note="no")
    page = sign_in(puppet).get(f"/o/north/approvals/{approval.public_id}/").content.decode()
    assert "You cannot decide about this yet" in page
    assert "decide/" not in page
    assert approve(approval, fina).state == State.USED


def test_somebody_let_in_just_now_does_not_ask_either(strict, draft, olga, request):
    three_days_on(strict)
    with pytest.raises(Refused, match="role_too_new"):
        ask_to_publish(draft, request.getfixturevalue("orla"))


def test_a_role_given_just_now_is_a_new_one(strict, draft, olga, otto):
    three_days_on(strict)
    approval = ask_to_publish(draft, olga)
    with tenant_scope(strict.pk):
        memberships.change_role(Membership.objects.get(user=otto), role=Membership.Role.FINANCE)
    with pytest.raises(Refused, match="role_too_new"):
        approve(approval, otto)


def test_a_place_from_after_the_request_does_not_decide_even_in_the_first_days(strict, draft, olga, request):
    approval = ask_to_publish(draft, olga)
    with pytest.raises(Refused, match="role_too_new"):
        approve(approval, request.getfixturevalue("orla"))


def test_who_came_in_the_operators_first_days_decides_at_once(strict, draft, olga, orla):
    assert approve(ask_to_publish(draft, olga), orla).state == State.USED


# Exactly what was asked for


def test_an_edited_draft_is_another_draft(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)
    with tenant_scope(strict.pk):
        tariffs.save_draft(draft.tariff, document=factories.flat("9.00"))
    assert approve(approval, olga).state == State.OUTDATED
    assert fresh(draft).published_at is None
    assert events(strict) == ["asked", "outdated"]


def test_a_run_drafted_anew_is_another_run(strict, run, fina, olga):
    with tenant_scope(strict.pk):
        approval = second_person.ask_to_issue(run, by=fina, at=timezone.now())
        runs.discard(run, by=fina)
        again = factories.drafted()
    assert approve(approval, olga).state == State.OUTDATED
    assert fresh(again).state == InvoiceRun.State.READY


def test_a_changed_sum_is_another_run(strict, run, fina, olga):
    with tenant_scope(strict.pk):
        approval = second_person.ask_to_issue(run, by=fina, at=timezone.now())
        invoice = run.invoices.get()
        type(invoice).objects.filter(pk=invoice.pk).update(vat=invoice.vat + 1, amount_due=invoice.amount_due + 1)
    assert approve(approval, olga).state == State.OUTDATED


@pytest.mark.parametrize("change", [{"bankgiro": "5050-1055"}, {"legal_name": "Other AB"}, {"payment_terms_days": 1}])
def test_invoices_of_a_changed_seller_are_others(strict, run, fina, olga, change):
    with tenant_scope(strict.pk):
        approval = second_person.ask_to_issue(run, by=fina, at=timezone.now())
        operators.change(strict, **change)
    assert approve(approval, olga).state == State.OUTDATED
    assert fresh(run).state == InvoiceRun.State.READY


def test_who_approves_a_run_sees_the_account_it_is_paid_to(strict, run, fina, olga, sign_in):
    with tenant_scope(strict.pk):
        operators.change(strict, bankgiro="5050-1055")
        approval = second_person.ask_to_issue(run, by=fina, at=timezone.now())
    assert "5050-1055" in sign_in(olga).get(f"/o/north/approvals/{approval.public_id}/").content.decode()


def test_an_approval_of_one_start_is_none_of_another(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)
    with tenant_scope(strict.pk), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(state=State.APPROVED, decided_by=olga)
        with pytest.raises(four_eyes.Outdated):
            tariffs.publish(draft, valid_from=DECEMBER + timedelta(days=1), by=fina, at=timezone.now())


def test_asking_twice_is_asking_once(strict, draft, fina, olga):
    assert ask_to_publish(draft, fina) == ask_to_publish(draft, fina)
    with pytest.raises(Refused, match="already_asked"):
        ask_to_publish(draft, olga)


# Time, refusing and taking back


def test_it_waits_for_three_days(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)
    assert approve(approval, olga, at=timezone.now() + timedelta(hours=73)).state == State.EXPIRED
    assert fresh(draft).published_at is None
    assert ask_to_publish(draft, fina).pk != approval.pk


def test_the_sweep_ends_what_waited_too_long(strict, draft, fina):
    approval = ask_to_publish(draft, fina)
    tasks.expire_approvals()
    assert fresh(approval).state == State.WAITING
    with tenant_scope(strict.pk):
        Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.expire_approvals()
    assert fresh(approval).state == State.EXPIRED
    assert events(strict) == ["asked", "expired"]


def test_a_refusal_says_why(strict, draft, fina, olga, sign_in):
    approval = ask_to_publish(draft, fina)
    client, page = sign_in(olga), f"/o/north/approvals/{approval.public_id}/decide/"
    assert client.post(page, {"refuse": "", "note": " "}).status_code == 400
    assert client.post(page, {"refuse": "", "note": "Too expensive at night"}).status_code == 302
    ended = fresh(approval)
    assert (ended.state, ended.note, ended.decided_by_id) == (State.REFUSED, "Too expensive at night", olga.pk)
    assert "Too expensive at night" in sign_in(fina).get(f"/o/north/approvals/{approval.public_id}/").content.decode()


def test_who_asked_takes_it_back_and_nobody_else(strict, draft, fina, olga, sign_in):
    approval = ask_to_publish(draft, fina)
    path = f"/o/north/approvals/{approval.public_id}/withdraw/"
    sign_in(olga).post(path)
    assert fresh(approval).state == State.WAITING
    sign_in(fina).post(path)
    assert fresh(approval).state == State.WITHDRAWN
    with pytest.raises(Refused, match="approval_over"):
        approve(approval, olga)


# The pages


def test_publishing_asks_instead_and_the_second_person_finds_it(strict, draft, fina, olga, sign_in):
    path = f"/o/north/finance/tariffs/{draft.tariff.public_id}/publish/"
    client = sign_in(fina)
    assert "Ask for approval" in client.get(path).content.decode()
    answer = client.post(path, {"valid_from": "2026-12-01T00:00"}, follow=True)
    page = answer.content.decode()
    assert "Nothing has happened yet" in page
    assert "Olga" in page
    with tenant_scope(strict.pk):
        approval = Approval.objects.get()
    assert fresh(draft).published_at is None
    second = sign_in(olga)
    listed = second.get("/o/north/approvals/").content.decode()
    assert "Publish version 1 of Day and night" in listed
    assert 'class="nav__count"' in listed
    detail = second.get(f"/o/north/approvals/{approval.public_id}/").content.decode().replace("\xa0", " ")
    assert "1 Dec 2026 00:00" in detail
    assert f"/o/north/finance/tariffs/{draft.tariff.public_id}/?version=1" in detail
    done = second.post(f"/o/north/approvals/{approval.public_id}/decide/", {"approve": ""}, follow=True)
    assert "Approved and done." in done.content.decode()
    assert fresh(draft).published_by_id == fina.pk


def test_who_can_decide_gets_a_letter(strict, draft, fina, olga, otto, sign_in, settings, mailoutbox,
                                     django_capture_on_commit_callbacks):  # fmt: skip
    settings.EMAIL_HOST = "mail.example"
    with django_capture_on_commit_callbacks(execute=True):
        path = f"/o/north/finance/tariffs/{draft.tariff.public_id}/publish/"
        sign_in(fina).post(path, {"valid_from": "2026-12-01T00:00"})
    assert [letter.to for letter in mailoutbox] == [[olga.email]]
    assert "/o/north/approvals/" in mailoutbox[0].body


def test_issuing_asks_instead(strict, run, fina, olga, sign_in):
    path = f"/o/north/finance/runs/{run.public_id}/issue/"
    client = sign_in(fina)
    assert "Ask for approval" in client.get(path).content.decode()
    page = client.post(path, follow=True).content.decode()
    assert "Issue the invoices of October 2026" in page
    assert "SEK" in page
    assert fresh(run).state == InvoiceRun.State.READY
    assert "It waits for a second person" in client.get(path).content.decode()


def test_who_cannot_decide_sees_no_button_and_is_sent_back(strict, draft, fina, axel, sign_in):
    approval = ask_to_publish(draft, fina)
    for person in (fina, axel):
        client = sign_in(person)
        detail = f"/o/north/approvals/{approval.public_id}/"
        assert "Decide" not in client.get(detail).content.decode().split("<main")[1].split("Decided")[0]
        assert client.get(f"{detail}decide/")["Location"] == detail
        assert client.post(f"{detail}decide/", {"approve": ""}).status_code == 400
    assert fresh(approval).state == State.WAITING


def test_with_nobody_to_decide_the_page_says_so(strict, olga, sign_in):
    page = sign_in(olga).post("/o/north/drivers/export/", follow=True).content.decode()
    assert "Nobody here can decide about it" in page


def test_the_sidebar_shows_approvals_only_where_they_are_used(north, olga, sign_in, request):
    client = sign_in(olga)
    assert "/o/north/approvals/" not in client.get("/o/north/people/").content.decode()
    request.getfixturevalue("strict")
    assert "/o/north/approvals/" in client.get("/o/north/people/").content.decode()


# The download of all drivers


def read(answer):
    return list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode().removeprefix("\ufeff"))))


@pytest.fixture
def people(north, danas_driver):
    with tenant_scope(north.pk):
        former = drivers.create(name="Fredrik Former", email="f@example.com")
        Driver.objects.filter(pk=former.pk).update(is_active=False)
        return list(Driver.objects.order_by("customer_number", "pk"))


@pytest.mark.django_db(transaction=True)
def test_the_download_holds_every_driver_and_is_recorded(north, people, olga, sign_in):
    rows = read(sign_in(olga).post("/o/north/drivers/export/", {"former": "on"}))
    assert [row["name"] for row in rows] == ["Dana Driver", "Fredrik Former"]
    assert rows[0]["email"] == "dana@example.com"
    digest = hashlib.sha256("\n".join(str(each.public_id) for each in people).encode()).hexdigest()
    with tenant_scope(north.pk):
        facts = AuditEntry.objects.get(event="drivers.exported").additional_data
    assert facts == {"count": 2, "former": True, "sha256": digest}


@pytest.mark.django_db(transaction=True)
def test_approved_it_is_fetched_once_by_who_asked(strict, people, olga, orla, sign_in):
    first, second = sign_in(olga), sign_in(orla)
    first.post("/o/north/drivers/export/", {"former": ""})
    with tenant_scope(strict.pk):
        approval = Approval.objects.get()
    second.post(f"/o/north/approvals/{approval.public_id}/decide/", {"approve": ""})
    assert fresh(approval).state == State.APPROVED
    assert "Fetch the file" in first.get(f"/o/north/approvals/{approval.public_id}/").content.decode()
    assert [row["name"] for row in read(first.post("/o/north/drivers/export/", {"former": "on"}))] == ["Dana Driver"]
    assert fresh(approval).state == State.USED
    assert first.post("/o/north/drivers/export/")["Location"].startswith("/o/north/approvals/")  # asked anew


def test_an_approved_download_lasts_a_day(strict, danas_driver, olga, orla):
    with tenant_scope(strict.pk):
        approval = driver_exports.ask(former=False, by=olga, at=timezone.now())
    approve(approval, orla)
    later = timezone.now() + timedelta(hours=25)
    with tenant_scope(strict.pk), pytest.raises(four_eyes.SecondPersonNeeded):
        driver_exports.begin(former=False, by=olga, at=later)
    with tenant_scope(strict.pk), pytest.raises(four_eyes.SecondPersonNeeded):
        driver_exports.begin(former=False, by=orla, at=timezone.now())  # it was not orla's


def test_more_than_was_approved_is_not_given(strict, danas_driver, olga, orla):
    with tenant_scope(strict.pk):
        approval = driver_exports.ask(former=False, by=olga, at=timezone.now())
    approve(approval, orla)
    with tenant_scope(strict.pk), pytest.raises(four_eyes.Outdated):
        driver_exports.begin(former=True, by=olga, at=timezone.now())


@pytest.mark.parametrize("person", ["otto", "fina", "sara", "axel"])
def test_only_owners_download_everybody(person, north, request, sign_in):
    assert sign_in(request.getfixturevalue(person)).get("/o/north/drivers/export/").status_code == 403


# At the same moment


def at_once(*acts):
    """Do these in threads of their own, from the same moment on; return what each returned or raised."""
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait(timeout=20)
            return act()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result(timeout=60) for done in [pool.submit(run, act) for act in acts]]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_approve_at_once_act_once(strict, draft, fina, olga, orla):
    approval = ask_to_publish(draft, fina)
    outcomes = at_once(lambda: approve(approval, olga), lambda: approve(approval, orla))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Approval", "Refused"]
    assert events(strict) == ["asked", "approved", "used"]


@pytest.mark.django_db(transaction=True)
def test_of_approving_and_taking_back_at_once_one_wins(strict, draft, fina, olga):
    approval = ask_to_publish(draft, fina)

    def take_back():
        with tenant_scope(strict.pk):
            return four_eyes.withdraw(approval, by=fina)

    outcomes = at_once(lambda: approve(approval, olga), take_back)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Approval", "Refused"]
    is_used = fresh(approval).state == State.USED
    assert is_used == (fresh(draft).published_at is not None)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_is_told(strict, draft, fina, olga):
    outcomes = at_once(lambda: ask_to_publish(draft, fina), lambda: ask_to_publish(draft, olga))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Approval", "Refused"]


@pytest.mark.django_db(transaction=True)
def test_an_approved_download_fetched_twice_at_once_is_given_once(strict, danas_driver, olga, orla):
    with tenant_scope(strict.pk):
        approval = driver_exports.ask(former=False, by=olga, at=timezone.now())
    approve(approval, orla)

    def fetch():
        with tenant_scope(strict.pk):
            return driver_exports.begin(former=False, by=olga, at=timezone.now())

    outcomes = at_once(fetch, fetch, fetch)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "SecondPersonNeeded",
        "SecondPersonNeeded",
        "list",
    ]


def test_each_act_names_a_permission_that_somebody_holds(north, olga):
    with tenant_scope(north.pk):
        for action in four_eyes.actions():
            assert approvals.holds(olga, four_eyes.permission_of(action)), action
    assert four_eyes.permission_of(driver_exports.ACTION) == Permission.EXPORT_DRIVERS


def test_each_act_has_words_and_what_an_operator_may_choose_says_what_it_prevents():
    assert set(approval_words._TELL) == set(four_eyes.actions())
    assert four_eyes.choices() == [driver_exports.ACTION, erasure.ACTION, PUBLISH, ISSUE]
    assert set(WHAT_IT_PREVENTS) == set(four_eyes.choices())
    assert set(four_eyes.choices()) <= set(approval_words.NAMES)


def test_another_operators_approvals_do_not_exist_here(strict, draft, fina, sven, sign_in):
    approval = ask_to_publish(draft, fina)
    assert sign_in(sven).get(f"/o/south/approvals/{approval.public_id}/").status_code == 404
    assert sign_in(sven).get(f"/o/south/approvals/{uuid4()}/").status_code == 404
