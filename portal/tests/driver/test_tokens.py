"""A driver's own cards."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.tests import factories
from charging.models import Token
from charging.services import tokens
from tenants.scoping import tenant_scope


def text(response):
    return response.content.decode()


def test_the_driver_sees_own_cards_alone(danas_browser, url, hers, anothers):
    page = text(danas_browser.get(url("cards/")))
    assert "CARD-dana" in page
    assert "CARD-other" not in page


def test_a_lost_card_is_blocked_at_once(danas_browser, url, hers, north):
    page = text(danas_browser.post(url(f"cards/{hers.token.public_id}/block/"), follow=True))
    assert "no longer works" in page
    with tenant_scope(north.pk):
        hers.token.refresh_from_db()
    assert hers.token.is_blocked


def test_a_link_alone_blocks_nothing(danas_browser, url, hers):
    assert danas_browser.get(url(f"cards/{hers.token.public_id}/block/")).status_code == 405


def test_anothers_card_does_not_exist(danas_browser, url, anothers, north):
    assert danas_browser.post(url(f"cards/{anothers.token.public_id}/block/")).status_code == 404
    with tenant_scope(north.pk):
        anothers.token.refresh_from_db()
    assert not anothers.token.is_blocked


# Lost and found


def reload(own, north):
    with tenant_scope(north.pk):
        own.token.refresh_from_db()
    return own.token


def test_a_lost_card_that_is_found_works_again(danas_browser, url, hers, north):
    page = text(danas_browser.post(url(f"cards/{hers.token.public_id}/block/"), follow=True))
    assert "I have found it" in page
    page = text(danas_browser.post(url(f"cards/{hers.token.public_id}/found/"), follow=True))
    assert "works again" in page
    token = reload(hers, north)
    assert (token.is_blocked, token.blocked_at, token.lost_at) == (False, None, None)


@pytest.mark.parametrize("was_lost", [False, True])
def test_what_staff_have_blocked_only_staff_can_lift(was_lost, danas_browser, url, hers, north):
    if was_lost:
        danas_browser.post(url(f"cards/{hers.token.public_id}/block/"))
    with tenant_scope(north.pk):
        tokens.block(hers.token, at=timezone.now())
    danas_browser.post(url(f"cards/{hers.token.public_id}/block/"))
    page = text(danas_browser.get(url("cards/")))
    assert "I have found it" not in page
    assert "Only they can unblock it" in page
    answer = text(danas_browser.post(url(f"cards/{hers.token.public_id}/found/"), follow=True))
    assert "has been blocked by the operator" in answer
    assert reload(hers, north).is_blocked


def test_anothers_card_cannot_be_found(danas_browser, url, anothers):
    assert danas_browser.post(url(f"cards/{anothers.token.public_id}/found/")).status_code == 404


def test_a_blocked_card_shows_what_was_charged_with_it_lately(danas_browser, url, hers, anothers, north):
    with tenant_scope(north.pk):
        at, began = hers.session.connector, hers.session.started_at + timedelta(days=40)
        used = factories.session(at, hers.driver, start=began, token=hers.token)
        not_hers = factories.session(at, anothers.driver, start=began, token=hers.token)
        tokens.report_lost(hers.token, at=began + timedelta(days=3))
    page = text(danas_browser.get(url("cards/")))
    assert str(used.public_id) in page
    assert str(not_hers.public_id) not in page
    with tenant_scope(north.pk):
        Token.objects.filter(pk=hers.token.pk).update(blocked_at=began + timedelta(days=15))
    assert "It was not used in the two weeks before it was blocked" in text(danas_browser.get(url("cards/")))
