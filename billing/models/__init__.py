"""Tables about what it costs: import them from here."""

from billing.models.export import Export
from billing.models.invoice import BilledSession, Invoice, InvoiceDocument, InvoiceLine, InvoiceVat, NumberSeries
from billing.models.run import InvoiceRun, RunChunk, RunProblem
from billing.models.session_price import SessionPrice
from billing.models.tariff import Tariff, TariffAssignment, TariffVersion

__all__ = [
    "BilledSession",
    "Export",
    "Invoice",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoiceRun",
    "InvoiceVat",
    "NumberSeries",
    "RunChunk",
    "RunProblem",
    "SessionPrice",
    "Tariff",
    "TariffAssignment",
    "TariffVersion",
]
