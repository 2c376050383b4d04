import pytest
from django.core import mail

from tenants.models import AuditEntry, Membership, OperatorGrant, User
from tenants.roles import PERMISSIONS
from tenants.scoping import tenant_scope
from tenants.services import memberships
from tenants.services.memberships import LastOwner

PEOPLE = "/o/north/people/"


def place(user):
    return Membership.objects.get(user=user)


def test_members_are_listed_with_their_roles_and_drivers_are_not(sign_in, olga, otto, dana):
    page = sign_in(olga).get(PEOPLE).content.decode()
    assert "otto@example.com" in page
    assert "dana@example.com" not in page


def test_an_auditor_sees_members_and_changes_none(sign_in, axel, otto):
    client = sign_in(axel)
    assert "/people/new/" not in client.get(PEOPLE).content.decode()
    assert client.post(f"{PEOPLE}{place(otto).public_id}/remove/").status_code == 403


def test_somebody_new_gets_a_link_that_sets_a_password(sign_in, olga, client):
    answer = sign_in(olga).post(f"{PEOPLE}new/", {"email": "New@Example.com", "name": "Nils", "role": "finance"})
    assert not mail.outbox
    link = answer.context["link"]
    assert link.startswith("http://testserver/account/password/")
    assert client.get(link.removeprefix("http://testserver")).status_code == 200
    user = User.objects.get(email="new@example.com")
    assert place(user).role == "finance"
    assert not user.has_usable_password()


def test_with_a_mail_server_the_link_is_mailed_too(sign_in, olga, settings, django_capture_on_commit_callbacks):
    settings.EMAIL_HOST = "mail.example.com"
    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_in(olga).post(f"{PEOPLE}new/", {"email": "new@example.com", "role": "finance"})
    assert mail.outbox[0].to == ["new@example.com"]
    assert answer.context["link"] in mail.outbox[0].body


def test_somebody_known_is_added_without_a_link(sign_in, olga, sven, north):
    answer = sign_in(olga).post(f"{PEOPLE}new/", {"email": sven.email, "role": "auditor"})
    assert answer["Location"] == PEOPLE
    assert Membership.objects.filter(user=sven, operator=north, role="auditor").exists()


def test_a_person_of_another_operator_without_a_password_gets_no_link_here(sign_in, olga, south):
    user = User.objects.create_user("new@example.com", None)
    memberships.add(user, operator=south, role="owner")
    client = sign_in(olga)
    assert client.post(f"{PEOPLE}new/", {"email": user.email, "role": "auditor"}).status_code == 302
    here = Membership.objects.get(user=user, operator__slug="north")
    assert client.post(f"{PEOPLE}{here.public_id}/link/").status_code == 302


def test_the_same_role_twice_is_refused_in_words(sign_in, olga, otto):
    answer = sign_in(olga).post(f"{PEOPLE}new/", {"email": otto.email, "role": "operations"})
    assert "already" in str(answer.context["form"].errors)


def test_a_new_role_brings_its_permissions_and_takes_the_old_ones(sign_in, olga, otto, north):
    sign_in(olga).post(f"{PEOPLE}{place(otto).public_id}/", {"role": "finance"})
    held = set(OperatorGrant.objects.filter(user=otto).values_list("permission__codename", flat=True))
    assert held == {permission.value for permission in PERMISSIONS[Membership.Role.FINANCE]}
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(content_type__model="membership").latest("pk")
    assert (entry.changes, entry.actor_id) == ({"role": ["operations", "finance"]}, olga.pk)


def test_the_last_owner_stays(sign_in, olga, otto, north):
    client, own = sign_in(olga), place(olga)
    answer = client.post(f"{PEOPLE}{own.public_id}/", {"role": "finance"})
    assert "needs an owner" in str(answer.context["form"].errors)
    client.post(f"{PEOPLE}{own.public_id}/remove/")
    assert place(olga).role == "owner"
    with tenant_scope(north.pk):
        memberships.change_role(place(otto), role="owner")
    assert client.post(f"{PEOPLE}{own.public_id}/remove/")["Location"] == "/account/operators/"
    assert client.get(PEOPLE).status_code == 404


def test_an_inactive_owner_does_not_count(olga, otto, north):
    with tenant_scope(north.pk):
        memberships.change_role(place(otto), role="owner")
        otto.is_active = False
        otto.save()
        with pytest.raises(LastOwner):
            memberships.remove(place(olga))


def test_grants_follow_memberships_for_the_whole_cast(olga, otto, fina, sara, axel, dana, sven):
    for person in (olga, otto, fina, sara, axel, dana, sven):
        held = set(OperatorGrant.objects.filter(user=person).values_list("permission__codename", flat=True))
        assert held == {permission.value for permission in PERMISSIONS[Membership.Role(place(person).role)]}
