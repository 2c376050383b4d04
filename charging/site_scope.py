"""The sites that may be seen now: all of the operator's, or those a limited member of staff works for.

A door opens the limit beside the operator's scope (`tenants.scoping`), and every model that belongs to a
site is a `SiteBound`: its manager narrows each query to what may be seen, when the query runs, so that no
page can forget to. Without a limit the condition vanishes from the query and costs nothing.

The limit is for people who look and change by hand. Background work has none, and what must hold for the
whole operator, such as that a name is taken, lifts it with `limited_to(None)`. Raw SQL is narrowed by
whoever writes it (`portal/tests/test_site_scope.py` lists where), and a streamed answer carries the limit of its
page along (`portal.files.streamed`).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import FullResultSet
from django.db import models
from django.db.models.expressions import Expression

from tenants.scoping import OperatorManager, OperatorOwned

M_co = TypeVar("M_co", bound=models.Model, covariant=True)

_sites: ContextVar[frozenset[int] | None] = ContextVar("visible_sites", default=None)


class OutsideSiteScope(RuntimeError):
    """Somebody limited to some sites would have written a row of another one."""


@contextmanager
def limited_to(site_ids: Iterable[int] | None) -> Iterator[None]:
    """Let only these sites, and what belongs to them, be seen in the block; None lets all be seen."""
    token = _sites.set(None if site_ids is None else frozenset(site_ids))
    try:
        yield
    finally:
        _sites.reset(token)


def visible_sites() -> frozenset[int] | None:
    """Return the numbers of the sites that may be seen; None when all may. No site at all is an empty set."""
    return _sites.get()


def in_site_scope(site_id: int) -> bool:
    """Tell whether the site with this number may be seen."""
    sites = visible_sites()
    return sites is None or site_id in sites


class _InSiteScope(Expression):
    """SQL condition that the row's site may be seen, filled in when the query runs; nothing where all may be.

    column: the site of the row, or the row that leads to it; then `through` is the model of that row.
    """

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, column: Any, through: Any = None, *, or_none: bool = False) -> None:
        super().__init__()
        self.column = column
        self.through = through
        self.or_none = or_none

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: Any) -> None:
        (self.column,) = exprs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        sites = visible_sites()
        if sites is None:
            raise FullResultSet  # Django leaves the condition out
        column, params = compiler.compile(self.column)
        if self.through is None:
            condition, values = _among(column, sorted(sites))
        else:
            rows = self.through._default_manager.values("pk").query  # narrowed by its own manager
            inner, values = rows.get_compiler(connection=connection).as_sql()
            condition = f"{column} IN ({inner})"
        if self.or_none:
            return f"({column} IS NULL OR {condition})", (*params, *params, *values)
        return condition, (*params, *values)


def _among(column: str, sites: list[int]) -> tuple[str, tuple[Any, ...]]:
    """Compare with whole numbers alone: that may use an index under row security."""
    if len(sites) == 1:  # an equality, so that an index that begins with the site gives its rows in order
        return f"{column} = %s", (sites[0],)
    return f"{column} = ANY(%s::bigint[])", (sites,)


class SiteScopeManager(OperatorManager[M_co]):
    """The default manager of what belongs to a site: narrowed to the operator and to the visible sites.

    It reads the way to the site from the model, as Django makes managers of related rows without arguments.
    """

    def get_queryset(self) -> models.QuerySet[M_co]:
        return super().get_queryset().filter(self.model._in_site_scope())  # type: ignore[attr-defined]


class SiteBound(OperatorOwned):
    """Base of every model whose rows belong to a site.

    seen_through: the reference that leads to the site, directly or by another site-bound row; `pk` for the
    site itself. Rows without it, where it may be empty, concern the whole operator and are seen by all.
    """

    seen_through: ClassVar[str] = "site"

    objects = SiteScopeManager()  # type: ignore[misc]  # the plugin takes the base's for a class variable

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row, refusing what the person could not see afterwards.

        Raises:
            OutsideSiteScope: the row is, or would be, of a site outside the limit.
        """
        if visible_sites() is not None and not self._is_in_site_scope():
            raise OutsideSiteScope(f"{self._meta.label} {self.pk} is of a site outside the limit.")
        super().save(*args, **kwargs)

    def _is_in_site_scope(self) -> bool:
        if self.seen_through == "pk":  # a new site would be none of theirs
            return not self._state.adding and in_site_scope(self.pk)
        field: Any = self._meta.get_field(self.seen_through)
        target: Any = field.related_model
        return bool(target._default_manager.filter(pk=getattr(self, field.attname)).exists())

    @classmethod
    def _in_site_scope(cls) -> _InSiteScope:
        if cls.seen_through == "pk":
            return _InSiteScope(models.F("pk"))
        field: Any = cls._meta.get_field(cls.seen_through)
        of_site = field.related_model.seen_through == "pk"
        return _InSiteScope(models.F(field.attname), None if of_site else field.related_model, or_none=field.null)
