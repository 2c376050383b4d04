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
from portal.web.acts import attempted, told
from portal.words import exports as words
from portal.words.sendings import not_reached
from tenants.models import Operator
from tenants.outside import NotReached
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
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Where files are posted, signed: https://… Or a folder of an SFTP server: sftp://user@host/folder."
            " It leads to a public machine."
        ),
    )
    password = forms.CharField(
        label=gettext_lazy("Password of the SFTP server"),
        max_length=200,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Without one, the portal makes a key, whose public half you enter on the server."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [*words.HOLDS, Export.Kind.SIE.value]
        choices: Any = self.fields["file"]
        choices.choices = [(f"{kind}.{form}", name) for kind in kinds for form, name in _forms(kind)]
        ways: Any = self.fields["to"]
        ways.choices = [choice for choice in To.choices if choice[0] != To.FOLDER or services.has_folder()]

    def clean(self) -> dict[str, Any]:
        """An address is needed where a file goes to one; a kind goes by its own days."""
        data = super().clean() or {}
        if data.get("to") == To.HTTPS and not data.get("address"):
            self.add_error("address", _("Write where files are posted."))
        if data.get("to") == To.SFTP and not data.get("address"):
            self.add_error("address", _("Write the server, the user and the folder."))
        if data.get("file") and data.get("dated_by"):
            kind, _point, form = data["file"].partition(".")
            data |= {"kind": kind, "form": form}
            if data["dated_by"] not in formats.of(kind, form).base.within:
                self.add_error("dated_by", _("This kind of file does not go by such days."))
        return data


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
    data = form.cleaned_data
    wanted = Wanted(
        kind=data["kind"],
        form=data["form"],
        dated_by=data["dated_by"],
        every=data["every"],
        to=data["to"],
        address=data["address"].strip() if data["to"] in (To.HTTPS, To.SFTP) else "",
        password=data["password"] if data["to"] == To.SFTP else "",
        options=selector.voucher_options() if data["kind"] == Export.Kind.SIE else {},
    )
    try:
        made = attempted(form, services.add, wanted, by=request.user, at=timezone.now())
    except NotReached as problem:
        form.add_error("address", _("The server was not reached: %(why)s.") % {"why": not_reached(problem.code)})
        made = None
    if made is None:
        return _page(request, operator, form, status=400)
    row, secret = made
    if secret:
        response = _page(request, operator, TimetableForm(), secret=secret)
        response["Cache-Control"] = "no-store"
        return response
    if row.waits_for_confirmation:
        messages.warning(request, _("Saved. Nothing is made before you have confirmed whose server it is."))
    else:
        messages.success(request, _("Saved. The first file is made when its days are over."))
    return redirect("finance:timetable_list", operator.slug)


@operator_view(Permission.EXPORT_FINANCE, step_up=True)
@require_POST
def timetable_confirm(request: SignedInRequest, operator: Operator, timetable_id: UUID) -> HttpResponse:
    """Note that the server's fingerprint was compared, so that files go there."""
    row = _timetable(timetable_id)
    said = request.POST.get("fingerprint", "")
    done = _("Confirmed. The first file is made when its days are over.")
    told(request, done, services.confirm, row, said, at=timezone.now())
    return redirect("finance:timetable_list", operator.slug)


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def timetable_look(request: SignedInRequest, operator: Operator, timetable_id: UUID) -> HttpResponse:
    """Ask an SFTP server for its key, which is to be confirmed again if it is another one."""
    row = _timetable(timetable_id)
    if row.to != To.SFTP:
        messages.error(request, _("Its files do not go to an SFTP server."))
        return redirect("finance:timetable_list", operator.slug)
    try:
        services.look_again(row)
    except NotReached as problem:
        messages.error(request, _("The server was not reached: %(why)s.") % {"why": not_reached(problem.code)})
    else:
        same = not row.waits_for_confirmation
        said = _("The server shows the confirmed key.") if same else _("Compare the server's fingerprint.")
        messages.info(request, said)
    return redirect("finance:timetable_list", operator.slug)


@operator_view(Permission.EXPORT_FINANCE, step_up=True)
@require_POST
def timetable_try(request: SignedInRequest, operator: Operator, timetable_id: UUID) -> HttpResponse:
    """Have its file of the last week or month made and sent now; what came of it is shown beside it."""
    row = _timetable(timetable_id)
    said = _("The file is made and sent now. What came of it stands beside its timetable.")
    told(request, said, services.try_now, row, by=request.user, at=timezone.now())
    return redirect("finance:timetable_list", operator.slug)


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def timetable_end(request: SignedInRequest, operator: Operator, timetable_id: UUID) -> HttpResponse:
    """Make no more files by it."""
    row = _timetable(timetable_id)
    services.end(row, at=timezone.now())
    messages.success(request, _("No more files are made by it."))
    return redirect("finance:timetable_list", operator.slug)


def _timetable(timetable_id: UUID) -> ExportTimetable:
    row: ExportTimetable | None = selector.timetables().filter(public_id=timetable_id).first()
    if row is None:
        raise Http404
    return row


def _shown(row: ExportTimetable, newest: Export | None) -> tuple[str, str, str, ExportTimetable]:
    came_of = words.came_of(newest) if newest else ""
    return words.written(row.kind, row.form), str(Export.DatedBy(row.dated_by).label), came_of, row


def _is_working(export: Export) -> bool:
    """Whether something is to come of it within moments; what waits for somebody to answer takes longer."""
    deliveries = export.deliveries.all()
    return export.is_open or any(delivery.is_open and not delivery.reason for delivery in deliveries)


def _page(
    request: SignedInRequest, operator: Operator, form: TimetableForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    timetables = list(selector.timetables())
    newest = selector.newest_of(timetables)
    page = {
        "nav": "exports",
        "form": form,
        "rows": [_shown(row, newest.get(row.pk)) for row in timetables],
        "is_working": any(_is_working(export) for export in newest.values()),
        "to_confirm": [row for row in timetables if row.waits_for_confirmation],
        "secret": secret,
        "crumbs": [(_("Downloads"), reverse("finance:export_list", args=[operator.slug]))],
    }
    return render(request, "finance/exports/timetables.html", page, status=status)
