"""Why an e-invoice has not left, or was refused, in words."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.e_invoices.rules import Rule
from billing.models import HostStatement, Invoice, Sending
from billing.selectors import sendings
from billing.selectors.e_invoices import Document
from tenants.models import Account

#: What `tenants.outside` and the ways say of not having reached anybody.
NOT_REACHED: dict[str, str | Promise] = {
    "certificate": gettext_lazy("the certificate at the address is not valid"),
    "timeout": gettext_lazy("nobody answered in time"),
    "no_answer": gettext_lazy("there was no answer"),
    "unknown_name": gettext_lazy("the name in the address is not known"),
    "not_public": gettext_lazy("the address leads into a network that is not public"),
    "folder": gettext_lazy("the folder cannot be written or read"),
    "host_key": gettext_lazy("the server shows another key than the one that was confirmed"),
    "host_key_unseen": gettext_lazy("the server's key is not confirmed"),
    "login": gettext_lazy("the server does not let us in"),
    "key_exchange": gettext_lazy("the server and the portal know no way in common to keep the line secret"),
    "mail_server": gettext_lazy("the mail server cannot be reached, or does not take it now"),
    "no_way": gettext_lazy("no way of sending is chosen"),
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets an e-invoice: the name on it, and the customer number."""

    name: str
    number: str


def receiver(row: Sending) -> Receiver:
    """Who gets it: the buyer of an invoice, or the host of a statement."""
    if row.invoice is not None:
        return Receiver(row.invoice.buyer.name, row.invoice.customer)
    statement = row.statement
    host = statement.host if statement else None
    return Receiver(host.name if host else "", statement.customer_number if statement else "")


def not_reached(code: str) -> str:
    """Why nobody was reached. What the other side called it is shown as it is."""
    if code.startswith("http_"):
        return _("The address answered with the status %(status)s") % {"status": code.removeprefix("http_")}
    return str(NOT_REACHED.get(code, code))


def reason(row: Sending) -> str:
    """Why it waits, was held back or refused; empty where there is nothing to say."""
    if row.stage == Sending.Stage.HELD:
        return _("It breaks a rule of e-invoices (%(rule)s)") % {"rule": row.reason} if row.reason in set(Rule) else ""
    return not_reached(row.reason)


def shown(invoice: Invoice) -> dict[str, Any]:
    """Of the page of a document: its way as an e-invoice, and whether it can be sent now."""
    return _shown(invoice, may_leave=invoice.state == Invoice.State.ISSUED)


def shown_of(statement: HostStatement) -> dict[str, Any]:
    """The same of the page of a statement to a host, which is one if it is the host's invoice."""
    return _shown(statement, may_leave=statement.number is not None)


def _shown(document: Document, *, may_leave: bool) -> dict[str, Any]:
    if not may_leave or document.account.delivery != Account.Delivery.E_INVOICE:
        return {"sending": None, "can_be_sent": False}
    row = sendings.of(document)
    is_free = row is None or (row.stage == Sending.Stage.HELD and row.begun_at is None)
    return {
        "sending": row,
        "sending_reason": reason(row) if row else "",
        "can_be_sent": is_free and sendings.chosen() is not None,
    }
