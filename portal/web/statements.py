"""A statement to a site host as staff and the host see it: finance and payers share this."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext

from billing.events import Event
from billing.models import HostLine, HostStatement
from billing.selectors import settlements as selector
from billing.services import statement_documents
from portal.files import tables as files
from portal.files.pdf import pdf_file
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest
from portal.web import lists
from tenants import bookkeeping
from tenants.bookkeeping import Why
from tenants.log import audit
from tenants.models import Operator

_ROWS_AT_ONCE = 2_000


def told(request: SignedInRequest, statement: HostStatement, operator: Operator) -> dict[str, Any]:
    """What a page says of a statement: its months, a page of its sessions, how it stands with the host, and if paid."""
    today = timezone.now().astimezone(operator.zone).date()
    return {
        "statement": statement,
        "standing": statement.standing(today),
        "months": statement.months.order_by("-month"),
        "page": lists.page(selector.lines(statement), request, by="id", rising=True),
        "answers": selector.answers(statement),
        "paid": selector.payout(statement),
    }


def sessions_file(request: SignedInRequest, statement: HostStatement, operator: Operator) -> HttpResponseBase:
    """Send the statement's sessions as a file of the kind that the address asks for."""
    audit.record(Event.STATEMENT_DOWNLOADED, about=statement)

    def rows() -> Iterable[HostLine]:
        return selector.lines(statement).order_by("pk").iterator(chunk_size=_ROWS_AT_ONCE)

    kind = files.kind(request.GET.get("format", ""))
    name = "-".join((gettext("statement"), operator.slug, str(statement)))
    return files.table_file(name, kind=kind, columns=_columns(), rows=rows, operator=operator)


def _columns() -> list[FileColumn]:
    return [
        FileColumn(gettext("Site"), lambda row: row.session.site.name),
        FileColumn(gettext("Station"), lambda row: row.session.station.identifier),
        FileColumn(gettext("Started"), lambda row: _local(row, row.session.started_at)),
        FileColumn(gettext("Ended"), lambda row: _local(row, row.session.ended_at)),
        FileColumn(gettext("Month"), lambda row: f"{row.month:%Y-%m}"),
        FileColumn(gettext("Energy, Wh"), lambda row: row.energy_wh),
        FileColumn(gettext("Billed, excl. VAT"), lambda row: row.net, is_amount=True),
        FileColumn(gettext("Currency"), lambda row: row.statement.currency),
    ]


def _local(row: HostLine, moment: Any) -> Any:
    return moment and moment.astimezone(row.session.site.zone).replace(tzinfo=None)


def document(statement: HostStatement) -> HttpResponse:
    """Answer with the document of a closed statement."""
    if statement.state != HostStatement.State.CLOSED:
        raise Http404
    audit.record(Event.STATEMENT_DOWNLOADED, about=statement)
    with bookkeeping.opened(Why.DOCUMENT, about=statement):
        return pdf_file(str(statement), statement_documents.pdf(statement))
