"""What the log keeps of a list's filter when the list is taken out as a file: what was chosen, never what was typed.

A typed word may be a card's number or a person's name, and the log is kept for years. What stands in the address and
is no field of the filter is nobody's choice.
"""

from django import forms

_CHOICES = (forms.ChoiceField, forms.ModelChoiceField, forms.DateField, forms.BooleanField)


def chosen(filters: forms.Form) -> dict[str, str]:
    """Return the fields of choices and days that stand in the address, as they do."""
    fields = {name for name, field in filters.fields.items() if isinstance(field, _CHOICES) and name in filters.data}
    return {name: str(filters[name].value() or "") for name in filters.fields if name in fields}
