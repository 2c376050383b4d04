"""Disputes: what waits for an answer, what was answered, and what of an invoice is disputed."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import BilledSession, Dispute, Invoice, InvoiceLine
from billing.models.invoice import IN_FORCE
from billing.selectors import numbers
from charging.models import ChargingSession
from charging.selectors import hits
from charging.selectors.hits import MANY, Meant
from tenants.models import Account, Driver
from tenants.selectors import accounts
from tenants.selectors.search import among

OPEN = Dispute.State.OPEN
_TOLD = ("account__identity", "driver", "session__site", "session__station", "invoice", "raised_by", "closed_by")


def waiting() -> QuerySet[Dispute]:
    """What has not been answered, to be sorted by the day it is due."""
    return Dispute.objects.filter(state=OPEN).select_related(*_TOLD)


def closed() -> QuerySet[Dispute]:
    """What has been answered or taken back."""
    return Dispute.objects.filter(closed_at__isnull=False).select_related(*_TOLD)


def listing(*, is_closed: bool, search: str = "") -> QuerySet[Dispute]:
    """What waits, the least days left first; or what is closed, the newest first.

    search: part of a session's id, an invoice's number or OCR reference, or what is known of a payer.
    """
    rows = closed().order_by("-closed_at", "-pk") if is_closed else waiting().order_by("due_on", "pk")
    if not search.strip():
        return rows
    of_sessions = [row.pk for row in hits.sessions(Meant(search.strip()), most=MANY)]
    meant = among("account", accounts.meant(search)) | among("session", of_sessions)
    return rows.filter(meant | among("invoice", numbers.numbered(search.strip())))


def late(today: date) -> int:
    """How many should have been answered by now."""
    return waiting().filter(due_on__lt=today).count()


def one(public_id: UUID) -> Dispute | None:
    """A dispute with all that its page names."""
    return Dispute.objects.select_related(*_TOLD).filter(public_id=public_id).first()


def of_account(account: Account) -> QuerySet[Dispute]:
    """What the people of the account have raised, the newest first. What its drivers raise is theirs."""
    return Dispute.objects.filter(account=account, driver=None).select_related(*_TOLD).order_by("-pk")


def of_session(session: ChargingSession) -> Dispute | None:
    """The newest dispute of a session."""
    return Dispute.objects.filter(session=session).select_related(*_TOLD).order_by("-pk").first()


def of_driver(driver: Driver) -> QuerySet[Dispute]:
    """What the driver has raised, the newest first."""
    return Dispute.objects.filter(driver=driver).select_related(*_TOLD).order_by("-pk")


def disputed(invoice: str = "pk") -> Q:
    """The condition that something of an invoice is disputed now: itself, or a session on it. invoice: whose field."""
    rows = Dispute.objects.filter(state=OPEN)
    of_sessions = BilledSession.objects.filter(IN_FORCE, session__in=rows.exclude(session=None).values("session"))
    themselves = rows.exclude(invoice=None).values("invoice")
    return Q(**{f"{invoice}__in": themselves}) | Q(**{f"{invoice}__in": of_sessions.values("invoice")})


def of_invoice(invoice: Invoice) -> list[Dispute]:
    """The open disputes about the invoice or a session on it."""
    billed = BilledSession.objects.filter(IN_FORCE, invoice=invoice, session=OuterRef("session"))
    rows = Dispute.objects.filter(Q(invoice=invoice) | Exists(billed), state=OPEN)
    return list(rows.select_related(*_TOLD).order_by("pk"))


def billed_on(dispute: Dispute) -> Invoice | None:
    """The invoice it is about: itself, or the one its session stands on; None where that is not billed."""
    if dispute.invoice_id is not None:
        return Invoice.objects.get(pk=dispute.invoice_id)
    row = BilledSession.objects.filter(IN_FORCE, session=dispute.session_id).select_related("invoice").first()
    return row.invoice if row else None


def credited_since(dispute: Dispute) -> Decimal:
    """What was given back of it since it was raised, in the kind of its prices."""
    lines = InvoiceLine.objects.filter(
        invoice__kind=Invoice.Kind.CREDIT_NOTE, invoice__issued_at__gte=dispute.raised_at
    )
    mine = Q(session=dispute.session_id) if dispute.session_id else Q(invoice__credits=dispute.invoice_id)
    given = lines.filter(mine).aggregate(all=Sum(Coalesce("amount_incl_vat", "amount_excl_vat"), default=0))["all"]
    return -Decimal(given)
