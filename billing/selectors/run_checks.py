"""What is to be looked at before a run is issued: each finding is one query, and some keep the run from being issued.

What blocks would make an invoice wrong: sessions that somebody has to decide about, or that another payer pays for by
now; prices that were published since the drafts were made, tariffs that were assigned or taken away since, and payers
who resell otherwise since; VAT of another country than by now, and without the seller's VAT number of the country; and
an invoice above the limit of a simplified one without its seller's or buyer's address (ML 2023:200, 17 kap. 24 and 26
§§; private persons need no invoice). Everything else only tells. What is odd about single drafts, and who got none, is
worked out once, when the run is drafted (`billing.sql.remarks`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.domain.calendar import month_bounds
from billing.domain.errors import Code
from billing.e_invoices.rules import Fault
from billing.models import (
    BilledSession,
    Dispute,
    Invoice,
    InvoiceRun,
    RunProblem,
    RunRemark,
    Tariff,
    TariffVersion,
)
from billing.models.billing_status import BillingStatus
from billing.models.invoice import IN_FORCE
from billing.selectors import day_sums, drafted, e_invoices, month_sums, other_rates, sellers, unbilled
from billing.selectors.day_sums import Wanted
from billing.sql.payers import JOINED, PAYER
from charging.models import Correction
from tenants.models import Account, Operator

#: An invoice of up to so much, VAT included, may do without addresses. Of another currency nothing is refused.
SIMPLIFIED: Final = {"SEK": Decimal(4000), "EUR": Decimal(400)}
#: Once so many sessions are found to be priced otherwise, no more are looked for.
COMPARED_AT_MOST: Final = 20_000
#: So many payers, invoices or tariffs are named with a finding.
NAMED: Final = 10
#: What keeps a run from being issued.
BLOCKING: Final = frozenset(
    {
        Code.RUN_UNDER_REVIEW,
        Code.RUN_MOVED,
        Code.RUN_OLD_PRICES,
        Code.RUN_REASSIGNED,
        Code.RUN_MANY_REASSIGNED,
        Code.RUN_DEALERS_CHANGED,
        Code.RUN_COUNTRY_CHANGED,
        Code.SELLER_WITHOUT_VAT_NUMBER,
        Code.SELLER_WITHOUT_NUMBER_ABROAD,
        Code.SELLER_WITHOUT_ADDRESS,
        Code.BUYER_WITHOUT_ADDRESS,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how many of it, whom or what it is about, the first of them, and what e-invoices lack."""

    code: Code
    count: int
    about: Sequence[Any] = ()
    faults: Sequence[Fault] = ()

    @property
    def blocks(self) -> bool:
        """Whether the run is not issued while it stands."""
        return self.code in BLOCKING

    @property
    def facts(self) -> dict[str, Any]:
        """What its sentence says."""
        return {"count": self.count}


@dataclass(frozen=True, slots=True)
class Compared:
    """What an earlier month's run came to in a currency; `change`: how much more this one does, as a share of one."""

    month: date
    currency: str
    invoices: int
    sessions: int
    amount_due: Decimal
    change: Decimal | None


def findings(run: InvoiceRun) -> list[Finding]:
    """All that was found, what blocks first."""
    found = [*blocking(run), *_told(run)]
    return [finding for finding in found if finding.count]


def blocking(run: InvoiceRun) -> list[Finding]:
    """What keeps the run from being issued."""
    operator = Operator.objects.get(pk=run.operator_id)
    found = [
        Finding(Code.RUN_UNDER_REVIEW, count=unbilled.drafted_under_review(run)),
        _moved(run),
        _old_prices(run),
        _reassigned(run),
        _dealers_changed(run),
        _countries_changed(run, operator),
        Finding(Code.SELLER_WITHOUT_VAT_NUMBER, count=0 if operator.vat_number else _with_vat(run)),
        Finding(Code.SELLER_WITHOUT_NUMBER_ABROAD, count=sellers.missing_abroad(run, operator)[0]),
        Finding(Code.SELLER_WITHOUT_ADDRESS, count=0 if operator.street and operator.city else _full(run).count()),
        _without_address(run),
    ]
    return [finding for finding in found if finding.count]


def compared(run: InvoiceRun) -> list[Compared]:
    """What the runs of the month before and of the same month a year ago came to, as far as they were issued."""
    now = {part.key[0]: part.amount_due for part in month_sums.sums(by=("currency",), run=run)}
    months = [(run.month - timedelta(days=1)).replace(day=1), run.month.replace(year=run.month.year - 1)]
    rows = []
    for before in InvoiceRun.objects.filter(month__in=months, state=InvoiceRun.State.ISSUED).order_by("-month"):
        for part in month_sums.sums(by=("currency",), run=before):
            change = (now.get(part.key[0], Decimal(0)) - part.amount_due) / part.amount_due if part.amount_due else None
            rows.append(Compared(before.month, part.key[0], part.documents, part.sessions, part.amount_due, change))
    return rows


def _told(run: InvoiceRun) -> Iterator[Finding]:
    yield _differing(run)
    yield _disputed(run)
    yield Finding(Code.RUN_LATE_SESSIONS, count=_late(run))
    yield _changed_prices(run)
    yield _other_rates(run)
    yield _carried_over(run)
    yield _unreachable(run)
    yield from _of_e_invoices(run)


_MOVED = f"""
SELECT i.id, count(*) FROM billing_invoice i
JOIN billing_billedsession b ON b.operator_id = i.operator_id AND b.invoice_id = i.id
JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id
{JOINED}
WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND {PAYER} IS DISTINCT FROM i.account_id
  AND i.id IN (SELECT r.invoice_id FROM billing_runremark r
      WHERE r.operator_id = %(operator)s AND r.run_id = %(run)s AND r.code = 'moved')
GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608  # constants only


def _moved(run: InvoiceRun) -> Finding:
    """Sessions that another account pays for by now, on drafts that a move has touched."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"operator": run.operator_id, "run": run.pk})
        rows = cursor.fetchall()
    drafts = Invoice.objects.select_related("buyer", "account").in_bulk([pk for pk, _ in rows[:NAMED]])
    return Finding(Code.RUN_MOVED, count=sum(count for _, count in rows), about=[drafts[pk] for pk, _ in rows[:NAMED]])


def _old_prices(run: InvoiceRun) -> Finding:
    """Tariffs of which a version was published since and reaches back into the billed time."""
    rows = TariffVersion.objects.filter(published_at__gt=run.started_at, valid_from__lt=run.until)
    return _tariffs(rows, Code.RUN_OLD_PRICES)


def _reassigned(run: InvoiceRun) -> Finding:
    """Sessions that another tariff prices by now, on drafts that an assignment has touched."""
    noted = RunRemark.objects.filter(run=run, code=RunRemark.Code.PRICED).values("invoice")
    count, few = 0, list[int]()
    for part in drafted.otherwise(run.invoices.filter(pk__in=noted, state=Invoice.State.DRAFT)):
        count += len(part.version)
        few += part.version[: COMPARED_AT_MOST - len(few)]
        if count >= COMPARED_AT_MOST:
            break
    if not count:
        return Finding(Code.RUN_REASSIGNED, count=0)
    drafts = run.invoices.filter(billed_sessions__session__in=few).distinct()
    first = drafts.select_related("buyer", "account").order_by("-amount_due", "pk")[:NAMED]
    code = Code.RUN_REASSIGNED if count < COMPARED_AT_MOST else Code.RUN_MANY_REASSIGNED
    return Finding(code, count=count, about=list(first))


def _dealers_changed(run: InvoiceRun) -> Finding:
    """Drafts that would have another VAT by now, as their payers resell otherwise than when they were made."""
    rows = run.invoices.filter(state=Invoice.State.DRAFT, account__dealer_changed_at__gt=run.started_at)
    drafts, accounts = set[int](), dict(rows.values_list("pk", "account"))
    if accounts:
        for part in drafted.otherwise(rows, dealers=set(accounts.values())):
            there = BilledSession.objects.filter(IN_FORCE, session__in=part.vat)
            drafts.update(there.values_list("invoice", flat=True))
    first = run.invoices.filter(pk__in=sorted(drafts)[:NAMED]).select_related("account__identity").order_by("pk")
    return Finding(Code.RUN_DEALERS_CHANGED, count=len(drafts), about=[draft.account for draft in first])


def _countries_changed(run: InvoiceRun, operator: Operator) -> Finding:
    """Drafts that would charge the VAT of another country by now, as a site's or the operator's own was corrected."""
    drafts = sellers.moved(run, operator)
    first = run.invoices.filter(pk__in=drafts[:NAMED]).select_related("buyer", "account").order_by("pk")
    return Finding(Code.RUN_COUNTRY_CHANGED, count=len(drafts), about=list(first) if drafts else [])


def _changed_prices(run: InvoiceRun) -> Finding:
    """Tariffs of which another version came into force within the month."""
    operator = Operator.objects.get(pk=run.operator_id)
    begin, end = month_bounds(run.month, operator.time_zone)
    rows = TariffVersion.objects.filter(published_at__isnull=False, valid_from__gt=begin, valid_from__lt=end)
    return _tariffs(rows, Code.RUN_PRICES_CHANGED)


def _other_rates(run: InvoiceRun) -> Finding:
    """Drafts with a rate of VAT that their country had as its standard one on none of the days they charge for."""
    drafts = run.invoices.filter(pk__in=other_rates.odd(run).drafts).select_related("buyer", "account")
    count, first = _first(drafts.order_by("pk"))
    return Finding(Code.RUN_OTHER_RATES, count=count, about=first)


def _tariffs(versions: QuerySet[TariffVersion], code: Code) -> Finding:
    found = list(Tariff.objects.filter(pk__in=versions.values("tariff")).order_by("name"))
    return Finding(code, len(found), found[:NAMED])


def _with_vat(run: InvoiceRun) -> int:
    """How many drafts there are, if any of their VAT is not nothing."""
    sums = month_sums.sums(by=("currency",), run=run)
    return sum(part.documents for part in sums if part.vat)


def _full(run: InvoiceRun) -> QuerySet[Invoice]:
    """The drafts that must have all particulars. Nobody owes a private person an invoice."""
    above = Q()
    for currency, limit in SIMPLIFIED.items():
        above |= Q(currency=currency, amount_due__gt=limit)
    return run.invoices.filter(above).exclude(account__kind=Account.Kind.PRIVATE)


def _without_address(run: InvoiceRun) -> Finding:
    rows = _full(run).filter(Q(account__identity__street="") | Q(account__identity__city=""))
    rows = rows.select_related("account__identity").order_by("-amount_due", "pk")
    count, first = _first(rows)
    return Finding(Code.BUYER_WITHOUT_ADDRESS, count=count, about=[draft.account for draft in first])


def _unreachable(run: InvoiceRun) -> Finding:
    """Whose invoice goes by e-mail, and who has no address for it."""
    rows = Account.objects.exclude(kind=Account.Kind.PRIVATE).filter(
        delivery=Account.Delivery.EMAIL, identity__email="", invoices__run=run
    )
    count, first = _first(rows.select_related("identity").order_by("pk"))
    return Finding(Code.BUYER_WITHOUT_EMAIL, count=count, about=first)


def _of_e_invoices(run: InvoiceRun) -> Iterator[Finding]:
    """Which invoices could not leave as e-invoices, by who has to mend it. None of them keeps the run."""
    drafts = run.invoices.filter(account__delivery=Account.Delivery.E_INVOICE)
    operator = Operator.objects.get(pk=run.operator_id)
    rows = Account.objects.filter(delivery=Account.Delivery.E_INVOICE, invoices__run=run)
    count, first = _first(e_invoices.lacking(rows).select_related("identity").order_by("pk").distinct())
    yield Finding(Code.BUYER_LACKS_FOR_E_INVOICE, count=count, about=first)
    lacks = e_invoices.of_seller(operator, at=run.started_at)
    yield Finding(Code.SELLER_LACKS_FOR_E_INVOICE, count=drafts.count() if lacks else 0, faults=lacks)
    odd = drafts.filter(e_invoices.cannot_be_one(operator))
    if wholly_abroad := sellers.wholly_abroad(list(odd.values_list("pk", flat=True)), operator):
        odd = odd.exclude(pk__in=wholly_abroad)  # under another number their rates are no odd ones
    count, first = _first(odd.select_related("buyer", "account"))
    yield Finding(Code.NO_E_INVOICE_OF_THESE, count=count, about=first)


def _carried_over(run: InvoiceRun) -> Finding:
    rows = RunProblem.objects.filter(run=run, code=Code.CARRIED_OVER).select_related("account__identity")
    count, first = _first(rows.order_by("pk"))
    return Finding(Code.RUN_CARRIED_OVER, count=count, about=[row.account for row in first])


def _first(rows: QuerySet[Any]) -> tuple[int, list[Any]]:
    """How many there are, and the first of them; one query where there are no more than are named."""
    found = list(rows[: NAMED + 1])
    return (len(found) if len(found) <= NAMED else rows.count()), found[:NAMED]


def _late(run: InvoiceRun) -> int:
    """How many drafted sessions ended before the month, from sums by day."""
    before = Wanted(last=run.month - timedelta(days=1), by="ended_on")
    late = day_sums.totals_by_status(before).get(BillingStatus.DRAFTED.value)
    return late.sessions if late else 0


def _differing(run: InvoiceRun) -> Finding:
    """Drafted sessions of which a later file says something else."""
    rows = Correction.objects.filter(_is_drafted(run), state=Correction.State.OPEN)
    return Finding(Code.RUN_DIFFERENCES, count=rows.values("session").distinct().count())


def _disputed(run: InvoiceRun) -> Finding:
    """Drafted sessions that somebody disputes."""
    return Finding(Code.RUN_DISPUTED, count=Dispute.objects.filter(_is_drafted(run), state=Dispute.State.OPEN).count())


def _is_drafted(run: InvoiceRun) -> Exists:
    """Of something that is said of a session: that the session stands on the run's drafts."""
    return Exists(BilledSession.objects.filter(IN_FORCE, session=OuterRef("session"), invoice__run=run))
