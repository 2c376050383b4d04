"""What exactly a second person approves: the facts that must be the same when it is done."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from billing.models import Invoice, InvoiceRun, TariffVersion
from billing.selectors import runs, sellers
from billing.selectors.credits import Asked, Comes
from tenants.models import Operator


def publishing(version: TariffVersion, valid_from: datetime) -> dict[str, Any]:
    """Which words of which tariff begin when."""
    return {
        "tariff": version.tariff.name,
        "version": version.number,
        "valid_from": valid_from.astimezone(UTC).isoformat(),
        "document_sha256": version.document_sha256,
    }


def crediting(invoice: Invoice, reason: str, asked: Asked, comes: Comes, then: str) -> dict[str, Any]:
    """How much of which invoice is taken back, what its credit note says, and what becomes of released sessions."""
    return {
        "invoice": str(invoice),
        "amount_due": str(comes.amount_due),
        "currency": invoice.currency,
        "sessions": comes.sessions,
        "reason": reason.strip(),
        "lines": asked.facts(),
        "then": then,
    }


def issuing(run: InvoiceRun) -> dict[str, Any]:
    """How many invoices over how much to which account, and what the seller and every draft say.

    The drafts' hash: who is to pay what for how many sessions. The seller's: all that issuing takes from the operator.
    """
    operator = Operator.objects.get(pk=run.operator_id)
    sums = runs.sums(run)
    return {
        "month": f"{run.month:%Y-%m}",
        "invoices": sum(row.invoices for row in sums),
        "sessions": sum(row.sessions for row in sums),
        "amounts": {row.currency: str(row.amount_due) for row in sums},
        "bankgiro": operator.bankgiro,
        "iban": operator.iban,
        "seller_sha256": sellers.digest(operator),
        "drafts_sha256": _digest(run),
    }


def _digest(run: InvoiceRun) -> str:
    digest = hashlib.sha256()
    drafts = Invoice.objects.filter(run=run).order_by("account_id", "currency", "pk")
    facts = drafts.values_list("pk", "account_id", "currency", "amount_excl_vat", "vat", "amount_due", "session_count")
    for fact in facts.iterator(chunk_size=10_000):
        digest.update(" ".join(map(str, fact)).encode() + b"\n")
    return digest.hexdigest()
