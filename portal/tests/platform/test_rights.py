"""What the two database roles may do, tried as them: the platform's acts, and all that is none of its business."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from portal.tests import app_role
from portal.tests.examples import example, owned_models
from tenants.models import (
    AuditEntry,
    ConsentNotice,
    ConsentPurpose,
    Operator,
    PasswordLetter,
    PlatformMember,
    PlatformVisit,
)
from tenants.rls import APP, PLATFORM, READER
from tenants.rls.at_start import PrivilegedRole, assert_app_role
from tenants.rls.rights import DECIDED_BY_PLATFORM, PLATFORM_MAY
from tenants.scoping import tenant_scope

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
COUNTED = {
    "charging_importlook",
    "charging_importundo",
    "charging_fileimport",
    "tenants_auditcheck",
    "tenants_searchindex",
    "tenants_noticeletters",
    "tenants_personpackage",
    "tenants_erasure",
    "tenants_retentionnight",
    "tenants_incidentlist",
    "tenants_incidentletters",
    "tenants_incidentbundle",
    "billing_runchunk",
    "billing_priceeffect",
    "billing_pricing",
    "billing_paymentfile",
    "billing_rerating",
    "billing_rendering",
    "billing_sending",
    "billing_export",
    "billing_exportdelivery",
    "billing_documentletter",
    "billing_ledgerwork",
    "billing_settlement",
}
#: Rows that the platform adds; of them it reads what an insertion returns.
ADDED_TO = {AuditEntry._meta.db_table, PasswordLetter._meta.db_table}


def ask(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def refused(statement, *parameters):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    return True


def may(role, table):
    return {each for each in ALL if ask("SELECT has_table_privilege(%s, %s, %s)", role, table, each)[0][0]}


def columns(role, table, privilege):
    return {
        name
        for (name,) in ask(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND has_column_privilege(%s, attrelid, attnum, %s)",
            table,
            role,
            privilege,
        )
    }


def test_the_portal_lets_nobody_into_the_platform(north, petra):
    assert may(APP, "tenants_platformmember") == {"SELECT"}
    assert refused("INSERT INTO tenants_platformmember (user_id, is_active, created_at) VALUES (1, true, now())")
    assert refused("UPDATE tenants_platformmember SET is_active = true")
    assert refused("DELETE FROM tenants_platformmember")


def test_the_portal_only_ends_visits(north, visit):
    assert may(APP, "tenants_platformvisit") == {"SELECT"}
    assert columns(APP, "tenants_platformvisit", "UPDATE") == {"ended_at"}
    for change in ("ends_at = ends_at + interval '1 day'", "may_change = true", "reason = 'other'"):
        assert refused(f"UPDATE tenants_platformvisit SET {change}")
    assert refused("DELETE FROM tenants_platformvisit")


def test_the_platform_s_log_is_added_to_by_both_and_read_by_the_platform_alone(petra):
    assert may(APP, "tenants_platformevent") == {"INSERT"}
    assert columns(APP, "tenants_platformevent", "SELECT") == {"id"}
    assert may(READER, "tenants_platformevent") == set()
    assert refused("SELECT event FROM tenants_platformevent")
    assert refused("UPDATE tenants_platformevent SET event = ''")
    assert refused("DELETE FROM tenants_platformevent")
    with app_role.as_platform():
        assert refused("UPDATE tenants_platformevent SET event = ''")
        assert refused("DELETE FROM tenants_platformevent")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE tenants_platformevent SET event = ''", "DELETE FROM tenants_platformevent",
     "TRUNCATE tenants_platformevent"],
)  # fmt: skip
def test_nobody_rewrites_the_platform_s_log(petra, statement):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute(f"SET ROLE {APP}")


def test_the_portal_neither_makes_nor_closes_operators(north):
    assert may(APP, "tenants_operator") == {"SELECT"}
    assert refused("INSERT INTO tenants_operator (slug, name) VALUES ('x', 'X')")
    assert refused("UPDATE tenants_operator SET state = 'closed'")
    assert refused("UPDATE tenants_operator SET slug = 'other'")
    assert refused("DELETE FROM tenants_operator")


def test_every_other_column_of_an_operator_is_its_own_people_s(db):
    every = {field.column for field in Operator._meta.concrete_fields}
    assert columns(APP, "tenants_operator", "UPDATE") == every - set(DECIDED_BY_PLATFORM)


def test_the_platform_may_exactly_what_is_listed(db):
    tables = {table for (table,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    opened = {table for table in tables if may(PLATFORM, table) or columns(PLATFORM, table, "SELECT")}
    assert opened == set(PLATFORM_MAY) & tables
    for table in opened - COUNTED - ADDED_TO:
        assert may(PLATFORM, table) == set(PLATFORM_MAY[table].split(", ")), table


def test_every_listed_table_exists(db):
    tables = {table for (table,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert set(PLATFORM_MAY) - tables == set()


NOT_ITS_BUSINESS = sorted(
    {model._meta.db_table for model in owned_models()}
    - {AuditEntry._meta.db_table, ConsentPurpose._meta.db_table, ConsentNotice._meta.db_table}
)


@pytest.mark.parametrize("table", NOT_ITS_BUSINESS)
def test_the_platform_reads_no_row_of_an_operator_even_in_its_scope(table, north, as_platform):
    with tenant_scope(north.pk):
        assert refused(f"SELECT * FROM {table}")
        if table in COUNTED:
            assert ask(f"SELECT count(*) FROM {table}") == [(0,)]
        else:
            assert refused(f"SELECT count(*) FROM {table}")


def test_the_platform_adds_to_the_log_and_does_not_read_it(north, as_platform):
    with tenant_scope(north.pk):
        example(AuditEntry)
        assert refused("SELECT event, actor_id, changes FROM tenants_auditentry")
        assert refused("UPDATE tenants_auditentry SET event = ''")


def test_the_platform_is_behind_row_security_too(north, south, as_platform):
    assert ask("SELECT count(id) FROM tenants_auditentry") == [(0,)]
    with tenant_scope(north.pk):
        here = ask("SELECT count(id), min(operator_id), max(operator_id) FROM tenants_auditentry")
    assert here[0][1:] == (north.pk, north.pk)


def test_the_portal_does_not_start_with_the_platform_s_role(db, as_platform):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "close", lambda: None)  # a test's connection lives on
        with pytest.raises(PrivilegedRole, match=PLATFORM):
            assert_app_role()


def test_platform_tables_hold_no_operator_s_rows():
    assert PlatformMember not in owned_models()
    assert PlatformVisit not in owned_models()
    assert apps.get_model("tenants.PlatformMember")._meta.default_permissions == ()
