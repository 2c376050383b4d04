"""Which sites a limited member works for: given, replaced, taken, and told in the log."""

from uuid import uuid4

import pytest

from charging.domain.errors import NetworkRefused
from charging.models import Site
from charging.selectors import sites
from charging.services import site_access, site_memberships
from tenants.errors import Refused
from tenants.models import AuditEntry, Membership
from tenants.permissions import Permission, access
from tenants.scoping import tenant_scope
from tenants.services.people import invitations, memberships


@pytest.fixture
def three(in_north):
    return [Site.objects.create(name=name) for name in ("Hamnen", "Kajen", "Torget")]


def ids(*rows):
    return [row.public_id for row in rows]


def place_of(user):
    found = access(user, slug="north")
    assert found is not None
    return found


def test_giving_replaces_what_was_given_before(three, otto):
    hamnen, kajen, torget = three
    assert site_access.give(otto, site_public_ids=ids(hamnen, kajen)) == {hamnen.pk, kajen.pk}
    site_access.give(otto, site_public_ids=ids(kajen, torget))
    assert list(sites.of(otto)) == [kajen, torget]
    assert sorted(sites.ids_of(otto)) == [kajen.pk, torget.pk]
    site_access.give(otto, site_public_ids=[])
    assert sites.ids_of(otto) == []


def test_a_change_is_one_event_that_names_the_sites(three, otto):
    hamnen, kajen, _torget = three
    site_access.give(otto, site_public_ids=ids(hamnen))
    site_access.give(otto, site_public_ids=ids(kajen))
    site_access.give(otto, site_public_ids=ids(kajen))  # changes nothing
    facts = AuditEntry.objects.filter(event="member.sites_changed").order_by("pk")
    assert [entry.additional_data for entry in facts] == [
        {"gained": ["Hamnen"], "lost": [], "sites": 1},
        {"gained": ["Kajen"], "lost": ["Hamnen"], "sites": 1},
    ]
    assert "otto" not in str([vars(entry) for entry in facts]).lower()


def test_unknown_sites_are_named_and_nothing_is_given(three, otto):
    stranger = uuid4()
    with pytest.raises(NetworkRefused, match="no_such_site"):
        site_access.give(otto, site_public_ids=[*ids(three[0]), stranger])
    assert sites.ids_of(otto) == []


def test_another_operator_s_site_is_unknown(north, south, otto):
    with tenant_scope(south.pk):
        theirs = Site.objects.create(name="Torget")
    with tenant_scope(north.pk), pytest.raises(NetworkRefused, match="no_such_site"):
        site_access.give(otto, site_public_ids=ids(theirs))


def test_a_limit_takes_what_concerns_the_whole_operator_and_its_end_gives_it_back(in_north, three, otto):
    place = Membership.objects.get(user=otto)
    before = place_of(otto).permissions
    site_memberships.change(place, role="operations", site_public_ids=ids(three[0]))
    limited = place_of(otto)
    assert limited.is_limited
    assert limited.may(Permission.MANAGE_NETWORK)
    assert not limited.may(Permission.IMPORT_SESSIONS)
    assert not limited.may(Permission.VIEW_DRIVERS)
    site_memberships.change(place, role="operations", site_public_ids=None)
    assert place_of(otto).permissions == before
    assert sites.ids_of(otto) == []


def test_only_some_roles_can_be_limited(in_north, three, olga, fina):
    for person, role in ((olga, "owner"), (fina, "finance")):
        with pytest.raises(Refused):
            site_memberships.change(Membership.objects.get(user=person), role=role, site_public_ids=ids(three[0]))
        assert not place_of(person).is_limited


def test_one_limited_place_of_two_keeps_the_sites(in_north, three, otto):
    memberships.add(otto, operator=in_north, role="support", limited_to_sites=True)
    place = Membership.objects.get(user=otto, role="operations")
    site_memberships.change(place, role="operations", site_public_ids=ids(three[0]))
    site_memberships.change(place, role="operations", site_public_ids=None)
    assert sites.ids_of(otto) == [three[0].pk]
    site_memberships.remove(Membership.objects.get(user=otto, role="support"))
    assert sites.ids_of(otto) == []


def test_a_second_limited_invitation_takes_no_site_of_the_first(in_north, three, otto):
    site_memberships.change(Membership.objects.get(user=otto), role="operations", site_public_ids=ids(three[0]))
    made = invitations.invite(in_north, email=otto.email, role="support", site_public_ids=ids(three[1]))
    site_memberships.accept(invitations.opened(made.invitation.public_id, secret=made.secret), user=otto)
    assert list(sites.of(otto)) == three[:2]
