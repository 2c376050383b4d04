"""What this floor records in the audit log beside changes of rows: acts of runs, invoices and exports."""

from enum import StrEnum


class Event(StrEnum):
    """Codes of events. Stored, so they never change; `portal.words.log.events` has their sentences."""

    ACCOUNT_MEMBER_MOVED = "account.member_moved"
    EXPORT_DOWNLOADED = "export.downloaded"
    EXPORT_MADE = "export.made"
    EXPORT_REQUESTED = "export.requested"
    INVOICE_CREDITED = "invoice.credited"
    BOOKING_ACCOUNTS_CHANGED = "export.accounts_changed"
    CREDIT_REASONS_CHANGED = "invoice.reasons_changed"
    PAYMENTS_BOOKED = "payments.booked"
    PAYMENTS_REFUSED = "payments.refused"
    DISPUTE_RAISED = "dispute.raised"
    DISPUTE_GRANTED = "dispute.granted"
    DISPUTE_REFUSED = "dispute.refused"
    DISPUTE_WITHDRAWN = "dispute.withdrawn"
    RERATING_ASKED = "rerating.asked"
    RERATING_DECIDED = "rerating.decided"
    RERATING_FINISHED = "rerating.finished"
    SETTLEMENT_ASKED = "settlement.asked"
    SETTLEMENT_CLOSED = "settlement.closed"
    STATEMENT_APPROVED = "settlement.approved"
    STATEMENT_CONTESTED = "settlement.contested"
    STATEMENT_DOWNLOADED = "settlement.downloaded"
    RUN_DISCARDED = "run.discarded"
    RUN_DRAFTED = "run.drafted"
    RUN_ISSUED = "run.issued"
