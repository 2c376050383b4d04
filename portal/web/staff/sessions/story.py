"""What the page of one session tells, put together from all floors: facts, series, price, decisions."""

from typing import Any

from django.utils.translation import gettext as _

from billing.domain.errors import Code
from billing.models import Invoice
from billing.models.billing_status import BillingStatus
from billing.selectors import discounts, findings, prices, session_ledger
from billing.selectors.session_ledger import Entry
from charging.models import ChargingSession, Correction
from portal.web import session_course, signed_values
from portal.web.staff.review import DecisionForm
from portal.words import corrections as correction_words
from portal.words import invoices as invoice_words
from portal.words import measures
from portal.words import prices as price_words
from portal.words.log import lines as audit_lines
from portal.words.sessions import flag_sentence, flag_word
from tenants.log import reading as audit_log
from tenants.models import Operator

EVENTS_SHOWN = 20


def of(session: ChargingSession, operator: Operator, *, may_see_audit: bool) -> dict[str, Any]:
    """Return the variables of the session's page."""
    entry = session_ledger.entries([session])[0]
    known = session_course.course(session)
    told = prices.explained(session) if entry.amount is not None else None
    explained = price_words.story(told, session.site.zone, charged_until=known.charged_until) if told else None
    return {
        "session": session,
        "entry": entry,
        "chart": session_course.power_table(session),
        "course": session_course.told(session, told),
        "average_w": known.average_w(session.energy_wh),
        "mend": mend(entry),
        "signed": signed_values.told(session),
        "flags": [(flag_word(code), flag_sentence(code)) for code in session.flags],
        "form": DecisionForm(),
        "unpriced": entry.status == BillingStatus.PROBLEM,
        **_at_stake(session),
        **_corrections(session),
        "price": prices.of_session(session) if told else entry.price,
        "story": explained,
        "taken_off": _taken_off(session, operator, entry.invoice, explained) if explained else [],
        "history": _history(session) if may_see_audit else [],
    }


def _taken_off(
    session: ChargingSession, operator: Operator, invoice: Invoice | None, story: price_words.Story
) -> list[str]:
    rows = discounts.of_session(session, zone=operator.time_zone, invoice=invoice)
    return invoice_words.taken_off(rows, is_cut=story.is_cut)


def _at_stake(session: ChargingSession) -> dict[str, Any]:
    if session.review != ChargingSession.Review.PENDING:
        return {"stake": None, "overlapped": None}
    (finding,) = findings.told([session])
    return {"stake": finding.stake, "overlapped": finding.overlapped}


def _corrections(session: ChargingSession) -> dict[str, Any]:
    """What was said of the session otherwise: how much of it is open, and what became of the rest."""
    rows = list(Correction.objects.filter(session=session).select_related("replaced_by", "file_import").order_by("pk"))
    decided = [row for row in rows if row.state != Correction.State.OPEN]
    return {
        "said_otherwise": len(rows) - len(decided),
        "corrections": correction_words.settled(session, decided),
        "instead_of": ChargingSession.objects.filter(corrections__replaced_by=session).first(),
    }


def mend(entry: Entry) -> str:
    """What mends it that a session cannot be priced: its card, where a tariff applies, or a tariff's version."""
    if entry.price is None:
        return ""
    match entry.price.problem:
        case Code.NO_DRIVER:
            return "card" if entry.session.token_id else ""
        case Code.NO_TARIFF | Code.NO_VERSION | Code.TARIFF_NOT_VALID | Code.TOO_COSTLY:
            return "tariffs"
        case "":
            return ""
    return "file" if entry.session.file_import_id else "station"


def _history(session: ChargingSession) -> list[dict[str, Any]]:
    entries = list(audit_log.of_object(session).order_by("-id")[:EVENTS_SHOWN])
    return [
        {
            "title": line.sentence,
            "at": measures.local_time(line.at, session.site.zone),
            "by": line.who,
            "changes": line.changes or _reason(entry.additional_data),
        }
        for entry, line in zip(entries, audit_lines.lines(entries, zone=session.site.zone), strict=True)
    ]


def _reason(facts: Any) -> list[tuple[str, str, str]]:
    reason = facts.get("reason", "") if isinstance(facts, dict) else ""
    return [(_("Reason"), "", reason)] if reason else []
