"""A rejected row, cell by cell, with what is wrong beside the cell it is wrong in: corrected, or left out."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from charging.domain.reasons import Reject
from charging.ingest.layout import Field, Layout
from charging.ingest.sizes import SIZES
from charging.models import FileImport, RejectedRow, Site, Station
from charging.selectors import imports
from charging.services import mending
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted, told
from portal.words.imports import FACTS
from portal.words.measures import number
from portal.words.say import say
from tenants.bounds import whole_of
from tenants.models import Operator
from tenants.permissions import Permission

#: Where a reason is shown: at the columns of the first of these facts that the file has columns for.
_TIMES = (Field.STARTED_AT, Field.ENDED_AT)
_ENDS = (Field.ENDED_AT, Field.DURATION)
_ENERGIES = (Field.ENERGY, Field.METER_STOP, Field.METER_START)
PLACES: Mapping[str, tuple[Field, ...]] = {
    Reject.CONTROL_CHARACTER: (Field.STATION, Field.SITE, Field.TOKEN, Field.EXTERNAL_ID),
    Reject.LOST_SIGN: (Field.STATION, Field.SITE, Field.TOKEN),
    Reject.DAMAGED_IDENTIFIER: (Field.TOKEN, Field.STATION, Field.EXTERNAL_ID),
    Reject.MISSING_ID: (Field.EXTERNAL_ID,),
    Reject.ID_TOO_LONG: (Field.EXTERNAL_ID,),
    Reject.MISSING_STATION: (Field.STATION,),
    Reject.NAME_TOO_LONG: (Field.STATION, Field.SITE, Field.TOKEN),
    Reject.MISSING_START: (Field.STARTED_AT,),
    Reject.UNREADABLE_START: (Field.STARTED_AT,),
    Reject.UNREADABLE_END: _ENDS,
    Reject.IMPOSSIBLE_LOCAL_TIME: _TIMES,
    Reject.REPEATED_LOCAL_TIME: _TIMES,
    Reject.CLOCK_NOT_SET: _TIMES,
    Reject.FUTURE_DATE: _TIMES,
    Reject.OPEN_SESSION: _ENDS,
    Reject.END_BEFORE_START: _ENDS,
    Reject.MISSING_ENERGY: _ENERGIES,
    Reject.UNREADABLE_ENERGY: _ENERGIES,
    Reject.NEGATIVE_ENERGY: _ENERGIES,
    Reject.ABSURD_ENERGY: _ENERGIES,
    Reject.IMPOSSIBLE_POWER: _ENERGIES,
    Reject.UNREADABLE_SERIES: (Field.READINGS, Field.SERIES_WH),
    Reject.UNKNOWN_SITE: (Field.SITE,),
    Reject.UNKNOWN_STATION: (Field.STATION,),
    Reject.UNKNOWN_TOKEN: (Field.TOKEN,),
    Reject.CARD_OF_SEVERAL: (Field.TOKEN,),
    Reject.PAST_IS_SUMS: (Field.STARTED_AT,),
}
#: Reasons that adding to the network would settle.
ADDABLE = frozenset([Reject.UNKNOWN_SITE, Reject.UNKNOWN_STATION, Reject.UNKNOWN_TOKEN])
#: What can be left out here; of a session that is known otherwise it is decided beside what is stored.
LEAVABLE = frozenset(Reject) - {Reject.CHANGED}
#: Facts of which one wrong text may stand in many rows.
_NAMES = (Field.SITE, Field.STATION, Field.CONNECTOR, Field.TOKEN)
LABELS = dict(FACTS)
_OFFERED, _LOOKED_THROUGH, _CLOSE = 100, 2_000, 8


class MendForm(forms.Form):
    """The cells of a row, each under its own heading."""

    everywhere = forms.BooleanField(required=False)
    adds = forms.BooleanField(
        label=gettext_lazy("Add what the row names and nobody knows yet: site, station, connector, card"),
        required=False,
    )

    def __init__(self, data: Any, *, row: RejectedRow, header: Sequence[str], layout: Layout) -> None:
        """Start from what the row says by now; `row.cells` is what it said first."""
        self.header, self.reasons = header, row.codes
        first, now = (mending.fitted(cells, len(header)) for cells in (row.cells, row.text))
        super().__init__({_name(column): text for column, text in enumerate(now)} if data is None else data)
        self.facts = {name: fact for fact, names in layout.columns.items() for name in names}
        self.faulty = {code: _columns(code, header, layout) for code in row.codes}
        for column, (heading, text) in enumerate(zip(header, first, strict=True)):
            self.fields[_name(column)] = _cell(heading, text, now[column], self.facts.get(heading))
        self.order_fields([*map(_name, range(len(header))), "everywhere", "adds"])
        if data is None:
            self._say_why()

    def text(self) -> list[str]:
        """The cells as they are to be. The form is valid."""
        return [self.cleaned_data[_name(column)] for column in range(len(self.header))]

    def read(self) -> list[forms.BoundField]:
        """The cells that the import reads, in the order of the file."""
        return [self[_name(column)] for column, heading in enumerate(self.header) if heading in self.facts]

    def unread(self) -> list[forms.BoundField]:
        """The cells that say nothing to the import."""
        return [self[_name(column)] for column, heading in enumerate(self.header) if heading not in self.facts]

    @property
    def name_at_fault(self) -> int | None:
        """The first cell at fault that holds a name, which other rows may say too."""
        columns = [column for code in self.reasons for column in self.faulty[code]]
        return next((column for column in columns if self.facts.get(self.header[column]) in _NAMES), None)

    def offer(self, column: int, names: Sequence[str]) -> None:
        """Offer known names for a cell, the closest ones first."""
        field: Any = self.fields[_name(column)]
        field.widget.attrs["list"] = "known-names"
        close = get_close_matches(str(self[_name(column)].value() or ""), names, n=_CLOSE, cutoff=0.4)
        self.known = list(dict.fromkeys([*close, *names]))[:_OFFERED]

    def _say_why(self) -> None:
        """Put each reason beside the cells it is about, and the cursor into the first of them."""
        for code in self.reasons:
            columns = self.faulty[code]
            self.add_error(_name(columns[0]) if columns else None, str(say(code)))
        if columns := [column for code in self.reasons for column in self.faulty[code]]:
            self.fields[_name(columns[0])].widget.attrs["autofocus"] = True


@operator_view(Permission.IMPORT_SESSIONS)
def import_row(request: SignedInRequest, operator: Operator, public_id: UUID, line: int) -> HttpResponse:
    """Show a rejected row to be corrected, and take it in."""
    origin = get_object_or_404(FileImport, public_id=public_id)
    row = mending.open_rows(origin).filter(line_number=line).first()
    if row is None:
        raise Http404
    reason = row.reason
    layout = Layout.from_json(origin.mapping)
    form = MendForm(request.POST or None, row=row, header=origin.options.get("header", []), layout=layout)
    if request.method == "POST" and form.is_valid() and (mended := _mended(request, row, form)):
        _tell(request, mended)
        stays = mending.open_rows(origin).filter(pk=row.pk).exists()
        return redirect(_row(operator, origin, line) if stays else _after(operator, origin, reason, line))
    if (column := form.name_at_fault) is not None:
        form.offer(column, _known(form.facts[form.header[column]]))
    context = {
        "nav": "imports",
        "origin": origin,
        "row": row,
        "form": form,
        "alike": _alike(origin, row, form),
        "addable": not ADDABLE.isdisjoint(row.codes),
        "leave_url": _leave(operator, origin, reason, line),
        "next_url": _after(operator, origin, reason, line),
        "crumbs": [
            (_("Imports"), reverse("staff:import_list", args=[operator.slug])),
            (origin.file_name, _result(operator, origin)),
        ],
    }
    return render(request, "staff/imports/mend.html", context)


@operator_view(Permission.IMPORT_SESSIONS)
@require_POST
def import_leave(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Leave one rejected row out for good, or all that have the same reason."""
    origin = get_object_or_404(FileImport, public_id=public_id)
    reason, line = request.GET.get("reason", ""), whole_of(request.GET.get("line", ""))
    rows = imports.rejected_rows(origin, reason=reason) if reason in LEAVABLE else RejectedRow.objects.none()
    rows = rows if line is None else rows.filter(line_number=line)
    count = rows.count()
    done = ngettext("%(count)s row stays out.", "%(count)s rows stay out.", count) % {"count": number(count)}
    told(request, done, mending.leave_out, origin, rows, by=request.user, at=timezone.now())
    return redirect(_result(operator, origin) if line is None else _after(operator, origin, reason, line))


def _mended(request: SignedInRequest, row: RejectedRow, form: MendForm) -> mending.Mended | None:
    return attempted(
        form,
        mending.mend,
        row,
        form.text(),
        everywhere=form.cleaned_data["everywhere"],
        adds=form.cleaned_data["adds"],
        by=request.user,
        at=timezone.now(),
    )


def _tell(request: SignedInRequest, mended: mending.Mended) -> None:
    if mended.accepted:
        words = ngettext("%(count)s row was imported.", "%(count)s rows were imported.", mended.accepted)
        messages.success(request, words % {"count": number(mended.accepted)})
    if mended.known:
        words = ngettext("%(count)s session was known already.", "%(count)s sessions were known already.", mended.known)
        messages.info(request, words % {"count": number(mended.known)})
    if mended.refused:
        words = ngettext(
            "%(count)s row still cannot be imported; what you wrote is kept.",
            "%(count)s rows still cannot be imported; what you wrote is kept.",
            mended.refused,
        )
        messages.warning(request, words % {"count": number(mended.refused)})


def _alike(origin: FileImport, row: RejectedRow, form: MendForm) -> int:
    """How many other open rows say the same in the cell at fault."""
    column = form.name_at_fault
    if column is None:
        return 0
    said = mending.fitted(row.text, len(form.header))[column]
    return mending.saying(origin, {column: said}).exclude(pk=row.pk).count()


def _known(fact: Field) -> list[str]:
    """The names of the network that a cell may mean."""
    if fact is Field.SITE:
        return list(Site.objects.order_by("name").values_list("name", flat=True)[:_LOOKED_THROUGH])
    if fact is Field.STATION:
        stations = Station.objects.filter(merged_into=None).order_by("identifier")
        return list(stations.values_list("identifier", flat=True)[:_LOOKED_THROUGH])
    return []


def _cell(heading: str, first: str, now: str, fact: Field | None) -> forms.CharField:
    notes = [str(LABELS[fact])] if fact and str(LABELS[fact]).lower() != heading.lower() else []
    if now != first:
        notes.append(_("In the file: %(text)s") % {"text": first or _("nothing")})
    return forms.CharField(
        label=heading, required=False, strip=False, max_length=SIZES.kept, help_text=" · ".join(notes)
    )


def _columns(code: str, header: Sequence[str], layout: Layout) -> list[int]:
    """Where in the row the columns are that a reason is about."""
    names = next(filter(None, map(layout.names, PLACES.get(code, ()))), ())
    return [column for column, heading in enumerate(header) if heading in names]


def _name(column: int) -> str:
    return f"cell_{column}"


def _after(operator: Operator, origin: FileImport, reason: str, line: int) -> str:
    """The address of the next open row with the same reason; of the result after the last one."""
    rows = mending.open_rows(origin).filter(reason=reason, settled="", line_number__gt=line).order_by("line_number")
    following = rows.values_list("line_number", flat=True).first()
    return _result(operator, origin) if following is None else _row(operator, origin, following)


def _row(operator: Operator, origin: FileImport, line: int) -> str:
    return reverse("staff:import_row", args=[operator.slug, origin.public_id, line])


def _leave(operator: Operator, origin: FileImport, reason: str, line: int) -> str:
    asked = urlencode({"reason": reason, "line": line})
    return reverse("staff:import_leave", args=[operator.slug, origin.public_id]) + "?" + asked


def _result(operator: Operator, origin: FileImport) -> str:
    return reverse("staff:import_detail", args=[operator.slug, origin.public_id])
