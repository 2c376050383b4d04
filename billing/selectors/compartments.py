"""Where every session stands in the reconciliation: in exactly one of eleven compartments.

A status of billing (`billing.models.billing_status`) has a compartment, and is told apart further by what is true of
some of its sessions at the moment (`_APART`, the first that holds): what stands on an invoice is disputed, or lost as
the invoice is given up, or lost in part as some of it is; what was written off had been credited; and of what waits for
a run, the run of its month is issued already: it was carried over, as its payer's invoice would have been smaller than
agreed, or it came late. So nothing is kept twice and nothing goes stale.

The same table is read as a CASE by reports and as conditions by lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db import connection, models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.domain.errors import Code
from billing.models import BilledSession, Dispute, InvoiceRun, Receivable, RunProblem, WriteOff
from billing.models.billing_status import CREDITED, BillingStatus
from billing.models.invoice import IN_FORCE
from billing.selectors import day_sums, payers, session_ledger
from billing.selectors.day_sums import Wanted
from billing.sql.payers import JOINED, PAYER
from billing.sql.status import OPEN_TO_BILLING, on_no_invoice
from charging.models import ChargingSession
from tenants.models import Operator
from tenants.scoping import current_operator_id


class Compartment(models.TextChoices):
    """The eleven compartments a session can be in. Exactly one."""

    INVOICED = "invoiced", _("invoiced")
    DISPUTED = "disputed", _("disputed")
    LOST = "lost", _("lost, as the payer does not pay")
    LOST_IN_PART = "lost_in_part", _("lost in part")
    CREDITED = "credited", _("credited")
    CARRIED_OVER = "carried_over", _("carried over")
    LATE = "late", _("late")
    FREE = "free", _("free")
    WRITTEN_OFF = "written_off", _("written off")
    UNDER_REVIEW = "under_review", _("under review")
    NOT_YET = "not_yet", _("not billed yet")


HOME: Final[dict[BillingStatus, Compartment]] = {
    BillingStatus.INVOICED: Compartment.INVOICED,
    BillingStatus.ZERO_PRICE: Compartment.FREE,
    BillingStatus.WRITTEN_OFF: Compartment.WRITTEN_OFF,
    BillingStatus.PENDING: Compartment.UNDER_REVIEW,
    BillingStatus.PROBLEM: Compartment.UNDER_REVIEW,
    BillingStatus.WAITING: Compartment.NOT_YET,
    BillingStatus.DRAFTED: Compartment.NOT_YET,
    BillingStatus.UNRATED: Compartment.NOT_YET,
    BillingStatus.ACTIVE: Compartment.NOT_YET,
}


@dataclass(frozen=True, slots=True)
class Now:
    """What is true at the moment: until when months are issued; what is disputed, lost, lost in part, carried over."""

    issued_until: datetime | None
    disputed: list[int]
    lost: list[int]
    lost_in_part: list[int]
    carried_over: list[int]

    @property
    def values(self) -> dict[str, Any]:
        """The same as parameters of `COMPARTMENT`."""
        names = ("issued_until", "disputed", "lost", "lost_in_part", "carried_over")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Apart:
    """What tells sessions of these statuses apart: the compartment, as SQL over `s`, and as a condition."""

    compartment: Compartment
    of: tuple[BillingStatus, ...]
    sql: str
    condition: Callable[[Now], Q]


_NOBODY = Q(pk__in=())
_APART: Final = (
    Apart(
        Compartment.DISPUTED,
        (BillingStatus.INVOICED,),
        "s.id = ANY(%(disputed)s::bigint[])",
        lambda now: Q(pk__in=now.disputed),
    ),
    Apart(
        Compartment.LOST,
        (BillingStatus.INVOICED,),
        "s.id = ANY(%(lost)s::bigint[])",
        lambda now: Q(pk__in=now.lost),
    ),
    Apart(
        Compartment.LOST_IN_PART,
        (BillingStatus.INVOICED,),
        "s.id = ANY(%(lost_in_part)s::bigint[])",
        lambda now: Q(pk__in=now.lost_in_part),
    ),
    Apart(
        Compartment.CREDITED,
        (BillingStatus.WRITTEN_OFF,),
        f"'{CREDITED}' = ANY(s.flags)",
        lambda now: Q(flags__contains=[CREDITED]),
    ),
    Apart(
        Compartment.CARRIED_OVER,
        (BillingStatus.WAITING,),
        "s.id = ANY(%(carried_over)s::bigint[])",
        lambda now: Q(pk__in=now.carried_over),
    ),
    Apart(
        Compartment.LATE,
        (BillingStatus.WAITING, BillingStatus.UNRATED),
        "s.ended_at < %(issued_until)s::timestamptz",
        lambda now: Q(ended_at__lt=now.issued_until) if now.issued_until else _NOBODY,
    ),
)
#: The `Compartment` of a session `s` whose status is `s.status`.
COMPARTMENT: Final = "CASE {} {} END".format(
    " ".join(
        f"WHEN s.status = '{status}' AND {apart.sql} THEN '{apart.compartment}'"
        for apart in _APART
        for status in apart.of
    ),
    " ".join(f"WHEN s.status = '{status}' THEN '{compartment}'" for status, compartment in HOME.items()),
)


def now() -> Now:
    """Look up what is true at the moment, for every session of the operator."""
    run = InvoiceRun.objects.filter(state=InvoiceRun.State.ISSUED).order_by("-month").first()
    lost, in_part = _lost()
    return Now(run.until if run else None, _disputed(), lost, in_part, _carried_over(run) if run else [])


def statuses(compartment: str) -> tuple[BillingStatus, ...]:
    """The statuses that sessions of the compartment may have."""
    found = [status for status, home in HOME.items() if home == compartment]
    return (*found, *(status for apart in _APART if apart.compartment == compartment for status in apart.of))


def having(rows: QuerySet[ChargingSession], compartment: str) -> QuerySet[ChargingSession]:
    """Keep the sessions that stand in the compartment; an unknown one keeps all."""
    if compartment not in Compartment:
        return rows
    at = now()
    return rows.filter(reduce(or_, (_condition(status, compartment, at) for status in statuses(compartment))))


def _condition(status: BillingStatus, compartment: str, at: Now) -> Q:
    """A session has this status, and is told apart into this compartment and none before it."""
    condition = session_ledger.condition(status)
    for apart in _APART:
        if status in apart.of:
            if apart.compartment == compartment:
                return condition & apart.condition(at)
            condition &= ~apart.condition(at)
    return condition


def in_month(begin: datetime, end: datetime) -> Q:
    """The condition that a session belongs to the month: it ended in it, or is in progress and began in it."""
    ended, began = Q(ended_at__gte=begin, ended_at__lt=end), Q(started_at__gte=begin, started_at__lt=end)
    return ended | Q(ended_at__isnull=True) & began


def _disputed() -> list[int]:
    """The sessions that somebody disputes, themselves or by their invoice."""
    rows = Dispute.objects.filter(state=Dispute.State.OPEN)
    invoices = rows.exclude(invoice=None).values("invoice")
    of_invoices = BilledSession.objects.filter(IN_FORCE, invoice__in=invoices).values_list("session", flat=True)
    return sorted({*rows.exclude(session=None).values_list("session", flat=True), *of_invoices})


def _lost() -> tuple[list[int], list[int]]:
    """The sessions that stand on an invoice that is given up, and those on one of which some is; sorted.

    An invoice is given up if nothing of it is paid or open. A small difference is none of either: the rest was paid.
    """
    losses = WriteOff.objects.filter(undoes__isnull=True, undone_by__isnull=True).exclude(why=WriteOff.Why.DIFFERENCE)
    rows = BilledSession.objects.filter(IN_FORCE, invoice__in=losses.values("invoice")).order_by("session")
    wholly = Exists(Receivable.objects.filter(invoice=OuterRef("invoice"), paid__lte=0, rest__lte=0))
    lost, in_part = (list(rows.filter(is_whole).values_list("session", flat=True)) for is_whole in (wholly, ~wholly))
    return lost, in_part


_CARRIED_OVER = f"""
SELECT s.id FROM charging_chargingsession s
JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id AND p.state = 'priced'
{JOINED}
WHERE s.operator_id = %(operator)s AND s.started_at >= %(since)s AND s.ended_at < %(until)s AND {OPEN_TO_BILLING}
  AND (s.driver_id = ANY(%(drivers)s::bigint[]) OR s.token_id = ANY(%(cards)s::bigint[]))
  AND {PAYER} = ANY(%(accounts)s::bigint[]) AND {on_no_invoice()}
ORDER BY 1
"""  # noqa: S608  # constants only


def _carried_over(run: InvoiceRun) -> list[int]:
    """What waits of the accounts whose invoice the last issued run left out for being too small."""
    rows = RunProblem.objects.filter(run=run, code=Code.CARRIED_OVER)
    accounts = list(rows.values_list("account", flat=True))
    first = _first_waiting(run) if accounts else None
    if first is None:
        return []
    zone = Operator.objects.get(pk=current_operator_id()).zone
    values = {"operator": current_operator_id(), "accounts": accounts, **payers.reach_of(accounts)}
    values |= {"since": day_sums.midnight(first, zone), "until": run.until}
    with connection.cursor() as cursor:
        cursor.execute(_CARRIED_OVER, values)
        return [key for (key,) in cursor.fetchall()]


def _first_waiting(run: InvoiceRun) -> date | None:
    """The first day on which something began that waits although its month was issued; sums by day know it."""
    zone = Operator.objects.get(pk=current_operator_id()).zone
    last = run.until.astimezone(zone).date() - timedelta(days=1)
    wanted = Wanted(last=last, by="ended_on", statuses=(BillingStatus.WAITING.value,))
    return min((part.key[0] for part in day_sums.sums(wanted, by=("started_on",))), default=None)
