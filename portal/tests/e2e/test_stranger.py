"""A stranger learns nothing: neither pages nor that an operator exists."""

import pytest
from django.urls import reverse

from portal.tests.e2e.conftest import PASSWORD
from tenants.models import User

PAGES = ["staff:overview", "staff:session_list", "finance:invoice_list", "driver:history"]


@pytest.mark.parametrize("name", PAGES)
def test_a_signed_in_stranger_gets_404_everywhere(page, operator, sign_in_as, name):
    sign_in_as(User.objects.create_user(f"stranger@{operator.slug}.example.com", PASSWORD))
    assert page.goto(reverse(name, args=[operator.slug])).status == 404
    assert page.goto(reverse(name, args=["no-such-operator"])).status == 404


def test_who_is_not_signed_in_is_asked_to(page, operator):
    page.goto(f"/o/{operator.slug}/")
    assert "/account/sign-in/" in page.url
