"""The two walls between operators, tried on every owned model as the app role."""

import copy
import threading

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, models, transaction
from django.test import Client

from portal.tests.examples import MADE_WITH, example, fitting, owned_models, references, with_reference
from tenants.models import Driver
from tenants.rls import SameOperatorInBulk
from tenants.rls.at_start import assert_app_role
from tenants.scoping import SETTING, NoTenantScope, WrongOperator, has_scope, tenant_scope

every_owned_model = pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
every_reference = pytest.mark.parametrize(
    ("model", "field"),
    [pytest.param(model, field, id=f"{field}") for model in owned_models() for field in references(model)],
)


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def refused(act):
    """Whether the database refuses the act or finds no row for it, leaving the transaction usable."""
    try:
        with transaction.atomic():
            return act() == 0
    except DatabaseError:
        return True


@pytest.fixture
def norths(north):
    def made(model, **given):
        with tenant_scope(north.pk):
            return example(model, **given)

    return made


def test_the_app_role_has_no_way_round(db):
    sql("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("wattledger_app",)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "close", lambda: None)  # a test's connection lives on
        assert_app_role()


@every_owned_model
def test_without_a_scope_nothing_is_found(model, norths):
    norths(model)
    for manager in (model.objects, model._base_manager, model._default_manager):
        with pytest.raises(NoTenantScope):
            manager.count()
    assert sql(f"SELECT count(*) FROM {model._meta.db_table}") == [(0,)]
    assert models.QuerySet(model).count() == 0


@every_owned_model
def test_another_operator_neither_reads_nor_changes_nor_deletes(model, norths, north, south):
    row, table = norths(model), model._meta.db_table
    with tenant_scope(south.pk):
        assert not model.objects.filter(pk=row.pk).exists()
        assert not models.QuerySet(model).filter(pk=row.pk).exists()
        assert sql(f"SELECT count(*) FROM {table} WHERE id = %s OR operator_id = %s", row.pk, north.pk) == [(0,)]
        assert refused(lambda: sql(f"UPDATE {table} SET operator_id = %s WHERE id = %s", south.pk, row.pk))
        assert refused(lambda: sql(f"DELETE FROM {table} WHERE id = %s", row.pk))
    with tenant_scope(north.pk):
        assert model.objects.filter(pk=row.pk, operator=north).exists()


@every_owned_model
def test_no_row_is_written_for_another_operator(model, norths, north, south):
    row = norths(model)
    foreign = copy.copy(row)
    foreign.pk, foreign.operator_id, foreign._state = None, south.pk, models.base.ModelState()
    with tenant_scope(north.pk):
        if hasattr(model, "save") and model._meta.label != "tenants.AuditEntry":  # which always takes the current one
            with pytest.raises(WrongOperator):
                foreign.save()
            with pytest.raises(WrongOperator):
                model.objects.bulk_create([foreign])
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            models.QuerySet(model).bulk_create([foreign])  # past the first wall
        moved = f"UPDATE {model._meta.db_table} SET operator_id = %s WHERE id = %s"
        assert refused(lambda: sql(moved, south.pk, row.pk))
        assert model.objects.filter(pk=row.pk).exists()


def proved(model):
    """The references that another trigger of the table looks for."""
    return {name for each in model._meta.constraints if isinstance(each, SameOperatorInBulk) for name in each.proved}


@every_reference
def test_no_row_refers_to_another_operator_s(model, field, norths, south):
    foreign = norths(field.related_model)
    with tenant_scope(south.pk):
        more = with_reference(model, field.name)
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():  # noqa: PT012
            example(model, **{field.attname: foreign.pk}, **more)
            sql("SET CONSTRAINTS ALL IMMEDIATE")
        code = getattr(refusal.value.__cause__, "sqlstate", "")
        # A foreign key and nothing else; or what proves the reference anyway, and says so in words of its own.
        assert code == ("23001" if field.name in proved(model) else "23503"), refusal.value
        with transaction.atomic():  # and the same with a row of its own is fine
            own, more = fitting(model, field.name)
            if (model, field.name) not in MADE_WITH:
                example(model, **{field.attname: own.pk}, **more)
            assert model.objects.filter(**{field.attname: own.pk}).exists()
            sql("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_scope_ends_with_its_block_even_inside_a_transaction(north, norths):
    norths(Driver)
    with pytest.raises(ValueError, match="no"), tenant_scope(north.pk):
        raise ValueError("no")
    assert not has_scope()
    assert sql(f"SELECT current_setting('{SETTING}', true)") == [("",)]
    assert models.QuerySet(Driver).count() == 0


def test_a_refused_row_does_not_leave_the_scope_open(north, norths):
    row = norths(Driver)
    with pytest.raises(IntegrityError), tenant_scope(north.pk):
        example(Driver, customer_number=row.customer_number)
    assert sql(f"SELECT current_setting('{SETTING}', true)") == [("",)]
    assert models.QuerySet(Driver).count() == 0


@pytest.mark.parametrize("value", ["1; DROP TABLE x", "1' OR '1'='1", None])
def test_a_scope_takes_a_number_and_nothing_else(db, value):
    with pytest.raises((ValueError, TypeError)), tenant_scope(value):
        pass


def test_the_walls_cannot_be_taken_down(north):
    for statement in (
        "ALTER TABLE tenants_driver DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE tenants_driver NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY driver_row_security ON tenants_driver",
        "TRUNCATE tenants_driver CASCADE",
        "ALTER TABLE tenants_auditentry DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON tenants_auditentry",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            sql(statement)


# --- with real transactions -------------------------------------------------------------------


@pytest.fixture
def real(transactional_db, request):
    """North with a driver, south, and olga signed in, all of it committed."""
    north, south, olga, sign_in = (request.getfixturevalue(name) for name in ("north", "south", "olga", "sign_in"))
    with tenant_scope(north.pk):
        example(Driver)
    client: Client = sign_in(olga)
    client.raise_request_exception = False
    return north, south, client


def test_a_new_thread_has_no_scope(real):
    north, *_ = real
    seen: list[object] = []

    def look():
        try:
            seen.append(models.QuerySet(Driver).count())
            Driver.objects.count()
        except NoTenantScope:
            seen.append("refused")
        finally:
            connection.close()

    with tenant_scope(north.pk):
        assert Driver.objects.count() == 1
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [0, "refused"]


def test_what_runs_after_the_commit_sees_nothing(real):
    north, *_ = real
    seen = []
    with tenant_scope(north.pk):
        transaction.on_commit(lambda: seen.append(models.QuerySet(Driver).count()))
    assert seen == [0]


@pytest.mark.urls("portal.tests.wall_pages")
def test_a_page_that_fails_keeps_nothing_and_leaves_the_connection_clean(real):
    north, _, client = real
    process = sql("SELECT pg_backend_pid()")
    assert client.get("/o/north/fails/").status_code == 500
    assert sql("SELECT pg_backend_pid()") == process
    assert sql(f"SELECT current_setting('{SETTING}', true)") in ([("",)], [(None,)])
    assert models.QuerySet(Driver).count() == 0
    with tenant_scope(north.pk):
        assert not Driver.objects.filter(customer_number="half-written").exists()
    assert client.get("/o/north/lazy/").content.decode().strip() != ""


@pytest.mark.urls("portal.tests.wall_pages")
def test_a_streamed_answer_is_outside_the_scope(real):
    *_, client = real
    assert b"".join(client.get("/o/north/streams/").streaming_content) == b"0"


@pytest.mark.urls("portal.tests.wall_pages")
def test_a_lazy_template_is_rendered_inside_the_scope(real):
    north, _, client = real
    with tenant_scope(north.pk):
        numbers = [driver.customer_number for driver in Driver.objects.all()]
    assert client.get("/o/north/lazy/").content.decode().split() == numbers


# Who keeps something in the cache, which knows no operators, and why no key of one can be another's.
CACHES = {
    "portal/web/finance/invoices.py": "whether a look is kept yet: the key names the invoice, which is of one operator",
    "portal/web/platform/instance_health.py": "the tick of the timetable: one for the instance",
    "tenants/log/refused_access.py": "counts of refusals: the key names the operator",
    "tenants/services/platform/visits.py": "pages seen on a visit: the key names the visit, which is at one operator",
}


def test_whatever_is_cached_says_whose_it_is():
    found = {
        str(path.relative_to(settings.BASE_DIR))
        for floor in ("tenants", "charging", "billing", "portal")
        for path in (settings.BASE_DIR / floor).rglob("*.py")
        if "tests" not in path.parts and "from django.core.cache import" in path.read_text(encoding="utf-8")
    }
    assert found == set(CACHES)
    templates = (path.read_text(encoding="utf-8") for path in (settings.BASE_DIR / "templates").rglob("*.html"))
    assert not any("{% cache" in text for text in templates)
