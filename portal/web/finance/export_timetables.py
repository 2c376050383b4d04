"""Files for accounting that are made by themselves every week or month, and where they go."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.exports import formats
from billing.exports.tables import TABLES
from billing.models import Export, ExportTimetable
from billing.selectors import exports as selector
from billing.services import export_timetables as services
from billing.services.export_timetables import To, Wanted
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.words import exports as words
from tenants.models import Operator
from tenants.permissions import Permission


class TimetableForm(forms.Form):
    """What is made, how often, and where it goes."""

    file = forms.ChoiceField(label=gettext_lazy("File"))
    dated_by = forms.ChoiceField(label=gettext_lazy("By which day"), choices=Export.DatedBy)
    every = forms.ChoiceField(
        label=gettext_lazy("How often"),
        choices=ExportTimetable.Every,
        help_text=gettext_lazy("On Monday of the week before, or on the first of the month before."),
    )
    to = forms.ChoiceField(label=gettext_lazy("To"), choices=To)
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=gettext_lazy("Where files are posted, signed. It begins with https and leads to a public machine."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [*words.HOLDS, Export.Kind.SIE.value]
        choices: Any = self.fields["file"]
        choices.choices = [(f"{kind}.{form}", name) for kind in kinds for form, name in _forms(kind)]
        ways: Any = self.fields["to"]
        ways.choices = [choice for choice in To.choices if choice[0] != To.FOLDER or services.has_folder()]

    def clean(self) -> dict[str, Any]:
        """An address is needed where one is posted to; a kind goes by its own days."""
        told = super().clean() or {}
        if told.get("to") == To.HTTPS and not told.get("address"):
            self.add_error("address", _("Write where files are posted."))
        if told.get("file") and told.get("dated_by"):
            kind, _point, form = told["file"].partition(".")
            told |= {"kind": kind, "form": form}
            if told["dated_by"] not in formats.of(kind, form).base.within:
                self.add_error("dated_by", _("This kind of file does not go by such days."))
        return told


def _forms(kind: str) -> list[tuple[str, str]]:
    """The forms of a kind, each with the name of the file."""
    if kind not in TABLES:
        return [("", words.file_word(kind))]
    return [(form, f"{words.file_word(kind)}, {label}") for form, label in Export.Form.choices]


@operator_view(Permission.EXPORT_FINANCE)
def timetable_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the timetables that go on, and a form for another one."""
    return _page(request, operator, TimetableForm(initial={"dated_by": Export.DatedBy.BOOKED, "every": "month"}))


@operator_view(Permission.EXPORT_FINANCE, step_up=True)
@require_POST
def timetable_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a timetable. The secret of an address is shown once, on the answer."""
    form = TimetableForm(request.POST)
    if not form.is_valid():
        return _page(request, operator, form, status=400)
    told = form.cleaned_data
    wanted = Wanted(
        kind=told["kind"],
        form=told["form"],
        dated_by=told["dated_by"],
        every=told["every"],
        to=told["to"],
        address=told["address"].strip() if told["to"] == To.HTTPS else "",
        options=selector.voucher_options() if told["kind"] == Export.Kind.SIE else {},
    )
    made = attempted(form, services.add, wanted, by=request.user, at=timezone.now())
    if made is None:
        return _page(request, operator, form, status=400)
    _row, secret = made
    if secret:
        response = _page(request, operator, TimetableForm(), secret=secret)
        response["Cache-Control"] = "no-store"
        return response
    messages.success(request, _("Saved. The first file is made when its days are over."))
    return redirect("finance:timetable_list", operator.slug)


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def timetable_end(request: SignedInRequest, operator: Operator, timetable_id: UUID) -> HttpResponse:
    """Make no more files by it."""
    row = selector.timetables().filter(public_id=timetable_id).first()
    if row is None:
        raise Http404
    services.end(row, at=timezone.now())
    messages.success(request, _("No more files are made by it."))
    return redirect("finance:timetable_list", operator.slug)


def _page(
    request: SignedInRequest, operator: Operator, form: TimetableForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "nav": "exports",
        "form": form,
        "rows": [
            (words.written(row.kind, row.form), Export.DatedBy(row.dated_by).label, row)
            for row in selector.timetables()
        ],
        "secret": secret,
        "crumbs": [(_("Downloads"), reverse("finance:export_list", args=[operator.slug]))],
    }
    return render(request, "finance/exports/timetables.html", page, status=status)
