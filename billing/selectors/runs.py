"""Invoice runs: the list, how far one is, what it could not bill."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from billing.domain.calendar import day_of, month_after
from billing.models import Invoice, InvoiceRun, NumberSeries, RunChunk, RunProblem, RunRemark
from billing.selectors import month_sums
from billing.selectors.invoices import SERIES
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `failed` parts are tried again; what is `set_aside` waits for a person."""

    state: str
    sessions_done: int
    sessions_total: int
    chunks_done: int
    chunks_total: int
    failed: int
    set_aside: int

    @property
    def is_running(self) -> bool:
        """Whether there is anything left to wait for."""
        return self.state == InvoiceRun.State.RUNNING

    @property
    def percent(self) -> int:
        """Of the sessions, whole percents, rounded down."""
        return 100 if self.sessions_total == 0 else 100 * self.sessions_done // self.sessions_total


@dataclass(frozen=True, slots=True)
class Sums:
    """What a run made, by currency."""

    currency: str
    invoices: int
    sessions: int
    energy_wh: int
    amount_excl_vat: Decimal
    vat: Decimal
    amount_due: Decimal


@dataclass(frozen=True, slots=True)
class Listed:
    """A run with the number of its invoices and the sum due; None while there are none."""

    run: InvoiceRun
    invoice_count: int
    amount_due: Decimal | None


@dataclass(frozen=True, slots=True)
class Issuing:
    """What issuing gives the drafts of a run now: their numbers, days to pay by, and ways to their payers."""

    first: str
    last: str
    due_from: date
    due_until: date
    by_delivery: Mapping[str, int]


def listing() -> QuerySet[InvoiceRun]:
    """All runs with who started and issued them, in no order."""
    return InvoiceRun.objects.select_related("started_by", "issued_by")


def told(rows: Iterable[InvoiceRun]) -> list[Listed]:
    """The runs with what they made. Two queries and that of the rows."""
    made = {part.key[0]: part for part in month_sums.sums(by=("run_id",))}
    return [
        Listed(run, made[run.pk].documents, made[run.pk].amount_due) if run.pk in made else Listed(run, 0, None)
        for run in rows
    ]


def one(public_id: UUID) -> InvoiceRun | None:
    """A run with the people who started and issued it; None when there is no such run."""
    return InvoiceRun.objects.select_related("started_by", "issued_by").filter(public_id=public_id).first()


def progress(run: InvoiceRun) -> Progress:
    """How far the run is now. Two queries."""
    run = InvoiceRun.objects.get(pk=run.pk)
    state = RunChunk.State
    chunks = run.chunks.aggregate(
        total=Count("pk"),
        finished=Count("pk", filter=Q(state=state.DONE)),
        failed=Count("pk", filter=~Q(error="") & Q(state__in=[state.WAITING, state.RUNNING])),
        set_aside=Count("pk", filter=Q(state=state.SET_ASIDE)),
    )
    return Progress(
        run.state,
        run.sessions_done,
        run.sessions_total,
        chunks["finished"],
        chunks["total"],
        chunks["failed"],
        chunks["set_aside"],
    )


def sums(run: InvoiceRun) -> list[Sums]:
    """What the run's invoices add up to, one row a currency. Two queries."""
    return [
        Sums(
            part.key[0],
            part.documents,
            part.sessions,
            part.energy_wh,
            part.amount_excl_vat,
            part.vat,
            part.amount_due,
        )
        for part in month_sums.sums(by=("currency",), run=run)
    ]


def issuing(run: InvoiceRun, operator: Operator, *, today: date) -> Issuing | None:
    """What issuing the run today would give its drafts; None where it has none. Two queries.

    by_delivery: how many are for payers of each `Account.Delivery`.
    """
    days = Coalesce("account__payment_terms_days", Value(operator.payment_terms_days))
    drafts = Invoice.objects.filter(run=run, state=Invoice.State.DRAFT).order_by()
    found = list(drafts.values("account__delivery").annotate(count=Count("pk"), least=Min(days), most=Max(days)))
    if not found:
        return None
    last = NumberSeries.objects.filter(code=SERIES).values_list("last_number", flat=True).first() or 0
    return Issuing(
        first=f"{SERIES}{last + 1}",
        last=f"{SERIES}{last + sum(row['count'] for row in found)}",
        due_from=today + timedelta(days=min(row["least"] for row in found)),
        due_until=today + timedelta(days=max(row["most"] for row in found)),
        by_delivery={row["account__delivery"]: row["count"] for row in found},
    )


def before(run: InvoiceRun) -> InvoiceRun | None:
    """The run of the month before it, or the last one before that; None for the first."""
    return InvoiceRun.objects.filter(month__lt=run.month).order_by("-month").first()


def remarks(run: InvoiceRun) -> QuerySet[RunRemark]:
    """What is odd among the run's invoices, and who got none, the oddest first."""
    rows = run.remarks.exclude(code__in=RunRemark.NOTED)
    rows = rows.select_related("invoice__buyer", "invoice__account", "invoice__credits")
    return rows.order_by("-off_by", "pk")


def problems(run: InvoiceRun) -> QuerySet[RunProblem]:
    """The accounts the run did not bill, and why, by customer number."""
    return run.problems.select_related("account__identity").order_by("account__customer_number")


def startable(operator: Operator, *, at: datetime, count: int = 12) -> list[date]:
    """Months that have ended by the operator's clock and have no run yet, newest first, of the last `count`."""
    taken = set(InvoiceRun.objects.values_list("month", flat=True))
    month, found = day_of(at, operator.time_zone).replace(day=1), []
    for _ in range(count):
        month = _month_before(month)
        if month not in taken:
            found.append(month)
    return found


def _month_before(month: date) -> date:
    year, number = divmod(month.year * 12 + month.month - 2, 12)
    before = date(year, number + 1, 1)
    assert month_after(before) == month
    return before
