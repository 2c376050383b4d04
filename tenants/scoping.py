"""The first wall: every query on an operator's data is narrowed to the current operator.

A scope is three things at once: a context variable for the ORM, a database transaction, and the
transaction-local setting `app.operator_id` that the second wall (`tenants.rls`) reads. Outside a
scope the ORM raises `NoTenantScope` before the database is asked, and raw SQL finds no rows.

A scope is opened by a door for the whole of a page or call, by *stepped* work (each step a transaction, `operator_id`
its first argument), by streams that go on when their page's scope is over, and by what people do, who are global while
the log of it is an operator's. `portal/tests/test_edges.py` lists each place with its reason; everything else runs in
its caller's scope. There is no default operator, and no scope that sees several.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models.expressions import Expression

M = TypeVar("M", bound=models.Model)
M_co = TypeVar("M_co", bound=models.Model, covariant=True)

SETTING = "app.operator_id"
_scope: ContextVar[int | None] = ContextVar("tenant_scope", default=None)
_memory: ContextVar[dict[str, Any] | None] = ContextVar("tenant_scope_memory", default=None)


class NoTenantScope(RuntimeError):
    """An operator's data was touched without saying which operator's."""


class WrongOperator(RuntimeError):
    """Work for one operator reached for another operator's row or scope."""


@contextmanager
def tenant_scope(operator_id: int) -> Iterator[None]:
    """Open a transaction in which exactly one operator's rows exist.

    The same operator's scope nests (as a savepoint); another one's is refused.

    Raises:
        WrongOperator: a scope of another operator is already open.
    """
    outer = _scope.get()
    if outer is not None:
        if outer != operator_id:
            raise WrongOperator(f"A scope of operator {outer} is open; operator {operator_id} must wait.")
        with transaction.atomic():
            yield
        return
    token, remembered = _scope.set(int(operator_id)), _memory.set({})
    try:
        with transaction.atomic():
            _set(str(int(operator_id)))
            yield
            # Inside an outer transaction the setting would outlive the released savepoint.
            if connection.savepoint_ids and not connection.needs_rollback:
                _set("")
    finally:
        _memory.reset(remembered)
        _scope.reset(token)


def current_operator_id() -> int:
    """Return the operator the code works for. Raises `NoTenantScope` when there is none."""
    operator_id = _scope.get()
    if operator_id is None:
        raise NoTenantScope("Open tenant_scope() around this code.")
    return operator_id


def has_scope() -> bool:
    """Tell whether a scope is open."""
    return _scope.get() is not None


def memory() -> dict[str, Any]:
    """Return what is remembered until the scope closes. Raises `NoTenantScope` when there is none."""
    remembered = _memory.get()
    if remembered is None:
        raise NoTenantScope("Open tenant_scope() around this code.")
    return remembered


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, value])


class _OwnedByCurrentOperator(Expression):
    """SQL condition `operator_id = <current>`, filled in when the query runs, not when it is built."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, column: Any = None) -> None:
        super().__init__()
        self.column = column or models.F("operator_id")

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: Any) -> None:
        (self.column,) = exprs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.column)
        return f"{column} = %s", (*params, current_operator_id())


class OperatorQuerySet(models.QuerySet[M]):
    """A query set that stamps the operator on rows created in bulk."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """Insert the rows as the current operator's, refusing another operator's row."""
        rows = list(objs)
        for row in rows:
            _stamp(row)
        return super().bulk_create(rows, *args, **kwargs)


class OperatorManager(models.Manager[M_co]):
    """The default manager of every operator-owned model."""

    def get_queryset(self) -> models.QuerySet[M_co]:
        return OperatorQuerySet(self.model, using=self._db).filter(_OwnedByCurrentOperator())


def _stamp(row: Any) -> None:
    current = current_operator_id()
    if row.operator_id is None:
        row.operator_id = current
    if row.operator_id != current:
        raise WrongOperator(f"{row!r} belongs to operator {row.operator_id}, not {current}.")


class OperatorOwned(models.Model):
    """Base of every model whose rows belong to one operator.

    A concrete model takes its constraints from `tenants.rls.owned(…)`: row security, the unique pair
    (operator, id) that others may refer to, and a composite foreign key for each owned reference.
    """

    # Composite references prove the operator; an index on the operator alone would never be chosen.
    operator = models.ForeignKey("tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False)

    objects = OperatorManager()

    class Meta:
        abstract = True
        # Django follows references and refreshes rows by the base manager: it must be narrowed too.
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row as the current operator's, refusing another operator's row."""
        _stamp(self)
        super().save(*args, **kwargs)


class OwnedForeignKey(models.ForeignKey[Any, Any]):
    """A reference from one owned row to another of the same operator.

    The database constraint is the composite one of `tenants.rls.owned(…)`, which a plain foreign key
    would only repeat; indexes are named by the model, starting with the operator.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)
