"""A country chosen by its name; its code is what is kept."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.words import regions


class CountryField(forms.ChoiceField):
    """Every country by name in the reader's language. A code is understood in any case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Country"), choices=_choices, **kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


def _choices() -> list[tuple[str, Any]]:
    return [("", _("Choose…")), *regions.countries()]
