"""Pages that change how a person proves themselves: opened only with a fresh proof."""

from collections.abc import Callable
from functools import partial

from django.http import HttpResponseBase

from portal.gate.access import account_view

proved_view: Callable[..., Callable[..., HttpResponseBase]] = partial(account_view, step_up=True)
