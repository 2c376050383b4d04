"""One rule for every text that a form lets in: no control characters, lone surrogates or noncharacters.

Names and notes end up in letters, files and documents for the archive, where such a sign is a fault or a trick. Only a
field of several lines takes line ends and tabs. The rule stands in Django's own text field, so no form can forget it.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tenants.bounds import unfit_sign

_validate = forms.CharField.validate


def refuse() -> None:
    """Hold every text field to the rule from now on."""
    forms.CharField.validate = _validate_signs  # type: ignore[method-assign,assignment]


def _validate_signs(field: forms.CharField, value: Any) -> None:
    _validate(field, value)
    sign = unfit_sign(str(value or ""), lines=isinstance(field.widget, forms.Textarea))
    if sign:
        raise ValidationError(_("The text holds a sign that no text may hold (%(sign)s).") % {"sign": sign})
