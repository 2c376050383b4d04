"""What was odd about the use of cards, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charging.domain import journeys
from charging.domain.journeys import Oddity
from charging.models import CardNotice
from charging.site_scope import in_site_scope
from portal.words import measures


def card_notice_told(notice: CardNotice) -> str:
    """Say what happened. A site that the reader may not see has no name."""
    if notice.kind == Oddity.GUESSING:
        words = _("%(cards)s different cards that nobody knows were tried within %(minutes)s minutes.")
        within = round(journeys.WITHIN.total_seconds() / 60)
        return words % {"cards": measures.number(notice.cards), "minutes": measures.number(within)}
    places = {"here": notice.station.site, "there": _other(notice)}
    if notice.kind == Oddity.TWO_PLACES:
        return _("It charged at %(there)s and, at the same time, at %(here)s.") % places
    words = ngettext(
        "It charged at %(there)s and, %(minutes)s minute later, at %(here)s, which is %(km)s km away.",
        "It charged at %(there)s and, %(minutes)s minutes later, at %(here)s, which is %(km)s km away.",
        notice.minutes or 0,
    )
    return words % {**places, "minutes": measures.number(notice.minutes or 0), "km": measures.number(notice.km)}


def _other(notice: CardNotice) -> str:
    is_seen = notice.other_site_id is not None and in_site_scope(notice.other_site_id)
    return str(notice.other_site) if is_seen else _("another site")
