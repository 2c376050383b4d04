"""Invitations: what they give, to whom, and how often."""

import os
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from tenants.crypto import Unreadable
from tenants.errors import Refused
from tenants.models import AuditEntry, Driver, Invitation, Membership, User
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, invitations, memberships
from tenants.services.people.invitations import Ended

PASSWORD = "correct horse battery"


def opened(made):
    return invitations.opened(made.invitation.public_id, secret=made.secret)


def test_a_person_without_an_account_gets_one_with_the_place(north, olga):
    made = invitations.invite(north, email="Ines@Example.com", role="support", by=olga)
    place = invitations.accept_as_new(opened(made), name="Ines", password=PASSWORD)
    assert (place.role, place.operator, place.user.email) == ("support", north, "ines@example.com")
    assert place.user.check_password(PASSWORD)
    row = Invitation.objects.get()
    assert (row.accepted_by_id, row.invited_by_id) == (place.user.pk, olga.pk)


def test_a_person_with_an_account_keeps_it_and_gets_the_place(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    assert invitations.accept(opened(made), user=sven).user == sven
    assert set(Membership.objects.filter(user=sven).values_list("operator__slug", "role")) == {
        ("south", "owner"),
        ("north", "auditor"),
    }


def test_a_link_works_once(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    found = opened(made)
    invitations.accept(found, user=sven)
    for attempt in (lambda: opened(made), lambda: invitations.accept(found, user=sven)):
        with pytest.raises(Ended):
            attempt()


def test_only_the_invited_address_accepts(north, otto, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    with pytest.raises(Refused, match="invitation_of_another"):
        invitations.accept(opened(made), user=otto)
    assert not Membership.objects.filter(user=otto, role="auditor").exists()


def test_an_account_is_never_made_for_an_address_that_has_one(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    with pytest.raises(Refused, match="sign_in_to_accept"):
        invitations.accept_as_new(opened(made), name="Mallory", password=PASSWORD + "!")
    sven.refresh_from_db()
    assert sven.name == "Sven"
    assert sven.check_password(PASSWORD)


def test_nor_while_that_one_is_still_marked_with_an_older_key(north, sven, settings):
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    made = invitations.invite(north, email=sven.email, role="auditor")
    with pytest.raises(Refused, match="sign_in_to_accept"):
        invitations.accept_as_new(opened(made), name="Mallory", password=PASSWORD + "!")
    assert User.objects.get(email=sven.email) == sven


def test_links_that_open_nothing_all_end_alike(north):
    withdrawn = invitations.invite(north, email="a@example.com", role="support")
    invitations.withdraw(withdrawn.invitation)
    expired = invitations.invite(north, email="b@example.com", role="support")
    with tenant_scope(north.pk):
        Invitation.objects.filter(pk=expired.invitation.pk).update(expires_at=timezone.now())
    replaced = invitations.invite(north, email="c@example.com", role="support")
    invitations.renew(replaced.invitation)
    wrong = invitations.Made(invitations.invite(north, email="d@example.com", role="support").invitation, "x" * 43)
    for made in (withdrawn, expired, replaced, wrong):
        with pytest.raises(Ended) as ended:
            opened(made)
        assert str(ended.value) == "link_ended"


@pytest.mark.parametrize("change", [{"withdrawn_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_what_ends_between_opening_and_accepting_is_not_accepted(north, sven, change):
    made = invitations.invite(north, email=sven.email, role="auditor")
    found = opened(made)
    with tenant_scope(north.pk):
        Invitation.objects.filter(pk=found.pk).update(**change)
    with pytest.raises(Ended):
        invitations.accept(found, user=sven)


def test_a_link_opened_before_a_new_one_was_made_accepts_nothing(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    found = opened(made)
    invitations.renew(made.invitation)
    with pytest.raises(Ended):
        invitations.accept(found, user=sven)


def test_inviting_again_replaces_what_stands_and_keeps_one_row(north, olga):
    first = invitations.invite(north, email="ines@example.com", role="support")
    second = invitations.invite(north, email="INES@example.com", role="support", name="Ines", by=olga)
    assert Invitation.objects.count() == 1
    assert second.invitation.public_id == first.invitation.public_id
    with pytest.raises(Ended):
        opened(first)
    assert opened(second).name == "Ines"


def test_an_ended_invitation_is_renewed_for_another_week(north):
    made = invitations.invite(north, email="ines@example.com", role="support")
    with tenant_scope(north.pk):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    again = invitations.renew(made.invitation)
    assert opened(again).expires_at > timezone.now() + timedelta(days=6)


def test_a_role_that_somebody_has_is_not_offered_again(north, otto):
    with pytest.raises(Refused, match="has_role"):
        invitations.invite(north, email=otto.email.upper(), role="operations")
    invitations.invite(north, email=otto.email, role="finance")


def test_what_was_accepted_or_withdrawn_is_neither_withdrawn_nor_renewed(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    invitations.accept(opened(made), user=sven)
    gone = invitations.invite(north, email="ines@example.com", role="auditor")
    invitations.withdraw(gone.invitation)
    for ended in (made, gone):
        for act in (invitations.withdraw, invitations.renew):
            with pytest.raises(Refused, match=r"invitation_(accepted|withdrawn)"):
                act(ended.invitation)


@pytest.mark.parametrize("role", ["owner", "finance", "auditor"])
def test_roles_of_the_whole_operator_are_not_limited_to_sites(north, role):
    with pytest.raises(Refused, match="role_without_sites"):
        invitations.invite(north, email="ines@example.com", role=role, site_public_ids=[])


def test_the_secret_is_kept_as_a_hash_and_stands_nowhere_else(north):
    made = invitations.invite(north, email="ines@example.com", role="support", name="Ines Isaksson")
    assert len(made.secret) >= 43  # 256 bits
    assert made.secret not in str(Invitation.objects.values().get())
    with tenant_scope(north.pk):
        log = " ".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    for secret in (made.secret, made.invitation.secret_sha256, "ines@", "Isaksson"):
        assert secret not in log


@pytest.mark.parametrize(("server", "to_be_mailed", "is_proof"), [
    ("mail.example.com", None, True),
    ("", None, False),
    ("mail.example.com", False, False),
])  # fmt: skip
def test_only_a_link_that_was_mailed_proves_the_mailbox(north, sven, settings, server, to_be_mailed, is_proof):
    settings.EMAIL_HOST = server
    made = invitations.invite(north, email=sven.email, role="auditor", to_be_mailed=to_be_mailed)
    invitations.accept(opened(made), user=sven)
    new = invitations.invite(north, email="ines@example.com", role="auditor", to_be_mailed=to_be_mailed)
    place = invitations.accept_as_new(opened(new), name="Ines", password=PASSWORD)
    for user in (sven, place.user):
        user.refresh_from_db()
        assert (user.email_proved_at is not None) == is_proof


def test_a_driver_is_linked_and_nobody_who_is_another_driver(north, dana, danas_driver):
    with tenant_scope(north.pk):
        erik = drivers.create(name="Erik", email="erik@example.com")
        second = drivers.create(name="Dana again", email=dana.email)
        made, refused = invitations.invite_driver(erik), invitations.invite_driver(second)
        with pytest.raises(Refused, match="driver_signs_in"):
            invitations.invite_driver(danas_driver)
    place = invitations.accept_as_new(opened(made), name="Erik", password=PASSWORD)
    assert place.role == "driver"
    with pytest.raises(Refused, match="another_driver"):
        invitations.accept(opened(refused), user=dana)
    with tenant_scope(north.pk):
        assert Driver.objects.get(pk=erik.pk).user_id == place.user_id


def test_the_trail_tells_who_invited_and_who_accepted(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    invitations.accept(opened(made), user=sven)
    with tenant_scope(north.pk):
        events = list(AuditEntry.objects.filter(event__startswith="invitation.").order_by("pk"))
    assert [(entry.event, entry.object_id) for entry in events] == [
        ("invitation.made", made.invitation.pk),
        ("invitation.accepted", made.invitation.pk),
    ]


# --- for as long as whoever invited may invite ---


@pytest.fixture
def bad(north):
    """A second owner, who has a second address in mind."""
    person = User.objects.create_user("bad@example.com", PASSWORD, name="Bad")
    memberships.add(person, operator=north, role="owner")
    return person


@pytest.mark.parametrize("way", ["removed", "leaves", "becomes support"])
def test_who_loses_the_right_to_invite_keeps_no_door(north, olga, bad, way):
    made = invitations.invite(north, email="backdoor@evil.example", role="owner", by=bad)
    with tenant_scope(north.pk):
        place = Membership.objects.get(user=bad)
        if way == "removed":
            memberships.remove(place)
        elif way == "leaves":
            memberships.leave(bad, operator=north)
        else:
            memberships.change_role(place, role="support")
        entry = AuditEntry.objects.get(event="invitation.withdrawn")
    assert entry.additional_data == {"role": "owner"}
    assert Invitation.objects.get(pk=made.invitation.pk).withdrawn_at is not None
    with pytest.raises(Ended):
        opened(made)


def test_invitations_of_others_and_those_that_may_still_be_made_stand(north, olga, bad, danas_driver, south):
    """Support invites drivers, but no staff; what was invited to elsewhere is the other operator's."""
    memberships.add(bad, operator=south, role="owner")
    with tenant_scope(north.pk):
        danas_driver.user = None
        danas_driver.save(update_fields=["user"])
        driver = invitations.invite_driver(danas_driver, by=bad)
    others = invitations.invite(north, email="a@example.com", role="auditor", by=olga)
    elsewhere = invitations.invite(south, email="b@example.com", role="auditor", by=bad)
    with tenant_scope(north.pk):
        memberships.change_role(Membership.objects.get(user=bad, operator=north), role="support")
    for made in (driver, others, elsewhere):
        assert opened(made)


@pytest.mark.parametrize("loss", ["place", "account", "person"])
def test_acceptance_asks_again_whether_the_inviter_may(north, sven, bad, loss):
    """However the right was lost, also past the withdrawal: the acceptance itself looks."""
    made = invitations.invite(north, email=sven.email, role="owner", by=bad)
    found = opened(made)
    if loss == "place":
        with tenant_scope(north.pk):
            Membership.objects.filter(user=bad).delete()
    elif loss == "account":
        User.objects.filter(pk=bad.pk).update(is_active=False)
    else:
        with tenant_scope(north.pk):
            Invitation.objects.update(invited_by_id=bad.pk + 1000)
    with pytest.raises(Ended):
        invitations.accept(found, user=sven)
    assert not Membership.objects.filter(user=sven, operator=north).exists()


def kept(pk):
    """What the table holds of an invitation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT email, name FROM tenants_invitation WHERE id = %s", [pk])
        return [bytes(text) for text in cursor.fetchone()]


def test_address_and_name_lie_sealed_and_open_in_no_other_invitation(north):
    first = invitations.invite(north, email="ines@example.com", name="Ines", role="support").invitation
    second = invitations.invite(north, email="per@example.com", name="Per", role="support").invitation
    assert not [text for text in kept(first.pk) if b"ines" in text.lower()]
    row = Invitation.objects.get(pk=first.pk)
    assert (row.email, row.name) == ("ines@example.com", "Ines")
    with connection.cursor() as cursor, tenant_scope(north.pk):
        cursor.execute("SELECT email FROM tenants_invitation WHERE id = %s", [first.pk])
        cursor.execute("UPDATE tenants_invitation SET email = %s WHERE id = %s", [*cursor.fetchone(), second.pk])
    with pytest.raises(Unreadable):
        _ = Invitation.objects.get(pk=second.pk).email


def test_an_address_is_found_whatever_its_case_and_by_nobody_without_the_key(north, south):
    first = invitations.invite(north, email="Ines@example.com", role="support").invitation
    again = invitations.invite(north, email="ines@Example.com", role="support").invitation
    elsewhere = invitations.invite(south, email="ines@example.com", role="support").invitation
    assert again.pk == first.pk, "it replaces the one that stands"
    assert elsewhere.email_mark != again.email_mark
    with pytest.raises(ValueError, match="sealed"):
        Invitation.objects.filter(email="ines@example.com").exists()


def test_an_invitation_from_before_a_new_key_is_found_and_sealed_again(north, settings, tmp_path, capsys):
    settings.MEDIA_ROOT = str(tmp_path)
    first = invitations.invite(north, email="ines@example.com", name="Ines", role="support").invitation
    other = invitations.invite(north, email="per@example.com", role="support").invitation
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    assert invitations.invite(north, email="ines@example.com", name="I", role="support").invitation.pk == first.pk
    call_command("rotate_encryption")
    assert "Invitations: 1 encrypted again, 1 were current" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert {row.pk: row.email for row in Invitation.objects.all()} == {
        first.pk: "ines@example.com",
        other.pk: "per@example.com",
    }
    assert invitations.invite(north, email="per@example.com", role="support").invitation.pk == other.pk
