"""Of whom a second factor is required: by operator and role."""

import pytest
from django.db import IntegrityError
from django.test import Client

from portal.tests.cast import PASSWORD
from tenants.models import Operator, TotpDevice
from tenants.scoping import tenant_scope
from tenants.selectors import people
from tenants.services.people import memberships, operators
from tenants.services.proof import two_factor

STAFF = ["owner", "operations", "finance", "support", "auditor", "privacy"]


def require_of(operator, roles):
    with tenant_scope(operator.pk):
        operators.change(operator, factor_required_of=roles)


def password_only(user):
    client = Client()
    client.post("/account/sign-in/", {"email": user.email, "password": PASSWORD})
    return client


def test_all_staff_and_no_driver_unless_the_operator_says_otherwise(north):
    assert Operator.objects.get().factor_required_of == STAFF


def test_a_driver_of_whom_one_is_required_is_sent_to_enrolment_by_the_next_page(north, dana, danas_driver):
    client = password_only(dana)
    assert client.get("/o/north/my/").status_code == 200
    require_of(north, [*STAFF, "driver"])
    assert client.get("/o/north/my/")["Location"] == "/account/second-factor/?next=%2Fo%2Fnorth%2Fmy%2F"
    assert "North Charging AB also want you" in client.get("/account/second-factor/").content.decode()


def test_a_role_that_needs_none_gets_in_without_unless_they_have_one(north, sara):
    require_of(north, ["owner"])
    client = password_only(sara)
    assert client.get("/o/north/")["Location"].startswith("/account/sign-in/"), "she has one, so it is asked for"
    TotpDevice.objects.filter(user=sara).delete()
    assert password_only(sara).get("/o/north/").status_code == 200


def test_owners_cannot_be_taken_out(north):
    with pytest.raises(IntegrityError, match="owners_need_a_factor"), tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(factor_required_of=["finance"])


def test_it_is_required_where_the_role_is(north, south, fina):
    memberships.add(fina, operator=south, role="driver")
    assert people.factor_required_at(fina) == [north]
    require_of(south, [*STAFF, "driver"])
    assert people.factor_required_at(fina) == [north, south]
    require_of(north, ["owner"])
    assert people.factor_required_at(fina) == [south]
    assert people.is_factor_required(fina)


def test_the_only_factor_goes_where_none_is_required(north, fina, sign_in):
    require_of(north, ["owner"])
    assert sign_in(fina).post("/account/second-factor/remove/")["Location"] == "/account/profile/"
    assert two_factor.device(fina) is None


def test_the_profile_says_who_requires_it(north, fina, sign_in):
    assert "A second factor is required by North Charging AB" in (
        sign_in(fina).get("/account/profile/").content.decode()
    )
    require_of(north, ["owner"])
    assert "requires a second factor" not in sign_in(fina).get("/account/profile/").content.decode()
