"""Tables about what it costs: import them from here."""

from billing.models.booking import BookedInvoice, BookingAccount
from billing.models.credit_reason import CreditReason
from billing.models.day_sum import DaySum, StaleDay
from billing.models.dispute import Dispute
from billing.models.document_letter import DocumentLetter, MailRules
from billing.models.export import Export, ExportDelivery, ExportTaken, ExportTimetable
from billing.models.fee import BilledFee, Fee
from billing.models.host import (
    HostAnswer,
    HostContract,
    HostDocument,
    HostLine,
    HostMonth,
    HostPayout,
    HostSite,
    HostStatement,
    Settlement,
    Standing,
)
from billing.models.invoice import (
    BilledSession,
    EInvoice,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    InvoiceVat,
    NumberSeries,
)
from billing.models.issued_names import IssuedStation, IssuedTariff, LineNames
from billing.models.ledger import BookedEntry, ClosedMonth, LedgerEntry, LedgerRow, LedgerSum, LedgerWork
from billing.models.letterhead import Letterhead
from billing.models.month_sum import MonthSum, StaleMonth
from billing.models.opening import DocumentOpening
from billing.models.past_hour import PastHour
from billing.models.payment import Payment, PaymentFile, PaymentMatch, Receivable
from billing.models.price_effect import PriceEffect
from billing.models.pricing import Pricing
from billing.models.reminder import Reminder, ReminderStep, ReminderTerms
from billing.models.rendering import Rendering
from billing.models.rerating import RerateItem, Rerating
from billing.models.run import InvoiceRun, RunChunk, RunProblem, RunRemark
from billing.models.seller_number import SellerNumber
from billing.models.sending import Sending, SendingWay
from billing.models.session_price import SessionPrice
from billing.models.tariff import Tariff, TariffAssignment, TariffVersion
from billing.models.write_off import WriteOff

__all__ = [
    "BilledFee",
    "BilledSession",
    "BookedEntry",
    "BookedInvoice",
    "BookingAccount",
    "ClosedMonth",
    "CreditReason",
    "DaySum",
    "Dispute",
    "DocumentLetter",
    "DocumentOpening",
    "EInvoice",
    "Export",
    "ExportDelivery",
    "ExportTaken",
    "ExportTimetable",
    "Fee",
    "HostAnswer",
    "HostContract",
    "HostDocument",
    "HostLine",
    "HostMonth",
    "HostPayout",
    "HostSite",
    "HostStatement",
    "Invoice",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoiceRun",
    "InvoiceVat",
    "IssuedStation",
    "IssuedTariff",
    "LedgerEntry",
    "LedgerRow",
    "LedgerSum",
    "LedgerWork",
    "Letterhead",
    "LineNames",
    "MailRules",
    "MonthSum",
    "NumberSeries",
    "PastHour",
    "Payment",
    "PaymentFile",
    "PaymentMatch",
    "PriceEffect",
    "Pricing",
    "Receivable",
    "Reminder",
    "ReminderStep",
    "ReminderTerms",
    "Rendering",
    "RerateItem",
    "Rerating",
    "RunChunk",
    "RunProblem",
    "RunRemark",
    "SellerNumber",
    "Sending",
    "SendingWay",
    "SessionPrice",
    "Settlement",
    "StaleDay",
    "StaleMonth",
    "Standing",
    "Tariff",
    "TariffAssignment",
    "TariffVersion",
    "WriteOff",
]
