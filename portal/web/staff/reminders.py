"""The steps of reminding, and what was agreed with everybody about paying late."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.domain.own_words import OF_REMINDERS
from billing.models import ReminderStep
from billing.selectors import reference_rates
from billing.selectors import reminders as selector
from billing.services import reminders as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import REFUSALS
from portal.web.number_fields import TypedNumberField
from portal.web.periods import DayField
from portal.words import regions
from portal.words.reminders import usual
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission

LANGUAGES = ("sv", "en")
MOST, EMPTY = 6, 1


class StepForm(forms.Form):
    """One step. Without days there is none."""

    days = forms.IntegerField(label=gettext_lazy("Days after the due date"), min_value=1, max_value=365, required=False)
    what = forms.ChoiceField(label=gettext_lazy("What is done"), choices=ReminderStep.What.choices, required=False)
    asks_costs = forms.BooleanField(
        label=gettext_lazy("Ask the reminder fee, or the compensation between businesses"), required=False
    )
    asks_interest = forms.BooleanField(label=gettext_lazy("Ask late interest"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language in LANGUAGES:
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("Your text in %(language)s") % {"language": regions.language(language)},
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 4, "lang": language, "placeholder": usual(language)}),
            )

    @property
    def texts(self) -> list[Any]:
        """The fields with texts."""
        return [self[f"text_{language}"] for language in LANGUAGES]

    def step(self) -> ReminderStep | None:
        """The step that is meant; None where the row is empty."""
        data = self.cleaned_data
        if not data["days"]:
            return None
        is_reminder = data["what"] != ReminderStep.What.COLLECTION
        texts = {language: data[f"text_{language}"].strip() for language in LANGUAGES}
        return ReminderStep(
            days=data["days"],
            what=data["what"] or ReminderStep.What.REMINDER,
            asks_costs=data["asks_costs"] and is_reminder,
            asks_interest=data["asks_interest"] and is_reminder,
            texts={language: text for language, text in texts.items() if text and is_reminder},
        )


class UsualTermsForm(forms.Form):
    """What was agreed with everybody."""

    fee_since = DayField(
        label=gettext_lazy("Reminder fee agreed since"),
        required=False,
        help_text=gettext_lazy(
            "Since when your terms include a reminder fee of 60 kronor. Empty: they do not, and private persons are"
            " charged none."
        ),
    )
    due_day_agreed = forms.BooleanField(
        label=gettext_lazy("Your terms say the last day to pay"),
        required=False,
        help_text=gettext_lazy(
            "Then interest runs from that day; otherwise from the thirtieth day after the first reminder."
        ),
    )
    least = TypedNumberField(
        label=gettext_lazy("Do not remind of less than"),
        min_value=Decimal(0),
        max_digits=8,
        decimal_places=2,
        help_text=gettext_lazy("What is left after a part payment is often not worth a letter."),
    )


@operator_view(Permission.MANAGE_OPERATOR, without_people=True)
def reminder_steps(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the steps and the terms. What was sent stays as it was."""
    terms, data = selector.terms(), request.POST or None
    known = selector.steps()
    initial = [_told(step) for step in known]
    count = min(len(known) + EMPTY, MOST)
    initial += [{} for _row in range(count - len(initial))]
    rows = [StepForm(data, prefix=f"step{index}", initial=given) for index, given in enumerate(initial)]
    agreed = (
        {"least": terms.least, "fee_since": terms.fee_since, "due_day_agreed": terms.due_day_agreed} if terms else {}
    )
    form = UsualTermsForm(data, initial=agreed or {"least": Decimal(0)})
    if data and all([form.is_valid(), *(row.is_valid() for row in rows)]) and _kept(form, rows):
        messages.success(request, _("Saved."))
        return redirect("staff:reminder_steps", operator.slug)
    context = {
        "nav": "settings",
        "form": form,
        "rows": rows,
        "names": [f"{{{name}}}" for name in OF_REMINDERS],
        "known_until": reference_rates.known_until(),
    }
    return render(request, "staff/settings/reminders.html", context, status=400 if data else 200)


def _told(step: ReminderStep) -> dict[str, Any]:
    texts = {f"text_{language}": step.texts.get(language, "") for language in LANGUAGES}
    return {
        "days": step.days,
        "what": step.what,
        "asks_costs": step.asks_costs,
        "asks_interest": step.asks_interest,
        **texts,
    }


def _kept(form: UsualTermsForm, rows: list[StepForm]) -> bool:
    """Keep both, or put the reason why not into the form."""
    try:
        services.keep([step for row in rows if (step := row.step()) is not None], **form.cleaned_data)
    except REFUSALS as refusal:
        form.add_error(None, why(refusal))
        return False
    return True
