"""Trying an act of a service: what it refuses is shown by the form or as a message, in the service's own words."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from billing.domain.errors import BillingError
from charging.domain.errors import ChargingError
from portal.words.say import why
from tenants.coded import Coded
from tenants.errors import Refused

P = ParamSpec("P")
R = TypeVar("R")

REFUSALS = (BillingError, ChargingError, Refused)


def attempted(form: forms.BaseForm, act: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Return what the act returns; None when it was refused, with the reason beside the field it names, or on top."""
    try:
        return act(*args, **kwargs)
    except REFUSALS as refusal:
        form.add_error(_field_of(form, refusal), why(refusal))
        return None


def _field_of(form: forms.BaseForm, refusal: Coded) -> str | None:
    """The field of the form that the refusal is about, if it names one that can be seen."""
    field = refusal.facts.get("field")
    is_seen = field in form.fields and not form[str(field)].is_hidden
    return str(field) if is_seen else None


def told(request: HttpRequest, done: str, act: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Do the act and say `done`, or say why it was refused."""
    try:
        result = act(*args, **kwargs)
    except REFUSALS as refusal:
        messages.error(request, why(refusal))
        return None
    messages.success(request, done)
    return result
