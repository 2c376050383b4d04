"""This floor's kinds of background work, each with the stepped service that does it."""

from datetime import timedelta

from django.db.models import Q

from billing.models import (
    DocumentLetter,
    Export,
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
)
from billing.services import (
    effect_steps,
    export_steps,
    export_timetables,
    import_undo,
    ledger,
    letter_steps,
    payment_files,
    rating,
    rating_steps,
    rendering_steps,
    rerating_steps,
    run_steps,
    runs,
    sendings,
    settlement_steps,
)
from charging.models import ImportUndo
from tenants import work
from tenants.permissions import Permission
from tenants.work import Kind, Lane

#: Where files wait that are no tables.
LANES = {
    Export.Kind.VAT_RETURN: Lane.WAITED,
    Export.Kind.EC_RETURN: Lane.WAITED,
    Export.Kind.XLSX: Lane.WAITED,
    Export.Kind.PDF_ZIP: Lane.BULK,
    Export.Kind.XML_ZIP: Lane.BULK,
    Export.Kind.SIE: Lane.WAITED,
}


def register() -> None:
    """Enter them. A file with rows is waited for; one with documents is a month's work, as the documents are."""
    work.register(
        Kind(
            RunChunk.work_kind,
            RunChunk,
            Lane.BULK,
            run_steps.draft_part,
            permission=Permission.RUN_BILLING,
            prepare=lambda at: runs.stalled(at=at),
        )
    )
    work.register(
        Kind(
            Pricing.work_kind,
            Pricing,
            Lane.BULK,
            rating_steps.price_waiting,
            permission=Permission.RUN_BILLING,
            prepare=rating.ask_if_waiting,
            lease=timedelta(minutes=10),
        )
    )
    work.register(
        Kind(
            PriceEffect.work_kind,
            PriceEffect,
            Lane.WAITED,
            effect_steps.work_out,
            permission=Permission.MANAGE_TARIFFS,
        )
    )
    work.register(
        Kind(
            Rendering.work_kind,
            Rendering,
            Lane.BULK,
            rendering_steps.render,
            permission=Permission.ISSUE_INVOICES,
        )
    )
    work.register(Kind(Sending.work_kind, Sending, Lane.BULK, sendings.step, permission=Permission.ISSUE_INVOICES))
    work.register(
        Kind(
            DocumentLetter.work_kind, DocumentLetter, Lane.BULK, letter_steps.send, permission=Permission.ISSUE_INVOICES
        )
    )
    work.register(
        Kind(Rerating.work_kind, Rerating, Lane.BULK, rerating_steps.do, permission=Permission.ISSUE_INVOICES)
    )
    work.register(
        Kind(
            Settlement.work_kind,
            Settlement,
            Lane.BULK,
            settlement_steps.work_out,
            permission=Permission.ISSUE_INVOICES,
            lease=timedelta(minutes=10),
        )
    )
    work.register(
        Kind(
            ImportUndo.work_kind,
            ImportUndo,
            Lane.WAITED,
            import_undo.carry_out,
            permission=Permission.IMPORT_SESSIONS,
            lease=timedelta(minutes=30),
        )
    )
    work.register(
        Kind(
            PaymentFile.work_kind,
            PaymentFile,
            Lane.WAITED,
            payment_files.carry_out,
            permission=Permission.MANAGE_PAYMENTS,
            lease=timedelta(minutes=5),
        )
    )
    work.register(
        Kind(
            LedgerWork.work_kind,
            LedgerWork,
            Lane.BULK,
            ledger.catch_up,
            permission=Permission.EXPORT_FINANCE,
            prepare=ledger.ask_if_behind,
        )
    )
    work.register(
        Kind(
            ExportDelivery.work_kind,
            ExportDelivery,
            Lane.BULK,
            export_timetables.deliver,
            permission=Permission.EXPORT_FINANCE,
        )
    )
    _register_export("table", Lane.WAITED, ~Q(form=""))
    for kind, lane in LANES.items():
        _register_export(kind.value, lane, Q(kind=kind, form=""))


def _register_export(name: str, lane: Lane, where: Q) -> None:
    work.register(
        Kind(
            f"export_{name}",
            Export,
            lane,
            export_steps.make,
            where=where,
            permission=Permission.EXPORT_FINANCE,
            lease=timedelta(minutes=5),
        )
    )
