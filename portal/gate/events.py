"""What this floor records in the audit log beside changes of rows: acts of pages: what was looked at and taken out."""

from enum import StrEnum


class Event(StrEnum):
    """Codes of events. Stored, so they never change; `portal.words.log.events` has their sentences."""

    ACCOUNT_VIEWED = "account.viewed"
    ACCOUNTS_EXPORTED = "account.exported"
    AUDIT_CHECK_ASKED = "audit.check_asked"
    AUDIT_EXPORT_SENT = "audit.export_sent"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_SEALS_EXPORTED = "audit.seals_exported"
    E_INVOICE_DOWNLOADED = "invoice.e_invoice_downloaded"
    IMPORT_REJECTED_DOWNLOADED = "import.rejected_downloaded"
    INVOICE_DOWNLOADED = "invoice.downloaded"
    INVOICE_PAGES_SHOWN = "invoice.pages_shown"
    MESSAGES_EXPORTED = "station.messages_exported"
    PRIVACY_RECORD_TAKEN = "privacy.record_taken"
    SESSIONS_EXPORTED = "sessions.exported"
    INVOICES_EXPORTED = "invoice.exported"
    LIST_EXPORTED = "list.exported"
    VIEW_AS_BEGAN = "view_as.began"
    VIEW_AS_ENDED = "view_as.ended"
