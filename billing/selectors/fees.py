"""Fees of accounts: the list, those of an account, and what was charged of them."""

from datetime import date
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from billing.models import BilledFee, Fee, Invoice, InvoiceLine
from tenants.models import Account
from tenants.selectors import accounts
from tenants.selectors.search import among

#: What becomes of a fee, as people ask for it.
RUNNING, ENDED = "running", "ended"
#: So many payers that a search means are looked at.
FOUND = 1_000


def listing(*, search: str = "", kind: str = "", state: str = "", today: date | None = None) -> QuerySet[Fee]:
    """Fees that meet all criteria, with the account and `charged_until`, in no order.

    search: a payer's customer number or name, or words of the text. state: `RUNNING` or `ENDED`; both need `today`.
    """
    rows = _told(Fee.objects.select_related("account__identity"))
    rows = rows.filter(kind=kind) if kind else rows
    if state == RUNNING:
        rows = rows.filter(_running(today))
    elif state == ENDED:
        rows = rows.exclude(_running(today))
    if not search.strip():
        return rows
    theirs = accounts.listing(search.strip(), closed=True).values_list("pk", flat=True)
    return rows.filter(among("account", theirs[:FOUND]) | Q(text__icontains=search.strip()))


def of_account(account: Account, *, running_on: date | None = None) -> QuerySet[Fee]:
    """The account's fees, the newest first; those that go on or are still to come on a day, if one is named."""
    rows = _told(Fee.objects.filter(account=account)).order_by("-since", "-pk")
    return rows.filter(_running(running_on)) if running_on else rows


def one(public_id: UUID) -> Fee | None:
    """A fee with its account; None when there is no such fee."""
    return _told(Fee.objects.select_related("account__identity")).filter(public_id=public_id).first()


def billed(fee: Fee) -> QuerySet[InvoiceLine]:
    """What was charged of the fee, also on drafts, the newest first; credit notes are not in it."""
    rows = InvoiceLine.objects.filter(fee__fee=fee, invoice__kind=Invoice.Kind.INVOICE)
    rows = rows.select_related("invoice", "fee__driver__identity", "fee__token")
    return rows.order_by("-fee__first_day", "-pk")


def lines(*documents: Invoice) -> list[InvoiceLine]:
    """The lines of these documents that are of fees, in order."""
    rows = InvoiceLine.objects.filter(invoice__in=documents, fee__isnull=False)
    return list(rows.select_related("invoice", "fee__driver__identity", "fee__token").order_by("invoice", "position"))


def _running(day: date | None) -> Q:
    """That a fee goes on or is still to come; of what is charged once, that it is not charged yet."""
    return (
        Q(until__gte=day)
        | Q(until__isnull=True, kind__in=[Fee.Kind.MONTHLY, Fee.Kind.YEARLY, Fee.Kind.DISCOUNT])
        | Q(kind__in=[Fee.Kind.ONCE, Fee.Kind.CREDIT], charged_until__isnull=True)
    )


def _told(rows: QuerySet[Fee]) -> QuerySet[Fee]:
    last = BilledFee.objects.filter(fee=OuterRef("pk")).order_by("-last_day").values("last_day")[:1]
    return rows.annotate(charged_until=Subquery(last))
