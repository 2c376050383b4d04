"""Two people move a driver to two accounts at the same moment: one after the other, and the driver belongs to one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from billing.services import account_moves
from billing.tests.factories import OCTOBER, driver
from charging.models import AccountMember
from tenants.models import Account
from tenants.scoping import tenant_scope
from tenants.services.people import accounts


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_come_one_after_the_other(north):
    with tenant_scope(north.pk):
        dana, firms = (
            driver("Dana"),
            [accounts.create(kind=Account.Kind.COMPANY, name=name, country="SE") for name in "AB"],
        )

    def move(firm):
        try:
            with tenant_scope(north.pk):
                account_moves.move(dana, to=firm, since=OCTOBER)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(move, firms))
    with tenant_scope(north.pk):
        (only,) = AccountMember.objects.filter(driver=dana)
        assert only.account in firms
