"""Nobody writes into another operator, whatever a query forgets: every table in the catalogue, as the app role."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from django.utils.timezone import now

from portal.tests import app_role
from tenants.models import FactorReset, Invitation, Membership, Operator, OperatorGrant, PlatformVisit
from tenants.rls import CONDITION
from tenants.scoping import tenant_scope

# Tables in which no column names an operator, and why the app role writes them without a scope, or does not.
OF_NO_OPERATOR = {
    "tenants_user": "an account belongs to a person, who may work for several operators",
    "tenants_browsersession": "a person's sign-in, begun before anybody knows where they work",
    "tenants_totpdevice": "a person's factor, tried before a scope can be opened",
    "tenants_recoverycode": "as above",
    "django_otp_webauthn_webauthncredential": "as above",
    "django_otp_webauthn_webauthnattestation": "as above",
    "django_otp_webauthn_webauthnuserhandle": "as above",
    "tenants_passwordletter": "whose mailbox it is, is not known while it waits; the address is sealed",
    "tenants_platformmember": "the app role only reads it",
    "tenants_platformevent": "the app role only adds to it",
    "auth_permission": "a list of the code's own; written by migrations",
    "auth_group": "unused: of Django's own accounts",
    "auth_group_permissions": "as above",
    "tenants_user_groups": "as above",
    "tenants_user_user_permissions": "as above",
    "django_content_type": "a list of the code's own; written by migrations",
    "django_migrations": "the app role only reads it",
    "guardian_groupobjectpermission": "unused: the library's own, ours replace them",
    "guardian_userobjectpermission": "as above",
    "auditlog_logentry": "the app role has no right to it",
}
# Tables of operators that are written without a scope.
WRITTEN_WITHOUT_A_SCOPE = {
    "tenants_turn": "whose turn it is in a lane of work: a wrong row delays or hurries work, and opens nothing",
}
# By table, the column that names the operator, where it is another than `operator_id`.
COLUMN = {"tenants_operator": "id", "tenants_operatorgrant": "content_object_id"}


def ask(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def changed(statement, *parameters):
    """How many rows the statement changes; None when it is refused. Nothing of it stays."""
    try:
        with transaction.atomic():
            found = ask(statement, *parameters)
            transaction.set_rollback(True)
            return found if isinstance(found, int) else len(found)
    except DatabaseError:
        return None


def tables():
    return {table for (table,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def column_of(table):
    """The column that names the operator; None where there is none."""
    if table == "tenants_operator":
        return "id"
    referring = ask(
        "SELECT attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype = 'f' AND conrelid = %s::regclass AND confrelid = 'tenants_operator'::regclass",
        table,
    )
    named = ask(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'operator_id'",
        table,
    )
    found = {name for (name,) in [*referring, *named]}
    assert len(found) <= 1, table
    return found.pop() if found else None


def bare(condition):
    return re.sub(r"[()\s]|::text", "", condition or "").lower()


def test_every_table_says_whose_its_rows_are_or_why_they_are_nobody_s(db):
    assert {table for table in tables() if column_of(table) is None} == set(OF_NO_OPERATOR)
    assert {table: column_of(table) for table in COLUMN} == COLUMN


def test_every_way_of_writing_is_walled_in_every_table_of_operators(db):
    for table in sorted(tables() - set(OF_NO_OPERATOR) - set(WRITTEN_WITHOUT_A_SCOPE)):
        wanted = bare(CONDITION.replace("operator_id", column_of(table), 1))
        assert ask("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [
            (True, True)
        ], table
        rules = {
            command: (bare(condition), bare(check))
            for command, condition, check in ask(
                "SELECT cmd, qual, with_check FROM pg_policies WHERE tablename = %s AND permissive = 'PERMISSIVE'",
                table,
            )
        }
        if set(rules) == {"ALL"}:
            assert rules["ALL"] == (wanted, wanted), table
            continue
        assert set(rules) == {"SELECT", "INSERT", "UPDATE", "DELETE"}, table
        assert rules["UPDATE"] == (wanted, wanted), table
        assert rules["DELETE"] == (wanted, ""), table
        # An operator's own row cannot be added in its scope: the app role has no right to add one at all.
        assert rules["INSERT"] == ("", "true" if table == "tenants_operator" else wanted), table


@pytest.fixture
def rows(north, south, olga, sven, petra):
    """A row of each operator in every table that is read before a scope is opened."""
    for operator, person, other in ((north, olga, sven), (south, sven, olga)):
        with tenant_scope(operator.pk):
            Invitation.objects.create(
                operator=operator, email="new@example.com", role="owner", secret_sha256="0" * 64, expires_at=now()
            )
            FactorReset.objects.create(
                operator=operator, user=person, requested_by_id=other.pk, reason="lost", requested_at=now(),
                due_at=now(),
            )  # fmt: skip
        with app_role.as_platform(), tenant_scope(operator.pk):
            PlatformVisit.objects.create(
                operator=operator, user=petra, reason="to look", began_at=now(), ends_at=now() + timedelta(hours=1)
            )
    return {model._meta.db_table for model in (Membership, OperatorGrant, Invitation, FactorReset, PlatformVisit)}


def test_the_tables_that_are_read_without_a_scope_are_these(rows):
    open_to_read = ask("SELECT tablename FROM pg_policies WHERE cmd = 'SELECT' AND qual = 'true'")
    assert {table for (table,) in open_to_read} == rows | {"tenants_operator"}


@pytest.mark.parametrize("place", ["in another operator's scope", "in no scope"])
def test_no_row_of_another_operator_is_changed_removed_or_added(place, rows, north, south):
    for table in sorted(rows):
        column = column_of(table)
        is_visit = table == "tenants_platformvisit"
        change = "ended_at = now()" if is_visit else f"{column} = {column}"
        with transaction.atomic():
            if place == "in another operator's scope":
                ask("SELECT set_config('app.operator_id', %s, true)", str(north.pk))
                if not is_visit:
                    own = f"SELECT count(*) FROM {table} WHERE {column} = %s"
                    assert (
                        changed(f"UPDATE {table} SET {change} WHERE {column} = %s", north.pk)
                        == ask(own, north.pk)[0][0]
                    )
            assert ask(f"SELECT count(*) FROM {table} WHERE {column} = %s", south.pk)[0][0] > 0
            assert not changed(f"UPDATE {table} SET {change} WHERE {column} = %s", south.pk), table
            assert not changed(f"DELETE FROM {table} WHERE {column} = %s", south.pk), table
            assert not changed(f"UPDATE {table} SET {column} = %s", south.pk), table
            assert changed(f"INSERT INTO {table} {_copy(table, column)}", south.pk, south.pk) is None, table


def _copy(table, column):
    """A row like one of the operator's, under a number of its own."""
    found = ask(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attname NOT IN ('id', 'public_id')",
        table,
    )
    names = [name for (name,) in found]
    public = table not in {"tenants_operatorgrant"}
    given = [*names, "id", *(["public_id"] if public else [])]
    taken = [f"%s AS {name}" if name == column else name for name in names]
    fresh = ["(SELECT max(id) + 1000 FROM " + table + ")", *(["gen_random_uuid()"] if public else [])]
    return (
        f"({', '.join(given)}) SELECT {', '.join([*taken, *fresh])} FROM {table} WHERE {column} = %s"
        " AND id = (SELECT max(id) FROM " + table + f" t WHERE t.{column} = {table}.{column})"
    )


def test_another_operator_s_particulars_stay(north, south, olga):
    with tenant_scope(north.pk):
        assert changed("UPDATE tenants_operator SET bankgiro = '1' WHERE id = %s", north.pk) == 1
        assert changed("UPDATE tenants_operator SET bankgiro = '1', four_eyes = '{}'") == 1
        assert changed("UPDATE tenants_operator SET bankgiro = '1' WHERE id = %s", south.pk) == 0
        assert changed("INSERT INTO tenants_operator (slug, name) VALUES ('x', 'X')") is None
        assert changed("DELETE FROM tenants_operator WHERE id = %s", south.pk) is None
    assert changed("UPDATE tenants_operator SET bankgiro = '1'") == 0


def test_owners_and_grants_come_by_the_services_all_the_same(north, south, olga, sven):
    """The walls let through what belongs: the cast itself was made behind them."""
    assert Membership.objects.filter(user=olga, operator=north).exists()
    assert OperatorGrant.objects.filter(user=sven, content_object=south).count() > 10
    assert Permission.objects.exists()
    assert Operator.objects.count() == 2
