"""Partners' cards on their pages: added, told whose they are, and settled where two have one UID."""

import pytest
from django.db.models import Q

from charging.models import Token
from charging.selectors import tokens as cards
from charging.services import tokens
from tenants.models import Account, AuditEntry
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = pytest.mark.django_db
UID = "04A1B2C3D4E5F6"


@pytest.fixture
def partners(world):
    with tenant_scope(world.operator.pk):
        return [accounts.create(kind=Account.Kind.ROAMING, name=name, country="NL") for name in ("Laadpas", "Ladekort")]


def added(client, world, partner, **facts):
    data = {"kind": "RFID", "uid": UID, "issuer": partner.pk, "whitelist": "ALLOWED", "valid": "on", **facts}
    return client.post(world.url("cards/new/"), data, follow=True)


def test_a_partners_card_is_added_and_no_driver_is_asked_for(world, sign_in, olga, partners):
    page = added(sign_in(olga), world, partners[0]).content.decode()
    assert "Laadpas" in page
    assert "who pays for what is charged with it" in page
    assert "Give the card for that time" not in page
    with tenant_scope(world.operator.pk):
        card = Token.objects.get(issuer=partners[0].pk)
        assert (card.whitelist, card.account_times.get().account_id) == ("ALLOWED", partners[0].pk)


@pytest.mark.parametrize("facts", [{"whitelist": ""}, {"issuer": "0"}])
def test_what_a_partner_wants_must_be_said(world, sign_in, olga, partners, facts):
    page = added(sign_in(olga), world, partners[0], **facts).content.decode()
    assert "field__error" in page or "error" in page
    with tenant_scope(world.operator.pk):
        assert not Token.objects.filter(issuer__isnull=False).exists()


def test_two_partners_with_one_uid_are_shown_and_settled(world, sign_in, olga, partners):
    client = sign_in(olga)
    for partner in partners:
        added(client, world, partner)
    with tenant_scope(world.operator.pk):
        first, second = Token.objects.filter(issuer__isnull=False).order_by("pk")
    url = world.url(f"cards/{first.public_id}/")
    assert "nobody charges with any of them" in client.get(url).content.decode()
    found = client.get(world.url("cards/"), {"condition": "unsettled"}).content.decode()
    assert (str(first.public_id) in found, str(second.public_id) in found) == (True, True)
    page = client.post(f"{url}settle/", follow=True).content.decode()
    assert "This card is meant from now on." in page
    with tenant_scope(world.operator.pk):
        assert [card.is_set_aside for card in Token.objects.filter(issuer__isnull=False).order_by("pk")] == [
            False,
            True,
        ]
    assert str(first.public_id) not in client.get(world.url("cards/"), {"condition": "unsettled"}).content.decode()


def test_a_card_that_nobody_has_is_given_to_the_partner_that_issued_it(world, sign_in, olga, partners):
    with tenant_scope(world.operator.pk):
        card = Token.objects.create(uid=UID)
    url = world.url(f"cards/{card.public_id}/")
    client = sign_in(olga)
    assert "Issuer" in client.get(url).content.decode()
    page = client.post(f"{url}issuer/", {"issuer": partners[1].pk, "whitelist": "NEVER"}, follow=True).content.decode()
    assert "Ladekort" in page
    with tenant_scope(world.operator.pk):
        card.refresh_from_db()
        assert (card.issuer_id, card.whitelist, card.is_valid) == (partners[1].pk, "NEVER", False)


def test_only_those_who_may_say_who_pays_say_who_has_issued_a_card(world, sign_in, otto, fina, partners):
    with tenant_scope(world.operator.pk):
        card = Token.objects.create(uid=UID)
    url = world.url(f"cards/{card.public_id}/")
    client, said = sign_in(otto), {"issuer": partners[0].pk, "whitelist": "ALWAYS"}
    assert client.post(f"{url}issuer/", said).status_code == 403
    assert "Laadpas" not in client.get(url).content.decode()
    assert client.post(f"{url}settle/").status_code == 403
    assert sign_in(fina).post(f"{url}settle/").status_code == 302


@pytest.fixture
def hidden(world, partners):
    """A card of ours that is nobody's, and the two partners' cards of its UID that it hides."""
    with tenant_scope(world.operator.pk):
        own = tokens.create(uid=UID)
        return own, [tokens.create(uid=UID, issuer=each, whitelist="ALWAYS") for each in partners]


def entries(world):
    with tenant_scope(world.operator.pk):
        return list(AuditEntry.objects.filter(Q(event="token.left_to_partner") | Q(action=AuditEntry.Action.DELETE)))


def test_a_card_of_ours_that_is_nobodys_is_left_to_the_partner_whose_uid_it_is(world, sign_in, olga, hidden):
    own, (first, second) = hidden
    client, url = sign_in(olga), world.url(f"cards/{own.public_id}/")
    page = client.get(url).content.decode()
    assert ("Leave it to Laadpas" in page, "Leave it to Ladekort" in page) == (True, True)
    page = client.post(f"{url}leave/{second.public_id}/", follow=True).content.decode()
    assert "From now on Ladekort&#x27;s card with this UID is meant. Yours is gone." in page
    with tenant_scope(world.operator.pk):
        assert not Token.objects.filter(pk=own.pk).exists()
        assert cards.meant([UID]) == {UID: second}
        assert [Token.objects.get(pk=each.pk).is_set_aside for each in (first, second)] == [True, False]
    deleted, left = entries(world)
    assert (deleted.content_type.model, left.event) == ("token", "token.left_to_partner")
    assert UID not in str(left.additional_data)
    assert client.get(url).status_code == 404
    assert "Left a card" in client.get(world.url("audit/")).content.decode()


def test_who_may_not_say_who_pays_removes_no_card_whose_partner_would(world, sign_in, otto, hidden):
    own, _partners = hidden
    client, url = sign_in(otto), world.url(f"cards/{own.public_id}/")
    assert "Remove this card?" not in client.get(url).content.decode()
    assert client.post(f"{url}remove/").status_code == 403
    with tenant_scope(world.operator.pk):
        Token.objects.filter(issuer__isnull=False).delete()
    assert "Remove this card?" in client.get(url).content.decode()
    assert client.post(f"{url}remove/").status_code == 302
    with tenant_scope(world.operator.pk):
        assert not Token.objects.filter(pk=own.pk).exists()


def test_a_card_of_ours_that_nobody_used_is_removed_and_a_partners_of_its_uid_is_meant(
    world, sign_in, otto, olga, hidden
):
    own, (first, second) = hidden
    with tenant_scope(world.operator.pk):
        Token.objects.filter(pk=second.pk).update(is_set_aside=True)
    url = world.url(f"cards/{own.public_id}/")
    assert sign_in(otto).post(f"{url}leave/{first.public_id}/").status_code == 403
    client = sign_in(olga)
    assert "Remove this card?" in client.get(url).content.decode()
    page = client.post(f"{url}remove/", follow=True).content.decode()
    assert "was removed" in page
    with tenant_scope(world.operator.pk):
        assert cards.meant([UID]) == {UID: first}
        assert not Token.objects.filter(pk=own.pk).exists()
    assert len(entries(world)) == 1
