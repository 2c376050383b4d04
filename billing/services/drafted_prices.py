"""What is drafted by terms that were changed since: such a run is not issued (`billing.selectors.run_checks`).

A price on an invoice stays, also on a draft: whoever publishes or assigns a tariff that reaches back, moves a driver to
another payer, enters late of which group they were, or corrects a country, finds drafts of before. Once they are
discarded, what would be priced otherwise by now is priced anew: nothing else forgets its price, as it was on an invoice
when terms changed.
"""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from billing.models import BilledSession, Invoice, InvoiceRun, RunRemark, SessionPrice, TariffVersion
from billing.selectors import drafted, other_rates
from billing.services import rating
from charging.models import ChargingSession, Site
from charging.site_scope import limited_to


@limited_to(None)  # drafts have sessions of every site
def note(sessions: QuerySet[ChargingSession]) -> None:
    """Note on drafts with some of these sessions that another tariff may price them by now."""
    rows = Invoice.objects.filter(state=Invoice.State.DRAFT, billed_sessions__session__in=sessions).distinct()
    _note(rows, RunRemark.Code.PRICED)


@limited_to(None)  # as above
def note_country(site: Site | None = None) -> None:
    """Note on drafts with sessions of the site, or on all, that they may charge the VAT of another country by now."""
    rows = Invoice.objects.filter(state=Invoice.State.DRAFT)
    if site is not None:
        rows = rows.filter(pk__in=BilledSession.objects.filter(session__site=site).values("invoice"))
    _note(rows, RunRemark.Code.COUNTRY)


def _note(drafts: QuerySet[Invoice], code: RunRemark.Code) -> None:
    rows = drafts.exclude(run=None).order_by().values_list("run", "pk")
    remarks = (RunRemark(run_id=run, invoice_id=invoice, code=code, off_by=0) for run, invoice in rows)
    RunRemark.objects.bulk_create(remarks, batch_size=5_000)


@limited_to(None)  # as above
def outdated(run: InvoiceRun) -> list[int]:
    """The sessions on the run's drafts that would be priced otherwise by now, also as somebody else pays for them.

    Looked for only where something changed: on all drafts once prices were published, else on those that were noted
    and on those of payers who resell otherwise since; and where a draft has another rate of VAT than the standard one.
    """
    unknown = other_rates.odd(run).sessions
    drafts = run.invoices.filter(state=Invoice.State.DRAFT)
    dealers = set(drafts.filter(account__dealer_changed_at__gt=run.started_at).values_list("account", flat=True))
    if not TariffVersion.objects.filter(published_at__gt=run.started_at, valid_from__lt=run.until).exists():
        noted = run.remarks.filter(code__in=RunRemark.NOTED).values("invoice")
        drafts = drafts.filter(Q(pk__in=noted) | Q(account__in=dealers))
    found = {pk for part in drafted.otherwise(drafts, dealers=dealers) for pk in part.sessions}
    return sorted(found.union(unknown))


def price_anew(session_ids: Sequence[int]) -> None:
    """Forget the prices of these sessions, which stand on no invoice; a run that is started at once makes them anew."""
    SessionPrice.objects.filter(session__in=session_ids).delete()
    rating.ask()
