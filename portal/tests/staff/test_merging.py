"""Cards and stations merged and taken apart on their pages."""

import pytest

from charging.models import Station, Token
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


def merged(world, card):
    with tenant_scope(world.operator.pk):
        return Token.objects.get(pk=card.pk).merged_into_id


def test_a_card_is_merged_and_taken_apart_again(world, sign_in, otto):
    client, url = sign_in(otto), world.url(f"cards/{world.lost_card.public_id}/")
    assert "It is the same as another one" in client.get(url).content.decode()
    page = client.post(f"{url}merge/", {"other": "wl-1", "reason": "read by two readers"}, follow=True)
    assert "WL-2 is WL-1 from now on." in page.content.decode()
    assert merged(world, world.lost_card) == world.card.pk
    assert "This is WL-1 now" in client.get(url).content.decode()
    assert "WL-2" in client.get(world.url(f"cards/{world.card.public_id}/")).content.decode()
    client.post(f"{url}part/")
    assert merged(world, world.lost_card) is None


@pytest.mark.parametrize("other", ["", "WL-2", "WL-999", "WL"])
def test_a_card_is_merged_into_one_that_is_there(world, sign_in, otto, other):
    url = world.url(f"cards/{world.lost_card.public_id}/")
    sign_in(otto).post(f"{url}merge/", {"other": other, "reason": "why"})
    assert merged(world, world.lost_card) is None


def test_a_station_is_merged_and_its_former_name_forgotten(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        site = world.connector.station.site
        kept = Station.objects.create(site=site, identifier="NEW-1")
        old = Station.objects.create(site=site, identifier="OLD-1", merged_into=kept, is_active=False)
    client, url = sign_in(otto), world.url(f"stations/{kept.public_id}/")
    assert "Forget this name" in client.get(url).content.decode()
    client.post(world.url(f"stations/{old.public_id}/part/"))
    data = {"other": "new-1", "reason": "one box with two names"}
    gone = world.url(f"stations/{world.connector.station.public_id}/")
    assert "from now on" in client.post(f"{gone}merge/", data, follow=True).content.decode()
    assert "This is NEW-1 now" in client.get(gone).content.decode()
    with tenant_scope(world.operator.pk):
        assert set(Station.objects.filter(merged_into=kept)) == {world.connector.station}


def test_only_those_who_manage_them_merge(world, sign_in, fina):
    url = world.url(f"cards/{world.lost_card.public_id}/")
    client = sign_in(fina)
    assert client.post(f"{url}merge/", {"other": "WL-1", "reason": "why"}).status_code == 403
    assert client.post(f"{url}part/").status_code == 403
