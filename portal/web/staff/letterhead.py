"""The look of the operator's invoices: its logo and its colour, and how a document looks with them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.documents import looks, pdf, pictures, sample
from billing.documents.pictures import NoPicture
from billing.models import Letterhead
from billing.selectors import letterheads, sellers
from billing.services import letterheads as services
from portal.files import uploads
from portal.gate.access import SignedInRequest, operator_view
from portal.words import measures
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission


class LetterheadForm(forms.Form):
    """A colour, and a picture or the one there is."""

    logo = forms.FileField(label=gettext_lazy("Logo"), required=False)
    remove_logo = forms.BooleanField(label=gettext_lazy("Without a logo: write the name"), required=False)
    colour = forms.CharField(
        label=gettext_lazy("Colour"),
        max_length=7,
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=gettext_lazy("Of headings, lines and the sum to pay. It must be dark enough to be read on white."),
    )

    def clean_logo(self) -> Any:
        """Refuse a large file before anything reads it."""
        file = self.cleaned_data["logo"]
        if file and file.size > pictures.MOST_BYTES:
            facts = {
                "size": measures.number(-(-file.size // 1000)),
                "limit": measures.number(pictures.MOST_BYTES // 1000),
            }
            raise forms.ValidationError(_("The picture has %(size)s kB; at most %(limit)s are taken.") % facts)
        return file

    def clean_colour(self) -> str:
        """Refuse a colour in which text cannot be read."""
        colour = str(self.cleaned_data["colour"]).lower()
        if not looks.is_colour(colour):
            raise forms.ValidationError(_("Write the colour as #0b6b53."))
        contrast = looks.contrast(colour)
        if contrast < looks.READABLE:
            facts = {
                "contrast": measures.number(contrast, 1),
                "least": measures.number(looks.READABLE, 1),
            }
            raise forms.ValidationError(
                _("Too light to be read on paper: its contrast is %(contrast)s, it needs %(least)s.") % facts
            )
        return colour


@operator_view(Permission.MANAGE_OPERATOR, without_people=True)
@uploads.takes_files
def letterhead(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the look of invoices. Issued ones keep theirs."""
    today = letterheads.current()
    form = LetterheadForm(
        request.POST or None, request.FILES or None, initial={"colour": today.colour if today else looks.OURS}
    )
    if form.is_valid() and _chosen(form):
        messages.success(request, _("Saved. Invoices issued from now on look like this."))
        return redirect("staff:letterhead", operator.slug)
    context = {"nav": "settings", "form": form, "today": today, "has_logo": bool(today and today.logo)}
    return render(request, "staff/settings/letterhead.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_OPERATOR, without_people=True)
def letterhead_preview(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Answer with the picture of a made-up invoice in the look of today."""
    today = letterheads.current()
    page = sample.page(sellers.seller(operator), today, at=timezone.now())
    png = pdf.picture(page, logo=bytes(today.logo) if today else b"")
    return HttpResponse(png, content_type="image/png")


def _chosen(form: LetterheadForm) -> Letterhead | None:
    facts = form.cleaned_data
    keeps = not facts["remove_logo"]
    try:
        return services.choose(colour=facts["colour"], logo=facts["logo"] or None, keep_logo=keeps)
    except NoPicture as problem:
        form.add_error("logo", why(problem))
        return None
