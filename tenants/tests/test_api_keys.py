"""Keys as the services make, rotate and end them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants import api_secret
from tenants.errors import Refused
from tenants.models import ApiKey, AuditEntry, Membership
from tenants.permissions import Permission
from tenants.scoping import tenant_scope
from tenants.services.people import memberships
from tenants.services.proof import api_key_authentication, api_keys

NOW = timezone.now()
AUDIT = [Permission.VIEW_AUDIT.value]


def made(by, **given):
    facts = {"name": "Nightly export", "scopes": AUDIT, "expires_at": NOW + timedelta(days=90), "at": NOW, **given}
    return api_keys.make(by=by, **facts)


def proves(issued, operator, *, at=NOW):
    return api_key_authentication.proved(issued.text, operator_id=operator.pk, at=at, address="192.0.2.7") is not None


def test_a_key_is_a_name_and_256_random_bits_of_which_a_hash_is_kept(in_north, olga):
    issued = made(olga)
    found = re.fullmatch(r"wl_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})", issued.text)
    assert found
    assert (found[1], api_secret.digest(found[2])) == (issued.key.key_id, issued.key.secret_sha256)
    assert found[2] not in str(vars(ApiKey.objects.get()))
    assert found[2] not in repr(issued)


def test_secrets_spend_all_their_bits():
    drawn = {api_secret.new_secret() for _ in range(2_000)}
    assert len(drawn) == 2_000
    assert all(len({secret[place] for secret in drawn}) > 50 for place in range(1, 43))


def test_a_key_works_until_it_ends(north, olga):
    with tenant_scope(north.pk):
        issued = made(olga)
    assert proves(issued, north)
    assert proves(issued, north, at=NOW + timedelta(days=90) - timedelta(seconds=1))
    assert not proves(issued, north, at=NOW + timedelta(days=90))


def test_a_key_opens_its_own_operator_only(north, south, olga):
    with tenant_scope(north.pk):
        issued = made(olga)
    assert not proves(issued, south)


@pytest.mark.parametrize("scope", ["use_driver_pages", "manage_people", "nonsense", ""])
def test_what_is_no_scope_of_the_api_is_refused(in_north, olga, scope):
    with pytest.raises(Refused, match="no_key_scope"):
        made(olga, scopes=[scope])


def test_a_key_is_never_more_than_its_maker_may_do(in_north, otto):
    with pytest.raises(Refused, match="scope_beyond_maker"):
        made(otto)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=367)])
def test_a_key_ends_within_a_year(in_north, olga, lifetime):
    with pytest.raises(Refused, match="key_lifetime"):
        made(olga, expires_at=NOW + lifetime)


def test_a_key_without_scopes_is_not_made(in_north, olga):
    with pytest.raises(Refused):
        made(olga, scopes=[])


def test_the_old_key_works_for_the_overlap_and_then_ends(north, olga):
    with tenant_scope(north.pk):
        old = made(olga)
        new = api_keys.rotate(old.key, overlap=timedelta(days=1), by=olga, at=NOW)
        old.key.refresh_from_db()
    assert (old.key.replaced_by_id, new.key.scopes, new.key.name) == (new.key.pk, AUDIT, "Nightly export")
    assert proves(old, north)
    assert proves(new, north)
    later = NOW + timedelta(days=1)
    assert not proves(old, north, at=later)
    assert proves(new, north, at=later)
    assert abs(new.key.expires_at - NOW - timedelta(days=90)) < timedelta(hours=1)  # the module was read a while ago


def test_an_overlap_does_not_lengthen_a_key_s_life(in_north, olga):
    old = made(olga, expires_at=NOW + timedelta(hours=2))
    api_keys.rotate(old.key, overlap=timedelta(days=7), by=olga, at=NOW)
    old.key.refresh_from_db()
    assert old.key.expires_at == NOW + timedelta(hours=2)


def test_a_key_has_one_successor(in_north, olga):
    old = made(olga)
    api_keys.rotate(old.key, overlap=timedelta(days=1), by=olga, at=NOW)
    with pytest.raises(Refused, match="key_has_successor"):
        api_keys.rotate(old.key, overlap=timedelta(days=1), by=olga, at=NOW)


def test_a_revoked_key_ends_at_once_and_stays_ended(north, olga):
    with tenant_scope(north.pk):
        issued = made(olga)
        api_keys.revoke(issued.key, by=olga, at=NOW)
        api_keys.revoke(issued.key, by=None, at=NOW + timedelta(days=1))
        assert ApiKey.objects.get().revoked_by_id == olga.pk
        assert AuditEntry.objects.filter(event="key.revoked").count() == 1
    assert not proves(issued, north)
    with tenant_scope(north.pk), pytest.raises(Refused, match="key_ended"):
        api_keys.rotate(issued.key, overlap=timedelta(days=1), by=olga, at=NOW)


def test_the_keys_of_a_person_who_left_are_revoked_and_nobody_else_s(north, olga, request):
    with tenant_scope(north.pk):
        hers, other = made(olga), made(olga)
        ApiKey.objects.filter(pk=other.key.pk).update(created_by_id=olga.pk + 1000)
        assert api_keys.revoke_of(olga, at=NOW) == 1
        assert api_keys.revoke_of(olga, at=NOW) == 0
    assert not proves(hers, north)
    assert proves(other, north)


@pytest.mark.parametrize(("role", "works"), [("support", False), ("auditor", True)])
def test_a_new_role_revokes_the_keys_that_may_more_than_their_maker(north, olga, otto, role, works):
    with tenant_scope(north.pk):
        memberships.change_role(Membership.objects.get(user=otto), role="owner")
        issued = made(otto)
        memberships.change_role(Membership.objects.get(user=otto), role=role)
        assert AuditEntry.objects.filter(event="key.revoked").exists() is not works
    assert proves(issued, north) is works


def test_last_use_is_written_once_a_minute(north, olga):
    with tenant_scope(north.pk):
        issued = made(olga)

    def last_use_at(seconds, address):
        at = NOW + timedelta(seconds=seconds)
        api_key_authentication.proved(issued.text, operator_id=north.pk, at=at, address=address)
        with tenant_scope(north.pk):
            key = ApiKey.objects.get()
        assert key.last_used_at
        return (key.last_used_at - NOW).total_seconds(), key.last_used_address

    assert last_use_at(0, "192.0.2.1") == (0, "192.0.2.1")
    assert last_use_at(59, "192.0.2.2") == (0, "192.0.2.1")
    assert last_use_at(60, "192.0.2.2") == (60, "192.0.2.2")


def test_using_a_key_adds_nothing_to_the_log(north, olga):
    with tenant_scope(north.pk):
        issued = made(olga)
        before = AuditEntry.objects.count()
    assert proves(issued, north)
    with tenant_scope(north.pk):
        assert AuditEntry.objects.count() == before


def test_the_log_tells_of_a_key_and_not_its_secret(in_north, olga):
    issued = made(olga)
    api_keys.rotate(issued.key, overlap=timedelta(hours=1), by=olga, at=NOW)
    text = " ".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    assert issued.key.key_id in text
    assert issued.key.secret_sha256 not in text
    assert issued.text.rpartition("_")[2] not in text
    assert set(AuditEntry.objects.exclude(event="").values_list("event", flat=True)) >= {"key.made", "key.rotated"}
