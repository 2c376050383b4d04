"""A driver's own cards."""

from tenants.scoping import tenant_scope


def text(response):
    return response.content.decode()


def test_the_driver_sees_own_cards_alone(danas_browser, url, hers, anothers):
    page = text(danas_browser.get(url("cards/")))
    assert "CARD-dana" in page
    assert "CARD-other" not in page


def test_a_lost_card_is_blocked_at_once(danas_browser, url, hers, north):
    page = text(danas_browser.post(url(f"cards/{hers.token.public_id}/block/"), follow=True))
    assert "is blocked" in page
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
