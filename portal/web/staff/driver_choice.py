"""A field in which a person names a driver the way they know them: by customer number, or by any part of the name."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charging.models import Token
from charging.selectors import drivers, numbers
from tenants.models import Driver

#: So many drivers of the same name are told apart in the answer.
NAMED = 5
#: So many cards with a part of the number are looked through for the whole of it.
SEVERAL = 50


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
        found = [numbered] if numbered else list(drivers.listing(words).order_by("customer_number")[: NAMED + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(_("There is no driver %(words)s.") % {"words": words})
        raise forms.ValidationError(
            _("Several drivers are called that: %(names)s. Type the customer number.")
            % {"names": ", ".join(map(_named, found[:NAMED])) + (" …" if len(found) > NAMED else "")}
        )


class PayerField(DriverField):
    """The one driver that the words mean, or the card that has exactly that number. None when it may be empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Driver or card"))
        kwargs.setdefault("help_text", gettext_lazy("Customer number, name or card number."))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        words = forms.CharField.clean(self, value)
        if not words or Driver.objects.filter(customer_number=words).exists():
            return super().clean(value)
        alike = Token.objects.filter(numbers.of_whole_card(words)).select_related("merged_into").order_by("pk")
        same = {card.merged_into or card for card in alike[:SEVERAL]}
        return same.pop() if len(same) == 1 else super().clean(value)


def _named(driver: Driver) -> str:
    name = driver.identity.name if driver.identity else ""
    return f"{name} ({driver.customer_number})" if name else driver.customer_number
