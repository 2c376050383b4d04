"""Odd uses of cards on their page: what happened in words, who may look after it, and what the log keeps."""

from datetime import timedelta

import pytest

from charging.models import CardNotice, Site
from charging.site_scope import limited_to
from portal.tests.staff.conftest import World
from portal.words.card_notices import card_notice_told
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


def text(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def odd(world: World):
    """A card in two towns, and cards that are guessed."""
    station = world.connector.station
    with tenant_scope(world.operator.pk):
        other = Site.objects.create(name="Hamnen")
        facts = {"station": station, "since": world.now, "at": world.now - timedelta(hours=1)}
        CardNotice.objects.create(
            kind="too_fast", token=world.card, driver=world.driver, other_site=other, minutes=10, km=398,
            **facts,
        )  # fmt: skip
        CardNotice.objects.create(kind="guessing", cards=23, **facts)
    return world


def notices(world):
    with tenant_scope(world.operator.pk):
        return list(CardNotice.objects.order_by("pk"))


def test_what_is_odd_is_told_in_words_with_card_and_driver(odd, sign_in, sara):
    page = text(sign_in(sara).get(odd.url("cards/odd/")))
    site = odd.connector.station.site
    assert f"It charged at Hamnen and, 10 minutes later, at {site}, which is 398 km away." in page
    assert "23 different cards that nobody knows were tried within 10 minutes." in page
    assert "Dana Driver" in page
    assert "WL-1" in page


def test_what_is_odd_stands_among_what_waits_until_it_is_looked_after(odd, sign_in, olga):
    client, url = sign_in(olga), odd.url("cards/odd/")
    assert "2 odd uses of cards" in text(client.get(odd.url("")))
    for notice in notices(odd):
        assert client.post(f"{url}{notice.public_id}/seen/").status_code == 302
    assert "Nothing odd was noticed" in text(client.get(url))
    assert "Olga" in text(client.get(f"{url}?seen=1"))
    assert "odd uses of cards" not in text(client.get(odd.url("")))
    with tenant_scope(odd.operator.pk):
        assert set(CardNotice.objects.values_list("seen_by", flat=True)) == {olga.pk}
        assert AuditEntry.objects.filter(event="token.oddity_seen", actor=olga).count() == 2


def test_who_may_not_change_drivers_looks_and_no_more(odd, sign_in, axel):
    client, (first, _) = sign_in(axel), notices(odd)
    assert client.get(odd.url("cards/odd/")).status_code in {200, 403}
    assert client.post(odd.url(f"cards/odd/{first.public_id}/seen/")).status_code == 403


def test_a_site_that_somebody_does_not_see_has_no_name_for_them(odd):
    with tenant_scope(odd.operator.pk), limited_to([odd.connector.station.site_id]):
        first = CardNotice.objects.select_related("station__site", "other_site").earliest("pk")
        assert "Hamnen" not in card_notice_told(first)
        assert "another site" in card_notice_told(first)
