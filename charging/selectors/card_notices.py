"""Odd uses of cards that were noticed."""

from django.db.models import QuerySet

from charging.models import CardNotice


def listing(*, is_seen: bool) -> QuerySet[CardNotice]:
    """Return those that somebody has looked after, or those that nobody has, each with its station, card and driver."""
    rows = CardNotice.objects.filter(seen_at__isnull=not is_seen)
    return rows.select_related("station__site", "other_site", "token", "driver__identity", "seen_by")


def count_open() -> int:
    """Return how many nobody has looked after."""
    return CardNotice.objects.filter(seen_at=None).count()
