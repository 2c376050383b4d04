"""How issued documents leave as e-invoices: the way there is, and how far each one is."""

from collections import Counter
from pathlib import Path

from django.conf import settings
from django.db.models import Count, QuerySet

from billing.e_invoices.ways import Way
from billing.e_invoices.ways.folder import Folder
from billing.e_invoices.ways.https import Https
from billing.models import Sending, SendingWay
from billing.selectors import e_invoices
from billing.selectors.e_invoices import Document
from tenants import outside, sealed_content
from tenants.models import Operator

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


def listing(stage: str = "") -> QuerySet[Sending]:
    """All of them, or those of a stage, each with its document and who gets it."""
    rows = Sending.objects.select_related("invoice__buyer", "invoice__account", "statement__host", "statement__account")
    return rows.filter(stage=stage) if stage else rows


def counts() -> dict[str, int]:
    """How many there are at each stage."""
    found = Sending.objects.values_list("stage").annotate(count=Count("pk"))
    return dict(Counter(dict(found)))
