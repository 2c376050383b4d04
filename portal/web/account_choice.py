"""Fields in which a person names a payer, and a driver or a card, the way they know them."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charging.models import Token
from charging.selectors import numbers
from tenants.models import Account
from tenants.selectors import accounts

#: So many of the same name are told apart in the answer.
NAMED = 5


class AccountField(forms.CharField):
    """The one payer that the words mean; an error names those that they could mean. None when it may be empty.

    kind: `accounts.OTHERS` for whoever is no private person, `accounts.ALL` for everybody.
    """

    def __init__(self, *, kind: str = accounts.OTHERS, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Payer"))
        super().__init__(max_length=150, **kwargs)
        self._kind = kind

    def clean(self, value: Any) -> Any:
        words = super().clean(value)
        if not words:
            return None
        rows = accounts.listing(words, kind=self._kind).order_by("customer_number")
        exact = rows.filter(customer_number=words).first()
        found = [exact] if exact else list(rows[: NAMED + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(self._nobody() % {"words": words})
        raise forms.ValidationError(
            _("Several payers are called that: %(names)s. Type the customer number.")
            % {"names": ", ".join(_named(row) for row in found[:NAMED]) + (" …" if len(found) > NAMED else "")}
        )

    def _nobody(self) -> str:
        if self._kind == accounts.ALL:
            return _("Nobody among the payers is called %(words)s.")
        return _("There is no company, association or partner %(words)s among the payers.")


class CardField(forms.CharField):
    """The one card with that number, printed or read; an error says when none has it. None when it may be empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Card"))
        super().__init__(max_length=64, **kwargs)

    def clean(self, value: Any) -> Any:
        words = super().clean(value)
        if not words:
            return None
        rows = Token.objects.filter(merged_into__isnull=True)
        exact = list(rows.filter(numbers.of_whole_card(words)))
        found = exact or list(rows.filter(numbers.of_card(words))[:2])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(_("No card has the number %(words)s.") % {"words": words})
        raise forms.ValidationError(
            _("Several cards have %(words)s in their number. Type all of it.") % {"words": words}
        )


def _named(account: Account) -> str:
    return f"{account.name} ({account.customer_number})"
