import pytest

from tenants.models import Driver
from tenants.scoping import NoTenantScope, WrongOperator, tenant_scope
from tenants.services.people import drivers


def test_without_a_scope_the_orm_refuses(north):
    with pytest.raises(NoTenantScope):
        Driver.objects.count()


def test_a_scope_shows_only_its_own_rows(north, south):
    with tenant_scope(north.pk):
        drivers.create(name="Nora")
    with tenant_scope(south.pk):
        assert Driver.objects.count() == 0
        with pytest.raises(WrongOperator), tenant_scope(north.pk):
            pass
    with tenant_scope(north.pk):
        assert Driver.objects.count() == 1
