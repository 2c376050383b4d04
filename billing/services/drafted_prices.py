"""What is drafted by terms that were changed since: such a run is not issued (`billing.selectors.run_checks`).

A price on an invoice stays, also on a draft: whoever publishes or assigns a tariff that reaches back, moves a driver to
another payer, or enters late of which group they were, finds drafts of before. Once they are discarded, what would be
priced otherwise by now is priced anew: nothing else forgets its price, as it was on an invoice when terms changed.
"""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import QuerySet

from billing import batches
from billing.models import BilledSession, Invoice, InvoiceRun, RunRemark, SessionPrice, TariffVersion
from billing.models.invoice import IN_FORCE
from billing.selectors import terms
from billing.selectors.terms import PriceBook
from billing.services import rating
from billing.services.rating import BATCH
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants.scoping import current_operator_id


@limited_to(None)  # drafts have sessions of every site
def note(sessions: QuerySet[ChargingSession]) -> None:
    """Note on drafts with some of these sessions that another tariff may price them by now."""
    rows = Invoice.objects.filter(state=Invoice.State.DRAFT, billed_sessions__session__in=sessions).distinct()
    drafts = rows.exclude(run=None).select_related("run")
    code = RunRemark.Code.PRICED
    RunRemark.objects.bulk_create(RunRemark(run=row.run, invoice=row, code=code, off_by=0) for row in drafts)


@limited_to(None)  # as above
def outdated(run: InvoiceRun) -> list[int]:
    """The sessions on the run's drafts that would be priced otherwise by now; looked for only if something changed."""
    dealers = set(run.invoices.filter(account__dealer_changed_at__gt=run.started_at).values_list("account", flat=True))
    noted = run.remarks.filter(code__in=RunRemark.NOTED)
    published = TariffVersion.objects.filter(published_at__gt=run.started_at, valid_from__lt=run.until)
    if not (dealers or noted.exists() or published.exists()):
        return []
    rows = BilledSession.objects.filter(IN_FORCE, invoice__run=run, invoice__state=Invoice.State.DRAFT)
    payers = dict(rows.order_by("session").values_list("session", "invoice__account"))
    ids, book = list(payers), terms.price_book()
    parts = (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
    return [pk for part in parts for pk in _priced_otherwise(book, part, payers=payers, dealers=dealers)]


def price_anew(session_ids: Sequence[int]) -> None:
    """Forget the prices of these sessions, which stand on no invoice; a run that is started at once makes them anew."""
    SessionPrice.objects.filter(session__in=session_ids).delete()
    rating.ask()


def _priced_otherwise(
    book: PriceBook, ids: Sequence[int], *, payers: Mapping[int, int], dealers: Collection[int]
) -> list[int]:
    """Those of the sessions that another version would price now, or that one of these dealers pays for.

    And those that another than the draft's payer, or nobody, pays for by now: what somebody buys to resell has another
    VAT by the same version.
    """
    batch = batches.read(current_operator_id(), ids)
    versions, chosen = book.choose(batch)
    was = dict(SessionPrice.objects.filter(session__in=ids).values_list("session", "tariff_version"))
    now = [versions[number].pk if number >= 0 else None for number in chosen.tolist()]
    each = zip(batch.id.tolist(), now, batch.payer.tolist(), strict=True)
    return [pk for pk, version, payer in each if was.get(pk) != version or payer != payers[pk] or payer in dealers]
