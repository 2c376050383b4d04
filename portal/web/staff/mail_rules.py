"""How invoices are mailed: when, with what, how fast, and in which words."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import MailRules
from billing.services import letters as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import REFUSALS
from portal.words import letters as words
from portal.words import regions
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.services import mail

LANGUAGES = ("sv", "en")


class RulesForm(forms.Form):
    """When invoices are mailed and how; and the operator's own words, in two languages."""

    on_issue = forms.BooleanField(
        label=gettext_lazy("Mail invoices as they are issued"),
        required=False,
        help_text=gettext_lazy("To payers whose invoices go by e-mail. Otherwise from the page of the run."),
    )
    attaches_pdf = forms.BooleanField(
        label=gettext_lazy("Attach the PDF"),
        required=False,
        help_text=gettext_lazy("Otherwise the letter leads to the portal, where the payer signs in."),
    )
    per_minute = forms.IntegerField(
        label=gettext_lazy("Letters a minute"),
        min_value=1,
        max_value=6000,
        help_text=gettext_lazy("At most: as many as your mail server takes."),
    )

    def __init__(self, data: Any, rules: MailRules) -> None:
        initial = {"on_issue": rules.on_issue, "attaches_pdf": rules.attaches_pdf, "per_minute": rules.per_minute}
        super().__init__(data, initial=initial)
        for language in LANGUAGES:
            own = rules.texts.get(language, {})
            name = {"language": regions.language(language)}
            usual_subject, usual_text = words.usual_invoice(language)
            self.fields[f"subject_{language}"] = forms.CharField(
                label=_("Subject in %(language)s") % name,
                required=False,
                max_length=150,
                initial=own.get("subject", ""),
                widget=forms.TextInput(attrs={"lang": language, "placeholder": usual_subject}),
            )
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("Text in %(language)s") % name,
                required=False,
                max_length=4000,
                initial=own.get("text", ""),
                widget=forms.Textarea(attrs={"rows": 8, "lang": language, "placeholder": usual_text}),
            )

    def rules(self) -> dict[str, Any]:
        """What is to be kept. The form is valid."""
        data = self.cleaned_data
        texts = {
            language: {"subject": data[f"subject_{language}"].strip(), "text": data[f"text_{language}"].strip()}
            for language in LANGUAGES
        }
        kept = {language: own for language, own in texts.items() if any(own.values())}
        return {name: data[name] for name in ("on_issue", "attaches_pdf", "per_minute")} | {"texts": kept}

    def words_of(self) -> list[Any]:
        """The fields with words."""
        return [self[f"{part}_{language}"] for language in LANGUAGES for part in ("subject", "text")]


@operator_view(Permission.MANAGE_OPERATOR, without_people=True)
def mail_rules(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the rules; or show what a letter would look like."""
    rules = services.rules()
    form = RulesForm(request.POST if request.method == "POST" else None, rules)
    previews: list[tuple[str, str, str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            if "preview" in request.POST:
                rules = services.checked(MailRules(**form.rules()))
            else:
                services.keep_rules(**form.rules())
                messages.success(request, _("Saved."))
                return redirect("staff:mail_rules", operator.slug)
        except REFUSALS as refusal:
            form.add_error(None, why(refusal))
    for language in LANGUAGES:
        subject, text = words.invoice_example(operator, rules, language)
        previews.append((language, regions.language(language), subject, text))
    context = {
        "nav": "settings",
        "form": form,
        "previews": previews,
        "names": [f"{{{name}}}" for name in services.PLACEHOLDERS],
        "can_send": mail.can_send(),
    }
    return render(request, "staff/settings/mail.html", context, status=400 if form.errors else 200)
