"""What is decided of sessions that wait: priced by that decision, and never against a draft or what was billed."""

from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, SessionPrice
from billing.services import credit_notes, review
from billing.services.disputes import DISPUTED
from billing.tests import factories
from billing.tests.factories import NOVEMBER
from charging.domain.errors import NothingToReview
from charging.models import ChargingSession, Token
from tenants.services.people import drivers

#: 20.00 of energy and a fee of 10.00, plus 25 % VAT.
WITH_FEE: dict[str, Any] = {
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": "2", "vat": 25, "step_size": 1},
                {"type": "FLAT", "price": "10", "vat": 25, "step_size": 1},
            ]
        }
    ]
}


@pytest.fixture
def charged(in_north):
    factories.tariff(WITH_FEE)
    return factories.session(factories.connector(), factories.driver())


def doubted(row, flag=DISPUTED):
    ChargingSession.objects.filter(pk=row.pk).update(review="pending", flags=[flag])


def price(row):
    factories.rate_all()
    return SessionPrice.objects.get(session=row).amount_incl_vat


def test_a_price_made_before_the_decision_is_made_anew_by_it(charged):
    """It had a price when somebody disputed it: the energy alone is billed, and another time all of it."""
    assert price(charged) == 37.5
    doubted(charged)
    review.approve_energy([charged], reason="the fee is waived")
    assert price(charged) == 25
    doubted(charged)
    review.approve([charged], reason="it is owed after all")
    assert price(charged) == 37.5


def test_what_is_drafted_is_billed_as_it_is_or_waits_until_the_drafts_are_discarded(charged):
    other = factories.driver("Otto")
    factories.drafted()
    doubted(charged, "overlap")
    for decide, facts in (
        (review.approve_energy, {}),
        (review.write_off, {}),
        (review.give_to_driver, {"driver": other}),
    ):
        with pytest.raises(NothingToReview) as refusal:
            decide([charged], reason="two at once", **facts)
        assert refusal.value.code == "reviewed_on_draft"
    assert ChargingSession.objects.get().review == "pending"
    review.approve([charged], reason="the other one is wrong")
    assert (ChargingSession.objects.get().review, Invoice.objects.get().amount_due) == ("approved", Decimal("37.50"))
    assert SessionPrice.objects.get(session=charged).amount_incl_vat == 37.5


def test_what_was_billed_with_a_card_is_given_to_a_driver_and_not_to_another_card(charged):
    factories.issued()
    credit_notes.credit(Invoice.objects.get(), reason="Another's", by=None, at=NOVEMBER, then="pending")
    other = drivers.create(name="Otto")
    card = Token.objects.create(uid="c2", driver=other)
    with pytest.raises(NothingToReview) as refusal:
        review.give_to_card([charged], token=card, reason="his card")
    assert refusal.value.code == "reviewed_card_billed"
    review.give_to_driver([charged], driver=other, reason="his card")
    assert ChargingSession.objects.get().driver == other
