"""The list of imports: what it is narrowed to, its columns, and its file."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charging.models import FileImport
from charging.selectors import imports
from portal.files.tables import FileColumn
from portal.web.periods import PeriodForm
from portal.web.tables import Column, Table
from tenants.models import Operator

IMPORTS = Table(
    "imports",
    (
        Column("file", gettext_lazy("File"), by="file_name", is_fixed=True),
        Column("uploaded", gettext_lazy("Uploaded"), by="created_at", is_indexed=True),
        Column("state", gettext_lazy("State"), by="state"),
        Column("imported", gettext_lazy("Imported"), by="accepted", css="num"),
        Column("known", gettext_lazy("Known already"), by="known", css="num rest"),
        Column("rejected", gettext_lazy("Rejected"), by="rejected", css="num"),
        Column("flagged", gettext_lazy("With remarks"), by="flagged", css="num rest", is_optional=True),
        Column("energy", gettext_lazy("Energy"), by="accepted_wh", css="num rest"),
    ),
    order="-uploaded",
)


class ImportFilter(PeriodForm):
    """What the list of imports is narrowed to. Days are those of the upload."""

    q = forms.CharField(label=gettext_lazy("File"), required=False, max_length=100, widget=forms.SearchInput)
    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False, choices=[("", gettext_lazy("All")), *FileImport.State.choices]
    )

    @cached_property
    def rows(self) -> QuerySet[FileImport]:
        """The imports that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return FileImport.objects.none()
        data = self.cleaned_data
        return imports.listing(search=data["q"], state=data["state"], **self.span())


def file_columns(operator: Operator) -> list[FileColumn]:
    """Return the columns of the file. Times are the operator's."""

    def local(moment: datetime | None) -> datetime | None:
        return moment and moment.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)

    return [
        FileColumn(_("File"), lambda row: row.file_name),
        FileColumn(_("Uploaded"), lambda row: local(row.created_at)),
        FileColumn(_("Uploaded by"), lambda row: str(row.uploaded_by) if row.uploaded_by else None),
        FileColumn(_("State"), lambda row: str(row.get_state_display())),
        FileColumn(_("Finished"), lambda row: local(row.finished_at)),
        FileColumn(_("Time zone"), lambda row: operator.time_zone),
        FileColumn(_("Imported"), lambda row: row.accepted),
        FileColumn(_("Known already"), lambda row: row.known),
        FileColumn(_("Rejected"), lambda row: row.rejected),
        FileColumn(_("With remarks"), lambda row: row.flagged),
        FileColumn(_("Energy (kWh)"), lambda row: Decimal(row.accepted_wh).scaleb(-3)),
    ]
