from django.test import Client

from portal.tests.account.test_sign_in import events
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from tenants.models import Membership, User
from tenants.services.people import memberships
from tenants.services.proof import password_links, two_factor

NEW = "a sentence to remember 7"


def test_name_and_language_are_kept_and_followed(sign_in, olga):
    client = sign_in(olga)
    answer = client.post("/account/profile/", {"name": "Olga Öberg", "language": "sv"}, follow=True)
    olga.refresh_from_db()
    assert (olga.name, olga.language) == ("Olga Öberg", "sv")
    assert client.cookies["django_language"].value == "sv"
    assert 'lang="sv"' in answer.content.decode()


def test_the_password_is_changed_and_other_sessions_end(sign_in, olga, north):
    here, elsewhere = sign_in(olga), sign_in(olga)
    data = {"present": PASSWORD, "password": NEW, "again": NEW}
    assert here.post("/account/password/", data)["Location"] == "/account/profile/"
    assert here.get("/account/profile/").status_code == 200
    assert elsewhere.get("/account/profile/")["Location"].startswith("/account/sign-in/")
    assert events(north) == ["password.changed"]


def test_a_wrong_present_password_changes_nothing_and_is_counted(sign_in, olga, north):
    client = sign_in(olga)
    data = {"present": "not it", "password": NEW, "again": NEW}
    assert [client.post("/account/password/", data).status_code for _ in range(10)] == [400] * 10
    assert client.post("/account/password/", {**data, "present": PASSWORD}).status_code == 429
    assert set(events(north)) == {"sign_in.wrong_password"}


def test_weak_and_mistyped_passwords_are_refused_with_a_reason(sign_in, olga):
    client = sign_in(olga)
    for password, again in [("short", "short"), ("1234567890123", "1234567890123"), (NEW, NEW + "!")]:
        data = {"present": PASSWORD, "password": password, "again": again}
        answer = client.post("/account/password/", data)
        assert answer.status_code == 400
        assert answer.context["form"].errors


def somebody(operator, role):
    """A person without a password, as only the command line makes them."""
    user = User.objects.create_user("new@example.com", None)
    memberships.add(user, operator=operator, role=role)
    return user


def test_a_first_password_is_set_once(client, north):
    user = somebody(north, "finance")
    link = "/account/password/{}/{}/".format(*password_links.FIRST.parts(user))
    assert client.get(through(client, link)).status_code == 200
    assert client.post(through(client, link), {"password": NEW, "again": NEW})["Location"] == "/account/sign-in/"
    assert client.get(through(client, link)).status_code == 410
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert events(north) == ["password.set"]


def test_a_link_for_a_first_password_ends_when_the_person_gets_another_place(client, north, south):
    user = somebody(north, "driver")
    link = "/account/password/{}/{}/".format(*password_links.FIRST.parts(user))
    assert client.get(through(client, link)).status_code == 200
    memberships.add(user, operator=north, role="owner")
    assert client.get(through(client, link)).status_code == 410


def test_a_link_is_no_good_for_somebody_else(client, north, olga):
    user = somebody(north, "finance")
    _, token = password_links.FIRST.parts(user)
    person, _ = password_links.FIRST.parts(olga)
    for parts in ((person, token), ("x", token), ("", token)):
        assert password_links.FIRST.person_of(parts[0], token=parts[1]) is None


def test_one_place_is_gone_to_at_once_and_several_are_offered(sign_in, olga, north, south):
    client = sign_in(olga)
    assert client.get("/account/operators/")["Location"] == "/o/north/"
    memberships.add(olga, operator=south, role="auditor")
    page = client.get("/account/operators/")
    assert [place["url"] for place in page.context["places"]] == ["/o/north/", "/o/south/"]
    assert ("South Charging AB", "/o/south/") in client.get("/o/north/").context["elsewhere"]
    assert client.get("/o/south/").context["elsewhere"] == [("North Charging AB", "/o/north/")]


def test_with_one_operator_there_is_nothing_to_switch_to(sign_in, olga, south):
    assert sign_in(olga).get("/o/north/").context["elsewhere"] == []
    assert "Switch to" not in sign_in(olga).get("/o/north/").content.decode()


def test_a_driver_goes_to_their_history(dana):
    client = Client()
    client.force_login(dana)
    assert client.get("/account/operators/")["Location"].startswith("/o/north/my/")


def test_the_operator_s_own_address_leads_a_driver_to_their_pages_unless_they_work_there(sign_in, dana, north):
    assert sign_in(dana).get("/o/north/")["Location"] == "/o/north/my/"
    memberships.add(dana, operator=north, role="auditor")
    two_factor.new_device(dana, name="phone")
    assert sign_in(dana).get("/o/north/").status_code == 200


def test_a_person_without_a_place_is_told_so(db):
    client = Client()
    client.force_login(User.objects.create_user("nobody@example.com", PASSWORD))
    assert client.get("/account/operators/").context["places"] == []
    assert not Membership.objects.exists()
