from django.test import Client

from tenants.models import Membership
from tenants.roles import PERMISSIONS

ME = "/o/north/api/v1/me"


def test_a_member_reads_their_roles_and_permissions(sign_in, fina, north):
    answer = sign_in(fina).get(ME)
    assert answer.status_code == 200
    assert answer.json()["operator"]["slug"] == "north"
    assert answer.json()["roles"] == ["finance"]
    assert answer.json()["permissions"] == sorted(PERMISSIONS[Membership.Role.FINANCE])


def test_nobody_signed_in_is_a_problem_not_a_redirect(client, north):
    answer = client.get(ME)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["title"] == "Unauthorized"
    assert answer["WWW-Authenticate"] == 'Bearer realm="Wattledger"'


def test_a_stranger_learns_nothing(sign_in, sven, north):
    here, nowhere = (sign_in(sven).get(address) for address in (ME, "/o/nowhere/api/v1/me"))
    assert here.status_code == nowhere.status_code == 404
    assert {**here.json(), "request_id": ""} == {**nowhere.json(), "request_id": ""}


def test_a_password_alone_is_not_enough_for_staff(fina, north):
    client = Client()
    client.force_login(fina)
    answer = client.get(ME)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Pass your second factor first."


def test_a_wrong_method_is_a_problem_too(sign_in, fina, north):
    answer = sign_in(fina).delete(ME)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
