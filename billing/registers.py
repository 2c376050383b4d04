"""What this floor hands to the registers below: audited models, and where personal data stands."""

from billing.models import (
    BilledFee,
    BookedEntry,
    ClosedMonth,
    Dispute,
    DocumentLetter,
    DocumentOpening,
    Export,
    ExportDelivery,
    ExportTaken,
    ExportTimetable,
    Fee,
    HostAnswer,
    HostContract,
    HostPayout,
    HostSite,
    HostStatement,
    Invoice,
    InvoiceRun,
    LedgerEntry,
    LedgerRow,
    LedgerWork,
    Letterhead,
    MailRules,
    Payment,
    PaymentFile,
    PaymentMatch,
    PriceEffect,
    Pricing,
    Receivable,
    Reminder,
    ReminderTerms,
    Rendering,
    RerateItem,
    Rerating,
    RunChunk,
    RunProblem,
    Sending,
    SendingWay,
    Settlement,
    Tariff,
    TariffAssignment,
    TariffVersion,
    WriteOff,
)
from billing.selectors import own_data
from tenants.log.audit import audited
from tenants.privacy import recipients, sources
from tenants.privacy.sources import Retention
from tenants.rls import rights

#: What says how far a piece of work is.
PROGRESS = ["done", "total", "attempts", "claimed_at", "leased_until", "queued_at"]

#: What a bank told of who paid, and by what they are found.
PAYERS = ["given", "text", "payer_name", "payer_account", "payer_account_mark"]


def register() -> None:
    """Register the models of this floor with the audit log.

    Lines, prices and drafts are written in bulk: the run records one event with counts and sums instead.
    """
    audited(Tariff)
    audited(TariffVersion)
    audited(TariffAssignment)
    audited(Fee)
    audited(HostContract)
    audited(HostSite)
    audited(ReminderTerms)
    audited(MailRules)
    audited(InvoiceRun, exclude=["sessions_done", "updated_at"])
    audited(Invoice)
    audited(Letterhead, exclude=["logo"])
    audited(Payment, exclude=[*PAYERS, "rest", "booking", "nth", "item"])
    audited(PaymentMatch)
    audited(WriteOff, exclude=["parts"])
    audited(HostPayout)
    audited(PaymentFile, exclude=[*PROGRESS, "accounts"])
    audited(Export, exclude=[*PROGRESS, "rows", "sums", "as_of", "language", "options"])
    audited(ExportTimetable, exclude=["secret", "public_key", "host_key", "next_on", "options"])
    audited(SendingWay, exclude=["secret", "changed_at"])
    _register_drivers()
    _register_fees()
    _register_hosts()
    _register_payments()
    _register_staff()
    recipients.register(
        "accounting",
        serves="bookkeeping billing",
        by=" ".join(f"export:{kind}" for kind in Export.Kind.values),
        is_processor=True,
    )
    recipients.register(
        "access_point",
        serves="billing",
        by="module:tenants.outside module:billing.e_invoices.ways.https module:billing.e_invoices.ways.folder"
        " module:billing.e_invoices.ways.sftp",
        is_processor=True,
    )
    _register_rights()


def _register_drivers() -> None:
    sources.register(
        Invoice,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing bookkeeping claims",
        ledger="kind run buyer credits replaces leaves_rest reason state series number month currency vat_country "
        "amount_excl_vat vat rounding amount_due session_count energy_wh seller customer_number drafted_at issued_at "
        "due_on",
        technical="id operator public_id account",
    )
    sources.register(
        TariffAssignment,
        person="driver",
        kept=Retention.BOOKS,
        serves="billing",
        ledger="tariff account group station site valid_from valid_until created_at",
        technical="id operator public_id driver",
    )
    sources.register(
        Dispute,
        person="driver",
        kept=Retention.CONTRACT,
        serves="billing claims",
        conduct="account session invoice fee about text state raised_at due_on answer closed_at",
        trace="raised_by closed_by",
        technical="id operator public_id driver",
    )
    sources.register(
        RerateItem,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing bookkeeping claims",
        ledger="rerating invoice sessions state currency credited billed differences said documents code facts",
        technical="id operator account",
    )
    sources.register(
        RunProblem,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing",
        ledger="run code facts",
        technical="id operator account",
    )


def _register_fees() -> None:
    sources.register(
        Fee,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing bookkeeping",
        ledger="kind per text reason price percent taken_off currency tax_included vat_country vat_rate"
        " booking_account since until created_at",
        technical="id operator public_id account",
    )
    sources.register(
        BilledFee,
        person="invoice__account__driver",
        kept=Retention.BOOKS,
        serves="billing bookkeeping",
        ledger="fee driver token first_day last_day percent text booking_account late",
        technical="id operator invoice",
    )


def _register_hosts() -> None:
    sources.register(
        HostContract,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing bookkeeping",
        ledger="name since until share kwh_price rent fee floor least_payout currency vat_country vat_rate"
        " is_self_billed agreed_on objection_days created_at changed_at",
        technical="id operator public_id account",
    )
    sources.register(
        HostStatement,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing bookkeeping claims",
        ledger="contract month state problem problem_facts currency sessions energy_wh net amount carried_in set_off"
        " payout carried_out vat_rate vat total number customer_number host buyer drafted_at closed_at due_on"
        " object_until",
        technical="id operator public_id settlement account",
    )
    sources.register(
        HostPayout,
        person="statement__account__driver",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        ledger="amount paid_on text recorded_by created_at",
        technical="id operator public_id statement undoes",
    )
    sources.register(
        HostAnswer,
        person="given_by",
        kept=Retention.BOOKS,
        serves="billing bookkeeping claims",
        conduct="statement kind text",
        trace="given_by given_at",
        technical="id operator",
    )


def _register_payments() -> None:
    sources.register(
        Payment,
        person="matches__account__driver",
        find=own_data.payments_of,
        kept=Retention.BOOKS,
        serves="bookkeeping claims",
        ledger="amount currency paid_on to_account given given_amounts text payer_name payer_account recorded_by"
        " created_at",
        technical="id operator public_id file booking nth item rest payer_account_mark",
    )
    sources.register(
        PaymentMatch,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="bookkeeping claims",
        ledger="invoice amount purpose how reason made_by created_at",
        technical="id operator public_id payment account undoes",
    )
    sources.register(
        WriteOff,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="bookkeeping claims",
        ledger="invoice amount parts why lowers_vat reason happened_on made_by created_at",
        technical="id operator public_id account undoes",
    )
    sources.register(
        Receivable,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="bookkeeping claims",
        ledger="invoice currency due_on due credited paid written_off rest disputed",
        technical="id operator account",
    )
    sources.register(
        Reminder,
        person="account__driver",
        kept=Retention.BOOKS,
        serves="billing claims",
        ledger="invoice nth what sent_on currency rest disputed costs_kind costs interest charge text sent_by"
        " created_at",
        technical="id operator public_id account",
    )
    sources.register(
        DocumentLetter,
        person="account__driver",
        kept=Retention.CONTRACT,
        serves="billing claims",
        identity="address",
        conduct="invoice reminder statement nth sent_at bounced_at",
        trace="requested_by",
        technical="id operator public_id account handed_at state done total error error_facts attempts claimed_at"
        " leased_until queued_at",
    )
    sources.register(
        DocumentOpening,
        person="invoice__account__driver",
        kept=Retention.ACCOUNT,
        serves="billing claims",
        conduct="invoice opened_at",
        technical="id operator",
    )
    sources.register(
        ReminderTerms,
        person="account__driver",
        kept=Retention.CONTRACT,
        serves="billing claims",
        ledger="fee_since due_day_agreed least",
        technical="id operator account",
    )
    sources.register(
        PaymentFile,
        person="uploaded_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="uploaded_by created_at file_name",
        technical="id operator public_id file file_sha256 file_size form payments booked known matched sums left_out"
        " accounts is_ours state done total error error_facts attempts claimed_at leased_until queued_at finished_at",
    )


def _register_staff() -> None:
    sources.register(
        InvoiceRun,
        person="started_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="started_by issued_by started_at issued_at",
        technical="id operator public_id month until since state sessions_total sessions_done drafted_at updated_at",
    )
    sources.register(
        Rerating,
        person="requested_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="requested_by requested_at",
        technical="id operator public_id why reason since until sites accounts stage decided_at finished_at state done"
        " total error error_facts attempts claimed_at leased_until queued_at",
    )
    sources.register(
        Settlement,
        person="requested_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="requested_by requested_at closed_by closed_at",
        technical="id operator public_id month stage state done total error error_facts attempts claimed_at"
        " leased_until queued_at",
    )
    sources.register(
        TariffVersion,
        person="published_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="published_by published_at",
        technical="id operator public_id tariff number document document_sha256 valid_from created_at",
    )
    sources.register(
        Export,
        person="requested_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="requested_by created_at",
        technical="id operator public_id kind form month first_day last_day dated_by by_day again payments options"
        " as_of language timetable repeats rows sums state done total file sha256 error error_facts attempts claimed_at"
        " leased_until queued_at finished_at",
    )
    sources.register(
        ExportTimetable,
        person="asked_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="asked_by created_at",
        technical="id operator public_id kind form dated_by options every to address secret public_key host_key"
        " fingerprint confirmed_at next_on ended_at",
    )
    sources.register(
        ClosedMonth,
        person="closed_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="closed_by closed_at",
        technical="id operator month figures",
    )
    sources.register(
        ExportTaken,
        person="taken_by",
        kept=Retention.BOOKS,
        serves="bookkeeping",
        trace="taken_by taken_at",
        technical="id operator kind month",
    )


def _register_rights() -> None:
    """Let the platform's process count whether background work stands still, and read no more; nobody edits books."""
    rights.only_added_to(LedgerEntry, LedgerRow, BookedEntry)
    for model in (
        DocumentLetter,
        ExportDelivery,
        LedgerWork,
        PaymentFile,
        PriceEffect,
        Pricing,
        Rendering,
        Rerating,
        RunChunk,
        Sending,
        Settlement,
    ):
        rights.platform_counts(model)
    rights.platform_counts(Export, "kind", "form")
