"""Files for accounting in tests: asked for, made by a worker's turn, and read."""

from datetime import date

from django.utils import timezone

from billing.exports.tables import TABLES
from billing.models import Export
from billing.services import exports
from billing.tests.factories import NOVEMBER
from tenants import work
from tenants.scoping import tenant_scope

NOVEMBER_2026 = date(2026, 11, 1)
OCTOBER_DAYS = (date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER_DAYS = (date(2026, 11, 1), date(2026, 11, 30))
DAY_PAID = date(2026, 11, 20)
DECEMBER_DAYS = (date(2026, 12, 1), date(2026, 12, 31))


def form_of(kind: str) -> str:
    """How a kind is written, if nothing else is asked for."""
    return Export.Form.CSV if kind in TABLES else ""


def asked(operator, kind: str = Export.Kind.XLSX, by=None, month=NOVEMBER_2026, form="", **how) -> Export:
    with tenant_scope(operator.pk):
        return exports.request(kind=kind, form=form or form_of(kind), month=month, by=by, at=timezone.now(), **how)


def worked(export: Export, clock=timezone.now) -> Export:
    """The export after a worker's next turn with it."""
    work.do_next(work.kind_named(export.work_kind), export.operator_id, clock=clock)
    with tenant_scope(export.operator_id):
        export.refresh_from_db()
    return export


def made(operator, kind: str = Export.Kind.XLSX, by=None, month=date(2026, 11, 17), **how) -> Export:
    export = worked(asked(operator, kind, by, month, **how))
    assert (export.state, export.done) == (Export.State.DONE, export.total)
    return export


def content(export: Export, operator) -> bytes:
    with tenant_scope(operator.pk), exports.opened(export, by=None, at=NOVEMBER) as file:
        return file.read()
