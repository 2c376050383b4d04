"""What the page of one session tells, put together from all floors: facts, series, price, decisions."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.selectors import prices, session_ledger
from charging.models import ChargingSession
from portal.web.charts import Chart, Series
from portal.web.staff.review import DecisionForm
from portal.words import measures
from portal.words import prices as price_words
from portal.words.log import lines as audit_lines
from portal.words.sessions import flag_sentence, flag_word, standing_tone
from tenants.selectors import audit_log

EVENTS_SHOWN = 20
#: A chart of at most this length needs no dates on its axis.
ONE_DAY = timedelta(hours=20)


def of(session: ChargingSession, *, may_see_audit: bool) -> dict[str, Any]:
    """Return the variables of the session's page."""
    entry = session_ledger.entries([session])[0]
    told = prices.explained(session) if entry.amount is not None else None
    return {
        "session": session,
        "entry": entry,
        "tone": standing_tone(entry.standing),
        "chart": power(session),
        "flags": [(flag_word(code), flag_sentence(code)) for code in session.flags],
        "decision": DecisionForm(),
        "price": prices.of_session(session) if told else entry.price,
        "story": price_words.story(told, session.site.zone) if told else None,
        "history": _history(session) if may_see_audit else [],
    }


def power(session: ChargingSession) -> Chart | None:
    """Return the session's average power in each slot of its series; None without a series."""
    if not session.series_wh or session.series_start is None or not session.series_interval_s:
        return None
    length = timedelta(seconds=session.series_interval_s)
    starts = [session.series_start + place * length for place in range(len(session.series_wh))]
    hours = Decimal(session.series_interval_s) / 3600
    return Chart(
        title=_("Power"),
        x_label=_("From"),
        xs=starts,
        series=[Series(_("Average power"), [Decimal(wh) / hours / 1000 for wh in session.series_wh], "kW", 1)],
        shape="steps",
        zone=session.site.zone,
        clock_only=starts[-1] - starts[0] < ONE_DAY,
        summary=_("average of each %(minutes)d minutes") % {"minutes": session.series_interval_s // 60},
    )


def _history(session: ChargingSession) -> list[dict[str, Any]]:
    entries = list(audit_log.of_object(session).order_by("-id")[:EVENTS_SHOWN])
    return [
        {
            "title": line.sentence,
            "at": measures.local_time(line.at, session.site.zone),
            "by": line.who,
            "changes": line.changes or _reason(entry.additional_data),
        }
        for entry, line in zip(entries, audit_lines.lines(entries), strict=True)
    ]


def _reason(facts: Any) -> list[tuple[str, str, str]]:
    reason = facts.get("reason", "") if isinstance(facts, dict) else ""
    return [(_("Reason"), "", reason)] if reason else []
