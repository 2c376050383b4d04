"""The reasons of `charging.domain.reasons` as choices, with sentences in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from charging.domain.reasons import Reject


def reject_choices() -> list[tuple[str, Promise]]:
    """Why a row was not imported. A function, so that a new reason is not a migration."""
    return [(reason.value, gettext_lazy(reason.sentence)) for reason in Reject]
