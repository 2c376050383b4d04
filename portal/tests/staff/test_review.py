"""What waits for a person: listed by kind with what is at stake; billed, given to somebody, or written off."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import SessionPrice
from billing.selectors import prices
from billing.tests import factories
from charging.models import AccountMember, ChargingSession
from charging.services import site_memberships
from tenants.models import AuditEntry, Membership
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

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
    assert len(page.context["findings"]) == 2
    assert tabs(page) == [("With a remark", 3), ("very long", 2), ("no energy", 1)]


def tabs(page):
    return [(tab["label"], tab["count"]) for tab in page.context["tabs"]]


def test_an_empty_queue_says_so(world, sign_in, otto):
    assert "Nothing waits for a decision" in sign_in(otto).get(world.url("review/")).content.decode()


def test_approved_sessions_are_priced_and_the_reason_is_kept(world, waiting, rated, sign_in, otto):
    assert rated() == 0
    page = decide(sign_in(otto), world, waiting[:2], "approve")
    assert "2 sessions are billed as they are." in page.content.decode()
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
    assert "Bill as it is" not in client.get(world.url(f"sessions/{waiting[0].public_id}/")).content.decode()


def test_the_history_of_a_session_tells_who_decided(world, waiting, sign_in, olga):
    client = sign_in(olga)
    decide(client, world, waiting[:1], "approve", "the meter was replaced")
    page = client.get(world.url(f"sessions/{waiting[0].public_id}/")).content.decode()
    assert "the meter was replaced" in page


def price(world, session):
    with tenant_scope(world.operator.pk):
        return SessionPrice.objects.filter(session=session).first()


@pytest.fixture
def dear(world):
    """A session under review that costs 5.00 for plugging in besides 2.00 for each of its 10 kWh, by day."""
    with tenant_scope(world.operator.pk):
        factories.tariff(factories.DAY_NIGHT, driver=world.driver)
    return world.session(flags=["very_long"], review="pending", start=factories.OCTOBER + timedelta(hours=10))


def test_what_billing_it_would_cost_is_shown_before_anybody_decides(world, dear, sign_in, otto):
    page = sign_in(otto).get(world.url("review/"))
    (finding,) = page.context["findings"]
    assert finding.stake.amount - finding.stake.energy == Decimal("6.25")
    assert [sum.amount for sum in page.context["at_stake"]] == [finding.stake.amount]
    assert price(world, dear) is None  # a look stores nothing


def test_what_was_shown_is_what_is_billed(world, dear, rated, sign_in, otto):
    client = sign_in(otto)
    (finding,) = client.get(world.url("review/")).context["findings"]
    decide(client, world, [dear], "approve")
    rated()
    assert price(world, dear).amount_incl_vat == finding.stake.amount


def test_the_energy_alone_is_billed_without_fees(world, dear, rated, sign_in, otto):
    client = sign_in(otto)
    (finding,) = client.get(world.url("review/")).context["findings"]
    page = decide(client, world, [dear], "energy")
    assert "billed for its energy alone" in page.content.decode()
    rated()
    found = price(world, dear)
    assert (found.amount_incl_vat, found.state) == (finding.stake.energy, "priced")
    assert {line["component"] for line in found.lines} == {"ENERGY"}
    with tenant_scope(world.operator.pk):
        dear.refresh_from_db()
        told = prices.explained(dear)
        assert told is not None
        assert told.fixed is None


def test_a_tariff_without_energy_makes_the_energy_alone_free(world, dear, rated, sign_in, otto):
    with tenant_scope(world.operator.pk):
        fee = {"elements": [{"price_components": [{"type": "FLAT", "price": "5.00", "vat": "25"}]}]}
        factories.tariff(fee, driver=world.driver)
    decide(sign_in(otto), world, [dear], "energy")
    rated()
    assert price(world, dear).state == "free"


def test_the_other_session_of_an_overlap_is_named(world, sign_in, otto):
    first = world.session(external_id="FIRST")
    world.session(flags=["overlap"], review="pending", external_id="SECOND")
    page = sign_in(otto).get(world.url("review/"))
    assert page.context["findings"][0].overlapped == first
    assert world.url(f"sessions/{first.public_id}/") in page.content.decode()


def test_one_that_nobody_pays_for_is_given_to_a_driver(world, rated, sign_in, otto):
    lost = [world.session(payer=None) for _ in range(2)]
    rated()
    client = sign_in(otto)
    page = client.get(world.url("review/"))
    assert tabs(page) == [("With a remark", 0), ("nobody pays", 2)]
    assert {row.entry.session for row in page.context["findings"]} == set(lost)
    data = {"flag": "nobody", "everything": "on", "decision": "give", "payer": "Dana", "reason": "her car"}
    page = client.post(world.url("review/decide/"), data, follow=True)
    assert "2 sessions have their payer." in page.content.decode()
    rated()
    assert [price(world, row).state for row in lost] == ["priced", "priced"]
    with tenant_scope(world.operator.pk):
        assert AuditEntry.objects.filter(event="session.given", actor=otto).count() == 2


def test_one_that_nobody_pays_for_is_written_off(world, rated, sign_in, otto):
    lost = world.session(payer=None)
    rated()
    decide(sign_in(otto), world, [lost], "write_off")
    assert standing(world, lost) == "written_off"
    assert tabs(sign_in(otto).get(world.url("review/"))) == [("With a remark", 0)]
    assert rated() == 0


def test_a_session_given_to_a_card_is_paid_for_by_who_had_it_then(world, rated, sign_in, otto):
    lost = world.session(payer=None)
    rated()
    data = {"sessions": lost.public_id, "decision": "give", "payer": "wl-1", "reason": "it was this card"}
    sign_in(otto).post(world.url("review/decide/"), data)
    with tenant_scope(world.operator.pk):
        lost.refresh_from_db()
    assert (lost.driver_id, lost.token_id) == (world.driver.pk, world.card.pk)


def test_a_card_that_nobody_had_pays_for_nothing(world, rated, sign_in, otto):
    lost = world.session(payer=None)
    rated()
    data = {"sessions": lost.public_id, "decision": "give", "payer": "WL-2", "reason": "it was this card"}
    page = sign_in(otto).post(world.url("review/decide/"), data, follow=True)
    assert "Nobody had card WL-2 when session" in page.content.decode()
    assert price(world, lost).problem == "no_driver"


def test_a_session_that_nobody_pays_for_is_not_billed_as_it_is(world, rated, sign_in, otto):
    lost = world.session(payer=None)
    rated()
    page = decide(sign_in(otto), world, [lost], "approve")
    assert "does not wait for a decision any more" in page.content.decode()


def test_a_session_on_a_draft_is_not_decided_about(world, rated, sign_in, otto):
    billed = world.session(start=factories.OCTOBER)
    rated()
    with tenant_scope(world.operator.pk):
        factories.drafted()
    for decision in ("approve", "energy", "write_off"):
        decide(sign_in(otto), world, [billed], decision)
        assert standing(world, billed) == ""
    data = {"sessions": billed.public_id, "decision": "give", "payer": "WL-1", "reason": "no"}
    assert "does not wait" in sign_in(otto).post(world.url("review/decide/"), data, follow=True).content.decode()


def test_who_is_meant_must_be_said(world, waiting, sign_in, otto):
    data = {"sessions": waiting[0].public_id, "decision": "give", "reason": "hers"}
    page = sign_in(otto).post(world.url("review/decide/"), data, follow=True)
    assert "Say whose the sessions are." in page.content.decode()


def test_finance_decides_too(world, waiting, sign_in, fina):
    assert "Give to the driver" in sign_in(fina).get(world.url("review/")).content.decode()


@pytest.mark.parametrize("payer", ["Dana", "nobody at all", "WL-1"])
@pytest.mark.parametrize("decision", ["approve", "give"])
def test_who_may_not_see_drivers_is_told_no_name_by_a_refusal(world, north, waiting, sign_in, otto, payer, decision):
    with tenant_scope(north.pk):
        factories.driver("Dana Doe", email="doe@example.com")
        site, place = world.connector.station.site, Membership.objects.get(user=otto)
        site_memberships.change(place, role="operations", site_public_ids=[site.public_id])
    client = sign_in(otto)
    assert client.get(world.url("drivers/")).status_code == 403
    data = {"sessions": waiting[0].public_id, "decision": decision, "payer": payer, "reason": ""}
    page = client.post(world.url("review/decide/"), data, follow=True)
    said = [str(message) for message in page.context["messages"]]
    assert said == ["Reason: This field is required."]


def test_all_of_a_kind_are_those_that_were_counted(world, waiting, sign_in, otto):
    client = sign_in(otto)
    data = {"flag": "very_long", "everything": "on", "decision": "approve", "reason": "fine", "total": "2"}
    late = world.session(flags=["very_long"], review="pending")
    page = client.post(world.url("review/decide/"), data, follow=True)
    assert "There are more now than when the page was shown." in page.content.decode()
    assert standing(world, waiting[0]) == "pending"
    client.post(world.url("review/decide/"), {**data, "total": "3"})
    assert [standing(world, row) for row in (waiting[0], late)] == ["approved", "approved"]


def test_days_narrow_the_list_its_file_and_what_all_means(world, waiting, sign_in, otto):
    old = world.session(flags=["very_long"], review="pending", start=world.now - timedelta(days=40))
    client = sign_in(otto)
    page = client.get(world.url("review/?flag=very_long&period=30d"))
    assert {row.entry.session.pk for row in page.context["findings"]} == {waiting[0].pk, waiting[2].pk}
    assert (page.context["total"], tabs(page)[1]) == (2, ("very long", 3))
    file = client.get(world.url("review/export/?flag=very_long&period=30d&format=comma"))
    assert len(b"".join(file.streaming_content).decode().strip().splitlines()) == 3
    data = {"flag": "very_long", "period": "30d", "everything": "on", "decision": "approve", "reason": "fine"}
    client.post(world.url("review/decide/"), {**data, "total": "2"})
    assert [standing(world, row) for row in (waiting[0], waiting[2], old)] == ["approved", "approved", "pending"]
    assert "Nothing of these days waits" in client.get(world.url("review/?period=last_month&flag=zero_energy")).text
    assert "The filter cannot be used" in client.get(world.url("review/?since=x")).content.decode()


def test_a_card_without_a_driver_that_belongs_to_a_payer_pays(world, rated, sign_in, otto):
    lost = world.session(payer=None)
    rated()
    with tenant_scope(world.operator.pk):
        AccountMember.objects.create(account=accounts.create(kind="company", name="Pool AB"), token=world.lost_card)
    data = {"sessions": lost.public_id, "decision": "give", "payer": "WL-2", "reason": "the car of the pool"}
    sign_in(otto).post(world.url("review/decide/"), data)
    rated()
    assert price(world, lost).state == "priced"
