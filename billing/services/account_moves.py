"""A driver or card moved to another account for a time: what is not billed is paid for by that one, with a new price.

Who pays is told by card, driver and time (`billing.sql.payers`), so nothing but prices has to follow. What an invoice
says stays, also what a draft says: discard the draft, or credit the invoice, and its sessions follow.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from billing.events import Event
from billing.models import Invoice, RunRemark
from billing.services import rating
from charging.models import ChargingSession, Token
from charging.services import account_members
from charging.site_scope import limited_to
from tenants.log.audit import record
from tenants.models import Account, Driver


@dataclass(frozen=True, slots=True)
class Moved:
    """How many sessions follow, and how many stay because they stand on an invoice."""

    sessions: int
    billed: int


@transaction.atomic
@limited_to(None)  # who pays holds at every site
def move(
    who: Driver | Token,
    *,
    to: Account | None,
    since: datetime | None = None,
    until: datetime | None = None,
    pays: bool = True,
) -> Moved:
    """Let the driver or card belong to the account from `since` until `until`, and price its unbilled sessions anew.

    Raises as `charging.services.account_members.move`.
    """
    account_members.move(who, to=to, since=since, until=until, pays=pays)
    bounds = {"started_at__gte": since, "started_at__lt": until}
    named = {"driver": who} if isinstance(who, Driver) else {"token": who}
    within = {name: at for name, at in bounds.items() if at is not None}
    sessions = ChargingSession.objects.filter(**named, **within)
    free = rating.free_to_change(sessions)
    _note_on_drafts(sessions)
    moved = Moved(len(free), sessions.count() - len(free))
    record(
        Event.ACCOUNT_MEMBER_MOVED,
        about=to or who,
        account=to.customer_number if to else "",
        driver=who.customer_number if isinstance(who, Driver) else "",
        card=who.log_name if isinstance(who, Token) else "",
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        sessions=moved.sessions,
        billed=moved.billed,
    )
    return moved


def _note_on_drafts(sessions: QuerySet[ChargingSession]) -> None:
    """Note on drafts with some of these sessions that they may be another payer's by now."""
    rows = Invoice.objects.filter(state=Invoice.State.DRAFT, billed_sessions__session__in=sessions).distinct()
    drafts = rows.exclude(run=None).select_related("run")
    code = RunRemark.Code.MOVED
    RunRemark.objects.bulk_create(RunRemark(run=row.run, invoice=row, code=code, off_by=0) for row in drafts)
