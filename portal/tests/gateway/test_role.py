"""What the gateway's database role may do: keep what stations say, one operator at a time, and look up nothing else."""

import pytest
from django.db import DatabaseError, connection, transaction

from charging.models import StationMessage, Token
from portal.tests.examples import example, owned_models
from tenants.rls import APP, GATEWAY
from tenants.rls.rights import GATEWAY_MAY
from tenants.scoping import tenant_scope

NOT_ITS_BUSINESS = sorted({model._meta.db_table for model in owned_models()} - set(GATEWAY_MAY))


@pytest.fixture
def as_gateway(north, south):
    with tenant_scope(south.pk):
        example(Token)
    with tenant_scope(north.pk):
        example(Token)
        example(StationMessage)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {GATEWAY}")
        yield cursor
        cursor.execute(f"SET ROLE {APP}")


def refused(cursor, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        cursor.execute(statement)


@pytest.mark.parametrize("table", NOT_ITS_BUSINESS)
def test_it_reads_and_writes_nothing_that_is_not_declared(as_gateway, north, table):
    with tenant_scope(north.pk):
        refused(as_gateway, f"SELECT count(*) FROM {table}")
        refused(as_gateway, f"DELETE FROM {table}")


def test_it_reads_no_message_back_and_changes_none(as_gateway, north):
    with tenant_scope(north.pk):
        refused(as_gateway, "SELECT raw FROM charging_stationmessage")
        refused(as_gateway, "UPDATE charging_stationmessage SET raw = ''")
        refused(as_gateway, "DELETE FROM charging_stationmessage")
        refused(as_gateway, "UPDATE charging_stationlink SET password_kept = ''")
        for sealed in ("uid", "uid_exact", "visual_number", "number_mark"):
            refused(as_gateway, f"SELECT {sealed} FROM charging_token")
        refused(as_gateway, "UPDATE charging_token SET is_blocked = false")


def test_it_sees_one_operator_at_a_time(as_gateway, north):
    as_gateway.execute("SELECT count(id) FROM charging_token")
    assert as_gateway.fetchone() == (0,)
    with tenant_scope(north.pk):
        as_gateway.execute("SELECT count(id), min(operator_id), max(operator_id) FROM charging_token")
        assert as_gateway.fetchone()[1:] == (north.pk, north.pk)
