"""Disputes: what waits for an answer, what was answered, and what of an invoice is disputed.

How much of an invoice is disputed the database keeps beside what is open of it (`Receivable.disputed`).
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import BilledFee, BilledSession, Dispute, Invoice, InvoiceLine, WriteOff
from billing.models.invoice import IN_FORCE
from billing.selectors import numbers
from billing.selectors.day_sums import midnight
from charging.models import ChargingSession
from charging.selectors import hits
from charging.selectors.hits import MANY, Meant
from tenants.models import Account, Driver
from tenants.selectors import accounts
from tenants.selectors.search import among

OPEN = Dispute.State.OPEN
#: Of what is open of an invoice: more than what is disputed of it.
IS_ASKED: Final = Q(rest__gt=F("disputed"))
_TOLD = (
    "account__identity",
    "driver",
    "session__site",
    "session__station",
    "invoice",
    "fee__invoice",
    "raised_by",
    "closed_by",
)


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
    documents = numbers.numbered(search.strip())
    return rows.filter(meant | among("invoice", documents) | among("fee__invoice", documents))


def late(today: date) -> int:
    """How many should have been answered by now."""
    return waiting().filter(due_on__lt=today).count()


def one(public_id: UUID) -> Dispute | None:
    """A dispute with all that its page names."""
    return Dispute.objects.select_related(*_TOLD).filter(public_id=public_id).first()


def of_account(account: Account) -> QuerySet[Dispute]:
    """What the people of the account have raised, the newest first. What its drivers raise is theirs."""
    return Dispute.objects.filter(account=account, driver=None).select_related(*_TOLD).order_by("-pk")


def of_session(session: ChargingSession, driver: Driver) -> Dispute | None:
    """The newest dispute of a session that the driver has raised. What others said of it is theirs."""
    return of_driver(driver).filter(session=session).first()


def is_disputed(session: ChargingSession) -> bool:
    """Whether somebody disputes the session now."""
    return bool(disputed([session]))


def disputed(sessions: Iterable[ChargingSession]) -> set[int]:
    """Which of these sessions somebody disputes now, by number."""
    return set(Dispute.objects.filter(session__in=sessions, state=OPEN).values_list("session", flat=True))


def of_driver(driver: Driver) -> QuerySet[Dispute]:
    """What the driver has raised, the newest first."""
    return Dispute.objects.filter(driver=driver).select_related(*_TOLD).order_by("-pk")


def answered_since(since: date, *, zone: str, invoice: str) -> Q:
    """The condition that a dispute of an invoice, or of something on it, was answered on that day or after it.

    What is granted in part leaves the other part owed, as a refusal does. A session all credited is on it no more.

    zone: by whose clock. invoice: whose field.
    """
    told = (Dispute.State.GRANTED, Dispute.State.REFUSED)
    rows = Dispute.objects.filter(state__in=told, closed_at__gte=midnight(since, ZoneInfo(zone)))
    billed = BilledSession.objects.filter(IN_FORCE, session__in=rows.exclude(session=None).values("session"))
    themselves, fees = rows.exclude(invoice=None).values("invoice"), rows.exclude(fee=None).values("fee__invoice")
    found = (themselves, fees, billed.values("invoice"))
    return reduce(or_, (Q(**{f"{invoice}__in": each}) for each in found))


def of_invoice(invoice: Invoice, *, most: int) -> list[Dispute]:
    """The oldest open disputes about the invoice or something on it."""
    billed = BilledSession.objects.filter(IN_FORCE, invoice=invoice, session=OuterRef("session"))
    rows = Dispute.objects.filter(Q(invoice=invoice) | Q(fee__invoice=invoice) | Exists(billed), state=OPEN)
    return list(rows.select_related(*_TOLD).order_by("pk")[:most])


def disputable_fees(invoice: Invoice) -> QuerySet[BilledFee]:
    """What is charged of fees on an issued invoice, in the order of its lines, without what is disputed now."""
    rows = BilledFee.objects.filter(invoice=invoice, invoice__state=Invoice.State.ISSUED)
    rows = rows.select_related("driver__identity", "token")
    rows = rows.exclude(Exists(Dispute.objects.filter(fee=OuterRef("pk"), state=OPEN)))
    amount = Coalesce("lines__amount_incl_vat", "lines__amount_excl_vat")
    charged = rows.annotate(first=Min("lines__position"), amount=Sum(amount))
    return charged.filter(amount__gt=0).order_by("first")


def billed_on(dispute: Dispute) -> Invoice | None:
    """The invoice it is about: itself, or the one its session or fee stands on; None where that is not billed."""
    if dispute.invoice_id is not None:
        return Invoice.objects.get(pk=dispute.invoice_id)
    if dispute.fee_id is not None:
        return Invoice.objects.get(billed_fees=dispute.fee_id)
    row = BilledSession.objects.filter(IN_FORCE, session=dispute.session_id).select_related("invoice").first()
    return row.invoice if row else None


def credited_since(dispute: Dispute) -> Decimal:
    """What was given back of it since it was raised, in the kind of its prices."""
    lines = InvoiceLine.objects.filter(
        invoice__kind=Invoice.Kind.CREDIT_NOTE, invoice__issued_at__gte=dispute.raised_at
    )
    if dispute.session_id:
        mine = Q(session=dispute.session_id)
    else:
        mine = Q(fee=dispute.fee_id) if dispute.fee_id else Q(invoice__credits=dispute.invoice_id)
    given = lines.filter(mine).aggregate(all=Sum(Coalesce("amount_incl_vat", "amount_excl_vat"), default=0))["all"]
    return -Decimal(given)


def given_up_since(dispute: Dispute) -> int:
    """What was written off, and not taken back, of the invoice it is about since it was raised, in whole coins."""
    rows = WriteOff.objects.filter(undoes__isnull=True, undone_by__isnull=True, created_at__gte=dispute.raised_at)
    given_up: int = rows.filter(invoice=billed_on(dispute)).aggregate(all=Sum("amount", default=0))["all"]
    return given_up
