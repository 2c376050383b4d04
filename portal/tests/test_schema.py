"""A lint of the schema: what the walls need of every table, asked of PostgreSQL itself."""

import pytest
from django.db import connection, models

from portal.tests.examples import GLOBAL, owned_models, references
from tenants.models import AuditEntry
from tenants.rls import APP, CONDITION, GATEWAY, PLATFORM, READER, SameOperator, owned
from tenants.rls.rights import APPEND_ONLY, SECRETS


@pytest.fixture
def ask(db):
    def asked(statement, *parameters):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    return asked


def test_every_table_with_an_operator_is_an_owned_model(ask):
    found = ask(
        "SELECT table_name FROM information_schema.columns "
        "WHERE column_name = 'operator_id' AND table_schema = 'public'"
    )
    assert {table for (table,) in found} - {model._meta.db_table for model in GLOBAL} == {
        model._meta.db_table for model in owned_models()
    }


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_row_security_is_on_forced_and_bare(ask, model):
    table = model._meta.db_table
    assert ask("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [
        (True, True)
    ]
    policies = ask(
        "SELECT permissive, roles::text[], cmd, qual, with_check FROM pg_policies WHERE tablename = %s", table
    )
    assert len(policies) == 1, "further policies would be joined by OR"
    permissive, roles, command, condition, check = policies[0]
    assert (permissive, roles, command) == ("PERMISSIVE", ["public"], "ALL")
    assert condition == check
    assert _bare(condition) == _bare(CONDITION)


def _bare(condition):
    return condition.replace("(", "").replace(")", "").replace("::text", "").replace(" ", "").lower()


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_references_prove_the_operator(model):
    proved = set()
    for constraint in model._meta.constraints:
        if isinstance(constraint, SameOperator):
            proved.add(constraint.field)
        elif type(constraint).__name__ == "SameOperatorInBulk":
            proved.update(constraint.fields)
    plain = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in owned_models()
    }
    assert proved == plain == {field.name for field in references(model)}


#: Of a table whose rows may be deleted for a time: until when. Whoever refers to one proves that it is past that.
UNTIL = {"billing_invoice": "(((old.state)::text = 'issued'::text))"}


@pytest.mark.parametrize(
    ("name", "to"),
    [
        (constraint.name, model._meta.get_field(field).related_model._meta.db_table)
        for model in owned_models()
        for constraint in model._meta.constraints
        for field in getattr(constraint, "proved", ())
    ],
)
def test_what_is_referred_to_without_a_lock_is_deleted_by_nobody(ask, name, to):
    """Otherwise it could go while something that refers to it is written."""
    refusals = ask(
        "SELECT pg_get_triggerdef(t.oid), t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE t.tgrelid = %s::regclass AND p.proname IN ('append_only', 'billing_forbidden') AND t.tgenabled = 'O'",
        to,
    )
    for event in (8, 32):  # DELETE, TRUNCATE
        conditions = [definition.partition(" WHEN ") for definition, kind in refusals if kind & event]
        said = {after.partition(" EXECUTE ")[0] for _, _, after in conditions}
        assert said & {"", UNTIL.get(to, "")}, (name, to, said)


def _indexes(ask, model, unique):
    return dict(
        ask(
            "SELECT i.relname, a.attname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a "
            "ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] "
            "WHERE x.indrelid = %s::regclass AND x.indisunique = %s AND NOT x.indisprimary",
            model._meta.db_table,
            unique,
        )
    )


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_uniques_begin_with_the_operator(ask, model):
    """One without it would tell an operator what another has. Public ids are random."""
    assert set(_indexes(ask, model, unique=True).values()) <= {"operator_id", "public_id"}


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_indexes_begin_with_the_operator_or_a_reference(ask, model):
    """Every question is asked of one operator, or of one row it owns."""
    columns = {field.column for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)}
    assert set(_indexes(ask, model, unique=False).values()) <= columns


def test_every_owned_model_takes_its_constraints_from_one_place():
    referred_row_by_row = {
        model._meta.get_field(constraint.field).related_model
        for model in owned_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, SameOperator)
    }
    for model in owned_models():
        kinds = [type(constraint).__name__ for constraint in model._meta.constraints]
        assert kinds.count("RowSecurity") == 1, model
        has_pair = ("operator", "id") in [
            tuple(each.fields) for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)
        ]
        assert has_pair or model not in referred_row_by_row, model
    assert len(owned("x")) == 2


def test_no_view_looks_with_its_owner_s_eyes(ask):
    assert ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND (relkind = 'm' OR (relkind = 'v' "
        "AND NOT coalesce((SELECT option_value::bool FROM pg_options_to_table(reloptions) "
        "WHERE option_name = 'security_invoker'), false)))"
    ) == []  # fmt: skip


# Functions that run with their owner's rights, each with the reason why it may. Triggers: see below.
DEFINERS = {
    "billing_disputed_again": "Triggers alone call it: it counts what is open of the operators and invoices they name.",
    "refresh_statistics": "ANALYZE needs the owner; it takes names of tables, reads nothing and returns nothing.",
}
READS_A_TABLE = r"\m(FROM|JOIN|INTO|PERFORM)\s+(?!foreign_key)"


def test_no_function_runs_with_its_owner_s_rights_without_a_reason(ask):
    found = ask(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace "
        "AND prorettype <> 'trigger'::regtype"
    )
    assert {name for (name,) in found} <= set(DEFINERS)


def test_a_trigger_that_reads_a_table_sees_all_of_it_and_hangs_on_no_other_table(ask):
    """Under the caller's row security a statement that moves the scope would blind it."""
    found = ask(
        "SELECT p.proname, p.prosecdef, p.prosrc ~ %s, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE') "
        "FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype",
        READS_A_TABLE,
    )
    readers = {name for name, _, reads, _, _ in found if reads}
    assert len(readers) > 20
    assert {name for name, is_definer, _, _, _ in found if is_definer} == readers
    of_readers = [settings or [] for name, _, _, settings, _ in found if name in readers]
    paths = {next((one for one in settings if one.startswith("search_path=")), "") for settings in of_readers}
    assert paths == {"search_path=pg_catalog, public, pg_temp", "search_path=public, pg_temp"}  # temporary tables last
    assert [name for name, _, _, _, is_public in found if is_public] == []


def test_functions_with_their_owner_s_rights_fix_their_search_path(ask):
    found = ask(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace "
        "AND NOT coalesce(array_to_string(proconfig, ','), '') LIKE '%%search_path%%'"
    )
    assert found == []


def test_only_sql_and_plpgsql_without_extensions(ask):
    assert ask("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'") == []


@pytest.mark.parametrize("role", [APP, READER, PLATFORM, GATEWAY])
def test_roles_are_not_privileged(ask, role):
    assert ask("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s", role) == [
        (False, False, False, False)
    ]
    assert ask("SELECT tablename FROM pg_tables WHERE tableowner = %s", role) == []
    assert ask("SELECT has_schema_privilege(%s, 'public', 'CREATE')", role) == [(False,)]


def _may(ask, role, table, *privileges):
    return {each for each in privileges if ask("SELECT has_table_privilege(%s, %s, %s)", role, table, each)[0][0]}


def test_no_role_may_truncate_or_make_triggers(ask):
    tables = ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        for role in (APP, READER, PLATFORM, GATEWAY):
            assert not _may(ask, role, table, "TRUNCATE", "TRIGGER", "REFERENCES"), (role, table)
        assert not _may(ask, READER, table, "INSERT", "UPDATE", "DELETE"), table


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_append_only_tables_are_only_added_to(ask, table):
    assert _may(ask, APP, table, "SELECT", "INSERT", "UPDATE", "DELETE") == {"SELECT", "INSERT"}
    assert not _may(ask, PLATFORM, table, "UPDATE", "DELETE")
    assert ask(
        "SELECT tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'append_only'", table
    ) == [("O",)]  # fmt: skip


@pytest.mark.parametrize("table", SECRETS)
def test_the_reader_does_not_read_secrets(ask, table):
    assert not _may(ask, READER, table, "SELECT")


def test_the_audit_log_has_no_index_that_no_question_uses(ask):
    """Each costs whoever writes; `benchmarks/audit.py` names the question of each."""
    found = ask("SELECT indexname FROM pg_indexes WHERE tablename = %s", AuditEntry._meta.db_table)
    assert {name for (name,) in found} == {
        "tenants_auditentry_pkey",
        "tenants_auditentry_public_id_key",
        "audit_entry_of_operator",
        "audit_newest",
        "audit_of_act",
        "audit_of_actor",
        "audit_of_address",
        "audit_of_key",
        "audit_of_kind",
        "audit_of_kind_act",
        "audit_of_object",
        "audit_of_platform",
        "audit_of_request",
        "audit_of_task",
        "audit_of_transaction",
        "audit_on_behalf",
    }
