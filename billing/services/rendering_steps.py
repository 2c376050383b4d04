"""Rendering issued documents in the background, each in a transaction of its own: one that fails stops no other."""

from collections.abc import Callable
from datetime import datetime

from billing.models import Rendering
from billing.selectors import invoices
from billing.services import documents
from tenants import work
from tenants.scoping import tenant_scope


def render(operator_id: int, row: Rendering, *, clock: Callable[[], datetime]) -> None:
    """Render one document and store it; the row goes with its work."""
    with tenant_scope(operator_id):
        documents.render(invoices.referring().get(pk=row.invoice_id))
        work.finish(row)
        Rendering.objects.filter(pk=row.pk).delete()
