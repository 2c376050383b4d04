"""A field in which a person names a driver the way they know them: by customer number, or by any part of the name."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charging.selectors import drivers
from tenants.models import Driver

#: So many drivers of the same name are told apart in the answer.
NAMED = 5


class DriverField(forms.CharField):
    """The one driver that the words mean; an error names those that they could mean. None when it may be empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Driver"))
        kwargs.setdefault("help_text", gettext_lazy("Customer number or name."))
        super().__init__(max_length=150, **kwargs)

    def clean(self, value: Any) -> Any:
        words = super().clean(value)
        if not words:
            return None
        numbered = Driver.objects.filter(customer_number=words).first()
        found = [numbered] if numbered else list(drivers.listing(words)[: NAMED + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(_("There is no driver %(words)s.") % {"words": words})
        raise forms.ValidationError(
            _("Several drivers are called that: %(names)s. Type the customer number.")
            % {"names": ", ".join(map(_named, found[:NAMED])) + (" …" if len(found) > NAMED else "")}
        )


def _named(driver: Driver) -> str:
    name = driver.identity.name if driver.identity else ""
    return f"{name} ({driver.customer_number})" if name else driver.customer_number
