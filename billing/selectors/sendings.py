"""How issued documents leave as e-invoices: the way there is, and how far each one is."""

from collections import Counter
from pathlib import Path

from django.conf import settings
from django.db.models import Count, QuerySet

from billing.e_invoices.ways import Way
from billing.e_invoices.ways.folder import Folder
from billing.e_invoices.ways.https import Https
from billing.models import Sending, SendingWay
from billing.selectors import e_invoices, numbers
from billing.selectors.e_invoices import Document
from tenants import outside, sealed_content
from tenants.models import Operator
from tenants.selectors import accounts
from tenants.selectors.search import among

#: What the secret of a way is sealed as.
SECRET = "sending_way"  # noqa: S105


def chosen() -> SendingWay | None:
    """The way that is chosen, if one is."""
    return SendingWay.objects.first()


def has_folder() -> bool:
    """Whether this instance has a folder for e-invoices."""
    return bool(settings.E_INVOICE_FOLDER)


def way() -> Way | None:
    """The way as something that takes parcels; None where none is chosen, or the folder is gone from the instance."""
    row = chosen()
    if row is None:
        return None
    if row.kind == SendingWay.Kind.HTTPS:
        return Https(outside.target(row.address), sealed_content.unseal(bytes(row.secret), about=SECRET))
    slug = Operator.objects.values_list("slug", flat=True).get(pk=row.operator_id)
    return Folder(Path(settings.E_INVOICE_FOLDER) / slug) if has_folder() else None


def of(document: Document) -> Sending | None:
    """The document's way."""
    return Sending.objects.filter(**e_invoices.of(document)).first()


def listing(stage: str = "", search: str = "") -> QuerySet[Sending]:
    """Those that meet all criteria, each with its document and who gets it, in no order.

    search: an invoice's number or OCR reference, or the name or customer number of who gets it.
    """
    rows = Sending.objects.select_related("invoice__buyer", "invoice__account", "statement__host", "statement__account")
    rows = rows.filter(stage=stage) if stage else rows
    if not search.strip():
        return rows
    meant = accounts.meant(search)
    theirs = among("invoice__account", meant) | among("statement__account", meant)
    return rows.filter(theirs | among("invoice", numbers.numbered(search.strip())))


def counts() -> dict[str, int]:
    """How many there are at each stage."""
    found = Sending.objects.values_list("stage").annotate(count=Count("pk"))
    return dict(Counter(dict(found)))
