"""The state of a thing as a badge, `{% state invoice %}`, or as a dot in a dense list, `{% state_dot connector %}`."""

from datetime import date
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from billing.models import Invoice
from portal.templatetags.components import badge, dot
from portal.words.states import told

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


@register.filter
def tone(thing: object) -> str:
    """The colour alone, for the badge of a page's heading."""
    return told(thing).tone


@register.filter
def is_overdue(invoice: Invoice) -> bool:
    """Whether the last day to pay an invoice has passed."""
    return invoice.is_overdue(timezone.now())


@register.filter
def days_left(thing: Any, today: date) -> int:
    """How many days are left to answer something; negative when it is late."""
    days: int = thing.days_left(today)
    return days
