"""The page of API keys."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tenants.models import ApiKey, AuditEntry, Membership
from tenants.scoping import tenant_scope
from tenants.services.proof import api_keys

KEYS = "/o/north/settings/keys/"
NEW = {"name": "Nightly export", "days": "90", "view_audit": "on"}
NOWHERE = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture
def owner(sign_in, olga):
    return sign_in(olga)


@pytest.fixture
def key(north, olga):
    now = timezone.now()
    with tenant_scope(north.pk):
        until = now + timedelta(days=90)
        return api_keys.make(name="Nightly export", scopes=["view_audit"], expires_at=until, by=olga, at=now).key


def change(key, north, **facts):
    with tenant_scope(north.pk):
        ApiKey.objects.filter(pk=key.pk).update(**facts)


def secret_of(answer):
    return answer.context["issued"].text


def test_without_keys_the_page_says_what_one_is_for(owner, north):
    page = owner.get(KEYS).content.decode()
    assert "No key works now" in page
    assert f"{KEYS}new/" in page


def test_a_new_key_is_shown_once(owner, north):
    made = owner.post(f"{KEYS}new/", NEW)
    secret = secret_of(made)
    assert made.content.decode().count(secret) == 2  # as text, and for the button that copies it
    page = owner.get(KEYS).content.decode()
    assert secret not in page
    assert secret.rpartition("_")[2] not in page
    assert secret.split("_")[2] in page
    with tenant_scope(north.pk):
        key = ApiKey.objects.get()
    assert (key.name, key.scopes) == ("Nightly export", ["view_audit"])
    assert key.expires_at.date() == (timezone.now() + timedelta(days=90)).date()


@pytest.mark.parametrize(
    ("missing", "words"), [("name", "required"), ("view_audit", "at least one"), ("days", "required")]
)
def test_what_is_missing_is_said_and_nothing_made(owner, north, missing, words):
    answer = owner.post(f"{KEYS}new/", {name: value for name, value in NEW.items() if name != missing})
    assert answer.status_code == 400
    assert words in str(answer.context["form"].errors)
    with tenant_scope(north.pk):
        assert not ApiKey.objects.exists()


def test_a_lifetime_that_is_not_offered_is_refused(owner, north):
    assert owner.post(f"{KEYS}new/", {**NEW, "days": "3650"}).status_code == 400


def test_the_list_tells_maker_last_use_and_rights(owner, north, key):
    change(key, north, last_used_at=timezone.now(), last_used_address="192.0.2.7")
    page = owner.get(KEYS).content.decode()
    for words in ("Olga", "192.0.2.7", "Read the audit log", key.key_id):
        assert words in page


def test_a_key_that_ends_soon_is_announced_until_it_has_a_successor(owner, north, key, olga):
    assert "Rotate it now" not in owner.get(KEYS).content.decode()
    change(key, north, expires_at=timezone.now() + timedelta(days=13))
    assert "Rotate it now" in owner.get(KEYS).content.decode()
    with tenant_scope(north.pk):
        api_keys.rotate(ApiKey.objects.get(), overlap=timedelta(days=7), by=olga, at=timezone.now())
        ApiKey.objects.exclude(pk=key.pk).update(expires_at=timezone.now() + timedelta(days=90))
    page = owner.get(KEYS).content.decode()
    assert "Rotate it now" not in page
    assert "has a successor" in page


def test_the_maker_is_marked_when_they_could_not_make_it_today(owner, north, key, olga):
    assert "no longer an owner" not in owner.get(KEYS).content.decode()
    change(key, north, created_by_id=olga.pk + 1000)
    assert "no longer an owner" in owner.get(KEYS).content.decode()


def test_rotating_shows_the_new_key_and_ends_the_old_one_later(owner, north, key):
    answer = owner.post(f"{KEYS}{key.public_id}/rotate/", {"overlap": "24"})
    assert "The old key works until" in answer.content.decode()
    with tenant_scope(north.pk):
        old, new = ApiKey.objects.order_by("pk")
    assert old.replaced_by_id == new.pk
    assert old.expires_at - timezone.now() < timedelta(days=1)
    assert new.key_id in secret_of(answer)


def test_a_key_that_has_ended_is_not_rotated(owner, north, key):
    change(key, north, revoked_at=timezone.now())
    answer = owner.post(f"{KEYS}{key.public_id}/rotate/", {"overlap": "24"})
    assert answer.status_code == 400
    assert "no longer works" in str(answer.context["form"].errors)


def test_a_revoked_key_is_among_the_ended(owner, north, key):
    assert owner.post(f"{KEYS}{key.public_id}/revoke/")["Location"] == KEYS
    page = owner.get(KEYS).content.decode()
    assert "No key works now" in page
    assert "revoked" in page
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="key.revoked").count() == 1


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_a_key_of_nobody_is_not_found(owner, north, act):
    assert owner.post(f"{KEYS}{NOWHERE}/{act}/").status_code == 404


@pytest.mark.parametrize("page", ["new/", "rotate/", "revoke/"])
def test_keys_are_made_rotated_and_revoked_by_who_has_just_proved_who_they_are(owner, north, key, page):
    session = owner.session
    session["proved_at"] = 0
    session.save()
    path = KEYS + (page if page == "new/" else f"{key.public_id}/{page}")
    answer = owner.post(path, {**NEW, "overlap": "24"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/")
    with tenant_scope(north.pk):
        assert ApiKey.objects.get().works_at(timezone.now())


def test_only_owners_come_here(sign_in, north, otto, axel):
    for person in (otto, axel):
        assert sign_in(person).get(KEYS).status_code == 403


def test_an_owner_of_another_operator_finds_nothing(sign_in, sven, north, key):
    assert sign_in(sven).get(KEYS).status_code == 404
    assert sign_in(sven).post(f"/o/south/settings/keys/{key.public_id}/revoke/").status_code == 404


def test_the_guide_says_how_to_call(client, db):
    page = client.get("/api/").content.decode()
    for words in ("Authorization: Bearer", "audit-events", "600 calls a minute", "429 Too Many Requests"):
        assert words in page


def test_the_guide_calls_the_reader_s_own_operator_in_their_language(owner, client, north):
    assert "/o/north/api/v1/me" in owner.get("/api/").content.decode()
    assert "/o/north/" not in client.get("/api/").content.decode()
    client.cookies["django_language"] = "sv"
    page = client.get("/api/").content.decode()
    assert "Vem som anropar" in page
    for english in ("Who calls", "From this instant", "Kind of object"):
        assert english not in page
    client.cookies["django_language"] = "en"  # what a request chose goes on in this thread
    assert "Who calls" in client.get("/api/").content.decode()


def test_a_member_who_is_removed_leaves_no_working_key(owner, north, olga, key, sign_in):
    """Whoever takes the place away, `memberships.remove` ends the keys with it."""
    with tenant_scope(north.pk):
        place = Membership.objects.get(user=olga)
        assert place.role == "owner"
        assert api_keys.revoke_of(olga) == 1
        assert not ApiKey.objects.get().works_at(timezone.now())
