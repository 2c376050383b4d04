from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from charging.models import Site, SiteAccess
from portal.gate import throttle
from portal.gate.throttle import Limit
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from portal.words import permissions as permission_words
from tenants.models import ApiKey, AuditEntry, BrowserSession, Driver, Invitation, Membership, OperatorGrant
from tenants.permissions import Permission
from tenants.roles import PERMISSIONS
from tenants.scoping import tenant_scope
from tenants.services.people import invitations, memberships
from tenants.services.people.memberships import LastOwner
from tenants.services.proof import api_keys
from tenants.tests.cast import invited

PEOPLE = "/o/north/people/"
INVITE = "/o/north/invitations/new/"


def place(user):
    return Membership.objects.get(user=user, operator__slug="north")


def held(user):
    return set(OperatorGrant.objects.filter(user=user).values_list("permission__codename", flat=True))


@pytest.fixture
def sites(north):
    with tenant_scope(north.pk):
        return [Site.objects.create(name=name) for name in ("Hamnen", "Torget")]


# --- members ---


def test_members_are_listed_with_their_roles_and_drivers_are_not(sign_in, olga, otto, dana):
    page = sign_in(olga).get(PEOPLE).content.decode()
    assert "otto@example.com" in page
    assert "dana@example.com" not in page


def test_an_auditor_sees_members_and_changes_none(sign_in, axel, otto):
    client = sign_in(axel)
    page = client.get(PEOPLE).content.decode()
    assert INVITE not in page
    assert "View as" not in page
    assert client.post(f"{PEOPLE}{place(otto).public_id}/remove/").status_code == 403


# --- invitations ---


def test_without_a_mail_server_the_link_is_shown_once_to_hand_over(sign_in, olga, client):
    owner = sign_in(olga)
    answer = owner.post(INVITE, {"email": "New@Example.com", "name": "Nils", "role": "finance"})
    link = answer.context["link"]
    assert "sends no mail" in answer.content.decode()
    assert not mail.outbox
    assert link.startswith("http://testserver/account/invitations/")
    secret = link.rstrip("/").rsplit("/", 1)[1]
    page = owner.get(PEOPLE)
    assert secret not in page.content.decode()
    assert [row["invitation"].email for row in page.context["invitations"]] == ["new@example.com"]
    assert [row["by"] for row in page.context["invitations"]] == [olga]
    assert client.get(through(client, link)).status_code == 200


def test_no_role_is_chosen_before_somebody_chooses_one(sign_in, olga):
    owner = sign_in(olga)
    form = owner.get(INVITE).context["form"]
    assert form["role"].value() is None
    assert next(iter(form.fields["role"].choices))[0] == ""
    answer = owner.post(INVITE, {"email": "new@example.com", "role": ""})
    assert "role" in answer.context["form"].errors
    assert not Invitation.objects.exists()


def test_with_a_mail_server_the_link_is_mailed_and_never_shown(
    sign_in, olga, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example.com"
    owner = sign_in(olga)
    with django_capture_on_commit_callbacks(execute=True):
        answer = owner.post(INVITE, {"email": "new@example.com", "role": "finance"}, follow=True)
    invitation = Invitation.objects.get()
    (letter,) = mail.outbox
    assert letter.to == ["new@example.com"]
    link = next(word for word in letter.body.split() if "/account/invitations/" in word)
    secret = link.rstrip("/").rsplit("/", 1)[1]
    assert secret not in answer.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        again = owner.post(f"/o/north/invitations/{invitation.public_id}/link/", follow=True)
    assert len(mail.outbox) == 2
    for page in (again, owner.get(PEOPLE)):
        assert "/account/invitations/" not in page.content.decode()


@pytest.mark.parametrize("server", ["", "mail.example.com"])
def test_the_answer_does_not_tell_whether_the_address_has_an_account(sign_in, north, olga, sven, settings, server):
    settings.EMAIL_HOST = server
    answers = []
    for email in (sven.email, "sten@example.com"):
        answer = sign_in(olga).post(INVITE, {"email": email, "role": "auditor"}, follow=True)
        invitation = invited(email, north).get()
        words = answer.content.decode().replace(email, "EMAIL").replace(str(invitation.public_id), "ID")
        link = (answer.context.get("link") or "").rstrip("/").rsplit("/", 1)[-1]
        answers.append((answer.status_code, _without_tokens(words.replace(link, "LINK") if link else words)))
        with tenant_scope(invitation.operator_id):
            Invitation.objects.all().delete()
    assert answers[0] == answers[1]
    assert not Membership.objects.filter(user=sven, operator__slug="north").exists()


def _without_tokens(page):
    return [line for line in page.splitlines() if "csrf" not in line.lower() and "datetime" not in line]


def test_an_invitation_is_withdrawn_and_renewed(sign_in, olga, client):
    owner = sign_in(olga)
    first = owner.post(INVITE, {"email": "new@example.com", "role": "finance"}).context["link"]
    public_id = Invitation.objects.get().public_id
    second = owner.post(f"/o/north/invitations/{public_id}/link/").context["link"]
    assert [client.get(link).status_code for link in (first, second)] == [410, 302]
    owner.post(f"/o/north/invitations/{public_id}/withdraw/")
    assert client.get(second).status_code == 410
    assert owner.get(PEOPLE).context["invitations"] == []
    assert owner.post(f"/o/north/invitations/{public_id}/link/").status_code == 404


def test_letters_to_one_address_are_counted(sign_in, north, olga, settings, django_capture_on_commit_callbacks):
    """Whoever invites may write any address: a stranger's mailbox gets a handful of letters and no more."""
    settings.EMAIL_HOST = "mail.example.com"
    owner = sign_in(olga)
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(INVITE, {"email": "victim@elsewhere.example", "role": "finance"})
        renew = f"/o/north/invitations/{Invitation.objects.get().public_id}/link/"
        for _ in range(9):
            answer = owner.post(renew, follow=True)
        secret = Invitation.objects.get().secret_sha256
        refused = owner.post(INVITE, {"email": "Victim@elsewhere.example", "role": "support"})
        owner.post(INVITE, {"email": "somebody@example.com", "role": "finance"})
    assert [letter.to for letter in mail.outbox] == [["victim@elsewhere.example"]] * 5 + [["somebody@example.com"]]
    assert "Enough invitations for now: victim@elsewhere.example. The next one can be sent in" in words(answer)
    assert "Enough invitations for now" in str(refused.context["form"].errors["email"])
    assert invited("victim@elsewhere.example", north).get().secret_sha256 == secret, "the last link stands"


def test_letters_of_one_operator_are_counted(
    sign_in, olga, sara, danas_driver, north, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example.com"
    monkeypatch.setattr(throttle, "INVITATION_OF_OPERATOR", Limit("test", burst=2, every_s=600))
    with tenant_scope(north.pk):
        danas_driver.user = None
        danas_driver.save(update_fields=["user"])
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(3):
            sign_in(olga).post(INVITE, {"email": f"a{number}@example.com", "role": "finance"})
        answer = sign_in(sara).post(f"/o/north/drivers/{danas_driver.public_id}/invite/", follow=True)
    assert len(mail.outbox) == 2
    assert "Enough invitations for now: North Charging AB." in words(answer)
    assert Invitation.objects.count() == 2


def words(answer):
    return answer.content.decode().replace("\xa0", " ")


def test_another_operators_invitation_is_not_found(sign_in, olga, sven):
    sign_in(olga).post(INVITE, {"email": "new@example.com", "role": "finance"})
    public_id = Invitation.objects.get().public_id
    assert sign_in(sven).post(f"/o/south/invitations/{public_id}/withdraw/").status_code == 404


def test_the_same_role_twice_is_refused_in_words(sign_in, olga, otto):
    answer = sign_in(olga).post(INVITE, {"email": otto.email, "role": "operations"})
    assert answer.status_code == 400
    assert "already" in str(answer.context["form"].errors)


def test_somebody_is_invited_for_some_sites_and_gets_exactly_those(sign_in, olga, sites, north, client):
    form = {"email": "new@example.com", "role": "support", "limited": "on", "sites": [str(sites[1].public_id)]}
    answer = sign_in(olga).post(INVITE, form)
    assert "Support, only at Torget" in answer.content.decode()
    link = answer.context["link"]
    client.post(through(client, link), {"name": "Nils", "password": PASSWORD, "again": PASSWORD})
    given = Membership.objects.get(role="support")
    assert given.limited_to_sites
    with tenant_scope(north.pk):
        assert [access.site for access in SiteAccess.objects.filter(user=given.user)] == [sites[1]]
    assert "only at Torget" in sign_in(olga).get(PEOPLE).content.decode()


@pytest.mark.parametrize(
    ("role", "named", "complaint"),
    [("finance", True, "Only these roles"), ("support", False, "at least one site")],
)
def test_a_limit_that_makes_no_sense_is_refused_in_words(sign_in, olga, sites, role, named, complaint):
    form = {"email": "new@example.com", "role": role, "limited": "on"}
    if named:
        form["sites"] = [str(sites[0].public_id)]
    answer = sign_in(olga).post(INVITE, form)
    assert complaint in str(answer.context["form"].errors)
    assert not Invitation.objects.exists()


# --- another role ---


def test_a_new_role_is_read_before_it_is_confirmed(sign_in, olga, otto):
    page = sign_in(olga).get(f"{PEOPLE}{place(otto).public_id}/", {"role": "finance"})
    assert "Issue invoices and credit notes" in page.context["gains"]
    assert "Change sites and stations" in page.context["losses"]
    assert "See tariffs" in page.context["keeps"]
    before, after = PERMISSIONS[Membership.Role.OPERATIONS], PERMISSIONS[Membership.Role.FINANCE]
    assert len(page.context["gains"]) == len(after - before)
    assert len(page.context["losses"]) == len(before - after)
    assert place(otto).role == "operations", "reading changes nothing"


def test_another_place_of_theirs_is_counted_in(sign_in, olga, otto, north):
    memberships.add(otto, operator=north, role="owner")
    operations = Membership.objects.get(user=otto, role="operations")
    page = sign_in(olga).get(f"{PEOPLE}{operations.public_id}/", {"role": "finance"})
    assert (page.context["gains"], page.context["losses"]) == ([], [])


def test_the_page_tells_which_keys_and_invitations_a_new_role_ends(sign_in, olga, otto, north):
    with tenant_scope(north.pk):
        memberships.change_role(place(otto), role="owner")
        _key_of(otto)
    invitations.invite(north, email="a@example.com", role="auditor", by=otto)
    client, url = sign_in(olga), f"{PEOPLE}{place(otto).public_id}/"
    told = client.get(url, {"role": "support"}).content.decode()
    assert "One API key they made is revoked" in told
    assert "One invitation they made and nobody has accepted is withdrawn" in told
    told = client.get(url, {"role": "auditor"}).content.decode()
    assert "API key they made" not in told, "an auditor may still read the log"
    assert "One invitation they made" in told


def test_a_new_role_brings_its_permissions_and_takes_the_old_ones(sign_in, olga, otto, north):
    answer = sign_in(olga).post(f"{PEOPLE}{place(otto).public_id}/", {"role": "finance"})
    assert answer["Location"] == PEOPLE
    assert held(otto) == {permission.value for permission in PERMISSIONS[Membership.Role.FINANCE]}
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.filter(content_type__model="membership").latest("pk")
    assert (entry.changes, entry.actor_id) == ({"role": ["operations", "finance"]}, olga.pk)


def test_a_role_is_limited_to_sites_and_freed_again(sign_in, olga, otto, sites, north):
    owner, page = sign_in(olga), f"{PEOPLE}{place(otto).public_id}/"
    limited = {"role": "operations", "limited": "on", "sites": [str(sites[0].public_id)]}
    preview = owner.get(page, limited)
    assert (preview.context["sites_before"], preview.context["sites_after"]) == ("all sites", "Hamnen")
    assert "Import sessions from files" in preview.context["losses"]
    assert owner.post(page, dict(preview.context["chosen"])).status_code == 302
    assert place(otto).limited_to_sites
    assert "import_sessions" not in held(otto)
    with tenant_scope(north.pk):
        assert SiteAccess.objects.filter(user=otto).count() == 1
    owner.post(page, {"role": "operations"})
    assert "import_sessions" in held(otto)
    with tenant_scope(north.pk):
        assert not SiteAccess.objects.exists()


def test_what_they_have_already_is_no_change(sign_in, olga, otto):
    answer = sign_in(olga).get(f"{PEOPLE}{place(otto).public_id}/", {"role": "operations"})
    assert answer.status_code == 400
    assert "what they have now" in str(answer.context["form"].errors)


def test_role_changes_and_removals_ask_for_a_fresh_proof(sign_in, olga, otto):
    client = sign_in(olga)
    session = client.session
    session["proved_at"] = 0
    session.save()
    url = f"{PEOPLE}{place(otto).public_id}/"
    for answer in (client.post(url, {"role": "finance"}), client.post(f"{url}remove/"), client.post(INVITE)):
        assert answer["Location"].startswith("/account/confirm/")
    assert [client.get(page).status_code for page in (url, INVITE)] == [200, 200]
    assert client.get("/account/operators/north/leave/")["Location"].startswith("/account/confirm/")
    assert place(otto).role == "operations"


def test_every_permission_has_words_of_its_own():
    assert list(permission_words.WORDS) == list(Permission)
    assert len({str(words) for words in permission_words.WORDS.values()}) == len(Permission)


# --- leaving and being removed ---


def test_a_removed_member_is_signed_out_everywhere_and_their_keys_end(sign_in, olga, otto, north):
    browsers = [sign_in(otto), sign_in(otto)]
    assert all(browser.get("/o/north/").status_code == 200 for browser in browsers)
    memberships.add(otto, operator=north, role="owner")
    with tenant_scope(north.pk):
        issued = _key_of(otto)
    assert BrowserSession.objects.filter(user=otto).count() == 2
    with tenant_scope(north.pk):
        memberships.remove(Membership.objects.get(user=otto, role="owner"))
    sign_in(olga).post(f"{PEOPLE}{place(otto).public_id}/remove/")
    assert not Membership.objects.filter(user=otto).exists()
    assert held(otto) == set()
    assert not BrowserSession.objects.filter(user=otto).exists()
    for browser in browsers:
        assert browser.get("/o/north/")["Location"].startswith("/account/sign-in/")
    with tenant_scope(north.pk):
        assert ApiKey.objects.get(pk=issued.key.pk).revoked_at is not None


def _key_of(person):
    now = timezone.now()
    return api_keys.make(name="Meter", scopes=["view_audit"], expires_at=now + timedelta(days=9), by=person, at=now)


def test_removing_one_leaves_the_sessions_of_others(sign_in, olga, otto, sara):
    browser = sign_in(sara)
    sign_in(olga).post(f"{PEOPLE}{place(otto).public_id}/remove/")
    assert browser.get("/o/north/").status_code == 200


def test_the_sites_of_a_removed_member_are_forgotten(sign_in, olga, otto, sites, north):
    client, url = sign_in(olga), f"{PEOPLE}{place(otto).public_id}/"
    client.post(url, {"role": "operations", "limited": "on", "sites": [str(sites[0].public_id)]})
    client.post(f"{url}remove/")
    with tenant_scope(north.pk):
        assert not SiteAccess.objects.exists()


def test_a_member_leaves_by_themselves_and_stays_signed_in_here(sign_in, otto, north):
    here, elsewhere = sign_in(otto), sign_in(otto)
    page = here.get("/account/operators/north/leave/")
    assert "Operations" in page.content.decode()
    assert place(otto), "reading changes nothing"
    assert here.post("/account/operators/north/leave/")["Location"] == "/account/operators/"
    assert here.get("/account/operators/").status_code == 200
    assert here.get("/o/north/").status_code == 404
    assert elsewhere.get("/account/operators/")["Location"].startswith("/account/sign-in/")
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="membership.left", actor_id=otto.pk).exists()


def test_a_driver_leaves_and_their_driver_is_free_for_another_invitation(dana, danas_driver, north, sign_in):
    sign_in(dana).post("/account/operators/north/leave/")
    with tenant_scope(north.pk):
        assert Driver.objects.get(pk=danas_driver.pk).user_id is None


def test_nobody_leaves_an_operator_that_is_not_theirs(sign_in, otto, south):
    assert sign_in(otto).get("/account/operators/south/leave/").status_code == 404


def test_the_last_owner_stays(sign_in, olga, otto, north):
    client, own = sign_in(olga), place(olga)
    answer = client.post(f"{PEOPLE}{own.public_id}/", {"role": "finance"})
    assert "needs an owner" in str(answer.context["form"].errors)
    leave = client.post(f"{PEOPLE}{own.public_id}/remove/")["Location"]
    assert leave == "/account/operators/north/leave/"
    assert "needs an owner" in client.post(leave).content.decode()
    assert place(olga).role == "owner"
    with tenant_scope(north.pk):
        memberships.change_role(place(otto), role="owner")
    assert client.post(leave)["Location"] == "/account/operators/"
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
        role = Membership.objects.get(user=person).role
        assert held(person) == {permission.value for permission in PERMISSIONS[Membership.Role(role)]}


# --- several operators ---


def test_nothing_of_one_operator_shows_in_the_other(sign_in, olga, otto, sven, north, south):
    """Sven owns south and looks at north's books: each page shows one of them."""
    memberships.add(sven, operator=north, role="auditor")
    with tenant_scope(north.pk):
        Site.objects.create(name="Only in north")
    with tenant_scope(south.pk):
        Site.objects.create(name="Only in south")
    client = sign_in(sven)
    at_north, at_south = client.get("/o/north/sites/").content.decode(), client.get("/o/south/sites/").content.decode()
    assert "Only in north" in at_north
    assert "Only in south" not in at_north
    assert "Only in south" in at_south
    assert "Only in north" not in at_south
    assert "Switch to South Charging AB" in at_north
    assert client.get("/o/south/people/").status_code == 200
    assert "otto@example.com" in client.get("/o/north/people/").content.decode()
    assert "otto@example.com" not in client.get("/o/south/people/").content.decode()
    assert client.post(f"/o/south/people/{place(otto).public_id}/remove/").status_code == 404
    assert client.post(f"/o/north/people/{place(otto).public_id}/remove/").status_code == 403
