"""A card's UID is masked on pages; the whole of it is an act that the log and the driver know of."""

import pytest

from charging.domain import card_numbers
from charging.models import Token
from charging.services import tokens
from tenants.log import reading
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope


@pytest.mark.parametrize(
    ("uid", "shown"),
    [
        ("04A2B9C1D2E39F", "04A2••••9F"),
        ("04A2B9C1", "04••••C1"),
        ("04A", "0••••"),
        ("4", "••••"),
        ("", ""),
    ],
)
def test_never_more_than_half_of_a_uid_is_shown(uid, shown):
    assert card_numbers.masked(uid) == shown


@pytest.fixture
def card(world):
    """A card without a printed number, whose driver is known."""
    with tenant_scope(world.operator.pk):
        return tokens.create(uid="04A2B9C1D2E39F", driver=world.driver)


def entries(world):
    with tenant_scope(world.operator.pk):
        return list(AuditEntry.objects.filter(event="token.shown"))


def test_the_whole_uid_is_shown_to_who_asks_and_the_driver_reads_who_did(world, card, sign_in, otto):
    client, page = sign_in(otto), world.url(f"cards/{card.public_id}/")
    shown = client.get(page).content.decode()
    assert ("04A2••••9F" in shown, "04A2B9C1D2E39F" in shown) == (True, False)
    assert entries(world) == []
    assert client.get(f"{page}number/").status_code == 405
    assert "04A2B9C1D2E39F" in client.post(f"{page}number/").content.decode()
    (entry,) = entries(world)
    assert (entry.actor_id, entry.additional_data) == (otto.pk, {"card": "04A2••••9F"})
    with tenant_scope(world.operator.pk):
        assert entry in reading.looks(world.driver)
    assert "04A2B9C1D2E39F" not in client.get(page).content.decode()


def test_a_card_that_nobody_has_is_told_of_by_itself(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        card = tokens.create(uid="04FF00FF00FF00", kind=Token.Kind.RFID)
    assert "04FF00FF00FF00" in sign_in(otto).post(world.url(f"cards/{card.public_id}/number/")).content.decode()
    assert [(entry.object_id, entry.object_repr) for entry in entries(world)] == [(card.pk, "04FF••••00")]


def test_what_pages_show_of_a_card_finds_it(world, card, sign_in, otto):
    with tenant_scope(world.operator.pk):
        tokens.create(uid="04A2B9C1D2E30F")
    page = sign_in(otto).get(world.url("cards/"), {"q": "04a2 ••••9f"})
    assert [row.pk for row in page.context["page"]] == [card.pk]
