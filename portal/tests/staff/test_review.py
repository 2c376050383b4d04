"""Sessions that wait for a person: listed by remark, approved, written off."""

import pytest

from charging.models import ChargingSession
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(world):
    return [world.session(flags=[flag], review="pending") for flag in ("very_long", "zero_energy", "very_long")]


def decide(client, world, sessions, decision, reason="the driver confirmed it"):
    data = {"sessions": [row.public_id for row in sessions], "decision": decision, "reason": reason}
    return client.post(world.url("review/decide/"), data, follow=True)


def standing(world, session):
    with tenant_scope(world.operator.pk):
        session.refresh_from_db()
    return session.review


def test_the_queue_is_told_by_remark_with_counts(world, waiting, sign_in, otto):
    page = sign_in(otto).get(world.url("review/?flag=very_long"))
    assert len(page.context["entries"]) == 2
    assert [(tab["label"], tab["count"]) for tab in page.context["tabs"]] == [
        ("All", 3), ("very long", 2), ("no energy", 1),
    ]  # fmt: skip


def test_an_empty_queue_says_so(world, sign_in, otto):
    assert "Nothing waits for a decision" in sign_in(otto).get(world.url("review/")).content.decode()


def test_approved_sessions_are_priced_and_the_reason_is_kept(world, waiting, rated, sign_in, otto):
    assert rated() == 0
    page = decide(sign_in(otto), world, waiting[:2], "approve")
    assert "2 sessions were approved." in page.content.decode()
    assert [standing(world, row) for row in waiting] == ["approved", "approved", "pending"]
    assert rated() == 2
    with tenant_scope(world.operator.pk):
        entries = AuditEntry.objects.filter(event="session.approved", actor=otto)
        assert {(entry.additional_data or {}).get("reason") for entry in entries} == {"the driver confirmed it"}
        assert entries.count() == 2


def test_a_session_that_is_written_off_is_never_priced(world, waiting, rated, sign_in, otto):
    decide(sign_in(otto), world, waiting[:1], "write_off")
    assert standing(world, waiting[0]) == ChargingSession.Review.WRITTEN_OFF
    assert rated() == 0


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_decision_needs_a_reason(world, waiting, sign_in, otto, reason):
    page = decide(sign_in(otto), world, waiting, "approve", reason)
    assert "Reason:" in page.content.decode()
    assert standing(world, waiting[0]) == "pending"


def test_nothing_chosen_is_said(world, waiting, sign_in, otto):
    assert "Choose at least one session." in decide(sign_in(otto), world, [], "approve").content.decode()


def test_when_one_was_decided_meanwhile_none_is_changed(world, waiting, sign_in, otto):
    client = sign_in(otto)
    decide(client, world, waiting[:1], "write_off")
    page = decide(client, world, waiting, "approve")
    assert "does not wait for a decision any more" in page.content.decode()
    assert standing(world, waiting[1]) == "pending"


def test_the_decision_is_on_the_session_page_too_and_leads_back_to_it(world, waiting, sign_in, otto):
    client, url = sign_in(otto), world.url(f"sessions/{waiting[0].public_id}/")
    assert "Lasted more than 24 hours." in client.get(url).content.decode()
    data = {"sessions": waiting[0].public_id, "decision": "approve", "reason": "fine", "next": url}
    assert client.post(world.url("review/decide/"), data).url == url


def test_only_those_who_may_review_see_the_queue(world, waiting, sign_in, sara):
    client = sign_in(sara)
    assert client.get(world.url("review/")).status_code == 403
    assert decide(client, world, waiting, "approve").status_code == 403
    assert "Approve for billing" not in client.get(world.url(f"sessions/{waiting[0].public_id}/")).content.decode()


def test_the_history_of_a_session_tells_who_decided(world, waiting, sign_in, olga):
    client = sign_in(olga)
    decide(client, world, waiting[:1], "approve", "the meter was replaced")
    page = client.get(world.url(f"sessions/{waiting[0].public_id}/")).content.decode()
    assert "the meter was replaced" in page
