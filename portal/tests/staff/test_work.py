"""The page of work that was set aside: who sees what, and trying it again."""

import pytest
from django.utils import timezone

from billing.models import Export, Pricing, Rendering
from charging.models import Connector
from portal.tests.examples import example
from portal.words import say
from portal.words.work import KINDS
from tenants import work
from tenants.models import AuditCheck, AuditEntry
from tenants.models.work import Work
from tenants.scoping import tenant_scope

PAGE = "/o/north/work/"
STOPPED = {"state": Work.State.SET_ASIDE, "attempts": work.TRIES, "error": "unexpected"}


@pytest.fixture
def set_aside(north):
    with tenant_scope(north.pk):
        pricing = example(Pricing, **STOPPED, error_facts={"error": "DataError"})
        export = example(Export, kind="xlsx", **STOPPED)
        check = example(AuditCheck, requested_at=timezone.now(), **STOPPED)
    return {"pricing": pricing, "export": export, "check": check}


def test_it_tells_what_was_set_aside_and_why(set_aside, fina, sign_in):
    page = sign_in(fina).get(PAGE).content.decode()
    assert "Pricing of sessions" in page
    assert "It failed in a way that was not foreseen (DataError)." in page
    assert "Download as a workbook" in page
    assert "Check of the audit log" not in page, "finance may not read the log"
    assert "3 pieces" not in page


def test_whoever_may_do_none_of_it_sees_nothing_of_it(set_aside, sara, sign_in):
    assert "Nothing is set aside" in sign_in(sara).get(PAGE).content.decode()


def test_one_row_is_tried_again(set_aside, fina, sign_in, north):
    client, row = sign_in(fina), set_aside["pricing"]
    answer = client.post(f"{PAGE}pricing/again/", {"row": row.pk}, follow=True)
    assert "1 piece of work is tried again." in answer.content.decode()
    with tenant_scope(north.pk):
        row.refresh_from_db()
        assert (row.state, row.attempts) == (Work.State.WAITING, 0)
        entry = AuditEntry.objects.get(event="work.tried_again")
    assert (entry.actor, entry.additional_data) == (fina, {"kind": "pricing", "code": "unexpected"})


def test_all_of_a_kind_are_tried_again(north, fina, sign_in):
    with tenant_scope(north.pk):
        rows = [example(Rendering, **STOPPED) for _ in range(3)]
    page = sign_in(fina).post(f"{PAGE}document/again/", follow=True).content.decode()
    assert "3 pieces of work are tried again." in page
    with tenant_scope(north.pk):
        assert set(Rendering.objects.values_list("state", flat=True)) == {Work.State.WAITING}
    assert len(rows) == 3


@pytest.mark.parametrize("row", ["x", "²", "9" * 30, "-1", "999999"])
def test_what_is_not_there_is_not_tried(set_aside, fina, sign_in, row, north):
    page = sign_in(fina).post(f"{PAGE}pricing/again/", {"row": row}, follow=True).content.decode()
    assert "Nothing of this is set aside any more." in page


def test_nobody_tries_again_what_they_may_not_do(set_aside, axel, sara, sign_in, north):
    for person in (axel, sara):
        sign_in(person).post(f"{PAGE}pricing/again/")
    with tenant_scope(north.pk):
        assert Pricing.objects.get().state == Work.State.SET_ASIDE


def test_another_operator_s_work_is_not_shown(set_aside, sven, sign_in):
    assert "Nothing is set aside" in sign_in(sven).get("/o/south/work/").content.decode()


def test_what_was_asked_for_anew_meanwhile_is_not_queued_twice(set_aside, fina, sign_in, north):
    with tenant_scope(north.pk):
        example(Export, kind="xlsx", month=set_aside["export"].month)
    sign_in(fina).post(f"{PAGE}export_xlsx/again/")
    with tenant_scope(north.pk):
        assert Export.objects.filter(state=Work.State.WAITING).count() == 1


def test_the_overview_says_how_much_waits_for_somebody(set_aside, olga, sign_in, north):
    with tenant_scope(north.pk):
        example(Connector)
    assert "3 pieces of work were set aside" in sign_in(olga).get("/o/north/").content.decode()


def test_every_kind_of_work_has_a_word_and_every_reason_a_sentence():
    assert {kind.name for kind in work.kinds()} <= set(KINDS)
    for code in ("unexpected", work.WORKER_LOST, "documents_missing", "too_many_exports"):
        assert code in say.SENTENCES
