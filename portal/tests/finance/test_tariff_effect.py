"""What a draft would have made of last month stands on the page that publishes it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import PriceEffect, SessionPrice
from billing.services import effects, tariffs
from billing.services.effects import Tally
from billing.tests import factories
from tenants import work
from tenants.scoping import current_operator_id

SATURDAY_NIGHT = {
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": "3.00", "vat": "25"}],
            "restrictions": {"start_time": "22:00", "end_time": "06:00"},
        },
        {"price_components": [{"type": "ENERGY", "price": "2.00", "vat": "25"}]},
    ]
}


def text(response):
    return response.content.decode().replace("\xa0", " ")


def work_out(draft):
    effects.ask(draft, month=factories.OCTOBER.date(), at=factories.NOVEMBER)
    kind = work.kind_named(PriceEffect.work_kind)
    assert work.do_next(kind, current_operator_id(), clock=lambda: factories.NOVEMBER)
    return Tally.of(PriceEffect.objects.get().result)


def test_the_sums_are_those_of_the_prices_there_would_be(charged, tariff, danas_driver):
    """Each session twice as dear: the old sum is that of the lists, the new one what rating by the draft writes."""
    elsewhere = factories.session(factories.connector(), None, start=factories.OCTOBER + timedelta(days=5))
    old = sum(SessionPrice.objects.values_list("amount_incl_vat", flat=True), Decimal())
    draft = tariffs.save_draft(tariff, document=factories.flat("4.00"))
    tally = work_out(draft)
    assert (tally.total.sessions, tally.total.old) == (3, int(old.scaleb(6)))
    assert elsewhere.pk not in [session for session, _, _ in tally.most]
    tariffs.publish(draft, valid_from=factories.EPOCH + timedelta(days=1), by=None, at=factories.NOVEMBER)
    factories.rate_all()
    new = sum(SessionPrice.objects.filter(session__in=charged).values_list("amount_incl_vat", flat=True), Decimal())
    assert tally.total.new == int(new.scaleb(6))
    assert sum(sums.new for sums in tally.parts["site"].values()) == tally.total.new


def test_a_tariff_that_is_let_apply_later_is_compared_with_what_was_paid(charged, in_north):
    made = tariffs.create(name="New", currency="SEK", document=factories.flat("1.00"))
    tariffs.assign(made, valid_from=factories.NOVEMBER + timedelta(days=30), site=charged[0].site)
    tally = work_out(made.versions.get())
    assert (tally.total.sessions, tally.raised, tally.lowered) == (3, 0, 3)
    assert Decimal(tally.total.new).scaleb(-6) == Decimal("37.5")


def test_the_ten_that_change_most_come_first(tariff, danas_driver):
    at = factories.connector()
    made = [
        factories.session(at, danas_driver, start=factories.OCTOBER + timedelta(hours=10 * n), kwh=n + 1)
        for n in range(12)
    ]
    factories.rate_all()
    tally = work_out(tariffs.save_draft(tariff, document=factories.flat("20.00")))
    assert [session for session, _, _ in tally.most] == [one.pk for one in reversed(made[2:])]


def test_a_draft_that_changed_meanwhile_leaves_nothing(charged, tariff):
    draft = tariffs.save_draft(tariff, document=factories.flat("4.00"))
    effects.ask(draft, month=factories.OCTOBER.date(), at=factories.NOVEMBER)
    tariffs.save_draft(tariff, document=factories.flat("5.00"))
    kind = work.kind_named(PriceEffect.work_kind)
    work.do_next(kind, current_operator_id(), clock=lambda: factories.NOVEMBER)
    assert PriceEffect.objects.get().result == {}


@pytest.mark.usefixtures("after_october")
def test_publishing_shows_it_and_warns(fina_browser, url, charged, tariff):
    tariffs.save_draft(tariff, document=SATURDAY_NIGHT)
    address = url(f"tariffs/{tariff.public_id}/")
    before = text(fina_browser.get(f"{address}publish/"))
    assert "Work it out" in before
    assert "Night becomes dearer than day." in before
    assert "every day 00:00–06:00, 22:00–24:00 was cheaper than every day 06:00–22:00 and becomes dearer" in before
    waiting = text(fina_browser.post(f"{address}effect/", follow=True))
    assert 'hx-trigger="every 2s"' in waiting
    kind = work.kind_named(PriceEffect.work_kind)
    assert work.do_next(kind, current_operator_id(), clock=lambda: factories.NOVEMBER)
    page = text(fina_browser.get(f"{address}publish/"))
    assert "What October 2026 would have come to" in page
    assert charged[0].external_id in page
    assert charged[0].site.name in page
    assert "more than a quarter" in page
    assert "Work it out again" in page


def test_saving_a_draft_asks_for_it(fina_browser, url, tariff):
    document = {"document": '{"elements": [{"price_components": [{"type": "ENERGY", "price": 3}]}]}'}
    fina_browser.post(url(f"tariffs/{tariff.public_id}/edit/?as=json"), document)
    assert PriceEffect.objects.get().state == PriceEffect.State.WAITING
