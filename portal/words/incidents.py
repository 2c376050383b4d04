"""Clocks of incidents and kinds of harm, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.breach import Clock
from tenants.models import Incident

#: Who is told, and by when.
CLOCKS: dict[Clock, tuple[str | Promise, str | Promise]] = {
    Clock.WARNING: (_("Early warning to the cyber security authority"), _("within 24 hours")),
    Clock.AUTHORITY: (_("Notice to the data protection authority"), _("within 72 hours")),
    Clock.NOTICE: (_("Notice to the cyber security authority"), _("within 72 hours")),
    Clock.PEOPLE: (_("The people themselves"), _("without undue delay")),
    Clock.REPORT: (_("Final report to the cyber security authority"), _("within a month")),
}
KINDS: dict[str, str | Promise] = {
    Incident.Kind.CONFIDENTIALITY.value: _("confidentiality"),
    Incident.Kind.INTEGRITY.value: _("integrity"),
    Incident.Kind.AVAILABILITY.value: _("availability"),
}
