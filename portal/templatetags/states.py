"""The state of a thing as a badge, `{% state invoice %}`, or as a dot in a dense list, `{% state_dot connector %}`."""

from datetime import date
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from billing.domain import money
from billing.models import Invoice
from charging.models import Connector
from portal.templatetags.components import badge, dot
from portal.words.states import told, told_drivers

register = template.Library()


@register.simple_tag
def state(thing: object) -> SafeString:
    """The state as a badge."""
    said = told(thing)
    return badge(said.label, said.tone, live=said.live)


@register.simple_tag
def state_dot(thing: object, before: str = "") -> SafeString:
    """The state as a dot, for dense lists; `before` stands before the word: which of several connectors it is of."""
    said = told(thing)
    return dot(f"{before}: {said.label}" if before else said.label, said.tone, live=said.live)


@register.simple_tag
def outlet_dot(connector: Connector, is_free: bool | None = None) -> SafeString:  # noqa: FBT001  # an argument of a tag
    """The state of an outlet as a dot, in the words of whoever wants to charge there."""
    said = told_drivers(connector, is_free=is_free)
    return dot(said.label, said.tone, live=said.live)


@register.filter
def tone(thing: object) -> str:
    """The colour alone, for the badge of a page's heading."""
    return told(thing).tone


@register.filter
def waits(owed: Any) -> int:
    """What is disputed of what is unpaid, in whole coins. owed: a receivable, or an invoice with its `rest`."""
    return max(0, min(owed.rest or 0, owed.disputed or 0))


@register.filter
def asked(owed: Any) -> int:
    """What is to be paid now, in whole coins: what is unpaid without what is disputed."""
    return max(0, (owed.rest or 0) - (owed.disputed or 0))


@register.filter
def is_wholly_disputed(invoice: Invoice) -> bool:
    """Whether all that was due of an invoice is disputed."""
    disputed: int = getattr(invoice, "disputed", None) or 0
    return disputed > 0 and money.from_minor(disputed, invoice.currency) >= invoice.amount_due


@register.filter
def is_overdue(invoice: Invoice) -> bool:
    """Whether the last day to pay an invoice has passed."""
    return invoice.is_overdue(timezone.now())


@register.filter
def days_left(thing: Any, today: date) -> int:
    """How many days are left to answer something; negative when it is late."""
    days: int = thing.days_left(today)
    return days
