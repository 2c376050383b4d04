"""The PDF of a closed statement: rendered on the first download, sealed, and the same file from then on."""

import hashlib
from datetime import datetime

from django.db import transaction

from billing.documents import pdf as renderer
from billing.documents import statement as layout
from billing.models import HostDocument, HostStatement
from billing.services import for_books
from tenants import bookkeeping, sealed_content
from tenants.bookkeeping import Why

TEMPLATE = "statement.typ"


def pdf(statement: HostStatement) -> bytes:
    """Return the PDF of a closed statement: the stored one, rendered if there is none yet.

    Raises:
        crypto.Shut: it is kept for bookkeeping alone, and not read for that.
    """
    document = HostDocument.objects.filter(statement=statement).first()
    document = document or _store(statement, at=statement.closed_at or statement.drafted_at)
    return sealed_content.unseal(bytes(document.pdf), about=_about(statement))


def _store(statement: HostStatement, *, at: datetime) -> HostDocument:
    """Keep the rendered PDF. Two at once render the same; the first one's is kept."""
    with bookkeeping.opened(Why.DOCUMENT, about=statement):
        page = layout.page(statement, statement.months.order_by("month"))
    content = renderer.render(page, at=at, template=TEMPLATE)
    sealed = for_books.seal(statement, content, about=_about(statement))
    sha256 = hashlib.sha256(content).hexdigest()
    document = HostDocument(statement=statement, pdf=sealed, sha256=sha256, rendered_at=at)
    with transaction.atomic():
        HostDocument.objects.bulk_create([document], ignore_conflicts=True)
    return HostDocument.objects.get(statement=statement)


def _about(statement: HostStatement) -> str:
    return f"host_statement:{statement.pk}"
